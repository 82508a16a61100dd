"""A square of numbers from -1 to 1 as colours: what stands in a row does so much to what stands in a column."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import theme
from app.widgets.buttons import plain_tip

LEFT, TOP, NUMBER = 140, 22, 28
SMALLEST, LARGEST = 14, 44
WITH_NUMBER = 34
"""Cells from this size on have room for their number."""


RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Matrix(QWidget):
    """Signed values (K, K) with K names; the columns are numbered as the rows are.

    Signals
    cell_changed(int, int)   the row and column that the mouse or the arrow keys are at
    """

    cell_changed = Signal(int, int)

    def __init__(self, name: str, label: str, empty: str) -> None:
        """`empty` is what it says while there are no values."""
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._empty = empty
        self.names: tuple[str, ...] = ()
        self.values = np.zeros((0, 0))
        self.faint = np.zeros(0, dtype=bool)
        self.tips: dict[tuple[int, int], str] = {}
        self.cell = (0, 0)

    def show_values(
        self,
        names: Sequence[str],
        values: np.ndarray,
        tips: dict[tuple[int, int], str],
        faint: np.ndarray | None = None,
    ) -> None:
        """Show values with a tip for each cell; columns that are `faint` are drawn half there."""
        self.names, self.values, self.tips = tuple(names), values, tips
        self.faint = np.zeros(len(names), dtype=bool) if faint is None else faint
        self.cell = (min(self.cell[0], max(0, len(names) - 1)), min(self.cell[1], max(0, len(names) - 1)))
        self.updateGeometry()
        self.update()

    def side(self) -> int:
        """Of a cell, in pixels."""
        count = max(1, len(self.names))
        room = min((self.width() - LEFT) // count, (self.height() - TOP) // count)
        return max(SMALLEST, min(LARGEST, room))

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """Row and column under a point."""
        row, column = (point.y() - TOP) // self.side(), (point.x() - LEFT) // self.side()
        inside = 0 <= row < len(self.names) and 0 <= column < len(self.names)
        return (row, column) if inside else None

    def _go(self, cell: tuple[int, int]) -> None:
        if cell != self.cell:
            self.cell = cell
            self.setAccessibleDescription(self.tips.get(cell, ""))
            self.update()
            self.cell_changed.emit(*cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None:
            self._go(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.names:
            super().keyPressEvent(event)
            return
        last = len(self.names) - 1
        self._go((max(0, min(last, self.cell[0] + step[0])), max(0, min(last, self.cell[1] + step[1]))))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            tip = self.tips.get(cell, "") if cell is not None else ""
            QToolTip.showText(event.globalPos(), plain_tip(tip), self)
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(LEFT + len(self.names) * 24, TOP + max(6, len(self.names)) * 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEFT + len(self.names) * SMALLEST, TOP + len(self.names) * SMALLEST)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.names:
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.text_font())
            room = self.rect().adjusted(32, 16, -32, -16)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
            painter.end()
            return
        side = self.side()
        painter.setFont(theme.caption_font(tabular=True))
        for k, name in enumerate(self.names):
            here = k == self.cell[0]
            painter.setPen(theme.color("text" if here else "muted"))
            line = QRectF(0, TOP + k * side, LEFT - 10, side)
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, LEFT - NUMBER - 8)
            painter.drawText(line.adjusted(NUMBER, 0, 0, 0), left, text)
            painter.drawText(line.adjusted(0, 0, NUMBER - line.width() - 8, 0), RIGHT, str(k + 1))
            painter.setPen(theme.color("text" if k == self.cell[1] else "muted"))
            head = QRectF(LEFT + k * side, 0, side, TOP)
            painter.drawText(head, Qt.AlignmentFlag.AlignCenter, str(k + 1))
        for row in range(len(self.names)):
            for column in range(len(self.names)):
                box = QRectF(LEFT + column * side, TOP + row * side, side - 1, side - 1)
                self._paint_cell(painter, box, row, column)
        row, column = self.cell
        if self.hasFocus() or self.underMouse():
            box = QRectF(LEFT + column * side, TOP + row * side, side - 1, side - 1)
            theme.draw_focus_ring(painter, box.adjusted(-1, -1, 1, 1), 4)
        painter.end()

    def _paint_cell(self, painter: QPainter, box: QRectF, row: int, column: int) -> None:
        value = float(self.values[row, column])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade(value, 0.45 if self.faint[column] else 1.0))
        painter.drawRoundedRect(box, 3, 3)
        if box.width() >= WITH_NUMBER:
            strong = abs(value) > 0.6 and not self.faint[column]
            painter.setPen(theme.color("on_accent" if strong else "text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:.2f}".replace("-", "−"))


def shade(value: float, opacity: float = 1.0) -> QColor:
    """A value from -1 to 1 as a colour: orange below 0, the accent above, the card's colour at 0."""
    base, end = theme.color("line"), theme.color("accent" if value >= 0 else "warning")
    share = min(1.0, abs(value)) * opacity

    def mixed(one: int, other: int) -> int:
        return round(one + (other - one) * share)

    return QColor(mixed(base.red(), end.red()), mixed(base.green(), end.green()), mixed(base.blue(), end.blue()))
