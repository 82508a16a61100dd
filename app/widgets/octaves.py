"""How much differs at each scale, as a row of small bars."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

BAR, TEXT = 40, 16
"""Height of the bars, and of the numbers below them, in pixels."""
WIDE, NARROW = 56, 36
"""Width of a bar with its gap where there is room, and the least."""


class Octaves(QWidget):
    """Bars from coarse to fine, each headed by its strength in grey levels over the size of its details."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("Difference by scale")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._octaves: tuple[tuple[int, float], ...] = ()

    def show_octaves(self, octaves: tuple[tuple[int, float], ...]) -> None:
        """Show (pixels a side, root mean square) for each, given from fine to coarse."""
        self._octaves = tuple(reversed(octaves))
        said = ", ".join(f"{strength:.1f} at {side} pixels" for side, strength in self._octaves)
        self.setAccessibleDescription(said)
        self.setToolTip(
            "Root mean square in grey levels of what differs between a resolution and half of it: "
            f"coarse is pose and shape, fine is texture\n{said}"
            if said
            else ""
        )
        self.updateGeometry()
        self.update()

    def octaves(self) -> tuple[tuple[int, float], ...]:
        """What is shown, from coarse to fine."""
        return self._octaves

    def sizeHint(self) -> QSize:
        return QSize(WIDE * max(1, len(self._octaves)), BAR + TEXT)

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROW * max(1, len(self._octaves)), BAR + TEXT)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._octaves:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.caption_font(tabular=True))
        largest = max(strength for _, strength in self._octaves) or 1.0
        step = min(WIDE, self.width() / len(self._octaves))
        for place, (side, strength) in enumerate(self._octaves):
            column = QRectF(self.width() - step * (len(self._octaves) - place), 0, step - 4, BAR + TEXT)
            height = (BAR - TEXT) * strength / largest
            bar = QRectF(column.x() + 4, BAR - max(2.0, height), column.width() - 8, max(2.0, height))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(bar, 2, 2)
            painter.setPen(theme.color("text"))
            above = QRectF(column.x(), bar.top() - TEXT, column.width(), TEXT)
            painter.drawText(above, Qt.AlignmentFlag.AlignCenter, f"{strength:.1f}")
            painter.setPen(theme.color("muted"))
            below = QRectF(column.x(), BAR, column.width(), TEXT)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{'≤ ' if place == 0 else ''}{side} px")
        painter.end()
