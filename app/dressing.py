"""A new style sheet on widgets that are there already: what is seen changes at once, all else in turns of its own.

Qt itself goes through all widgets, seen or not, and by a way that takes ten times as long; with all workspaces built
that held the window up for most of a second.
"""

import time

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

TURN_S = 0.008
"""What one turn of the event loop may take for widgets that nobody sees."""


class Dressing(QObject):
    """Gives an application's widgets a new style sheet."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[QWidget] = []
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._go_on)

    @property
    def is_done(self) -> bool:
        """Whether all widgets wear the sheet."""
        return not self._waiting

    def dress(self, app: QApplication, sheet: str) -> None:
        """Set the sheet; what is seen wears it on return, what is not before it has long been looked at."""
        app.style().unpolish(app)  # forgets what the old sheet says, so that the next line touches no widget
        app.setStyleSheet(sheet)
        self._waiting = []
        for widget in app.allWidgets():
            if widget.isVisible() and not widget.visibleRegion().isEmpty():
                _polish(widget)
            else:
                self._waiting.append(widget)
        self._turn.start()

    def finish(self) -> None:
        """Dress what waits for its turn now."""
        self._go_on(float("inf"))

    def _go_on(self, seconds: float = TURN_S) -> None:
        until = time.perf_counter() + seconds
        while self._waiting and time.perf_counter() < until:
            widget = self._waiting.pop()
            # One that was never shown reads the sheet when it is.
            if isValid(widget) and widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
                _polish(widget)
        if not self._waiting:
            self._turn.stop()


def _polish(widget: QWidget) -> None:
    """What Qt does to a widget whose style sheet has changed."""
    widget.style().polish(widget)
    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
