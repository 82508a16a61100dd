"""Everything that can be asked of the window, as a table: buttons, menu, shortcuts and the list of keys read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.window import MainWindow

Run = Callable[["MainWindow"], object]
When = Callable[["MainWindow"], bool]


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `shortcut` holds in the whole window; `when` says whether it can be run now."""

    id: str
    text: str
    icon: str
    shortcut: str
    run: Run
    when: When = lambda window: True
    menu: bool = False  # whether the menu at the top right lists it


def _open(window: "MainWindow") -> bool:
    return window.document.is_open


def _undoable(window: "MainWindow") -> bool:
    return window.document.is_open and window.document.history.can_undo


def _redoable(window: "MainWindow") -> bool:
    return window.document.is_open and window.document.history.can_redo


def _walkable(window: "MainWindow") -> bool:
    return window.parts.walk.can_play and not window.compute.job_running


COMMANDS = (
    Command("open", "Open…", "folder-open-outline", "Ctrl+O", lambda w: w.files.choose_file(), menu=True),
    Command(
        "open-folder",
        "Open run folder…",
        "folder-outline",
        "Ctrl+Shift+O",
        lambda w: w.files.choose_folder(),
        menu=True,
    ),
    Command("save", "Save session", "content-save-outline", "Ctrl+S", lambda w: w.saver.save(), _open, menu=True),
    Command(
        "save-as",
        "Save session as…",
        "content-save-edit-outline",
        "Ctrl+Shift+S",
        lambda w: w.saver.save_as(),
        _open,
        menu=True,
    ),
    Command("undo", "Undo", "undo", "Ctrl+Z", lambda w: w.undo(), _undoable),
    Command("redo", "Redo", "redo", "Ctrl+Shift+Z", lambda w: w.redo(), _redoable),
    Command("randomise", "Randomise", "dice-multiple-outline", "Ctrl+R", lambda w: w.randomise(), _open),
    Command("keep", "Keep in the gallery", "bookmark-plus-outline", "Ctrl+K", lambda w: w.keep(), _open),
    Command("export-image", "Export", "export-variant", "Ctrl+E", lambda w: w.exporter.export_image(), _open),
    Command(
        "export-video",
        "Export video",
        "movie-open-outline",
        "Ctrl+Shift+E",
        lambda w: w.exporter.export_video(),
        _walkable,
    ),
    Command(
        "copy",
        "Copy picture and recipe",
        "content-copy",
        "Ctrl+C",
        lambda w: w.clipboard.copy_recipe(),
        _open,
        menu=True,
    ),
    Command(
        "copy-command",
        "Copy as command line",
        "console",
        "Ctrl+Shift+C",
        lambda w: w.clipboard.copy_command(),
        _open,
        menu=True,
    ),
    Command(
        "copy-python",
        "Copy as Python",
        "language-python",
        "Ctrl+Alt+C",
        lambda w: w.clipboard.copy_python(),
        _open,
        menu=True,
    ),
    Command("paste", "Paste recipe", "content-paste", "Ctrl+V", lambda w: w.clipboard.paste(), menu=True),
    Command("zoom-fit", "Fit the picture to the canvas", "fit-to-screen-outline", "Ctrl+0", lambda w: w.canvas.fit()),
    Command(
        "zoom-actual",
        "One picture pixel per screen pixel",
        "numeric-1-box-outline",
        "Ctrl+1",
        lambda w: w.canvas.zoom_to(1),
    ),
    Command("workspace-next", "Next workspace", "tab", "Ctrl+PgDown", lambda w: w.next_workspace(1)),
    Command("workspace-previous", "Workspace before", "tab", "Ctrl+PgUp", lambda w: w.next_workspace(-1)),
    Command("area-next", "Next part of the window", "view-dashboard-outline", "F6", lambda w: w.next_area(1)),
    Command("area-previous", "Part before", "view-dashboard-outline", "Shift+F6", lambda w: w.next_area(-1)),
    Command("keys", "Keys", "keyboard-outline", "F1", lambda w: w.show_keys(), menu=True),
    Command("quit", "Quit", "exit-to-app", "Ctrl+Q", lambda w: w.close(), menu=True),
)

WHILE_ASKED = ("open", "open-folder", "keys", "quit")
"""What can be done while the window asks about a file from elsewhere: the rest is about a picture that is hidden."""

BY_ID = {command.id: command for command in COMMANDS}

HANDS = (
    ("Drag on the picture", "Wander on the seed plane; Shift is fine"),
    ("Arrow keys on the picture", "Wander in small steps; Shift is fine"),
    ("Wheel on the picture, + and -", "Zoom"),
    ("Middle button or Space and drag", "Pan"),
    ("Double click on the picture", "Fit"),
    ("Space on the picture", "Play: the walk if two pictures are kept, else wander"),
    ("R on the picture", "Randomise"),
    ("K on the picture", "Keep in the gallery"),
    ("Home on the picture", "Directions and latent dimensions back to zero"),
    ("Double click on a slider", "Back to its default"),
    ("Arrow keys, wheel on a slider", "Step; Shift is fine"),
    ("Alt and arrows, Delete in the gallery", "Move, remove"),
    ("A, B, Delete on channels of a layer", "Take the units out, boost them, as learnt"),
    ("Arrow keys, Space, + and - on a comparison", "Move the divider or step, hold, zoom"),
    ("Click or Enter on a sheet's picture", "Go there; Ctrl and click, or Space, choose several"),
    ("F2, Delete in the list of directions", "Rename, remove"),
    ("L, D on samples of directions", "Like, dislike the selected"),
    ("Arrows, Enter, Space on the map", "From picture to picture, show one, select it"),
    ("Shift and drag on the map", "Select; Ctrl adds, Esc clears"),
)
"""What F1 lists besides the shortcuts of the commands."""
