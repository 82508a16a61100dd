"""A slider for every dimension of the latent, in a list that scrolls smoothly however long it is.

Only the rows that have been in view exist as widgets. The first FIRST of them always do; of the others at most POOL
live at a time, and the one longest out of view takes the next name.
"""

import re
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.widgets.buttons import plain_tip
from app.widgets.nested import InnerArea
from app.widgets.number import NumberRow

FIRST = 16
POOL = 48
ROW_HEIGHT = 34
SPARE_ROWS = 28
"""Rows made one by one while nothing else happens, so that the first scrolling need not make them all at once."""
SPARE_MS = 60
LIMIT = 1e4
"""Typed values may go this far from zero."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a list says of its rows."""

    all: str = "Latent dimensions"
    row_tip: str = "Amount added to this dimension of the latent; double click returns to 0"
    find: str = "Find dimensions"
    find_tip: str = "Show some dimensions only: 37, 30-40, or 3, 30-40; * shows those that were moved"
    find_hint: str = "Find: 37 or 30-40, * for moved"
    nothing: str = "No dimension is meant by that. Type a number, a range like 30-40, or * for those moved."


class DimensionList(QWidget):
    """Sliders named `latent-slider-0` and so on, each an amount added to one dimension.

    Signals: `value_changed(int, float)` with the dimension; `began` and `ended` around each gesture.
    """

    value_changed = Signal(int, float)
    began = Signal()
    ended = Signal()

    def __init__(
        self,
        name: str = "latent-slider",
        parent: QWidget | None = None,
        *,
        low: float = -3.0,
        high: float = 3.0,
        words: Words | None = None,
        label_width: int = 44,
        first: int = FIRST,
    ) -> None:
        """`words` say what its rows are, unless they are dimensions of a latent; `first` of them always exist."""
        super().__init__(parent)
        self._name, self._low, self._high = name, low, high
        self._words, self._label_width, self._first = words or Words(), label_width, first
        self._labels: tuple[str, ...] | None = None  # names of the rows, where they have any
        self._values: dict[int, float] = {}
        self._rows: dict[int, NumberRow] = {}
        self._seen: dict[int, int] = {}  # when a row was last in view, by a running count
        self._clock = 0
        self._count = first
        self._shown: list[int] = list(range(first))
        self.search = QLineEdit()
        self.search.setObjectName(f"{name}s-search")
        self.search.setAccessibleName(self._words.find)
        self.search.setToolTip(self._words.find_tip)
        self.search.setPlaceholderText(self._words.find_hint)
        self.search.setClearButtonEnabled(False)
        self.search.addAction(theme.icon("magnify", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self._content = QWidget()
        self.nothing = QLabel(self._words.nothing)
        self.nothing.setObjectName(f"{name}s-nothing")
        self.nothing.setProperty("tone", "muted")
        self.nothing.setWordWrap(True)
        self.nothing.hide()
        self._area = InnerArea()
        self._area.setObjectName(f"{name}s-area")
        self._area.setAccessibleName(self._words.all)
        self._area.setWidget(self._content)
        self._content.setAutoFillBackground(False)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.verticalScrollBar().setSingleStep(ROW_HEIGHT)
        self._area.verticalScrollBar().valueChanged.connect(self._arrange)
        top = QHBoxLayout()
        top.addWidget(self.search)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(top)
        whole.addWidget(self.nothing)
        whole.addWidget(self._area, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._settle = QTimer(self, singleShot=True, interval=0)
        self._settle.timeout.connect(self._arrange)
        self._spare = QTimer(self, interval=SPARE_MS)
        self._spare.timeout.connect(self._make_spare)
        for dimension in range(first):
            self._row(dimension)
        self._arrange()

    # -- values ---------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many dimensions there are."""
        return self._count

    def set_count(self, count: int) -> None:
        """Another model: this many dimensions, all at zero."""
        self._count = count
        self._values.clear()
        for dimension, row in list(self._rows.items()):
            row.show_value(0.0)
            if dimension >= max(self._first, count):
                self._drop(dimension)
        self._filter(self.search.text())
        if self.isVisible():
            self._spare.start()

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """Call the rows by these names rather than by their numbers; a search then looks for a part of a name."""
        if labels != self._labels:
            self._labels = labels
            for dimension, row in self._rows.items():
                self._call(row, dimension)
            self._filter(self.search.text())

    def values(self) -> dict[int, float]:
        """The amounts that are not zero, by dimension."""
        return dict(self._values)

    def set_values(self, values: dict[int, float]) -> None:
        """Show amounts that came from elsewhere; no signal."""
        if values == self._values:
            return
        self._values = {k: v for k, v in values.items() if v}
        for dimension, row in self._rows.items():
            row.show_value(self._values.get(dimension, 0.0))
        if self.search.text().strip() == "*":
            self._filter("*")

    def scroll_to(self, dimension: int) -> None:
        """Bring a dimension into view, which makes its row."""
        if dimension in self._shown:
            self._area.verticalScrollBar().setValue(self._shown.index(dimension) * ROW_HEIGHT)
            self._arrange()

    def row(self, dimension: int) -> NumberRow | None:
        """The widget of a dimension, if it exists now."""
        return self._rows.get(dimension)

    # -- rows -----------------------------------------------------------------------------------------------------

    def _row(self, dimension: int) -> NumberRow:
        """The row of a dimension: the one that it has, one out of use, or a new one."""
        row = self._rows.get(dimension)
        if row is not None:
            return row
        later = [k for k in self._rows if k >= self._first and not self._in_use(k)]
        if dimension >= self._first and len(self._rows) >= self._first + POOL and later:
            oldest = min(later, key=lambda k: self._seen.get(k, 0))
            row = self._rows.pop(oldest)
            self._seen.pop(oldest, None)
        else:
            row = self._make_row()
        row.setProperty("dimension", dimension)
        self._call(row, dimension)
        row.show_value(self._values.get(dimension, 0.0))
        self._rows[dimension] = row
        return row

    def _call(self, row: NumberRow, dimension: int) -> None:
        """Give a row its names; long ones are cut on screen and whole in the tip."""
        if self._labels is None:
            row.set_name(f"{self._name}-{dimension}", f"z {dimension}")
            return
        label = self._labels[dimension] if dimension < len(self._labels) else ""
        row.set_name(f"{self._name}-{dimension}", label)
        metrics = row.label.fontMetrics()
        row.label.setText(metrics.elidedText(label, Qt.TextElideMode.ElideRight, self._label_width))
        row.label.setToolTip(plain_tip(label))

    def _make_row(self) -> NumberRow:
        row = NumberRow(
            "",
            self._low,
            self._high,
            name=f"{self._name}-new",
            tip=self._words.row_tip,
            signed=True,
            limits=(-LIMIT, LIMIT),
            label_width=self._label_width,
            parent=self._content,
        )
        row.label.setTextFormat(Qt.TextFormat.PlainText)  # names come from files too
        row.label.setFont(theme.text_font(tabular=True))
        row.label.setProperty("tone", "muted")
        row.valueChanged.connect(lambda value, row=row: self._changed(row.property("dimension"), value))
        row.began.connect(self.began)
        row.ended.connect(self.ended)
        row.slider.installEventFilter(self)
        row.field.installEventFilter(self)
        return row

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A row that gets the focus comes into view, with its neighbours, so that Tab goes on; Esc ends a search."""
        if watched is self.search:
            pressed = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress else None
            if pressed == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            return False
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            row = watched.parentWidget()
            dimension = row.property("dimension") if row is not None else None
            if dimension in self._shown:
                top, bar = self._shown.index(dimension) * ROW_HEIGHT, self._area.verticalScrollBar()
                lowest = top + 2 * ROW_HEIGHT - self._area.viewport().height()
                bar.setValue(min(max(bar.value(), lowest), max(0, top - ROW_HEIGHT)))
        return False

    def _make_spare(self) -> None:
        if len(self._rows) >= min(self._count, self._first + SPARE_ROWS):
            self._spare.stop()
            return
        dimension = next(k for k in range(self._first, self._count) if k not in self._rows)
        self._row(dimension).hide()

    def _in_use(self, dimension: int) -> bool:
        row = self._rows[dimension]
        return row.slider.hasFocus() or row.field.hasFocus() or self._seen.get(dimension) == self._clock

    def _drop(self, dimension: int) -> None:
        row = self._rows.pop(dimension)
        self._seen.pop(dimension, None)
        row.setObjectName("")
        row.slider.setObjectName("")
        row.hide()
        row.setParent(None)
        row.deleteLater()

    def _changed(self, dimension: int, value: float) -> None:
        if value:
            self._values[dimension] = value
        else:
            self._values.pop(dimension, None)
        self.value_changed.emit(dimension, value)

    # -- what is in view ------------------------------------------------------------------------------------------

    def _filter(self, text: str) -> None:
        if self._labels is not None and text.strip() not in ("", "*"):
            part = text.strip().casefold()
            self._shown = [k for k, label in enumerate(self._labels[: self._count]) if part in label.casefold()]
        else:
            self._shown = matching(text, self._count, self._values)
        self.nothing.setVisible(not self._shown)
        self._area.verticalScrollBar().setValue(0)
        self._arrange()

    def _arrange(self) -> None:
        """Give every row in view its place, and hide the others."""
        width, height = self._area.viewport().width(), self._area.viewport().height()
        self._content.resize(width, max(height, len(self._shown) * ROW_HEIGHT))
        top = self._area.verticalScrollBar().value()
        first = max(0, top // ROW_HEIGHT - 1)
        in_view = self._shown[first : (top + height) // ROW_HEIGHT + 2]
        self._clock += 1
        for dimension in in_view:
            self._seen[dimension] = self._clock
        before: QWidget = self.search
        for place, dimension in enumerate(in_view, first):
            row = self._row(dimension)
            row.setGeometry(0, place * ROW_HEIGHT, width - 10, ROW_HEIGHT)
            row.show()
            # Rows that are used again stand anywhere in the order of Tab.
            QWidget.setTabOrder(before, row.slider)
            QWidget.setTabOrder(row.slider, row.field)
            before = row.field
        for dimension, row in self._rows.items():
            if self._seen.get(dimension) != self._clock and not row.isHidden():
                row.hide()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._settle.start()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._settle.start()
        self._spare.start()

    def sizeHint(self) -> QSize:
        return QSize(280, 36 + ROW_HEIGHT * 9)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 36 + ROW_HEIGHT * 5)


def matching(text: str, count: int, values: dict[int, float]) -> list[int]:
    """The dimensions that a search names: "37", "30-40", both with commas; "*" means moved ones, "" means all."""
    text = text.strip().removeprefix("z").strip()
    if text == "*":
        return sorted(values)
    found: set[int] = set()
    for first, _, last in re.findall(r"(\d+)(\s*-\s*(\d+))?", text):
        found.update(range(int(first), min(count - 1, int(last or first)) + 1))
    return sorted(k for k in found if k < count) if text else list(range(count))
