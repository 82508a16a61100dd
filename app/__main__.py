"""The entry point: no command opens the window, `train` goes to the trainers, all else to the command line.

Neither Qt nor torch is imported at module level: the command line runs on servers that have no Qt libraries.
"""

import argparse
import ctypes
import difflib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.window import MainWindow

SCREENSHOT_TIMEOUT_S = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ganviz and return the exit code."""
    # torch's threads spin while they wait for one another. On a busy machine that takes the processor from the very
    # thread that they wait for, and a picture takes ten times as long. Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # Activations of large pictures in pages of 2 MB: fetching them 4 kB at a time is a sixth of what a picture takes.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    first = next((word for word in words if not word.startswith("-")), "")
    if first == "train" and words[0] in ("train", "--debug"):
        from trainers.__main__ import main as train

        words.remove("train")
        return train(words)
    from ganviz.memory import keep_freed

    keep_freed()  # before anything begins a thread
    from ganviz.cli import cli
    from ganviz.cli import main as command_line

    if (words and words[0] in ("-h", "--help", "--version")) or (
        first in cli.commands and words[0] in (first, "--debug")
    ):
        return command_line(words)
    return open_window(words)


def build_window(model: str | None = None) -> "MainWindow":
    """The main window, given a QApplication; it opens `model`, or the first model that there is, once shown."""
    from PySide6.QtWidgets import QApplication

    from app import preload, theme
    from app.settings import Settings
    from app.window import MainWindow

    preload.import_plainly()
    preload.begin()  # now that the modules of the window itself are loaded, since the loader takes one at a time
    app = QApplication.instance()
    assert isinstance(app, QApplication), "build_window needs a QApplication"
    if not theme.current().applied:
        theme.apply(app, Settings().get("theme"))
    return MainWindow(model if model is None else str(model))


def open_window(words: list[str]) -> int:
    """Parse what the window takes, and open it."""
    options = _parse(words)
    logging.basicConfig(level=logging.INFO if options.debug else logging.WARNING, format="%(levelname)s: %(message)s")
    if options.model and not Path(options.model).exists():
        from ganviz import catalog
        from ganviz.errors import GanvizError

        try:
            catalog.find(options.model)
        except GanvizError as error:
            return _say(f"{error}")
    if options.screenshot:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not _has_screen():
        return _say("there is no screen here; `ganviz --screenshot FILE` draws the window into a file instead")
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        return _say(f"the window needs Qt's system libraries: {error}{_what_to_install()}")
    if why := what_keeps_qt_from_x11():
        return _say(f"the window needs Qt's system libraries: {why}{_what_to_install()}")
    from app import theme
    from app.leaving import leave_within
    from app.settings import Settings

    app = QApplication.instance() or QApplication(["ganviz"])
    assert isinstance(app, QApplication)
    app.setApplicationName("ganviz")
    app.setApplicationDisplayName("ganviz")
    app.setDesktopFileName("ganviz")
    theme.apply(app, options.theme or Settings().get("theme"))
    window = build_window(options.model)
    if options.screenshot:
        from app.screenshot import take

        return take(app, window, Path(options.screenshot), SCREENSHOT_TIMEOUT_S, options.panel)
    window.leaving.connect(lambda: leave_within())
    sys.excepthook = _show_exceptions_in(window)
    # Python sees signals only between its own instructions; the status bar's clock gives it some.
    signal.signal(signal.SIGINT, lambda *_: window.close())
    window.show_workspace(options.panel)
    window.show()
    return app.exec()


def _parse(words: list[str]) -> argparse.Namespace:
    from app.panels import WORKSPACES  # a table; no Qt

    parser = argparse.ArgumentParser(prog="ganviz", description="Open the explorer.", add_help=False)
    parser.add_argument("model", nargs="?", metavar="MODEL | RUN | FILE.ganviz | IMAGE.png | FILM")
    parser.add_argument("--screenshot", metavar="FILE", help="draw the window offscreen into FILE and exit")
    parser.add_argument("--theme", choices=("dark", "light"), help="instead of the one that is set")
    parser.add_argument(
        "--panel", choices=[item.name for item in WORKSPACES], default=WORKSPACES[0].name, help="the workspace to show"
    )
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    options, more = parser.parse_known_args(words)
    if more:
        parser.error(_misspelt(options.model or "") or f"expected one thing to open, got also: {' '.join(more)}")
    return options


def _misspelt(word: str) -> str:
    """What to say where a word that others follow is hardly a file, but much like a command; else ""."""
    from ganviz.cli import cli

    near = difflib.get_close_matches(word, [*cli.commands, "train"], n=1) if not Path(word).exists() else []
    return f"{word}: no such command; did you mean {near[0]}?" if near else ""


def _has_screen() -> bool:
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def what_keeps_qt_from_x11() -> str:
    """Why Qt will not be able to draw on an X11 screen, "" where it will, or is not going to.

    It would abort the program.
    """
    platform = os.environ.get("QT_QPA_PLATFORM") or ("" if os.environ.get("WAYLAND_DISPLAY") else "xcb")
    if not sys.platform.startswith("linux") or platform.partition(":")[0] != "xcb":
        return ""
    from PySide6.QtCore import QLibraryInfo

    plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms" / "libqxcb.so"
    try:
        if plugin.is_file():  # else Qt looks elsewhere
            ctypes.CDLL(str(plugin))
    except OSError as error:
        return f"{error}"
    return ""


def _what_to_install() -> str:
    from app.start import what_to_install

    return what_to_install() if sys.platform.startswith("linux") else ""


def _say(message: str) -> int:
    print(f"ganviz: {message}", file=sys.stderr)  # noqa: T201
    return 1


def _show_exceptions_in(window: "MainWindow") -> Any:
    """An exception hook that logs what nobody caught and says so in the window, which goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        logging.getLogger("ganviz").error("unexpected error", exc_info=(kind, error, trace))
        if not issubclass(kind, KeyboardInterrupt):
            window.say(f"something went wrong that should not have ({kind.__name__}: {error})")

    return hook


if __name__ == "__main__":
    sys.exit(main())
