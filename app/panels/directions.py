"""The directions card: a slider in sigmas for each direction that there is for the picture's model."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel

from app import direction_finding
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import TextButton
from app.widgets.card import Card
from app.widgets.dimension_list import DimensionList, Words
from app.widgets.fold import Fold
from app.widgets.layer_choice import LayerChoice
from ganviz.directions import REACH, Found, amount_of, with_amount, with_direction
from ganviz.session import Session
from ganviz.spec import Spec

FIRST = 8
"""Sliders that are there from the start."""
NONE = (
    "No directions yet. They lead to what a model varies by itself: pose, light, hair. Find some here, or in the "
    "Directions workspace."
)
WORDS = Words(
    all="Directions",
    row_tip="How far to go along this direction, in standard deviations of samples; double click returns to 0",
    find="Find directions",
    find_tip="Show those with this in their name; * shows those that were moved",
    find_hint="Find by name, * for moved",
    nothing="No direction is called that.",
)


class DirectionsPanel(Card):
    """Sliders `direction-0` and so on, in the order of the list, and the style inputs that the last one used is for."""

    said = Signal(str, str)
    _offered: tuple[Found, ...] = ()
    _listing: bool | None = None  # whether the list is on show, in place of the hint

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Directions", "direction", reset="All directions back to zero")
        self._document, self._compute = document, compute
        self._current = 0
        self.hint = QLabel(NONE)
        self.hint.setObjectName("direction-hint")
        self.hint.setWordWrap(True)
        self.hint.setProperty("tone", "muted")
        self.find_button = TextButton(
            "Find by PCA",
            "Find the principal components of this model's latents",
            "direction-find",
            icon="compass-outline",
        )
        self.list = DimensionList("direction", low=-REACH, high=REACH, words=WORDS, label_width=96, first=FIRST)
        self.fold = Fold("Layers", "direction-layers")
        self.fold.caption.setTextFormat(Qt.TextFormat.PlainText)
        self.layers = LayerChoice("direction")
        self.fold.rows.addWidget(self.layers)
        self.add(self.hint)
        self.add(self.find_button)
        self.add(self.list, 1)
        self.add(self.fold)
        self.list.began.connect(document.seal)
        self.list.ended.connect(document.seal)
        self.list.value_changed.connect(self._moved)
        self.layers.changed.connect(self._for_layers)
        self.find_button.clicked.connect(self._find)
        self.reset_clicked.connect(self.zero)
        self._show_list(False)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model has directions."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, recipe = self._document.spec, session.recipe
        self._offered = session.directions.offered(recipe, spec)
        self._show_list(bool(self._offered))
        if len(self._offered) != self.list.count:
            self.list.set_count(len(self._offered))
        self.list.set_labels(tuple(item.direction.name for item in self._offered))
        amounts = [amount_of(recipe, item.direction) for item in self._offered]
        self.list.set_values({k: amount for k, amount in enumerate(amounts) if amount})
        moved = sum(amount != 0 for amount in amounts)
        self.set_changed(bool(moved))
        self.set_caption(f"{moved} of {len(amounts)} moved" if moved else f"{len(amounts)}" if amounts else "")
        self._current = min(self._current, max(0, len(self._offered) - 1))
        self._show_layers(spec)

    def zero(self) -> None:
        """All directions back to zero."""
        if self._document.is_open and self._document.recipe.moves:
            self._document.seal()
            self._document.edit_recipe(moves=())

    def _grows(self) -> bool:
        return bool(self._offered)

    def _show_list(self, some: bool) -> None:
        if some == self._listing:
            return  # called at every edit, and to fold is to lay out the column anew
        self._listing = some
        self.hint.setVisible(not some)
        self.find_button.setVisible(not some)
        self.list.setVisible(some)
        self.set_folded(self.folded)  # without a list it takes no more room than it needs

    def _show_layers(self, spec: Spec) -> None:
        """The style inputs of the direction that was moved last."""
        current = self._offered[self._current].direction if self._offered else None
        self.fold.setVisible(current is not None and spec.has_mapping and current.space == "w")
        if current is not None and spec.has_mapping:
            self.layers.set_spec(spec)
            self.layers.show_layers(tuple(range(spec.num_ws)) if current.layers is None else current.layers)
            self.fold.set_caption(f"of {current.name}")

    def _moved(self, index: int, amount: float) -> None:
        if not self._document.is_open or index >= len(self._offered):
            return
        direction = self._offered[index].direction
        self._current = index
        moved = with_amount(self._document.recipe, direction, amount)
        self._document.edit_recipe(merge=("direction", direction.digest, direction.layers), moves=moved.moves)

    def _for_layers(self, layers: tuple[int, ...]) -> None:
        """The current direction is for these style inputs from now on, in the list and in the picture."""
        if not self._offered:
            return
        old = self._offered[self._current]
        if not layers:
            self.said.emit("A direction needs at least one layer", "warning")
            self.show_session(self._document.session)
            return
        whole = len(layers) == self._document.spec.num_ws
        direction = replace(old.direction, layers=None if whole else layers)
        recipe = with_direction(self._document.recipe, old.direction, direction)
        listed = self._document.session.directions.replaced(old, replace(old, direction=direction))
        self._document.seal()
        self._document.edit(directions=listed, recipe=recipe)

    def _find(self) -> None:
        if self._document.is_open:
            began = direction_finding.begin(
                self._document,
                self._compute,
                direction_finding.Search(),
                self.said.emit,
                lambda: self.find_button.setEnabled(True),
            )
            self.find_button.setEnabled(not began)
