"""Somebody saves a session or exports a picture, and comes back to it later."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.exporting import ExportDialog, Wish
from ganviz.recipe import Seed, Sheet
from ganviz.session import read_png, write_png


def test_a_session_comes_back_with_everything_in_it(story, begin, tmp_path, tiny_checkpoint):
    story.find("psi").setValue(0.6)
    story.find("latent-slider-4").setValue(1.5)
    story.click("keep")
    story.find("walk-frames").setValue(90)
    story.settle()
    session, pixels = story.document.session, story.pixels().copy()
    path = tmp_path / "work.ganviz"
    assert story.window.saver.save_to(str(path))
    assert "work.ganviz" in story.window.windowTitle() and not story.window.isWindowModified()
    story.window.stop()
    again = begin(path)
    assert again.document.session == session
    assert np.array_equal(again.pixels(), pixels)
    assert again.find("latent-slider-4").value() == 1.5
    assert not again.find("undo").isEnabled()


def test_saving_again_needs_no_file_dialog(story, tmp_path):
    path = tmp_path / "work.ganviz"
    story.window.saver.save_to(str(path))
    story.find("seed").setValue(5)
    assert story.window.isWindowModified()
    first = path.read_bytes()
    story.click("save")
    assert path.read_bytes() != first and not story.window.isWindowModified()


def test_a_session_that_cannot_be_saved_is_said_and_stays_unsaved(story, tmp_path):
    story.find("seed").setValue(5)
    assert not story.window.saver.save_to(str(tmp_path / "missing" / "work.ganviz"))
    assert "missing" in story.message and story.document.path is None


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
    window.saver.save_to(str(tmp_path / "work.ganviz"))
    window.close()
    assert not window.isVisible()


def test_discarding_closes(story):
    story.window.ask_on_close = True
    story.click("keep")
    story.window.close()
    story.window.findChild(QMessageBox, "unsaved").button(QMessageBox.StandardButton.Discard).click()
    assert not story.window.isVisible()


def test_ctrl_s_asks_for_a_file_without_blocking(story):
    from PySide6.QtWidgets import QFileDialog

    story.qtbot.keyClick(story.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    chooser = story.window.findChild(QFileDialog, "chooser")
    assert chooser.isVisible()
    chooser.reject()
