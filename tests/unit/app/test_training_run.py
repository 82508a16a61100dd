"""What the training page says of a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.panels.training_run import FIRST_PREVIEW, RunMonitor, describe
from app.training import Sight
from trainers.status import Status
from trainers.watch import View

STARTING = Sight(View(Path("run-7")), own=True, said="preparing 1,792 of 10,000 images")
TRAINING = Sight(View(Path("run-7"), Status("training")), own=True)


@pytest.fixture
def monitor(qtbot):
    made = RunMonitor()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize(("sight", "words"), [(STARTING, "as soon as it has begun"), (TRAINING, "with a snapshot")])
def test_a_run_that_was_told_to_stop_says_so_until_it_has_and_is_told_once(monitor, sight, words):
    monitor.show_sight(sight)
    assert "stopping" not in monitor.state.text() and monitor.stop_button.isEnabled()
    monitor.show_sight(replace(sight, stopping=True))
    assert monitor.state.text().startswith("stopping") and words in monitor.state.text()
    assert not monitor.stop_button.isEnabled() and not monitor.pause_button.isEnabled()
    ended = Sight(View(Path("run-7"), Status("stopped")), code=0, stopping=True)
    monitor.show_sight(ended)
    assert monitor.state.text() == "stopped; Resume goes on from there"


def test_what_it_is_doing_meanwhile_is_said_beside_it():
    assert STARTING.said in describe(replace(STARTING, stopping=True))[0]


def test_before_the_first_preview_there_is_no_slider_but_a_word(monitor):
    monitor.show_sight(STARTING)
    assert monitor.film.isHidden() and monitor.picture.toolTip() == FIRST_PREVIEW


def test_a_chart_says_whether_its_curve_may_still_come(monitor):
    monitor.show_sight(STARTING)
    assert monitor.plots["variety"].empty == "nothing logged yet"
    curves = {"loss_d": (np.array([8.0, 16.0]), np.array([1.3, 1.2]))}
    monitor.show_sight(Sight(View(Path("run-7"), Status("training"), curves=curves, seen=16), own=True))
    assert monitor.plots["variety"].empty == "not logged by this run"


@pytest.mark.parametrize(
    ("snapshots", "has_state", "said"),
    [
        ((), False, "there is no snapshot yet, and Resume begins it anew"),
        ((), True, "there is no snapshot yet, and Resume goes on from its last state"),
        ((2000,), True, "the newest snapshot is after 2.00 kimg, and Resume goes on from there"),
        ((2000,), False, "the state that Resume needs is not there"),
    ],
)
def test_of_a_killed_run_it_is_said_what_resume_makes_of_it(snapshots, has_state, said):
    view = View(Path("run-7"), Status("killed"), snapshots=snapshots, has_state=has_state)
    assert said in describe(Sight(view))[2]
