"""The program dies, and the next start offers back what somebody was doing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.history import History
from ganviz.journal import Journal, Work
from ganviz.recipe import ModelRef, Recipe
from ganviz.session import Kept, Session, load_session

KILLED = """
import os, signal, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
app = QApplication([])
from app.__main__ import build_window
window = build_window(sys.argv[1])
def shown(frame):
    window.canvas.frameShown.disconnect(shown)
    window.findChild(QWidget, "seed").setValue(31)
    window.findChild(QWidget, "keep").click()
    window.findChild(QWidget, "psi").setValue(0.6)
    look.start()
def die():
    if window.recovery.is_idle:
        os.kill(os.getpid(), signal.SIGKILL)
look = QTimer(interval=50)
look.timeout.connect(die)
window.canvas.frameShown.connect(shown)
window.show()
app.exec()
"""


def left(path: Path, seed: int = 31, file: Path | None = None, name: str = "") -> None:
    """What a crash would leave: some steps with the model of a checkpoint, and a kept picture."""
    ref = ModelRef(name, "ff" * 32) if name else read_header(path).ref
    history = History(Session(Recipe(ref)))
    history.edit(Session(Recipe(ref, Seed(seed))))
    history.edit(Session(Recipe(ref, Seed(seed)), (Kept(Recipe(ref, Seed(seed))),)))
    made = Journal.begin()
    made.write(Work.of(history, file))
    made.leave()


def offered(story) -> str:
    """The offer, once everything has been looked for."""
    story.wait(lambda: story.window.recovery.is_idle)
    return story.window.recovery.bar.text()


def folders(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "state" / "recovery").glob("*"))


def test_after_a_kill_the_next_start_gives_everything_back(begin, home, tiny_checkpoint):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tiny_checkpoint)],
        env={**os.environ, "GANVIZ_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    story = begin(tiny_checkpoint)
    story.wait(lambda: story.window.recovery.bar.text())
    assert "3 steps and 1 kept picture" in offered(story)
    pixels = story.pixels().copy()
    story.click("recovery-accept")
    story.wait(lambda: story.recipe.psi == 0.6)
    assert story.recipe.latent == Seed(31) and len(story.document.session.gallery) == 1
    story.settle()
    for _ in range(3):
        story.click("undo")
    story.settle()
    assert np.array_equal(story.pixels(), pixels) and not story.find("undo").isEnabled()
    story.wait(lambda: story.window.recovery.is_idle)
    assert not story.find("recovery").isVisible()


def test_restored_work_is_kept_on_in_the_same_place_until_the_window_ends_well(begin, home, tiny_checkpoint):
    left(tiny_checkpoint)
    before = folders(home)
    story = begin(tiny_checkpoint)
    assert offered(story)
    story.find("seed").setValue(3)
    story.wait(lambda: story.window.recovery.is_idle)
    assert len(folders(home)) == 2
    story.click("recovery-accept")
    story.wait(lambda: story.recipe.latent == Seed(31) and story.window.recovery.is_idle)
    assert folders(home) == before
    story.find("seed").setValue(32)
    story.wait(lambda: story.window.recovery.is_idle)
    assert story.window.recovery._journal.read().present == story.document.session
    story.window.close()
    assert folders(home) == []


def test_discarding_offers_the_crash_before_that(begin, home, tiny_checkpoint):
    left(tiny_checkpoint, 5)
    os.utime(home / "state" / "recovery" / folders(home)[0] / "history.json", (1e9, 1e9))
    left(tiny_checkpoint, 6)
    story = begin(tiny_checkpoint)
    assert "today" in offered(story)
    story.click("recovery-refuse")
    assert "2001-09-09" in offered(story)
    story.click("recovery-refuse")
    assert offered(story) == "" and folders(home) == []


def test_the_cross_leaves_it_to_the_next_start(begin, home, tiny_checkpoint):
    left(tiny_checkpoint)
    story = begin(tiny_checkpoint)
    assert offered(story)
    story.click("recovery-close")
    assert not story.find("recovery").isVisible() and len(folders(home)) == 1
    assert offered(begin(tiny_checkpoint))


def test_a_session_that_another_window_has_open_is_not_offered(begin, home, tiny_checkpoint):
    story = begin(tiny_checkpoint)
    story.find("seed").setValue(3)
    story.wait(lambda: folders(home) and story.window.recovery.is_idle)
    assert offered(begin(tiny_checkpoint)) == ""
    assert len(folders(home)) == 1


def test_restored_work_is_saved_to_the_file_that_it_came_from(begin, tmp_path, tiny_checkpoint):
    path = tmp_path / "mine.ganviz"
    left(tiny_checkpoint, file=path)
    story = begin(tiny_checkpoint)
    assert "mine.ganviz" in offered(story)
    story.click("recovery-accept")
    story.wait(lambda: story.document.path == path)
    assert story.window.isWindowModified()
    story.click("save")
    story.wait(lambda: not story.window.isWindowModified())
    assert load_session(path) == story.document.session


def test_work_in_the_new_window_is_asked_about_before_another_takes_its_place(begin, tiny_checkpoint):
    from PySide6.QtWidgets import QMessageBox

    left(tiny_checkpoint)
    story = begin(tiny_checkpoint)
    assert offered(story)
    story.click("keep")
    story.click("recovery-accept")
    box = story.window.findChild(QMessageBox, "unsaved")
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert story.find("recovery").isVisible() and story.recipe.latent == Seed(0)
    story.click("recovery-accept")
    story.window.findChildren(QMessageBox, "unsaved")[-1].button(QMessageBox.StandardButton.Discard).click()
    story.wait(lambda: story.recipe.latent == Seed(31))
    assert not story.find("recovery").isVisible()


def test_where_its_model_is_gone_the_work_is_kept_and_the_model_asked_for(begin, home, tiny_checkpoint):
    left(tiny_checkpoint, name="elsewhere")
    story = begin(tiny_checkpoint)
    assert "elsewhere" in offered(story)
    story.click("recovery-accept")
    story.wait(lambda: "elsewhere" in story.message)
    assert story.recipe.latent == Seed(0) and len(folders(home)) == 1


def test_a_full_disk_is_said_once_and_all_is_kept_again_once_there_is_room(story, home, monkeypatch):
    def full(path):
        raise GanvizError(f"{path}: cannot write (No space left on device); choose another place")

    with monkeypatch.context() as patch:
        patch.setattr("ganviz.journal.atomic_path", full)
        story.find("seed").setValue(3)
        story.wait(lambda: "No space left" in story.message)
        story.canvas.message.dismiss()
        story.find("seed").setValue(4)
        story.wait(lambda: story.window.recovery.is_idle)
        assert story.message == ""
    story.find("seed").setValue(5)
    story.wait(lambda: story.window.recovery.is_idle)
    assert story.window.recovery._journal.read().present == story.document.session


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff" * 50])
def test_a_damaged_journal_does_not_disturb_the_start(begin, home, tiny_checkpoint, damage):
    left(tiny_checkpoint)
    (home / "state" / "recovery" / folders(home)[0] / "history.json").write_bytes(damage)
    assert offered(begin(tiny_checkpoint)) == ""
    assert folders(home) == []


def test_where_the_user_s_folder_cannot_be_made_the_window_works_and_says_once_what_is_not_kept(
    begin, tmp_path, monkeypatch, tiny_checkpoint, caplog
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GANVIZ_HOME", str(tmp_path / "file" / "home"))
    story = begin(tiny_checkpoint)
    story.window.set_setting("smooth", False)
    assert story.window.settings.get("smooth") is False
    story.find("seed").setValue(3)
    story.settle()
    story.wait(lambda: "not kept against a crash" in story.message)
    assert "GANVIZ_HOME" in story.message
    story.window.close()
