"""A run as it goes: how far it is, what it draws, its curves, and what looks wrong."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.status import duration
from app.training import Sight
from app.widgets.buttons import TextButton
from app.widgets.elided import ElidedLabel
from app.widgets.picture_pane import PicturePane
from app.widgets.plot import Curve, CurvePlot, Level
from app.widgets.slider import FloatSlider
from ganviz.notation import format_kimg
from trainers import TRAINERS

LOG2, LOG4 = math.log(2), math.log(4)
UNDECIDED = {
    # The generator's loss where the discriminator cannot tell reals from samples.
    "non-saturating": (LOG2, "undecided: log 2"),
    "minimax": (-LOG2, "undecided: −log 2"),
    "relativistic": (LOG2, "undecided: log 2"),
    "least-squares": (0.125, "undecided: 1/8"),
}
UNDECIDED_D = {
    "relativistic": (LOG2, "D undecided: log 2"),
    "least-squares": (0.25, "D undecided: 1/4"),
}
FIRST_PREVIEW = "The first preview comes within a minute"
VALUES = ("non-saturating", "minimax")
"""Objectives whose discriminator maximises the value V = E[log D(x)] + E[log(1 − D(G(z)))]."""


class FindingLine(QFrame):
    """One thing that looks wrong, and what to try; `role` is the colour of its sign."""

    def __init__(self, name: str, icon: str = "alert-outline", role: str = "warning") -> None:
        super().__init__()
        self.setObjectName(name)
        self._icon, self._role = icon, role
        self._text = QLabel()
        self._advice = QLabel()
        self._advice.setProperty("tone", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(38, 6, 12, 6)
        column.setSpacing(2)
        for label in (self._text, self._advice):
            label.setWordWrap(True)
            label.setFont(theme.caption_font() if label is self._advice else theme.text_font())
            column.addWidget(label)
        self.setProperty("tone", "card")
        self.hide()

    def show_words(self, text: str, advice: str = "") -> None:
        """Show what is wrong and what to try, or with "" nothing."""
        self.setVisible(bool(text))
        self._text.setText(text)
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        self.setAccessibleName(f"warning: {text}")
        self.setToolTip(advice or text)

    def text(self) -> str:
        """What it says; empty when it is not shown."""
        return "" if self.isHidden() else self._text.text()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        theme.draw_icon(painter, QRect(10, (self.height() - 20) // 2, 20, 20), self._icon, self._role)
        painter.end()


class Figure(QWidget):
    """A number and what it is."""

    def __init__(self, name: str, caption: str, tip: str) -> None:
        super().__init__()
        self._caption = caption
        self.setToolTip(tip)
        self.value = QLabel("–")
        self.value.setObjectName(name)
        self.value.setFont(theme.text_font(15, bold=True, tabular=True))
        self.value.setToolTip(tip)
        below = QLabel(caption)
        below.setFont(theme.caption_font())
        below.setProperty("tone", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.value)
        column.addWidget(below)

    def show_text(self, text: str) -> None:
        """Show the number."""
        self.value.setText(text)
        self.value.setAccessibleName(f"{self._caption}: {text}")


class RunMonitor(QWidget):
    """Follows one run.

    order_wanted(str)     pause, resume or stop
    explore_wanted()      open the newest snapshot
    preview_wanted(Path)  read that preview sheet
    """

    order_wanted = Signal(str)
    explore_wanted = Signal()
    preview_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("training-monitor")
        self._previews: tuple[Path, ...] = ()
        self._shown: Path | None = None
        self._wanted: Path | None = None
        self._paused = False
        self._told: tuple[Any, ...] = ()  # what is on screen
        self._drawn: tuple[Any, ...] = ()  # what the curves on screen are of
        self.dot = QLabel("●")
        self.dot.setObjectName("training-dot")
        self.dot.setFont(theme.caption_font())
        self.name = QLabel()
        self.name.setObjectName("training-name")
        self.name.setFont(theme.text_font(bold=True))
        self.state = ElidedLabel()
        self.state.setObjectName("training-state")
        self.state.setProperty("tone", "muted")
        self.pause_button = TextButton("Pause", "Pause the training", "training-pause", icon="pause")
        self.stop_button = TextButton(
            "Stop", "Stop with a snapshot, from which it can go on", "training-stop", icon="stop"
        )
        self.explore_button = TextButton(
            "Explore newest",
            "Open the newest snapshot; the training goes on",
            "training-explore",
            icon="compass-outline",
        )
        self.bar = QProgressBar()
        self.bar.setObjectName("training-progress")
        self.bar.setAccessibleName("How much of the budget is used")
        self.bar.setToolTip("How much of the budget is used")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.figures = {
            name: Figure(f"training-{name}", caption, tip)
            for name, caption, tip in (
                ("seen", "images seen", "Images that the discriminator was shown, in thousands"),
                ("speed", "images/s", "Images a second, over the last half minute"),
                ("time", "trained", "Time of training, without pauses"),
                ("left", "left", "Time to the end of the budget"),
                ("memory", "memory", "Memory of the training process"),
                ("snapshots", "snapshots", "Snapshots in the run folder"),
            )
        }
        self.trouble = FindingLine("training-trouble", "alert-circle-outline", "danger")
        self.findings = [FindingLine(f"training-finding-{k}") for k in range(3)]
        self.picture = PicturePane("training-preview", "Preview: the same seeds, again and again", smooth=False)
        self.picture.setToolTip("The same seeds as ever, drawn by the averaged generator")
        self.film = FloatSlider(
            0, 1, name="training-preview-at", label="Preview", tip="Earlier previews", step=1, fine=1
        )
        self.plots = {
            "losses": CurvePlot(
                "training-losses", "Losses", "What both nets minimise; dashed: where the discriminator is undecided"
            ),
            "answers": CurvePlot(
                "training-answers", "D's mean output", "What the discriminator says to real images and to samples"
            ),
            "gradients": CurvePlot(
                "training-gradients",
                "Gradient norms",
                "Length of both nets' gradients, on a logarithmic scale",
                log=True,
            ),
            "variety": CurvePlot(
                "training-variety", "Variety of samples", "How much samples differ from one another; 1: as the data do"
            ),
        }
        self._lay_out()
        self.film.hide()
        self.picture.show_picture(None, FIRST_PREVIEW)
        self.pause_button.clicked.connect(lambda: self.order_wanted.emit("resume" if self._paused else "pause"))
        self.stop_button.clicked.connect(lambda: self.order_wanted.emit("stop"))
        self.explore_button.clicked.connect(self.explore_wanted)
        self.film.valueChanged.connect(lambda _: self._want_preview())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.dot)
        head.addWidget(self.name)
        head.addWidget(self.state, 1)
        for button in (self.pause_button, self.stop_button, self.explore_button):
            head.addWidget(button)
        numbers = QHBoxLayout()
        numbers.setSpacing(16)
        for figure in self.figures.values():
            numbers.addWidget(figure, 1)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.picture, 1)
        left.addWidget(self.film)
        frame = QFrame()
        frame.setProperty("tone", "card")
        frame.setLayout(left)
        left.setContentsMargins(8, 8, 8, 8)
        frame.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        grid = QGridLayout()
        grid.setSpacing(8)
        for place, plot in enumerate(self.plots.values()):
            grid.addWidget(plot, place // 2, place % 2)
        body = QHBoxLayout()
        body.setSpacing(8)
        body.addWidget(frame, 2)
        body.addLayout(grid, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addLayout(numbers)
        for line in (self.trouble, *self.findings):
            column.addWidget(line)
        column.addLayout(body, 1)

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_sight(self, sight: Sight) -> None:
        """Show a run as it was seen last."""
        view = sight.view
        key = (view.folder, view.status, view.seen, view.snapshots, view.previews, view.findings, view.plan)
        told = (*key, sight.own, sight.code, sight.said, sight.stopping)
        if told == self._told:
            return
        self._told = told
        words, tone, trouble = describe(sight)
        self.trouble.show_words(trouble)
        self.name.setText(view.folder.name)
        self.name.setToolTip(str(view.folder))
        self.state.setText(words)
        if self.dot.property("tone") != tone:
            self.dot.setProperty("tone", tone)
            theme.restyle(self.dot)
        self._paused = view.status.state == "paused"
        self.pause_button.setText("Go on" if self._paused else "Pause")
        self.pause_button.setToolTip("Go on training" if self._paused else "Pause the training")
        self.pause_button.setAccessibleName(self.pause_button.text())
        self.pause_button.setIcon(theme.icon("play" if self._paused else "pause"))
        self.pause_button.setEnabled(view.status.going and not sight.stopping)
        self.stop_button.setEnabled(sight.going and not sight.stopping)
        self.explore_button.setEnabled(bool(view.snapshots))
        has_budget = view.plan is not None and bool(view.plan.config.images or view.plan.config.minutes)
        if sight.starting:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * view.share))
        self.bar.setVisible(sight.starting or has_budget)
        self._show_figures(sight)
        shown = list(view.findings[: len(self.findings)])
        for k, line in enumerate(self.findings):
            line.show_words(*((shown[k].text, shown[k].advice) if k < len(shown) else ("",)))
        self._show_previews(view.previews)
        drawn = (view.folder, view.seen, view.plan, len(view.curves))
        if drawn != self._drawn:
            self._drawn = drawn
            self._show_curves(view.curves, view.plan.config if view.plan else None)

    def _show_figures(self, sight: Sight) -> None:
        view = sight.view
        going = view.status.state == "training"
        texts = {
            "seen": f"{format_kimg(view.seen)} k" if view.seen else "–",
            "speed": f"{view.speed:,.0f}" if going and math.isfinite(view.speed) else "–",
            "time": duration(view.seconds) if view.seconds else "–",
            "left": duration(view.left) if view.left is not None and sight.going else "–",
            "memory": f"{view.memory_mb:,.0f} MB" if going and math.isfinite(view.memory_mb) else "–",
            "snapshots": f"{len(view.snapshots)}",
        }
        for name, text in texts.items():
            self.figures[name].show_text(text)

    def _show_curves(self, curves: Mapping[str, tuple[np.ndarray, np.ndarray]], config: Any) -> None:
        def curve(key: str, name: str, role: str, sign: float = 1.0) -> list[Curve]:
            return [Curve(name, curves[key][0], sign * curves[key][1], role)] if key in curves else []

        objective = config.objective if config is not None else ""
        plain = config is not None and not (config.label_smoothing or config.drift)
        levels = [Level(*UNDECIDED[objective])] if objective in UNDECIDED else []
        if objective in VALUES and plain:
            levels.append(Level(-LOG4, "D undecided: −log 4"))
            lines = curve("loss_d", "value V", "accent", -1.0)
        else:
            levels += [Level(*UNDECIDED_D[objective])] if objective in UNDECIDED_D and plain else []
            lines = curve("loss_d", "D", "accent")
        self.plots["losses"].show_curves([*lines, *curve("loss_g", "G", "warning")], levels)
        chance = objective in VALUES
        answers = [*curve("output_real", "real", "accent"), *curve("output_fake", "samples", "warning")]
        if not answers:  # a run from before these were logged
            answers = [*curve("score_real", "real", "accent"), *curve("score_fake", "samples", "warning")]
        known = chance and "output_real" in curves
        half = [Level(0.5, "undecided: 1/2")] if known or objective == "least-squares" else []
        self.plots["answers"].show_curves(answers, half, "D's mean output" if known else "D's mean score")
        for plot in self.plots.values():  # runs from before there was such a curve never log it
            plot.empty = "not logged by this run" if curves else "nothing logged yet"
        gradients = [*curve("gradient_d", "D", "accent"), *curve("gradient_g", "G", "warning")]
        self.plots["gradients"].show_curves(gradients)
        self.plots["variety"].show_curves(curve("variety", "samples", "warning"), [Level(1.0, "as the data: 1")])

    # -- previews -------------------------------------------------------------------------------------------------

    def _show_previews(self, previews: tuple[Path, ...]) -> None:
        if previews == self._previews:
            return
        at_end = not self._previews or round(self.film.value()) >= len(self._previews) - 1
        other = not previews or not self._previews or previews[0].parent != self._previews[0].parent
        self._previews = previews
        newest = max(0, len(previews) - 1)
        self.film.set_range(0, max(1, newest), (0, newest))
        self.film.set_default(newest)
        self.film.setVisible(len(previews) > 1)
        if at_end or other:
            self.film.show_value(newest)
        if not previews:
            self._shown = self._wanted = None
            self.picture.show_picture(None, FIRST_PREVIEW)
        self._want_preview()

    def _want_preview(self) -> None:
        if self._previews:
            wanted = self._previews[min(round(self.film.value()), len(self._previews) - 1)]
            if wanted != self._wanted:
                self._wanted = wanted
                self.preview_wanted.emit(wanted)

    def show_preview(self, path: Path, pixels: np.ndarray) -> None:
        """Show a sheet that was wanted, uint8 (H, W, C); one that no longer is, is left."""
        if path == self._wanted:
            self._shown = path
            self.picture.show_picture(pixels, f"after {format_kimg(int(path.stem))} kimg")

    def complete(self) -> bool:
        """Whether the preview that is wanted is on screen."""
        return self._shown == self._wanted


def describe(sight: Sight) -> tuple[str, str, str]:
    """What a run does in a few words, the tone of its dot, and where it went wrong a sentence about that."""
    view, status = sight.view, sight.view.status
    family = f"{TRAINERS[view.plan.arch].label}, {view.plan.config.resolution} px" if view.plan is not None else ""
    about = f" · {family}" if family else ""
    if sight.stopping and sight.going:
        how = "stopping as soon as it has begun …" if sight.starting else "stopping with a snapshot …"
        return f"{how} {sight.said if sight.starting else ''}".rstrip(), "warning", ""
    if sight.starting:
        return f"starting … {sight.said}".rstrip(), "accent", ""
    if status.state == "training":
        return f"training{about}", "good", ""
    if status.state == "paused":
        return f"paused{about}", "warning", ""
    if status.state == "failed":
        return f"failed{about}", "danger", status.message or sight.said
    if status.state == "killed" or (sight.code is not None and sight.code < 0):
        how = f"was killed by signal {-sight.code}" if sight.code is not None and sight.code < 0 else "ended"
        return f"killed{about}", "danger", f"The training process {how} without a word; {_kept(sight)}."
    if sight.code:
        return f"failed{about}", "danger", sight.said or f"The training ended with code {sight.code}."
    if status.state == "finished":
        return f"finished{about}", "muted", ""
    if status.state == "stopped":
        return f"stopped; Resume goes on from there{about}", "muted", ""
    return family or "no run here", "muted", ""


def _kept(sight: Sight) -> str:
    """What a run that ended without a word has left, and what Resume makes of that."""
    view = sight.view
    if not view.snapshots:
        went = "goes on from its last state" if view.has_state else "begins it anew"
        return f"there is no snapshot yet, and Resume {went}"
    last = f"the newest snapshot is after {format_kimg(view.snapshots[-1])} kimg"
    if not view.has_state:
        return f"{last}; the state that Resume needs is not there, so start another run from that snapshot"
    return f"{last}, and Resume goes on from there"
