"""Directions one below the other, each with what it does to the picture: a strip from -3 to +3 sigma."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from PySide6.QtCore import (
    QEvent,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListView,
    QToolTip,
    QWidget,
)

from app import theme
from app.widgets.buttons import plain_tip
from app.widgets.direction_rows import Head, Row, RowPainter, Rows
from app.widgets.image import thumbnail
from app.widgets.recipe_mime import to_mime
from ganviz.recipe import Recipe

TEXT, NARROW = 152, 108
"""Room for name and caption left of the pictures, and where the whole is not wide."""
HEAD = 18
"""Room for the sigmas above."""
GAP = 4
SMALLEST, LARGEST = 32, 72
EDGE = 6
SETTLE_MS = 150
"""Strips are drawn anew once the picture has been left alone this long; the old ones stay until then."""


class DirectionList(QListView):
    """Rows with strips. Click a picture to go there, drag it elsewhere; F2 or a double click on a name renames.

    Signals
    chosen(recipe)          a picture of a strip was clicked, or Enter pressed with the arrow keys on it
    renamed(int, str)       a row was given a new name
    removed()               Delete was pressed: the selected rows are to go
    selection_changed()     which rows are selected
    needed(list)            recipes of visible pictures that are not here, in place of those asked for before
    """

    chosen = Signal(object)
    renamed = Signal(int, str)
    removed = Signal()
    selection_changed = Signal()
    needed = Signal(list)

    def __init__(
        self,
        name: str,
        label: str,
        empty: str,
        recipes_of: Callable[[Hashable], tuple[Recipe, ...]],
        columns: int = 7,
        parent: QWidget | None = None,
    ) -> None:
        """`empty` is what it says while there are no rows; `recipes_of` makes the `columns` pictures of a strip."""
        super().__init__(parent)
        self._empty, self._recipes_of, self.columns = empty, recipes_of, columns
        self.headings: tuple[str, ...] = ()
        self._head = Head(self)
        self._side, self._text = 48, TEXT
        self._column = 3  # where the arrow keys are in a strip
        self._pressed: tuple[int, int, QPoint] | None = None
        self._shown: dict[tuple[int, int], np.ndarray] = {}  # what is on screen, of recipes that may be gone
        self._strips: dict[int, tuple[Recipe, ...]] = {}  # by row, of those that have been in view
        self._places: dict[Recipe, list[tuple[int, int]]] = {}  # of these
        self._pictures: dict[Recipe, np.ndarray] = {}
        self._pixmaps: dict[tuple[int, int], QPixmap] = {}
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        self._rows = Rows(self)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setModel(self._rows)
        self.setItemDelegate(RowPainter(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())

    # -- contents -------------------------------------------------------------------------------------------------

    def rows(self) -> tuple[Row, ...]:
        """What is listed."""
        return self._rows.rows

    def set_rows(self, rows: Sequence[Row], headings: Sequence[str] = ()) -> None:
        """List these; pictures that both have stay, others stay on screen until the new ones come."""
        rows = tuple(rows)
        self.headings = tuple(headings) if rows else ()
        self.setViewportMargins(0, HEAD if self.headings else 0, 0, 0)
        self._head.setVisible(bool(self.headings))
        if rows == self._rows.rows:
            return
        names = [row.name for row in self._rows.rows]
        if [row.name for row in rows] != names[: len(rows)]:
            self._shown.clear()
        self._strips, self._places = {}, {}
        self._rows.replace(rows)
        self._settle.start()

    def recipes(self, row: int) -> tuple[Recipe, ...]:
        """The pictures of a row's strip, from left to right."""
        if row not in self._strips:
            self._strips[row] = self._recipes_of(self._rows.rows[row].strip)
            for column, recipe in enumerate(self._strips[row]):
                self._places.setdefault(recipe, []).append((row, column))
        return self._strips[row]

    def selected(self) -> tuple[int, ...]:
        """The selected rows, in order."""
        return tuple(sorted(index.row() for index in self.selectionModel().selectedIndexes()))

    def set_picture(self, recipe: Recipe, pixels: np.ndarray) -> None:
        """The picture of a recipe, uint8 (H, W, C)."""
        if recipe in self._places and recipe not in self._pictures:
            self._pictures[recipe] = pixels
            for place in self._places[recipe]:
                self._show(place, pixels)
            self.viewport().update()

    def picture(self, row: int, column: int) -> np.ndarray | None:
        """The picture at a place, if it is here."""
        return self._pictures.get(self.recipes(row)[column])

    def complete(self) -> bool:
        """Whether every visible picture is here."""
        return not self._settle.isActive() and all(recipe in self._pictures for recipe in self._visible())

    def _show(self, place: tuple[int, int], pixels: np.ndarray) -> None:
        if self._shown.get(place) is not pixels:
            self._shown[place] = pixels
            self._pixmaps.pop(place, None)

    def _visible(self) -> list[Recipe]:
        """The recipes of the rows that are in view."""
        rows, height = self._rows.rows, self.row_height()
        top = self.verticalScrollBar().value()
        first, last = top // height, (top + self.viewport().height()) // height + 1
        return [recipe for row in range(max(0, first), min(last, len(rows))) for recipe in self.recipes(row)]

    def _ask(self) -> None:
        """The picture has been left alone: ask for the strips in view, and show those that are here."""
        if not self.isVisible():
            return
        wanted = dict.fromkeys(self._visible())
        self._pictures = {recipe: pixels for recipe, pixels in self._pictures.items() if recipe in self._places}
        for recipe, pixels in self._pictures.items():
            for place in self._places[recipe]:
                self._show(place, pixels)
        self.viewport().update()
        self.needed.emit([recipe for recipe in wanted if recipe not in self._pictures])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._settle.start()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._settle.start()

    def resizeEvent(self, event) -> None:
        self._text = TEXT if self.viewport().width() >= TEXT + self.columns * (48 + GAP) else NARROW
        side = (self.viewport().width() - self._text - 2 * EDGE) // self.columns - GAP
        side = max(SMALLEST, min(LARGEST, side))
        if side != self._side:
            self._side = side
            self._pixmaps.clear()
            self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)
        self._head.setGeometry(0, 0, self.width(), HEAD)
        self._settle.start()

    # -- where things are -----------------------------------------------------------------------------------------

    def row_height(self) -> int:
        """Height of a row in pixels."""
        return self._side + 2 * EDGE

    def text_width(self) -> int:
        """Room for the names in pixels."""
        return self._text

    def cell(self, row: int, column: int) -> QRect:
        """Where a picture is, in the viewport."""
        left, width = self.column_span(column)
        return QRect(left, self.visualRect(self._rows.index(row)).y() + EDGE, width, width)

    def column_span(self, column: int) -> tuple[int, int]:
        """Where a column begins, and how wide it is."""
        return self._text + column * (self._side + GAP), self._side

    def place_at(self, point: QPoint) -> tuple[int, int] | None:
        """Row and column of the picture under a point."""
        index = self.indexAt(point)
        if not index.isValid():
            return None
        column = (point.x() - self._text) // (self._side + GAP)
        if 0 <= column < self.columns:
            return index.row(), column
        return None

    # -- hands ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        place = self.place_at(point)
        if place is not None and event.button() == Qt.MouseButton.LeftButton and not event.modifiers():
            self._pressed, self._column = (*place, point), place[1]
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        row, column, start = self._pressed
        if (event.position().toPoint() - start).manhattanLength() > QApplication.startDragDistance():
            self._pressed = None
            self._drag(row, column)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        super().mouseReleaseEvent(event)
        if pressed is not None and self.place_at(event.position().toPoint()) == pressed[:2]:
            self.chosen.emit(self.recipes(pressed[0])[pressed[1]])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.position().x() < self._text:
            self.edit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.currentIndex().row(), event.key()
        if row >= 0 and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self._column = max(0, min(self.columns - 1, self._column + step))
            self.viewport().update()
        elif row >= 0 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.recipes(row)[self._column])
        elif row >= 0 and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def _drag(self, row: int, column: int) -> None:
        drag = QDrag(self)
        drag.setMimeData(to_mime((self.recipes(row)[column],)))
        pixels = self.picture(row, column)
        if pixels is not None:
            drag.setPixmap(thumbnail(pixels, 56, self.devicePixelRatioF(), 6))
        drag.exec(Qt.DropAction.CopyAction)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.indexAt(event.pos())
            tip = self._rows.rows[index.row()].tip if index.isValid() else ""
            QToolTip.showText(event.globalPos(), plain_tip(tip), self)
            return True
        return super().viewportEvent(event)

    # -- looks ----------------------------------------------------------------------------------------------------

    def paint_row(self, painter: QPainter, rect: QRect, r: int, selected: bool, focused: bool) -> None:
        """Draw a row; called by its delegate."""
        row = self._rows.rows[r]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0, 1, -2, -1), theme.RADIUS, theme.RADIUS)
        self._paint_text(painter, rect, row, selected)
        for column in range(self.columns):
            box = QRectF(self.cell(r, column))
            pixmap = self._pixmap((r, column))
            if pixmap is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("card"))
                painter.drawRoundedRect(box, 4, 4)
            else:
                painter.drawPixmap(box.topLeft(), pixmap)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if column == row.now:
                painter.setPen(QPen(theme.color("accent"), 2))
                painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 5, 5)
            if focused and column == self._column:
                theme.draw_focus_ring(painter, box.adjusted(-1, -1, 1, 1), 6)
        painter.restore()

    def _paint_text(self, painter: QPainter, rect: QRect, row: Row, selected: bool) -> None:
        middle = rect.center().y()
        name = QRect(rect.x() + 10, middle - 20, self._text - 20, 20)
        caption = QRect(rect.x() + 10, middle + 1, self._text - 20, 16)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.text_font(bold=True))
        painter.setPen(theme.color("text"))
        elide = Qt.TextElideMode.ElideRight
        painter.drawText(name, left, painter.fontMetrics().elidedText(row.name, elide, name.width()))
        painter.setFont(theme.caption_font(tabular=True))
        painter.setPen(theme.color("warning" if row.foreign else "selection_muted" if selected else "muted"))
        painter.drawText(caption, left, painter.fontMetrics().elidedText(row.caption, elide, caption.width()))

    def _pixmap(self, place: tuple[int, int]) -> QPixmap | None:
        if place not in self._shown:
            return None
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get(place)
        if pixmap is None or pixmap.devicePixelRatio() != ratio:
            pixmap = self._pixmaps[place] = thumbnail(self._shown[place], self._side, ratio, 4)
        return pixmap

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._rows.rows:
            painter = QPainter(self.viewport())
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.text_font())
            box = self.viewport().rect().adjusted(32, 16, -32, -16)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
            painter.end()

    def sizeHint(self) -> QSize:
        return QSize(TEXT + self.columns * (48 + GAP), 5 * self.row_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROW + self.columns * (SMALLEST + GAP) + 2 * EDGE, 2 * self.row_height())
