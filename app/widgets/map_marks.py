"""What is drawn over a map: a path, the numbered way of a walk, rings around points, a picture beside the mouse."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from app import theme

NODE = 9
PAD = 6


def draw_path(painter: QPainter, corners: Sequence[QPointF]) -> None:
    """A line with a rim of the background, so that it is seen on any picture."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in (("background", 5), ("accent", 2)):
        pen = QPen(theme.color(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(list(corners)))


def draw_way(painter: QPainter, corners: Sequence[QPointF]) -> None:
    """A path from point to point, the points numbered from 1."""
    draw_path(painter, corners)
    painter.setFont(theme.caption_font(bold=True))
    for k, corner in enumerate(corners, 1):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(corner, NODE, NODE)
        painter.setPen(theme.color("on_accent"))
        box = QRectF(corner.x() - NODE, corner.y() - NODE, 2 * NODE, 2 * NODE)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(k))


def draw_ring(painter: QPainter, where: QPointF, radius: float, colour: str) -> None:
    """A ring around a point, with a rim of the background."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for name, width in (("background", 5.0), (colour, 2.5)):
        painter.setPen(QPen(theme.color(name), width))
        painter.drawEllipse(where, radius, radius)


def draw_dots(painter: QPainter, places: np.ndarray) -> None:
    """A dot at each of the places (N, 2), with a rim of the background."""
    dots = QPolygonF([QPointF(x, y) for x, y in places.tolist()])
    for name, width in (("background", 10.0), ("accent", 7.0)):
        painter.setPen(QPen(theme.color(name), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(dots)


def draw_hover(painter: QPainter, room: QSize, where: QPointF, pixmap: QPixmap | None, side: int, caption: str) -> None:
    """A card with a picture of `side` pixels and a caption, beside a point and within the widget."""
    width, height = side + 2 * PAD, side + PAD + 24
    right = where.x() + 14 + width < room.width()
    left = where.x() + 14 if right else where.x() - 14 - width
    top = min(max(4.0, where.y() - height / 2), room.height() - height - 4.0)
    painter.setPen(QPen(theme.color("outline"), 1))
    painter.setBrush(theme.color("card"))
    painter.drawRoundedRect(QRectF(left, top, width, height), theme.RADIUS, theme.RADIUS)
    if pixmap is not None:
        painter.drawPixmap(QPointF(left + PAD, top + PAD), pixmap)
    painter.setPen(theme.color("muted"))
    painter.setFont(theme.caption_font(tabular=True))
    painter.drawText(QRectF(left, top + side + PAD, width, 24), Qt.AlignmentFlag.AlignCenter, caption)
