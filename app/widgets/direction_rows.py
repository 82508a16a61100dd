"""What a list of directions is made of: its rows, who draws and renames them, and the heads of its columns."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app import theme

if TYPE_CHECKING:
    from app.widgets.direction_list import DirectionList

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Row:
    """One direction: what it is called, a caption under that, a tip, and whether it is of other weights.

    `strip` stands for its pictures, which are worked out when they come into view; `now` is the index of the one on
    screen, -1 for none.
    """

    name: str
    caption: str
    tip: str
    strip: Hashable
    now: int = -1
    foreign: bool = False


class Rows(QAbstractListModel):
    """The rows; a new name comes out by the list's signal rather than being taken here."""

    def __init__(self, owner: "DirectionList") -> None:
        super().__init__(owner)
        self.rows: tuple[Row, ...] = ()
        self._owner = owner

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.name}, {row.caption}"
        return row.name if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole) else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        name = " ".join(str(value).split())
        if name and name != self.rows[index.row()].name:
            self._owner.renamed.emit(index.row(), name)
        return True

    def replace(self, rows: tuple[Row, ...]) -> None:
        """Take new rows; where only what they show has changed, selection and scrolling stay."""
        if len(rows) == len(self.rows):
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()


class RowPainter(QStyledItemDelegate):
    """Draws a row, and edits its name in place."""

    def __init__(self, owner: "DirectionList") -> None:
        super().__init__(owner)
        self._owner = owner

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, self._owner.row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        focused = bool(state & QStyle.StateFlag.State_HasFocus) and self._owner.hasFocus()
        self._owner.paint_row(painter, option.rect, index.row(), selected, focused)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName(f"{self._owner.objectName()}-name")
        editor.setAccessibleName("New name")
        editor.setMaxLength(80)
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect
        editor.setGeometry(rect.x() + 2, rect.y() + (rect.height() - 28) // 2, self._owner.text_width() - 6, 28)


class Head(QWidget):
    """The sigmas above the columns."""

    def __init__(self, owner: "DirectionList") -> None:
        super().__init__(owner)
        self._owner = owner

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.caption_font(tabular=True))
        painter.setPen(theme.color("muted"))
        for column, text in enumerate(self._owner.headings):
            left, width = self._owner.column_span(column)
            box = QRectF(left, 0, width, self.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
