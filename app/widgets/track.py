"""The track of a timeline: keyframes as pictures at their frames, a playhead, and a curve of how much changes."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QApplication, QWidget

from app import theme
from app.widgets.image import thumbnail
from app.widgets.recipe_mime import from_mime
from ganviz.recipe import Recipe

SIDE = 44
MARGIN = SIDE / 2 + 8
CURVE = 18
"""Height of the curve below the keyframes."""


class Track(QWidget):
    """Shows keyframes along a line of frames.

    Signals
    scrub_began(), scrubbed(frame), scrub_ended()    the playhead is dragged, or stepped by the arrow keys
    chosen(index)          a keyframe was clicked or reached by Tab-like keys ([ and ])
    moved(index, frame)    a keyframe was dragged to another frame
    removed(index)         Delete was pressed on the chosen keyframe
    dropped(recipes, frame)    pictures were dropped there
    menu_wanted(index, place)  the context menu of a keyframe
    """

    scrub_began = Signal()
    scrubbed = Signal(int)
    scrub_ended = Signal()
    chosen = Signal(int)
    moved = Signal(int, int)
    removed = Signal(int)
    dropped = Signal(object, int)
    menu_wanted = Signal(int, object)

    def __init__(self, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self._empty = empty
        self._keyframes: list[tuple[Recipe, float]] = []
        self._recipes: set[Recipe] = set()
        self._frames, self._playhead, self._selected = 60, 0, -1
        self._explicit = False
        self._curve: list[tuple[float, float, bool]] = []
        self._pixels: dict[Recipe, np.ndarray] = {}
        self._pixmaps: dict[Recipe, QPixmap] = {}
        self._pressed: tuple[QPointF, int] | None = None
        self._dragged: tuple[int, int] | None = None  # keyframe and the frame that it is over
        self._scrubbing = False

    # -- contents -------------------------------------------------------------------------------------------------

    def set_track(self, keyframes: Sequence[tuple[Recipe, float]], frames: int, explicit: bool) -> None:
        """Show (recipe, frame) pairs on a walk of `frames`; `explicit`: they were placed by hand."""
        self._keyframes, self._frames, self._explicit = list(keyframes), frames, explicit
        self._recipes = recipes = {recipe for recipe, _ in keyframes}
        self._pixels = {recipe: pixels for recipe, pixels in self._pixels.items() if recipe in recipes}
        self._pixmaps = {recipe: pixmap for recipe, pixmap in self._pixmaps.items() if recipe in recipes}
        self._selected = min(self._selected, len(self._keyframes) - 1)
        self.update()

    def missing(self) -> list[Recipe]:
        """Recipes whose pictures are not here yet."""
        return [recipe for recipe, _ in self._keyframes if recipe not in self._pixels]

    def set_picture(self, recipe: Recipe, pixels: np.ndarray) -> None:
        """The picture of a keyframe, uint8 (H, W, C); nothing where it is that of something else."""
        if recipe in self._recipes:
            self._pixels[recipe] = pixels
            self._pixmaps.pop(recipe, None)
            self.update()

    def set_curve(self, curve: Sequence[tuple[float, float, bool]]) -> None:
        """The curve as (frame, height 0 to 1, whether it is a jump)."""
        self._curve = list(curve)
        self.update()

    @property
    def curve(self) -> list[tuple[float, float, bool]]:
        return list(self._curve)

    @property
    def playhead(self) -> int:
        """The frame that the playhead is on."""
        return self._playhead

    def set_playhead(self, frame: int) -> None:
        """Put the playhead on a frame; no signal."""
        if frame != self._playhead:
            self._playhead = frame
            self.update()

    @property
    def selected(self) -> int:
        """The chosen keyframe, -1 for none."""
        return self._selected

    def select(self, index: int) -> None:
        """Choose a keyframe; no signal."""
        self._selected = index
        self.update()

    # -- where things are -----------------------------------------------------------------------------------------

    def x_of(self, frame: float) -> float:
        """Where a frame is, in pixels from the left."""
        return MARGIN + frame / max(1, self._frames - 1) * (self.width() - 2 * MARGIN)

    def frame_at(self, x: float) -> int:
        """The frame nearest to a place."""
        share = (x - MARGIN) / max(1.0, self.width() - 2 * MARGIN)
        return round(min(1.0, max(0.0, share)) * (self._frames - 1))

    def box_of(self, index: int) -> QRectF:
        """Where a keyframe's picture is."""
        frame = self._keyframes[index][1]
        if self._dragged is not None and self._dragged[0] == index:
            frame = self._dragged[1]
        return QRectF(self.x_of(frame) - SIDE / 2, 4, SIDE, SIDE)

    def index_at(self, point: QPointF) -> int:
        """The keyframe under a point, the topmost one, -1 for none."""
        for index in reversed(range(len(self._keyframes))):
            if self.box_of(index).contains(point):
                return index
        return -1

    # -- hands ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._keyframes:
            return
        index = self.index_at(event.position())
        self._pressed = (event.position(), index)
        if index < 0:
            self._scrubbing = True
            self.scrub_began.emit()
            self._scrub(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            index = self.index_at(event.position())
            self.setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor)
            self.setToolTip(self._tip(index))
            return
        start, index = self._pressed
        if self._scrubbing:
            self._scrub(self.frame_at(event.position().x()))
        elif abs(event.position().x() - start.x()) > QApplication.startDragDistance() or self._dragged is not None:
            self._dragged = (index, self.frame_at(event.position().x()))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        dragged, self._dragged = self._dragged, None
        if self._scrubbing:
            self._scrubbing = False
            self.scrub_ended.emit()
        elif dragged is not None:
            if dragged[1] != self._keyframes[dragged[0]][1]:
                self.moved.emit(*dragged)
        elif pressed is not None and pressed[1] >= 0:
            self._choose(pressed[1])
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self._selected if keyboard else self.index_at(QPointF(event.pos()))
        if index >= 0:
            self._choose(index)
            self.menu_wanted.emit(index, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, far = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key, 0) * (10 if far else 1)
        if not self._keyframes:
            super().keyPressEvent(event)
        elif step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            if self._selected >= 0:
                frame = round(self._keyframes[self._selected][1]) + step
                self.moved.emit(self._selected, min(self._frames - 1, max(0, frame)))
        elif step:
            self.scrub_began.emit()
            self._scrub(min(self._frames - 1, max(0, self._playhead + step)))
            self.scrub_ended.emit()
        elif key == Qt.Key.Key_BracketRight:
            self._choose(min(self._selected + 1, len(self._keyframes) - 1))
        elif key == Qt.Key.Key_BracketLeft:
            self._choose(max(self._selected - 1, 0))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._selected >= 0:
            self.removed.emit(self._selected)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event) -> None:
        if from_mime(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    dragMoveEvent = dragEnterEvent

    def dropEvent(self, event) -> None:
        recipes = from_mime(event.mimeData())
        if recipes:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.dropped.emit(recipes, self.frame_at(event.position().x()))

    def _scrub(self, frame: int) -> None:
        self.set_playhead(frame)
        self.scrubbed.emit(frame)

    def _choose(self, index: int) -> None:
        self._selected = index
        self.update()
        self.chosen.emit(index)

    def _tip(self, index: int) -> str:
        if index < 0:
            return "Click or drag to go there" if self._keyframes else ""
        return f"Frame {self._keyframes[index][1]:g}; drag to move it, right click for its speed"

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(400, SIDE + CURVE + 12)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, SIDE + CURVE + 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._keyframes:
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.text_font())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
        else:
            self._paint_line(painter)
            self._paint_curve(painter)
            for index in range(len(self._keyframes)):
                self._paint_keyframe(painter, index)
            x = self.x_of(self._playhead)
            painter.setPen(QPen(theme.color("text"), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - 2))
        if self.hasFocus():
            theme.draw_focus_ring(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), 6)
        painter.end()

    def _paint_line(self, painter: QPainter) -> None:
        y = 4 + SIDE / 2
        painter.setPen(QPen(theme.color("line"), 2))
        painter.drawLine(QPointF(self.x_of(0), y), QPointF(self.x_of(self._frames - 1), y))
        if self._explicit:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawLine(QPointF(self.x_of(0), y), QPointF(self.x_of(self._playhead), y))

    def _paint_keyframe(self, painter: QPainter, index: int) -> None:
        recipe, box = self._keyframes[index][0], self.box_of(index)
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get(recipe)
        if recipe in self._pixels and (pixmap is None or pixmap.devicePixelRatio() != ratio):
            pixmap = self._pixmaps[recipe] = thumbnail(self._pixels[recipe], SIDE, ratio, 6)
        if pixmap is not None:
            painter.drawPixmap(box.topLeft(), pixmap)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("card"))
            painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.SolidLine if self._explicit else Qt.PenStyle.DotLine
        painter.setPen(QPen(theme.color("accent" if index == self._selected else "muted"), 2, style))
        painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 7, 7)

    def _paint_curve(self, painter: QPainter) -> None:
        if len(self._curve) < 2:
            return
        bottom = self.height() - 3.0
        points = [QPointF(self.x_of(frame), bottom - value * CURVE) for frame, value, _ in self._curve]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("warning"), 1.5))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("danger"))
        for point, (_, _, jump) in zip(points, self._curve, strict=True):
            if jump:
                painter.drawEllipse(point, 3, 3)
