"""The noise card: what the layers that add noise add, all together and one by one."""

import random
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import Choice, IconButton, Tick
from app.widgets.card import Card
from app.widgets.fold import Fold
from app.widgets.number import NumberField, NumberRow, leave_undo
from app.widgets.seed_field import SEED_LIMIT, SeedField
from app.widgets.slider import FloatSlider
from ganviz.edits import LayerNoise
from ganviz.recipe import MOST_AVERAGED, Noise
from ganviz.session import Session
from ganviz.spec import Spec
from ganviz.variations import RANDOM_SEEDS

MODES = (
    ("const", "The maps that the model was trained with: always the same picture"),
    ("none", "No noise: what the styles alone draw"),
    ("random", "Drawn from the seed: other hair and pores, the same face"),
)
STRENGTHS = (0.0, 2.0)
ADDS = "Whether this layer adds noise"


class NoisePanel(Card):
    """Mode, seed and average; strength, seed and a switch for each layer. For models with layers that add noise."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Noise", "noise", reset="Back to the model's own noise")
        self._document = document
        self._layers: tuple[int, ...] = ()
        self._rows: list[LayerRow] = []
        self.mode = Choice("noise-mode", "Where noise comes from")
        for index, (mode, tip) in enumerate(MODES):
            self.mode.addItem(mode)
            self.mode.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self.seed = SeedField("noise-seed")
        self.seed.setAccessibleName("Noise seed")
        self.seed.setToolTip("Seed of the noise, in mode random")
        self.dice = IconButton("dice-5-outline", "Another noise seed", "noise-random")
        self.average = NumberRow(
            "Average",
            1,
            64,
            name="noise-average",
            tip="Mean of the pictures of so many noise seeds: what noise adds nothing to (mode random)",
            default=1,
            step=1,
            fine=1,
            decimals=0,
            limits=(1, MOST_AVERAGED),
        )
        self.layers = Fold("Noise of single layers", "noise-layers")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.mode, 1)
        row.addWidget(self.seed)
        row.addWidget(self.dice)
        self.add(row)
        self.add(self.average)
        self.add(self.layers)
        self.mode.currentTextChanged.connect(self._mode_chosen)
        self.seed.valueChanged.connect(lambda seed: self._edit("noise-seed", seed=seed))
        self.dice.clicked.connect(self._draw_seed)
        self.average.valueChanged.connect(lambda count: self._edit("noise-average", average=round(count)))
        for widget in (self.seed, self.average):
            widget.began.connect(document.seal)
            widget.ended.connect(document.seal)
        self.layers.opened.connect(lambda: self.show_session(document.session) if document.is_open else None)
        self.reset_clicked.connect(self._reset)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Only for models with layers that add noise."""
        return any(layer.noise for layer in spec.layers)

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        noise = session.recipe.noise
        self.mode.blockSignals(True)
        self.mode.setCurrentText(noise.mode)
        self.mode.blockSignals(False)
        drawn = noise.mode == "random"
        self.seed.show_value(noise.seed)
        self.seed.setEnabled(drawn)
        self.average.show_value(noise.average)
        self.average.setEnabled(drawn)
        self.layers.set_caption(f"{len(noise.layers)} set" if noise.layers else "")
        if not self.layers.folded:
            self._show_layers(noise)
        self.set_caption(f"mean of {noise.average}" if drawn and noise.average > 1 else "")
        self.set_changed(noise != Noise())

    def _show_layers(self, noise: Noise) -> None:
        spec = self._document.spec
        self._layers = tuple(k for k, layer in enumerate(spec.layers) if layer.noise)
        while len(self._rows) < len(self._layers):
            self._add_row(len(self._rows))
        own = {item.layer: item for item in noise.layers}
        for place, row in enumerate(self._rows):
            row.setVisible(place < len(self._layers))
            if place < len(self._layers):
                layer = self._layers[place]
                row.show_noise(own.get(layer, LayerNoise(layer)), spec.layers[layer].name)

    def _add_row(self, place: int) -> None:
        row = LayerRow(place)
        row.began.connect(self._document.seal)
        row.ended.connect(self._document.seal)
        row.changed.connect(lambda strength, seed: self._set_layer(place, strength, seed))
        self._rows.append(row)
        self.layers.rows.addWidget(row)

    def _set_layer(self, place: int, strength: float, seed: int | None) -> None:
        layer = self._layers[place]
        changed = LayerNoise(layer, strength, seed)
        others = [item for item in self._document.recipe.noise.layers if item.layer != layer]
        kept = others if changed == LayerNoise(layer) else [*others, changed]
        self._edit(("noise", layer), layers=tuple(sorted(kept, key=lambda item: item.layer)))

    def _mode_chosen(self, mode: str) -> None:
        self._document.seal()
        self._edit(None, mode=mode)

    def _draw_seed(self) -> None:
        self._document.seal()
        self._edit(None, mode="random", seed=random.randrange(RANDOM_SEEDS))

    def _edit(self, merge: object, **changes: Any) -> None:
        if self._document.is_open:
            self._document.edit_recipe(merge=merge, noise=replace(self._document.recipe.noise, **changes))

    def _reset(self) -> None:
        self._document.seal()
        self._document.edit_recipe(noise=Noise())


