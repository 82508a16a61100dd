"""Python's garbage collection, kept on the UI thread.

Left alone it runs on whichever thread happens to allocate. On the compute thread it would destroy Qt objects that are
garbage by then, such as a closed dialog, and Qt aborts the program for that.

Looking through all that torch brings along would hold up the UI thread for longer than it may be. So nothing is
collected while torch is being imported, and what is there afterwards is not looked at again.
"""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 500


class Collector(QObject):
    """Collects by a timer of its own, by the interpreter's usual thresholds, from `begin` until it is stopped."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        gc.disable()

    def begin(self) -> None:
        """What stays for as long as the program runs has been imported."""
        if not self._timer.isActive():
            gc.freeze()
            self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        due = [
            k for k, (count, limit) in enumerate(zip(gc.get_count(), self._thresholds, strict=True)) if count > limit
        ]
        if due:
            gc.collect(max(due))

    def stop(self) -> None:
        """No other thread runs any more: leave it to the interpreter again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
