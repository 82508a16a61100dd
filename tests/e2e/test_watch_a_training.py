"""Somebody opens a run folder and looks at one latent across the training."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from app.exporting import ExportDialog
from ganviz import catalog, cli
from ganviz.expression import Seed
from ganviz.session import load_session, read_png, save_session

SEEN = (128, 512, 2_048, 12_800)


@pytest.fixture
def run(make_run, tmp_path):
    """A run folder with four snapshots."""
    return make_run(tmp_path / "my-run", SEEN)


@pytest.fixture
def training(begin, run):
    """The window on the run, its slider there."""
    story = begin(run)
    story.wait(lambda: story.find("snapshots-card").isVisible())
    return story


def test_a_run_opens_at_its_newest_snapshot_and_the_slider_goes_back_in_time(training):
    story = training
    slider, field = story.find("snapshot"), story.find("snapshot-field")
    assert slider.value() == 12_800 and field.text() == "12.8 kimg"
    assert story.find("model-name").text() == "my-run, 12.8 kimg"
    assert slider.stops() == list(SEEN) and story.find("snapshots-card").caption.text() == "4 of 4"
    assert not story.find("snapshots-reset").isEnabled()
    story.find("seed").setValue(7)
    story.find("psi").setValue(0.6)
    story.settle()
    newest, recipe = story.pixels().copy(), story.recipe
    slider.setValue(500)
    story.settle()
    assert slider.value() == 512 and field.text() == "0.51 kimg"
    assert story.recipe == recipe.edit(model=story.recipe.model) and story.recipe.model.name == "my-run"
    assert not np.array_equal(story.pixels(), newest)
    story.click("undo")
    story.settle()
    assert slider.value() == 12_800 and np.array_equal(story.pixels(), newest)
    slider.setValue(128)
    story.click("snapshots-reset")
    story.settle()
    assert story.recipe == recipe and np.array_equal(story.pixels(), newest)


def test_one_drag_over_the_film_is_one_step_and_ends_at_the_place_it_was_let_go(training):
    story = training
    slider = story.find("snapshot")
    places = [QPoint(round((k + 0.5) / 4 * slider.width()), 12) for k in (3, 2, 1, 0, 1)]
    story.drag(slider, places[0], *places)
    story.settle()
    assert slider.value() == 512 and len(story.document.history.past) == 1
    story.qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == 2_048
    story.qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert slider.value() == 128 and len(story.document.history.past) == 3


def test_the_film_shows_the_present_latent_across_the_training(training):
    story = training
    slider = story.find("snapshot")
    story.wait(slider.complete)
    first = {stop: pixels.copy() for stop, pixels in slider._pixels.items()}
    assert sorted(first) == list(SEEN)
    slider.setValue(128)
    story.settle()
    assert np.array_equal(story.pixels(), first[128])
    story.find("seed").setValue(3)
    story.wait(lambda: slider.complete() and not np.array_equal(slider._pixels[512], first[512]))


def test_typing_goes_to_the_nearest_snapshot_and_says_which(training):
    story = training
    field = story.find("snapshot-field")
    field.setFocus()
    field.selectAll()
    story.qtbot.keyClicks(field, "0.6")
    story.qtbot.keyClick(field, Qt.Key.Key_Return)
    assert story.find("snapshot").value() == 512 and field.text() == "0.51 kimg"
    story.qtbot.keyClick(field, Qt.Key.Key_Return)
    assert story.find("snapshot").value() == 512 and len(story.document.history.past) == 1


def test_playing_goes_from_the_first_to_the_last_and_is_one_step(training):
    story = training
    before, shown = story.recipe, []
    story.canvas.frameShown.connect(lambda frame: shown.append(frame.recipe.model.digest))
    story.click("play-latent")
    story.click("snapshot-play")
    assert not story.window.parts.latent.playing, "one thing at a time"
    moved = story.recipe
    story.wait(lambda: not story.window.parts.snapshots.playing)
    story.settle()
    digests = [header.digest for header in catalog.snapshots(catalog.run_of(story.document.header.path))]
    assert shown[-4:] == digests and story.find("snapshot").value() == 12_800
    assert story.recipe.latent == moved.latent
    story.click("undo")
    story.click("undo")
    assert story.recipe == before


def test_a_saved_session_and_an_exported_picture_bring_the_snapshot_back(training, begin, tmp_path):
    story = training
    story.find("seed").setValue(5)
    story.find("snapshot").setValue(512)
    story.click("keep")
    story.settle()
    assert story.find("gallery").items()[0].tip.startswith("my-run, 0.51 kimg\nseed 5")
    recipe, pixels = story.recipe, story.pixels().copy()
    session, picture, drawn = (tmp_path / name for name in ("work.ganviz", "picture.png", "drawn.png"))
    story.save(session)
    story.click("export-image")
    dialog = story.window.findChild(ExportDialog)
    dialog.path.setText(str(picture))
    dialog.go.click()
    story.wait(picture.exists)
    story.find("snapshot").setValue(2_048)
    story.window.parts.gallery.shown.emit(recipe)
    story.settle()
    assert story.find("snapshot").value() == 512
    story.window.stop()
    for file in (session, picture):
        again = begin(file)
        again.wait(lambda again=again: again.find("snapshots-card").isVisible())
        assert again.recipe == recipe and again.find("snapshot").value() == 512
        assert np.array_equal(again.pixels(), pixels)
    assert load_session(session).recipe == recipe == read_png(picture)
    assert cli.main(["render", str(picture), "--out", str(drawn)]) == 0
    assert np.array_equal(np.asarray(Image.open(drawn)), pixels)


def test_a_new_snapshot_of_a_running_training_is_noticed_and_followed_on_request(training, make_run, run):
    story = training
    slider, card = story.find("snapshot"), story.find("snapshots-card")
    card.look_timer.setInterval(20)
    make_run(run, (25_600,))
    story.wait(lambda: slider.stops()[-1] == 25_600)
    assert slider.value() == 12_800 and card.caption.text() == "4 of 5"
    assert story.find("snapshots-reset").isEnabled()
    story.click("snapshot-follow")
    story.settle()
    assert slider.value() == 25_600
    make_run(run, (51_200,))
    story.wait(lambda: slider.value() == 51_200)
    story.settle()
    slider.setValue(512)
    assert not story.find("snapshot-follow").isChecked(), "whoever goes back wants to stay there"
    make_run(run, (102_400,))
    story.wait(lambda: slider.stops()[-1] == 102_400)
    assert slider.value() == 512


def test_a_snapshot_that_is_thinned_out_stays_on_screen_until_the_slider_is_moved(training, run):
    story = training
    slider, card = story.find("snapshot"), story.find("snapshots-card")
    card.look_timer.setInterval(20)
    slider.setValue(512)
    story.settle()
    recipe, pixels = story.recipe, story.pixels().copy()
    (run / "snapshots" / "00000512.safetensors").unlink()
    story.wait(lambda: slider.stops() == [128, 2_048, 12_800])
    assert story.recipe == recipe and slider.value() == 128
    story.find("seed").setValue(1)
    story.find("seed").setValue(0)
    story.settle()
    assert np.array_equal(story.pixels(), pixels)
    slider.setValue(2_048)
    story.settle()
    assert story.recipe.model != recipe.model


def test_the_slider_is_there_for_runs_alone(begin, training, tiny_checkpoint, make_run, tmp_path):
    story = training
    card = story.find("snapshots-card")
    story.window.open(str(tiny_checkpoint))
    story.wait(lambda: story.recipe.model.name == "tiny")
    assert not card.isVisible()
    story.window.open(str(make_run(tmp_path / "young", (64,))))
    story.wait(lambda: story.recipe.model.name == "young")
    story.wait(lambda: story.window.background.is_idle)
    assert not card.isVisible()
    card.look_timer.setInterval(20)
    make_run(tmp_path / "young", (128,))
    story.wait(card.isVisible)
    assert story.find("snapshot").value() == 64
    story.click("undo")
    story.click("undo")
    assert story.recipe.model.name == "my-run" and card.isHidden()
    story.wait(card.isVisible)
    assert story.find("snapshot").value() == 12_800


def test_a_snapshot_opened_by_its_file_has_the_others_beside_it(begin, run):
    story = begin(run / "snapshots" / "00000512.safetensors")
    story.wait(lambda: story.find("snapshots-card").isVisible())
    assert story.find("snapshot").value() == 512
    assert [path.name for path in catalog._recent_paths()] == ["my-run"]


def test_a_session_of_a_run_whose_folder_is_gone_asks_for_its_model(begin, run, training, tmp_path):
    story = training
    session = tmp_path / "work.ganviz"
    save_session(session, story.document.session.edit(recipe=story.recipe.edit(latent=Seed(3))))
    run.rename(tmp_path / "moved")
    story.window.stop()
    again = begin(session, wait=False)
    again.wait(lambda: "not on this machine" in again.message)
    again.window.opener.locate(str(tmp_path / "moved"))
    again.settle()
    again.wait(lambda: again.find("snapshots-card").isVisible())
    assert again.recipe.latent == Seed(3)
