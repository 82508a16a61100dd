"""Somebody trains a model in the window: starts, pauses, stops, goes on, closes the window, comes back."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

from app import training
from app.training import Trainings, read_runs
from ganviz import catalog
from trainers.status import read_status
from trainers.toy_settings import OBJECTIVES

pytestmark = pytest.mark.timeout(900)
PATIENCE_MS = 240_000
"""A program that imports torch beside others takes its time."""
OPTIONS = {"resolution": 16, "z-dim": "4", "base-channels": "4", "batch": "8", "threads": "1", "precision": "float32"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An .npz of 24 random pictures."""
    path = tmp_path / "tiny.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8))
    return path


@pytest.fixture
def trainer(begin, monkeypatch):
    """A function that opens the window in the train workspace, with whatever model comes first or none.

    No training outlives the test.
    """
    opened: list[Trainings] = []
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(training, "NICE", 1)  # a machine that is busy would let it starve
    monkeypatch.setattr(catalog, "bundled", lambda: [])

    def begin_training(model=None):
        story = begin(model, wait=model is not None)
        story.window.show_workspace("train")
        trainings = story.trainings = story.window.parts.centre.pages["train"].inner.trainings

        def wait(condition):
            try:
                story.qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)
            except Exception as error:
                sight, children = trainings.sight, trainings._children
                view = sight and (sight.view.status, sight.view.seen, sight.view.snapshots, sight.own, sight.code)
                raise AssertionError(f"in vain: {view} {sight and sight.said} {list(children)}") from error

        story.wait = wait
        opened.append(story.trainings)
        story.wait(lambda: story.trainings.is_idle)
        return story

    yield begin_training
    for trainings in opened:
        for child in [*trainings._children.values()]:
            child.hang_up()
            if child.code is None:
                child.process.kill()
            child.process.wait()


def choose(story, name, value):
    choice = story.find(name)
    choice.setCurrentIndex(choice.findData(value))
    choice.activated.emit(choice.currentIndex())


def fill(story, data, out, **more):
    """Fill the form in for the smallest of trainings, all groups opened."""
    form = story.window.parts.centre.page.inner.form
    story.wait(form.complete)
    for group in ("objective", "optimisation", "machine"):
        form._folds[group].set_folded(False)
    story.find("training-data").setText(str(data))
    story.find("training-out").setText(str(out))
    for name, value in {**OPTIONS, **more}.items():
        editor = story.find(f"training-option-{name.replace('_', '-')}")
        if hasattr(editor, "findData"):
            choose(story, editor.objectName(), value)
        else:
            editor.setText(value)


def state(story) -> str:
    sight = story.trainings.sight
    return "" if sight is None else "starting" if sight.starting else sight.view.status.state


def start(story, data, out, **more):
    fill(story, data, out, **more)
    story.click("training-start")
    story.wait(lambda: state(story) == "training")


def bar(story) -> str:
    return story.window.parts.centre.pages["train"].message.text()


def test_without_a_model_the_form_says_what_is_missing_and_follows_preset_and_objective(trainer, data, tmp_path):
    story = trainer()
    assert story.find("training").isVisible() and not story.document.is_open
    assert not story.find("cards").isVisible(), "what is about the picture is away"
    assert story.find("training-problem").text() == "Choose what to learn from."
    assert not story.find("training-start").isEnabled() and story.find("training-empty").isVisible()
    fill(story, data, tmp_path / "run")
    assert story.find("training-start").isEnabled()
    form = story.window.parts.centre.page.inner.form
    numbers = {"resolution": 16, "z_dim": 4, "base_channels": 4, "batch": 8, "threads": 1}
    assert form.given() == {**numbers, "precision": "float32", "minutes": 30.0}
    rate = story.find("training-option-lr-g")
    assert rate.text() == "" and rate.placeholderText() == "0.001"
    choose(story, "training-option-preset", "classic")
    assert rate.placeholderText() == "0.0002"
    choose(story, "training-option-objective", "wgan")
    assert rate.placeholderText() == "5e-05" and story.find("training-option-critic-steps").placeholderText() == "5"
    story.find("training-option-batch").setText("many")
    assert "--batch: expected a whole number, got 'many'" in story.find("training-problem").text()
    assert not story.find("training-start").isEnabled()
    story.click("training-option-batch-reset")
    assert story.find("training-start").isEnabled() and "batch" not in form.given()
    story.click("training-copy")
    words = story.qtbot, form.arguments()
    assert words[1][:5] == ["dcgan", "--data", str(data), "--out", str(tmp_path / "run")]
    assert words[1][words[1].index("--objective") + 1] == "wgan" and "--lr-g" not in words[1]
    choose(story, "training-arch", "stylegan2")
    story.wait(lambda: "z_dim" in form.rows)  # groups are made a turn each
    form._folds["objective"].set_folded(False)
    story.wait(lambda: "pl_weight" in form.rows)
    assert story.find("training-option-z-dim").text() == "4", "what another family has as well is kept"
    assert story.find("training-option-pl-weight").placeholderText() == "2"


