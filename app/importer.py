"""What the window does with a file of another program: read it, ask about it, open what was kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.importing import Found, Importing

if TYPE_CHECKING:
    from app.window import MainWindow


class Importer(QObject):
    """Brings the page that asks to the front, and the workspace back once there is an answer."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._given = ""  # the file that is being read, as the user gave it
        self.importing = Importing(window.compute, self)

    @property
    def asks(self) -> bool:
        """Whether a file waits for a decision."""
        return self.importing.waits

    @property
    def is_idle(self) -> bool:
        """Whether no file is being read and no picture of one is still to come."""
        return not self.importing.is_reading

    def connect_page(self) -> None:
        """Once the window has its widgets."""
        importing, page = self.importing, self._window.parts.importing
        self._window.opener.foreign_given.connect(self.read)
        importing.found.connect(self._ask)
        importing.pictured.connect(lambda picture: page.show_picture(picture.k, picture.pixels))
        importing.ready.connect(self._open)
        importing.ended.connect(self._ended)
        importing.failed.connect(self._failed)
        page.kept.connect(importing.keep)
        page.discarded.connect(importing.discard)
        page.asked.connect(importing.read_again)

    def read(self, given: str, again: bool = False) -> None:
        """Read a foreign file; what it is comes before the question whether it is to be kept."""
        self._given = given
        if not self.importing.start(given, again=again):
            self._ended()

    def leave(self) -> None:
        """Something else is to be opened: a file that waits is let go."""
        self.importing.close()
        self._show(False)

    def stop(self) -> None:
        """The window closes."""
        self.importing.close()

    def _ask(self, found: Found) -> None:
        window = self._window
        window.files.say_opening("")
        window.parts.importing.show_found(found)
        self._show(True)

    def _open(self, path: str) -> None:
        """It was kept just now, or when it was read before: then it may be read differently."""
        window, given = self._window, self._given
        before = not window.parts.middle.currentIndex()
        self._show(False)
        window.files.say_opening(given)
        window.opener.open(path)
        if before:
            text = f"{Path(given).name} was read before and kept."
            window.say(text, "info", "Read it again", lambda: self.read(given, again=True))

    def _ended(self) -> None:
        """Nothing came of it. Where nothing is open there is still something to begin with."""
        self._show(False)
        self._window.files.say_opening("")
        self._window.files.open_something()

    def _failed(self, message: str) -> None:
        self._show(False)
        self._window.files.fail(message)
        self._window.files.open_something()

    def _show(self, shown: bool) -> None:
        self._window.parts.show_import(shown)
        self._window.show_actions()
