"""The right side of the arithmetic workspace: the result, the same in pixels, and what it depends on."""

import random
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from app import theme
from app.compute import Compute
from app.document import Document
from app.panels.tray import LETTERS
from app.widgets.buttons import Choice, IconButton, SegmentedTabs, TextButton
from app.widgets.list_field import ListField
from app.widgets.number import NumberRow
from app.widgets.sheet_view import SheetView
from ganviz.arithmetic import JITTER, MOST_FACTOR, Arithmetic, direction, usable
from ganviz.directions import Found
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.recipe import Sheet
from ganviz.session import Session

WIDTH = 272
PIXELS = 84
RANDOM_SEEDS = 1_000_000
EMPTY = "A − B + C appears here once a tray has pictures: the means of their latents, added up."
IN_PIXELS = "The same sum of the pictures themselves: where faces do not overlap, they only blur."


class ResultSide(QFrame):
    """Result, sliders, and keeping a difference of two terms as a direction.

    `said(text, kind)`; `chosen(recipe)`: a cell of the result was clicked.
    """

    said = Signal(str, str)
    chosen = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self.setMinimumWidth(WIDTH)
        self.result = SheetView(document, compute, "arithmetic-result", "The result amid its neighbours", EMPTY)
        self.pixels = SheetView(document, compute, "arithmetic-pixels", "The same sum of the pixels")
        self.pixels.setMinimumSize(PIXELS, PIXELS)
        self.pixels.setFixedSize(PIXELS, PIXELS)
        self.pixels_text = QLabel(IN_PIXELS)
        self.note = QLabel()
        self.note.setObjectName("arithmetic-note")
        self.strength = _row(
            "Strength",
            "Times all terms but the first positive one: 0 is that alone, 1 the sum as it stands",
            "arithmetic-strength",
            2.0,
            1.0,
            (-MOST_FACTOR, MOST_FACTOR),
        )
        self.jitter = _row(
            "Jitter",
            "How far the neighbours lie beside the result, in every dimension; in w in deviations",
            "arithmetic-jitter",
            1.0,
            JITTER,
            (0.0, MOST_FACTOR),
        )
        self.dice = IconButton("dice-5-outline", "Other neighbours", "arithmetic-neighbours")
        self.space = SegmentedTabs(
            [("in z", "Means of the noise, mapped afterwards"), ("in w", "Means of what the mapping network makes")],
            "arithmetic-space",
            "The space in which the terms are added up",
            kind="plain",
        )
        self.plus = Choice("arithmetic-plus", "The term that the direction leads to")
        self.minus = Choice("arithmetic-minus", "The term that the direction comes from")
        self.name = ListField("arithmetic-direction-name", "Name of the direction", "Name of the direction, like smile")
        self.name.setPlaceholderText("name")
        self.keep = TextButton(
            "Keep as direction",
            "Keep the mean of one term minus the mean of another, to go along it with a slider",
            "arithmetic-keep-direction",
            icon="arrow-top-right",
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for label in (self.pixels_text, self.note):
            label.setWordWrap(True)
            label.setFont(theme.caption_font())
            label.setProperty("tone", "muted")
        self.note.setProperty("tone", "warning")
        self.result.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.result.setMinimumHeight(160)
        self.result.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        contrast = QHBoxLayout()
        contrast.setSpacing(8)
        contrast.addWidget(self.pixels)
        contrast.addWidget(self.pixels_text, 1)
        jitter = QHBoxLayout()
        jitter.setSpacing(4)
        jitter.addWidget(self.jitter, 1)
        jitter.addWidget(self.dice)
        ends = QHBoxLayout()
        ends.setSpacing(8)
        between = QLabel("minus")
        between.setFont(theme.caption_font())
        between.setProperty("tone", "muted")
        ends.addWidget(self.plus)
        ends.addWidget(between)
        ends.addWidget(self.minus)
        ends.addStretch(1)
        keep = QHBoxLayout()
        keep.setSpacing(8)
        keep.addWidget(self.name, 1)
        keep.addWidget(self.keep)
        for choice in (self.plus, self.minus):
            choice.setMinimumContentsLength(1)
            choice.setFixedWidth(80)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.result, 1)
        column.addWidget(self.note)
        column.addLayout(contrast)
        column.addWidget(self.strength)
        column.addLayout(jitter)
        column.addWidget(self.space)
        column.addLayout(ends)
        column.addLayout(keep)

    def _connect(self) -> None:
        for row in (self.strength, self.jitter):
            row.began.connect(self._document.seal)
            row.ended.connect(self._document.seal)
        self.strength.valueChanged.connect(lambda value: self._edit(merge="strength", strength=value))
        self.jitter.valueChanged.connect(lambda value: self._edit(merge="jitter", jitter=value))
        self.dice.clicked.connect(self._other_neighbours)
        self.space.currentChanged.connect(self._space_chosen)
        self.keep.clicked.connect(self._keep)
        self.result.chosen.connect(self.chosen)

    def hasHeightForWidth(self) -> bool:
        """No: its lines of text would otherwise make the page ask for more height than it needs."""
        return False

    def complete(self) -> bool:
        """Whether all pictures are here."""
        return self.result.complete() and self.pixels.complete()

    # -- following the document -----------------------------------------------------------------------------------

    def show_session(self, session: Session, sheets: Callable[[], tuple[Sheet, Sheet]]) -> None:
        """Follow the document; `sheets` makes the result and the same in pixels, or raises GanvizError."""
        whole = session.arithmetic
        self.strength.show_value(whole.strength)
        self.jitter.show_value(whole.jitter)
        self.space.setVisible(self._document.spec.has_mapping)
        self.space.blockSignals(True)
        self.space.setCurrentIndex(0 if whole.space == "z" else 1)
        self.space.blockSignals(False)
        self._name_terms(whole)
        problem = ""
        result: Sheet | None = None
        pixels: Sheet | None = None
        if usable(whole, self._document.spec).filled:
            try:
                result, pixels = sheets()
            except GanvizError as error:
                problem = str(error)
        self.result.set_sheet(result)
        self.result.set_current(session.recipe)
        self.pixels.set_sheet(pixels)
        self.pixels.setVisible(pixels is not None)
        self.pixels_text.setVisible(pixels is not None)
        self.note.setText(problem or self._warning(whole))
        self.note.setVisible(bool(self.note.text()))

    def say_left_out(self, count: int) -> None:
        """Say how many pictures were kept from a model of other sizes."""
        if count:
            self.note.setText(f"{count} {'picture' if count == 1 else 'pictures'} of a model of other sizes left out")
            self.note.setVisible(True)

    def _warning(self, whole: Arithmetic) -> str:
        total = sum(term.weight for term in usable(whole, self._document.spec).filled)
        in_w = self._document.spec.has_mapping and whole.space != "z"
        if in_w and self.result.sheet is not None and abs(total - 1) > 0.01:
            return f"The weights add up to {total:.2g}; in w only sums that add up to 1 lie where the model draws well."
        return ""

    def _name_terms(self, whole: Arithmetic) -> None:
        letters = [letter for letter, _ in zip(LETTERS, whole.terms, strict=False)]
        for choice, chosen in ((self.plus, 0), (self.minus, 1)):
            if [choice.itemText(k) for k in range(choice.count())] != letters:
                at = choice.currentIndex()
                choice.clear()
                choice.addItems(letters)
                choice.setCurrentIndex(at if 0 <= at < len(letters) else min(chosen, len(letters) - 1))
        filled = [bool(term.items) for term in usable(whole, self._document.spec).terms]
        self.keep.setEnabled(sum(filled) >= 2)

    # -- hands ----------------------------------------------------------------------------------------------------

    def _edit(self, merge: object = None, **changes: Any) -> None:
        self._document.edit(merge=merge, arithmetic=self._document.session.arithmetic.edit(**changes))

    def _other_neighbours(self) -> None:
        self._document.seal()
        self._edit(seed=random.randrange(RANDOM_SEEDS))

    def _space_chosen(self, index: int) -> None:
        self._document.seal()
        self._edit(space="z" if index == 0 else None)

    # -- a direction ----------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Work the difference out on the compute thread and put it among the session's directions."""
        whole = usable(self._document.session.arithmetic, self._document.spec)
        ends = [whole.terms[choice.currentIndex()] for choice in (self.plus, self.minus)]
        if ends[0] == ends[1] or not all(term.items for term in ends):
            self.said.emit("A direction leads from one term with pictures to another one; choose two", "warning")
            return
        base = self._document.recipe
        letters = f"{self.plus.currentText()} − {self.minus.currentText()}"
        name = self.name.text().strip() or letters
        self._compute.ask(
            lambda renderer: direction(renderer.load(base.model), whole, ends[0], ends[1], base, name),
            lambda found: self._kept(Found(found, base.model, f"mean of {letters}")),
            lambda message: self.said.emit(message, "error"),
        )

    def _kept(self, found: Found) -> None:
        document = self._document
        if not document.is_open:
            return
        before = document.session.directions
        after = before.with_found([found])
        if after == before:
            self.said.emit("This direction is kept already", "info")
            return
        document.seal()
        document.edit(directions=after)
        kept: Direction = after.found[-1].direction
        self.said.emit(f"Kept as {kept.name}: 1 is the whole way, {kept.sigma:.3g} long in {kept.space}", "good")
        self.name.show_text("")


def _row(text: str, tip: str, name: str, high: float, default: float, limits: tuple[float, float]) -> NumberRow:
    return NumberRow(
        text,
        0.0,
        high,
        name=name,
        tip=tip,
        default=default,
        step=0.05,
        limits=limits,
        label_width=60,
        field_width=56,
    )
