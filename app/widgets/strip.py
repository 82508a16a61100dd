"""A horizontal strip of thumbnails: history, gallery, trays."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app import theme
from app.widgets.image import thumbnail
from app.widgets.recipe_mime import to_mime
from ganviz.recipe import Recipe

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Item:
    """One thumbnail. `key` tells it apart and names its picture; items with equal keys share one picture."""

    key: Hashable
    caption: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class ItemAction:
    """An entry of the context menu; `name` comes back by `action_triggered(name, index)`."""

    name: str
    text: str
    icon: str = ""
    shortcut: str = ""


class _Items(QAbstractListModel):
    """The items, and the pictures by key."""

    def __init__(self) -> None:
        super().__init__()
        self.items: tuple[Item, ...] = ()
        self.movable = False

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.items[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return item.caption or item.tip
        return item.tip or item.caption if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self.movable:
            flags |= Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsDropEnabled
        return flags

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Pictures that stand for recipes can be dropped wherever recipes are taken."""
        recipes = [key for index in indexes if isinstance(key := self.items[index.row()].key, Recipe)]
        return to_mime(recipes, super().mimeData(indexes))

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def replace(self, items: tuple[Item, ...]) -> None:
        """Take new items, touching only what lies between the equal head and the equal tail."""
        old = self.items
        head = 0
        while head < min(len(old), len(items)) and old[head] == items[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(items)) - head and old[-1 - tail] == items[-1 - tail]:
            tail += 1
        gone, new = len(old) - head - tail, len(items) - head - tail
        if gone:
            self.beginRemoveRows(QModelIndex(), head, head + gone - 1)
            self.items = old[:head] + old[head + gone :]
            self.endRemoveRows()
        if new:
            self.beginInsertRows(QModelIndex(), head, head + new - 1)
            self.items = items
            self.endInsertRows()
        self.items = items


class _Painter(QStyledItemDelegate):
    """Draws a thumbnail with its frame and caption; notes which pictures are missing."""

    def __init__(self, strip: "Strip") -> None:
        super().__init__(strip)
        self._strip = strip

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        strip = self._strip
        return QSize(strip.side + 12, strip.side + 12 + (16 if strip.captions else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        strip = self._strip
        item = strip.items()[index.row()]
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        box = QRectF(rect.x() + 6, rect.y() + 6, strip.side, strip.side)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pixmap = strip.picture(item.key)
        if pixmap is not None:
            painter.drawPixmap(box.topLeft(), pixmap)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("card"))
            painter.drawRoundedRect(box, 6, 6)
        current = index.row() == strip.current()
        hover = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent" if current else "muted" if hover else "line"), 2))
        painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 7, 7)
        if state & QStyle.StateFlag.State_HasFocus and strip.hasFocus():
            theme.draw_focus_ring(painter, box.adjusted(-5, -5, 5, 5), 9)
        if strip.captions and item.caption:
            painter.setPen(theme.color("text" if current else "muted"))
            painter.setFont(theme.caption_font(tabular=True))
            line = QRectF(rect.x() + 2, box.bottom() + 4, rect.width() - 4, 14)
            text = painter.fontMetrics().elidedText(item.caption, Qt.TextElideMode.ElideRight, int(line.width()))
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()


