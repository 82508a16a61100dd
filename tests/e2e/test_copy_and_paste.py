"""Somebody takes a picture's recipe elsewhere as text, and brings one back."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QLineEdit

from app.actions import more_menu
from app.commands import COMMANDS
from ganviz import cli
from ganviz.edits import UnitEdit
from ganviz.expression import Seed, Vector
from ganviz.recipe import Recipe, Sheet
from ganviz.session import document_json, write_png
from ganviz.sharing import as_json


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def copy_command(story) -> None:
    story.window.actions_by_id["copy-command"].trigger()
    story.wait(lambda: story.window.background.is_idle and "Copied: ganviz" in story.message)


def paste(story, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    story.window.actions_by_id["paste"].trigger()
    story.wait(lambda: story.window.opener.is_idle)


def test_a_copied_recipe_comes_back_by_pasting_and_goes_again_by_undo(story):
    story.find("seed").setValue(31)
    story.find("psi").setValue(0.6)
    story.document.edit_recipe(units=(UnitEdit(1, (2,), 2.0),))
    story.settle()
    recipe, pixels = story.recipe, story.pixels().copy()
    story.window.actions_by_id["copy"].trigger()
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (16, 16) and "Copied the picture" in story.message
    red = [image.pixelColor(x, y).red() for y in range(16) for x in range(16)]
    assert red == pixels[:, :, 0].flatten().tolist()
    story.find("seed").setValue(5)
    story.settle()
    paste(story, clipboard())
    story.settle()
    assert story.recipe == recipe and np.array_equal(story.pixels(), pixels)
    assert story.find("seed").value() == 31
    story.click("undo")
    assert story.recipe.latent == Seed(5)


def test_a_vector_travels_with_its_array(story):
    story.document.edit_recipe(latent=Vector.of(np.linspace(-1, 1, 8)))
    story.settle()
    pixels = story.pixels().copy()
    text = as_json(story.recipe)
    story.click("randomise")
    story.settle()
    paste(story, text)
    story.settle()
    assert np.array_equal(story.pixels(), pixels)


def test_the_copied_command_draws_the_same_pixels_and_can_be_pasted(story, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    story.find("seed").setValue(77)
    story.find("psi").setValue(-0.25)
    story.settle()
    copy_command(story)
    text = clipboard()
    assert text == "ganviz sample tiny --seeds 77 --psi=-0.25 --out picture.png" and text in story.message
    assert cli.main(shlex.split(text)[1:]) == 0
    with Image.open("picture.png") as image:
        assert np.array_equal(np.asarray(image), story.pixels())
    recipe = story.recipe
    story.click("randomise")
    paste(story, text)
    story.settle()
    assert story.recipe == recipe


def test_what_the_command_line_cannot_say_is_said_with_the_reason(story, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    story.find("latent-slider-2").setValue(1.5)
    story.settle()
    copy_command(story)
    assert clipboard() == "ganviz render picture.png --out again.png"
    assert "a latent that is no seed" in story.message and "export" in story.message.lower()
    story.save(tmp_path / "my work.ganviz")
    story.canvas.message.dismiss()
    copy_command(story)
    assert cli.main(shlex.split(clipboard())[1:]) == 0
    with Image.open("picture.png") as image:
        assert np.array_equal(np.asarray(image), story.pixels())


def test_the_copied_program_is_one_that_makes_this_recipe(story):
    story.find("seed").setValue(3)
    story.window.actions_by_id["copy-python"].trigger()
    assert "latent=ganviz.Seed(3)" in clipboard() and story.recipe.model.digest in clipboard()


def test_what_is_no_recipe_is_said_and_changes_nothing(story):
    before = story.document.session
    for text in ("hello", "{", "ganviz sample nowhere --seeds 3", "ganviz train dcgan"):
        paste(story, text)
        story.wait(lambda: story.message)
        assert story.document.session == before
        story.canvas.message.dismiss()
    QGuiApplication.clipboard().setImage(QImage(4, 4, QImage.Format.Format_RGB888))
    story.window.actions_by_id["paste"].trigger()
    assert "no recipe to paste" in story.message


def test_a_recipe_of_a_model_that_is_not_here_offers_to_locate_it(story):
    paste(story, json.dumps(Recipe("elsewhere").to_json()))
    story.wait(lambda: "elsewhere" in story.message)
    assert "not on this machine" in story.message


def test_several_pictures_are_offered_for_the_gallery(story):
    paste(story, "ganviz sample tiny --seeds 3,8,9")
    story.wait(lambda: "3 pictures" in story.message)
    assert story.recipe.latent == Seed(3)
    sheet = Sheet((story.recipe, story.recipe.edit(latent=Seed(4))), 2)
    paste(story, json.dumps(document_json(sheet)))
    story.wait(lambda: "2 pictures" in story.message)


def test_pasting_where_nothing_was_ever_copied_says_so(story, monkeypatch):
    from types import SimpleNamespace

    nothing = SimpleNamespace(clipboard=lambda: SimpleNamespace(mimeData=lambda: None))
    monkeypatch.setattr("app.clipboard.QGuiApplication", nothing)
    story.window.actions_by_id["paste"].trigger()
    assert "no recipe to paste" in story.message


def test_a_copied_file_is_opened(story, tmp_path):
    write_png(tmp_path / "a.png", story.pixels(), story.recipe.edit(latent=Seed(9)))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    QGuiApplication.clipboard().setMimeData(mime)
    story.window.actions_by_id["paste"].trigger()
    story.wait(lambda: story.recipe.latent == Seed(9))


def test_no_two_commands_share_a_shortcut_and_text_fields_keep_theirs(story, qtbot):
    from PySide6.QtCore import Qt

    shortcuts = [command.shortcut for command in COMMANDS if command.shortcut]
    assert len(shortcuts) == len(set(shortcuts))
    search = story.window.findChild(QLineEdit, "model-browser-search")
    search.setText("tiny")
    search.selectAll()
    search.setFocus()
    qtbot.keyClick(search, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "tiny"
    qtbot.keyClick(search, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert search.text() == "tiny" and story.message == ""


@pytest.mark.parametrize("name", ["copy", "copy-command", "copy-python", "paste"])
def test_the_menu_lists_them(story, name):
    menu = more_menu(story.window, story.window)
    assert story.window.actions_by_id[name] in menu.actions()
    assert menu.actions()[-1] is story.window.actions_by_id["quit"]
