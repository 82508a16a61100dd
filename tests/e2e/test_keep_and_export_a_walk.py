"""Somebody keeps pictures and exports the walk through them."""

import json
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from app.exporting import ExportDialog, Wish
from ganviz.expression import Seed, Slerp, Vector
from ganviz.ffmpeg import add_gif_comment


@pytest.fixture
def kept(story):
    """Two pictures in the gallery, the second on screen."""
    story.click("keep")
    story.find("seed").setValue(9)
    story.settle()
    story.click("keep")
    return story


def test_kept_pictures_show_in_the_gallery_and_a_click_brings_one_back(kept):
    gallery = kept.find("gallery")
    kept.wait(lambda: len(gallery.pictures()) == 2)
    assert gallery.current() == 1
    gallery.activated_at.emit(0)
    kept.settle()
    assert kept.recipe.latent == Seed(0) and gallery.current() == 0


def test_a_picture_is_kept_only_once(kept):
    kept.click("keep")
    assert len(kept.document.session.gallery) == 2


def test_the_gallery_can_be_sorted_and_thinned_out_and_that_undone(kept):
    gallery = kept.find("gallery")
    gallery.moved.emit(1, 0)
    assert [k.recipe.latent for k in kept.document.session.gallery] == [Seed(9), Seed(0)]
    gallery.removed.emit(0)
    assert [k.recipe.latent for k in kept.document.session.gallery] == [Seed(0)]
    kept.click("undo")
    kept.click("undo")
    assert [k.recipe.latent for k in kept.document.session.gallery] == [Seed(0), Seed(9)]


def test_export_video_is_grey_until_there_are_two_pictures(story):
    assert not story.find("export-video").isEnabled()
    story.click("keep")
    assert not story.find("export-video").isEnabled()
    story.find("seed").setValue(4)
    story.click("keep")
    assert story.find("export-video").isEnabled()


def test_the_walk_is_exported_through_the_dialog(kept, tmp_path):
    path = tmp_path / "walk.mp4"
    kept.find("walk-frames").setValue(12)
    kept.find("walk-fps").setValue(10)
    kept.click("export-video")
    dialog = kept.window.findChild(ExportDialog)
    dialog.path.setText(str(path))
    dialog.go.click()
    assert kept.find("progress").isVisible() and kept.find("cancel").isEnabled()
    assert not kept.find("export-video").isEnabled()
    kept.wait(lambda: "walk.mp4" in kept.message)
    assert not kept.find("progress").isVisible()
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert frames == 12 and abs(seconds - 1.2) < 0.05
    assert list(tmp_path.iterdir()) == [path]


def test_pictures_in_a_folder_begin_and_end_with_the_kept_ones(kept, tmp_path):
    kept.find("walk-frames").setValue(5)
    folder = tmp_path / "frames"
    kept.window.exporter.write_video(Wish(str(folder), None, "high", True))
    kept.wait(lambda: "frames" in kept.message)
    frames = sorted(folder.glob("*.png"))
    assert len(frames) == 5
    assert np.array_equal(np.asarray(Image.open(frames[-1])), kept.pixels())


def test_the_window_stays_alive_during_an_export_and_cancel_leaves_nothing(kept, tmp_path):
    kept.find("walk-frames").setValue(100_000)
    kept.window.exporter.write_video(Wish(str(tmp_path / "long.mp4"), None, "high", True))
    kept.wait(lambda: kept.find("progress").value() > 0)
    kept.find("seed").setValue(123)
    kept.settle()
    assert kept.canvas.frame.recipe.latent == Seed(123)
    assert "left" in kept.find("work").text() or "of" in kept.find("work").text()
    kept.click("cancel")
    kept.wait(lambda: "cancelled" in kept.message)
    assert list(tmp_path.iterdir()) == []
    assert kept.find("export-video").isEnabled() and not kept.find("cancel").isEnabled()


def test_an_unwritable_target_is_said_in_the_window(kept, tmp_path):
    kept.window.exporter.write_video(Wish(str(tmp_path / "missing" / "walk.mp4"), None, "high", True))
    kept.wait(lambda: kept.message)
    assert "missing" in kept.message
    assert not kept.find("progress").isVisible()


def test_closing_the_window_during_an_export_leaves_nothing_half_written(kept, tmp_path):
    kept.find("walk-frames").setValue(100_000)
    kept.window.exporter.write_video(Wish(str(tmp_path / "long.mp4"), None, "high", True))
    kept.wait(lambda: kept.find("progress").value() > 0)
    kept.window.close()
    assert list(tmp_path.iterdir()) == []


def test_the_walk_plays_on_the_canvas_and_the_way_is_one_step(kept):
    steps = len(kept.document.history.past)
    kept.find("walk-frames").setValue(40)
    kept.canvas.setFocus()
    kept.find("walk-rewind").click()
    kept.qtbot.keyClick(kept.canvas, Qt.Key.Key_Space)
    kept.wait(lambda: not kept.find("walk-play").isChecked())
    kept.settle()
    assert kept.recipe.latent == Seed(9)
    assert len(kept.document.history.past) == steps + 3


