"""Named amounts as bars that can be clicked: a ranking."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme

HEIGHT = 24
NAME, NUMBER = 120, 56
"""Room for the name left of a bar and for the number right of it, in pixels."""


@dataclass(frozen=True, slots=True)
class Amount:
    """One bar: what it is called, how long it is, and how that is written."""

    name: str
    value: float
    text: str
    tip: str = ""


class Bars(QWidget):
    """Bars one below the other, the longest as wide as there is room. `chosen(str)` carries the name of one."""

    chosen = Signal(str)

    def __init__(self, name: str, label: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.rows: list[_Bar] = []
        self.hide()

    def show_amounts(self, amounts: Sequence[Amount]) -> None:
        """Show these, in their order; nothing at all where there are none."""
        for row in self.rows:
            row.setParent(None)
            row.deleteLater()
        largest = max((amount.value for amount in amounts), default=0.0)
        self.rows = [_Bar(f"{self.objectName()}-{k}", amount, largest) for k, amount in enumerate(amounts)]
        for row in self.rows:
            self._column.addWidget(row)
            row.clicked.connect(lambda _=False, row=row: self.chosen.emit(row.amount.name))
        self.setVisible(bool(self.rows))

    def amounts(self) -> tuple[Amount, ...]:
        """What is shown."""
        return tuple(row.amount for row in self.rows)


class _Bar(QAbstractButton):
    """One bar."""

    def __init__(self, name: str, amount: Amount, largest: float) -> None:
        super().__init__()
        self.amount, self._share = amount, amount.value / largest if largest > 0 else 0.0
        self.setObjectName(name)
        self.setAccessibleName(f"{amount.name}: {amount.text}")
        self.setToolTip(amount.tip or self.accessibleName())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        return QSize(NAME + NUMBER + 160, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(NAME + NUMBER + 40, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        if self.underMouse() or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("hover"))
            painter.drawRoundedRect(whole, theme.RADIUS, theme.RADIUS)
        painter.setFont(theme.text_font())
        painter.setPen(theme.color("text"))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter
        name = painter.fontMetrics().elidedText(self.amount.name, Qt.TextElideMode.ElideRight, NAME - 12)
        painter.drawText(QRectF(6, 0, NAME - 12, HEIGHT), left | middle, name)
        track = QRectF(NAME, HEIGHT / 2 - 4, max(0, self.width() - NAME - NUMBER), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(track, 4, 4)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(QRectF(track.x(), track.y(), max(8, track.width() * self._share), 8), 4, 4)
        painter.setFont(theme.text_font(tabular=True))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(self.width() - NUMBER, 0, NUMBER - 6, HEIGHT), right | middle, self.amount.text)
        if self.hasFocus():
            theme.draw_focus_ring(painter, whole)
        painter.end()
