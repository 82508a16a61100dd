"""Saving the session: where to, and whether to ask before it goes.

Files are written, and flushed to the disk, in the background; a session counts as saved when that is done.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.opening import SESSION_SUFFIX
from ganviz.errors import GanvizError
from ganviz.session import Session, save_session

if TYPE_CHECKING:
    from app.window import MainWindow


class Saver(QObject):
    """Saves the window's document."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._document = window.document
        self._box: QMessageBox | None = None  # the question on screen
        self._saving = 0
        self._close = False  # once it is saved

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Save the session to its file, asking for one the first time, and go on with `then`."""
        if self._document.path is None:
            self.save_as(then)
        else:
            self.save_to(str(self._document.path), then)

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
            self.save_to(str(target), then)

        target = session_path(path)
        if target != Path(path) and target.exists():
            self._window.say(f"{target.name} exists already", "warning", "Replace it", save)
        else:
            save()

    def save_to(self, path: str, then: Callable[[], object] | None = None) -> None:
        """Save the session to a file, a session's suffix added where it is missing, and go on with `then`.

        A failure is said on the canvas and changes nothing.
        """
        target, document = session_path(path), self._document
        session, begun = document.session, document.begun
        self._saving += 1

        def done(_: None) -> None:
            self._saving -= 1
            if document.begun == begun:  # no other session was opened meanwhile
                document.was_saved(target, session)
            self._window.say(f"Saved {target.name}", "good")
            close, self._close = self._close, False
            if then is not None:
                then()
            if close and self._window.isVisible():
                self._window.close()

        def failed(error: BaseException) -> None:
            self._saving -= 1
            self._close = False
            words = str(error) if isinstance(error, GanvizError) else f"{target}: cannot be written ({error})"
            if document.begun == begun:
                self._window.say(words, "error", "Save elsewhere…", self.save_as)
            else:  # what is on screen now is another session
                self._window.say(words, "error")

        self._window.background.run(lambda: save_session(target, session), done, failed)

    @property
    def is_saving(self) -> bool:
        """Whether a session is not yet on the disk."""
        return self._saving > 0

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
        """Ask before the window closes, and close it unless the answer is Cancel; where it is being saved, wait."""
        if self.is_saving:
            self._close = True
            text = "The window closes once the session is written"
            self._window.say(text, "warning", "Close now", self._close_now)
            return

        # Once saved it is asked anew where there is reason to: the user may have gone on while the file was written.
        self.ask("Save the session before closing?", discarded=self._close_now, saved=self._window.close)

    def _close_now(self) -> None:
        self._window.ask_on_close = False
        self._window.close()

    def ask(self, question: str, discarded: Callable[[], object], saved: Callable[[], object]) -> None:
        """Ask whether to save, without blocking; one of the two is called unless the answer is Cancel."""
        if self._box is not None:
            self._box.reject()  # the newer question stands
        self._box = box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setText(question)
        path = self._document.path
        where = "in a file" if path is None else f"in {path.name}"
        box.setInformativeText(f"What you kept and changed is not {where} yet.")
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)

        def answered(button: Any) -> None:
            which = box.standardButton(button)
            if which == buttons.Discard:
                discarded()
            elif which == buttons.Save:
                self.save(saved)

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
