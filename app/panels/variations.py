"""The sheet beside the picture: variations around it; choose parents, and breed the next generation."""

import random
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton, TextButton
from app.widgets.message_bar import MessageBar
from app.widgets.number import NumberRow
from app.widgets.sheet_view import SheetView
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Spec
from ganviz.variations import MOST_PARENTS, RANDOM_SEEDS, Breeding

SETTLE_MS = 120
HELP = "Click a picture to go there. Ctrl and click, or Space, choose parents."


class VariationsPanel(QFrame):
    """Variations around the present picture; once one was clicked, around what they were drawn around.

    All of it is in the session: a generation is a step of the history, whose picture is the blend of its parents.
    `export_wanted(sheet)` is for the window.
    """

    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self.setObjectName("variations")
        self.setProperty("tone", "background")
        self._document = document
        self._drawn: Session | None = None  # whose sheet is on show
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._refresh)
        self.message = MessageBar(name="sheet-message")
        self.about = QLabel(HELP)
        self.about.setObjectName("sheet-about")
        self.about.setFont(theme.caption_font())
        self.about.setProperty("tone", "muted")
        self.strength = NumberRow(
            "Strength",
            0,
            1,
            name="sheet-strength",
            tip="How far the pictures go from their parents: 0 not at all, 1 anywhere",
            default=Breeding().strength,
            step=0.05,
            limits=(0.0, 1.0),
            label_width=56,
        )
        self.draws = IconButton("dice-5-outline", "Other variations, as far away", "sheet-draws")
        self.unpin = IconButton("restore", "Variations around the present picture again", "sheet-reset")
        self.export_button = IconButton("export-variant", "Export the sheet as a PNG", "sheet-export")
        self.next = TextButton(
            "Next generation",
            "Children of the chosen pictures, or of the present one",
            "sheet-next",
            icon="family-tree",
        )
        self.view = SheetView(document, compute, "sheet", "Variations", selectable=True)
        self._lay_out()
        self.strength.began.connect(document.seal)
        self.strength.ended.connect(document.seal)
        self.strength.valueChanged.connect(lambda strength: self._edit("sheet-strength", strength=strength))
        self.draws.clicked.connect(lambda: self._edit(seed=random.randrange(RANDOM_SEEDS)))
        self.unpin.clicked.connect(lambda: self._edit(parents=(), generation=0))
        self.next.clicked.connect(self._breed)
        self.export_button.clicked.connect(lambda: self.export_wanted.emit(self.view.sheet))
        self.view.chosen.connect(self._go)
        self.view.selection_changed.connect(self._say)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.strength, 1)
        row.addSpacing(8)
        row.addWidget(self.draws)
        row.addWidget(self.unpin)
        row.addWidget(self.export_button)
        row.addSpacing(4)
        row.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 4)
        column.setSpacing(8)
        column.addWidget(self.message)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        column.addWidget(self.about)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model has latents to vary."""
        return True

    def complete(self) -> bool:
        """Whether all pictures are here."""
        return not self._settle.isActive() and self.view.complete()

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document; the sheet follows what it is drawn with once that has come to rest."""
        breeding = session.breeding
        self.strength.show_value(breeding.strength)
        self.unpin.setEnabled(bool(breeding.parents))
        self.view.set_current(session.recipe)
        if self.isVisible() and session != self._drawn:
            drawn = self._drawn.breeding if self._drawn is not None else Breeding()
            chosen = (drawn.parents, drawn.seed, drawn.generation) != (
                breeding.parents,
                breeding.seed,
                breeding.generation,
            )
            self._refresh() if chosen else self._settle.start()
        self._say()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self._document.is_open:
            self._refresh()

    def _refresh(self) -> None:
        if self._document.is_open and self.isVisible():
            self._settle.stop()
            self._drawn = session = self._document.session
            self.view.set_sheet(session.breeding.sheet(session.recipe, self._document.spec))
            self.view.set_current(session.recipe)

    def _say(self) -> None:
        if not self._document.is_open:
            return
        breeding, chosen = self._document.session.breeding, len(self.view.selected())
        said = f"Generation {breeding.generation}. " if breeding.generation else ""
        if chosen:
            said += f"{chosen} chosen as parent{'s' if chosen > 1 else ''} of the next generation."
        self.about.setText(said if chosen else said + HELP)

    # -- hands ----------------------------------------------------------------------------------------------------

    def _edit(self, merge: object = None, **changes: Any) -> None:
        if self._document.is_open:
            if merge is None:
                self._document.seal()
            self._document.edit(merge=merge, breeding=self._document.session.breeding.edit(**changes))

    def _go(self, recipe: Recipe) -> None:
        """Show a picture; the sheet stays around what it was drawn around."""
        session = self._document.session
        breeding = session.breeding
        if not breeding.parents:
            breeding = breeding.edit(parents=(session.recipe,))
        self._document.seal()
        self._document.edit(recipe=recipe, breeding=breeding)

    def _breed(self) -> None:
        """The next generation, of the chosen pictures or the present one."""
        if not self._document.is_open:
            return
        session = self._document.session
        parents = self.view.selected()[:MOST_PARENTS] or (session.recipe,)
        breeding = session.breeding.edit(parents=parents, generation=session.breeding.generation + 1)
        blend = breeding.sheet(session.recipe, self._document.spec).recipes[0]
        self._document.seal()
        self._document.edit(recipe=blend, breeding=breeding)
