"""The cells of a sheet that is on screen: where they are, what hands do to them, how they look."""

import re
from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.image import thumbnail
from app.widgets.recipe_mime import to_mime
from ganviz.recipe import Cell, Composite, Recipe, Sheet, describe, recipes_of

if TYPE_CHECKING:
    from app.widgets.sheet_view import SheetView

GAP = 4
SMALLEST, LARGEST = 40, 256
WAITING = 0.5
"""Opacity of the picture that stood at a place before, while its new one is drawn."""
SPARSEST = 3
"""Where columns are narrow, one in so many has its heading; what is longer still ends in dots."""
BAND, MARGIN = 20, 72
"""Room for column headings above the cells, and for row headings left of them."""


class SheetGrid(QWidget):
    """The cells themselves."""

    def __init__(
        self,
        view: "SheetView",
        document: Document,
        compute: Compute,
        name: str,
        label: str,
        empty: str,
        selectable: bool,
    ) -> None:
        super().__init__()
        self._view, self._document, self._compute, self._empty = view, document, compute, empty
        self._selectable = selectable
        self.picking = False
        self.setObjectName(f"{name}-cells")
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.sheet: Sheet | None = None
        self._wanted: set[Recipe] = set()  # what is on it
        self._channel = name
        self._current: Recipe | None = None
        self._cursor, self._hover = 0, -1
        self._selected: set[int] = set()
        self._pressed: QPoint | None = None
        self._side = self.smallest = SMALLEST
        self._pixels: dict[Recipe, np.ndarray] = {}
        self._failed: set[Recipe] = set()
        self._pixmaps: dict[Hashable, QPixmap] = {}
        self._before: dict[Hashable, QPixmap] = {}  # what stood at a place before, until its own picture is here
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        compute.thumbnail_ready.connect(self._thumbnail)
        compute.thumbnail_failed.connect(self._no_thumbnail)

    # -- contents -------------------------------------------------------------------------------------------------

    def set_sheet(self, sheet: Sheet | None) -> None:
        if sheet == self.sheet:
            return
        shapes = [(len(item.cells), item.columns) for item in (self.sheet, sheet) if item is not None]
        self._before = {**self._before, **self._pixmaps} if len(shapes) == 2 and shapes[0] == shapes[1] else {}
        self.sheet = sheet
        self._wanted = set() if sheet is None else set(sheet.recipes)
        self._pixels = {recipe: pixels for recipe, pixels in self._pixels.items() if recipe in self._wanted}
        self._failed &= self._wanted
        self._pixmaps.clear()
        if self._selected:
            self.select(set())
        count = 0 if sheet is None else len(sheet.cells)
        self._cursor = min(self._cursor, max(0, count - 1))
        self.arrange()
        self._asking.start()

    def set_current(self, recipe: Recipe | None) -> None:
        if recipe != self._current:
            self._current = recipe
            self.update()

    def select(self, places: set[int]) -> None:
        if places != self._selected:
            self._selected = set(places)
            self.update()
            self._view.selection_changed.emit()

    def selected(self) -> tuple[Recipe, ...]:
        if self.sheet is None:
            return ()
        cells = (self.sheet.cells[place] for place in sorted(self._selected))
        return tuple(cell for cell in cells if isinstance(cell, Recipe))

    def picked(self) -> tuple[Recipe, ...]:
        recipe = self._recipe(self._cursor)
        return self.selected() or (() if recipe is None else (recipe,))

    def complete(self) -> bool:
        return self.sheet is None or set(self.sheet.recipes) <= self._pixels.keys() | self._failed

    def pixels_of(self, cell: Cell) -> np.ndarray | None:
        if isinstance(cell, Composite):
            parts = [self._pixels.get(recipe) for recipe in cell.recipes]
            if any(part is None for part in parts):
                return None
            from ganviz.sheets import compose  # torch is here by now: it drew the parts

            return compose(cell, [part for part in parts if part is not None])
        return None if cell is None else self._pixels.get(cell)

    def _ask(self) -> None:
        if self.sheet is not None and self._view.isVisible():
            missing = [recipe for recipe in dict.fromkeys(self.sheet.recipes) if recipe not in self._pixels]
            self._compute.want_thumbnails(self._channel, missing)

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        if self.sheet is None or recipe not in self._wanted or recipe in self._pixels:
            return
        self._pixels[recipe] = pixels
        for place, cell in enumerate(self.sheet.cells):
            if recipe in recipes_of(cell):
                self._pixmaps.pop(place, None)
                self._before.pop(place, None)
                self.update(self.cell_rect(place))

    def _no_thumbnail(self, recipe: Recipe) -> None:
        self._failed.add(recipe)
        self.update()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._asking.start()

    # -- where things are -----------------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Take the size that lets all cells be seen, or the smallest with bars to scroll by."""
        room = self._view.viewport().size()
        if self.sheet is None:
            self.resize(room)
            self.update()
            return
        left, top = self._head()
        columns, rows = self.sheet.columns, self.sheet.rows
        fitting = min(
            (room.width() - left - GAP) // columns - GAP,
            (room.height() - top - GAP) // rows - GAP,
        )
        side = max(self.smallest, min(LARGEST, fitting))
        if side != self._side:
            self._side = side
            self._pixmaps.clear()
            self._before.clear()
        step = side + GAP
        self.resize(left + columns * step + GAP, top + rows * step + GAP)
        self.update()

    def _column_headings(self) -> tuple[str, ...]:
        assert self.sheet is not None
        single = self.sheet.headings if self.sheet.rows == 1 else ()  # those of several rows are in the tips
        return (self.sheet.column_headings or single)[: self.sheet.columns]

    def column_boxes(self, metrics: QFontMetrics) -> list[tuple[str, QRect]]:
        """The headings above the columns, each with its room; over narrow columns every second or third of them."""
        headings, step = self._column_headings(), self._side + GAP
        widest = max((metrics.horizontalAdvance(text) for text in headings), default=0)
        each = max(1, min(-(-(widest + GAP) // step), SPARSEST))
        room = each * step - GAP
        middles = [self.cell_rect(column).center().x() for column in range(len(headings))]
        boxes = [QRect(middle - room // 2, 0, room, BAND).intersected(self.rect()) for middle in middles]
        return list(zip(headings, boxes, strict=True))[::each]

    def _head(self) -> tuple[int, int]:
        assert self.sheet is not None
        above = bool(self._column_headings())
        return MARGIN if self.sheet.row_headings else 0, BAND if above else 0

    def cell_rect(self, place: int) -> QRect:
        assert self.sheet is not None
        left, top = self._head()
        row, column = divmod(place, self.sheet.columns)
        step = self._side + GAP
        return QRect(left + GAP + column * step, top + GAP + row * step, self._side, self._side)

    def place_at(self, point: QPoint) -> int:
        """The cell under a point, -1 for none."""
        if self.sheet is None:
            return -1
        left, top = self._head()
        step = self._side + GAP
        column, row = (point.x() - left - GAP // 2) // step, (point.y() - top - GAP // 2) // step
        place = row * self.sheet.columns + column
        inside = 0 <= column < self.sheet.columns and 0 <= row and place < len(self.sheet.cells)
        return place if inside and self.sheet.cells[place] is not None else -1

    # -- hands ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if place >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._cursor = event.position().toPoint(), place
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._pressed is not None and (point - self._pressed).manhattanLength() > QApplication.startDragDistance():
            self._drag(self.place_at(self._pressed))
            self._pressed = None
            return
        hover = self.place_at(point)
        if hover != self._hover:
            self._hover = hover
            self.setToolTip(self._tip(hover))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        place = self.place_at(event.position().toPoint())
        if pressed is None or place < 0 or place != self.place_at(pressed):
            return
        several = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if self.picking or (self._selectable and event.modifiers() & several):
            self._toggle(place)
        else:
            self._choose(place)

    def leaveEvent(self, event) -> None:
        self._hover = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        columns = 1 if self.sheet is None else self.sheet.columns
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        if self.sheet is not None and key in steps:
            place = self._cursor + steps[key]
            if 0 <= place < len(self.sheet.cells):
                self._cursor = place
                cell = self.cell_rect(place)
                self._view.ensureVisible(cell.center().x(), cell.center().y(), cell.width(), cell.height())
                self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._cursor)
        elif key == Qt.Key.Key_Space and self._selectable:
            self._toggle(self._cursor)
        elif key == Qt.Key.Key_Space:
            self._choose(self._cursor)
        elif key == Qt.Key.Key_K and self._recipe(self._cursor) is not None:
            self._view.kept.emit(self._recipe(self._cursor))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = self._cursor if event.reason() == QContextMenuEvent.Reason.Keyboard else self.place_at(event.pos())
        if self._recipe(place) is not None:
            self.menu_for(place).popup(event.globalPos())

    def menu_for(self, place: int) -> QMenu:
        """The context menu of a cell."""
        recipe = self._recipe(place)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = menu.addAction(theme.icon("eye-outline"), "Show")
        show.triggered.connect(lambda: self._view.chosen.emit(recipe))
        keep = menu.addAction(theme.icon("bookmark-plus-outline"), "Keep in the gallery")
        keep.triggered.connect(lambda: self._view.kept.emit(recipe))
        compare = menu.addAction(theme.icon("compare"), "Compare with the picture")
        compare.triggered.connect(lambda: self._compare(place))
        return menu

    def _compare(self, place: int) -> None:
        recipe = self._recipe(place)
        if recipe is not None:
            self._document.compare_with(recipe)

    def _recipe(self, place: int) -> Recipe | None:
        if self.sheet is None or not 0 <= place < len(self.sheet.cells):
            return None
        cell = self.sheet.cells[place]
        return cell if isinstance(cell, Recipe) else None

    def _choose(self, place: int) -> None:
        recipe = self._recipe(place)
        if recipe is not None:
            self._view.chosen.emit(recipe)

    def _toggle(self, place: int) -> None:
        if self._recipe(place) is not None:
            self.select(self._selected ^ {place})

    def _drag(self, place: int) -> None:
        recipe = self._recipe(place)
        if recipe is None:
            return
        several = self.selected() if place in self._selected else ()
        drag = QDrag(self)
        drag.setMimeData(to_mime(several or (recipe,)))
        pixels = self._pixels.get(recipe)
        if pixels is not None:
            drag.setPixmap(thumbnail(pixels, 56, self.devicePixelRatioF(), 6))
        drag.exec(Qt.DropAction.CopyAction)

    def _tip(self, place: int) -> str:
        recipe = self._recipe(place)
        if recipe is None:
            return ""
        names = self._document.header_of(recipe.model).card.class_names if self._document.knows(recipe.model) else ()
        return describe(recipe, names)

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.sheet is None:
            theme.draw_empty(painter, QRectF(self.rect()).adjusted(32, 16, -32, -16), self._empty)
            painter.end()
            return
        self._paint_headings(painter)
        for place, cell in enumerate(self.sheet.cells):
            box = self.cell_rect(place)
            if cell is not None and event.rect().intersects(box.adjusted(-GAP, -GAP, GAP, GAP)):
                self._paint_cell(painter, place, cell, QRectF(box))
        painter.end()

    def _paint_cell(self, painter: QPainter, place: int, cell: Cell, box: QRectF) -> None:
        pixmap = self._pixmap(place, cell)
        if pixmap is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("card"))
            painter.drawRoundedRect(box, 4, 4)
        if pixmap is None and place in self._before and not self._failed.intersection(recipes_of(cell)):
            painter.setOpacity(WAITING)
            painter.drawPixmap(box.topLeft(), self._before[place])
            painter.setOpacity(1.0)
        elif pixmap is not None:
            painter.drawPixmap(box.topLeft(), pixmap)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if place in self._selected or (cell == self._current and cell is not None):
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 5, 5)
        elif place == self._hover:
            painter.setPen(QPen(theme.color("muted"), 2))
            painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 5, 5)
        if place in self._selected:
            badge = QRect(round(box.right()) - 20, round(box.top()) + 4, 16, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(badge)
            theme.draw_icon(painter, badge.adjusted(2, 2, -2, -2), "check-bold", "on_accent")
        if place == self._cursor and self.hasFocus():
            theme.draw_focus_ring(painter, box.adjusted(-2, -2, 2, 2), 6)

    def _pixmap(self, place: int, cell: Cell) -> QPixmap | None:
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get(place)
        if pixmap is None or pixmap.devicePixelRatio() != ratio:
            pixels = self.pixels_of(cell)
            if pixels is None:
                return None
            pixmap = self._pixmaps[place] = thumbnail(pixels, self._side, ratio, 4)
        return pixmap

    def _paint_headings(self, painter: QPainter) -> None:
        assert self.sheet is not None
        sheet, (left, _) = self.sheet, self._head()
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.caption_font(tabular=True))
        metrics = painter.fontMetrics()

        def write(text: str, box: QRect, side: Qt.AlignmentFlag) -> None:
            text = re.sub(r"(?<!\w)-(?=\d)", "−", text)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, text)

        for text, box in self.column_boxes(metrics):
            write(text, box, Qt.AlignmentFlag.AlignHCenter)
        for row, text in enumerate(sheet.row_headings[: sheet.rows]):
            cell = self.cell_rect(row * sheet.columns)
            write(text, QRect(0, cell.top(), left - GAP, cell.height()), Qt.AlignmentFlag.AlignRight)
