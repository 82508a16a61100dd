"""The style-mix card: styles of some layers taken from other latents (Karras et al. 2018, section 3.1)."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel

from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton
from app.widgets.card import Card
from app.widgets.layer_choice import LayerChoice
from app.widgets.number import NumberRow
from app.widgets.recipe_mime import MIME, from_mime
from app.widgets.seed_field import SeedField
from app.widgets.strip import Item, ItemAction, Strip
from ganviz.edits import Mix
from ganviz.expression import Seed, describe_latent
from ganviz.mixing import Source, drawn_from, fits, format_layers, source_of
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Spec
from ganviz.variations import RANDOM_SEEDS

CHANNEL = "mix-sources"
SETTLE_MS = 150
FIRST = Mix(Seed(1000), ())
"""The source that is offered while nothing is mixed, as in the StyleGAN tools."""


class StyleMixPanel(Card):
    """Sources in a row; for the marked one a seed, the layers that take its styles, and how much of them.

    All of it is in the recipe. Where two sources have a layer, the later one is mixed into what the earlier left.
    """

    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Style mix", "mix", reset="Nothing mixed")
        self._document, self._compute = document, compute
        self._marked = 0
        self._asked: dict[Recipe, list[Source]] = {}
        self._surroundings: Recipe | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._refresh)
        self.sources = Strip(
            "mix-sources",
            "Sources of styles",
            "",
            side=44,
            captions=True,
            movable=True,
            removable=True,
            actions=(ItemAction("remove", "Remove", "trash-can-outline"),),
        )
        self.seed = SeedField("mix-seed")
        self.seed.setAccessibleName("Seed of the source")
        self.dice = IconButton("dice-5-outline", "A random seed for this source", "mix-random")
        self.plus = IconButton("plus", "Another source; pictures can also be dragged here", "mix-add")
        self.remove = IconButton("trash-can-outline", "Remove this source", "mix-remove")
        self.amount = NumberRow(
            "Blend",
            0,
            1,
            name="mix-blend",
            tip="How much of the source's styles: 1 all, less blends them in w, beyond 1 exaggerates",
            default=1.0,
            step=0.05,
            limits=(-2.0, 3.0),
        )
        self.layers = LayerChoice("mix")
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)

    def _lay_out(self) -> None:
        label = QLabel("Seed")
        label.setBuddy(self.seed)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.seed)
        row.addStretch()
        for button in (self.dice, self.plus, self.remove):
            row.addWidget(button)
        self.add(self.sources)
        self.add(row)
        self.add(self.layers)
        self.add(self.amount)

    def _connect(self) -> None:
        self._compute.thumbnail_ready.connect(self._thumbnail)
        self.sources.activated_at.connect(self._mark)
        self.sources.needed.connect(self._draw)
        self.sources.moved.connect(self._move)
        self.sources.removed.connect(self._remove)
        self.sources.action_triggered.connect(lambda _, index: self._remove(index))
        self.seed.valueChanged.connect(lambda seed: self._change("mix-seed", latent=Seed(seed)))
        self.seed.placed.connect(lambda point: self._change(None, latent=point))
        self.dice.clicked.connect(lambda: self._change(None, latent=Seed(random.randrange(RANDOM_SEEDS))))
        self.plus.clicked.connect(lambda: self._append((Source(Seed(self._next_seed())),)))
        self.remove.clicked.connect(lambda: self._remove(self._marked))
        self.layers.changed.connect(lambda layers: self._change(None, layers=layers))
        self.amount.valueChanged.connect(lambda amount: self._change("mix-blend", amount=amount))
        for widget in (self.seed, self.amount):
            widget.began.connect(self._document.seal)
            widget.ended.connect(self._document.seal)
        self.reset_clicked.connect(lambda: self._set(()))

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Only for models with several style inputs."""
        return spec.num_ws > 1

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        spec, recipe = self._document.spec, session.recipe
        if not self.applies(spec):
            return
        self.layers.set_spec(spec)
        mixes = recipe.mixes or (FIRST,)
        self._marked = min(self._marked, len(mixes) - 1)
        shown = mixes[self._marked]
        self.sources.set_items([_item(mix, spec) for mix in mixes], self._marked)
        self.seed.show_value(shown.latent.seed if isinstance(shown.latent, Seed) else 0)
        self.layers.show_layers(shown.layers)
        self.amount.show_value(shown.amount)
        self.remove.setEnabled(bool(recipe.mixes))
        mixed = sorted({layer for mix in recipe.mixes for layer in mix.layers})
        self.set_caption(format_layers(tuple(mixed), spec) if mixed else "")
        self.set_changed(bool(recipe.mixes))
        surroundings = drawn_from(recipe, Source(Seed(0)))
        if surroundings != self._surroundings:
            self._surroundings = surroundings
            self._settle.start()

    def _mixes(self) -> tuple[Mix, ...]:
        return self._document.recipe.mixes or (FIRST,)

    def _mark(self, place: int) -> None:
        self._marked = place
        if self._document.is_open:
            self.show_session(self._document.session)

    # -- editing --------------------------------------------------------------------------------------------------

    def _set(self, mixes: tuple[Mix, ...], merge: object = None) -> None:
        if self._document.is_open:
            if merge is None:
                self._document.seal()
            self._document.edit_recipe(merge=merge, mixes=mixes)

    def _change(self, merge: object, **changes: Any) -> None:
        """Replace fields of the marked source."""
        if self._document.is_open:
            mixes = list(self._mixes())
            mixes[self._marked] = replace(mixes[self._marked], **changes)
            self._set(tuple(mixes), None if merge is None else (merge, self._marked))

    def _append(self, sources: tuple[Source, ...]) -> None:
        if self._document.is_open and sources:
            mixes = self._mixes()
            self._marked = len(mixes)
            self._set((*mixes, *(Mix(source.latent, (), 1.0, source.label) for source in sources)))

    def _next_seed(self) -> int:
        """A seed that is no source yet."""
        used = {mix.latent.seed for mix in self._mixes() if isinstance(mix.latent, Seed)}
        return next(seed for seed in range(1000, 1000 + len(used) + 1) if seed not in used)

    def _remove(self, place: int) -> None:
        mixes = self._document.recipe.mixes
        if place < len(mixes):
            self._set((*mixes[:place], *mixes[place + 1 :]))

    def _move(self, place: int, to: int) -> None:
        mixes = list(self._mixes())
        mixes.insert(to, mixes.pop(place))
        self._marked = to
        self._set(tuple(mixes))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop(from_mime(event.mimeData()))
        event.acceptProposedAction()

    def drop(self, recipes: tuple[Recipe, ...]) -> None:
        """Take pictures as sources: their latents and classes, not what was mixed into them."""
        if not (self._document.is_open and recipes):
            return
        spec = self._document.spec
        fitting = tuple(source_of(recipe) for recipe in recipes if fits(recipe.latent, spec))
        if len(fitting) < len(recipes):
            self.said.emit("A picture of another kind of model has no styles for this one", "warning")
        elif any(recipe.mixes or recipe.moves for recipe in recipes):
            self.said.emit("Its latent is the source; what was mixed into it or moved stays behind", "info")
        self._append(fitting)

    # -- thumbnails -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """What the sources are drawn with has come to rest: draw them all; the old pictures stay until then."""
        if self._document.is_open and self.isVisible():
            self._draw([Source(mix.latent, mix.label) for mix in self._mixes()])

    def _draw(self, sources: list[Source]) -> None:
        if self._document.is_open:
            recipe = self._document.recipe
            self._asked = {}
            for source in sources:
                self._asked.setdefault(drawn_from(recipe, source), []).append(source)
            self._compute.want_thumbnails(CHANNEL, list(self._asked))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        for source in self._asked.get(recipe, ()):
            self.sources.set_picture(source, pixels)


def _item(mix: Mix, spec: Spec) -> Item:
    """A source on the strip, captioned with the layers that it gives."""
    layers = format_layers(mix.layers, spec) if mix.layers else ""
    return Item(
        Source(mix.latent, mix.label), layers or "no layers", f"{describe_latent(mix.latent)}: {layers or 'no layers'}"
    )
