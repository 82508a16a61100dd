"""A strip of pictures that others can be dropped on: a tray."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView

from app import theme
from app.widgets.recipe_mime import from_mime
from app.widgets.strip import ItemAction, Strip


class Basket(Strip):
    """Takes recipes from the gallery, from sheets and from other baskets; its own can be dragged out and removed.

    `taken(tuple)` carries the recipes that were dropped.
    """

    taken = Signal(tuple)

    def __init__(self, name: str, label: str, empty: str, *, side: int = 44) -> None:
        super().__init__(
            name,
            label,
            empty,
            side=side,
            movable=True,
            removable=True,
            actions=(
                ItemAction("show", "Show", "eye-outline"),
                ItemAction("remove", "Remove", "trash-can-outline"),
            ),
        )
        self._awaited = False  # something that it takes hangs over it
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDropIndicatorShown(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._await(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._await(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._awaited = False
        self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        recipes = from_mime(event.mimeData())
        self._awaited = False
        self.viewport().update()
        self.setState(QAbstractItemView.State.NoState)
        if recipes and event.source() is not self:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.taken.emit(recipes)
        else:
            event.ignore()

    def _await(self, event: QDragMoveEvent) -> None:
        if from_mime(event.mimeData()) and event.source() is not self:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._awaited = True
            self.viewport().update()
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("accent" if self._awaited else "outline"), 2 if self._awaited else 1)
        if not self._awaited:
            pen.setStyle(Qt.PenStyle.DashLine)
        if self._awaited or not self.items():
            painter.setPen(pen)
            painter.drawRoundedRect(QRectF(self.viewport().rect()).adjusted(1.5, 1.5, -1.5, -1.5), 6, 6)
        painter.end()
