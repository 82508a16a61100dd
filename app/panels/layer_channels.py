"""The lower half of the layers workspace: all channels of a layer in some order, or what the first of them draw."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout

from app.compute import Compute
from app.document import Document
from app.widgets.buttons import Choice, IconButton, SegmentedTabs, TextButton
from app.widgets.channel_grid import ChannelGrid
from app.widgets.sheet_view import SheetView
from ganviz.activations import LATENTS, Activations, UnitRanking, ablation_sheet, edited_units, rank_units
from ganviz.recipe import Recipe, Sheet

TOP = 6
"""Units whose effect is shown in pictures."""
TABS = (
    ("Channels", "All feature maps of the layer"),
    ("Effect", "The picture without single units, and where that differs"),
)
ORDERS = (
    ("number", "by number", "In the network's own order"),
    ("strength", "by strength", "Those first that are strongest in this picture"),
    ("effect", "by effect", "Those first without which pictures change most; measure it first"),
)


class ChannelBrowser(QFrame):
    """Channels as tiles or, one by one taken out of the picture, as a sheet; and the measurement that orders them.

    `said(text, kind)` and `export_wanted(sheet)` are for the window, `shown(recipe)` for a picture of the sheet that
    was clicked; what is done with the tiles comes from `grid`.
    """

    said = Signal(str, str)
    export_wanted = Signal(object)
    shown = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._found: Activations | None = None
        self._layer = 0
        self._rankings: dict[Any, UnitRanking] = {}
        self.tabs = SegmentedTabs(list(TABS), "layers-tabs", "What is shown of the layer", kind="plain")
        self.order = Choice("layers-order", "Order of the channels", whole=True)
        for key, text, tip in ORDERS:
            self.order.addItem(text, key)
            self.order.setItemData(self.order.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.measure_button = TextButton(
            "Measure effect", f"Take out each unit in turn, in {LATENTS} random pictures", "layers-rank"
        )
        self.export_button = IconButton("export-variant", "Export what the units draw, as a PNG", "layers-export")
        self.grid = ChannelGrid("layers-grid", "Channels of the layer")
        self.effect = SheetView(document, compute, "layers-effect", "The picture without single units")
        self.stack = QStackedWidget()
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        for widget in (self.order, self.measure_button, self.export_button):
            bar.addWidget(widget)
        self.stack.addWidget(self.grid)
        self.stack.addWidget(self.effect)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(bar)
        column.addWidget(self.stack, 1)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.order.activated.connect(lambda _: self._order_chosen())
        self.measure_button.clicked.connect(self._measure)
        self.export_button.clicked.connect(lambda: self.export_wanted.emit(self._sheet()))
        self.grid.selection_changed.connect(self._show_sheet)
        self.effect.chosen.connect(self.shown)

    def complete(self) -> bool:
        """Whether all pictures are here."""
        return self.stack.currentIndex() == 0 or self.effect.complete()

    # -- what is shown --------------------------------------------------------------------------------------------

    def follow(self, recipe: Recipe, layer: int, channels: tuple[int, ...]) -> None:
        """Another picture, another layer, or other channels on show."""
        self._layer = layer
        edited = edited_units(recipe.units, layer, self._document.spec.layers[layer].channels)
        self.grid.show_edits({unit: _say_edit(*state) for unit, state in edited.items()})
        self.grid.set_current(channels)
        self._show_sheet()

    def show_maps(self, found: Activations, tiles: np.ndarray, channels: tuple[int, ...]) -> None:
        """Show a layer's maps as tiles uint8 (channels, h, w, 3); `channels` of them are those on show."""
        before, self._found = self._found, found
        self.grid.show_tiles(tiles)
        if before is None or (before.layer, len(before.maps)) != (found.layer, len(found.maps)):
            self.grid.select(channels)
            self._show_order()
        elif before is not found and self.order.currentData() == "strength":
            self._show_order()

    def _order_chosen(self) -> None:
        if self.order.currentData() == "effect" and self._key() not in self._rankings:
            self.said.emit("Measure the effect of this layer's units first; it takes a moment", "info")
        self._show_order()

    def _show_order(self) -> None:
        """Put the channels in the chosen order; by effect only those that were measured."""
        found, order, ranking = self._found, self.order.currentData(), self._rankings.get(self._key())
        if found is None:
            return
        places, words = list(range(len(found.maps))), {}
        if order == "strength":
            places.sort(key=lambda k: -found.figures[k].norm)
        elif order == "effect" and ranking is not None:
            places = list(ranking.order)
            words = {k: f"{k}: {change:.1f}" for k, change in enumerate(ranking.changes)}
        self.grid.show_order(places, words)
        self._show_sheet()

    def _tab_changed(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
        self._show_sheet()

    def _sheet(self) -> Sheet:
        """The first units of the order, or the selected ones where they are several, taken out one by one."""
        selected = self.grid.selected()
        units = selected if len(selected) > 1 else self.grid.cells.order
        return ablation_sheet(self._document.recipe, self._layer, units[:TOP] or (0,))

    def _show_sheet(self) -> None:
        read = self._found is not None and self._found.layer == self._layer
        if self.stack.currentIndex() == 1 and read and self._document.is_open:
            self.effect.set_sheet(self._sheet())

    # -- measuring ------------------------------------------------------------------------------------------------

    def _key(self) -> object:
        """What a ranking is of. Edits of units move it a little, but whoever works down the list wants it to stay."""
        recipe = self._document.recipe
        about = (recipe.label, recipe.codes, recipe.psi, recipe.cutoff, recipe.psis, recipe.noise)
        return recipe.model.digest, self._layer, about

    def _measure(self) -> None:
        layer, recipe, key = self._layer, self._document.recipe, self._key()
        began = self._compute.start_job(
            lambda renderer: rank_units(renderer, recipe, layer),
            f"Measuring the units of {self._document.spec.layers[layer].name}",
            done=lambda ranking: self._measured(key, ranking),
            failed=self._stopped,
            cancelled=lambda: self._stopped(""),
            progress=lambda progress: self._measured(key, progress.value, at_end=False),
        )
        if began:
            self.measure_button.setEnabled(False)

    def _measured(self, key: object, ranking: UnitRanking | None, at_end: bool = True) -> None:
        """A ranking is there, at the end or so far; None: nothing new yet."""
        self.measure_button.setEnabled(at_end)
        if ranking is None:
            return
        self._rankings[key] = ranking
        if self._document.is_open and key == self._key():
            self.order.setCurrentIndex([item[0] for item in ORDERS].index("effect"))
            self._show_order()

    def _stopped(self, message: str) -> None:
        self.measure_button.setEnabled(True)
        if message:
            self.said.emit(message, "error")


def _say_edit(gain: float, lift: float) -> str:
    """What was done to a unit, in the width of a tile."""
    return f"× {gain:g}" + (f" {lift:+g}" if lift else "").replace("-", "−")
