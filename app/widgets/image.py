"""From pixels to what Qt paints: images that own their bytes, rounded thumbnails."""

import numpy as np
from PIL import Image
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPixmap

SMOOTH_LIMIT = 512
"""Longest side, in pixels, that the smooth enlargement computes; Qt's bilinear filter does the rest."""
SMOOTH_ENOUGH, LEAST_FACTOR = 256, 4
"""From this side on, enlarged so many times, bilinear filtering the rest of the way differs by less than a level from
enlarging further (square root of the mean of the squares), in a quarter of the time: once for every frame of a drag."""


def to_qimage(pixels: np.ndarray) -> QImage:
    """A QImage from uint8 pixels (H, W, C) with C 1 or 3. It owns a copy: PySide6 itself keeps only a pointer."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.size == 0:
        raise ValueError(f"pixels: expected uint8 (H, W, 1 or 3), got {pixels.dtype} {tuple(pixels.shape)}")
    kept = np.ascontiguousarray(pixels)
    height, width, channels = kept.shape
    layout = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_Grayscale8
    return QImage(kept.data, width, height, width * channels, layout).copy()


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixels (H, W, C) resampled to (height, width, C): bicubic upwards, antialiased bilinear downwards."""
    grey = pixels.shape[2] == 1
    source = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if grey else pixels))
    way = Image.Resampling.BICUBIC if width >= source.width else Image.Resampling.BILINEAR
    done = np.asarray(source.resize((width, height), way))
    return done[:, :, None] if grey else done


def smooth_image(pixels: np.ndarray, side: int) -> QImage:
    """An image for smooth display with its longer side `side` device pixels.

    Bilinear enlargement alone shows diamonds at edges, so small pictures are first enlarged bicubically, by a whole
    factor and at most to SMOOTH_LIMIT; large ones are reduced to the very size, each pixel the mean of those it covers.
    """
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if side < longer:
        size = QSize(max(1, width * side // longer), max(1, height * side // longer))
        aspect, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        return to_qimage(pixels).scaled(size, aspect, smooth)
    factor = min(-(-side // longer), max(LEAST_FACTOR, SMOOTH_ENOUGH // longer), SMOOTH_LIMIT // longer)
    return to_qimage(pixels if factor < 2 else resized(pixels, width * factor, height * factor))


def thumbnail(pixels: np.ndarray, side: int, ratio: float, radius: float = 4.0) -> QPixmap:
    """A square pixmap of `side` logical pixels on a screen of device pixel ratio `ratio`, corners rounded."""
    device = max(1, round(side * ratio))
    height, width = pixels.shape[:2]
    longer = max(height, width)
    fitted = to_qimage(resized(pixels, max(1, round(width * device / longer)), max(1, round(height * device / longer))))
    drawn = QPixmap(device, device)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left, top = (device - fitted.width()) // 2, (device - fitted.height()) // 2
    painter.translate(left, top)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(fitted))
    painter.drawRoundedRect(QRectF(0, 0, fitted.width(), fitted.height()), radius * ratio, radius * ratio)
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn
