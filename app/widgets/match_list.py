"""Samples with the training images nearest to them, a row each, and what that says."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.widgets.image import thumbnail

SIDE, GAP, PAD = 56, 6, 6
LEAST_WORDS = 150
"""Pixels that the words keep; neighbours for which there is then no room are left out."""
Picture = tuple[np.ndarray, Sequence[np.ndarray]]


class MatchList(QListWidget):
    """`chosen(row)` where one is clicked or reached with the arrow keys."""

    chosen = Signal(int)

    def __init__(self, name: str, label: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip(tip)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Delegate(self))
        self.pictures: list[Picture] = []
        self._drawn: dict[tuple[int, int, float], QPixmap] = {}
        self.currentRowChanged.connect(self._changed)

    def show_rows(self, rows: Sequence[tuple[Picture, str, str, str]]) -> None:
        """Show ((sample, neighbours), heading, its tone, reason) for each; nothing is chosen."""
        self.blockSignals(True)
        self.clear()
        self._drawn.clear()
        self.pictures = [row[0] for row in rows]
        for _, heading, tone, reason in rows:
            item = QListWidgetItem(f"{heading}: {reason}")
            item.setData(Qt.ItemDataRole.UserRole, (heading, tone, reason))
            item.setToolTip(f"{heading}\n{reason}\nClick to look at the sample")
            self.addItem(item)
        self.setCurrentRow(-1)
        self.blockSignals(False)

    def pixmap(self, row: int, place: int, ratio: float) -> QPixmap:
        """The sample's picture (place 0) or a neighbour's, for the screen."""
        key = (row, place, ratio)
        if key not in self._drawn:
            sample, neighbours = self.pictures[row]
            self._drawn[key] = thumbnail(sample if place == 0 else neighbours[place - 1], SIDE, ratio, 4)
        return self._drawn[key]

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 2 * (SIDE + 2 * PAD))

    def _changed(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)


class _Delegate(QStyledItemDelegate):
    def __init__(self, view: MatchList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(320, SIDE + 2 * PAD)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        view, box = self._view, QRectF(option.rect).adjusted(0, 1, -2, -1)
        heading, tone, reason = index.data(Qt.ItemDataRole.UserRole)
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection" if selected else "hover"))
            painter.drawRoundedRect(box, 6, 6)
        ratio = view.devicePixelRatioF()
        top, across = int(box.top()) + PAD - 1, box.left() + PAD
        painter.drawPixmap(int(across), top, view.pixmap(index.row(), 0, ratio))
        across += SIDE + 3 * GAP
        painter.setPen(theme.color("line"))
        painter.drawLine(int(across - 1.5 * GAP), top + 4, int(across - 1.5 * GAP), top + SIDE - 4)
        for place in range(len(view.pictures[index.row()][1])):
            if across + SIDE > box.right() - LEAST_WORDS and place:
                break
            painter.drawPixmap(int(across), top, view.pixmap(index.row(), place + 1, ratio))
            across += SIDE + GAP
        words = QRectF(across + GAP, top, box.right() - across - GAP - PAD, SIDE)
        painter.setFont(theme.text_font(bold=True))
        painter.setPen(theme.color(tone))
        title = painter.fontMetrics().elidedText(heading, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, title)
        painter.setFont(theme.caption_font(tabular=True))
        painter.setPen(theme.color("selection_muted" if selected else "muted"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(words.adjusted(0, 18, 0, 0), flags, reason)
        if selected and view.hasFocus():
            theme.draw_focus_ring(painter, box)
        painter.restore()
