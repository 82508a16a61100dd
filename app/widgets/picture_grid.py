"""Pictures of equal size in a grid that fills its place: empty cells until they come."""

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.image import thumbnail

GAP = 8
LEAST = 56
"""Smallest side of a cell, in logical pixels."""


class PictureGrid(QWidget):
    """`count` cells; as many columns as make them largest."""

    def __init__(self, name: str, label: str, count: int) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._pixels: list[np.ndarray | None] = [None] * count
        self._drawn: dict[int, tuple[int, float, QPixmap]] = {}

    def clear(self) -> None:
        """Empty every cell."""
        self._pixels = [None] * len(self._pixels)
        self._drawn.clear()
        self._told()

    def set_picture(self, k: int, pixels: np.ndarray) -> None:
        """Put pixels uint8 (H, W, C) into the k-th cell."""
        self._pixels[k] = pixels
        self._drawn.pop(k, None)
        self._told()

    def pictures(self) -> list[np.ndarray]:
        """Those that have come."""
        return [pixels for pixels in self._pixels if pixels is not None]

    def _told(self) -> None:
        self.setAccessibleDescription(f"{len(self.pictures())} of {len(self._pixels)} pictures")
        self.update()

    def cells(self) -> list[QRect]:
        """Where the cells are: the grid is as large as its place allows, from the left, centred from above."""
        count = len(self._pixels)
        best, columns = 0, 1
        for tried in range(1, count + 1):
            rows = -(-count // tried)
            side = min((self.width() - (tried - 1) * GAP) // tried, (self.height() - (rows - 1) * GAP) // rows)
            if side > best and count % tried == 0:
                best, columns = side, tried
        rows = -(-count // columns)
        left = (self.width() - columns * (best + GAP) + GAP) // 2
        top = (self.height() - rows * (best + GAP) + GAP) // 2
        return [
            QRect(left + k % columns * (best + GAP), top + k // columns * (best + GAP), best, best)
            for k in range(count)
        ]

    def sizeHint(self) -> QSize:
        return QSize(6 * 128, 2 * 128)

    def minimumSizeHint(self) -> QSize:
        return QSize(6 * (LEAST + GAP), 2 * (LEAST + GAP))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = self.devicePixelRatioF()
        for k, (cell, pixels) in enumerate(zip(self.cells(), self._pixels, strict=True)):
            if cell.width() < 1:
                continue
            if pixels is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("line"))
                painter.drawRoundedRect(QRectF(cell), 4, 4)
                continue
            kept = self._drawn.get(k)
            if kept is None or kept[:2] != (cell.width(), ratio):
                kept = (cell.width(), ratio, thumbnail(pixels, cell.width(), ratio))
                self._drawn[k] = kept
            painter.drawPixmap(cell.topLeft(), kept[2])
        painter.end()
