"""Somebody saves a session or exports a picture, and comes back to it later."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.exporting import ExportDialog, Wish
from ganviz.expression import Seed
from ganviz.recipe import Sheet
from ganviz.session import Session, load_session, read_png, save_session, write_png


def test_a_session_comes_back_with_everything_in_it(story, begin, tmp_path, tiny_checkpoint):
    story.find("psi").setValue(0.6)
    story.find("latent-slider-4").setValue(1.5)
    story.click("keep")
    story.find("walk-frames").setValue(90)
    story.settle()
    session, pixels = story.document.session, story.pixels().copy()
    path = tmp_path / "work.ganviz"
    story.save(path)
    assert "work.ganviz" in story.window.windowTitle() and not story.window.isWindowModified()
    story.window.stop()
    again = begin(path)
    assert again.document.session == session
    assert np.array_equal(again.pixels(), pixels)
    assert again.find("latent-slider-4").value() == 1.5
    assert not again.find("undo").isEnabled()


def test_saving_again_needs_no_file_dialog(story, tmp_path):
    path = tmp_path / "work.ganviz"
    story.save(path)
    story.find("seed").setValue(5)
    assert story.window.isWindowModified()
    first = path.read_bytes()
    story.click("save")
    story.wait(lambda: not story.window.isWindowModified())
    assert path.read_bytes() != first


def test_a_session_is_written_off_the_ui_thread_and_counts_as_saved_when_it_is_on_the_disk(
    story, tmp_path, monkeypatch
):
    let, threads = threading.Event(), []

    def slowly(path, session):
        threads.append(threading.current_thread())
        assert let.wait(60)
        save_session(path, session)

    monkeypatch.setattr("app.saver.save_session", slowly)
    path = tmp_path / "work.ganviz"
    story.find("seed").setValue(5)
    story.click("keep")
    written = story.document.session
    story.window.saver.save_to(str(path))
    story.wait(lambda: threads)
    assert threads[0] is not threading.main_thread()
    assert story.document.dirty and story.document.path is None and "Saved" not in story.message
    story.find("seed").setValue(6)  # what is done meanwhile is not in the file
    let.set()
    story.wait(lambda: story.document.path == path and "Saved" in story.message)
    assert load_session(path) == written and story.window.isWindowModified()
    story.click("undo")
    assert not story.window.isWindowModified()


def test_a_window_closed_while_its_session_is_written_closes_when_it_is(story, tmp_path, monkeypatch):
    let = threading.Event()

    def slowly(path, session):
        assert let.wait(60)
        save_session(path, session)

    monkeypatch.setattr("app.saver.save_session", slowly)
    story.click("keep")
    story.window.ask_on_close = True
    story.window.saver.save_to(str(tmp_path / "work.ganviz"))
    story.window.close()
    assert story.window.isVisible() and not story.window.findChildren(QMessageBox), "it waits, and need not ask"
    let.set()
    story.wait(lambda: not story.window.isVisible())
    assert len(load_session(tmp_path / "work.ganviz").gallery) == 1


def test_what_is_done_while_a_closing_window_writes_its_session_is_asked_about(story, tmp_path, monkeypatch):
    let = threading.Event()

    def slowly(path, session):
        assert let.wait(60)
        save_session(path, session)

    story.save(tmp_path / "work.ganviz")
    monkeypatch.setattr("app.saver.save_session", slowly)
    story.click("keep")
    story.window.ask_on_close = True
    story.window.close()
    question(story).button(QMessageBox.StandardButton.Save).click()
    story.wait(lambda: story.window.findChild(QMessageBox, "unsaved") is None)
    story.find("seed").setValue(12)
    let.set()
    story.wait(lambda: story.window.findChild(QMessageBox, "unsaved") is not None)
    assert story.window.isVisible() and story.document.dirty
    question(story).button(QMessageBox.StandardButton.Save).click()
    story.wait(lambda: not story.window.isVisible())
    assert load_session(tmp_path / "work.ganviz").recipe.latent == Seed(12)


def test_a_copy_that_waits_to_be_written_is_written_before_the_window_closes(story, tmp_path):
    story.save(tmp_path / "work.ganviz")
    let = threading.Event()
    story.window.background.run(lambda: let.wait(60), lambda _: None)
    story.window.ask_on_close = True
    story.window.saver.save_to(str(tmp_path / "copy.ganviz"))
    story.window.close()
    assert story.window.isVisible() and "closes once" in story.message
    let.set()
    story.wait(lambda: not story.window.isVisible())
    assert load_session(tmp_path / "copy.ganviz") == load_session(tmp_path / "work.ganviz")


def test_a_window_need_not_wait_for_a_drive_that_does_not_answer(story, tmp_path):
    left, let = [], threading.Event()
    story.window.leaving.connect(lambda: (left.append(story.window.isVisible()), let.set()))
    story.window.background.run(lambda: let.wait(60), lambda _: None)
    story.window.ask_on_close = True
    story.window.saver.save_to(str(tmp_path / "copy.ganviz"))
    story.window.close()
    assert story.window.isVisible() and not left
    story.click("message-action")
    assert left == [False], "gone, and only now the threads are waited for"


def test_a_window_stays_where_the_session_that_it_waits_for_cannot_be_written(story, tmp_path):
    story.click("keep")
    story.window.ask_on_close = True
    story.window.saver.save_to(str(tmp_path / "missing" / "work.ganviz"))
    story.window.close()
    story.wait(lambda: "missing" in story.message)
    assert story.window.isVisible() and story.document.dirty
    story.window.close()
    assert question(story).isVisible()


def test_a_session_that_cannot_be_saved_is_said_and_stays_unsaved(story, tmp_path):
    story.find("seed").setValue(5)
    story.window.saver.save_to(str(tmp_path / "missing" / "work.ganviz"))
    story.wait(lambda: "missing" in story.message)
    assert story.document.dirty and story.document.path is None


def test_an_exported_picture_reopens_its_own_recipe(story, begin, tmp_path):
    story.find("seed").setValue(31)
    story.find("psi").setValue(0.7)
    story.settle()
    path = tmp_path / "face.png"
    recipe, pixels = story.recipe, story.pixels().copy()
    story.click("export-image")
    dialog = story.window.findChild(ExportDialog)
    dialog.path.setText(str(path))
    dialog.go.click()
    story.wait(lambda: "face.png" in story.message)
    assert np.array_equal(np.asarray(Image.open(path)), pixels)
    story.click("random-seed")
    story.settle()
    story.canvas.dropped.emit(str(path))
    story.wait(lambda: story.recipe == recipe)
    story.settle()
    assert np.array_equal(story.pixels(), pixels)
    story.click("undo")
    assert story.recipe != recipe


def test_the_tick_leaves_the_recipe_out_and_size_enlarges(story, tmp_path):
    path = tmp_path / "plain.png"
    story.window.exporter.write_image(Wish(str(path), 64, "high", False), story.canvas.frame)
    story.wait(lambda: path.exists())
    with Image.open(path) as image:
        assert image.size == (64, 64) and "ganviz" not in image.text
    with pytest.raises(Exception, match="carries no recipe"):
        read_png(path)


def test_an_image_that_cannot_be_written_is_said(story, tmp_path):
    story.window.exporter.write_image(Wish(str(tmp_path / "no" / "a.png"), None, "high", True), story.canvas.frame)
    story.wait(lambda: story.message)
    assert "a.png" in story.message


def test_a_dropped_sheet_offers_to_keep_all_its_pictures(story, tmp_path):
    cells = tuple(story.recipe.edit(latent=Seed(k)) for k in (3, 4, 5))
    path = tmp_path / "sheet.png"
    write_png(path, story.pixels(), Sheet(cells, 3))
    story.window.open(str(path))
    story.wait(lambda: "3 pictures" in story.message)
    assert story.recipe.latent == Seed(3)
    story.click("message-action")
    assert [kept.recipe for kept in story.document.session.gallery] == list(cells)


def test_closing_asks_only_when_there_is_work_to_lose(story, tmp_path):
    window = story.window
    window.ask_on_close = True
    story.find("seed").setValue(3)
    assert not window.saver.worth_asking
    story.click("keep")
    window.close()
    assert window.isVisible()
    box = window.findChild(QMessageBox, "unsaved")
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert window.isVisible()
    story.save(tmp_path / "work.ganviz")
    window.close()
    assert not window.isVisible()


def test_discarding_closes(story):
    story.window.ask_on_close = True
    story.click("keep")
    story.window.close()
    story.window.findChild(QMessageBox, "unsaved").button(QMessageBox.StandardButton.Discard).click()
    assert not story.window.isVisible()


def test_ctrl_s_asks_for_a_file_without_blocking(story):
    story.qtbot.keyClick(story.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    chooser = story.window.findChild(QFileDialog, "chooser")
    assert chooser.isVisible()
    chooser.reject()


@pytest.fixture
def unsaved(story, tmp_path):
    """A window with a kept picture that is in no file, and another session to open."""
    other = tmp_path / "other.ganviz"
    save_session(other, Session(story.recipe.edit(latent=Seed(55))))
    story.click("keep")
    return story, other


def question(story):
    story.wait(lambda: story.window.findChild(QMessageBox, "unsaved"))
    return story.window.findChild(QMessageBox, "unsaved")


def test_opening_another_session_asks_before_unsaved_work_goes_and_cancel_keeps_it(unsaved):
    story, other = unsaved
    before = story.document.session
    story.canvas.dropped.emit(str(other))
    box = question(story)
    assert "other.ganviz" in box.text() and story.document.session == before
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert story.document.session == before and story.find("undo").isEnabled()
    assert story.find("work").text() == ""


def test_opening_another_session_after_discard_shows_it(unsaved):
    story, other = unsaved
    story.window.open(str(other))
    question(story).button(QMessageBox.StandardButton.Discard).click()
    assert story.recipe.latent == Seed(55) and story.document.path == other


def test_opening_another_session_after_save_has_saved(unsaved, tmp_path):
    story, other = unsaved
    mine = tmp_path / "mine.ganviz"
    story.save(mine)
    story.find("seed").setValue(12)
    session = story.document.session
    story.window.open(str(other))
    question(story).button(QMessageBox.StandardButton.Save).click()
    story.wait(lambda: story.recipe.latent == Seed(55))
    assert load_session(mine) == session


def test_saving_for_the_first_time_asks_where_to_and_then_opens(unsaved, tmp_path):
    story, other = unsaved
    story.window.open(str(other))
    question(story).button(QMessageBox.StandardButton.Save).click()
    chooser = story.window.findChild(QFileDialog, "chooser")
    chooser.fileSelected.emit(str(tmp_path / "mine.ganviz"))
    chooser.reject()
    story.wait(lambda: story.recipe.latent == Seed(55))
    assert len(load_session(tmp_path / "mine.ganviz").gallery) == 1


def test_opening_another_session_without_work_to_lose_asks_nothing(unsaved):
    story, other = unsaved
    story.click("undo")
    story.window.open(str(other))
    story.wait(lambda: story.recipe.latent == Seed(55))
    assert story.window.findChild(QMessageBox, "unsaved") is None


def test_a_session_always_gets_the_suffix_by_which_it_is_opened(story, begin, tmp_path):
    story.save(tmp_path / "sess.txt")
    assert story.document.path == tmp_path / "sess.txt.ganviz"
    assert [path.name for path in tmp_path.iterdir()] == ["sess.txt.ganviz"]


def test_a_completed_name_does_not_replace_a_file_without_a_question(story, tmp_path):
    path = tmp_path / "sess.txt.ganviz"
    path.write_bytes(b"somebody's work")
    story.window.saver.save_chosen(str(tmp_path / "sess.txt"))
    assert path.read_bytes() == b"somebody's work" and "exists already" in story.message
    story.click("message-action")
    story.wait(lambda: story.document.path == path)
    assert load_session(path) == story.document.session


def test_the_same_weights_under_another_name_are_drawn_and_not_waited_for(story, make_checkpoint):
    twin = make_checkpoint("twin")
    story.window.open(str(twin))
    story.wait(lambda: story.recipe.model.name == "twin")
    story.find("seed").setValue(8)
    story.settle()
    assert story.find("status").text().startswith("exact")


def test_a_picture_that_names_the_same_weights_otherwise_is_the_document_s_picture(story):
    frame = story.window._shown
    other = frame.recipe.edit(model=replace(frame.recipe.model, name="as it was called elsewhere"))
    story.canvas.frameShown.emit(replace(frame, recipe=other))
    assert not story.window.behind
    story.canvas.frameShown.emit(replace(frame, recipe=other.edit(psi=0.123)))
    assert story.window.behind
