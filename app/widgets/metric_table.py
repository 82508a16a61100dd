"""Figures of a model as a table: value, interval, which way is better, and what it means in words."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app import theme
from ganviz.metrics import about
from ganviz.metrics.results import Measured

HEADS = ("", "value", "95 % interval", "better", "what it says")


class MetricTable(QWidget):
    """One row a figure; the labels `{name}-{figure}` hold the values."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("Figures")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(4, 1)
        self._shown: Measured | None = None

    def texts(self) -> dict[str, str]:
        """The values by figure, as they are read."""
        prefix = f"{self.objectName()}-"
        found = self.findChildren(QLabel)
        return {x.objectName().removeprefix(prefix): x.text() for x in found if x.objectName().startswith(prefix)}

    def show_measured(self, measured: Measured | None) -> None:
        """Show these figures; None empties the table."""
        if measured is self._shown:
            return
        self._shown = measured
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        if measured is None:
            return
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        top = Qt.AlignmentFlag.AlignTop
        for column, text in enumerate(HEADS):
            self._grid.addWidget(_label(text, "muted"), 0, column, right if column in (1, 2) else top)
        for row, (name, figure) in enumerate(measured.ordered(), 1):
            what = about(name)
            better = "" if what.better == "neither" else what.better
            ideal = "" if what.ideal is None else f"; {number(what.ideal)} is ideal"
            hint = _label(what.hint[:1].upper() + what.hint[1:], "muted")
            hint.setWordWrap(True)
            value = _label(number(figure.value), "")
            value.setFont(theme.text_font(bold=True, tabular=True))
            value.setObjectName(f"{self.objectName()}-{name}")
            cells = (
                (_label(what.label[:1].upper() + what.label[1:], ""), top),
                (value, right),
                (_label(f"{number(figure.low)} to {number(figure.high)}", "muted"), right),
                (_label(better, "muted"), top),
                (hint, Qt.AlignmentFlag(0)),
            )
            for column, (label, place) in enumerate(cells):
                label.setToolTip(what.hint + (f"; {better} is better" if better else "") + ideal)
                self._grid.addWidget(label, row, column, place)


def number(value: float) -> str:
    """A figure in four digits at most, with a true minus."""
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 10 else f"{value:.4g}"
    return text.replace("-", "−").replace("e−0", "e−")


def _label(text: str, tone: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.text_font(tabular=True))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("tone", tone)
    return label
