"""Somebody times a walk by hand: keyframes, scrubbing, speeds, a contact sheet."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from app.exporting import Wish
from app.widgets.recipe_mime import to_mime
from ganviz import cli
from ganviz.expression import Seed
from ganviz.session import load_session, read_png
from ganviz.walk import MAX_FRAMES


@pytest.fixture
def story(begin, tiny_checkpoint: Path):
    """Three seeds in the timeline, at frames 0, 30 and 60, and a walk of 61 frames."""
    story = begin(tiny_checkpoint)
    story.window.parts.show_tab("timeline")
    for seed in (1, 2, 3):
        story.find("seed").setValue(seed)
        story.click("timeline-add")
    story.settle()
    return story


def frames(story) -> list[int]:
    return [item.frame for item in story.document.session.timeline.keyframes]


def test_pictures_are_added_a_second_apart_and_the_walk_grows(story):
    assert frames(story) == [0, 30, 60]
    assert story.document.session.walk.frames == 61
    story.click("undo")
    assert frames(story) == [0, 30]


def test_at_the_end_of_the_longest_walk_pictures_go_before_the_last_one(story):
    story.document.edit(timeline=story.document.session.timeline.move(2, MAX_FRAMES - 1))
    story.document.edit(walk=replace(story.document.session.walk, frames=MAX_FRAMES))
    story.find("timeline-track").set_playhead(MAX_FRAMES - 1)
    story.click("timeline-add")
    assert frames(story) == [0, 30, MAX_FRAMES - 2, MAX_FRAMES - 1]


def test_more_keyframes_than_there_can_be_is_one_line(story, monkeypatch):
    monkeypatch.setattr("ganviz.timeline.MOST", 3)
    story.click("timeline-add")
    assert frames(story) == [0, 30, 60]
    assert "at most 3 keyframes" in story.canvas.message.text()


def test_scrubbing_draws_the_frame_under_the_playhead_as_one_step(story):
    track = story.find("timeline-track")
    steps = len(story.document.history.past)
    start, end = (int(track.x_of(frame)) for frame in (15, 45))
    y = track.height() - 6
    story.drag(track, track.rect().topLeft() + _point(start, y), _point(start + 20, y), _point(end, y))
    story.settle()
    assert track.playhead == 45
    recipes = story.document.session.walk_recipes(False)
    assert story.recipe == recipes[45]
    assert len(story.document.history.past) == steps + 1
    story.qtbot.keyClick(track, Qt.Key.Key_Right)
    assert story.recipe == recipes[46]
    story.qtbot.keyClick(track, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert story.recipe == recipes[36]


def test_a_keyframe_is_dragged_eased_replaced_and_removed(story):
    track = story.find("timeline-track")
    box = track.box_of(1).center().toPoint()
    story.drag(track, box, box + _point(14, 0), _point(int(track.x_of(40)), box.y()))
    assert frames(story) == [0, 40, 60]
    story.qtbot.keyClick(track, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert frames(story) == [0, 41, 60]
    panel = story.find("timeline")
    speeds = panel.menu_for(0).actions()[0].menu().actions()
    next(action for action in speeds if action.text() == "hold").trigger()
    assert story.document.session.walk_recipes(False)[40].latent == Seed(1)
    story.find("seed").setValue(9)
    story.click("timeline-update")
    assert story.document.session.timeline.keyframes[1].recipe.latent == Seed(9)
    story.qtbot.keyClick(track, Qt.Key.Key_Delete)
    assert frames(story) == [0, 60]
    story.click("timeline-clear")
    assert frames(story) == []


def test_the_gallery_is_timed_once_it_is_touched(begin, tiny_checkpoint: Path):
    story = begin(tiny_checkpoint)
    for seed in (1, 2, 3):
        story.find("seed").setValue(seed)
        story.click("keep")
    story.window.parts.show_tab("timeline")
    assert frames(story) == []
    track = story.find("timeline-track")
    box = track.box_of(1).center().toPoint()
    story.drag(track, box, box + _point(14, 0), _point(int(track.x_of(10)), box.y()))
    assert frames(story) == [0, 10, 59]


def test_a_gallery_that_outgrew_its_walk_makes_it_longer_once_it_is_timed(begin, tiny_checkpoint: Path):
    story = begin(tiny_checkpoint)
    for seed in (1, 2, 3, 4):
        story.find("seed").setValue(seed)
        story.click("keep")
    story.find("walk-frames").setValue(2)
    story.window.parts.show_tab("timeline")
    track = story.find("timeline-track")
    track.select(0)
    story.qtbot.keyClick(track, Qt.Key.Key_Delete)
    assert frames(story) == [1, 2, 3] and story.document.session.walk.frames == 4
    story.click("walk-rewind")
    story.settle()
    assert story.recipe.latent == Seed(2) and story.message == ""


def test_a_walk_of_one_keyframe_can_be_given_another_length(story):
    track = story.find("timeline-track")
    for _ in range(2):
        track.select(0)
        story.qtbot.keyClick(track, Qt.Key.Key_Delete)
    story.find("walk-frames").setValue(121)
    assert story.document.session.walk.frames == 121 and frames(story) == [120]


def test_more_keyframes_than_frames_is_one_line(story):
    story.find("walk-frames").setValue(2)
    assert "each of 3 keyframes, got 2" in story.message
    assert story.document.session.walk.frames == 61 and story.find("walk-frames").value() == 61


def test_pictures_can_be_dropped_and_the_curve_shows_where_it_jumps(story):
    track = story.find("timeline-track")
    story.wait(lambda: track.curve)
    assert not any(jump for _, _, jump in track.curve)
    panel = story.find("timeline")
    for index in range(2):
        panel.menu_for(index).actions()[0].menu().actions()[-1].trigger()
    story.wait(lambda: any(jump for _, _, jump in track.curve))
    mime = to_mime([story.recipe])
    track.dropEvent(_Drop(mime, track.x_of(20)))
    assert 20 in frames(story)


def test_the_timeline_is_saved_walked_and_drawn_as_a_contact_sheet(story, tmp_path: Path):
    track = story.find("timeline-track")
    track.moved.emit(1, 10)
    story.save(tmp_path / "s.ganviz")
    assert load_session(tmp_path / "s.ganviz").timeline == story.document.session.timeline
    assert cli.main(["walk", "--session", str(tmp_path / "s.ganviz"), "--out", f"{tmp_path / 'frames'}/"]) == 0
    story.qtbot.keyClick(track, Qt.Key.Key_BracketRight)
    story.qtbot.keyClick(track, Qt.Key.Key_BracketRight)
    story.settle()
    shown = story.document.session.timeline.keyframes[track.selected].frame
    walked = np.asarray(Image.open(tmp_path / "frames" / f"{shown:05d}.png"))
    assert np.abs(walked.astype(int) - story.pixels()).max() <= 1
    story.click("timeline-sheet")
    story.find("export-sheet-path").setText(str(tmp_path / "contacts.png"))
    story.click("export-sheet-go")
    story.wait(lambda: (tmp_path / "contacts.png").exists() and not story.window.compute.job_running)
    assert cli.main(["render", str(tmp_path / "contacts.png"), "--out", str(tmp_path / "again.png")]) == 0
    first, again = (np.asarray(Image.open(tmp_path / name)) for name in ("contacts.png", "again.png"))
    assert first.shape == (4 * 16, 6 * 16, 3)
    assert np.array_equal(first, again)


def test_a_frame_of_the_timeline_is_the_same_undone_saved_exported_rendered_and_reopened(story, come_back, tmp_path):
    before = story.pixels().copy()
    track = story.find("timeline-track")
    start, end = (int(track.x_of(frame)) for frame in (10, 25))
    y = track.height() - 6
    story.drag(track, _point(start, y), _point(start + 20, y), _point(end, y))
    story.settle()
    between = story.pixels().copy()
    assert track.playhead == 25 and not np.array_equal(between, before)
    story.click("undo")
    story.settle()
    assert np.array_equal(story.pixels(), before)
    story.click("redo")
    again = come_back(story)
    again.window.parts.show_tab("timeline")
    assert again.document.session.walk_recipes(False)[25] == again.recipe
    again.find("timeline-track").moved.emit(1, 28)
    again.click("undo")
    again.window.exporter.write_video(Wish(str(tmp_path / "frames"), None, "high", True))
    again.wait(lambda: "frames" in again.message)
    for frame, name in ((0, "00000"), (60, "00060")):
        written = tmp_path / "frames" / f"{name}.png"
        assert read_png(written) == again.document.session.walk_recipes(False)[frame]
        assert cli.main(["render", str(written), "--out", str(tmp_path / "drawn.png")]) == 0
        with Image.open(written) as one, Image.open(tmp_path / "drawn.png") as two:
            assert np.array_equal(np.asarray(one), np.asarray(two))
    again.document.open_recipe(again.document.session.timeline.recipes[0])
    again.settle()
    with Image.open(tmp_path / "frames" / "00000.png") as one:
        assert np.array_equal(np.asarray(one), again.pixels()), "a film begins with its first keyframe, to the last bit"


def test_playing_counts_the_frames_that_were_dropped(story):
    story.click("walk-rewind")
    story.find("walk-fps").setValue(1000)
    story.click("walk-play")
    story.wait(lambda: "dropped" in story.find("walk-length").text() or not story.window.parts.walk.playing)
    story.wait(lambda: not story.window.parts.walk.playing)
    assert "dropped" not in story.find("walk-length").text()
    assert story.recipe.latent == Seed(3)


def _point(x: int, y: int):
    from PySide6.QtCore import QPoint

    return QPoint(x, y)


class _Drop:
    """A drop as Qt reports it."""

    def __init__(self, mime, x: float) -> None:
        self._mime, self._x = mime, x

    def mimeData(self):
        return self._mime

    def position(self):
        from PySide6.QtCore import QPointF

        return QPointF(self._x, 10)

    def setDropAction(self, action) -> None:
        pass

    def accept(self) -> None:
        pass
