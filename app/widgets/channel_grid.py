"""All feature maps of a layer, small: click one to see it, select several to change them."""

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app import theme
from app.widgets.image import to_qimage

GAP, LINE = 4, 14
SIDE, LARGEST = 52, 128
"""The least and the largest side of a tile in pixels."""
KEYS = {
    Qt.Key.Key_A: "ablate",
    Qt.Key.Key_B: "boost",
    Qt.Key.Key_Delete: "restore",
    Qt.Key.Key_Backspace: "restore",
}


class ChannelGrid(QScrollArea):
    """Tiles uint8 (channels, h, w, 3) in an order, with a few words under each.

    Signals
    chosen(int)            a channel was clicked, or reached with the arrow keys
    selection_changed()    Ctrl or Shift and click, and Space, take more channels in or out
    command(str)           "ablate" (A, double click), "boost" (B) or "restore" (Delete) was asked for the selection
    """

    chosen = Signal(int)
    selection_changed = Signal()
    command = Signal(str)

    def __init__(self, name: str, label: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.cells = _Cells(self, name, label)
        self.setFocusProxy(self.cells)
        self.setWidget(self.cells)
        self.cells.setAutoFillBackground(False)  # which setWidget turned on
        self.setMinimumSize(160, SIDE + LINE + 3 * GAP)

    def show_tiles(self, tiles: np.ndarray | None) -> None:
        """Show other tiles; the selection stays where there are as many."""
        self.cells.show_tiles(tiles)

    def show_order(self, order: Sequence[int], words: Mapping[int, str]) -> None:
        """Put the channels in another order, with what is said under each."""
        self.cells.order, self.cells.words = tuple(order), dict(words)
        self.cells.update()

    def show_edits(self, edits: Mapping[int, str]) -> None:
        """Mark channels that are not as learnt, with what was done to each."""
        self.cells.edits = dict(edits)
        self.cells.update()

    def set_current(self, channels: Sequence[int]) -> None:
        """Mark the channels on show."""
        self.cells.current = tuple(channels)
        self.cells.update()

    def selected(self) -> tuple[int, ...]:
        """The channels that a command would change, in their order of number."""
        return tuple(sorted(self.cells.selected))

    def select(self, channels: Sequence[int]) -> None:
        """Select these channels."""
        self.cells.select(set(channels))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.cells.arrange()


class _Cells(QWidget):
    """The tiles themselves; places count them in the order on screen, channels are their numbers."""

    def __init__(self, area: ChannelGrid, name: str, label: str) -> None:
        super().__init__()
        self._area = area
        self.setObjectName(f"{name}-cells")
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._tiles: np.ndarray | None = None
        self._images: dict[int, QImage] = {}
        self.order: tuple[int, ...] = ()
        self.words: dict[int, str] = {}
        self.edits: dict[int, str] = {}
        self.current: tuple[int, ...] = ()
        self.selected: set[int] = {0}
        self._cursor = 0
        self._hover = -1
        self._columns = 1
        self._side = SIDE

    def show_tiles(self, tiles: np.ndarray | None) -> None:
        before, count = len(self.order), 0 if tiles is None else len(tiles)
        self._tiles = tiles
        self._images.clear()
        if count != before:
            self.order, self.words = tuple(range(count)), {}
            self._cursor = 0
            self.select({0} if count else set())
        self.arrange()

    def select(self, channels: set[int]) -> None:
        if channels != self.selected:
            self.selected = set(channels)
            self._tell()
            self.update()
            self._area.selection_changed.emit()

    def _tell(self) -> None:
        said = f"channel {self.order[self._cursor]}" if self.order else "no channels"
        self.setAccessibleDescription(f"{said}, {len(self.selected)} selected")

    # -- where things are -----------------------------------------------------------------------------------------

    def arrange(self) -> None:
        """The largest tiles with which all can be seen, or the smallest with a bar to scroll by."""
        room = self._area.viewport().size()
        fewest, most = (max(1, (room.width() - GAP) // (side + GAP)) for side in (LARGEST, SIDE))
        for self._columns in range(fewest, most + 1):
            self._side = min(LARGEST, (room.width() - GAP) // self._columns - GAP)
            rows = -(-len(self.order) // self._columns)
            height = rows * (self._side + LINE + GAP) + GAP
            if height <= room.height():
                break
        self.resize(room.width(), max(room.height(), height))
        self.update()

    def cell_rect(self, place: int) -> QRect:
        row, column = divmod(place, self._columns)
        step = self._side + GAP
        return QRect(GAP + column * step, GAP + row * (step + LINE), self._side, self._side)

    def place_at(self, point: QPoint) -> int:
        """The place under a point, -1 for none."""
        step = self._side + GAP
        column, row = (point.x() - GAP // 2) // step, (point.y() - GAP // 2) // (step + LINE)
        place = row * self._columns + column
        return place if 0 <= column < self._columns and 0 <= place < len(self.order) else -1

    # -- hands ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if place < 0 or event.button() != Qt.MouseButton.LeftButton:
            return
        modifiers = event.modifiers()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            low, high = sorted((self._cursor, place))
            self.select(self.selected | set(self.order[low : high + 1]))
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            self.select(self.selected ^ {self.order[place]})
        else:
            self.select({self.order[place]})
        self._go(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.place_at(event.position().toPoint()) >= 0 and not event.modifiers():
            self._area.command.emit("ablate")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hover = self.place_at(event.position().toPoint())
        if hover != self._hover:
            self._hover = hover
            self.setToolTip(self._tip(hover))
            self.update()

    def leaveEvent(self, event) -> None:
        self._hover = -1
        self.update()

    def _tip(self, place: int) -> str:
        if place < 0:
            return ""
        channel = self.order[place]
        said = [f"Channel {channel}", self.words.get(channel, ""), self.edits.get(channel, "")]
        return "\n".join(part for part in said if part)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }
        if key in steps and self.order:
            place = self._cursor + steps[key]
            if 0 <= place < len(self.order):
                if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                    self.select({self.order[place]})
                else:
                    self.select(self.selected | {self.order[place]})
                self._go(place)
        elif key == Qt.Key.Key_Space and self.order:
            self.select(self.selected ^ {self.order[self._cursor]})
        elif key in KEYS and not event.modifiers():
            self._area.command.emit(KEYS[key])
        else:
            super().keyPressEvent(event)

    def _go(self, place: int) -> None:
        self._cursor = place
        cell = self.cell_rect(place)
        self._area.ensureVisible(cell.center().x(), cell.center().y(), self._side, self._side)
        self._tell()
        self.update()
        self._area.chosen.emit(self.order[place])

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(480, 240)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._tiles is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, channel in enumerate(self.order):
            box = self.cell_rect(place)
            if event.rect().intersects(box.adjusted(-GAP, -GAP, GAP, LINE + GAP)):
                self._paint_tile(painter, place, channel, box)
        painter.end()

    def _paint_tile(self, painter: QPainter, place: int, channel: int, box: QRect) -> None:
        assert self._tiles is not None
        if channel not in self._images:
            self._images[channel] = to_qimage(self._tiles[channel])
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(box, self._images[channel])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        outline = QRectF(box).adjusted(-1, -1, 1, 1)
        if channel in self.selected:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(outline, 3, 3)
        elif place == self._hover:
            painter.setPen(QPen(theme.color("muted"), 2))
            painter.drawRoundedRect(outline, 3, 3)
        said = self.edits.get(channel) or self.words.get(channel) or str(channel)
        role = "accent_text" if channel in self.edits else "text" if channel in self.current else "muted"
        painter.setPen(theme.color(role))
        bold = channel in self.current or channel in self.edits
        painter.setFont(theme.caption_font(tabular=True, bold=bold))
        painter.drawText(box.adjusted(-2, self._side, 2, LINE), Qt.AlignmentFlag.AlignCenter, said)
        if place == self._cursor and self.hasFocus():
            theme.draw_focus_ring(painter, outline.adjusted(-2, -2, 2, 2), 5)
