"""The walk's controls above the strip: play through the kept pictures, how long, how fast, which way."""

from typing import Any

from PySide6.QtCore import QElapsedTimer, QSize, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app import theme
from app.compute import Compute
from app.document import Document
from app.status import duration
from app.widgets.buttons import Choice, IconButton
from app.widgets.elided import ElidedLabel
from app.widgets.number import NumberField
from app.widgets.slider import FloatSlider
from ganviz.errors import GanvizError
from ganviz.session import Session
from ganviz.walk import EASINGS, MAX_FRAMES, Walk, WalkRecipes

INTERPOLATIONS = (
    (None, "automatic"),
    ("linear", "linear"),
    ("slerp", "spherical"),
    ("cubic", "smooth"),
)


class WalkBar(QWidget):
    """Plays and describes the walk through the gallery. `playing_changed(bool)`, `failed(str)`."""

    playing_changed = Signal(bool)
    at_changed = Signal(int)  # the frame that is played
    failed = Signal(str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self.setObjectName("walk")
        self._document = document
        self._recipes: WalkRecipes | None = None
        self._shown: Walk | None = None  # what the controls say
        self._start = self._at = 0
        self._drawn = 0  # frames that reached the screen since it began to play
        self._asked = 0  # frames that its rate would have shown
        self._timer = QTimer(self, interval=15)
        self._timer.timeout.connect(self._step)
        self._clock = QElapsedTimer()
        self.rewind_button = IconButton("skip-previous", "To the first kept picture", "walk-rewind")
        self.play_button = IconButton(
            "play", "Play the walk through the kept pictures (Space on the picture)", "walk-play"
        )
        self.play_button.setCheckable(True)
        self.loop_button = IconButton(
            "repeat", "Lead back to the first picture at the end", "walk-loop", checkable=True
        )
        self.frames = _number("walk-frames", "Frames", "Length of the whole walk in frames", 60, (2, MAX_FRAMES), 0)
        self.fps = _number("walk-fps", "Frames a second", "Frames a second", 30, (0.01, 1000), 2)
        self.interpolation = _Whole("walk-interpolation", "Way between two pictures", whole=True)
        for value, text in INTERPOLATIONS:
            self.interpolation.addItem(text, value)
        self.easing = _Whole("walk-easing", "Speed between two pictures", whole=True)
        for name in EASINGS:
            self.easing.addItem(name.replace("-", " "), name)
        self.length = _Length()
        self.length.setObjectName("walk-length")
        self.length.setAccessibleName("Length of the walk")
        self.length.setFont(theme.text_font(tabular=True))
        self.length.setProperty("tone", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button in (self.rewind_button, self.play_button, self.loop_button):
            row.addWidget(button)
        row.addSpacing(8)
        for text, field in (("Frames", self.frames), ("fps", self.fps)):
            label = QLabel(text)
            label.setProperty("tone", "muted")
            label.setBuddy(field)
            row.addWidget(label)
            row.addWidget(field)
            row.addSpacing(4)
        row.addWidget(self.interpolation)
        row.addWidget(self.easing)
        row.addWidget(self.length)
        self.rewind_button.clicked.connect(self.rewind)
        self.play_button.clicked.connect(lambda checked: self.play(checked))
        self.loop_button.clicked.connect(lambda checked: self._edit(loop=checked))
        self.frames.valueChanged.connect(lambda value: self._edit(frames=int(value)))
        self.fps.valueChanged.connect(lambda value: self._edit(fps=value))
        self.interpolation.currentIndexChanged.connect(
            lambda _: self._edit(interpolation=self.interpolation.currentData())
        )
        self.easing.currentIndexChanged.connect(lambda _: self._edit(easing=self.easing.currentData()))

    def show_session(self, session: Session) -> None:
        """Follow the document."""
        walk = session.walk
        if walk != self._shown:  # which the drag of a slider does not change
            self._shown = walk
            self._show(walk)
        count = len(session.keyframes)
        can_play = self.can_play
        for button in (self.rewind_button, self.play_button):
            button.setEnabled(can_play)
        if not self.playing:
            time = f"{walk.seconds:.1f} s" if walk.seconds < 60 else duration(walk.seconds)
            said = f"{time} through {count} pictures" if self._one_model() else "the pictures are of several models"
            self.length.setText(said if count > 1 else "")
        elif not can_play or walk != self._recipes_walk():
            self.play(False)

    def _show(self, walk: Walk) -> None:
        for widget in (self.frames, self.fps, self.interpolation, self.easing, self.loop_button):
            widget.blockSignals(True)
        self.frames.setValue(walk.frames)
        self.fps.setValue(walk.fps)
        self.interpolation.setCurrentIndex(self.interpolation.findData(walk.interpolation))
        self.easing.setCurrentIndex(self.easing.findData(walk.easing))
        self.loop_button.setChecked(walk.loop)
        for widget in (self.frames, self.fps, self.interpolation, self.easing, self.loop_button):
            widget.blockSignals(False)

    def _recipes_walk(self) -> Walk | None:
        return self._recipes.walk if self._recipes is not None else None

    def _edit(self, **changes: Any) -> None:
        if not self._document.is_open:
            return
        session = self._document.session
        walk, timeline = session.walk, session.timeline
        try:
            changed = Walk(**{**walk.to_json(), **changes})
            if changed.frames != walk.frames and timeline.keyframes:
                timeline = timeline.stretched(walk.frames, changed.frames)
        except GanvizError as error:
            self.failed.emit(str(error))
            self._show(walk)
            return
        self._document.seal()
        self._document.edit(walk=changed, timeline=timeline)

    # -- playing --------------------------------------------------------------------------------------------------

    @property
    def can_play(self) -> bool:
        """Whether there is a walk, through pictures of one model, and that model is here."""
        document = self._document
        if not document.is_open:
            return False
        keyframes = document.session.keyframes
        return len(keyframes) > 1 and self._one_model() and document.knows(keyframes[0].model)

    def _one_model(self) -> bool:
        return len({recipe.model.digest for recipe in self._document.session.keyframes}) <= 1

    def go_to(self, frame: int) -> None:
        """Somebody else has gone to a frame of the walk; it will be played from there."""
        self.play(False)
        self._at = frame

    def frame_shown(self, frame: object) -> None:
        """A picture has reached the screen; what the rate asked for beyond these was dropped."""
        if self.playing:
            self._drawn += 1
            dropped = max(0, self._asked - self._drawn)
            walk = self._document.session.walk
            self.length.setText(f"{self._at / walk.fps:.1f} of {walk.seconds:.1f} s · {dropped} dropped")

    @property
    def playing(self) -> bool:
        """Whether the walk runs."""
        return self._timer.isActive()

    def play(self, playing: bool) -> None:
        """Run the walk on the canvas, or stop where it is; all of it is one step of undo."""
        if playing and not self.playing and self.can_play:
            try:
                self._recipes = self.recipes()
            except GanvizError as error:
                self.failed.emit(str(error))
            else:
                present = self._document.recipe
                # Where it was stopped, or at a kept picture; looking through all frames would hold the window up.
                places = (self._at, *map(round, self._recipes.places()))
                self._start = next((k for k in places if k < len(self._recipes) and self._recipes[k] == present), 0)
                if self._start == len(self._recipes) - 1:
                    self._start = 0
                self._drawn = self._asked = 0
                self._document.hold("walk")
                self._clock.start()
                self._timer.start()
                self.playing_changed.emit(True)
        elif not playing and self.playing:
            self._timer.stop()
            self._document.release("walk")
            self.playing_changed.emit(False)
            self.show_session(self._document.session)
        self.play_button.setChecked(self.playing)
        self.play_button.set_icon("pause" if self.playing else "play")

    def rewind(self) -> None:
        """Show the first kept picture."""
        self.play(False)
        if not self.can_play:
            return
        try:
            first = self.recipes()[0]
        except GanvizError as error:
            self.failed.emit(str(error))
        else:
            self._document.seal()
            self._at = 0
            self.at_changed.emit(0)
            self._document.edit(recipe=first)

    def recipes(self) -> WalkRecipes:
        """The walk through the gallery. Raises GanvizError where there is none."""
        session = self._document.session
        keyframes = session.keyframes
        has_mapping = self._document.spec.has_mapping
        if keyframes and self._document.knows(keyframes[0].model):
            has_mapping = self._document.header_of(keyframes[0].model).spec.has_mapping
        return session.walk_recipes(has_mapping)

    def _step(self) -> None:
        recipes = self._recipes
        if recipes is None:
            return
        frame = self._start + int(self._clock.elapsed() / 1000 * recipes.walk.fps)
        if frame >= len(recipes) and not recipes.walk.loop:
            self._at = len(recipes) - 1
            self.at_changed.emit(self._at)
            self._document.edit(merge="walk", recipe=recipes[self._at])
            self.play(False)
            return
        self._asked = frame - self._start + 1
        self._at = frame % len(recipes)
        self.at_changed.emit(self._at)
        self._document.edit(merge="walk", recipe=recipes[self._at])


def _number(name: str, label: str, tip: str, value: float, limits: tuple[float, float], decimals: int) -> NumberField:
    """A field alone, without a slider on show; arrow keys step it all the same."""
    slider = FloatSlider(*limits, default=value, step=1, fine=1 if decimals == 0 else 0.1, limits=limits)
    field = NumberField(slider, decimals=decimals)
    slider.setParent(field)
    slider.hide()
    slider.valueChanged.connect(field.setValue)
    field.valueChanged.connect(slider.show_value)
    field.setObjectName(name)
    field.setAccessibleName(label)
    field.setToolTip(tip)
    field.setFixedWidth(60)
    field.setValue(value)
    return field


class _Whole(Choice):
    """Never narrower than its longest entry; where there is little room the words beside it are cut instead."""

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class _Length(ElidedLabel):
    """Takes the same room with and without words, or the buttons would move as they come and go."""

    def sizeHint(self) -> QSize:
        return QSize(150, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())
