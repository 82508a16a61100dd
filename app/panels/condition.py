"""The class card: what the picture is of, as a list and as pictures of the same latent."""

import numpy as np
from PySide6.QtCore import QTimer

from app.compute import Compute
from app.document import Document
from app.widgets.buttons import Choice
from app.widgets.card import Card
from app.widgets.strip import Item, Strip
from ganviz.recipe import Recipe, class_weights
from ganviz.session import Session
from ganviz.spec import Spec

CHANNEL = "classes"
SETTLE_MS = 150
PICTURES = 40
"""With more classes than this only the list is shown."""


class ConditionPanel(Card):
    """The class selector, for models that have classes."""

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Class", "condition", reset="Back to the first class")
        self._document, self._compute = document, compute
        self._asked: dict[Recipe, int] = {}
        self._names: tuple[str, ...] = ()
        self._surroundings: Recipe | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._refresh)
        self.choice = Choice("label", "Class of the picture")
        self.pictures = Strip("label-pictures", "Classes", "", side=40, rows=2)
        self.add(self.choice)
        self.add(self.pictures)
        self.choice.currentIndexChanged.connect(self._chosen)
        self.pictures.activated_at.connect(self._chosen)
        self.pictures.needed.connect(self._draw)
        compute.thumbnail_ready.connect(self._thumbnail)
        self.reset_clicked.connect(lambda: self._chosen(0))

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Only conditional models have classes."""
        return spec.num_classes > 0

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, card = self._document.spec, self._document.card
        if not self.applies(spec):
            self._set_names(())
            return
        names = tuple(
            card.class_names[k] if k < len(card.class_names) else f"class {k}" for k in range(spec.num_classes)
        )
        self._set_names(names)
        label = session.recipe.label or class_weights(0, spec.num_classes)
        index = max(range(len(label)), key=label.__getitem__)
        pure = label == class_weights(index, spec.num_classes)
        self.choice.blockSignals(True)
        self.choice.setCurrentIndex(index)
        self.choice.blockSignals(False)
        self.pictures.set_items(self._items(), index if pure else -1)
        self.set_caption("" if pure else "blend")
        self.set_changed(label != class_weights(0, spec.num_classes))
        surroundings = session.recipe.edit(label=None)
        if surroundings != self._surroundings:
            self._surroundings = surroundings
            self._settle.start()

    def _items(self) -> list[Item]:
        if len(self._names) > PICTURES:
            return []
        return [Item(k, tip=name) for k, name in enumerate(self._names)]

    def _set_names(self, names: tuple[str, ...]) -> None:
        if names == self._names:
            return
        self._names = names
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems([name if str(k) in name.split() else f"{k} · {name}" for k, name in enumerate(names)])
        self.choice.blockSignals(False)
        self.pictures.set_items(())
        self.pictures.setVisible(0 < len(names) <= PICTURES)

    def _chosen(self, index: int) -> None:
        if self._document.is_open and 0 <= index < len(self._names):
            label = class_weights(index, len(self._names))
            if label != self._document.recipe.label:
                self._document.seal()
                self._document.edit_recipe(label=label)

    # -- thumbnails -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """The latent has come to rest: draw every class of it; the old pictures stay until then."""
        if self._document.is_open and self._names and self.pictures.isVisible():
            self._draw(list(range(len(self._names))))

    def _draw(self, classes: list[int]) -> None:
        if not (self._document.is_open and self._names):
            return
        recipe = self._document.recipe
        wanted = {recipe.edit(label=class_weights(k, len(self._names))): k for k in classes}
        self._asked = wanted
        self._compute.want_thumbnails(CHANNEL, list(wanted))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        index = self._asked.get(recipe)
        if index is not None:
            self.pictures.set_picture(index, pixels)
