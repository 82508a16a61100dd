"""A categorical code: a button with a picture for each category, and a blend of two."""

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.buttons import Choice, Tick
from app.widgets.image import thumbnail
from app.widgets.number import NumberRow
from ganviz.recipe import class_weights

BUTTONS = 40
"""With more categories than this there is a list instead."""
COLUMNS = 5
SIDE = 36


class CategoryChooser(QWidget):
    """Chooses the weights of a categorical code: one category, or some of another one mixed in.

    It bears `name`, and value() and setValue() with the number of the category. Each button is `name`-K.

    Signals: `began`, any number of `weights_changed(tuple)`, `ended`, as those of a slider.
    """

    weights_changed = Signal(tuple)
    began = Signal()
    ended = Signal()

    def __init__(self, name: str, text: str, size: int) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(text)
        self._size = size
        self._main, self._other, self._share = 0, 1 % size, 0.0
        self._blending = False
        title = QLabel(text)
        self.buttons: list[QToolButton] = []
        self.list = Choice(f"{name}-list", f"{text}: which category")
        self.blend = Tick("Blend with", "Mix some of another category in", f"{name}-blend")
        self.other = Choice(f"{name}-other", "The other category")
        self.share = NumberRow(
            "Share",
            0.0,
            1.0,
            name=f"{name}-share",
            tip="How much of the other category: 0 is none, 1 is that one alone",
            default=0.5,
            step=0.05,
            limits=(0.0, 1.0),
        )
        for choice in (self.list, self.other):
            choice.addItems([str(k) for k in range(size)])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(title)
        if size <= BUTTONS:
            column.addLayout(self._make_buttons(name, text))
        else:
            column.addWidget(self.list)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.blend)
        row.addWidget(self.other, 1)
        column.addLayout(row)
        column.addWidget(self.share)
        self.list.currentIndexChanged.connect(self.setValue)
        self.blend.clicked.connect(self._blend_clicked)
        self.other.currentIndexChanged.connect(self._other_chosen)
        self.share.began.connect(self.began)
        self.share.ended.connect(self.ended)
        self.share.valueChanged.connect(self._share_moved)
        self._show()

    def _make_buttons(self, name: str, text: str) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(2)
        group = QButtonGroup(self)
        for k in range(self._size):
            button = QToolButton()
            button.setObjectName(f"{name}-{k}")
            button.setText(str(k))
            button.setAccessibleName(f"{text} {k}")
            button.setToolTip(f"{text} {k}")
            button.setCheckable(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setIconSize(QSize(SIDE, SIDE))
            button.setFont(theme.caption_font(tabular=True))
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, k=k: self._clicked(k))
            group.addButton(button)
            grid.addWidget(button, k // COLUMNS, k % COLUMNS)
            self.buttons.append(button)
        return grid

    # -- the value ------------------------------------------------------------------------------------------------

    def value(self) -> int:
        """The category that weighs most; in a blend made here, the one that the other is mixed into."""
        return self._main

    def setValue(self, category: int) -> None:
        """Choose a category as a hand would."""
        if 0 <= category < self._size and category != self._main:
            self._clicked(category)

    def weights(self) -> tuple[float, ...]:
        """The weights of all categories, which add up to 1."""
        main, other = class_weights(self._main, self._size), class_weights(self._other, self._size)
        share = self._share if self._blending else 0.0
        return tuple(round((1 - share) * a + share * b, 6) for a, b in zip(main, other, strict=True))

    def show_weights(self, weights: tuple[float, ...]) -> None:
        """Show weights that came from elsewhere; no signal. Of more than two, the two largest are shown."""
        if weights != self.weights():
            order = sorted(range(self._size), key=lambda k: -weights[k])
            self._main, second = order[0], order[1 % self._size]
            self._blending = weights[second] > 0
            if self._blending:
                self._other, self._share = second, weights[second] / (weights[self._main] + weights[second])
        self._show()

    def set_picture(self, category: int, pixels: np.ndarray) -> None:
        """The picture on a category's button, uint8 (H, W, C)."""
        if category < len(self.buttons):
            button = self.buttons[category]
            button.setIcon(QIcon(thumbnail(pixels, SIDE, self.devicePixelRatioF(), 4)))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)

    # -- hands ----------------------------------------------------------------------------------------------------

    def _clicked(self, category: int) -> None:
        self._main = category
        if self._other == category:
            self._other = (category + 1) % self._size
        self._tell_once()

    def _blend_clicked(self, blending: bool) -> None:
        self._blending, self._share = blending, 0.5
        self._tell_once()

    def _other_chosen(self, category: int) -> None:
        self._other = category
        self._tell_once()

    def _share_moved(self, share: float) -> None:
        self._share = share
        self.weights_changed.emit(self.weights())

    def _tell_once(self) -> None:
        self._show()
        self.began.emit()
        self.weights_changed.emit(self.weights())
        self.ended.emit()

    def _show(self) -> None:
        for k, button in enumerate(self.buttons):
            button.setChecked(k == self._main)
        self.blend.setChecked(self._blending)
        for choice, index in ((self.list, self._main), (self.other, self._other)):
            choice.blockSignals(True)
            choice.setCurrentIndex(index)
            choice.blockSignals(False)
        self.share.show_value(self._share)
        self.other.setVisible(self._blending)
        self.share.setVisible(self._blending)
