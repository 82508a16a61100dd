"""The left column: models to open, by section, with a search field and the licence of the selected one."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.image import thumbnail

Index = QModelIndex | QPersistentModelIndex
THUMB = 38
ROW_HEIGHT = 56
SECTION_HEIGHT = 28


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model. `key` is what `activated` carries; `licence` shows below the list while the row is current.

    absent   whether it is not here yet but could be downloaded
    """

    key: Hashable
    section: str
    name: str
    caption: str = ""
    licence: str = ""
    tip: str = ""
    absent: bool = False


class _Rows(QAbstractListModel):
    """Section headings (text) and rows, flat."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[str | ModelRow] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if isinstance(entry, str):
            return entry if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.name}, {entry.caption}"
        return entry.tip or None if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if isinstance(self.entries[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def replace(self, entries: list[str | ModelRow]) -> None:
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()


class _Painter(QStyledItemDelegate):
    def __init__(self, browser: "ModelList") -> None:
        super().__init__(browser)
        self._browser = browser

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        heading = isinstance(self._browser.entry(index.row()), str)
        return QSize(120, SECTION_HEIGHT if heading else ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = self._browser.entry(index.row())
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(entry, str):
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.caption_font())
            painter.drawText(
                rect.adjusted(0, 0, 0, -4), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, entry.upper()
            )
        else:
            self._paint_row(painter, QRectF(rect).adjusted(0, 2, 0, -2), entry, option.state)
        painter.restore()

    def _paint_row(self, painter: QPainter, box: QRectF, row: ModelRow, state: QStyle.StateFlag) -> None:
        opened = row.key == self._browser.current()
        hover = bool(state & QStyle.StateFlag.State_MouseOver) or row.key == self._browser.marked()
        painter.setPen(Qt.PenStyle.NoPen)
        if opened or hover:
            painter.setBrush(theme.color("selection" if opened else "hover"))
            painter.drawRoundedRect(box, 8, 8)
        thumb = QRectF(box.x() + 7, round(box.center().y() - THUMB / 2), THUMB, THUMB)
        pixmap = self._browser.picture(row.key)
        if pixmap is not None:
            painter.drawPixmap(thumb.topLeft(), pixmap)
        else:
            painter.setBrush(theme.color("line"))
            painter.drawRoundedRect(thumb, 6, 6)
            icon = "tray-arrow-down" if row.absent else "cube-outline"
            theme.draw_icon(painter, thumb.adjusted(9, 9, -9, -9).toRect(), icon, "muted")
        left = thumb.right() + 10
        width = int(box.right() - left - 8)
        for text, font, role, top in (
            (row.name, theme.text_font(bold=opened), "text", box.y() + 7),
            (row.caption, theme.caption_font(), "selection_muted" if opened else "muted", box.y() + 27),
        ):
            painter.setFont(font)
            painter.setPen(theme.color(role))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
            painter.drawText(QRectF(left, top, width + 2, 18), Qt.AlignmentFlag.AlignVCenter, shown)
        if state & QStyle.StateFlag.State_HasFocus and self._browser.list.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 7, 7)


class _View(QListView):
    """A list that says when Enter was pressed, on every platform alike."""

    entered_key = Signal(QModelIndex)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.entered_key.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)


class ModelList(QWidget):
    """Models to open.

    Signals: `activated(object)` with the key of a row that was clicked or entered; `needed(list)` with keys whose
    thumbnails are missing.
    """

    activated = Signal(object)
    needed = Signal(list)

    def __init__(self, name: str = "model-browser", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Models")
        self._all: tuple[ModelRow, ...] = ()
        self._current: Hashable = None
        self._marked: Hashable = None
        self._pixels: dict[Hashable, np.ndarray] = {}
        self._pixmaps: dict[Hashable, QPixmap] = {}
        self._asked: set[Hashable] = set()
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        self.search = QLineEdit()
        self.search.setObjectName(f"{name}-search")
        self.search.setAccessibleName("Search models")
        self.search.setPlaceholderText("Search models, runs, files")
        self.search.setToolTip("Show only models whose name or description holds this text")
        self.search.textChanged.connect(self._filter)
        self._model = _Rows()
        self.list = _View()
        self.list.setObjectName(f"{name}-list")
        self.list.setAccessibleName("Models")
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Painter(self))
        self.list.setMouseTracking(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._chosen)
        self.list.entered_key.connect(self._chosen)
        self.info = QLabel()
        self.info.setObjectName(f"{name}-licence")
        self.info.setAccessibleName("Licence of the open model")
        self.info.setWordWrap(True)
        self.info.setFont(theme.caption_font())
        self.info.setProperty("tone", "muted")
        self.info.setTextFormat(Qt.TextFormat.PlainText)
        self.info.hide()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self.search)
        whole.addWidget(self.list, 1)
        whole.addWidget(self.info)
        self._nothing = QLabel()
        self._nothing.setWordWrap(True)
        self._nothing.setProperty("tone", "muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._nothing.hide()
        whole.insertWidget(1, self._nothing)

    def entry(self, index: int) -> str | ModelRow:
        """A section heading or a row, by its place in the list."""
        return self._model.entries[index]

    def rows(self) -> tuple[ModelRow, ...]:
        """All models, whatever the search."""
        return self._all

    def set_rows(self, rows: Sequence[ModelRow]) -> None:
        """Show these models; a section begins where the name of the section changes."""
        self._all = tuple(rows)
        keys = {row.key for row in rows}
        for kept in (self._pixels, self._pixmaps):
            for key in [key for key in kept if key not in keys]:
                del kept[key]
        self._asked &= keys
        self._filter(self.search.text())

    def current(self) -> Hashable:
        """Key of the open model."""
        return self._current

    def set_current(self, key: Hashable) -> None:
        """Mark the open model."""
        self._current = key
        self._show_licence()
        for place, entry in enumerate(self._model.entries):
            if isinstance(entry, ModelRow) and entry.key == key:
                self.list.setCurrentIndex(self._model.index(place))
        self.list.viewport().update()

    def _show_licence(self) -> None:
        """That of the open model, unless another is chosen, which has more to be said of."""
        licence = next((row.licence for row in self._all if row.key == self._current), "")
        self.info.setText(f"Licence: {licence}" if licence else "")
        self.info.setVisible(bool(licence) and self._marked is None)

    def marked(self) -> Hashable:
        """Key of the row that was chosen without being opened."""
        return self._marked

    def mark(self, key: Hashable) -> None:
        """Let a row stand out that was chosen without being opened; None for none."""
        self._marked = key
        self._show_licence()
        self.list.viewport().update()

    def set_picture(self, key: Hashable, pixels: np.ndarray) -> None:
        """The thumbnail of a model, uint8 (H, W, C)."""
        self._pixels[key] = pixels
        self._pixmaps.pop(key, None)
        self._asked.discard(key)
        self.list.viewport().update()

    def picture(self, key: Hashable) -> QPixmap | None:
        """The thumbnail to draw for a key, if it is here."""
        if key not in self._pixels:
            return None
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get(key)
        if pixmap is None or pixmap.devicePixelRatio() != ratio:
            pixmap = self._pixmaps[key] = thumbnail(self._pixels[key], THUMB, ratio, 6)
        return pixmap

    def pictures(self) -> set[Hashable]:
        """Keys whose thumbnails are here."""
        return set(self._pixels)

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        entries: list[str | ModelRow] = []
        for row in self._all:
            said = f"{row.name} {row.caption} {row.section} {row.licence}".casefold()
            if all(word in said for word in words):
                if not entries or row.section != entries[-1].section:  # type: ignore[union-attr]
                    entries.append(row.section)
                entries.append(row)
        self._model.replace(entries)
        self._nothing.setVisible(not entries)
        self._nothing.setText(
            f"Nothing is called “{text.strip()}”." if self._all else "No models yet. Open a checkpoint with Ctrl+O."
        )
        self.list.setVisible(bool(entries))
        self.set_current(self._current)
        self._asking.start()

    def _chosen(self, index: Index) -> None:
        if index.isValid():
            entry = self.entry(index.row())
            if isinstance(entry, ModelRow):
                self.activated.emit(entry.key)

    def _ask(self) -> None:
        missing = [row.key for row in self._all if not row.absent and row.key not in self._pixels]
        if not self._asked.issuperset(missing):
            self._asked = set(missing)
            self.needed.emit(missing)

    def sizeHint(self) -> QSize:
        return QSize(226, 400)
