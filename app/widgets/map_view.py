"""A map of points on screen: zoom and pan, pictures or dots, click one, select some by a box, draw a path."""

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from app import theme
from app.widgets.image import thumbnail
from app.widgets.map_marks import draw_dots, draw_hover, draw_path, draw_ring, draw_way
from app.widgets.map_plane import MapPlane, nearest_ahead
from app.widgets.point_cloud import stamp
from ganviz.latent_map import LatentMap

RADIUS = 3.0
HOVER = 96
NEAR = 14
"""A point is under the mouse when it is this near, in pixels."""
SETTLE_MS = 120
STEP = 1.25
KEPT = 1500
"""Pictures that are remembered."""


class MapView(QWidget):
    """Shows a LatentMap. `tool` is what dragging does: "move", "select" or "path"; Shift and drag always selects.

    Signals
    chosen(int)             a point was clicked, or Enter pressed on it
    selection_changed()     by a box, or Space
    path_drawn(list)        corners (x, y) of a path in the plane
    needed(list)            points in view whose pictures are missing, in place of those asked for before
    hovered(int)            the point under the mouse, -1 for none
    """

    chosen = Signal(int)
    selection_changed = Signal()
    path_drawn = Signal(list)
    needed = Signal(list)
    hovered = Signal(int)

    def __init__(self, name: str, label: str, empty: str) -> None:
        """`empty` is what it says while there is no map."""
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 160)
        self._empty = empty
        self.made: LatentMap | None = None
        self.tool = "move"
        self.pictures = True
        self.selected: frozenset[int] = frozenset()
        self.way: tuple[int, ...] = ()
        self.current = self.cursor_point = self.hover = -1
        self._colours: np.ndarray | None = None
        self.plane = MapPlane()
        self._pixels: dict[int, np.ndarray] = {}
        self._pixmaps: dict[tuple[int, int], QPixmap] = {}
        self._dots: tuple[object, QImage] | None = None
        self._pressed: QPoint | None = None
        self._dragging = ""
        self._box = QRect()
        self._path: list[tuple[float, float]] = []
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._ask)

    # -- contents -------------------------------------------------------------------------------------------------

    def set_map(self, made: LatentMap | None) -> None:
        """Show another map, all of it."""
        if made is self.made:
            return
        other = made is None or self.made is None or made != self.made
        self.made = made
        if other:
            self._pixels.clear()
            self._pixmaps.clear()
            self.way, self.cursor_point, self.hover = (), -1, -1
            self.select(())
            self.fit()

    def set_colours(self, colours: np.ndarray | None) -> None:
        """The colours of the points, uint8 (N, 3), or None for one colour."""
        self._colours = colours
        self._dots = None
        self.update()

    def set_current(self, place: int) -> None:
        """Mark the point of the present picture, -1 for none."""
        if place != self.current:
            self.current = place
            self.update()

    def set_pictures(self, pictures: bool) -> None:
        """Pictures that stand for their surroundings, or dots."""
        self.pictures = pictures
        self._look_again()

    def set_tool(self, tool: str) -> None:
        """What dragging does."""
        self.tool = tool
        self.setCursor(Qt.CursorShape.ArrowCursor if tool == "move" else Qt.CursorShape.CrossCursor)

    def set_picture(self, place: int, pixels: np.ndarray) -> None:
        """The picture of a point, uint8 (H, W, C)."""
        while len(self._pixels) >= KEPT:
            oldest = next(iter(self._pixels))
            del self._pixels[oldest]
            self._pixmaps = {key: pixmap for key, pixmap in self._pixmaps.items() if key[0] != oldest}
        self._pixels[place] = pixels
        self.update()

    def select(self, places: Iterable[int]) -> None:
        """Select these points and no others."""
        chosen = frozenset(places)
        if chosen != self.selected:
            self.selected = chosen
            self._dots = None
            self.update()
            self.selection_changed.emit()

    def show_way(self, places: Sequence[int]) -> None:
        """Mark the points of a walk, in their order; none takes the path away."""
        self.way = tuple(places)
        self._path = []
        self.update()

    def complete(self) -> bool:
        """Whether all that is in view is drawn."""
        return self.made is None or (not self._settle.isActive() and not self._missing())

    # -- the plane ------------------------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole map."""
        self.plane.fitted = True
        self._look_again()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge about a place of the widget, its middle by default."""
        at = at or QPointF(self.width() / 2, self.height() / 2)
        self.plane.zoom_by(factor, at.x(), at.y())
        self._look_again()

    def point_at(self, point: QPointF) -> int:
        """The point of the map under a point of the widget, -1 for none."""
        if self.made is None:
            return -1
        if self.pictures:
            return self.plane.cell_at(point.x(), point.y())
        place = self.made.nearest(*map(float, self.plane.at(point.x(), point.y())))
        away = np.linalg.norm(self.plane.on_screen(self.made.points[place]) - (point.x(), point.y()))
        return place if away <= NEAR else -1

    def where(self, place: int) -> QPointF:
        """Where a point is on screen."""
        assert self.made is not None
        return QPointF(*self.plane.place_of(place, self.made.points))

    def _look_again(self) -> None:
        """What is in view has changed."""
        self._dots = None
        self.plane.width, self.plane.height = self.width(), self.height()
        points = self.made.points if self.made is not None else np.zeros((0, 2))
        if self.plane.fitted:
            self.plane.fit(points, self.pictures)
        self.plane.choose(points if self.pictures else np.zeros((0, 2)))
        self._settle.start()
        self.update()

    def _missing(self) -> list[int]:
        """Points in view whose pictures are not here, those in the middle first."""
        away = np.square(self.plane.middles - self.plane.middle).sum(axis=1)
        order = (int(self.plane.chosen[k]) for k in np.argsort(away))
        return [place for place in order if place not in self._pixels]

    def _ask(self) -> None:
        missing = self._missing()
        if self.isVisible() and missing:
            self.needed.emit(missing[:KEPT])

    # -- hands ----------------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() / 120
        if self.made is not None and turn:
            self.zoom_by(STEP**turn, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        left = event.button() == Qt.MouseButton.LeftButton
        if self.made is None or not (left or event.button() == Qt.MouseButton.MiddleButton):
            event.ignore()
            return
        self._pressed, self._dragging = event.position().toPoint(), ""
        self._grip = self.plane.at(event.position().x(), event.position().y())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._what = "move" if not left else "select" if shift else self.tool
        self._adding = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._hover_over(self.point_at(event.position()))
            return
        point = event.position()
        far = (point.toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if not self._dragging and far:
            self._dragging = self._what
            self._hover_over(-1)
            if self._what == "path":
                self.way, self._path = (), [(float(self._grip[0]), float(self._grip[1]))]
        if self._dragging == "move":
            self.plane.drag(self._grip, point.x(), point.y())
            self._look_again()
        elif self._dragging == "select":
            self._box = QRect(self._pressed, point.toPoint()).normalized()
            self.update()
        elif self._dragging == "path":
            x, y = self.plane.at(point.x(), point.y())
            self._path.append((float(x), float(y)))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        dragged, self._dragging = self._dragging, ""
        if pressed is None or self.made is None:
            return
        if dragged == "select":
            left, top = self.plane.at(self._box.left(), self._box.top())
            right, bottom = self.plane.at(self._box.right(), self._box.bottom())
            self._box = QRect()
            found = self.made.within(float(left), float(bottom), float(right), float(top))
            self.select({*self.selected, *found} if self._adding else found)
            self.update()
        elif dragged == "path":
            self.path_drawn.emit(list(self._path))
        elif not dragged and event.button() == Qt.MouseButton.LeftButton:
            place = self.point_at(event.position())
            if place >= 0 and self._adding:
                self.select(self.selected ^ {place})
            elif place >= 0:
                self.cursor_point = place
                self.chosen.emit(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover_over(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, steps = (
            Qt.Key(event.key()),
            {
                Qt.Key.Key_Left: (-1, 0),
                Qt.Key.Key_Right: (1, 0),
                Qt.Key.Key_Up: (0, 1),
                Qt.Key.Key_Down: (0, -1),
            },
        )
        if self.made is None:
            super().keyPressEvent(event)
        elif key in steps:
            self._step(np.array(steps[key], float))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom_by(1 / STEP if key == Qt.Key.Key_Minus else STEP)
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.cursor_point >= 0:
            self.chosen.emit(self.cursor_point)
        elif key == Qt.Key.Key_Space and self.cursor_point >= 0:
            self.select(self.selected ^ {self.cursor_point})
        elif key == Qt.Key.Key_Escape and (self.selected or self.way):
            self.select(())
            self.show_way(())
        else:
            super().keyPressEvent(event)

    def _step(self, way: np.ndarray) -> None:
        """Take the keyboard to the nearest point that lies this way, within 45 degrees."""
        assert self.made is not None
        shown = self.plane.chosen if len(self.plane.chosen) else np.arange(len(self.made.points))
        start = self.plane.middle if self.cursor_point < 0 else self.made.points[self.cursor_point]
        nearest = nearest_ahead(self.made.points[shown], start, way)
        if nearest >= 0:
            self.cursor_point = int(shown[nearest])
            if not self.rect().adjusted(24, 24, -24, -24).contains(self.where(self.cursor_point).toPoint()):
                self.plane.centre(self.made.points[self.cursor_point])
                self._look_again()
            self.setAccessibleDescription(f"seed {self.made.seed(self.cursor_point)}")
            self.hovered.emit(self.cursor_point)
            self.update()

    def _hover_over(self, place: int) -> None:
        if place != self.hover:
            self.hover = place
            self.hovered.emit(place)
            self.update()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._look_again()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_again()

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    # -- looks ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.made is None:
            theme.draw_empty(painter, QRectF(self.rect()).adjusted(48, 16, -48, -16), self._empty)
            painter.end()
            return
        if self.pictures:
            self._paint_pictures(painter)
            unseen = sorted(self.selected.difference(map(int, self.plane.chosen)))
            draw_dots(painter, self.plane.on_screen(self.made.points[unseen]))
        else:
            painter.drawImage(QPointF(0, 0), self._dots_image())
        if self.way:
            draw_way(painter, [self.where(place) for place in self.way])
        elif len(self._path) > 1:
            draw_path(painter, [QPointF(*map(float, self.plane.on_screen(np.array(at)))) for at in self._path])
        if self.current >= 0 and not (self.pictures and self.current in self.plane.chosen):
            draw_ring(painter, self.where(self.current), 9.0, "accent")
        if self.cursor_point >= 0 and self.hasFocus():
            draw_ring(painter, self.where(self.cursor_point), 12.0, "text")
        if not self._box.isNull():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(theme.color("accent", 0.12))
            painter.drawRect(self._box)
        if self.hover >= 0 and not self.pictures:
            draw_ring(painter, self.where(self.hover), RADIUS + 3, "text")
            caption = f"seed {self.made.seed(self.hover)}"
            draw_hover(painter, self.size(), self.where(self.hover), self._pixmap(self.hover, HOVER), HOVER, caption)
        painter.end()

    def _dots_image(self) -> QImage:
        """All points as dots; drawn anew when the view, the colours or the theme have changed."""
        assert self.made is not None
        ratio = self.devicePixelRatioF()
        key = (theme.tokens().name, ratio, self.size())
        if self._dots is None or self._dots[0] != key:
            colours = self._point_colours()
            radius = RADIUS * min(2.0, max(1.0, self.plane.zoom**0.3)) * ratio
            width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
            pixels = stamp(self.plane.on_screen(self.made.points) * ratio, colours, radius, width, height)
            image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
            image.setDevicePixelRatio(ratio)
            self._dots = (key, image)
        return self._dots[1]

    def _point_colours(self) -> np.ndarray:
        """uint8 (N, 3); points that are not selected, while some are, fade towards the background."""
        assert self.made is not None
        colours = self._colours
        if colours is None or len(colours) != len(self.made.points):
            colours = np.tile(np.array(_rgb("accent"), np.uint8), (len(self.made.points), 1))
        if not self.selected:
            return colours
        faded: np.ndarray = (0.25 * colours + 0.75 * np.array(_rgb("background"))).astype(np.uint8)
        chosen = sorted(self.selected)
        faded[chosen] = colours[chosen]
        return faded

    def _paint_pictures(self, painter: QPainter) -> None:
        """A picture in each cell, framed in its point's colour where there are colours."""
        side, colours = self.plane.side(), self._colours
        for place, (x, y) in zip(self.plane.chosen, self.plane.on_screen(self.plane.middles), strict=True):
            box = QRectF(x - side / 2, y - side / 2, side, side)
            pixmap = self._pixmap(int(place), side)
            painter.setOpacity(1.0 if not self.selected or place in self.selected else 0.3)
            if pixmap is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("card"))
                painter.drawRoundedRect(box, 4, 4)
            else:
                painter.drawPixmap(box.topLeft(), pixmap)
            if colours is not None and len(colours) > place:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(*map(int, colours[place])), 2))
                painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 4, 4)
            painter.setOpacity(1.0)
            if place in (self.hover, self.current) or place in self.selected:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.color("text" if place == self.hover else "accent"), 2))
                painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 5, 5)

    def _pixmap(self, place: int, side: int) -> QPixmap | None:
        if place not in self._pixels:
            return None
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get((place, side))
        if pixmap is None or pixmap.devicePixelRatio() != ratio:
            if len(self._pixmaps) > 2 * KEPT:
                self._pixmaps.clear()
            pixmap = self._pixmaps[place, side] = thumbnail(self._pixels[place], side, ratio, 4)
        return pixmap


def _rgb(token: str) -> tuple[int, int, int]:
    """A colour of the theme as numbers."""
    colour = theme.color(token)
    return colour.red(), colour.green(), colour.blue()