class Strip(QListView):
    """Thumbnails in a row.

    Signals
    activated_at(int)             a click or Enter on the item of this index
    needed(list)                  keys of all visible items that have no picture, in place of what was asked for
                                  before; answer with `set_picture`
    moved(int, int)               an item was dragged from one index to stand at another; only if `movable`
    removed(int)                  Delete was pressed on an item; only if `removable`
    action_triggered(str, int)    an entry of the context menu was chosen for an item
    """

    activated_at = Signal(int)
    needed = Signal(list)
    moved = Signal(int, int)
    removed = Signal(int)
    action_triggered = Signal(str, int)

    def __init__(
        self,
        name: str,
        label: str,
        empty: str,
        parent: QWidget | None = None,
        *,
        side: int = 56,
        rows: int = 1,
        captions: bool = False,
        movable: bool = False,
        removable: bool = False,
        actions: Sequence[ItemAction] = (),
    ) -> None:
        """`empty` is what the strip says while it has no items; with more than one of `rows` it wraps."""
        super().__init__(parent)
        self.side, self.captions, self._rows = side, captions, rows
        self._empty, self._removable, self._actions = empty, removable, tuple(actions)
        self._current = -1
        self._pixels: dict[Hashable, np.ndarray] = {}
        self._pixmaps: dict[Hashable, QPixmap] = {}
        self._asked: set[Hashable] = set()
        self._missing: list[Hashable] = []
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        self._items = _Items()
        self._keys: set[Hashable] = set()  # of the items
        self._items.movable = movable
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip("")
        self.setModel(self._items)
        self.setItemDelegate(_Painter(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(rows > 1)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSpacing(0)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(off if rows == 1 else needed)
        self.setHorizontalScrollBarPolicy(needed if rows == 1 else off)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        if movable:
            # What is dragged is what is selected; the selection itself is not shown.
            self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
            self.setDragEnabled(True)
            self.setAcceptDrops(True)
            self.setDropIndicatorShown(True)
            self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.clicked.connect(lambda index: self.activated_at.emit(index.row()))

    # -- items ----------------------------------------------------------------------------------------------------

    def items(self) -> tuple[Item, ...]:
        """What is on the strip."""
        return self._items.items

    def set_items(self, items: Sequence[Item], current: int = -1) -> None:
        """Show these items and mark one; pictures of keys that are gone are dropped."""
        items = tuple(items)
        if items != self._items.items:
            self._items.replace(items)
            self._keys = {item.key for item in items}
            for kept in (self._pixels, self._pixmaps):
                for key in kept.keys() - self._keys:
                    del kept[key]
            self._asked &= self._keys
        if current != self._current:
            self._current = current
            self.viewport().update()
            if 0 <= current < len(items):
                index = self._items.index(current)
                self.setCurrentIndex(index)
                self.scrollTo(index)
        self._asking.start()

    def current(self) -> int:
        """Index of the marked item, -1 for none."""
        return self._current

    def set_picture(self, key: Hashable, pixels: np.ndarray) -> None:
        """The picture of all items with this key, uint8 (H, W, C); nothing where there are none."""
        if key in self._keys:
            self._pixels[key] = pixels
            self._pixmaps.pop(key, None)
            self._asked.discard(key)
            self.viewport().update()

    def picture(self, key: Hashable) -> QPixmap | None:
        """The thumbnail to draw for a key, if it is here."""
        if key not in self._pixels:
            return None
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get(key)
        if pixmap is None or pixmap.devicePixelRatio() != ratio:
            pixmap = self._pixmaps[key] = thumbnail(self._pixels[key], self.side, ratio, 6)
        return pixmap

    def pictures(self) -> set[Hashable]:
        """Keys whose pictures are here."""
        return set(self._pixels)

    def ask_again(self) -> None:
        """Forget what was asked for: the one who was asked has dropped it."""
        self._asked.clear()
        self._asking.start()

    def visible_indices(self) -> range:
        """The items that are in view."""
        if not self.items():
            return range(0)
        if self._rows > 1:
            return range(len(self.items()))
        width = self.side + 12
        left = self.horizontalScrollBar().value()
        return range(max(0, left // width), min(len(self.items()), (left + self.viewport().width()) // width + 1))

    def _ask(self) -> None:
        if not self.isVisible():
            return
        wanted = (self.items()[k].key for k in self.visible_indices())
        missing = [k for k in dict.fromkeys(wanted) if k not in self._pixels]
        if not self._asked.issuperset(missing):
            self._asked = set(missing)
            self.needed.emit(missing)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._asking.start()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._asking.start()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._asking.start()

    # -- hands ----------------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._rows > 1:
            super().wheelEvent(event)
            return
        turn = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (turn.x() or turn.y()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated_at.emit(row)
        elif row >= 0 and self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(row)
        elif row >= 0 and self._items.movable and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            to = row + {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
            if to != row and 0 <= to < len(self.items()):
                self.moved.emit(row, to)
                self.setCurrentIndex(self._items.index(to))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if self._actions and index.isValid():
            self.menu_for(index.row()).popup(event.globalPos())

    def menu_for(self, row: int) -> QMenu:
        """The context menu of an item."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for entry in self._actions:
            action = menu.addAction(theme.icon(entry.icon), entry.text) if entry.icon else menu.addAction(entry.text)
            action.setObjectName(entry.name)
            action.triggered.connect(lambda _=False, name=entry.name: self.action_triggered.emit(name, row))
        return menu

    def drop_target(self, place: QPoint) -> int:
        """The index before which a drop at this place of the viewport puts an item."""
        x = place.x() + self.horizontalScrollBar().value()
        return min(len(self.items()), max(0, round(x / (self.side + 12))))

    def dropEvent(self, event: QDropEvent) -> None:
        # The list itself is changed by its owner, so the view must not move or remove rows.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.move_to(self.currentIndex().row(), self.drop_target(event.position().toPoint()))
        self.setState(QAbstractItemView.State.NoState)

    def move_to(self, row: int, before: int) -> None:
        """Ask for an item to be put before another; `moved` carries the index that it will have."""
        to = before - 1 if before > row else before
        if row >= 0 and to != row:
            self.moved.emit(row, to)

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        height = self.side + 12 + (16 if self.captions else 0)
        return QSize(320, self._rows * height + (12 if self._rows == 1 else 2))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.items():
            painter = QPainter(self.viewport())
            theme.draw_empty(painter, QRectF(self.viewport().rect()).adjusted(16, 0, -16, 0), self._empty)
            painter.end()
