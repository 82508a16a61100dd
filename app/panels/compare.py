"""The compare workspace: the present picture, A, against a kept one or the same latent in another model, B."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QStandardItemModel
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.panels.compare_offers import Offer, other_models, same
from app.widgets.buttons import Choice, IconButton, SegmentedTabs, TextButton
from app.widgets.compare_view import CompareView, Mode
from app.widgets.elided import ElidedLabel
from app.widgets.octaves import Octaves
from app.widgets.recipe_mime import from_mime
from app.widgets.scrolled import scrolled
from ganviz import catalog
from ganviz.checkpoint import Header, read_header
from ganviz.comparing import (
    Comparison,
    Difference,
    alike,
    comparison_sheet,
    describe_difference,
    difference_map,
    measure,
)
from ganviz.recipe import ModelRef, Recipe, describe
from ganviz.session import Kept, Session
from ganviz.spec import Spec

MODES: tuple[tuple[Mode, str, str], ...] = (
    ("wipe", "Wipe", "A left of a divider, B right of it; drag it or use the arrow keys"),
    ("side", "Side by side", "Both whole; zoom and move them together"),
    ("difference", "Difference", "Where they differ: black nowhere, yellow altogether"),
    ("flicker", "Flicker", "The one and the other in turn, twice a second; Space holds, the arrow keys step"),
)
EMPTY = (
    "Drag a picture here from the gallery or a sheet, choose a kept picture, a snapshot or a model above, or pin the "
    "present picture and go on from there."
)
LEAST = (580, 360)
"""Width and height below which the page has bars to scroll by."""
KEPT_SHOWN = 64
"""Kept pictures that the list names; all can be dragged here."""
PICTURES_HELD = 8


class ComparePage(QFrame):
    """How to compare and with what above, the pictures, and below how far they differ.

    `said(text, kind)` and `export_wanted(sheet)` are for the window.
    """

    said = Signal(str, str)
    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._pictures: dict[Recipe, np.ndarray] = {}  # by `_key`, the newest last
        self._unseen: Any = None  # the newest frame of the document, while nobody looks at this page
        self._drawing: Recipe | None = None  # what the compute thread has been asked for
        self._failed: set[Recipe] = set()
        self._measured: tuple[Recipe | None, Recipe | None] | None = None  # what the figures on screen are of
        self._difference: np.ndarray | None = None
        self._reckoning = False  # whether figures are under way
        self._sought: set[str] = set()  # digests of models that were looked for on this machine
        self._models: list[Offer] = []
        self._offers: list[Offer] = []
        self._kept: dict[tuple[Kept, bool], Offer] = {}
        self._looking = ""  # digest of the model that others are looked for beside
        self._listed = ""  # and of the one that the list is for
        self._a: Recipe | None = None
        self._b: Recipe | None = None
        self.tabs = SegmentedTabs(
            [(text, tip) for _, text, tip in MODES], "compare-modes", "How to compare", kind="workspace"
        )
        self.swap_button = IconButton("swap-horizontal", "Swap A and B", "compare-swap")
        self.pin_button = TextButton(
            "Pin current",
            "Compare with the present picture from now on, whatever A becomes",
            "compare-pin",
            icon="pin-outline",
        )
        self.clear_button = IconButton("close", "Compare with nothing", "compare-clear")
        self.export_button = IconButton("export-variant", "Export A, B and their difference as a PNG", "compare-export")
        self.a_text = ElidedLabel()
        self.choice = Choice("compare-with", "What A is compared with")
        self.view = CompareView("compare-view")
        self.note = QLabel()
        self.figures = QLabel()
        self.octaves = Octaves("compare-octaves")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.a_text.setObjectName("compare-a")
        self.a_text.setFont(theme.text_font(tabular=True))
        self.choice.setPlaceholderText("Choose what to compare with …")
        self.choice.setMinimumContentsLength(12)
        self.view.empty = EMPTY
        self.note.setObjectName("compare-note")
        self.figures.setObjectName("compare-figures")
        self.figures.setFont(theme.text_font(tabular=True))
        self.figures.setToolTip("Over all pixels and colours, in grey levels from 0 to 255")
        self.note.setFont(theme.caption_font())
        self.note.setProperty("tone", "muted")
        self.note.setWordWrap(True)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.tabs)
        top.addStretch(1)
        top.addWidget(self.pin_button)
        top.addWidget(self.export_button)
        sides = QHBoxLayout()
        sides.setSpacing(8)
        for text, widget in (("A", self.a_text), ("B", self.choice)):
            letter = QLabel(text)
            letter.setFont(theme.text_font(bold=True))
            letter.setBuddy(widget)
            sides.addWidget(letter)
            sides.addWidget(widget, 1)
            if text == "A":
                sides.addWidget(self.swap_button)
        sides.addWidget(self.clear_button)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addStretch(1)
        words.addWidget(self.figures)
        words.addWidget(self.note)
        words.addStretch(1)
        foot = QFrame()
        foot.setProperty("tone", "card")
        below = QHBoxLayout(foot)
        below.setContentsMargins(12, 6, 12, 6)
        below.setSpacing(16)
        below.addLayout(words, 1)
        below.addWidget(self.octaves)
        page = QWidget()
        page.setMinimumSize(*LEAST)
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(sides)
        column.addWidget(self.view, 1)
        column.addWidget(foot)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page, "compare-area"))
        order = (self.tabs, self.pin_button, self.export_button, self.swap_button, self.choice, self.clear_button)
        for before, after in pairwise((*order, self.view)):
            QWidget.setTabOrder(before, after)
        self.setAcceptDrops(True)

    def _connect(self) -> None:
        self._compute.frame_ready.connect(self._frame_ready)
        self.tabs.currentChanged.connect(lambda index: self.view.set_mode(MODES[index][0]))
        self.choice.activated.connect(self._chosen)
        self.swap_button.clicked.connect(self._swap)
        self.pin_button.clicked.connect(lambda: self.compare_with(self._document.recipe))
        self.clear_button.clicked.connect(lambda: self._set(Comparison()))
        self.export_button.clicked.connect(self._export)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every picture can be compared."""
        return True

    def complete(self) -> bool:
        """Whether nothing more is to come."""
        wanted = self._needed - self._failed
        measured = self._b is None or self._measured == (self._a, self._b) or not wanted <= self._pictures.keys()
        return wanted <= self._pictures.keys() and measured and self._listed == self._looking

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._looking = ""  # there may be other models and snapshots when it is visited again

    # -- following the document -----------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        comparison, recipe = session.comparison, session.recipe
        first = self._a is None
        self._a, self._b = recipe, None
        dropped: list[str] = []
        if comparison.other is not None and self._known(comparison.other.model):
            of_a, of_b = (self._document.header_of(ref) for ref in (recipe.model, comparison.other.model))
            self._b, dropped = comparison.recipe_of_b(recipe, of_a, of_b)
        self._hold_unseen()
        self._look_for_models(recipe.model)
        self._show_offers(session)
        self._show_words(dropped)
        self._show_pictures()
        if first and _key(recipe) not in self._pictures:
            self._draw(recipe)  # its frame came before there was anybody here to see it
        else:
            self._want()

    def _known(self, ref: ModelRef) -> bool:
        """Whether the model is known; where it is not, it is looked for once, and the page comes back."""
        if self._document.knows(ref) or ref.digest in self._sought:
            return self._document.knows(ref)
        self._sought.add(ref.digest)

        def found(header: Header) -> None:
            self._document.introduce(header)
            if header.digest == ref.digest:
                self.show_session(self._document.session)
            else:
                self.said.emit(f"B cannot be drawn: the very weights of {ref.name} are not on this machine", "warning")

        self._compute.ask(
            lambda renderer: read_header(catalog.locate(ref).path),
            found,
            lambda message: self.said.emit(f"B cannot be drawn: {message}", "warning"),
        )
        return False

    def _show_words(self, dropped: Sequence[str]) -> None:
        has_b = self._b is not None
        self.a_text.setText(self._say(self._a))
        self.view.names = (f"A  {self._say(self._a)}", f"B  {self._say(self._b)}")
        self.swap_button.setEnabled(has_b)
        self.export_button.setEnabled(has_b)
        self.clear_button.setEnabled(self._document.session.comparison.other is not None)
        self.note.setText(
            f"B is drawn without {' and '.join(dropped)}, which its model does not have" if dropped else ""
        )
        self.note.setVisible(bool(dropped))

    def _say(self, recipe: Recipe | None) -> str:
        """A picture in a line: its model and what was done."""
        if recipe is None:
            return ""
        names = self._document.header_of(recipe.model).card.class_names if self._document.knows(recipe.model) else ()
        return f"{self._document.name_of(recipe.model)} · {describe(recipe, names)}"

    # -- what there is to compare with ----------------------------------------------------------------------------

    def _look_for_models(self, ref: ModelRef) -> None:
        if ref.digest != self._looking:
            self._looking = ref.digest
            header = self._document.header_of(ref)
            self._compute.ask(lambda renderer: other_models(header), lambda offers: self._models_found(offers, ref))

    def _models_found(self, offers: list[Offer], ref: ModelRef) -> None:
        self._models, self._listed = offers, ref.digest
        if self._document.is_open:
            self._show_offers(self._document.session)

    def _show_offers(self, session: Session) -> None:
        comparison = session.comparison
        offers = [*self._offers_of(session.gallery[:KEPT_SHOWN]), *self._models]
        at = next((k for k, offer in enumerate(offers) if same(offer.comparison, comparison)), -1)
        if comparison.other is not None and at < 0:
            said = self._say(comparison.other) if not comparison.follows else comparison.other.model.name
            offers.insert(0, Offer("Chosen", said, comparison))
            at = 0
        if offers != self._offers:
            self._offers = offers
            self._fill()
        rows = [row for row in range(self.choice.count()) if self.choice.itemData(row) is not None]
        self.choice.setCurrentIndex(rows[at] if at >= 0 else -1)

    def _offers_of(self, gallery: Sequence[Kept]) -> list[Offer]:
        """Kept pictures, each put into words once, and again when its model comes to be known."""
        before, self._kept = self._kept, {}
        for item in gallery:
            key = (item, self._document.knows(item.recipe.model))
            self._kept[key] = before.get(key) or Offer(
                "Kept pictures", item.note or self._say(item.recipe), Comparison(item.recipe)
            )
        return list(self._kept.values())

    def _fill(self) -> None:
        """Write the offers into the list, each section under its heading."""
        self.choice.clear()
        model = self.choice.model()
        assert isinstance(model, QStandardItemModel)
        for number, offer in enumerate(self._offers):
            if number == 0 or offer.section != self._offers[number - 1].section:
                self.choice.addItem(offer.section)
                heading = model.item(self.choice.count() - 1)
                heading.setEnabled(False)
                heading.setFont(theme.caption_font(bold=True))
            self.choice.addItem(offer.text, number)
            self.choice.setItemData(self.choice.count() - 1, offer.text, Qt.ItemDataRole.ToolTipRole)

    def _chosen(self, row: int) -> None:
        number = self.choice.itemData(row)
        if number is None:
            return
        offer = self._offers[number]
        if offer.header is not None:
            self._document.introduce(offer.header)
        self._set(offer.comparison)

    # -- editing --------------------------------------------------------------------------------------------------

    def compare_with(self, recipe: Recipe) -> None:
        """Compare with a picture from now on."""
        if self._document.is_open:
            self._document.compare_with(recipe)

    def _set(self, comparison: Comparison) -> None:
        if self._document.is_open:
            self._document.seal()
            self._document.edit(comparison=comparison)

    def _swap(self) -> None:
        document, comparison = self._document, self._document.session.comparison
        if self._b is None:
            return
        recipe, back = comparison.swapped(
            document.recipe, document.header_of(document.recipe.model), document.header_of(self._b.model)
        )
        document.seal()
        document.edit(recipe=recipe, comparison=back)

    def _export(self) -> None:
        if self._a is not None and self._b is not None:
            self.export_wanted.emit(
                comparison_sheet(self._a, self._b, (f"A: {self._say(self._a)}", f"B: {self._say(self._b)}"))
            )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if from_mime(event.mimeData()):
            self.view.awaited = True
            self.view.update()
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.view.awaited = False
        self.view.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self.view.awaited = False
        recipes = from_mime(event.mimeData())
        if recipes:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.compare_with(recipes[0])

    # -- pictures -------------------------------------------------------------------------------------------------

    def _frame_ready(self, frame: Any) -> None:
        if frame.exact:
            self._unseen = frame
            if self.isVisible():
                self._hold_unseen()
                self._look_at(frame.recipe)

    def _hold_unseen(self) -> None:
        frame, self._unseen = self._unseen, None
        if frame is not None:
            self._hold(frame.recipe, frame.pixels)

    def _hold(self, recipe: Recipe, pixels: np.ndarray) -> None:
        """A picture was drawn; keep it while it may be wanted."""
        key = _key(recipe)
        self._pictures.pop(key, None)
        self._pictures[key] = pixels
        needed = self._needed
        for old in [k for k in self._pictures if k not in needed][: max(0, len(self._pictures) - PICTURES_HELD)]:
            del self._pictures[old]

    @property
    def _needed(self) -> set[Recipe]:
        return {_key(item) for item in (self._a, self._b) if item is not None}

    def _look_at(self, recipe: Recipe) -> None:
        """Show a picture that has come, where it is one of the two."""
        if self._document.is_open and self.isVisible() and _key(recipe) in self._needed:
            self._show_pictures()
            self._want()

    def _want(self) -> None:
        """Have B drawn, if that is not under way; A comes by itself, as the picture of the canvas."""
        b = self._b
        if b is not None and self._drawing is None and _key(b) not in self._pictures.keys() | self._failed:
            self._draw(b)

    def _draw(self, recipe: Recipe) -> None:
        self._drawing = recipe

        def done(pixels: np.ndarray) -> None:
            self._drawing = None
            self._hold(recipe, pixels)
            self._look_at(recipe)
            self._want()

        def failed(message: str) -> None:
            self._drawing = None
            self._failed.add(_key(recipe))
            self.said.emit(message, "error")
            self._want()

        self._compute.ask(lambda renderer: renderer.render(recipe).pixels, done, failed)

    def _show_pictures(self) -> None:
        """Show what is here: both, or A alone; the old B stays until the new one is drawn."""
        a = None if self._a is None else self._pictures.get(_key(self._a))
        b = None if self._b is None else self._pictures.get(_key(self._b))
        if a is None:
            return
        if self._b is None:
            self._measured, self._difference = None, None
            self.figures.setText("Nothing to compare with yet")
            self.octaves.show_octaves(())
            self.view.show_pictures(a, None)
        elif b is not None:
            if self._measured != (self._a, self._b):
                self._reckon(a, b)
            self.view.show_pictures(*alike(a, b), self._difference)

    def _reckon(self, a: np.ndarray, b: np.ndarray) -> None:
        """Find out how far they differ, away from the UI thread; one pair at a time, then the newest."""
        if self._reckoning:
            return
        self._reckoning = True
        pair = (self._a, self._b)

        def done(found: tuple[Difference, np.ndarray]) -> None:
            self._reckoning = False
            if (self._a, self._b) == pair:
                difference, self._difference = found
                self._measured = pair
                self.figures.setText(describe_difference(difference))
                self.octaves.show_octaves(difference.octaves)
            self._show_pictures()

        self._compute.ask(lambda renderer: (measure(a, b), difference_map(a, b)), done)


def _key(recipe: Recipe) -> Recipe:
    """A recipe by what it draws: the same weights may go by several names."""
    return recipe.edit(model=ModelRef("", recipe.model.digest)) if recipe.model.digest else recipe
