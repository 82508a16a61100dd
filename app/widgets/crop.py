"""A picture with a square to be chosen on it, by mouse or keys."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.image import to_qimage

SMALLEST = 8.0
"""Pixels of the picture; a square is never smaller."""
GRIP = 14.0
"""Distance from a corner, in pixels of the screen, within which the mouse resizes."""


class CropView(QWidget):
    """Shows pixels uint8 (H, W, C) and a square on them. `changed()` when the square was moved or resized.

    Drag inside moves, drag at a corner resizes; arrow keys move, + and - resize, Shift is fine.
    """

    changed = Signal()

    def __init__(self, pixels: np.ndarray, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Crop: arrow keys move the square, plus and minus resize it")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._image = to_qimage(pixels)
        height, width = pixels.shape[:2]
        side = float(min(height, width))
        self._square = QRectF((width - side) / 2, (height - side) / 2, side, side)
        self._from: QPointF | None = None
        self._corner: QPointF | None = None  # the corner that stays while the opposite one is dragged

    def square(self) -> tuple[float, float, float]:
        """(left, top, side) in pixels of the picture, whole numbers."""
        return round(self._square.x()), round(self._square.y()), round(self._square.width())

    def set_square(self, left: float, top: float, side: float) -> None:
        """Put the square there, as far as the picture reaches."""
        width, height = self._image.width(), self._image.height()
        side = min(max(SMALLEST, side), width, height)
        square = QRectF(min(max(0.0, left), width - side), min(max(0.0, top), height - side), side, side)
        if square != self._square:
            self._square = square
            self.update()
            self.changed.emit()

    # -- where things are -----------------------------------------------------------------------------------------

    def _scale(self) -> float:
        return min((self.width() - 4) / self._image.width(), (self.height() - 4) / self._image.height())

    def _frame(self) -> QRectF:
        """Where the picture is on the widget."""
        scale = self._scale()
        width, height = self._image.width() * scale, self._image.height() * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def _to_picture(self, point: QPointF) -> QPointF:
        return (point - self._frame().topLeft()) / self._scale()

    def on_widget(self) -> QRectF:
        """The square in the widget's own coordinates."""
        scale, origin = self._scale(), self._frame().topLeft()
        return QRectF(origin + self._square.topLeft() * scale, self._square.size() * scale)

    # -- hands ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        box, point = self.on_widget(), event.position()
        self._from = self._to_picture(point)
        self._corner = None
        opposite = {"topLeft": "bottomRight", "topRight": "bottomLeft"}
        for a, b in (*opposite.items(), *((b, a) for a, b in opposite.items())):
            if (getattr(box, a)() - point).manhattanLength() < GRIP:
                self._corner = getattr(self._square, b)()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is None:
            box, point = self.on_widget(), event.position()
            corners = (box.topLeft(), box.topRight(), box.bottomLeft(), box.bottomRight())
            near = any((corner - point).manhattanLength() < GRIP for corner in corners)
            shape = Qt.CursorShape.SizeAllCursor if box.contains(point) else Qt.CursorShape.ArrowCursor
            self.setCursor(Qt.CursorShape.CrossCursor if near else shape)
            return
        point = self._to_picture(event.position())
        if self._corner is not None:
            gap = point - self._corner
            room_x = self._image.width() - self._corner.x() if gap.x() >= 0 else self._corner.x()
            room_y = self._image.height() - self._corner.y() if gap.y() >= 0 else self._corner.y()
            side = max(SMALLEST, min(max(abs(gap.x()), abs(gap.y())), room_x, room_y))
            left = self._corner.x() if gap.x() >= 0 else self._corner.x() - side
            top = self._corner.y() if gap.y() >= 0 else self._corner.y() - side
            self.set_square(left, top, side)
        else:
            moved = point - self._from
            self._from = point
            self.set_square(self._square.x() + moved.x(), self._square.y() + moved.y(), self._square.width())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._from = self._corner = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = 1.0 if fine else max(1.0, self._square.width() / 20)
        left, top, side = self._square.x(), self._square.y(), self._square.width()
        key = event.key()
        moves = {
            Qt.Key.Key_Left: (-step, 0.0),
            Qt.Key.Key_Right: (step, 0.0),
            Qt.Key.Key_Up: (0.0, -step),
            Qt.Key.Key_Down: (0.0, step),
        }
        if key in moves:
            across, down = moves[Qt.Key(key)]
            self.set_square(left + across, top + down, side)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_square(left - step / 2, top - step / 2, side + step)
        elif key == Qt.Key.Key_Minus:
            self.set_square(left + step / 2, top + step / 2, side - step)
        else:
            super().keyPressEvent(event)

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(480, 400)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        frame, box = self._frame(), self.on_widget()
        painter.drawImage(frame, self._image)
        outside = QPainterPath()
        outside.addRect(frame)
        inside = QPainterPath()
        inside.addRect(box)
        painter.fillPath(outside - inside, QColor(0, 0, 0, 150))
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawRect(box)
        painter.setBrush(theme.color("accent"))
        for corner in (box.topLeft(), box.topRight(), box.bottomLeft(), box.bottomRight()):
            painter.drawEllipse(corner, 4, 4)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            theme.draw_focus_ring(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), 4)
        painter.end()
