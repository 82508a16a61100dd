"""The layers of a generator, one below the other, from the first to the last."""

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from ganviz.spec import Layer, Spec

ROW = 42


class LayerList(QListWidget):
    """Rows of name, channels and what else a layer does. `chosen(int)`: another one was gone to by hand."""

    chosen = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("Layers")
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._spec: Spec | None = None
        self.edits: dict[int, int] = {}
        self.setItemDelegate(_Painter(self))
        self.currentRowChanged.connect(self._row_changed)

    def _row_changed(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)

    def set_spec(self, spec: Spec) -> None:
        """List the layers of a model."""
        if spec is self._spec:
            return
        self._spec = spec
        self.blockSignals(True)
        self.clear()
        for k, layer in enumerate(spec.layers):
            item = QListWidgetItem(layer.name)
            item.setToolTip(
                f"Layer {k}: {layer.channels} channels of {layer.resolution} x {layer.resolution}"
                + (f", style inputs {', '.join(map(str, layer.ws))}" if layer.ws and spec.has_mapping else "")
                + (", adds noise" if layer.noise else "")
                + (", an image can be taken after it" if layer.rgb else "")
            )
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{layer.name}, {caption_of(layer)}")
            self.addItem(item)
        self.blockSignals(False)

    def show_layer(self, row: int, edits: Mapping[int, int]) -> None:
        """Mark a layer, and how many units are edited in each; no signal."""
        self.edits = dict(edits)
        if row != self.currentRow():
            self.blockSignals(True)
            self.setCurrentRow(row)
            self.blockSignals(False)
        self.viewport().update()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What is listed."""
        return () if self._spec is None else self._spec.layers


def caption_of(layer: Layer) -> str:
    """What a row says below the layer's name."""
    return f"{layer.channels} channels" + (" · noise" if layer.noise else "")


class _Painter(QStyledItemDelegate):
    def __init__(self, owner: LayerList) -> None:
        super().__init__(owner)
        self._list = owner

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        layer = self._list.layers[index.row()]
        current = index.row() == self._list.currentRow()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        box = QRectF(rect).adjusted(0, 1, 0, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if current or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection" if current else "hover"))
            painter.drawRoundedRect(box, 6, 6)
        edited = self._list.edits.get(index.row(), 0)
        for text, font, role, top in (
            (layer.name, theme.text_font(bold=current), "text", 4),
            (caption_of(layer), theme.caption_font(), "selection_muted" if current else "muted", 21),
        ):
            painter.setFont(font)
            painter.setPen(theme.color(role))
            room = rect.width() - 16 - (24 if edited and top == 4 else 0)
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(box.x() + 8, box.y() + top, room, 16), Qt.AlignmentFlag.AlignVCenter, shown)
        if edited:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            badge = QRectF(box.right() - 28, box.y() + 4, 22, 16)
            painter.drawRoundedRect(badge, 8, 8)
            painter.setPen(theme.color("on_accent"))
            painter.setFont(theme.caption_font(bold=True))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(edited))
        if state & QStyle.StateFlag.State_HasFocus and self._list.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 6, 6)
        painter.restore()
