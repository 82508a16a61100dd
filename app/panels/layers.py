"""The layers workspace: what goes on inside the generator, and what single units of it draw."""

from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.panels.layer_channels import ChannelBrowser
from app.widgets.buttons import SegmentedTabs, TextButton, Tick
from app.widgets.elided import ElidedLabel
from app.widgets.figures_table import FiguresTable
from app.widgets.layer_list import LayerList
from app.widgets.list_field import ListField
from app.widgets.number import NumberRow
from app.widgets.picture_pane import PicturePane
from app.widgets.scrolled import scrolled
from ganviz.activations import (
    Activations,
    Figures,
    edited_units,
    picture,
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

LEAST = (620, 480)
"""Width and height below which the page has bars to scroll by."""
TILE = 64
"""Pixels a side that maps are reduced to for their tiles."""
BOOST = 2.0
RANGE_DB = 40.0
FIGURES = {
    "mean": "Mean of all values",
    "deviation": "Standard deviation of all values",
    "least": "The least value",
    "largest": "The largest value",
    "zeros": "Share of values that are exactly 0: what ReLU cut off, or what was taken out",
    "norm": "Root of the sum of squares",
}


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
        self.ablate_button = TextButton("Take out", "Silence the selected units (A)", "layers-ablate")
        self.boost_button = TextButton("Boost", "Make the selected units twice as strong (B)", "layers-boost")
        self.restore_button = TextButton(
            "As learnt", "Take back what was done to the selected units (Delete)", "layers-restore", icon="restore"
        )
        self.selected = ElidedLabel()
        self.browser = ChannelBrowser(document, compute)
        self.grid = self.browser.grid
        self.figures = FiguresTable(
            "layers-figures", "Figures of the channel and of the layer", ("channel", "layer"), FIGURES
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.selected.setObjectName("layers-selected")
        self.selected.setFont(theme.caption_font(tabular=True))
        self.selected.setProperty("tone", "muted")
        self.layers.setFixedWidth(128)
        self.channels.setFixedWidth(96)
        # From outside inwards: what is put somewhere else, with all that is in it, is styled anew each time.
        page = QWidget()
        page.setMinimumSize(*LEAST)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page, "layers-area"))
        whole = QHBoxLayout(page)
        whole.setContentsMargins(16, 12, 16, 12)
        whole.setSpacing(12)
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
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addLayout(view)
        right.addWidget(self.gain)
        right.addLayout(pictures, 3)
        right.addWidget(self.browser, 3)
        whole.addWidget(self.layers)
        whole.addLayout(right, 1)

    def _connect(self) -> None:
        self._compute.frame_ready.connect(self._frame_ready)
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
        self.browser.shown.connect(self._document.go_to)
        self.browser.said.connect(self.said)
        self.browser.export_wanted.connect(self.export_wanted)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Wherever the network says what its layers are."""
        return bool(spec.layers)

    def complete(self) -> bool:
        """Whether nothing more is to come."""
        found = self._found is not None and (self._found.recipe, self._found.layer) == self._wanted
        drawn = self._picture is not None and self._picture[0] == self._document.recipe
        return found and drawn and self.browser.complete()

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
        self.browser.follow(recipe, layer, channels)
        self._show_buttons()
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
            self._found, self._small = read
            self._show_maps()
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
        self.browser.show_maps(found, signed(small * factors), channels)
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

    def _frame_ready(self, frame: Any) -> None:
        if frame.exact:
            self._take_picture(frame.recipe, frame.pixels)

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


def _three(first: int, layer: Layer) -> tuple[int, ...]:
    """Three channels from one on, within the layer."""
    start = max(0, min(first, layer.channels - 3))
    return tuple(min(start + k, layer.channels - 1) for k in range(3))
