"""Two pictures in one place: with a divider, side by side, their difference, or the one and the other in turn."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.image import smooth_image, to_qimage
from app.widgets.viewport import Viewport

Mode = Literal["wipe", "side", "difference", "flicker"]
FLICKER_MS = 500
"""How long each picture is shown in turn: one change back and forth a second, far from what harms anybody's eyes."""
STEP, FINE = 0.05, 0.01
GRIP = 10
"""Half the width, in pixels, of what takes hold of the divider."""
GAP, MARGIN, TAG = 8, 8, 20
SHADE = QColor(0, 0, 0, 150)
BLACK, WHITE = QColor(0, 0, 0), QColor(255, 255, 255)


class CompareView(QWidget):
    """Shows A and B, uint8 (H, W, C) of one size, and the heat map of their difference.

    Left and right arrows and the mouse move the divider, Space holds or goes on flickering, + and - and the wheel
    zoom both pictures alike, the middle button moves them, a double click fits. `at_changed(float)`: the divider
    was moved, 0 to 1 from left to right.
    """

    at_changed = Signal(float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("Comparison of A and B")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.mode: Mode = "wipe"
        self.at = 0.5
        self.names = ("A", "B")
        self.empty = ""
        self.awaited = False  # a picture that would become B hangs over it
        self._pictures: dict[str, np.ndarray] = {}
        self._images: dict[Hashable, QImage] = {}
        self._view = Viewport()
        self._showing = "a"  # while flickering
        self._held: str | None = None  # what the mouse holds: "divider" or "picture"
        self._last = QPointF()
        self._turned = 0.0
        self._flicker = QTimer(self, interval=FLICKER_MS)
        self._flicker.timeout.connect(self._turn)
        self._tell()

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_pictures(self, a: np.ndarray | None, b: np.ndarray | None, difference: np.ndarray | None = None) -> None:
        """Show these; without B, A alone beside the place where B would be."""
        given = {"a": a, "b": b, "difference": difference}
        for key, pixels in given.items():
            if pixels is not self._pictures.get(key):
                self._images = {at: image for at, image in self._images.items() if at[0] != key}  # type: ignore[index]
        had_b = "b" in self._pictures
        self._pictures = {key: pixels for key, pixels in given.items() if pixels is not None}
        if had_b != (b is not None):
            self._follow_flicker()
        if a is not None:
            down, across = a.shape[:2]
            if (self._view.across, self._view.down) != (across, down):
                self._view = replace(self._view, across=across, down=down).fitted()
        self.update()

    def set_mode(self, mode: Mode) -> None:
        """Choose how they are shown."""
        self.mode, self._showing = mode, "a"
        self._follow_flicker()
        self._tell()
        self.update()

    def set_at(self, at: float) -> None:
        """Put the divider somewhere, 0 to 1."""
        at = min(1.0, max(0.0, at))
        if at != self.at:
            self.at = at
            self._tell()
            self.update()
            self.at_changed.emit(at)

    @property
    def shown(self) -> str:
        """Which picture flickering shows now, "a" or "b"."""
        return self._showing

    @property
    def flickering(self) -> bool:
        """Whether the pictures change by themselves."""
        return self._flicker.isActive()

    def _tell(self) -> None:
        """Say in words what the picture shows, for those who do not see it; the pointer says what can be dragged."""
        said = {
            "wipe": f"Wipe: A left of the divider at {self.at:.0%}, B right of it",
            "side": "Side by side: A left, B right",
            "difference": "Heat map of the difference",
            "flicker": f"Flicker: {self._showing.upper()} is shown",
        }
        self.setAccessibleDescription(said[self.mode])
        self.setToolTip("" if self.mode != "wipe" else "Drag the divider, or move it with the arrow keys")

    def _turn(self) -> None:
        self._showing = "b" if self._showing == "a" else "a"
        self._tell()
        self.update()

    def _follow_flicker(self) -> None:
        if self.mode == "flicker" and self.isVisible() and "b" in self._pictures:
            self._flicker.start()
        else:
            self._flicker.stop()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._follow_flicker()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self._flicker.stop()

    # -- where things are -----------------------------------------------------------------------------------------

    def _panes(self) -> list[tuple[str, QRect]]:
        """What is shown where, in logical pixels."""
        whole = self.rect()
        halves = self.mode == "side" or "b" not in self._pictures
        if halves:
            width = (whole.width() - GAP) // 2
            right = QRect(whole.right() - width + 1, 0, width, whole.height())
            return [("a", QRect(0, 0, width, whole.height())), ("b", right)]
        key = {"difference": "difference", "flicker": self._showing}.get(self.mode, "a")
        return [(key, whole)]

    def _placed(self, pane: QRect) -> QRectF:
        """Where the picture lies in a pane, in logical pixels of this widget."""
        ratio = self.devicePixelRatioF()
        size = (round(pane.width() * ratio), round(pane.height() * ratio), round(MARGIN * ratio))
        if (self._view.width, self._view.height, self._view.margin) != size:
            self._view = self._view.resized(*size)
        left, top, width, height = self._view.rect
        return QRectF(pane.x() + left / ratio, pane.y() + top / ratio, width / ratio, height / ratio)

    def divider(self) -> float:
        """Where the divider is, in pixels from the left."""
        box = self._placed(self._panes()[0][1])
        return box.left() + self.at * box.width()

    # -- hands ----------------------------------------------------------------------------------------------------

    @property
    def _wiping(self) -> bool:
        return self.mode == "wipe" and "b" in self._pictures

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._held = "picture"
        elif event.button() == Qt.MouseButton.LeftButton and self._wiping:
            self._held = "divider"
            self._drag_divider(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moved, self._last = event.position() - self._last, event.position()
        if self._held == "divider":
            self._drag_divider(event.position().x())
        elif self._held == "picture":
            ratio = self.devicePixelRatioF()
            self._look(self._view.panned(moved.x() * ratio, moved.y() * ratio))
        near = self._wiping and abs(event.position().x() - self.divider()) < GRIP
        self.setCursor(Qt.CursorShape.SplitHCursor if near or self._held == "divider" else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._wiping:
            self._look(self._view.fitted())

    def _drag_divider(self, x: float) -> None:
        box = self._placed(self._panes()[0][1])
        self.set_at((x - box.left()) / box.width())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._turned += event.angleDelta().y() / 120
        whole = int(self._turned)
        if whole:
            self._turned -= whole
            self._zoom(whole, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        step = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        ways = {Qt.Key.Key_Left: -step, Qt.Key.Key_Right: step, Qt.Key.Key_Home: -1.0, Qt.Key.Key_End: 1.0}
        if self._wiping and key in ways:
            self.set_at(round(self.at + ways[key], 6))
        elif self.mode == "flicker" and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._flicker.stop()
            self._showing = "b" if key == Qt.Key.Key_Left else "a"
            self._turn()
        elif self.mode == "flicker" and key == Qt.Key.Key_Space:
            self._flicker.stop() if self.flickering else self._follow_flicker()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._zoom(-1 if key == Qt.Key.Key_Minus else 1, QPointF(self.rect().center()))
        elif key == Qt.Key.Key_0:
            self._look(self._view.fitted())
        else:
            super().keyPressEvent(event)

    def _zoom(self, steps: int, about: QPointF) -> None:
        pane = next((pane for _, pane in self._panes() if pane.contains(about.toPoint())), self._panes()[0][1])
        self._placed(pane)
        at = (about - pane.topLeft()) * self.devicePixelRatioF()
        self._look(self._view.stepped(steps, at.x(), at.y()))

    def _look(self, view: Viewport) -> None:
        self._view = view
        self.update()

    @property
    def fitted(self) -> bool:
        """Whether the pictures are as large as they go."""
        return self._view.zoom is None

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 160)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for key, pane in self._panes():
            box = self._placed(pane)
            painter.setClipRect(pane)
            if key not in self._pictures:
                if key == "b":
                    self._paint_place(painter, pane)
                continue
            if self._wiping:
                self._paint_wipe(painter, box)
            else:
                self._paint_picture(painter, key, box)
                text = {"a": self.names[0], "b": self.names[1], "difference": "difference"}[key]
                self._paint_tag(painter, text, box, Qt.AlignmentFlag.AlignLeft)
        painter.setClipping(False)
        if self.hasFocus():
            theme.draw_focus_ring(painter, QRectF(self.rect()))
        painter.end()

    def _paint_picture(self, painter: QPainter, key: str, box: QRectF) -> None:
        side = round(max(box.width(), box.height()) * self.devicePixelRatioF()) if self.fitted else 0
        if (key, side) not in self._images:
            pixels = self._pictures[key]
            self._images[key, side] = smooth_image(pixels, side) if side else to_qimage(pixels)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.fitted or self._view.scale < 1)
        painter.drawImage(box, self._images[key, side])

    def _paint_wipe(self, painter: QPainter, box: QRectF) -> None:
        x = box.left() + self.at * box.width()
        for key, part in (
            ("a", QRectF(box.left(), box.top(), x - box.left(), box.height())),
            ("b", QRectF(x, box.top(), box.right() - x, box.height())),
        ):
            painter.save()
            painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
            self._paint_picture(painter, key, box)
            align = Qt.AlignmentFlag.AlignLeft if key == "a" else Qt.AlignmentFlag.AlignRight
            self._paint_tag(painter, key.upper(), box, align)  # the divider would cut a longer text
            painter.restore()
        painter.setPen(QPen(SHADE, 4))
        painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        painter.setPen(QPen(WHITE, 2))
        painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        painter.setBrush(WHITE)
        painter.setPen(QPen(SHADE, 1))
        painter.drawEllipse(QPointF(x, box.center().y()), 12, 12)
        painter.setPen(QPen(BLACK, 2))
        for way in (-1, 1):
            tip, back, y = x + way * 8, x + way * 4, box.center().y()
            painter.drawPolyline([QPointF(back, y - 4), QPointF(tip, y), QPointF(back, y + 4)])

    def _paint_tag(self, painter: QPainter, text: str, box: QRectF, side: Qt.AlignmentFlag) -> None:
        """What a picture is, in a corner of it; legible over any picture."""
        painter.setFont(theme.caption_font(bold=True))
        room = min(box.width(), self.width()) - 16
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, round(max(0, room - 12)))
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        shown = box.intersected(QRectF(self.rect()))
        left = shown.left() + 8 if side == Qt.AlignmentFlag.AlignLeft else shown.right() - 8 - width
        tag = QRectF(left, shown.top() + 8, width, TAG)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(SHADE)
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(WHITE)
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_place(self, painter: QPainter, pane: QRect) -> None:
        """The place where B would be."""
        box = QRectF(pane).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        pen = QPen(theme.color("accent" if self.awaited else "outline"), 2 if self.awaited else 1)
        pen.setStyle(Qt.PenStyle.SolidLine if self.awaited else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 8, 8)
        theme.draw_empty(painter, box.adjusted(16, 16, -16, -16), self.empty)
