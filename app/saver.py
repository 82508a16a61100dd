"""Saving the session: where to, and whether to ask before it goes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.opening import SESSION_SUFFIX
from ganviz.errors import GanvizError
from ganviz.session import Session

if TYPE_CHECKING:
    from app.window import MainWindow


class Saver(QObject):
    """Saves the window's document."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document
        self._box: QMessageBox | None = None  # the question on screen

    def save(self) -> bool:
        """Save the session to its file, asking for one the first time; whether it was saved just now."""
        if self._document.path is None:
            self.save_as()
            return False
        return self.save_to(str(self._document.path))

    def save_as(self, then: Callable[[], object] | None = None) -> None:
        """Ask for a file, save the session there, and go on with `then`."""
        chooser = self._window.files.chooser("Save session", f"Sessions (*{SESSION_SUFFIX})")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setFileMode(QFileDialog.FileMode.AnyFile)
        chooser.setDefaultSuffix(SESSION_SUFFIX)
        chooser.selectFile(self._document.path.name if self._document.path else f"untitled{SESSION_SUFFIX}")
        chooser.fileSelected.connect(lambda path: self.save_chosen(path, then))
        chooser.open()

    def save_chosen(self, path: str, then: Callable[[], object] | None = None) -> None:
        """Save to a file that the user named; where its name is completed, a file of that name is asked about."""

        def save() -> None:
            if self.save_to(str(target)) and then is not None:
                then()

        target = session_path(path)
        if target != Path(path) and target.exists():
            self._window.say(f"{target.name} exists already", "warning", "Replace it", save)
        else:
            save()

    def save_to(self, path: str) -> bool:
        """Save the session to a file, a session's suffix added where it is missing.

        A failure is said on the canvas and changes nothing.
        """
        target = session_path(path)
        try:
            self._document.save(target)
        except GanvizError as error:
            self._window.say(str(error), "error", "Save elsewhere…", self.save_as)
            return False
        self._window.say(f"Saved {target.name}", "good")
        return True

    @property
    def worth_asking(self) -> bool:
        """Whether closing, or opening another session, loses work.

        Looking around is no work; a gallery or what was put into a workspace is, and a session file that is no longer
        what is on screen.
        """
        document = self._document
        if not document.dirty:
            return False
        session = document.session
        return document.path is not None or session != Session(session.recipe)

    def ask_to_close(self) -> None:
        """Ask before the window closes, and close it unless the answer is Cancel."""

        def close() -> None:
            self._window.ask_on_close = False
            self._window.close()

        self.ask("Save the session before closing?", close, close)

    def ask(self, question: str, discarded: Callable[[], object], saved: Callable[[], object]) -> None:
        """Ask whether to save, without blocking; one of the two is called unless the answer is Cancel."""
        if self._box is not None:
            self._box.reject()  # the newer question stands
        self._box = box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(question)
        box.setInformativeText("Kept pictures and the latest changes are not in a file yet.")
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)

        def answered(button: Any) -> None:
            which = box.standardButton(button)
            if which == buttons.Discard:
                discarded()
            elif which == buttons.Save and self._document.path is None:
                self.save_as(saved)
            elif which == buttons.Save and self.save():
                saved()

        def gone() -> None:
            if self._box is box:
                self._box = None

        box.buttonClicked.connect(answered)
        box.finished.connect(gone)
        box.open()


def session_path(path: str) -> Path:
    """The path with a session's suffix behind it unless it has it: a file without could not be opened again."""
    given = Path(path)
    return given if given.suffix.lower() == SESSION_SUFFIX else given.with_name(f"{given.name}{SESSION_SUFFIX}")
