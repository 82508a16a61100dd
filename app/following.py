"""When the panels follow the document: at once, but while a control moves only after the picture.

A small network needs Python's lock again and again, which the panels hold for as long as they follow: each picture of
a drag would come later by what they take.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.widgets.number import LATE_MS
from ganviz.session import Session


class Following(QObject):
    """Calls `follow(old, new)` for what `changed` says, several changes together where they may lag behind."""

    def __init__(self, follow: Callable[[Session | None, Session], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._follow = follow
        self._lagging: tuple[Session, Session] | None = None  # what the panels show, and what they are to show
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.catch_up)

    def changed(self, old: Session | None, new: Session, may_lag: bool) -> None:
        """The document has changed. `may_lag`: nobody looks at the panels before the picture is there."""
        if self._lagging is not None:
            old = self._lagging[0]
        if old is None or not may_lag:
            self._stop()
            self._follow(old, new)
            return
        if self._lagging is None:
            self._timer.start(LATE_MS)  # no longer than that
        self._lagging = (old, new)

    def picture_shown(self) -> None:
        """A picture is on screen; the panels follow as soon as whoever waited for it has been told."""
        if self._lagging is not None:
            self._timer.start(0)

    def catch_up(self) -> None:
        """Have the panels follow now, if they lag behind."""
        lagging = self._lagging
        self._stop()
        if lagging is not None:
            self._follow(*lagging)

    def _stop(self) -> None:
        self._lagging = None
        self._timer.stop()
