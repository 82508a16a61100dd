"""The canvas: one picture, zoomed and panned, and the latent tool that drags it across the seed plane.

All whole zooms are drawn with the nearest pixel, counted in the screen's own pixels; Fit is smooth unless told
otherwise.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.image import live_image, to_qimage
from app.widgets.message_bar import HintLine, MessageBar
from app.widgets.viewport import Viewport

EMPTY = "Open a model: choose one on the left, or drop a file here"
Tool = Literal["latent", "pan"]

MARGIN = 32
"""Logical pixels kept free around a fitted picture."""
SEEDS_PER_FONT = 0.04
"""The latent tool moves this many seeds per pixel and pixel of font height, as StyleGAN3's viewer does."""
FINE = 0.1
KEY_STEP = 0.05
"""Seeds that an arrow key moves; with Shift a tenth of it."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Canvas(QWidget):
    """Shows frames.

    Signals
    frameShown(object)          a Frame has been painted
    dropped(str)                a file was dropped
    plane_began, plane_dragged(right, down), plane_ended
                                a drag with the latent tool, or arrow keys, in units of the seed plane
    key_command(str)            "play" (Space), "randomise" (R), "keep" (K), "zero" (Home)
    zoom_changed(str)           "Fit" or the zoom in per cent
    """

    frameShown = Signal(object)
    dropped = Signal(str)
    plane_began = Signal()
    plane_dragged = Signal(float, float)
    plane_ended = Signal()
    key_command = Signal(str)
    zoom_changed = Signal(str)
    _painted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Picture")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.frame: Any = None
        self.empty_text = ""
        self._image: QImage | None = None  # the frame's own pixels, once they are painted
        self._smooth_cache: tuple[tuple[int, int], QImage, object] | None = None
        self._unshown: Any = None
        self._view = Viewport()
        self._smooth = True
        self._tool: Tool = "latent"
        self._drag: Tool | None = None
        self._last = QPointF()
        self._space = False
        self._space_used = False
        self._keys_down = False
        self._turned = 0.0  # parts of a wheel step that touch pads send
        self._dragged_over = False
        self._ring = False
        self.message = MessageBar(self)
        self.hint = HintLine(self)
        self.set_empty_text(EMPTY)
        # Queued: a slot must not find itself inside our paintEvent. A timer would come later.
        self._painted.connect(self.frameShown, Qt.ConnectionType.QueuedConnection)

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_frame(self, frame: Any) -> None:
        """Show `frame.pixels`, uint8 (H, W, C) with C 1 or 3. `frameShown` follows once it is on screen.

        A preview of fewer pixels takes the place that the exact picture will have.
        """
        pixels: np.ndarray = frame.pixels
        down, across = (frame.side, frame.side) if frame.side else pixels.shape[:2]
        self.frame = frame
        self._image = self._smooth_cache = None
        self._unshown = frame
        if (self._view.across, self._view.down) != (across, down):
            self._look(replace(self._view, across=across, down=down).fitted())
        if self.isVisible():
            self.update(self.picture_rect().toAlignedRect())  # what is around it need not be filled anew
        else:
            self._announce()

    def hideEvent(self, event: QHideEvent) -> None:
        self._announce()  # another page came to the front before the frame was painted; nobody is to wait for it
        super().hideEvent(event)

    def set_empty_text(self, text: str) -> None:
        """What is said in place of a picture."""
        self.empty_text = text
        self._show_tool()
        self.update()

    def clear(self) -> None:
        """Show no picture."""
        self.frame = self._image = self._unshown = self._smooth_cache = None
        self.fit()

    def set_hint(self, text: str) -> None:
        """The line at the foot of the canvas that says what to try; empty for none."""
        self.hint.set_text(text)
        self._place_overlays()

    def _announce(self) -> None:
        frame, self._unshown = self._unshown, None
        if frame is not None:
            self._painted.emit(frame)

    # -- zoom and pan ---------------------------------------------------------------------------------------------

    @property
    def fitted(self) -> bool:
        """Whether the picture fills the canvas."""
        return self._view.zoom is None

    @property
    def zoom(self) -> float:
        """Device pixels per picture pixel, as drawn now."""
        return self._view.scale

    @property
    def smooth(self) -> bool:
        """Whether a fitted picture is filtered."""
        return self._smooth

    def set_smooth(self, smooth: bool) -> None:
        """Filter a fitted picture, or show its pixels."""
        self._smooth = smooth
        self.update()

    def fit(self) -> None:
        """Show the whole picture as large as it goes."""
        self._look(self._view.fitted())

    def zoom_to(self, zoom: float, about: QPointF | None = None) -> None:
        """Zoom, keeping what lies under `about` (logical pixels; by default the middle) in its place."""
        if self.frame is not None:
            at = self._device(about)
            self._look(self._view.zoomed(zoom, at.x(), at.y()))

    def zoom_step(self, steps: int, about: QPointF | None = None) -> None:
        """To the next pixel-true zoom in or out."""
        if self.frame is not None:
            at = self._device(about)
            self._look(self._view.stepped(steps, at.x(), at.y()))

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by logical pixels; a fitted picture first gets the zoom that it has."""
        if self.frame is not None:
            ratio = self.devicePixelRatioF()
            self._look(self._view.panned(dx * ratio, dy * ratio))

    def _device(self, place: QPointF | None) -> QPointF:
        return (place if place is not None else QPointF(self.rect().center())) * self.devicePixelRatioF()

    def _look(self, view: Viewport) -> None:
        before, self._view = self._view, view
        self.update()
        if view.zoom != before.zoom:
            zoom = view.zoom
            self.zoom_changed.emit("Fit" if zoom is None else f"{zoom * 100:g}%")

    def _measure(self) -> None:
        """Take the size of the widget and of the screen's pixels into the view."""
        ratio = self.devicePixelRatioF()
        size = (round(self.width() * ratio), round(self.height() * ratio), round(MARGIN * ratio))
        if (self._view.width, self._view.height, self._view.margin) != size:
            self._view = self._view.resized(*size)

    def picture_rect(self) -> QRectF:
        """Where the picture lies, in logical pixels; empty without one."""
        if self.frame is None:
            return QRectF()
        self._measure()
        ratio = self.devicePixelRatioF()
        left, top, width, height = self._view.rect
        return QRectF(left / ratio, top / ratio, width / ratio, height / ratio)

    # -- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.frame is None:
            painter.fillRect(self.rect(), theme.color("background"))
            self._paint_empty(painter)
        else:
            painter.save()
            painter.scale(1 / self.devicePixelRatioF(), 1 / self.devicePixelRatioF())
            self._paint_picture(painter)
            painter.restore()
        if self._dragged_over:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("accent"), 2, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(8, 8, -8, -8), 8, 8)
        elif self.hasFocus() and self._ring:
            theme.draw_focus_ring(painter, self.rect().toRectF().adjusted(2, 2, -2, -2))
        painter.end()
        self._announce()

    def _paint_picture(self, painter: QPainter) -> None:
        self._measure()
        target = QRectF(*self._view.rect)
        self._fill_around(painter, target)
        if self.fitted and self._smooth:
            image = self._smoothed(round(target.width()), round(target.height()))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, image)
        elif self.zoom < 1 or not self.frame.exact:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, self._plain())
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(target, self._plain())
        if self.fitted:
            self._round_corners(painter, target)

    def _plain(self) -> QImage:
        if self._image is None:
            self._image = to_qimage(self.frame.pixels)
        return self._image

    def _smoothed(self, width: int, height: int) -> QImage:
        if self._smooth_cache is None or self._smooth_cache[0] != (width, height):
            self._smooth_cache = ((width, height), *live_image(self.frame.pixels, width, height))
        return self._smooth_cache[1]

    def _fill_around(self, painter: QPainter, target: QRectF) -> None:
        """Fill what the picture, which is drawn next, leaves free; in device pixels, also those that are half a one."""
        width, height = self._view.width + 1, self._view.height + 1
        inner = target.adjusted(1, 1, -1, -1)  # so that no seam stays where a place is between two pixels
        left, top, right, bottom = inner.left(), inner.top(), inner.right(), inner.bottom()
        for free in (
            QRectF(0, 0, width, top),
            QRectF(0, bottom, width, height - bottom),
            QRectF(0, top, left, bottom - top),
            QRectF(right, top, width - right, bottom - top),
        ):
            if not free.isEmpty():
                painter.fillRect(free, theme.color("background"))

    def _round_corners(self, painter: QPainter, target: QRectF) -> None:
        """Cover the corners with the background: a clip would leave jagged edges."""
        radius = 4 * self.devicePixelRatioF()
        cover = QPainterPath()
        cover.lineTo(radius, 0)
        cover.arcTo(QRectF(0, 0, 2 * radius, 2 * radius), 90, 90)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        corners = (target.topLeft(), target.topRight(), target.bottomRight(), target.bottomLeft())
        for quarters, corner in enumerate(corners):
            painter.save()
            painter.translate(corner)
            painter.rotate(90 * quarters)
            painter.fillPath(cover, theme.color("background"))
            painter.restore()

    def _paint_empty(self, painter: QPainter) -> None:
        middle = self.rect().center()
        theme.draw_icon(painter, QRect(middle.x() - 24, middle.y() - 48, 48, 48), "image-outline", "muted")
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.text_font())
        box = self.rect().adjusted(24, middle.y() + 12, -24, 0)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, self.empty_text
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        self._place_overlays()

    def _place_overlays(self) -> None:
        width = min(640, self.width() - 32)
        height = max(44, self.message.heightForWidth(width))
        self.message.setGeometry((self.width() - width) // 2, 12, width, height)
        size = self.hint.fitted(self.width() - 32)
        left, top = (self.width() - size.width()) // 2, self.height() - size.height() - MARGIN - 16
        self.hint.setGeometry(left, top, size.width(), size.height())

    def show_message(self, text: str, kind: Any = "error", action: str = "", act: Any = None) -> None:
        """Say something in a bar over the picture, see MessageBar.show_message."""
        self.message.show_message(text, kind, action, act)
        self._place_overlays()

    # -- tools ----------------------------------------------------------------------------------------------------

    @property
    def tool(self) -> Tool:
        """What the left button does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left button does: "latent" moves on the seed plane, "pan" moves the picture."""
        self._tool = tool
        self._show_tool()

    def _show_tool(self) -> None:
        panning = self._tool == "pan" or self._space
        if self._drag == "pan":
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self.setCursor(Qt.CursorShape.OpenHandCursor if panning else Qt.CursorShape.SizeAllCursor)
        self.setToolTip("" if self.frame is not None else self.empty_text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        button = event.button()
        if self.frame is None or self._drag is not None:
            return
        if button == Qt.MouseButton.MiddleButton or (
            button == Qt.MouseButton.LeftButton and (self._space or self._tool == "pan")
        ):
            self._drag = "pan"
            self._space_used = self._space
        elif button == Qt.MouseButton.LeftButton:
            self._drag = "latent"
            self.plane_began.emit()
        self._last = event.position()
        self._show_tool()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moved = event.position() - self._last
        self._last = event.position()
        if self._drag == "pan":
            self.pan(moved.x(), moved.y())
        elif self._drag == "latent":
            scale = SEEDS_PER_FONT / theme.TEXT_PX
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                scale *= FINE
            self.plane_dragged.emit(moved.x() * scale, moved.y() * scale)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is None or event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton):
            return
        was, self._drag = self._drag, None
        self._show_tool()
        if was == "latent":
            self.plane_ended.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._turned += event.angleDelta().y() / 120
        whole = int(self._turned)
        if whole:
            self._turned -= whole
            self.zoom_step(whole, event.position())
        event.accept()

    # -- keys -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in ARROWS and self.frame is not None:
            if not self._keys_down:
                self._keys_down = True
                self.plane_began.emit()
            step = KEY_STEP * (FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            right, down = ARROWS[key]
            self.plane_dragged.emit(right * step, down * step)
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space, self._space_used = True, False
                self._show_tool()
        elif key == Qt.Key.Key_R and not event.modifiers():
            self.key_command.emit("randomise")
        elif key == Qt.Key.Key_K and not event.modifiers():
            self.key_command.emit("keep")
        elif key == Qt.Key.Key_Home:
            self.key_command.emit("zero")
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_step(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom_step(-1)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space and self._space:
            self._space = False
            self._show_tool()
            if not self._space_used:
                self.key_command.emit("play")
        elif Qt.Key(event.key()) in ARROWS:
            self._end_keys()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        self._end_keys()
        self._show_tool()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        # The ring is for the keyboard: a ring around the picture after each click would only be in the way.
        self._ring = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def _end_keys(self) -> None:
        if self._keys_down:
            self._keys_down = False
            self.plane_ended.emit()

    # -- drops ----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            self._dragged_over = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event) -> None:
        self._dragged_over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._dragged_over = False
        self.update()
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths[0])

    def sizeHint(self) -> QSize:
        return QSize(640, 560)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 200)