def test_a_training_starts_pauses_goes_on_stops_and_is_resumed(trainer, tiny_checkpoint, data, tmp_path):
    story, run = trainer(tiny_checkpoint), tmp_path / "run"
    start(story, data, run)
    assert read_runs() == [run] and story.find("training-name").text() == "run"
    assert not story.find("training-option-z-dim").isEnabled() and not story.find("training-start").isEnabled()
    child = story.trainings._children[run]
    if hasattr(os, "getpriority"):
        assert os.getpriority(os.PRIO_PROCESS, child.process.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    story.wait(lambda: len(story.find("training-losses").curves()) == 2)
    assert [level.text for level in story.find("training-losses").levels()] == [
        "undecided: log 2",
        "D undecided: −log 4",
    ]
    story.click("training-pause")
    story.wait(lambda: state(story) == "paused")
    assert story.find("training-pause").text() == "Go on"
    story.click("training-pause")
    story.wait(lambda: state(story) == "training")
    story.click("training-stop")
    story.wait(lambda: state(story) == "stopped" and not story.trainings.sight.going)
    assert "stopped; Resume goes on from there" in story.find("training-state").text()
    stopped = story.trainings.sight.view.snapshots[-1]
    story.wait(lambda: story.find("training-preview").pixels is not None)
    assert story.find("training-start").text() == "Resume" and story.find("training-start").isEnabled()
    assert not story.find("training-option-z-dim").isEnabled() and story.find("training-option-images").isEnabled()
    story.find("training-option-images").setText(str(stopped + 16))
    story.click("training-start")
    story.wait(lambda: state(story) == "finished" and not story.trainings.sight.going)
    assert story.trainings.sight.view.snapshots[-1] == stopped + 16
    story.wait(lambda: "finished" in bar(story))
    story.click("training-explore")
    story.wait(lambda: story.document.is_open and story.recipe.model.name == "run")
    story.settle()
    assert story.window.parts.centre.name == "explore" and story.find("cards").isVisible()


def test_a_training_that_is_killed_is_told_and_loses_nothing_past_its_snapshot(trainer, data, tmp_path):
    story, run = trainer(), tmp_path / "run"
    start(story, data, run, snapshot_minutes="0.01")
    story.wait(lambda: story.trainings.sight.view.snapshots)
    kept = story.trainings.sight.view.snapshots[0]
    os.kill(read_status(run).pid, signal.SIGKILL)
    story.wait(lambda: state(story) == "killed")
    assert story.find("training-state").text().startswith("killed")
    assert "killed by signal 9" in story.find("training-trouble").text()
    story.wait(lambda: "killed by signal 9" in bar(story) and "Resume goes on from there" in bar(story))
    assert story.find("training-dot").property("tone") == "danger"
    story.click("training-start")
    story.wait(lambda: state(story) == "training")
    story.click("training-stop")
    story.wait(lambda: state(story) == "stopped")
    assert story.trainings.sight.view.snapshots[-1] >= kept


def test_closing_asks_and_what_goes_on_is_found_by_the_next_window(trainer, data, tmp_path):
    story, run = trainer(), tmp_path / "run"
    start(story, data, run)
    story.window.ask_on_close = True

    def box():
        return story.window.findChild(QMessageBox, "training-question")

    story.window.close()
    assert "run is still training" in box().text() and story.window.isVisible()
    box().button(QMessageBox.StandardButton.Cancel).click()
    story.wait(lambda: box() is None)
    assert story.window.isVisible() and state(story) == "training"
    story.window.close()
    box().findChild(QPushButton, "training-question-go-on").click()
    story.wait(lambda: not story.window.isVisible())
    assert read_status(run).state == "training"

    later = trainer()
    later.wait(lambda: state(later) == "training")
    assert later.trainings.folder == run and "run goes on training" in bar(later)
    seen = later.trainings.sight.view.seen
    later.wait(lambda: later.trainings.sight.view.seen > seen)
    later.click("training-pause")
    later.wait(lambda: state(later) == "paused")
    later.click("training-stop")
    later.wait(lambda: state(later) == "stopped")
    assert later.trainings.sight.view.snapshots
    later.window.ask_on_close = True
    later.window.close()
    later.wait(lambda: not later.window.isVisible())


def test_closing_stops_a_training_that_is_not_let_go(trainer, data, tmp_path):
    story, run = trainer(), tmp_path / "run"
    start(story, data, run)
    child = story.trainings._children[run]
    story.window.ask_on_close = True
    story.window.close()
    box = story.window.findChild(QMessageBox, "training-question")
    box.findChild(QPushButton, "training-question-stop").click()
    story.wait(lambda: not story.window.isVisible())
    story.wait(lambda: child.code is not None)
    assert child.code == 0 and read_status(run).state == "stopped" and list((run / "snapshots").iterdir())


def test_a_stop_while_a_training_starts_is_heard_and_ends_it(trainer, data, tmp_path):
    story = trainer()
    fill(story, data, tmp_path / "run")
    story.click("training-start")
    story.wait(lambda: state(story) == "starting")
    story.click("training-stop")
    story.wait(lambda: story.trainings.sight is None or story.trainings.sight.stopping)
    assert story.find("training-state").text().startswith("stopping")
    story.wait(lambda: not story.trainings.going and "run: stopped" in bar(story))


def test_what_cannot_be_trained_is_one_line_and_leaves_no_folder(trainer, tmp_path):
    story, run = trainer(), tmp_path / "run"
    fill(story, tmp_path / "nowhere", run)
    story.click("training-start")
    assert "nowhere: no such file or folder" in story.find("training-problem").text() and not run.exists()
    (tmp_path / "empty").mkdir()
    fill(story, tmp_path / "empty", run)
    story.click("training-start")
    story.wait(lambda: "empty" in bar(story))
    story.wait(lambda: not run.exists())
    assert story.find("training-start").isEnabled() and story.find("training-empty").isVisible()


def test_the_game_is_played_for_each_objective(trainer, tiny_checkpoint, monkeypatch):
    story = trainer(tiny_checkpoint)
    panel = story.window.parts.centre.page.inner.toy
    settings = panel.settings
    monkeypatch.setattr(panel, "settings", lambda objective: type(settings(objective))(objective, steps=20))
    story.find("training-view").setCurrentIndex(1)
    view, plot = story.find("toy-view"), story.find("toy-distances")
    assert view.moment is None and story.find("toy-play").text() == "Play"
    choose(story, "toy-objective", "wgan")
    story.click("toy-play")
    assert story.find("toy-play").text() == "Stop" and not story.find("toy-objective").isEnabled()
    story.wait(lambda: not panel.playing)
    assert view.moment.step == 20 and [curve.name for curve in plot.curves()] == ["WGAN"]
    story.click("toy-all")
    story.wait(lambda: not panel.playing)
    assert [curve.name for curve in plot.curves()] == list(OBJECTIVES.values())
    monkeypatch.setattr(panel, "settings", lambda objective: type(settings(objective))(objective, steps=100_000))
    story.click("toy-play")
    story.wait(lambda: view.moment.step > 20)
    story.window.show_workspace("explore")
    story.wait(lambda: not panel.playing)
    story.qtbot.keyClick(story.canvas, Qt.Key.Key_R)
    story.settle()
