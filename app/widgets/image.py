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


SMALL, SMALL_SIDE = 128, 1400
"""What is no larger than SMALL is enlarged to the size on screen by torch, up to SMALL_SIDE: beyond, Qt is quicker."""


def to_qimage(pixels: np.ndarray) -> QImage:
    """A QImage from uint8 pixels (H, W, C) with C 1 or 3. It owns a copy: PySide6 itself keeps only a pointer.

    Colours in the layout that Qt paints with, of 32 bits: else it would convert them each time they are painted.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.size == 0:
        raise ValueError(f"pixels: expected uint8 (H, W, 1 or 3), got {pixels.dtype} {tuple(pixels.shape)}")
    kept = np.ascontiguousarray(pixels)
    height, width, channels = kept.shape
    if channels == 1:
        return QImage(kept.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
    colours = QImage(kept.data, width, height, width * channels, QImage.Format.Format_RGB888)
    return colours.convertToFormat(QImage.Format.Format_RGB32)


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixels (H, W, C) resampled to (height, width, C): bicubic upwards, antialiased bilinear downwards."""
    grey = pixels.shape[2] == 1
    source = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if grey else pixels))
    way = Image.Resampling.BICUBIC if width >= source.width else Image.Resampling.BILINEAR
    done = np.asarray(source.resize((width, height), way))
    return done[:, :, None] if grey else done


def enlarged(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixels (H, W, C) enlarged bicubically by torch, to (height, width, 4) as Qt paints them: blue, green, red, 255.

    Pillow's picture within two levels, in a third of the time or less. For what torch has drawn: to import it here
    would hold up the window.
    """
    import torch
    from torch.nn import functional as F

    with torch.inference_mode():
        source = torch.from_numpy(np.require(pixels, requirements=("C", "W")))
        image = torch.full((1, *source.shape[:2], 4), 255, dtype=torch.uint8)
        image[0, :, :, :3] = source.flip(2)
        larger = F.interpolate(image.permute(0, 3, 1, 2), size=(height, width), mode="bicubic", antialias=True)
        return larger[0].permute(1, 2, 0).contiguous().numpy()


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
    factor = _factor(longer, side)
    return to_qimage(resized(pixels, width * factor, height * factor) if factor > 1 else pixels)


def live_image(pixels: np.ndarray, width: int, height: int) -> tuple[QImage, object]:
    """The same for a picture that torch has just drawn, to be shown in `width` x `height` device pixels, in less time.

    Small ones are enlarged to that very size, which Qt then only copies. The second value is to be kept for as long as
    the image is used: it holds the bytes.
    """
    longer, side = max(pixels.shape[:2]), max(width, height)
    if side < longer:
        return smooth_image(pixels, side), None
    if longer > SMALL or side > SMALL_SIDE:
        factor = _factor(longer, side)
        if factor < 2:
            return to_qimage(pixels), None
        height, width = (factor * length for length in pixels.shape[:2])
    larger = enlarged(pixels, width, height)
    return QImage(larger.data, width, height, larger.strides[0], QImage.Format.Format_RGB32), larger


def _factor(longer: int, side: int) -> int:
    """How many times a picture is enlarged before Qt's filter does the rest."""
    return min(-(-side // longer), max(LEAST_FACTOR, SMOOTH_ENOUGH // longer), SMOOTH_LIMIT // longer)


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
