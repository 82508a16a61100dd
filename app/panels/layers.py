"""The layers workspace: what goes on inside the generator, and what single units of it draw."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import Choice, IconButton, SegmentedTabs, TextButton, Tick
from app.widgets.channel_grid import ChannelGrid
from app.widgets.elided import ElidedLabel
from app.widgets.figures_table import FiguresTable
from app.widgets.layer_list import LayerList
from app.widgets.list_field import ListField
from app.widgets.number import NumberRow
from app.widgets.picture_pane import PicturePane
from app.widgets.sheet_view import SheetView
from ganviz.activations import (
    LATENTS,
    Activations,
    Figures,
    UnitRanking,
    ablation_sheet,
    edited_units,
    picture,
    rank_units,
    read_activations,
    reduced,
    with_units,
    without_units,
)
from ganviz.colours import signed
from ganviz.edits import ranges
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Layer, Spec

TILE = 64
"""Pixels a side that maps are reduced to for their tiles."""
BOOST = 2.0
TOP = 6
"""Units whose effect is shown in pictures."""
RANGE_DB = 40.0
FIGURES = {
    "mean": "Mean of all values",
    "deviation": "Standard deviation of all values",
    "least": "The least value",
    "largest": "The largest value",
    "zeros": "Share of values that are exactly 0: what ReLU cut off, or what was taken out",
    "norm": "Root of the sum of squares",
}
ORDERS = (
    ("number", "by number", "In the network's own order"),
    ("strength", "by strength", "Those first that are strongest in this picture"),
    ("effect", "by effect", "Those first without which pictures change most; measure it first"),
)


class LayersPage(QFrame):
    """The list of layers at the left; of the chosen one a channel beside the picture, figures, and all channels.

    What is shown is the session's `layers`; what is done to units is the recipe's `units`.
    `said(text, kind)` and `export_wanted(sheet)` are for the window.
    """

    said = Signal(str, str)
    export_wanted = Signal(object)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._found: Activations | None = None
        self._small: np.ndarray | None = None  # its maps at the size of tiles
        self._reading: tuple[Recipe, int] | None = None  # what the compute thread is reading
        self._wanted: tuple[Recipe, int] | None = None
        self._picture: tuple[Recipe, np.ndarray] | None = None
        self._rankings: dict[Any, UnitRanking] = {}
        self.layers = LayerList("layers-list")
        self.ways = SegmentedTabs(
            [("One", "One channel, in colours: warm above zero, cold below"), ("RGB", "Three channels at once")],
            "layers-ways",
            "How channels are shown",
            kind="plain",
        )
        self.channels = ListField(
            "layers-channels", "Channels", "The channel on show, or three as red, green and blue, like 5, 17, 2"
        )
        self.gain = NumberRow(
            "Gain",
            -RANGE_DB,
            RANGE_DB,
            name="layers-db",
            tip="How bright channels are shown, in decibels: 20 is a factor of 10. The picture stays as it is",
            default=0.0,
            step=1.0,
            fine=0.1,
            decimals=1,
            suffix="dB",
            signed=True,
            limits=(-200.0, 200.0),
            label_width=32,
            field_width=76,
        )
        self.auto = Tick("Auto", "So bright that the layer just fills the scale", "layers-auto")
        self.own = Tick("Own scale", "Each channel at a scale of its own, so that faint ones show too", "layers-own")
        self.pane = PicturePane("layers-map", "Channel", smooth=False)
        self.result = PicturePane("layers-picture", "The picture", smooth=True)
        self.tabs = SegmentedTabs(
            [
                ("Channels", "All feature maps of the layer"),
                ("Effect", "The picture without single units, and where that differs"),
            ],
            "layers-tabs",
            "What is shown of the layer",
            kind="plain",
        )
        self.order = Choice("layers-order", "Order of the channels", whole=True)
        self.measure_button = TextButton(
            "Measure effect", f"Take out each unit in turn, in {LATENTS} random pictures", "layers-rank"
        )
        self.ablate_button = TextButton("Take out", "Silence the selected units (A)", "layers-ablate")
        self.boost_button = TextButton("Boost", "Make the selected units twice as strong (B)", "layers-boost")
        self.restore_button = TextButton(
            "As learnt", "Take back what was done to the selected units (Delete)", "layers-restore", icon="restore"
        )
        self.selected = ElidedLabel()
        self.export_button = IconButton("export-variant", "Export what the units draw, as a PNG", "layers-export")
        self.grid = ChannelGrid("layers-grid", "Channels of the layer")
        self.effect = SheetView(document, compute, "layers-effect", "The picture without single units")
        self.stack = QStackedWidget()
        self.figures = FiguresTable(
            "layers-figures", "Figures of the channel and of the layer", ("channel", "layer"), FIGURES
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for key, text, tip in ORDERS:
            self.order.addItem(text, key)
            self.order.setItemData(self.order.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.selected.setObjectName("layers-selected")
        self.selected.setFont(theme.caption_font(tabular=True))
        self.selected.setProperty("tone", "muted")
        self.layers.setFixedWidth(128)
        self.channels.setFixedWidth(96)
        view = QHBoxLayout()
        view.setSpacing(8)
        view.addWidget(self.ways)
        view.addWidget(self.channels)
        view.addStretch(1)
        view.addWidget(self.own)
        view.addWidget(self.auto)
        pictures = QHBoxLayout()
        pictures.setSpacing(8)
        pictures.addWidget(self.pane, 1)
        pictures.addWidget(self.result, 1)
        side = QVBoxLayout()
        side.setSpacing(8)
        side.addWidget(self.figures)
        side.addStretch(1)
        hands = QHBoxLayout()
        hands.setSpacing(4)
        hands.addWidget(self.ablate_button, 1)
        hands.addWidget(self.boost_button, 1)
        side.addWidget(self.selected)
        side.addLayout(hands)
        side.addWidget(self.restore_button)
        pictures.addLayout(side)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self.tabs)
        bar.addStretch(1)
        for widget in (self.order, self.measure_button, self.export_button):
            bar.addWidget(widget)
        self.stack.addWidget(self.grid)
        self.stack.addWidget(self.effect)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addLayout(view)
        right.addWidget(self.gain)
        right.addLayout(pictures, 3)
        right.addLayout(bar)
        right.addWidget(self.stack, 3)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 12, 16, 12)
        whole.setSpacing(12)
        whole.addWidget(self.layers)
        whole.addLayout(right, 1)

    def _connect(self) -> None:
        self._compute.frame_ready.connect(lambda frame: self._take_picture(frame.recipe, frame.pixels))
        self.layers.chosen.connect(lambda layer: self._look(layer=layer))
        self.ways.currentChanged.connect(self._way_chosen)
        self.channels.entered.connect(self._channels_typed)
        self.gain.valueChanged.connect(lambda db: self._look(db=round(db, 3)))
        self.auto.clicked.connect(lambda on: self._look(db=None if on else round(self.gain.value(), 1)))
        self.own.clicked.connect(lambda on: self._look(own=on))
        self.grid.chosen.connect(self._channel_chosen)
        self.grid.selection_changed.connect(self._show_buttons)
        self.grid.command.connect(self._command)
        self.ablate_button.clicked.connect(lambda: self._command("ablate"))
        self.boost_button.clicked.connect(lambda: self._command("boost"))
        self.restore_button.clicked.connect(lambda: self._command("restore"))
        self.measure_button.clicked.connect(self._measure)
        self.order.activated.connect(lambda _: self._show_order())
        self.tabs.currentChanged.connect(self._tab_changed)
        self.effect.chosen.connect(self._go)
        self.export_button.clicked.connect(lambda: self.export_wanted.emit(self._effect_sheet()))

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Wherever the network says what its layers are."""
        return bool(spec.layers)

    def complete(self) -> bool:
        """Whether nothing more is to come."""
        found = self._found is not None and (self._found.recipe, self._found.layer) == self._wanted
        drawn = self._picture is not None and self._picture[0] == self._document.recipe
        return found and drawn and (self.stack.currentIndex() == 0 or self.effect.complete())

    # -- following the document -----------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, view, recipe = self._document.spec, session.layers, session.recipe
        layer = view.layer_of(spec)
        self.layers.set_spec(spec)
        edited = {k: len(edited_units(recipe.units, k, item.channels)) for k, item in enumerate(spec.layers)}
        self.layers.show_layer(layer, edited)
        channels = view.channels_of(spec.layers[layer])
        self.ways.blockSignals(True)
        self.ways.setCurrentIndex(0 if len(channels) == 1 else 1)
        self.ways.blockSignals(False)
        self.ways.setTabEnabled(1, spec.layers[layer].channels >= 3)
        self.channels.show_text(", ".join(map(str, channels)))
        self.own.setChecked(view.own)
        self.auto.setChecked(view.db is None)
        changed = edited_units(recipe.units, layer, spec.layers[layer].channels)
        self.grid.show_edits({unit: _say_edit(*state) for unit, state in changed.items()})
        self.grid.set_current(channels)
        self._show_buttons()
        self._show_effect()
        if self._picture is None:
            self._draw(recipe)  # its frame came before there was anybody here to see it
        self._wanted = (recipe, layer)
        if self._found is not None and (self._found.recipe, self._found.layer) == self._wanted:
            self._show_maps()
        else:
            self._read()

    def _layer(self) -> tuple[int, Layer]:
        """The chosen layer."""
        spec = self._document.spec
        layer = self._document.session.layers.layer_of(spec)
        return layer, spec.layers[layer]

    def _read(self) -> None:
        """Have the wanted maps read, one reading at a time, then the newest."""
        if self._reading is not None or self._wanted is None:
            return
        recipe, layer = self._reading = self._wanted

        def read(renderer: Any) -> tuple[Activations, np.ndarray]:
            found = read_activations(renderer, recipe, layer)
            return found, reduced(found.maps, TILE)

        def done(read: tuple[Activations, np.ndarray]) -> None:
            self._reading = None
            new_layer = self._found is None or (self._found.layer, len(self._found.maps)) != (layer, len(read[0].maps))
            self._found, self._small = read
            self._show_maps()
            if new_layer:
                self.grid.select(self._document.session.layers.channels_of(self._document.spec.layers[layer]))
            if new_layer or self.order.currentData() == "strength":
                self._show_order()
            if self._wanted != (recipe, layer):
                self._read()

        def failed(message: str) -> None:
            self._reading = None
            self.said.emit(message, "error")
            if self._wanted != (recipe, layer):
                self._read()

        self._compute.ask(read, done, failed)

    def _show_maps(self) -> None:
        """Show the maps that were read, as the view says."""
        found, small = self._found, self._small
        if found is None or small is None or not self._document.is_open:
            return
        view, spec = self._document.session.layers, self._document.spec
        if found.layer >= len(spec.layers) or len(found.maps) != spec.layers[found.layer].channels:
            return
        channels = view.channels_of(spec.layers[found.layer])
        factors = found.factors(view)
        self.gain.show_value((0.0 if view.own else found.fitting_db) if view.db is None else view.db)
        self.grid.show_tiles(signed(small * factors))
        name = spec.layers[found.layer].name
        said = f"{name} · channel{'s' if len(channels) > 1 else ''} {', '.join(map(str, channels))}"
        self.pane.show_picture(picture(found.maps, factors, channels), said)
        self._show_figures(found.figures[channels[0]], found.overall)

    def _show_figures(self, channel: Figures, layer: Figures) -> None:
        for column, figures in enumerate((channel, layer)):
            self.figures.show_figures(
                column,
                {
                    "mean": f"{figures.mean:.3f}",
                    "deviation": f"{figures.deviation:.3f}",
                    "least": f"{figures.low:.3f}",
                    "largest": f"{figures.high:.3f}",
                    "zeros": f"{figures.zeros:.0%}",
                    "norm": f"{figures.norm:.1f}",
                },
            )

    def _take_picture(self, recipe: Recipe, pixels: np.ndarray) -> None:
        self._picture = (recipe, pixels)
        edits = len(recipe.units)
        self.result.show_picture(pixels, "The picture" + (", its units edited" if edits else ""))

    def _draw(self, recipe: Recipe) -> None:
        def done(frame: Any) -> None:
            if self._picture is None:
                self._take_picture(frame.recipe, frame.pixels)

        self._compute.ask(
            lambda renderer: renderer.render(recipe), done, lambda message: self.said.emit(message, "error")
        )

    # -- the view -------------------------------------------------------------------------------------------------

    def _look(self, **changes: Any) -> None:
        """Show something else of the inside; looking around is one step, however long it takes."""
        self._document.edit(merge="look inside", layers=self._document.session.layers.edit(**changes))

    def _channel_chosen(self, channel: int) -> None:
        _, layer = self._layer()
        three = self.ways.currentIndex() == 1
        self._look(channels=_three(channel, layer) if three else (channel,))

    def _way_chosen(self, index: int) -> None:
        layer, selected = self._layer()[1], self.grid.selected()
        first = self._document.session.layers.channels_of(layer)[0]
        if index == 0:
            self._look(channels=(first,))
        else:
            self._look(channels=selected if len(selected) == 3 else _three(first, layer))

    def _channels_typed(self, text: str) -> None:
        layer = self._layer()[1]
        words = [word.strip() for word in text.split(",")]
        if len(words) in (1, 3) and all(word.isdecimal() and int(word) < layer.channels for word in words):
            self._look(channels=tuple(map(int, words)))
            self.grid.select(tuple(map(int, words)))
            return
        self.channels.restore()
        self.said.emit(
            f"Expected one channel from 0 to {layer.channels - 1}, or three of them like 5, 17, 2", "warning"
        )

    # -- units ----------------------------------------------------------------------------------------------------

    def _command(self, name: str) -> None:
        """Take out, boost or restore the selected units."""
        layer, units, edits = self._layer()[0], self.grid.selected(), self._document.recipe.units
        if not units:
            return
        if name == "restore":
            changed = without_units(edits, layer, set(units))
        else:
            changed = with_units(edits, layer, units, 0.0 if name == "ablate" else BOOST)
        self._document.seal()
        self._document.edit_recipe(units=changed)

    def _show_buttons(self) -> None:
        layer, selected = self._layer()[0], set(self.grid.selected())
        units = f"unit{'s' if len(selected) > 1 else ''} {ranges(tuple(selected))}"
        self.selected.setText(f"With {units}:" if selected else "No unit selected")
        for button in (self.ablate_button, self.boost_button):
            button.setEnabled(bool(selected))
        within = [edit.units for edit in self._document.recipe.units if edit.layer == layer and edit.units]
        self.restore_button.setEnabled(any(selected & set(units) for units in within))

    def _go(self, recipe: Recipe) -> None:
        self._document.seal()
        self._document.edit(recipe=recipe)

    # -- order and effect -----------------------------------------------------------------------------------------

    def _ranking_key(self) -> object:
        """All that a ranking depends on."""
        recipe, layer = self._document.recipe, self._layer()[0]
        units = tuple(edit for edit in recipe.units)
        return recipe.model.digest, layer, recipe.label, recipe.codes, recipe.psi, recipe.noise, units

    def _measure(self) -> None:
        layer, recipe, key = self._layer()[0], self._document.recipe, self._ranking_key()
        name = self._document.spec.layers[layer].name
        began = self._compute.start_job(
            lambda renderer: rank_units(renderer, recipe, layer),
            f"Measuring the units of {name}",
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
        if self._document.is_open and key == self._ranking_key():
            self.order.setCurrentIndex([item[0] for item in ORDERS].index("effect"))
            self._show_order()

    def _stopped(self, message: str) -> None:
        self.measure_button.setEnabled(True)
        if message:
            self.said.emit(message, "error")

    def _show_order(self) -> None:
        """Put the channels in the chosen order; without a measurement that is the network's own."""
        found, order, ranking = self._found, self.order.currentData(), self._rankings.get(self._ranking_key())
        if found is None:
            return
        count, words = len(found.maps), {}
        places = list(range(count))
        if order == "strength":
            places.sort(key=lambda k: -found.figures[k].norm)
        elif order == "effect" and ranking is not None:
            places = list(ranking.order)
            words = {k: f"{k}: {change:.1f}" for k, change in enumerate(ranking.changes)}
        elif order == "effect":
            self.said.emit("Measure the effect of this layer's units first; it takes a moment", "info")
        self.grid.show_order(places, words)
        self._show_effect()

    def _tab_changed(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
        self._show_effect()

    def _effect_sheet(self) -> Any:
        """The first units of the order, or the selected ones where they are several, taken out one by one."""
        layer, selected = self._layer()[0], self.grid.selected()
        units = selected if len(selected) > 1 else self.grid.cells.order[:TOP]
        return ablation_sheet(self._document.recipe, layer, units[:TOP] or (0,))

    def _show_effect(self) -> None:
        if self.stack.currentIndex() == 1 and self._document.is_open:
            self.effect.set_sheet(self._effect_sheet())


def _three(first: int, layer: Layer) -> tuple[int, ...]:
    """Three channels from one on, within the layer."""
    start = max(0, min(first, layer.channels - 3))
    return tuple(min(start + k, layer.channels - 1) for k in range(3))


def _say_edit(gain: float, lift: float) -> str:
    """What was done to a unit, in the width of a tile."""
    return f"× {gain:g}" + (f" {lift:+g}" if lift else "").replace("-", "−")
