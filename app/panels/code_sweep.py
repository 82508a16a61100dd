"""The codes workspace: a sheet over two structured codes, and which of them moves the picture most."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.bars import Amount, Bars
from app.widgets.buttons import Choice, IconButton, TextButton
from app.widgets.number import NumberRow
from app.widgets.scrolled import scrolled
from app.widgets.sheet_view import SheetView
from ganviz.codes import MOST_STEPS, MOST_VALUE, NOISES, Change, Sweep, axes, check_range, rank, sheet
from ganviz.errors import GanvizError
from ganviz.session import Session
from ganviz.spec import Spec

SMALLEST = 28
"""Pixels of a cell: ten rows of categories are to be seen at once, and models with codes draw small pictures."""
LEAST = (560, 380)
"""Width and height below which the page has bars to scroll by."""
QUESTION = f"Which code moves the picture most? It is measured over {NOISES} noises, from one column to the next."


class CodesPage(QFrame):
    """Rows and columns of the sheet, their range, the sheet itself, and the ranking.

    `said(text, kind)` and `export_wanted(sheet)` are for the window.
    """

    said = Signal(str, str)
    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._ranked: object = None  # what the ranking on screen is of
        self.rows = Choice("codes-rows", "The code that changes down the rows")
        self.columns = Choice("codes-columns", "The code that changes along the columns")
        self.low = _number("From", -5, 0, "codes-low", "Where continuous codes begin; the paper trains from -1", -2.0)
        self.high = _number("to", 0, 5, "codes-high", "Where continuous codes end; the paper trains up to 1", 2.0)
        self.steps = NumberRow(
            "Steps",
            2,
            20,
            name="codes-steps",
            tip="Pictures over the range of a continuous code",
            default=10,
            step=1,
            fine=1,
            decimals=0,
            limits=(2, MOST_STEPS),
            label_width=40,
            field_width=48,
        )
        self.reset_button = IconButton("restore", "Back to -2 to 2 in 10 steps", "codes-reset")
        self.export_button = IconButton("export-variant", "Export the sheet as a PNG", "codes-export")
        self.view = SheetView(document, compute, "codes-sheet", "Sweep over the codes", smallest=SMALLEST)
        self.question = QLabel(QUESTION)
        self.rank_button = TextButton("Measure", "Measure how far each code moves the picture", "codes-rank")
        self.bars = Bars("codes-ranking", "Codes by how far they move the picture")
        self._lay_out()
        self.rows.activated.connect(lambda _: self._choose(rows=self.rows.currentText()))
        self.columns.activated.connect(lambda _: self._choose(columns=self.columns.currentText()))
        for row in (self.low, self.high, self.steps):
            row.began.connect(document.seal)
            row.ended.connect(document.seal)
            row.valueChanged.connect(lambda _: self._moved())
        self.reset_button.clicked.connect(self._reset)
        self.export_button.clicked.connect(lambda: self.export_wanted.emit(self.view.sheet))
        self.view.chosen.connect(self._document.go_to)
        self.rank_button.clicked.connect(self._rank)
        self.bars.chosen.connect(lambda name: self._choose(columns=name))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        for text, choice in (("Rows", self.rows), ("Columns", self.columns)):
            label = QLabel(text)
            label.setBuddy(choice)
            top.addWidget(label)
            top.addWidget(choice, 1)
            top.addSpacing(8)
        top.addStretch(1)
        top.addWidget(self.reset_button)
        top.addWidget(self.export_button)
        numbers = QHBoxLayout()
        numbers.setSpacing(16)
        for row in (self.low, self.high, self.steps):
            numbers.addWidget(row, 1)
        self.question.setFont(theme.caption_font())
        self.question.setProperty("tone", "muted")
        self.question.setWordWrap(True)
        ask = QHBoxLayout()
        ask.setSpacing(8)
        ask.addWidget(self.question, 1)
        ask.addWidget(self.rank_button)
        foot = QFrame()
        foot.setProperty("tone", "card")
        below = QVBoxLayout(foot)
        below.setContentsMargins(12, 8, 12, 8)
        below.setSpacing(8)
        below.addLayout(ask)
        below.addWidget(self.bars)
        page = QWidget()
        page.setMinimumSize(*LEAST)
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(numbers)
        column.addWidget(self.view, 1)
        column.addWidget(foot)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page, "codes-area"))

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Only models with structured codes."""
        return bool(spec.codes)

    def complete(self) -> bool:
        """Whether all pictures are here."""
        return self.view.complete()

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, sweep = self._document.spec, session.codes
        rows, columns = axes(sweep, spec)
        for choice, chosen in ((self.rows, rows), (self.columns, columns)):
            names = [code.name for code in spec.codes]
            if [choice.itemText(k) for k in range(choice.count())] != names:
                choice.clear()
                choice.addItems(names)
            choice.setCurrentText(chosen.name if chosen is not None else "")
        self.rows.setEnabled(rows is not None)
        for row, value in ((self.low, sweep.low), (self.high, sweep.high), (self.steps, sweep.steps)):
            row.show_value(value)
        self.reset_button.setEnabled(sweep.edit(rows=None, columns=None) != Sweep())
        self.view.set_sheet(sheet(sweep, session.recipe, spec))
        self.view.set_current(session.recipe)
        if self._ranked != self._rank_key(session) and self.bars.rows:
            self.bars.show_amounts(())

    # -- hands ----------------------------------------------------------------------------------------------------

    def _edit(self, merge: object = None, **changes: Any) -> None:
        self._document.edit(merge=merge, codes=self._document.session.codes.edit(**changes))

    def _choose(self, **names: str) -> None:
        """Put a code on an axis; the code that stood there takes the other's place where both were the same."""
        rows, columns = axes(self._document.session.codes, self._document.spec)
        now = {"rows": rows.name if rows is not None else None, "columns": columns.name}
        wanted = {**now, **names}
        if wanted["rows"] == wanted["columns"]:
            wanted = {"rows": now["columns"], "columns": now["rows"]} if now["rows"] is not None else now
        self._document.seal()
        self._edit(**wanted)

    def _moved(self) -> None:
        low, high, steps = round(self.low.value(), 6), round(self.high.value(), 6), round(self.steps.value())
        try:
            check_range(low, high, steps)
        except GanvizError as error:
            self.said.emit(str(error), "warning")
            self.show_session(self._document.session)
            return
        self._edit(merge="sweep", low=low, high=high, steps=steps)

    def _reset(self) -> None:
        self._document.seal()
        plain = Sweep()
        self._edit(low=plain.low, high=plain.high, steps=plain.steps)

    # -- the ranking ----------------------------------------------------------------------------------------------

    @staticmethod
    def _rank_key(session: Session) -> object:
        """All that a ranking depends on."""
        recipe, sweep = session.recipe, session.codes
        return recipe.model, recipe.label, recipe.psi, recipe.cutoff, sweep.low, sweep.high, sweep.steps

    def _rank(self) -> None:
        session = self._document.session
        key = self._rank_key(session)
        began = self._compute.start_job(
            lambda renderer: rank(renderer, session.recipe, session.codes),
            "Ranking the codes",
            done=lambda found: self._show_ranking(found, key),
            cancelled=lambda: self.rank_button.setEnabled(True),
            failed=self._rank_failed,
        )
        if began:
            self.rank_button.setEnabled(False)

    def _rank_failed(self, message: str) -> None:
        self.rank_button.setEnabled(True)
        self.said.emit(message, "error")

    def _show_ranking(self, found: tuple[Change, ...], key: object) -> None:
        self.rank_button.setEnabled(True)
        if self._document.is_open and key == self._rank_key(self._document.session):
            self._ranked = key
            tip = "{}: {:.1f} of 255 grey levels a pixel, from one column to the next; click to put it on the columns"
            self.bars.show_amounts(
                [
                    Amount(item.code.name, item.change, f"{item.change:.1f}", tip.format(item.code.name, item.change))
                    for item in found
                ]
            )


def _number(text: str, low: float, high: float, name: str, tip: str, default: float) -> NumberRow:
    return NumberRow(
        text,
        low,
        high,
        name=name,
        tip=tip,
        default=default,
        limits=(-MOST_VALUE, MOST_VALUE),
        label_width=36,
        field_width=60,
    )
