"""Somebody starts the program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QListView,
    QScrollBar,
    QTabBar,
    QWidget,
)

from app import screenshot
from app.__main__ import build_window
from app.commands import BY_ID, COMMANDS
from app.keys import KeysDialog
from app.panels import WORKSPACES
from ganviz import catalog

CONTRACT = (
    "canvas", "model-browser", "seed", "psi", "cutoff", "noise-mode", "label", "randomise", "undo", "redo",
    "export-image", "export-video", "timeline", "neighbours", "arithmetic", "sheet", "progress", "cancel", "status",
    "mix-layer-0", "mix-layer-1", "direction-0", *(f"code-{k}" for k in range(3)),
    *(f"latent-slider-{k}" for k in range(16)),
)  # fmt: skip


def test_all_names_exist_as_soon_as_the_window_is_built_and_are_unique(qtbot):
    window = build_window()
    qtbot.addWidget(window)
    assert window.objectName() == "explorer"
    for name in CONTRACT:
        assert len(window.findChildren(QWidget, name)) == 1, name
    names = [w.objectName() for w in window.findChildren(QWidget) if w.objectName()]
    own = [name for name in names if not name.startswith(("qt_", "ScrollLeft", "ScrollRight"))]  # Qt names those
    assert len(own) == len(set(own)), sorted(name for name in own if own.count(name) > 1)
    window.stop()


def test_a_window_that_is_never_shown_draws_all_the_same(qtbot, tiny_checkpoint):
    window = build_window(str(tiny_checkpoint))
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.canvas.frameShown, timeout=30_000) as shown:
        pass
    assert shown.args[0].recipe == window.document.recipe
    window.stop()


def test_every_control_has_a_tooltip_an_accessible_name_and_an_object_name(begin, tiny_conditional):
    story = begin(tiny_conditional)
    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QListView, QTabBar)
    inner = (QScrollBar,)
    for widget in story.window.findChildren(QWidget):
        if not isinstance(widget, kinds) or isinstance(widget, inner) or not widget.isVisible():
            continue
        if isinstance(widget.parent(), QAbstractSpinBox | QComboBox | QLineEdit):
            continue
        said = f"{type(widget).__name__} {widget.objectName()!r}"
        assert widget.objectName(), said
        assert widget.accessibleName(), said
        assert widget.toolTip() or isinstance(widget, QListView), said


def test_without_a_model_the_cards_are_grey_and_the_canvas_says_what_to_do(begin, monkeypatch, tmp_path):
    monkeypatch.setattr("ganviz.places.resources", lambda: tmp_path)
    story = begin(wait=False)
    story.wait(lambda: story.window.parts.models.is_listed)
    for name in ("psi", "seed", "randomise", "save", "export-image", "undo"):
        assert not story.find(name).isEnabled(), name
    assert story.find("open").isEnabled()
    story.wait(lambda: "Open a model" in story.canvas.empty_text)
    assert story.find("status").text().startswith("no model")


def test_the_first_run_says_what_to_try_until_the_first_edit_and_never_again(story, begin, tiny_checkpoint):
    assert "Drag on the picture" in story.canvas.hint.text()
    story.find("seed").setValue(3)
    assert story.canvas.hint.text() == ""
    story.window.stop()
    again = begin(tiny_checkpoint)
    assert again.canvas.hint.text() == ""


def test_opened_models_are_in_the_browser_with_their_licence(story):
    rows = story.find("model-browser")
    story.wait(lambda: any(row.name == "tiny" for row in rows.rows()))
    assert rows.info.text() == "Licence: CC0"
    story.wait(lambda: rows.pictures())


def test_bundled_models_are_listed_and_a_face_is_shown_first(begin):
    story = begin()
    rows = story.find("model-browser").rows()
    assert rows and rows[0].section == "Bundled"
    assert story.recipe.model.name == "faces-dcgan" in [row.name for row in rows if row.section == "Bundled"]


def test_workspaces_are_imported_once_there_is_a_picture(begin, tiny_checkpoint, monkeypatch):
    imported = []
    monkeypatch.setattr("app.ahead.import_module", imported.append)
    story = begin(tiny_checkpoint)
    wanted = {workspace.widget.partition(":")[0] for workspace in WORKSPACES[1:]}
    story.qtbot.waitUntil(lambda: wanted <= set(imported), timeout=20_000)


def test_f1_lists_every_shortcut(story):
    story.window.findChild(QAction, "action-keys").trigger()
    dialog = story.window.findChild(KeysDialog)
    assert dialog.isVisible()
    said = " ".join(label.text() for label in dialog.findChildren(QWidget) if hasattr(label, "text"))
    for command in COMMANDS:
        assert command.text.rstrip("…") in said
    dialog.close()


def test_shortcuts_are_those_of_the_contract():
    wanted = {"undo": "Ctrl+Z", "redo": "Ctrl+Shift+Z", "open": "Ctrl+O", "save": "Ctrl+S", "export-image": "Ctrl+E"}
    assert {id: BY_ID[id].shortcut for id in wanted} == wanted
    shortcuts = [command.shortcut for command in COMMANDS if command.shortcut]
    assert len(shortcuts) == len(set(shortcuts))
    assert not any("Esc" in shortcut for shortcut in shortcuts)


def test_the_theme_is_changed_and_remembered(story, begin, tiny_checkpoint):
    from app import theme

    story.window.set_setting("theme", "light")
    assert theme.tokens().name == "light"
    assert story.window.settings.get("theme") == "light"
    story.window.set_setting("theme", "dark")


def test_folded_cards_stay_folded(story, begin, tiny_checkpoint):
    story.click("truncation-fold")
    story.window.close()
    again = begin(tiny_checkpoint)
    assert again.find("truncation-card").folded
    assert not again.find("latent-card").folded


def run(words: list[str], home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "GANVIZ_HOME": str(home), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=500,
    )


@pytest.mark.parametrize(("theme", "panel"), [("dark", "explore"), ("light", "train")])
def test_screenshot_waits_for_the_picture_and_exits(tmp_path, home, tiny_checkpoint, theme, panel):
    path = tmp_path / "window.png"
    words = ["--screenshot", str(path), str(tiny_checkpoint), "--theme", theme, "--panel", panel]
    done = run(["-m", "app", *words], home)
    assert done.returncode == 0, done.stderr
    with Image.open(path) as image:
        assert image.size == (1440, 1048)
        assert image.convert("RGB").getpixel((1100, 10)) == ((31, 33, 37) if theme == "dark" else (247, 248, 250))


def take_at_once(qapp, qtbot, model, path, **times) -> int:
    window = build_window(str(model))
    qtbot.addWidget(window)
    return screenshot.take(qapp, window, path, **{"timeout_s": 100, "patience_s": 0, **times})


def test_a_screenshot_is_saved_without_small_pictures_that_do_not_come(
    qapp, qtbot, tmp_path, tiny_checkpoint, monkeypatch, capsys
):
    monkeypatch.setattr(screenshot, "ready", lambda window: False)  # as on a machine that has too much to do
    path = tmp_path / "window.png"
    assert take_at_once(qapp, qtbot, tiny_checkpoint, path) == 0
    with Image.open(path) as image:
        assert image.size == screenshot.SIZE
    assert "before every small picture had come" in capsys.readouterr().err


def test_a_screenshot_is_not_saved_without_the_picture(qapp, qtbot, tmp_path, tiny_checkpoint, monkeypatch, capsys):
    monkeypatch.setattr(screenshot, "ready", lambda window: False)
    monkeypatch.setattr(screenshot, "has_picture", lambda window: False)
    path = tmp_path / "window.png"
    assert take_at_once(qapp, qtbot, tiny_checkpoint, path, timeout_s=0.1) == 1
    assert not path.exists() and "no picture came within 0 s" in capsys.readouterr().err


def test_a_screenshot_of_a_bad_model_is_one_line_and_exit_1(tmp_path, home):
    done = run(["-m", "app", "--screenshot", str(tmp_path / "w.png"), "no-such-model"], home)
    assert done.returncode == 1 and not (tmp_path / "w.png").exists()
    assert "no-such-model" in done.stderr and "Traceback" not in done.stderr


def test_without_a_screen_the_program_says_so(home):
    environment = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = run(["-m", "app"], home, **environment)
    assert done.returncode == 1 and "--screenshot" in done.stderr


FIRST_PAINT = """
import sys
from PySide6.QtWidgets import QApplication
from PySide6.QtCore import QEvent, QObject
app = QApplication([])
from app import screenshot
from app.__main__ import build_window
window = build_window(sys.argv[1])
painted = []
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not painted:
            painted.append("torch" in sys.modules)
        return False
