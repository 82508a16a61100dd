"""The latent card: seed, seed plane, random latents, wandering."""

import random

import numpy as np
from PySide6.QtCore import QElapsedTimer, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel

from app import latents
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton, Tick
from app.widgets.card import Card
from app.widgets.number import NumberRow
from app.widgets.seed_field import SeedField
from app.widgets.seed_plane import SeedPlane
from ganviz.expression import WITHIN_MOST, Seed
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Spec
from ganviz.variations import RANDOM_SEEDS, base_of, varied, with_base

CHANNEL = "seed-plane"
SETTLE_MS = 120
"""Neighbours are drawn anew once psi, class and dimensions have been left alone this long."""
WANDER = 0.25
"""Seeds a second while playing, StyleGAN3's default."""
THRESHOLD = 1.0
"""Where Randomise cuts the normal distribution, once it is told to."""


class LatentPanel(Card):
    """Seed and seed plane; `playing_changed(bool)` says whether the latent wanders."""

    playing_changed = Signal(bool)
    variation_changed = Signal(float)
    within_changed = Signal(float)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Latent", "latent", reset="Back to seed 0")
        self._document, self._compute = document, compute
        self._neighbours: dict[Recipe, int] = {}  # the seed of each thumbnail that was asked for
        self._surroundings: Recipe | None = None  # the recipe apart from where its anchor is
        self._start: Seed = Seed(0)  # the anchor when the present drag began
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._wander = QTimer(self, interval=16)
        self._clock = QElapsedTimer()
        self._build()
        self._settle.timeout.connect(self.plane.invalidate)
        self._wander.timeout.connect(self._step)
        compute.thumbnail_ready.connect(self._thumbnail)
        compute.thumbnail_failed.connect(self._no_thumbnail)
        self.reset_clicked.connect(self._reset)

    def _build(self) -> None:
        self.seed = SeedField("seed")
        self.dice = IconButton("dice-5-outline", "A random seed", "random-seed")
        self.play_button = IconButton("play", "Wander along the seed plane (Space on the picture)", "play-latent")
        self.play_button.setCheckable(True)
        self.plane = SeedPlane("seed-plane")
        self.variation = NumberRow(
            "Variation",
            0,
            1,
            name="variation",
            tip="How far Randomise goes: 1 draws a new latent, less varies the one on screen",
            default=1.0,
            step=0.05,
            limits=(0.0, 1.0),
        )
        self.truncated = Tick(
            "Truncated normal",
            "Randomise draws entries of z beyond the threshold anew, as BigGAN does: more typical, less varied; "
            "psi is another thing and stays as it is",
            "truncated-normal",
        )
        self.within = NumberRow(
            "Threshold",
            0.0,
            3.0,
            name="within",
            tip="Entries of z larger than this are drawn anew; BigGAN's own pictures use 2 to 0.04",
            default=THRESHOLD,
            step=0.1,
            limits=(0.04, WITHIN_MOST),
        )
        self.within.hide()
        label = QLabel("Seed")
        label.setBuddy(self.seed)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.seed)
        row.addStretch()
        row.addWidget(self.dice)
        row.addWidget(self.play_button)
        self.add(row)
        self.add(self.plane)
        self.add(self.variation)
        self.add(self.truncated)
        self.add(self.within)
        self.seed.valueChanged.connect(self._seed_typed)
        self.seed.placed.connect(self._seed_placed)
        self.seed.began.connect(self._document.seal)
        self.seed.ended.connect(self._document.seal)
        self.dice.clicked.connect(lambda: self._set_latent(self._draw()))
        self.play_button.clicked.connect(lambda checked: self.play(checked))
        self.plane.began.connect(self.begin_move)
        self.plane.point_changed.connect(self._point_moved)
        self.plane.ended.connect(self._document.seal)
        self.plane.needed.connect(self._draw_neighbours)
        self.variation.valueChanged.connect(self.variation_changed)
        self.truncated.toggled.connect(self._truncated_toggled)
        self.within.valueChanged.connect(lambda _: self.within_changed.emit(self.threshold or 0.0))

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Every model has a latent."""
        return True

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        latent = session.recipe.latent
        at = latents.anchor(latent)
        self.seed.show_value(at.seed if at is not None else 0)
        self.plane.setEnabled(at is not None)
        shown = at or Seed(0)
        self.plane.set_point(shown.seed, shown.right, shown.down)
        self.set_changed(base_of(latent) != Seed(0))
        mixed = "" if isinstance(base_of(latent), Seed) else "mixed"
        self.set_caption(mixed or ("" if shown.within is None else f"within {shown.within:g}"))
        surroundings = session.recipe.edit(latent=latents.with_anchor(latent, Seed(0, within=shown.within)))
        if surroundings != self._surroundings:
            # Snapshots of one run share a name: the old neighbours stay until there are new ones.
            other_model = self._surroundings is None or surroundings.model.name != self._surroundings.model.name
            self._surroundings = surroundings
            if other_model:
                self.plane.clear()
            else:
                self._settle.start()

    # -- editing --------------------------------------------------------------------------------------------------

    def randomise(self) -> None:
        """A random latent, as far from the present one as Variation says."""
        if self._document.is_open:
            self._document.seal()
            latent, strength = self._document.recipe.latent, self.variation.value()
            latent = varied(latent, strength, self._draw(), self._document.spec.has_mapping)
            self._document.edit_recipe(latent=latent)

    @property
    def threshold(self) -> float | None:
        """Where Randomise cuts the normal distribution; None for nowhere."""
        return self.within.value() if self.truncated.isChecked() else None

    def show_threshold(self, within: float) -> None:
        """Cut there, or with 0 nowhere; no signal."""
        self.truncated.blockSignals(True)
        self.truncated.setChecked(within > 0)
        self.truncated.blockSignals(False)
        self.within.setVisible(within > 0)
        if within > 0:
            self.within.show_value(within)

    def _truncated_toggled(self, cut: bool) -> None:
        self.within.setVisible(cut)
        self.within_changed.emit(self.threshold or 0.0)

    def _draw(self) -> Seed:
        """A random seed."""
        return Seed(random.randrange(RANDOM_SEEDS), within=self.threshold)

    def begin_move(self) -> None:
        """A drag on the seed plane begins, on the pad or on the canvas."""
        if self._document.is_open:
            self._document.seal()
            self._start = latents.anchor(self._document.recipe.latent) or Seed(0)

    def wander(self, right: float, down: float) -> None:
        """Move on the seed plane by so many seeds, in the gesture that is open."""
        if self._document.is_open:
            latent = latents.moved(self._document.recipe.latent, right, down)
            self._document.edit_recipe(merge="plane", latent=latent)

    def _point_moved(self, right: float, down: float) -> None:
        if self._document.is_open:
            old = self._document.recipe.latent
            at = latents.anchor(old) or Seed(0)
            latent = latents.with_anchor(old, Seed(self.plane.seed, within=at.within).moved(right, down))
            self._document.edit_recipe(merge="plane", latent=latent)

    def _seed_placed(self, point: Seed) -> None:
        if self._document.is_open:
            self._document.seal()
            self._document.edit_recipe(latent=with_base(self._document.recipe.latent, point))

    def _seed_typed(self, seed: int) -> None:
        if self._document.is_open:
            latent = with_base(self._document.recipe.latent, Seed(seed))
            self._document.edit_recipe(merge="seed", latent=latent)

    def _set_latent(self, base: Seed) -> None:
        if self._document.is_open:
            self._document.seal()
            self._document.edit_recipe(latent=with_base(self._document.recipe.latent, base))

    def _reset(self) -> None:
        self._set_latent(Seed(0))

    # -- wandering ------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether the latent wanders by itself."""
        return self._wander.isActive()

    def play(self, playing: bool) -> None:
        """Wander along the seed plane, or stop; the whole way is one step of undo."""
        playing = playing and self._document.is_open
        if playing != self.playing:
            self._clock.start()
            if playing:
                self._document.hold("wander")
                self._wander.start()
            else:
                self._wander.stop()
                self._document.release("wander")
            self.playing_changed.emit(playing)
        self.play_button.setChecked(playing)
        self.play_button.set_icon("pause" if playing else "play")

    def _step(self) -> None:
        self.wander(WANDER * self._clock.restart() / 1000, 0.0)

    # -- thumbnails -----------------------------------------------------------------------------------------------

    def _draw_neighbours(self, seeds: list[int]) -> None:
        if not self._document.is_open:
            return
        recipe = self._document.recipe
        within = (latents.anchor(recipe.latent) or Seed(0)).within
        self._neighbours = {
            recipe.edit(latent=latents.with_anchor(recipe.latent, Seed(seed, within=within))): seed for seed in seeds
        }
        self._compute.want_thumbnails(CHANNEL, list(self._neighbours))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        seed = self._neighbours.pop(recipe, None)
        if seed is not None:
            self.plane.set_thumbnail(seed, pixels)

    def _no_thumbnail(self, recipe: Recipe) -> None:
        seed = self._neighbours.pop(recipe, None)
        if seed is not None:
            self.plane.set_failed(seed)
