import pytest
from PySide6.QtWidgets import QWidget

from app.exporting import ExportDialog, Wish, free_name


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
