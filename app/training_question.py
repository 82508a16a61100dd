"""What is asked before the window closes while a training that was started in it goes on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

if TYPE_CHECKING:
    from app.training import Trainings
    from app.window import MainWindow


class TrainingQuestion(QObject):
    """Asks whether trainings are to stop or to go on without the window."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._answered: set[Path] = set()  # runs of which it has been said what is to become of them

    @property
    def worth_asking(self) -> bool:
        """Whether a training goes on here that nothing has been said about yet."""
        return bool(self._going())

    def _trainings(self) -> "Trainings | None":
        page = self._window.parts.centre.pages["train"].inner
        return page.trainings if page is not None else None

    def _going(self) -> list[Path]:
        trainings = self._trainings()
        return [folder for folder in trainings.going if folder not in self._answered] if trainings is not None else []

    def ask(self) -> None:
        """Ask, without blocking; the window closes unless the answer is Cancel."""
        if self._window.findChild(QMessageBox, "training-question") is not None:
            return
        box = QMessageBox(self._window)
        box.setObjectName("training-question")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        going = self._going()
        names = [folder.name for folder in going]
        box.setText(f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} still training.")
        box.setInformativeText(
            "Stopping leaves a snapshot to go on from. What goes on can be watched again from the Train workspace."
        )
        roles = QMessageBox.ButtonRole
        stop = box.addButton("Stop training", roles.DestructiveRole)
        go_on = box.addButton("Let it go on", roles.AcceptRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        for button, name in ((stop, "training-question-stop"), (go_on, "training-question-go-on")):
            button.setObjectName(name)
        box.setDefaultButton(go_on)
        box.setEscapeButton(cancel)

        def answered(button: Any) -> None:
            trainings = self._trainings()
            if button is cancel or trainings is None:
                return
            if button is go_on:
                trainings.let_go(going)
            self._answered.update(going)
            self._window.close()

        box.buttonClicked.connect(answered)
        box.open()