class LayerRow(QWidget):
    """One layer: a switch, a strength, and a seed of its own or none.

    Signals: `changed(strength, seed or None)`; `began` and `ended` around each gesture.
    """

    changed = Signal(float, object)
    began = Signal()
    ended = Signal()

    def __init__(self, place: int) -> None:
        super().__init__()
        name = f"noise-layer-{place}"
        self._seed: int | None = None
        self.on = Tick("", ADDS, f"{name}-on")
        self.on.setFixedWidth(84)
        tip = "Strength of this layer's noise: 1 as learnt, 0 off"
        self.slider = FloatSlider(
            *STRENGTHS, default=1.0, step=0.1, fine=0.01, limits=(-100.0, 100.0), name=name, label="Strength", tip=tip
        )
        self.field = NumberField(self.slider, decimals=2)
        self.field.setFixedWidth(52)
        self.field.setObjectName(f"{name}-field")
        self.field.setToolTip(tip)
        self.field.setValue(1.0)
        self.own = OwnSeed(f"{name}-seed")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.on)
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)
        row.addWidget(self.own)
        self.slider.began.connect(self.began)
        self.slider.ended.connect(self.ended)
        self.slider.valueChanged.connect(self._moved)
        self.field.valueChanged.connect(self.slider.setValue)
        self.on.clicked.connect(self._switched)
        self.own.chosen.connect(self._seeded)

    def show_noise(self, noise: LayerNoise, name: str) -> None:
        """Show what the document says; no signal."""
        self._seed = noise.seed
        side, _, rest = name.partition("x")
        self.on.setText(rest if rest.startswith(side) else name)  # "128 a" for 128x128 a, for which there is no room
        self.on.setToolTip(f"{ADDS}: {name}")
        self.on.setAccessibleName(f"Noise of {name}")
        self.slider.setAccessibleName(f"Strength of noise of {name}")
        self.field.setAccessibleName(f"Strength of noise of {name}")
        self.own.setAccessibleName(f"Noise seed of {name}")
        self.on.setChecked(noise.strength != 0)
        self.slider.show_value(noise.strength)
        self._fill()
        self.own.show_seed(noise.seed)

    def _moved(self, strength: float) -> None:
        self._fill()
        self.changed.emit(strength, self._seed)

    def _fill(self) -> None:
        self.field.blockSignals(True)
        self.field.setValue(self.slider.value())
        self.field.blockSignals(False)

    def _switched(self, on: bool) -> None:
        self.began.emit()
        self.changed.emit(1.0 if on else 0.0, self._seed)
        self.ended.emit()

    def _seeded(self, seed: int | None) -> None:
        self.began.emit()
        self.changed.emit(self.slider.value(), seed)
        self.ended.emit()


class OwnSeed(QLineEdit):
    """A seed, or nothing for that of all layers. `chosen(int or None)` when one was entered."""

    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._seed: int | None = None
        self.setObjectName(name)
        self.setPlaceholderText("seed")
        self.setToolTip("A noise seed for this layer alone; empty for that of all layers")
        self.setFont(theme.text_font(tabular=True))
        self.setFixedSize(62, theme.FIELD_HEIGHT)
        self.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,10}")))
        self.editingFinished.connect(self._entered)

    def show_seed(self, seed: int | None) -> None:
        """Show a seed that came from elsewhere; no signal."""
        self._seed = seed
        text = "" if seed is None else str(seed)
        if self.text() != text and not (self.hasFocus() and self.isModified()):
            self.setText(text)

    def _entered(self) -> None:
        text = self.text()
        seed = min(int(text), SEED_LIMIT - 1) if text else None
        self.setText("" if seed is None else str(seed))  # clears the field's own undo: it is the document's now
        if seed != self._seed:
            self._seed = seed
            self.chosen.emit(seed)

    def event(self, event: QEvent) -> bool:
        return leave_undo(self, event) or super().event(event)
