"""A tray of the arithmetic workspace: one signed term, its pictures and their mean."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from app import theme
from app.widgets.basket import Basket
from app.widgets.buttons import IconButton
from app.widgets.number import NumberField
from app.widgets.slider import FloatSlider
from app.widgets.strip import Item, Strip
from ganviz.formula import MOST_WEIGHT
from ganviz.recipe import Recipe

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIDE = 42
WEIGHT = 2.0
"""Weight sliders go this far to either side."""


class Tray(QFrame):
    """The term with the letter of its index; it holds nothing itself, what is done to it comes out as signals.

    Signals
    taken(tuple)            recipes were dropped on it
    seeds_typed(str)        seeds were typed into its field
    present_wanted()        the present picture is to be added
    removed(int)            one of its pictures is to go
    shown(recipe)           one of its pictures, or the mean, was chosen
    weight_changed(float)   within began and ended
    closed()                the term itself is to go
    needed(list)            recipes whose thumbnails are missing; answer with `set_picture`
    """

    taken = Signal(tuple)
    seeds_typed = Signal(str)
    present_wanted = Signal()
    removed = Signal(int)
    shown = Signal(object)
    weight_changed = Signal(float)
    began = Signal()
    ended = Signal()
    closed = Signal()
    needed = Signal(list)

    def __init__(self, index: int) -> None:
        super().__init__()
        letter, name = LETTERS[index], f"term-{index}"
        self.letter = letter
        self.setObjectName(name)
        self.setAccessibleName(f"Term {letter}")
        self.setProperty("tone", "card")
        title = QLabel(letter)
        title.setFont(theme.text_font(bold=True))
        title.setFixedWidth(14)
        tip = f"Weight of {letter}: below 0 it is taken away"
        self.weight = FloatSlider(
            -WEIGHT, WEIGHT, default=1.0, limits=(-MOST_WEIGHT, MOST_WEIGHT), name=f"{name}-weight", label=tip, tip=tip
        )
        self.weight_field = NumberField(self.weight, decimals=2, signed=True)
        self.weight_field.setObjectName(f"{name}-weight-field")
        self.weight_field.setAccessibleName(tip)
        self.weight_field.setToolTip(tip)
        self.weight_field.setFixedWidth(56)
        self.seeds = QLineEdit()
        self.seeds.setObjectName(f"{name}-seeds")
        self.seeds.setAccessibleName(f"Seeds to add to {letter}")
        self.seeds.setToolTip(f"Seeds to add to {letter}, like 3,8-11, with Enter")
        self.seeds.setPlaceholderText("add seeds")
        self.seeds.setMinimumWidth(64)
        self.present = IconButton("image-plus", f"Add the present picture to {letter}", f"{name}-present")
        self.close_button = IconButton("close", f"Remove term {letter}", f"{name}-close")
        empty = f"Drop pictures here, type seeds above, or select samples below and press {letter}."
        self.basket = Basket(f"{name}-pictures", f"Pictures of {letter}", empty, side=SIDE)
        self.basket.setMinimumWidth(120)
        self.equals = QLabel("mean")
        self.equals.setFont(theme.caption_font())
        self.equals.setProperty("tone", "muted")
        self.mean = Strip(f"{name}-mean", f"Mean of {letter}", "", side=SIDE)
        self.mean.setFixedWidth(SIDE + 14)
        self.mean.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for strip in (self.basket, self.mean):
            strip.setFixedHeight(SIDE + 14)
        self._lay_out(title)
        self.weight.began.connect(self.began)
        self.weight.ended.connect(self.ended)
        self.weight.valueChanged.connect(self._weight_moved)
        self.weight_field.valueChanged.connect(self.weight.setValue)
        self.seeds.returnPressed.connect(lambda: self.seeds_typed.emit(self.seeds.text()))
        self.present.clicked.connect(self.present_wanted)
        self.close_button.clicked.connect(self.closed)
        self.basket.taken.connect(self.taken)
        self.basket.removed.connect(self.removed)
        self.basket.action_triggered.connect(self._act)
        self.basket.activated_at.connect(lambda row: self.shown.emit(self.basket.items()[row].key))
        self.mean.activated_at.connect(lambda row: self.shown.emit(self.mean.items()[row].key))
        for strip in (self.basket, self.mean):
            strip.needed.connect(lambda _: self.needed.emit(self.missing()))

    def _lay_out(self, title: QLabel) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(title)
        head.addWidget(self.weight, 1)
        head.addWidget(self.weight_field)
        head.addSpacing(4)
        head.addWidget(self.seeds, 1)
        head.addWidget(self.present)
        head.addWidget(self.close_button)
        body = QHBoxLayout()
        body.setSpacing(4)
        body.addWidget(self.basket, 1)
        body.addWidget(self.equals)
        body.addWidget(self.mean)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 4, 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(body)

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_term(self, weight: float, pictures: Sequence[Item], mean: Item | None, may_close: bool) -> None:
        """Show a term's weight, its pictures, and their mean; the keys are the recipes to draw."""
        self.weight.show_value(weight)
        self._fill_weight()
        self.basket.set_items(pictures)
        self.mean.set_items([mean] if mean is not None else [])
        self.mean.setVisible(mean is not None)
        self.equals.setVisible(mean is not None)
        self.close_button.setEnabled(may_close)

    def missing(self) -> list[Recipe]:
        """The pictures that are not here yet."""
        wanted = [item.key for strip in (self.basket, self.mean) for item in strip.items()]
        here = self.basket.pictures() | self.mean.pictures()
        return [key for key in dict.fromkeys(wanted) if isinstance(key, Recipe) and key not in here]

    def set_picture(self, recipe: Recipe, pixels: np.ndarray) -> None:
        """A thumbnail has come."""
        for strip in (self.basket, self.mean):
            strip.set_picture(recipe, pixels)

    # -- hands ----------------------------------------------------------------------------------------------------

    def _act(self, name: str, row: int) -> None:
        if name == "remove":
            self.removed.emit(row)
        else:
            self.shown.emit(self.basket.items()[row].key)

    def _weight_moved(self, weight: float) -> None:
        self._fill_weight()
        self.weight_changed.emit(weight)

    def _fill_weight(self) -> None:
        self.weight_field.blockSignals(True)
        self.weight_field.setValue(self.weight.value())
        self.weight_field.blockSignals(False)