watch = Watch()
window.canvas.installEventFilter(watch)
assert "torch" not in sys.modules
def shown(frame):
    print("painted before torch" if painted == [False] else "torch first", "torch" in sys.modules)
    window.close()
    app.quit()
window.canvas.frameShown.connect(shown)
window.show()
app.exec()
"""


def test_the_window_paints_before_torch_is_imported(home, tiny_checkpoint):
    done = run(["-c", FIRST_PAINT, str(tiny_checkpoint)], home, QT_QPA_PLATFORM="offscreen")
    assert done.stdout.strip() == "painted before torch True", done.stderr


def test_a_recent_model_that_is_damaged_is_listed_without_a_picture_and_the_screenshot_taken(
    tmp_path, home, make_checkpoint, tiny_checkpoint
):
    path = make_checkpoint("damaged", z_dim=9)
    data = bytearray(path.read_bytes())
    data[-4:] = b"\x00\x00\xc0\x7f"  # other weights than the digest says
    path.write_bytes(data)
    catalog.remember(path)
    done = run(["-m", "app", "--screenshot", str(tmp_path / "w.png"), str(tiny_checkpoint)], home)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "w.png").exists()


def test_without_torch_the_window_says_so_instead_of_starting_for_ever(begin, monkeypatch, tiny_checkpoint, caplog):
    monkeypatch.setitem(sys.modules, "torch", None)
    story = begin(tiny_checkpoint, wait=False)
    story.wait(lambda: story.find("device").text() == "no compute" and story.message)
    assert "torch does not start here" in story.message
    story.wait(lambda: story.find("work").text() == "")
    story.wait(lambda: story.window.compute.is_idle)
