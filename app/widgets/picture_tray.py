"""A tray with a title: pictures that are collected for something, dragged here or put in by a button."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from app import theme
from app.compute import Compute
from app.widgets.basket import Basket
from app.widgets.buttons import IconButton
from app.widgets.strip import Item
from ganviz.recipe import Recipe

SIDE = 44


class PictureTray(QFrame):
    """A title with a count, the pictures, and buttons to put the present one in and to take all out.

    Signals
    taken(tuple)        recipes to put in
    add_clicked()       the present picture is to go in
    removed(int)        the picture at this index is to go
    cleared()           all are
    chosen(recipe)      a picture was clicked
    """

    taken = Signal(tuple)
    add_clicked = Signal()
    removed = Signal(int)
    cleared = Signal()
    chosen = Signal(object)

    def __init__(self, compute: Compute, name: str, title: str, icon: str, empty: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setProperty("tone", "card")
        self._title = title
        self._recipes: tuple[Recipe, ...] = ()
        self.label = QLabel(title)
        self.label.setFont(theme.text_font(bold=True))
        self.count = QLabel("0")
        self.count.setObjectName(f"{name}-count")
        self.count.setFont(theme.caption_font(tabular=True))
        self.count.setProperty("tone", "muted")
        self.add_button = IconButton(icon, f"Put the present picture into {title.lower()}", f"{name}-add")
        self.clear_button = IconButton("close", f"Take all out of {title.lower()}", f"{name}-clear")
        self.basket = Basket(f"{name}-pictures", f"{title} pictures", empty, side=SIDE)
        self.basket.setFixedHeight(SIDE + 14)
        self.basket.setMinimumWidth(120)
        self.basket.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.label)
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.add_button)
        head.addWidget(self.clear_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 6, 6)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.basket)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.add_button.clicked.connect(self.add_clicked)
        self.clear_button.clicked.connect(self.cleared)
        self.basket.taken.connect(self.taken)
        self.basket.removed.connect(self.removed)
        self.basket.activated_at.connect(lambda index: self.chosen.emit(self._recipes[index]))
        self.basket.action_triggered.connect(self._act)
        self.basket.needed.connect(lambda keys: compute.want_thumbnails(name, keys))
        compute.thumbnail_ready.connect(self.basket.set_picture)

    def set_recipes(self, recipes: Sequence[Recipe], tips: Sequence[str]) -> None:
        """Show these, each with its tip."""
        if tuple(recipes) != self._recipes:
            self._recipes = tuple(recipes)
            self.basket.set_items([Item(recipe, "", tip) for recipe, tip in zip(recipes, tips, strict=True)])
            self.basket.ask_again()
        self.count.setText(str(len(recipes)))
        self.count.setAccessibleName(f"{len(recipes)} pictures in {self._title.lower()}")
        self.clear_button.setEnabled(bool(recipes))

    def recipes(self) -> tuple[Recipe, ...]:
        """What is in it."""
        return self._recipes

    def complete(self) -> bool:
        """Whether every picture in view is here."""
        keys = [item.key for item in self.basket.items()]
        return all(keys[k] in self.basket.pictures() for k in self.basket.visible_indices() if k < len(keys))

    def _act(self, name: str, index: int) -> None:
        if name == "remove":
            self.removed.emit(index)
        else:
            self.chosen.emit(self._recipes[index])
