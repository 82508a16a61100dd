"""The game in one dimension, played live on the compute thread with the objective that is chosen."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.compute import Compute
from app.panels.training_run import Figure
from app.widgets.buttons import Choice, TextButton
from app.widgets.number import NumberRow
from app.widgets.plot import Curve, CurvePlot, Level
from app.widgets.scrolled import scrolled
from app.widgets.toy_view import ToyView
from app.widgets.wrapping import WrappingBar
from trainers.toy_settings import D_STEPS, DATA, OBJECTIVES, RATES, REACH, ToySettings

COLOURS = {
    "minimax": "danger",
    "non-saturating": "accent",
    "least-squares": "warning",
    "wgan": "good",
    "wgan-gp": "text",
}
LEAST = (620, 560)
SAID = {
    "minimax": "G minimises log(1 − D): where D is sure of itself the slope is gone, and G stands still.",
    "non-saturating": "G maximises log D instead: the surer D is, the harder G is pushed.",
    "least-squares": "G's samples are to get the score 1: pushed by how far they fall short of it.",
    "wgan": "D is a height with weights kept small; its slope pushes G even where nothing overlaps.",
    "wgan-gp": "The same with a slope that is asked to be 1: a steady push over any distance.",
}


class ToyPanel(QWidget):
    """Choices above, the game, and below how far it has come, beside the other objectives' last games.

    `said(text, kind)` is for the window.
    """

    said = Signal(str, str)

    def __init__(self, compute: Compute) -> None:
        super().__init__()
        self.setObjectName("toy")
        self._compute = compute
        self._playing = ""  # the objective that is being played for
        self._queue: list[str] = []
        self._courses: dict[str, list[tuple[int, float]]] = {}  # Wasserstein distances by step, by objective
        self.objective = Choice("toy-objective", "What they play for")
        for name, label in OBJECTIVES.items():
            self.objective.addItem(label, name)
        self.objective.setCurrentIndex(self.objective.findData(ToySettings().objective))
        self.data = Choice("toy-data", "The data")
        for name, (label, _) in DATA.items():
            self.data.addItem(label, name)
        self.head_start = _row("Head start", 0, 300, "toy-head-start", "Steps that D is ahead by", 0, 20)
        self.d_steps = _row("D steps", 1, 10, "toy-d-steps", "Steps of D for each one of G", ToySettings().d_steps, 1)
        self.play_button = TextButton("Play", "Play the game from the start", "toy-play", icon="play", kind="primary")
        self.all_button = TextButton("All five", "Play for each objective in turn", "toy-all", icon="playlist-play")
        self.words = QLabel()
        self.words.setObjectName("toy-words")
        self.words.setWordWrap(True)
        self.words.setProperty("tone", "muted")
        self.view = ToyView("toy-view")
        self.plot = CurvePlot(
            "toy-distances",
            "Wasserstein distance to the data",
            "How far the samples are from the data, for each objective's last game",
            x_name="steps of G",
        )
        self.plot.empty = "nothing played yet"
        self.figures = {
            name: Figure(f"toy-{name}", caption, tip)
            for name, caption, tip in (
                ("step", "step", "Steps of the generator"),
                (
                    "value",
                    "value",
                    "E[log D(x)] + E[log(1 − D(G(z)))], −log 4 = −1.39 at the end; of critics the difference",
                ),
                (
                    "divergence",
                    "Jensen–Shannon",
                    "0 where both densities are one, log 2 = 0.69 where they do not overlap",
                ),
                ("gradient", "gradient of G", "Length of the gradient of the generator's weights"),
            )
        }
        self._lay_out()
        self.objective.activated.connect(lambda _: self._objective_chosen())
        self.data.activated.connect(lambda _: self._courses.clear())
        self.play_button.clicked.connect(self._play_clicked)
        self.all_button.clicked.connect(self._all_clicked)
        self._show_words()

    def _lay_out(self) -> None:
        top = WrappingBar(900, shares=(3, 2))
        top.first.addWidget(self.objective, 3)
        top.first.addWidget(self.data, 2)
        top.first.addWidget(self.play_button)
        top.first.addWidget(self.all_button)
        top.second.addWidget(self.head_start, 3)
        top.second.addWidget(self.d_steps, 3)
        numbers = QVBoxLayout()
        numbers.setSpacing(8)
        for figure in self.figures.values():
            numbers.addWidget(figure)
        numbers.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(16)
        below.addWidget(self.plot, 1)
        below.addLayout(numbers)
        page = QWidget()
        page.setMinimumSize(*LEAST)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(top)
        column.addWidget(self.words)
        column.addWidget(self.view, 3)
        column.addLayout(below, 2)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page, "toy-area"))

    # -- playing --------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether a game goes on."""
        return bool(self._playing)

    def complete(self) -> bool:
        """Whether nothing moves."""
        return not self._playing

    def settings(self, objective: str) -> ToySettings:
        """What the controls say, for one objective."""
        return ToySettings(
            objective=objective,
            data=self.data.currentData(),
            head_start=round(self.head_start.value()),
            d_steps=round(self.d_steps.value()),
            rate_g=RATES[objective],
        )

    def rest(self) -> None:
        """Nobody is looking: stop."""
        self._queue = []
        if self._playing:
            self._compute.cancel_job()

    def _play_clicked(self) -> None:
        if self._playing:
            self.rest()
        else:
            self._begin(self.objective.currentData())

    def _all_clicked(self) -> None:
        self._courses.clear()
        self._queue = list(OBJECTIVES)
        self._next()

    def _objective_chosen(self) -> None:
        """Show what it is, and the steps of D that go with it."""
        self.d_steps.slider.set_default(D_STEPS[self.objective.currentData()])
        self.d_steps.show_value(D_STEPS[self.objective.currentData()])
        self._show_words()

    def _next(self) -> None:
        """Play for the next objective, with the steps of D that go with it."""
        self.objective.setCurrentIndex(self.objective.findData(self._queue.pop(0)))
        self._objective_chosen()
        self._begin(self.objective.currentData())

    def _begin(self, objective: str) -> None:
        settings = self.settings(objective)

        def job(renderer: Any) -> Any:
            from trainers.toy import play

            return play(settings)

        if self._compute.start_job(
            job,
            f"Playing for {OBJECTIVES[objective]}",
            done=self._done,
            failed=self._failed,
            cancelled=lambda: self._failed(""),
            progress=lambda progress: self._progress(progress, settings),
        ):
            self._playing = objective
            self._courses[objective] = []
        else:
            self._queue = []
        self._show_buttons()

    def _progress(self, progress: Any, settings: ToySettings) -> None:
        moment = progress.value
        if moment is None:
            return
        self._courses[settings.objective].append((moment.step, moment.wasserstein))
        self.view.show_moment(moment, settings.is_critic, REACH)
        self.figures["step"].show_text(f"{moment.step:,}")
        for name, value in (
            ("value", moment.value),
            ("divergence", moment.jensen_shannon),
            ("gradient", moment.gradient),
        ):
            self.figures[name].show_text(f"{value:z.3f}".replace("-", "−") if np.isfinite(value) else "–")
        self._show_courses()

    def _done(self, moment: Any) -> None:
        self._playing = ""
        if self._queue:
            self._next()
        else:
            self._show_buttons()

    def _failed(self, message: str) -> None:
        self._playing, self._queue = "", []
        self._show_buttons()
        if message:
            self.said.emit(message, "error")

    # -- looks ----------------------------------------------------------------------------------------------------

    def _show_courses(self) -> None:
        curves = []
        for objective, course in self._courses.items():
            if course:
                steps, distances = np.array(course, dtype=np.float64).T
                curves.append(Curve(OBJECTIVES[objective], steps, distances, COLOURS[objective]))
        self.plot.show_curves(curves, [Level(0.0, "the data")])

    def _show_words(self) -> None:
        self.words.setText(SAID[self.objective.currentData()])

    def _show_buttons(self) -> None:
        self.play_button.setText("Stop" if self._playing else "Play")
        self.play_button.setAccessibleName(self.play_button.text())
        self.play_button.setIcon(theme.icon("stop" if self._playing else "play", "on_accent"))
        self.all_button.setEnabled(not self._playing)
        for widget in (self.objective, self.data, self.head_start, self.d_steps):
            widget.setEnabled(not self._playing)


def _row(text: str, low: int, high: int, name: str, tip: str, default: int, step: int) -> NumberRow:
    row = NumberRow(
        text,
        low,
        high,
        name=name,
        tip=tip,
        default=default,
        step=step,
        fine=1,
        decimals=0,
        limits=(low, 10 * high),
        label_width=72,
        field_width=44,
    )
    row.label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return row
