"""The timeline tab: keyframes placed by hand, scrubbing, and a curve of how much the picture changes."""

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.widgets.buttons import IconButton
from app.widgets.track import Track
from ganviz.errors import GanvizError
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.smoothness import Step, sample_frames, smoothness
from ganviz.spec import Spec
from ganviz.timeline import Timeline
from ganviz.walk import EASINGS, WalkRecipes

CHANNEL = "timeline"
EMPTY = (
    "No keyframes yet. Keep two pictures (K) and the walk goes evenly through them; "
    "press + here, or drop pictures, to place them in time yourself."
)
LARGE = 256
"""Models of more pixels a side have fewer of their frames looked at for the curve."""
CURVE_MS = 300


class TimelinePanel(QWidget):
    """Places keyframes in time. As long as there are none by hand it shows the gallery, evenly spread.

    `going(frame)`: the playhead is moved to a frame, and the recipe with it.
    """

    going = Signal(int)
    said = Signal(str, str)
    sheet_wanted = Signal()

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline")
        self._document, self._compute = document, compute
        self._shown: Any = None  # what the track was filled from
        self._samples: tuple[int, ...] = ()  # frames of the curve
        self._sampled: list[Recipe] = []  # what is to be seen at them; each a tree of blends, so made once
        self._pixels: dict[Recipe, np.ndarray] = {}
        self._awaited: set[Recipe] = set()  # those of them whose pictures are not here yet
        self._recipes: WalkRecipes | None = None
        self.track = Track("timeline-track", EMPTY)
        self.add_button = IconButton("plus-circle-outline", "Put the picture on screen into the walk", "timeline-add")
        self.clear_button = IconButton(
            "playlist-remove", "Forget the times: go evenly through the gallery again", "timeline-clear"
        )
        self.update_button = IconButton(
            "image-sync-outline", "Put the picture on screen in place of the chosen keyframe", "timeline-update"
        )
        self.sheet_button = IconButton("grid", "Export a contact sheet of the walk", "timeline-sheet")
        buttons = QGridLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(2)
        for place, button in enumerate((self.add_button, self.update_button, self.clear_button, self.sheet_button)):
            buttons.addWidget(button, place // 2, place % 2)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(buttons)
        row.addWidget(self.track, 1)
        self._curve_timer = QTimer(self, singleShot=True, interval=CURVE_MS)
        self._curve_timer.timeout.connect(self._ask)
        track = self.track
        track.scrub_began.connect(document.seal)
        track.scrub_ended.connect(document.seal)
        track.scrubbed.connect(self._scrub)
        track.chosen.connect(self._go_to)
        track.moved.connect(self._move)
        track.removed.connect(self.remove)
        track.dropped.connect(self._drop)
        track.menu_wanted.connect(lambda index, place: self.menu_for(index).popup(place))
        self.add_button.clicked.connect(self.add_present)
        self.update_button.clicked.connect(self.update_chosen)
        self.clear_button.clicked.connect(self.clear)
        self.sheet_button.clicked.connect(self.sheet_wanted)
        compute.thumbnail_ready.connect(self._thumbnail)
        self._show_buttons()

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always."""
        return True

    # -- following the document -----------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        inputs = (session.timeline, session.keyframes, session.walk)
        if inputs == self._shown:
            return
        self._shown = inputs
        recipes = self._walk(session)
        if session.timeline.keyframes:
            placed = [(item.recipe, float(item.frame)) for item in session.timeline.keyframes]
        else:
            places = session.walk.places(len(session.keyframes)) if len(session.keyframes) > 1 else (0.0,)
            placed = list(zip(session.keyframes, places, strict=False))
        self.track.set_track(placed, session.walk.frames, bool(session.timeline.keyframes))
        self._recipes = recipes
        self._samples, self._sampled, self._pixels, self._awaited = (), [], {}, set()
        self.track.set_curve(())
        self._curve_timer.start()
        self._show_buttons()

    def _walk(self, session: Session) -> WalkRecipes | None:
        keyframes = session.keyframes
        if len(keyframes) < 2 or not self._document.knows(keyframes[0].model):
            return None
        try:
            return session.walk_recipes(self._document.header_of(keyframes[0].model).spec.has_mapping)
        except GanvizError:
            return None

    def _show_buttons(self) -> None:
        session = self._document.session if self._document.is_open else None
        placed = session is not None and bool(session.timeline.keyframes)
        self.add_button.setEnabled(session is not None)
        self.clear_button.setEnabled(placed)
        self.update_button.setEnabled(placed and self.track.selected >= 0)
        self.sheet_button.setEnabled(self._recipes is not None)

    # -- editing --------------------------------------------------------------------------------------------------

    def timeline(self) -> Timeline:
        """The timeline, or what the evenly spread gallery amounts to."""
        session = self._document.session
        return session.timeline if session.timeline.keyframes else Timeline.evenly(session.keyframes, session.walk)

    def add_present(self) -> None:
        """Put the recipe on screen at the playhead, or, where a keyframe stands, a second after the last one."""
        timeline, walk = self.timeline(), self._document.session.walk
        frame = self.track.playhead
        if any(item.frame == frame for item in timeline.keyframes):
            frame = timeline.keyframes[-1].frame + max(1, round(walk.fps))
        self._put(timeline, (self._document.recipe,), frame)

    def update_chosen(self) -> None:
        """Replace the chosen keyframe's recipe by the one on screen."""
        timeline, index = self.timeline(), self.track.selected
        if 0 <= index < len(timeline):
            self._replace(timeline.put(self._document.recipe, timeline.keyframes[index].frame))

    def remove(self, index: int) -> None:
        """Take a keyframe out."""
        self._replace(self.timeline().remove(index))

    def clear(self) -> None:
        """Back to the gallery, evenly."""
        self._replace(Timeline())

    def _drop(self, recipes: tuple[Recipe, ...], frame: int) -> None:
        self._put(self.timeline(), recipes, frame)

    def _put(self, timeline: Timeline, recipes: tuple[Recipe, ...], frame: int) -> None:
        session = self._document.session
        gap = max(1, round(session.walk.fps))
        try:
            for recipe in recipes:
                frame = timeline.free(frame)
                timeline = timeline.put(recipe, frame)
                frame += gap
        except GanvizError as error:  # there are as many as there can be
            self.said.emit(str(error), "error")
            return
        self._replace(timeline)

    def _move(self, index: int, frame: int) -> None:
        timeline = self.timeline()
        recipe = timeline.keyframes[index].recipe
        moved = timeline.move(index, frame)
        if moved.keyframes[-1].frame < self._document.session.walk.frames:
            self._replace(moved)
            self.track.select(next(k for k, item in enumerate(moved.keyframes) if item.recipe == recipe))

    def _replace(self, timeline: Timeline) -> None:
        """Make it the session's; the walk lasts to the last keyframe at least, also where a gallery outgrew it."""
        walk = self._document.session.walk
        if timeline.keyframes and timeline.keyframes[-1].frame >= walk.frames:
            walk = replace(walk, frames=timeline.keyframes[-1].frame + 1)
        self._document.seal()
        self._document.edit(timeline=timeline, walk=walk)

    def menu_for(self, index: int) -> QMenu:
        """The context menu of a keyframe: the speed of the way to the next one, and taking it out."""
        menu = QMenu(self)
        speed = menu.addMenu("Speed to the next one")
        present = self.timeline().keyframes[index].easing
        for name, text in ((None, "as the walk"), *((name, name.replace("-", " ")) for name in EASINGS)):
            action = speed.addAction(text)
            action.setCheckable(True)
            action.setChecked(name == present)
            action.triggered.connect(lambda _=False, name=name: self._replace(self.timeline().ease(index, name)))
        update = menu.addAction(theme.icon("image-sync-outline"), "Replace by the picture on screen")
        update.triggered.connect(self.update_chosen)
        remove = menu.addAction(theme.icon("trash-can-outline"), "Remove")
        remove.triggered.connect(lambda: self.remove(index))
        return menu

    # -- moving ---------------------------------------------------------------------------------------------------

    def _go_to(self, index: int) -> None:
        timeline = self.timeline()
        self._show_buttons()
        if not self._document.knows(timeline.keyframes[index].recipe.model):
            return
        self.track.set_playhead(timeline.keyframes[index].frame)
        self.going.emit(timeline.keyframes[index].frame)
        self._document.open_recipe(timeline.keyframes[index].recipe)

    def _scrub(self, frame: int) -> None:
        if self._recipes is not None:
            self.going.emit(frame)
            self._document.edit(merge="scrub", recipe=self._recipes[frame])

    # -- pictures and the curve -----------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Ask for the keyframes' pictures, and for those of frames in between for the curve."""
        if not self.isVisible():
            return
        wanted = self.track.missing()
        if self._recipes is not None:
            large = self._document.spec.resolution > LARGE
            self._samples = sample_frames(len(self._recipes), 24 if large else 96)
            self._sampled = [self._recipes[frame] for frame in self._samples]
            self._awaited = set(self._sampled) - self._pixels.keys()
            wanted += self._sampled
        self._compute.want_thumbnails(CHANNEL, list(dict.fromkeys(wanted)))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        self.track.set_picture(recipe, pixels)
        if recipe in self._awaited:
            self._awaited.discard(recipe)
            self._pixels[recipe] = pixels
            if not self._awaited:
                self._draw_curve(smoothness(self._samples, [self._pixels[sampled] for sampled in self._sampled]))

    def _draw_curve(self, steps: list[Step]) -> None:
        highest = max(max(step.change for step in steps), 1e-6)
        self.track.set_curve([(step.frame, step.change / highest, step.jump) for step in steps])
        jumps = sum(step.jump for step in steps)
        self.track.setAccessibleDescription(f"{jumps} sharp jumps" if jumps else "no sharp jumps")

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._curve_timer.start()
