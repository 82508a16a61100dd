"""Saving the session: where to, and whether to ask before the window closes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.opening import SESSION_SUFFIX
from ganviz.errors import GanvizError

if TYPE_CHECKING:
    from app.window import MainWindow


class Saver(QObject):
    """Saves the window's document."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document

    def save(self) -> bool:
        """Save the session to its file, asking for one the first time; whether it was saved just now."""
        if self._document.path is None:
            self.save_as()
            return False
        return self.save_to(str(self._document.path))

    def save_as(self) -> None:
        """Ask for a file and save the session there."""
        chooser = self._window.chooser("Save session", f"Sessions (*{SESSION_SUFFIX})")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setFileMode(QFileDialog.FileMode.AnyFile)
        chooser.setDefaultSuffix(SESSION_SUFFIX)
        chooser.selectFile(self._document.path.name if self._document.path else f"untitled{SESSION_SUFFIX}")
        chooser.fileSelected.connect(self.save_to)
        chooser.open()

    def save_to(self, path: str) -> bool:
        """Save the session to a file; a failure is said on the canvas and changes nothing."""
        try:
            self._document.save(Path(path))
        except GanvizError as error:
            self._window.canvas.show_message(str(error), "error", "Save elsewhere…", self.save_as)
            return False
        self._window.canvas.show_message(f"Saved {Path(path).name}", "good")
        return True

    @property
    def worth_asking(self) -> bool:
        """Whether closing loses work: looking around is none, a gallery is, and a session that was changed."""
        document = self._document
        return document.dirty and (document.path is not None or bool(document.session.gallery))

    def ask(self) -> None:
        """Ask whether to save before the window closes, and close it unless the answer is Cancel."""
        box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText("Save the session before closing?")
        box.setInformativeText("Kept pictures and the latest changes are not in a file yet.")
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)

        def answered(button: Any) -> None:
            which = box.standardButton(button)
            if which == buttons.Discard or (which == buttons.Save and self._document.path and self.save()):
                self._window.ask_on_close = False
                self._window.close()
            elif which == buttons.Save and self._document.path is None:
                self.save_as()

        box.buttonClicked.connect(answered)
        box.open()
