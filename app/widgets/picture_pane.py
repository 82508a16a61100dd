"""A single picture as large as its place lets it be, with a line below that says what it is."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.image import smooth_image, to_qimage

LINE = 18


class PicturePane(QWidget):
    """Shows pixels uint8 (H, W, C); `smooth` or pixel by pixel."""

    def __init__(self, name: str, label: str, *, smooth: bool) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._smooth = smooth
        self._pixels: np.ndarray | None = None
        self._caption = label
        self._image: tuple[int, QImage] | None = None

    @property
    def pixels(self) -> np.ndarray | None:
        """What is shown."""
        return self._pixels

    def show_picture(self, pixels: np.ndarray | None, caption: str | None = None) -> None:
        """Show a picture, and another line below it where one is given."""
        if pixels is not self._pixels:
            self._pixels, self._image = pixels, None
        if caption is not None:
            self._caption = caption
            self.setAccessibleDescription(caption)
            self.setToolTip(caption)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 200 + LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(96, 96 + LINE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._pixels is not None:
            self._paint_picture(painter, self._pixels)
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.caption_font(tabular=True))
        shown = painter.fontMetrics().elidedText(self._caption, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, self.height() - LINE, self.width(), LINE), Qt.AlignmentFlag.AlignCenter, shown)
        painter.end()

    def _paint_picture(self, painter: QPainter, pixels: np.ndarray) -> None:
        height, width = pixels.shape[:2]
        scale = min(self.width() / width, (self.height() - LINE) / height)
        across, down = width * scale, height * scale
        box = QRectF((self.width() - across) / 2, (self.height() - LINE - down) / 2, across, down)
        side = round(max(across, down) * self.devicePixelRatioF()) if self._smooth else 0
        if self._image is None or self._image[0] != side:
            self._image = (side, smooth_image(pixels, side) if side else to_qimage(pixels))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth or scale < 1)
        painter.drawImage(box, self._image[1])
