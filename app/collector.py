"""Python's garbage collection, kept on the UI thread.

Left alone it runs on whichever thread happens to allocate. On the compute thread it would destroy Qt objects that are
garbage by then, such as a closed dialog, and Qt aborts the program for that.

Looking through all that torch brings along would hold up the UI thread for longer than it may be. So nothing is
collected while torch is being imported, and what is there afterwards is not looked at again. Nor is what other
libraries bring along later, such as those of fits and t-SNE, once it has been looked through.
"""

import gc
import sys

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 500
MODULES = 100
"""So many new modules are a library, whose objects stay."""


class Collector(QObject):
    """Collects by a timer of its own, by the interpreter's usual thresholds, from `begin` until it is stopped."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._modules = 0  # that had been imported when what is there was last put aside
        gc.disable()

    def begin(self) -> None:
        """What stays for as long as the program runs has been imported."""
        if not self._timer.isActive():
            self._freeze()
            self._timer.start()

    def _freeze(self) -> None:
        gc.freeze()
        self._modules = len(sys.modules)

    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        due = [
            k for k, (count, limit) in enumerate(zip(gc.get_count(), self._thresholds, strict=True)) if count > limit
        ]
        if due:
            gc.collect(max(due))
        if max(due, default=0) == 2 and len(sys.modules) >= self._modules + MODULES:
            self._freeze()  # only what is in use is left; of that, rings which come apart later are not found again

    def stop(self) -> None:
        """No other thread runs any more: leave it to the interpreter again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
