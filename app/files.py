"""Opening files from the window: asking which, and saying what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from app.opening import PATTERNS
from app.widgets.canvas import EMPTY
from ganviz.recipe import Recipe
from ganviz.session import Kept

if TYPE_CHECKING:
    from app.window import MainWindow


class Files(QObject):
    """What stands between the window and its `Opener`."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window

    def connect_opener(self) -> None:
        """Say what the opener finds; called once the window's parts are there."""
        window, opener = self._window, self._window.opener
        opener.failed.connect(self.fail)
        opener.noticed.connect(lambda text: window.say(text, "warning"))
        opener.opened.connect(self._opened)
        opener.model_wanted.connect(self._model_wanted)
        opener.sheet_opened.connect(self._sheet_opened)
        opener.walk_opened.connect(self._walk_opened)
        opener.photo_wanted.connect(self._photo_given)
        opener.guard = self._before_session

    def open(self, given: str) -> None:
        """Open a MODEL, run folder, session, exported picture or film."""
        self.say_opening(given)
        self._window.opener.open(given)

    def open_something(self) -> None:
        """Where nothing is open and nothing on its way, the first model that there is."""
        window = self._window
        busy = not window.opener.is_idle or not window.importer.is_idle or window.importer.asks
        if not window.document.is_open and not busy:
            first = window.parts.models.first()
            if first is not None:
                window.open(first)
            else:
                self.say_opening("")

    def say_opening(self, given: str) -> None:
        """Say what is being opened, or with "" that nothing is any more."""
        text = f"Opening {Path(given).name} …" if given else ""
        self._window.parts.status.say(text)
        self._window.canvas.set_empty_text(text or EMPTY)

    def fail(self, message: str) -> None:
        """Say why something was not opened."""
        self.say_opening("")
        self._window.say(message, "error", "Open another…", self.choose_file)
        self._window.show_state()

    # -- what the opener says -------------------------------------------------------------------------------------

    def _opened(self, given: str) -> None:
        window = self._window
        self.say_opening("")
        if window.canvas.message.kind == "error":
            window.canvas.message.dismiss()
        window.parts.models.refresh(window.background)
        window.show_state()

    def _model_wanted(self, ref: Any, message: str) -> None:
        def locate() -> None:
            chooser = self.chooser(f"Where is {ref.name}?", "Models (*.safetensors);;All files (*)")
            chooser.fileSelected.connect(self._window.opener.locate)
            chooser.open()

        self.say_opening("")
        self._window.say(message, "error", "Locate…", locate)

    def _sheet_opened(self, recipes: list[Recipe]) -> None:
        document = self._window.document

        def keep_all() -> None:
            known = {kept.recipe for kept in document.session.gallery}
            new = tuple(Kept(recipe) for recipe in dict.fromkeys(recipes) if recipe not in known)
            document.edit(gallery=(*document.session.gallery, *new))

        text = f"This sheet holds {len(recipes)} pictures; the first is shown."
        self._window.say(text, "info", "Keep all in the gallery", keep_all)

    def _walk_opened(self, count: int) -> None:
        text = f"The film's {count} pictures have taken the place of those in the gallery; undo brings them back."
        self._window.say(text, "info")

    def _photo_given(self, path: str) -> None:
        self.say_opening("")
        self._window.show_workspace("explore")
        self._window.parts.cards["project"].use_photo(path, dropped=True)

    def _before_session(self, given: str, go_on: Callable[[], None]) -> None:
        """Ask before a session takes the place of work that is in no file."""
        saver = self._window.saver
        if saver.worth_asking:
            self.say_opening("")
            # Once saved the file is read anew: it may be the very one that was saved to.
            question = f"Save the session before opening {Path(given).name}?"
            saver.ask(question, discarded=go_on, saved=lambda: self._window.open(given))
        else:
            go_on()

    # -- asking for one -------------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Ask for a file to open."""
        chooser = self.chooser("Open", PATTERNS)
        chooser.fileSelected.connect(self._window.open)
        chooser.open()

    def choose_folder(self) -> None:
        """Ask for a run folder to open."""
        chooser = self.chooser("Open run folder", "")
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.fileSelected.connect(self._window.open)
        chooser.open()

    def chooser(self, title: str, patterns: str) -> QFileDialog:
        """A file dialog that does not block; `open` it."""
        path = self._window.document.path
        chooser = QFileDialog(self._window, title, str(path.parent if path else Path.home()), patterns)
        chooser.setObjectName("chooser")
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        return chooser
