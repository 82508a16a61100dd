"""The training card: the same latent across the snapshots of a run."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout

from app.background import Background
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton, Tick
from app.widgets.card import Card
from app.widgets.film_slider import FilmSlider
from app.widgets.number import NumberField
from ganviz import catalog
from ganviz.checkpoint import Header
from ganviz.notation import format_kimg
from ganviz.recipe import ModelRef, Recipe
from ganviz.session import Session
from ganviz.spec import Spec

CHANNEL = "snapshots"
SETTLE_MS = 160
"""The film is drawn anew once everything but the snapshot has been left alone this long."""
LOOK_MS = 3000
"""A run may be training: while it is open its folder is looked at this often."""
PLAY_MS = 4000
"""How long playing takes from the first snapshot to the last, where no snapshot has to be waited for."""
LONGEST_STEP_MS = 400
CHEAP = 128 << 20
"""Snapshots of more bytes than this in all are not loaded for the sake of a film."""


class SnapshotsPanel(Card):
    """Goes through a run's snapshots; everything else of the recipe stays.

    Signals: `playing_changed(bool)` says whether it goes by itself; `applies_changed()`, whether there is anything to
    go through may have changed.
    """

    playing_changed = Signal(bool)
    applies_changed = Signal()

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__("Training", "snapshots", reset="To the newest snapshot")
        self._document, self._compute = document, compute
        self._background: Background | None = None
        self._run: Path | None = None  # the folder that the snapshots below are of
        self._snapshots: list[Header] = []
        self._looking = False
        self._asked: dict[Recipe, float] = {}  # the stop of each picture that the film waits for
        self._surroundings: Recipe | None = None  # the recipe apart from its model
        self._drawn = ""  # digest of the model whose picture came, or failed, last
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._play = QTimer(self)
        self.look_timer = QTimer(self, interval=LOOK_MS)
        self._build()
        self._settle.timeout.connect(self.slider.invalidate)
        self._play.timeout.connect(self._step)
        self.look_timer.timeout.connect(self._look)
        compute.thumbnail_ready.connect(self._thumbnail)
        compute.thumbnail_failed.connect(self._no_thumbnail)
        compute.frame_ready.connect(lambda frame: self._note_drawn(frame.recipe))
        compute.frame_failed.connect(lambda recipe, message: self._note_drawn(recipe))
        self.reset_clicked.connect(self._reset)
        self.hide()  # until a run is open

    def _build(self) -> None:
        tip = "The same latent at another time of the training"
        self.slider = FilmSlider("snapshot", "Images seen", tip)
        self.field = SeenField(self.slider)
        self.play_button = IconButton("play", "Play the training at this latent", "snapshot-play")
        self.play_button.setCheckable(True)
        self.follow = Tick(
            "Follow newest", "Show each new snapshot of a running training as soon as it is there", "snapshot-follow"
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.play_button)
        row.addWidget(self.follow)
        row.addStretch()
        row.addWidget(self.field)
        self.add(self.slider)
        self.add(row)
        self.slider.began.connect(self._began)
        self.slider.ended.connect(self._document.seal)
        self.slider.valueChanged.connect(self._moved)
        self.slider.needed.connect(self._draw)
        self.field.valueChanged.connect(self._typed)
        self.play_button.clicked.connect(lambda checked: self.play(checked))
        self.follow.clicked.connect(self._follow_clicked)

    # -- what is there --------------------------------------------------------------------------------------------

    def watch(self, background: Background) -> None:
        """From now on look for snapshots, on that thread."""
        self._background = background

    def applies(self, spec: Spec) -> bool:
        """Where the model is one of several snapshots of a run."""
        return self._document.is_open and len(self._snapshots) > 1 and self._run == self._present_run()

    def complete(self) -> bool:
        """Whether nothing of the card is still to come."""
        film = self.slider.complete() and not self._settle.isActive()
        return not self._looking and (film or not self.slider.isVisible())

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        run = self._present_run()
        if run != self._run:
            self.play(False)
            self.follow.setChecked(False)
            self._run, self._snapshots = run, []
            self.slider.clear_film()
            self._look()
            live = run is not None and run not in catalog.bundled_runs()  # these have ended long ago
            self.follow.setVisible(live)
            # Also while there is but one snapshot, and so no card: the next one may come any minute.
            self.look_timer.start() if live else self.look_timer.stop()
        if self._snapshots:
            self._show(session)

    def _present_run(self) -> Path | None:
        return catalog.run_of(self._document.header.path)

    def _look(self) -> None:
        """Read which snapshots there are."""
        run = self._present_run() if self._document.is_open else None
        if self._background is None or run is None or self._looking:
            return
        self._looking = True
        self._background.run(lambda: read_run(run), lambda found: self._found(run, *found), self._not_found)

    def _not_found(self, error: BaseException) -> None:
        self._looking = False

    def _found(self, run: Path, found: list[Header], size: int) -> None:
        self._looking = False
        if run != self._run:
            self._look()
            return
        if not found or [header.digest for header in found] == [header.digest for header in self._snapshots]:
            return
        follow = self.follow.isChecked()
        self._snapshots = found
        self.slider.set_film(size <= CHEAP)
        self.slider.set_stops([catalog.images_seen(header) for header in found])
        self.slider.invalidate()
        self.applies_changed.emit()
        if follow:
            self._go(found[-1], "snapshot-follow")
        self._show(self._document.session)

    def _show(self, session: Session) -> None:
        at, newest = self._nearest(session.recipe.model), len(self._snapshots) - 1
        self.slider.show_value(catalog.images_seen(self._snapshots[at]))
        self.field.show_seen(self.slider.value())
        self.set_caption(f"{at + 1} of {newest + 1}")
        self.set_changed(at != newest)
        if at != newest:
            self.follow.setChecked(False)  # whoever goes back wants to stay there
        surroundings = session.recipe.edit(model=ModelRef(""))
        if surroundings != self._surroundings:
            self._surroundings = surroundings
            self._settle.start()

    def _nearest(self, ref: ModelRef) -> int:
        """Index of the model's snapshot; where that is gone, of the one that had seen nearly as many images."""
        digests = [header.digest for header in self._snapshots]
        if ref.digest in digests:
            return digests.index(ref.digest)
        seen = catalog.images_seen(self._document.header)
        away = [abs(catalog.images_seen(header) - seen) for header in self._snapshots]
        return away.index(min(away))

    # -- editing --------------------------------------------------------------------------------------------------

    def _go(self, header: Header, merge: object | None = None) -> None:
        self._document.introduce(header)
        self._document.edit_recipe(merge=merge, model=header.ref)

    def _began(self) -> None:
        self.play(False)
        self._document.seal()

    def _moved(self, seen: float) -> None:
        if self.applies(self._document.spec):
            self._go(next(h for h in self._snapshots if catalog.images_seen(h) == seen), "snapshot")

    def _typed(self, seen: float) -> None:
        self.slider.setValue(seen)
        self.field.show_seen(self.slider.value())

    def _reset(self) -> None:
        self.play(False)
        self._document.seal()
        self._go(self._snapshots[-1])

    def _follow_clicked(self, follow: bool) -> None:
        if follow and self._snapshots:
            self._reset()

    # -- playing --------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether it goes through the snapshots by itself."""
        return self._play.isActive()

    def play(self, playing: bool) -> None:
        """Go through the snapshots to the last, from the first where this is the last; one step of undo."""
        playing = playing and self._document.is_open and self.applies(self._document.spec)
        if playing and not self.playing:
            self._document.hold("training")
            self._play.start(min(LONGEST_STEP_MS, PLAY_MS // len(self._snapshots)))
            if self._nearest(self._document.recipe.model) == len(self._snapshots) - 1:
                self._go(self._snapshots[0], "training")
            self.playing_changed.emit(True)
        elif not playing and self.playing:
            self._play.stop()
            self._document.release("training")
            self.playing_changed.emit(False)
        self.play_button.setChecked(self.playing)
        self.play_button.set_icon("pause" if self.playing else "play")

    def _step(self) -> None:
        if self._drawn != self._document.recipe.model.digest:
            return  # a large model takes its time: nothing is passed over
        after = self._nearest(self._document.recipe.model) + 1
        if after < len(self._snapshots):
            self._go(self._snapshots[after], "training")
        if after >= len(self._snapshots) - 1:
            self.play(False)

    def _note_drawn(self, recipe: Recipe) -> None:
        self._drawn = recipe.model.digest

    # -- the film -------------------------------------------------------------------------------------------------

    def _draw(self, stops: list[float]) -> None:
        if self._document.is_open and self._run == self._present_run():
            recipe = self._document.recipe
            headers = {float(catalog.images_seen(header)): header for header in self._snapshots}
            self._asked = {recipe.edit(model=headers[stop].ref): stop for stop in stops if stop in headers}
            self._compute.want_thumbnails(CHANNEL, list(self._asked))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        stop = self._asked.pop(recipe, None)
        if stop is not None:
            self.slider.set_picture(stop, pixels)

    def _no_thumbnail(self, recipe: Recipe) -> None:
        stop = self._asked.pop(recipe, None)
        if stop is not None:
            self.slider.set_failed(stop)


class SeenField(NumberField):
    """Shows and takes thousands of images, as training is counted; the slider beside it counts images."""

    def __init__(self, slider: FilmSlider) -> None:
        super().__init__(slider, decimals=0, suffix="kimg")
        self.setObjectName("snapshot-field")
        self.setAccessibleName("Images seen, in thousands")
        self.setToolTip("Thousands of images that the training had seen; goes to the nearest snapshot")
        self.setRange(0, 1e12)
        self.setFixedWidth(96)

    def show_seen(self, images: float) -> None:
        """Show a number of images; no signal."""
        if self.value() != images:
            self.blockSignals(True)
            self.setValue(images)
            self.blockSignals(False)

    def textFromValue(self, value: float) -> str:
        return format_kimg(round(value)).replace(",", "")

    def valueFromText(self, text: str) -> float:
        # What was not touched means what it was shown for: the text has not all the digits.
        untouched = self._plain(text) == self.textFromValue(self.value())
        return self.value() if untouched else super().valueFromText(text)

    def _number(self, plain: str) -> float:
        return 1000 * float(plain)


def read_run(run: Path) -> tuple[list[Header], int]:
    """A run's snapshots, and their bytes in all. Reads headers only; runs on the background thread."""
    found = catalog.snapshots(run)
    size = sum(header.path.stat().st_size for header in found if header.path.exists())
    return found, size
