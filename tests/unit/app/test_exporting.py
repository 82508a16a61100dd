import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from app.exporting import ExportDialog, Wish, free_name, safe_name
from ganviz.video import suffix_of


@pytest.fixture
def ask(qtbot):
    """A function that opens the dialog and returns it with the list of wishes that come out."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def ask(*, video: bool = True, path: str = "/tmp/walk.mp4") -> tuple[ExportDialog, list[Wish]]:
        wishes: list[Wish] = []
        dialog = ExportDialog(parent, video=video, resolution=64, path=path, said="3 pictures")
        dialog.wished.connect(wishes.append)
        dialog.open()
        return dialog, wishes

    return ask


def test_export_says_what_was_chosen(ask):
    dialog, wishes = ask()
    dialog.side.setCurrentIndex(dialog.side.findData(256))
    dialog.quality.setCurrentIndex(dialog.quality.findData("low"))
    dialog.metadata.setChecked(False)
    dialog.go.click()
    assert wishes == [Wish("/tmp/walk.mp4", 256, "low", False)]


def test_cancel_and_escape_write_nothing(ask):
    dialog, wishes = ask()
    dialog.cancel.click()
    dialog, more = ask()
    dialog.reject()
    assert wishes == more == []


def test_kind_and_suffix_follow_each_other(ask):
    dialog, _ = ask()
    dialog.kind.setCurrentIndex(dialog.kind.findData(".gif"))
    assert dialog.path.text() == "/tmp/walk.gif" and not dialog.quality.isEnabled()
    dialog.path.setText("/tmp/film.WEBM")
    assert dialog.kind.currentData() == ".webm" and dialog.quality.isEnabled()
    dialog.kind.setCurrentIndex(dialog.kind.findData(""))
    assert dialog.path.text() == "/tmp/film"


def test_without_a_file_there_is_nothing_to_export(ask):
    dialog, _ = ask(video=False, path="")
    assert not dialog.go.isEnabled()
    dialog.path.setText("/tmp/a.png")
    assert dialog.go.isEnabled()


def test_an_image_has_no_kind_and_no_quality(ask):
    dialog, wishes = ask(video=False, path="/tmp/a.png")
    assert not dialog.kind.isVisible() and not dialog.quality.isVisible()
    assert [dialog.side.itemData(k) for k in range(dialog.side.count())] == [None, 128, 256, 512, 1024]
    dialog.go.click()
    assert wishes[0].size is None


def test_suggested_names_are_free(tmp_path):
    assert free_name(tmp_path, "walk", ".mp4") == tmp_path / "walk.mp4"
    (tmp_path / "walk.mp4").touch()
    (tmp_path / "walk-2.mp4").touch()
    assert free_name(tmp_path, "walk", ".mp4") == tmp_path / "walk-3.mp4"


@pytest.mark.parametrize("typed", ["pic.jpg", "precious.ganviz", "pic"])
def test_an_image_gets_its_own_suffix_whatever_was_typed(ask, tmp_path, typed):
    (tmp_path / typed).write_bytes(b"somebody's work")
    dialog, wishes = ask(video=False, path="/tmp/a.png")
    dialog.path.setText(str(tmp_path / typed))
    assert f"{typed}.png" in dialog.note.text() and dialog.go.text() == "Export"
    dialog.go.click()
    assert wishes[0].path == str(tmp_path / f"{typed}.png")


def test_a_film_gets_the_suffix_of_the_kind_that_is_chosen(ask, tmp_path):
    dialog, wishes = ask()
    dialog.kind.setCurrentIndex(dialog.kind.findData(".webm"))
    dialog.path.setText(str(tmp_path / "my.film"))
    assert dialog.kind.currentData() == ".webm"
    dialog.go.click()
    assert wishes[0].path == str(tmp_path / "my.film.webm")


@pytest.mark.parametrize(("video", "name"), [(False, "a.png"), (True, "walk.mp4")])
def test_a_file_that_is_there_is_replaced_only_by_a_button_that_says_so(ask, tmp_path, video, name):
    (tmp_path / name).touch()
    dialog, wishes = ask(video=video)
    dialog.path.setText(str(tmp_path / name))
    assert "exists already" in dialog.note.text() and dialog.note.isVisible() and dialog.go.text() == "Replace"
    dialog.path.setText(str(tmp_path / f"new-{name}"))
    assert not dialog.note.isVisible() and dialog.go.text() == "Export"
    dialog.path.setText(str(tmp_path / name))
    dialog.go.click()
    assert [wish.path for wish in wishes] == [str(tmp_path / name)]


def test_a_file_that_appears_while_the_dialog_is_open_is_asked_about_first(ask, tmp_path):
    dialog, wishes = ask(video=False)
    dialog.path.setText(str(tmp_path / "a.png"))
    (tmp_path / "a.png").touch()
    dialog.go.click()
    assert wishes == [] and dialog.go.text() == "Replace"
    dialog.go.click()
    assert len(wishes) == 1


def test_pictures_go_to_a_folder_whatever_dots_its_name_has(ask, tmp_path):
    dialog, wishes = ask(path=str(tmp_path / "run-0.5-walk.mp4"))
    dialog.kind.setCurrentIndex(dialog.kind.findData(""))
    assert dialog.path.text() == str(tmp_path / "run-0.5-walk")
    dialog.go.click()
    assert wishes[0].path == str(tmp_path / "run-0.5-walk") + os.sep
    assert suffix_of(wishes[0].path) == ""
    dialog, _ = ask(path=str(tmp_path / "run-0.5-walk"))
    dialog.kind.setCurrentIndex(dialog.kind.findData(""))
    dialog.kind.setCurrentIndex(dialog.kind.findData(".gif"))
    assert dialog.path.text() == str(tmp_path / "run-0.5-walk.gif")


def test_a_folder_with_files_in_it_and_one_in_a_file_s_place_are_no_targets(ask, tmp_path):
    (tmp_path / "walk.mp4").mkdir()
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "precious.txt").touch()
    dialog, _ = ask()
    dialog.path.setText(str(tmp_path / "walk.mp4"))
    assert not dialog.go.isEnabled() and "folder" in dialog.note.text()
    dialog.kind.setCurrentIndex(dialog.kind.findData(""))
    dialog.path.setText(str(tmp_path / "frames"))
    assert not dialog.go.isEnabled() and "empty folder" in dialog.note.text()


@pytest.mark.parametrize("typed", ["~nobody-of-that-name/x.png", "..", "/", "x" * 5000])
def test_a_name_that_cannot_be_is_said_in_the_dialog(ask, typed):
    dialog, wishes = ask(video=False)
    dialog.path.setText(typed)
    assert not dialog.go.isEnabled() and dialog.note.isVisible() and "\n" not in dialog.note.text()
    dialog.go.click()
    assert wishes == []


@pytest.mark.parametrize("name", ["../../evil/x", "/etc/passwd", ".hidden", "é" * 500, "a\\b:c", "...", ""])
def test_a_model_s_name_becomes_a_plain_short_file_name(name):
    safe = safe_name(name)
    assert safe and safe == Path(safe).name and not safe.startswith(".") and len(safe.encode()) <= 200
    assert not set(safe) & set("/\\:")
