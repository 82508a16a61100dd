"""The seed plane: a pad of neighbouring seeds as thumbnails, with a ring where the latent is."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.image import thumbnail

COLUMNS, ROWS = 5, 3
SEED_LIMIT = 1 << 32
PLANE_ROW = 100
"""Seeds between a row and the next."""
THUMB = 30
RING = 8
"""Radius of the ring."""
SNAP = 0.28
"""A click this near to a seed, in cells, means that very seed."""
KEY_STEP, KEY_FINE = 0.1, 0.01
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class SeedPlane(QWidget):
    """Five by three neighbours of a seed; the ring moves between them, and dragging moves the ring.

    Signals
    point_changed(right, down)   where the ring went, in seeds right of and below the middle one
    began, ended                 around each drag and each run of keys; while one lasts, the pad stays where it is
    needed(list)                 all seeds whose thumbnails are missing, the nearest first, in place of what was
                                 asked for before
    """

    point_changed = Signal(float, float)
    began = Signal()
    ended = Signal()
    needed = Signal(list)

    def __init__(self, name: str = "seed-plane", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Seed plane")
        self.setToolTip("Neighbouring seeds: click one, or drag between them. Arrow keys move, Shift is fine.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._seed = 0
        self._point = QPointF()
        self._pressed = False
        self._moved = False
        self._in_gesture = False
        self._after: tuple[int, float, float] | None = None  # what the document said during a gesture
        self._pixels: dict[int, np.ndarray] = {}
        self._pixmaps: dict[int, QPixmap] = {}
        self._stale: set[int] = set()
        self._asked: set[int] = set()
        self._failed: set[int] = set()  # seeds that cannot be drawn; asked for again only after `invalidate`
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)

    # -- what is shown --------------------------------------------------------------------------------------------

    @property
    def seed(self) -> int:
        """The seed in the middle."""
        return self._seed

    @property
    def point(self) -> tuple[float, float]:
        """Where the ring is, in seeds right of and below the middle."""
        return self._point.x(), self._point.y()

    def set_point(self, seed: int, right: float, down: float) -> None:
        """Follow the document. While a gesture lasts the middle stays, so that nothing jumps under the hand."""
        if self._in_gesture:
            self._after = (seed, right, down)
            return
        if seed != self._seed:
            self._seed = seed
            self._forget_far()
            self._asking.start()
        elif self._point == QPointF(right, down):
            return  # a slider moved, or the hand has put it there: the pad is as it was
        self._point = QPointF(right, down)
        self._describe()
        self.update()

    def _describe(self) -> None:
        right, down = self._point.x(), self._point.y()
        self.setAccessibleDescription(f"seed {self._seed}, {right:.2f} to the right, {down:.2f} down")

    def seeds(self) -> list[int]:
        """The seeds on the pad, row by row."""
        return [
            (self._seed + column + PLANE_ROW * row) % SEED_LIMIT
            for row in range(-(ROWS // 2), ROWS // 2 + 1)
            for column in range(-(COLUMNS // 2), COLUMNS // 2 + 1)
        ]

    def set_thumbnail(self, seed: int, pixels: np.ndarray) -> None:
        """The picture of a seed, uint8 (H, W, C)."""
        self._pixels[seed] = pixels
        self._pixmaps.pop(seed, None)
        self._stale.discard(seed)
        self._asked.discard(seed)
        self._failed.discard(seed)
        self.update()

    def set_failed(self, seed: int) -> None:
        """There will be no picture of this seed: it keeps its placeholder."""
        self._failed.add(seed)
        self._asked.discard(seed)

    def invalidate(self) -> None:
        """Ask again for all thumbnails; the old ones stay until then."""
        self._stale.update(self._pixels)
        self._asked.clear()
        self._failed.clear()
        self._asking.start()

    def clear(self) -> None:
        """Drop all thumbnails: they belong to another model."""
        for kept in (self._pixels, self._pixmaps, self._stale, self._asked, self._failed):
            kept.clear()
        self._asking.start()
        self.update()

    def complete(self) -> bool:
        """Whether every thumbnail is there and up to date, or is known to fail."""
        return not self._missing()

    def _missing(self) -> list[int]:
        return [
            seed
            for seed in self.seeds()
            if seed not in self._failed and (seed not in self._pixels or seed in self._stale)
        ]

    def _forget_far(self) -> None:
        """Keep what is on the pad and no more, so that a long walk does not fill the memory."""
        near = set(self.seeds())
        for seed in [seed for seed in self._pixels if seed not in near]:
            del self._pixels[seed]
            self._pixmaps.pop(seed, None)
            self._stale.discard(seed)
        self._asked &= near
        self._failed &= near

    def _ask(self) -> None:
        if not self.isVisible():
            return
        middle = len(self.seeds()) // 2

        def distance(place: int) -> tuple[int, int]:
            return abs(place // COLUMNS - middle // COLUMNS), abs(place % COLUMNS - middle % COLUMNS)

        nearest = sorted(range(COLUMNS * ROWS), key=lambda place: (sum(distance(place)), place))
        seeds = self.seeds()
        wanted = set(self._missing())
        missing = [seeds[place] for place in nearest if seeds[place] in wanted]
        if not self._asked.issuperset(missing):
            self._asked = set(missing)
            self.needed.emit(missing)

    def showEvent(self, event) -> None:
        self._asking.start()

    # -- geometry -------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(290, 122)

    def minimumSizeHint(self) -> QSize:
        return QSize(190, 122)

    def _cell(self) -> tuple[float, float]:
        return (self.width() - 8) / COLUMNS, (self.height() - 8) / ROWS

    def _place(self, right: float, down: float) -> QPointF:
        """The place in the widget of a point of the plane."""
        width, height = self._cell()
        return QPointF(self.width() / 2 + right * width, self.height() / 2 + down * height)

    def _point_at(self, place: QPointF) -> QPointF:
        width, height = self._cell()
        right = (place.x() - self.width() / 2) / width
        down = (place.y() - self.height() / 2) / height
        return QPointF(round(self._held(right, COLUMNS / 2), 2), round(self._held(down, ROWS / 2), 2))

    @staticmethod
    def _held(value: float, limit: float) -> float:
        return min(limit, max(-limit, value))

    # -- gestures -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._in_gesture:
            self._in_gesture = True
            self.began.emit()

    def _end(self) -> None:
        if self._in_gesture and not self._pressed:
            self._in_gesture = False
            self.ended.emit()
            if self._after is not None:
                after, self._after = self._after, None
                self.set_point(*after)

    def _move(self, point: QPointF) -> None:
        if point != self._point:
            self._point = point
            self._describe()
            self.update()
            self.point_changed.emit(point.x(), point.y())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._moved = True, False
            self._begin()
            point = self._point_at(event.position())
            whole = QPointF(round(point.x()), round(point.y()))
            near = abs(point.x() - whole.x()) < SNAP and abs(point.y() - whole.y()) < SNAP
            self._move(whole if near else point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed:
            self._move(self._point_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._pressed:
            self._pressed = False
            self._end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key not in ARROWS:
            super().keyPressEvent(event)
            return
        self._begin()
        right, down = ARROWS[key]
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            step = 1.0
        else:
            step = KEY_FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else KEY_STEP
        self._move(QPointF(round(self._point.x() + right * step, 6), round(self._point.y() + down * step, 6)))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self._end()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._end()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    # -- looks ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QPen(theme.color("outline"), 1))
        painter.setBrush(theme.color("background"))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        self._paint_thumbnails(painter)
        self._paint_ring(painter)
        if self.hasFocus():
            theme.draw_focus_ring(painter, self.rect().toRectF())
        painter.end()

    def _paint_thumbnails(self, painter: QPainter) -> None:
        ratio = self.devicePixelRatioF()
        for place, seed in enumerate(self.seeds()):
            middle = self._place(place % COLUMNS - COLUMNS // 2, place // COLUMNS - ROWS // 2)
            box = QRectF(round(middle.x() - THUMB / 2), round(middle.y() - THUMB / 2), THUMB, THUMB)
            if seed not in self._pixels:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("line"))
                painter.drawRoundedRect(box, 4, 4)
                continue
            pixmap = self._pixmaps.get(seed)
            if pixmap is None or pixmap.devicePixelRatio() != ratio:
                pixmap = self._pixmaps[seed] = thumbnail(self._pixels[seed], THUMB, ratio)
            painter.drawPixmap(box.topLeft(), pixmap)

    def _paint_ring(self, painter: QPainter) -> None:
        edge = RING + 2
        at = self._place(self._point.x(), self._point.y())
        at = QPointF(min(self.width() - edge, max(edge, at.x())), min(self.height() - edge, max(edge, at.y())))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # A dark ring under the bright one, so that it is seen on any picture.
        painter.setPen(QPen(theme.color("background", 0.6), 4))
        painter.drawEllipse(at, RING, RING)
        painter.setPen(QPen(theme.color("accent"), 2.2))
        painter.drawEllipse(at, RING, RING)
