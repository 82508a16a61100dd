"""Keeping the session against a crash, and offering back at the next start what a crash left behind.

The document's history is written to disk a moment after each change, on a thread of its own. A window that ends in
good order removes what it kept; whatever is still there without a window that lives has not ended well.
"""

import logging
import time
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from app.background import Background
from app.widgets.offer_bar import OfferBar
from ganviz.errors import GanvizError
from ganviz.journal import Journal, Work, abandoned

if TYPE_CHECKING:
    from app.window import MainWindow

log = logging.getLogger(__name__)

DELAY_MS = 1000
"""A change is on the disk about this long after it was made."""
SHARE = 20
"""Writing may take one part in so many of the time, however large the history or slow the disk."""


class Recovery(QObject):
    """Keeps the window's work on disk while it lives."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._document = window, window.document
        self.enabled = True
        self._background = Background(self)
        self._journal: Journal | None = None  # where this window writes
        self._left: tuple[Journal, Work] | None = None  # what is on offer
        self._writing = self._again = self._stopped = self._told = False
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._write)
        self.bar = OfferBar(
            "recovery",
            ("Restore", "Go on where that session ended, with its gallery, timeline and history"),
            ("Discard", "Delete what was kept of that session"),
            "Decide at the next start",
        )
        self.bar.accepted.connect(self._restore)
        self.bar.refused.connect(self._discard)
        self.bar.closed.connect(self._leave)
        self._document.changed.connect(self._changed)
        self._document.path_changed.connect(self._changed)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was done is on the disk, and what was left behind has been looked for."""
        return not self._timer.isActive() and self._background.is_idle

    # -- keeping --------------------------------------------------------------------------------------------------

    def _changed(self, *_: object) -> None:
        if self.enabled and not self._stopped and not self._timer.isActive() and not self._writing:
            self._timer.start()
        self._again = True

    def _write(self) -> None:
        work = Work.of(self._document.history, self._document.path)
        if self._journal is None and not work.is_touched:
            return
        self._writing, self._again = True, False
        self._background.run(lambda: self._put(work), self._written, self._failed)

    def _put(self, work: Work) -> float:
        """On the background thread: write; how long it took."""
        began = time.monotonic()
        if self._journal is None:
            self._journal = Journal.begin()
        self._journal.write(work)
        return time.monotonic() - began

    def _written(self, took: float) -> None:
        self._told = False
        self._go_on(took)

    def _failed(self, error: BaseException) -> None:
        if not self._told:  # once, not at every change
            self._told = True
            self._window.say(f"The session is not kept against a crash now: {error}", "warning")
        self._go_on(0.0)

    def _go_on(self, took: float) -> None:
        self._writing = False
        self._timer.setInterval(max(DELAY_MS, int(took * 1000 * SHARE)))
        if self._again and not self._stopped:
            self._timer.start()

    # -- offering -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look for what a crash left behind, and offer it."""
        if self.enabled and not self._stopped:
            self._background.run(_find, self._offer)

    def _offer(self, found: tuple[Journal, Work] | None) -> None:
        if found is not None:
            self._left = found
            self.bar.offer(_sentence(*found))

    def _restore(self) -> None:
        if self._window.saver.worth_asking:
            question = "Save the session before the other one is restored?"
            # Once saved it is asked anew where the user has gone on while the file was written.
            self._window.saver.ask(question, discarded=self._go, saved=self._restore)
            self.bar.show()  # until it is restored, or for when the answer is Cancel
        else:
            self._go()

    def _go(self) -> None:
        if self._left is not None:
            self.bar.hide()
            self._window.stop_playing()
            self._window.opener.restore(self._left[1], self._adopt)

    def _adopt(self) -> None:
        """What was left behind is this window's own work now, in the folder where it lies."""
        if self._left is None:
            return
        (journal, _), self._left = self._left, None

        def swap() -> None:
            own, self._journal = self._journal, journal
            if own is not None:
                own.remove()

        self._background.run(swap, lambda _: self._changed())

    def _discard(self) -> None:
        if self._left is not None:
            (journal, _), self._left = self._left, None
            self._background.run(journal.remove, lambda _: self.look())  # there may be an older one

    def _leave(self) -> None:
        if self._left is not None:
            self._left[0].leave()
            self._left = None

    # -- the end --------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """The window ends in good order: what it kept is needed no longer."""
        if not self._stopped:
            self._stopped = True
            self._timer.stop()
            self._background.stop()
            self._leave()
            if self._journal is not None:
                self._journal.remove()


def _find() -> tuple[Journal, Work] | None:
    """The newest work that a crash left behind; what cannot be read is set aside, with a line in the log."""
    while (journal := abandoned()) is not None:
        try:
            work = journal.read()
        except GanvizError as error:
            log.warning("%s", error)
            journal.set_aside()
            continue
        if work.is_touched:
            return journal, work
        journal.remove()
    return None


def _sentence(journal: Journal, work: Work) -> str:
    """What is on offer, in words."""
    when = datetime.fromtimestamp(journal.written)
    day = "today" if when.date() == datetime.now().date() else f"{when:%Y-%m-%d}"
    steps, kept = len(work.past), len(work.present.gallery)
    name = work.path.name if work.path is not None else work.present.recipe.model.name
    parts = [f"{steps} step{'s' * (steps != 1)}"]
    if kept:
        parts.append(f"{kept} kept picture{'s' * (kept != 1)}")
    return f"ganviz did not end as it should. Its session of {day}, {when:%H:%M}, can be restored: {name}, " + (
        f"{' and '.join(parts)}."
    )