def test_a_walk_setting_that_cannot_be_is_said_and_taken_back(kept):
    before = kept.document.session.walk
    kept.window.parts.walk._edit(fps=-3)
    assert "fps" in kept.message
    assert kept.document.session.walk == before and kept.find("walk-fps").value() == before.fps


def test_walk_settings_are_part_of_the_session(kept):
    kept.click("walk-loop")
    easing = kept.find("walk-easing")
    easing.setCurrentIndex(easing.findData("ease-in-out"))
    walk = kept.document.session.walk
    assert walk.loop and walk.easing == "ease-in-out"
    kept.click("undo")
    kept.click("undo")
    assert not kept.find("walk-loop").isChecked() and easing.currentData() == "linear"


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_a_dropped_film_brings_its_pictures_and_its_walk_back(kept, tmp_path, suffix):
    path = tmp_path / f"walk{suffix}"
    kept.find("walk-frames").setValue(9)
    kept.find("walk-fps").setValue(12)
    session = kept.document.session
    kept.window.exporter.write_video(Wish(str(path), None, "high", True))
    kept.wait(lambda: path.name in kept.message)
    for _ in range(2):
        kept.find("gallery").removed.emit(0)
    kept.find("walk-frames").setValue(99)
    kept.click("random-seed")
    kept.canvas.dropped.emit(str(path))
    kept.wait(lambda: len(kept.document.session.gallery) == 2)
    opened = kept.document.session
    assert opened.gallery == session.gallery and opened.walk == session.walk
    assert opened.recipe == session.gallery[0].recipe
    kept.settle()
    kept.click("undo")
    assert kept.document.session.gallery == () and kept.document.session.walk.frames == 99


def test_a_film_opens_a_window_that_has_no_model_yet(kept, begin, tmp_path):
    path = tmp_path / "walk.gif"
    kept.find("walk-frames").setValue(4)
    kept.window.exporter.write_video(Wish(str(path), None, "high", True))
    kept.wait(lambda: path.name in kept.message)
    gallery = kept.document.session.gallery
    kept.window.stop()
    assert begin(path).document.session.gallery == gallery


def test_a_film_in_place_of_kept_pictures_says_so(kept, tmp_path):
    path = tmp_path / "walk.gif"
    kept.find("walk-frames").setValue(4)
    kept.window.exporter.write_video(Wish(str(path), None, "high", True))
    kept.wait(lambda: path.name in kept.message)
    kept.find("gallery").removed.emit(0)
    kept.window.open(str(path))
    kept.wait(lambda: "undo" in kept.message)
    kept.click("undo")
    assert len(kept.document.session.gallery) == 1


def test_a_film_without_its_recipe_is_one_clear_line(kept, tmp_path):
    path = tmp_path / "plain.gif"
    Image.new("RGB", (8, 8)).save(path)
    before = kept.document.session
    kept.window.open(str(path))
    kept.wait(lambda: "plain.gif" in kept.message)
    assert "carries no recipes" in kept.message and kept.document.session == before


@pytest.mark.parametrize("said", [{}, {"keyframes": []}, {"keyframes": [{"latent": 7}]}, {"keyframes": [3]}])
def test_a_film_with_odd_recipes_is_one_clear_line(kept, tmp_path, said):
    path = tmp_path / "odd.gif"
    Image.new("RGB", (8, 8)).save(path)
    add_gif_comment(path, json.dumps({"ganviz": 1, "kind": "walk", **said}))
    before = kept.document.session
    kept.window.open(str(path))
    kept.wait(lambda: "odd.gif" in kept.message)
    assert "\n" not in kept.message and kept.document.session == before


def test_the_suggested_name_of_a_film_stays_in_its_folder(kept, monkeypatch, tmp_path):
    kept.window.exporter._folder = tmp_path
    model = replace(kept.recipe.model, name="../../evil/x")
    keyframes = [kept.recipe.edit(model=model, latent=Seed(k)) for k in (1, 2)]
    kept.document.open_walk(keyframes, None)
    kept.click("export-video")
    dialog = kept.window.findChild(ExportDialog)
    assert Path(dialog.path.text()).parent == tmp_path
    dialog.reject()


def test_what_is_combined_from_very_many_is_kept_as_one_vector(begin, tiny_checkpoint):
    story = begin(tiny_checkpoint)
    latent = Seed(0)
    for seed in range(1, 8):
        latent = Slerp(Slerp(latent, Seed(seed), 0.3), Slerp(Seed(seed), latent, 0.3), 0.5)
    story.document.edit_recipe(latent=latent)
    story.settle()
    before = story.pixels()
    story.click("keep")
    story.wait(lambda: story.document.session.gallery)
    (kept,) = story.document.session.gallery
    assert isinstance(kept.recipe.latent, Vector)
    story.document.edit_recipe(latent=kept.recipe.latent)
    story.settle()
    assert (story.pixels() == before).all()


def test_pictures_of_two_models_are_no_walk_and_the_bar_says_so(begin, tiny_checkpoint, tiny_conditional):
    story = begin(tiny_checkpoint)
    story.click("keep")
    story.window.open(str(tiny_conditional))
    story.wait(lambda: story.document.spec.num_classes == 3)
    story.click("keep")
    assert not story.find("walk-play").isEnabled() and not story.find("export-video").isEnabled()
    assert "several models" in story.find("walk-length").text()
