"""Parts of the directions workspace: the search, the readout of entanglement, samples to mark."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout

from app import theme
from app.compute import Compute
from app.direction_finding import Search
from app.document import Document
from app.widgets.buttons import Choice, TextButton
from app.widgets.matrix import Matrix
from app.widgets.number import NumberRow
from app.widgets.sheet_view import SheetView
from app.widgets.wrapping import WrappingBar
from ganviz.directions import FEWEST
from ganviz.edits import Direction
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.mixing import layer_groups
from ganviz.recipe import Recipe, Sheet
from ganviz.session import Session
from ganviz.spec import Spec

METHODS = (
    ("pca", "PCA", "Principal components: what varies most over random pictures (GANSpace)"),
    ("sefa", "SeFa", "Closed form: what the first weights stretch most, without any pictures"),
    ("labelled", "From trays", "What parts the liked from the disliked pictures below (InterFaceGAN)"),
)
READINGS = (
    ("moved", "Through pictures", "By how many sigmas each score moves, as read back from pictures"),
    ("cosine", "In the latent", "Cosine of the directions themselves"),
    ("overlap", "Where in the picture", "Whether the same places change"),
)
COMPARED = 12
"""Directions that are compared where none are selected."""
WIDE = 600
"""Below this many pixels the search takes two lines."""
SHOWN = 24
COLUMNS = 6
READABLE = 0.2
"""Below this R^2 a score cannot be read from pictures, and its column means little."""


class SearchBar(WrappingBar):
    """How to look for directions, and the button that begins. `wanted(search)` carries a `Search`."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__(WIDE)
        self._spec: Spec | None = None
        self._busy = False
        self._marked = (0, 0)
        self.method = Choice("directions-method", "How to find directions")
        for value, text, tip in METHODS:
            self.method.addItem(text, value)
            self.method.setItemData(self.method.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.layers = Choice("directions-layers", "Layers that the directions are for")
        self.activations = Choice("directions-activations", "Whose components: of w, or of a layer's activations")
        self.classifier = Choice("directions-classifier", "What draws the boundary between the trays")
        self.classifier.addItem("SVM", "svm")
        self.classifier.addItem("Logistic", "logistic")
        self.count = NumberRow(
            "Count",
            1,
            64,
            name="directions-count",
            tip="How many directions to find, the strongest first",
            default=20,
            step=1,
            fine=1,
            decimals=0,
            limits=(1, 512),
            label_width=38,
            field_width=44,
        )
        self.said = QLabel()
        self.said.setObjectName("directions-marked")
        self.said.setProperty("tone", "muted")
        self.said.setFont(theme.caption_font())
        self.said.setWordWrap(True)
        self.find_button = TextButton("Find", "Look for directions", "directions-find", kind="primary")
        for choice in (self.method, self.layers, self.activations, self.classifier):
            self.first.addWidget(choice, 1)
        self.second.addWidget(self.count, 1)
        self.second.addWidget(self.said, 1)
        self.second.addWidget(self.find_button)
        self.method.currentIndexChanged.connect(lambda _: self._show())
        self.find_button.clicked.connect(lambda: self.wanted.emit(self.search()))
        self._show()

    def set_spec(self, spec: Spec) -> None:
        """Offer what a model has."""
        if spec == self._spec:
            return
        self._spec = spec
        self.layers.clear()
        self.layers.addItem("All layers", None)
        for name, group in layer_groups(spec).items() if spec.has_mapping else ():
            if group:
                self.layers.addItem(name.capitalize(), group)
        self.activations.clear()
        self.activations.addItem("of w" if spec.has_mapping else f"of {spec.layers[0].name}", None)
        for k, layer in enumerate(spec.layers):
            if spec.has_mapping or k:
                self.activations.addItem(f"of {layer.name}", k)
        self._show()

    def show_marked(self, liked: int, disliked: int) -> None:
        """How many pictures of the model are marked."""
        self._marked = (liked, disliked)
        self._show()

    def set_busy(self, busy: bool) -> None:
        """A search has begun, or ended."""
        self._busy = busy
        self._show()

    def search(self) -> Search:
        """What is chosen."""
        layers = self.layers.currentData() if self._spec is not None and self._spec.has_mapping else None
        return Search(
            self.method.currentData(),
            round(self.count.value()),
            layers,
            self.activations.currentData() if self.method.currentData() == "pca" else None,
            self.classifier.currentData(),
        )

    def _show(self) -> None:
        method = self.method.currentData()
        labelled = method == "labelled"
        self.layers.setVisible(self._spec is not None and self._spec.has_mapping)
        self.activations.setVisible(method == "pca")
        self.classifier.setVisible(labelled)
        self.count.setVisible(not labelled)
        self.said.setVisible(labelled)
        liked, disliked = self._marked
        enough = min(liked, disliked) >= FEWEST
        self.said.setText(f"{liked} liked, {disliked} disliked" + ("" if enough else f"; at least {FEWEST} each"))
        self.find_button.setEnabled(not self._busy and self._spec is not None and (enough or not labelled))


class EntanglementView(QFrame):
    """A matrix of directions, and in words what the cell says that the mouse or the keyboard is at."""

    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._directions: list[Direction] = []
        self._chosen: tuple[int, ...] = ()
        self._found: Any = None  # an Entanglement
        self._measuring = False
        self.reading = Choice("entanglement-reading", "How entanglement is read", whole=True)
        for value, text, tip in READINGS:
            self.reading.addItem(text, value)
            self.reading.setItemData(self.reading.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.measure_button = TextButton(
            "Measure", "Draw pictures along each direction and compare", "entanglement-measure"
        )
        self.matrix = Matrix(
            "entanglement",
            "Entanglement of directions",
            "Going along one direction often moves others as well. Select some in the strips, or none for the first "
            f"{COMPARED}, and measure how much.",
        )
        self.words = QLabel()
        self.words.setObjectName("entanglement-words")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("tone", "muted")
        self.words.setMinimumHeight(34)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.reading)
        top.addStretch(1)
        top.addWidget(self.measure_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        area = QScrollArea()
        area.setWidget(self.matrix)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.matrix.setAutoFillBackground(False)  # which setWidget turned on
        column.addWidget(area, 1)
        column.addWidget(self.words)
        self.reading.currentIndexChanged.connect(lambda _: self._show())
        self.measure_button.clicked.connect(self.measure)
        self.matrix.cell_changed.connect(lambda row, column: self._say_cell())

    def set_directions(self, directions: list[Direction]) -> None:
        """The directions that there are; a reading of others goes away."""
        self._directions = directions
        if self._found is not None and not set(self._found.directions) <= set(directions):
            self._found = None
        self._show()

    def set_chosen(self, chosen: tuple[int, ...]) -> None:
        """Which of them are selected."""
        self._chosen = chosen
        self.measure_button.setEnabled(len(self._compared()) >= 2 and not self._measuring)

    def _compared(self) -> list[Direction]:
        chosen = self._chosen if len(self._chosen) >= 2 else range(min(COMPARED, len(self._directions)))
        return [self._directions[k] for k in chosen if k < len(self._directions)]

    def measure(self) -> None:
        """Measure the selected directions, or the first."""
        directions, recipe = self._compared(), self._document.recipe

        def job(renderer: Any) -> Any:
            from ganviz.entanglement import measure_entanglement

            return measure_entanglement(renderer, recipe, directions)

        def ended(message: str = "") -> None:
            self._measuring = False
            self.set_chosen(self._chosen)
            if message:
                self.said.emit(message, "error")

        def done(found: Any) -> None:
            ended()
            if set(found.directions) <= set(self._directions):
                self._found = found
                self._show()

        self._measuring = self._compute.start_job(
            job, "Measuring entanglement", done=done, failed=ended, cancelled=ended
        )
        self.set_chosen(self._chosen)

    def _show(self) -> None:
        found, reading = self._found, self.reading.currentData()
        if found is None:
            self.matrix.show_values((), np.zeros((0, 0)), {})
            self.words.setText("")
            return
        names = [direction.name for direction in found.directions]
        faint = found.readable < READABLE if reading == "moved" else None
        self.matrix.show_values(names, getattr(found, reading), _tips(found, reading), faint)
        self._say_cell()

    def _say_cell(self) -> None:
        self.words.setText(self.matrix.tips.get(self.matrix.cell, ""))


def _tips(found: Any, reading: str) -> dict[tuple[int, int], str]:
    """What each cell says, in words."""
    tips = {}
    for row, along in enumerate(found.directions):
        for column, seen in enumerate(found.directions):
            value = float(getattr(found, reading)[row, column])
            if reading == "moved":
                readable = float(found.readable[column])
                doubt = (
                    f"its score can be read from pictures with R² {readable:.2f}"
                    if readable >= READABLE
                    else f"but pictures hardly show that score (R² {readable:.2f})"
                )
                text = (
                    f"Going +1 σ along {along.name} changes pictures by {found.strength[row]:.1f} grey levels and "
                    f"moves the score of {seen.name} by {value:+.2f} σ; {doubt}."
                )
            elif reading == "cosine":
                text = (
                    f"The cosine of {along.name} and {seen.name} is {value:+.2f}; 0 is independent, ±1 the same line."
                )
            else:
                places = f"The places that {along.name} and {seen.name} change"
                text = f"{places} correlate by {value:+.2f}; 1 is the same places, 0 nothing in common."
            tips[row, column] = re.sub(r"(?<!\w)-(?=\d)", "−", text)
    return tips


class SamplesView(QFrame):
    """Random pictures of the present model to pick from. `marked(side, recipes)` with "liked" or "disliked"."""

    marked = Signal(str, tuple)
    chosen = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document = document
        self._first = 0
        self.view = SheetView(document, compute, "directions-samples", "Random pictures to mark", picking=True)
        self.like_button = TextButton(
            "Like", "Put the selected pictures into the liked", "samples-like", icon="thumb-up-outline"
        )
        self.dislike_button = TextButton(
            "Dislike", "Put the selected pictures into the disliked", "samples-dislike", icon="thumb-down-outline"
        )
        self.more_button = TextButton("More", f"The next {SHOWN} pictures", "samples-more", icon="arrow-right")
        self.said = QLabel("Click pictures to select them, then like or dislike them (L, D).")
        self.said.setProperty("tone", "muted")
        self.said.setFont(theme.caption_font())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.said, 1)
        row.addWidget(self.like_button)
        row.addWidget(self.dislike_button)
        row.addWidget(self.more_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        self.like_button.clicked.connect(lambda: self._mark("liked"))
        self.dislike_button.clicked.connect(lambda: self._mark("disliked"))
        self.more_button.clicked.connect(self._more)
        self.view.chosen.connect(self.chosen)
        for key, side in (("L", "liked"), ("D", "disliked")):
            shortcut = QShortcut(QKeySequence(key), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda side=side: self._mark(side))

    def show_session(self, session: Session) -> None:
        """Follow the document: drawn as the present picture is, but at other places."""
        recipe = session.recipe.edit(mixes=(), moves=(), units=())
        cells: Sequence[Recipe] = [recipe.edit(latent=Seed((self._first + k) % SEED_LIMIT)) for k in range(SHOWN)]
        self.view.set_sheet(Sheet(tuple(cells), COLUMNS, tuple(f"seed {self._first + k}" for k in range(SHOWN))))
        self.view.set_current(session.recipe)

    def complete(self) -> bool:
        """Whether all of them are drawn."""
        return self.view.complete()

    def _more(self) -> None:
        self._first = (self._first + SHOWN) % SEED_LIMIT
        self.show_session(self._document.session)

    def _mark(self, side: str) -> None:
        picked = self.view.picked()
        if picked:
            self.marked.emit(side, picked)
            self.view.select(set())
