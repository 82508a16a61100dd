"""Workspaces made before anybody visits them, a little at a time, while the hands are still.

A page of a hundred controls takes longer to make than the window may be held up. Made here in turns of the event loop,
it only has to be shown when it is visited; one that is visited earlier is made then, as ever.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.background import Background
from app.workspaces import Page

PAUSE_MS = 20
"""Between two steps whatever else the window has to do comes first."""
STILL_S = 0.4
"""Nothing is made until the document has been left alone for so long."""


class Ahead(QObject):
    """Makes the pages that the present model has a use for, one step a turn."""

    def __init__(self, pages: Sequence[Page], at_rest: Callable[[], bool], parent: QObject) -> None:
        """`at_rest` says whether the window has nothing better to do."""
        super().__init__(parent)
        self._pages = list(pages)
        self._at_rest = at_rest
        self._steps: Iterator[None] = iter(())
        self._waiting: list[Page] = []
        self._touched = 0.0
        self._turn = QTimer(self, interval=PAUSE_MS)
        self._turn.timeout.connect(self._go_on)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to make."""
        return not self._turn.isActive()

    def import_first(self, background: Background) -> None:
        """Import what the pages are made of, which takes a moment and is not to hold up the first look; then begin."""
        modules = [page.workspace.widget.partition(":")[0] for page in self._pages]
        for module in ("trainers.watch", "trainers.configs", *modules):
            background.run(partial(import_module, module), lambda _: None)
        background.run(lambda: None, lambda _: self.begin())

    def begin(self) -> None:
        """Make what can be made now: called when there is another model."""
        self._waiting = [page for page in self._pages if not page.is_made]
        self.touch()
        self._turn.start()

    def touch(self) -> None:
        """Something was done by hand: wait a while."""
        self._touched = time.monotonic()

    def stop(self) -> None:
        """Make no more."""
        self._turn.stop()

    def _go_on(self) -> None:
        held = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        if held or time.monotonic() < self._touched + STILL_S or not self._at_rest():
            return
        while True:
            try:
                next(self._steps)
            except StopIteration:
                if not self._waiting:
                    self._turn.stop()
                    return
                self._steps = self._waiting.pop(0).make_ahead()
            else:
                return
