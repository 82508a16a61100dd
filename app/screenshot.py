"""A picture of the window: opened, waited for, saved."""

import sys
import time
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from app.window import MainWindow
from ganviz.errors import GanvizError
from ganviz.files import atomic_path

SIZE = (1440, 1048)
PATIENCE_S = 60.0
"""Once the picture is there, thumbnails and sheets are waited for until so long after the start. At 1024 px there are
some twenty to draw, which on a machine that has other work takes as many times as long as everything else."""


def take(
    app: QApplication,
    window: MainWindow,
    path: Path,
    timeout_s: float,
    workspace: str = "explore",
    patience_s: float = PATIENCE_S,
) -> int:
    """Show the window, wait for its picture and thumbnails, save it to `path`; the exit code.

    timeout_s   seconds within which the picture has to come, or nothing is saved
    patience_s  seconds after which the window is saved without thumbnails that have not come, and a line says so
    """
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(*SIZE)
    failures: list[str] = []
    window.opener.failed.connect(failures.append)
    window.opener.model_wanted.connect(lambda ref, message: failures.append(message))
    window.compute.frame_failed.connect(lambda recipe, message: failures.append(message))
    began = time.monotonic()
    QCursor.setPos(-10, -10)  # nothing should look as if the mouse were on it
    window.recovery.enabled = False  # nobody could answer
    window.show_workspace(workspace)
    window.show()

    calm = 0

    def look() -> None:
        nonlocal calm
        gone = time.monotonic() - began
        whole = ready(window)
        calm = calm + 1 if whole or (gone > patience_s and has_picture(window)) else 0
        # Once more after a turn: what was only just built has not got its places yet.
        if not (calm > 1 or failures or gone > timeout_s):
            return
        timer.stop()
        if not failures and not calm:
            failures.append(f"no picture came within {timeout_s:.0f} s")
        if not failures and not whole:
            _say(f"{path}: saved after {gone:.0f} s, before every small picture had come")
        if not failures:
            try:
                save(window, path)
            except GanvizError as error:
                failures.append(str(error))
        window.ask_on_close = False
        window.close()
        app.quit()

    timer = QTimer(interval=50)
    timer.timeout.connect(look)
    timer.start()
    app.exec()
    # Its closing asked for the same once more. Where the program goes on, as a test does, every later loop would end.
    app.removePostedEvents(app, QEvent.Type.Quit.value)
    if failures:
        _say(failures[0])
        return 1
    return 0


def has_picture(window: MainWindow) -> bool:
    """Whether the exact picture is on the canvas; thumbnails and sheets may be to come."""
    return window.document.is_open and not window.behind


def ready(window: MainWindow) -> bool:
    """Whether nothing on screen is still to come."""
    if not (window.background.is_idle and window.opener.is_idle and window.importer.is_idle):
        return False
    if window.importer.asks:
        return window.compute.is_idle
    if not window.document.is_open:
        return window.parts.models.is_listed and window.parts.models.first() is None
    at_rest = not window.behind and window.compute.is_idle and window.parts.snapshots.complete()
    page = window.parts.centre.page
    if page is not None and page.inner is not None and hasattr(page.inner, "complete"):
        at_rest = at_rest and page.inner.complete()
    at_rest = at_rest and (not window.parts.variations.isVisible() or window.parts.variations.complete())
    plane = window.parts.latent.plane
    return at_rest and (not plane.isVisible() or plane.complete()) and window.parts.models.complete()


def save(window: MainWindow, path: Path) -> None:
    """Write a picture of the window. Raises GanvizError where that cannot be."""
    with atomic_path(path) as temporary:
        if not window.grab().save(str(temporary), "PNG"):
            raise GanvizError(f"{path}: cannot write the picture; choose another place")


def _say(line: str) -> None:
    print(f"ganviz: {line}", file=sys.stderr)  # noqa: T201
