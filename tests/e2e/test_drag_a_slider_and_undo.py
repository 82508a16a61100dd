"""Somebody drags sliders, sees the picture change, and takes it back."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from app.exporting import Wish
from ganviz.checkpoint import read_header
from ganviz.expression import Offset, Seed, offsets_of
from ganviz.render import Renderer


def test_one_drag_is_one_step_of_undo_and_redo_brings_it_back(story):
    first = story.pixels().copy()
    psi = story.find("psi")
    middle = psi.height() // 2
    story.drag(psi, QPoint(psi.width() // 2, middle), QPoint(60, middle), QPoint(50, middle), QPoint(20, middle))
    story.settle()
    dragged = story.recipe.psi
    assert dragged < 0 and not np.array_equal(story.pixels(), first)
    assert len(story.document.history.past) == 1
    story.click("undo")
    story.settle()
    assert story.recipe.psi == 1.0 and psi.value() == 1.0
    assert np.array_equal(story.pixels(), first)
    story.click("redo")
    story.settle()
    assert story.recipe.psi == dragged == psi.value()


def test_every_tick_of_many_leads_in_the_end_to_the_last_one(story):
    slider = story.find("latent-slider-2")
    for tick in range(300):
        slider.setValue(-3 + tick * 0.02)
    story.settle()
    assert offsets_of(story.canvas.frame.recipe.latent) == {2: pytest.approx(2.98)}


@pytest.fixture
def slow(begin, tiny_stylegan2, monkeypatch):
    """The window on a model that is given no time, so that previews are shown."""
    monkeypatch.setattr("ganviz.readout.LEAST", 4)
    story = begin(tiny_stylegan2)
    story.window.compute.set_frame_time(0.0)
    return story


def test_previews_are_marked_and_a_burst_of_a_thousand_edits_ends_on_the_exact_picture_of_the_last(slow):
    frames, states = [], []
    slow.canvas.frameShown.connect(
        lambda frame: (frames.append(frame), states.append((slow.find("status").text(), slow.window.behind)))
    )
    slider = slow.find("psi")
    for k in range(1000):
        slider.setValue(-1 + 2 * k / 999)
        if k % 100 == 0:
            slow.qtbot.wait_until(lambda k=k: len(frames) > k // 100, timeout=20_000)
    slow.settle()
    assert slow.recipe.psi == pytest.approx(1.0) and frames[-1].recipe == slow.recipe and frames[-1].exact
    assert np.array_equal(slow.pixels(), Renderer("cpu").render(slow.recipe).pixels)
    assert any(not frame.exact for frame in frames)
    for frame, (said, behind) in zip(frames, states, strict=True):
        assert said.startswith("preview" if not frame.exact else ("exact", "rendering")) and (frame.exact or behind)


def test_a_preview_takes_the_place_of_the_picture_and_is_exported_as_the_exact_one(slow, tmp_path, monkeypatch):
    rect, zoom = slow.canvas.picture_rect(), slow.canvas.zoom
    for name in ("MOVING_S", "HOLD_S", "GAPS"):
        monkeypatch.setattr(f"app.movement.{name}", 1e6)  # the control never rests
    slow.find("psi").setValue(0.2)
    slow.find("psi").setValue(0.3)
    slow.wait(lambda: not slow.canvas.frame.exact and slow.canvas.frame.recipe == slow.recipe)
    assert slow.canvas.picture_rect() == rect and slow.canvas.zoom == zoom and slow.window.behind
    path = tmp_path / "picture.png"
    slow.window.exporter.write_image(Wish(str(path), None, "", True), slow.canvas.frame)
    slow.wait(path.is_file)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), Renderer("cpu").render(slow.recipe).pixels)


def test_status_says_rendering_exactly_while_the_picture_is_behind(story):
    said = []
    status = story.find("status")
    story.document.changed.connect(lambda old, new: said.append(status.text()))
    assert status.text().startswith("exact")
    story.find("seed").setValue(7)
    assert "rendering" in status.text()
    story.settle()
    assert status.text().startswith("exact")
    assert " ms" in status.text() and " fps" in status.text()


def test_the_picture_is_behind_as_long_as_an_older_one_waits_to_be_painted(story):
    first = story.canvas.frame
    story.find("seed").setValue(7)
    story.settle()
    older = story.canvas.frame
    story.click("undo")
    story.settle()
    assert story.canvas.frame.recipe == first.recipe
    story.canvas.show_frame(older)
    assert story.window.behind
    story.canvas.show_frame(first)
    story.settle()


def test_dimensions_are_listed_moved_found_and_reset(story):
    assert story.find("dimensions-card").caption.text() == "8 offsets"
    story.find("latent-slider-3").setValue(2.5)
    story.find("latent-slider-5").setValue(-1)
    assert story.recipe.latent == Offset(Seed(0), ((3, 2.5), (5, -1.0)))
    assert story.find("dimensions-reset").isEnabled()
    story.find("seed").setValue(12)
    assert story.recipe.latent == Offset(Seed(12), ((3, 2.5), (5, -1.0)))
    story.click("dimensions-reset")
    assert story.recipe.latent == Seed(12)
    assert not story.find("dimensions-reset").isEnabled()
    assert story.find("latent-slider-3").value() == 0
    story.click("undo")
    assert story.find("latent-slider-3").value() == 2.5


def test_while_a_slider_is_held_the_panels_come_after_the_picture(story, qtbot, monkeypatch, make_checkpoint):
    lags = []
    changed = story.window.following.changed
    monkeypatch.setattr(
        story.window.following, "changed", lambda *given, may_lag: (lags.append(may_lag), changed(*given, may_lag))[1]
    )
    slider, caption = story.find("latent-slider-3"), story.find("dimensions-card").caption
    middle = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2 + 20, middle))
    assert lags == [True]
    story.wait(lambda: caption.text() == "1 of 8 moved")
    other = read_header(make_checkpoint("other"))
    story.document.introduce(other)
    story.document.edit_recipe(merge="snapshots", model=other.ref)
    assert lags == [True, False], "what shows another model knows of it before its picture comes"
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2 + 20, middle))
    story.settle()


def test_the_end_of_a_gesture_brings_the_panels_along(story, qtbot):
    slider, caption = story.find("latent-slider-3"), story.find("dimensions-card").caption
    place = QPoint(slider.width() // 2 + 20, slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=place)
    assert caption.text() == "1 of 8 moved"


def test_typing_a_psi_beyond_the_slider_is_kept(story):
    field = story.find("psi-field")
    field.setFocus()
    field.selectAll()
    story.qtbot.keyClicks(field, "2.5")
    story.qtbot.keyClick(field, Qt.Key.Key_Return)
    story.settle()
    assert story.recipe.psi == 2.5


@pytest.mark.parametrize(("field", "typed"), [("psi-field", "0.50"), ("psi-field", "0.5"), ("seed", "12")])
def test_ctrl_z_in_a_field_takes_back_what_was_entered_there(story, field, typed):
    story.window.activateWindow()
    widget = story.find(field)
    widget.setFocus()
    widget.selectAll()
    story.qtbot.keyClicks(widget, typed)
    story.qtbot.keyClick(widget, Qt.Key.Key_Return)
    before = story.document.history.past[-1].recipe
    assert story.recipe != before
    story.qtbot.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert story.recipe == before


def test_reset_is_grey_until_something_changed(story):
    reset = story.find("truncation-reset")
    assert not reset.isEnabled()
    story.find("psi").setValue(0.4)
    assert reset.isEnabled()
    reset.click()
    assert story.recipe.psi == 1.0 and not reset.isEnabled()


def test_history_shows_the_steps_and_a_click_goes_back(story):
    for seed in (5, 6, 7):
        story.find("seed").setValue(seed)
    story.settle()
    story.window.parts.show_tab("history")
    history = story.find("history")
    story.wait(lambda: len(history.items()) == 4 and history.current() == 3)
    story.wait(lambda: len(history.pictures()) == 4)
    history.activated_at.emit(1)
    story.settle()
    assert story.recipe.latent == Seed(5)
    story.wait(lambda: history.current() == 1)
    assert len(history.items()) == 4


def test_a_click_on_the_history_goes_where_it_shows_though_the_history_has_gone_on(story, monkeypatch):
    for seed in (5, 6, 7):
        story.find("seed").setValue(seed)
    story.settle()
    story.window.parts.show_tab("history")
    history = story.find("history")
    story.wait(lambda: len(history.items()) == 4)
    monkeypatch.setattr(history._follow, "start", lambda: None)  # what is shown lags behind
    story.document.history.restore(story.document.history.past[1:], story.document.session, (), story.document.session)
    history.activated_at.emit(1)
    assert story.recipe.latent == Seed(5), "the first step has been dropped: the others have moved up"
    story.document.open_session(story.document.session, None)
    history.activated_at.emit(3)
    assert story.recipe.latent == Seed(5), "and of a history that has begun anew there is nothing to go to"


def test_undo_and_redo_are_grey_where_there_is_nothing_to_do(story):
    assert not story.find("undo").isEnabled() and not story.find("redo").isEnabled()
    story.find("seed").setValue(5)
    assert story.find("undo").isEnabled() and not story.find("redo").isEnabled()
    story.click("undo")
    assert not story.find("undo").isEnabled() and story.find("redo").isEnabled()


def test_what_a_moving_control_shows_is_chosen_in_the_menu_and_kept(begin, tiny_stylegan2, monkeypatch):
    monkeypatch.setattr("app.window.Compute.set_frame_time", lambda compute, seconds: said.append(seconds))
    said: list[float | None] = []
    story = begin(tiny_stylegan2)
    choices = next(action.menu() for action in story.find("more").menu().actions() if "control moves" in action.text())
    assert [action.text() for action in choices.actions() if action.isChecked()] == ["30 pictures a second"]
    for action in choices.actions():
        action.trigger()
    assert said == [0.033, 0.016, 0.033, 0.066, 0.125, None]
    story.window.close()
    again = begin(tiny_stylegan2)
    assert said[-1] is None and again.window.settings.get("frame_ms") == 0.0
