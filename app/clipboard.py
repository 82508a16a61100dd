"""Copy and paste: the picture's recipe as JSON, as a command line, as Python; whatever was copied opened again."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication

from app.widgets.image import to_qimage
from ganviz.errors import GanvizError
from ganviz.sharing import PICTURE, Command, as_command, as_json
from ganviz.snippets import as_python

if TYPE_CHECKING:
    from app.window import MainWindow


class Clipboard(QObject):
    """The window's side of the system's clipboard."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document

    def copy_recipe(self) -> None:
        """The recipe as text, with the picture for programs that take pictures."""
        try:
            text = as_json(self._document.recipe, self._document.card.licence)
        except GanvizError as error:
            self._window.say(str(error))
            return
        mime = QMimeData()
        mime.setText(text)
        if not self._window.behind:
            mime.setImageData(to_qimage(self._window.canvas.frame.pixels))
        QGuiApplication.clipboard().setMimeData(mime)
        self._window.say("Copied the picture and its recipe; paste it here, in another window, or into a text", "info")

    def copy_command(self) -> None:
        """The command that draws the same pixels; models are looked up by name for it, off the UI thread."""
        document, window = self._document, self._window
        recipe, header = document.recipe, document.header
        saved = document.path is not None and not document.dirty
        file = str(document.path) if saved else PICTURE
        window.background.run(
            lambda: as_command(recipe, header, file),
            lambda command: self._command_made(command, saved),
            lambda error: window.say(str(error)),
        )

    def _command_made(self, command: Command, saved: bool) -> None:
        window = self._window
        QGuiApplication.clipboard().setText(command.text)
        said = f"Copied: {command.text}"
        if not command.reason:
            window.say(said, "info")
        elif saved:
            window.say(f"{said}. The options of `ganviz sample` cannot say {command.reason}; the session can.", "info")
        else:
            said = f"{said}. The options of `ganviz sample` cannot say {command.reason}"
            window.say(
                f"{said}; export the picture as {PICTURE}, which can.",
                "warning",
                "Export…",
                window.exporter.export_image,
            )

    def copy_python(self) -> None:
        """A program that draws the same pixels."""
        try:
            QGuiApplication.clipboard().setText(as_python(self._document.recipe))
        except GanvizError as error:
            self._window.say(str(error))
        else:
            self._window.say("Copied a Python program that draws these pixels", "info")

    def paste(self) -> None:
        """Open what was copied: a recipe, a command line, or files."""
        # Qt says that there is always something; where nothing was ever copied there is not.
        mime = QGuiApplication.clipboard().mimeData() or QMimeData()
        files = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()] if mime.hasUrls() else []
        if files:
            self._window.open(files[0])
        elif mime.hasText():
            self._window.stop_playing()
            self._window.opener.open_text(mime.text())
        else:
            self._window.say("There is no recipe to paste: copy one here first, or a `ganviz sample` command", "info")
