"""Short work off the UI thread that runs no network: reading a session, listing models, writing a picture."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from ganviz.errors import GanvizError

log = logging.getLogger(__name__)


class Background(QObject):
    """Runs calls one after the other on one thread and brings their answers back to the UI thread."""

    _answered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
        self._running = 0
        self._stopped = False

    @property
    def is_idle(self) -> bool:
        """Whether every answer has been given."""
        return self._running == 0

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Call `work` on the thread, then on the UI thread `done(result)`, or `failed(error)` if it raised."""
        if self._stopped:
            return
        self._running += 1

        def finished(future: Future[Any]) -> None:
            if not self._stopped:
                self._answered.emit(future, (done, failed))

        self._pool.submit(work).add_done_callback(finished)

    def stop(self) -> None:
        """Drop what waits, let what runs end, answer nothing any more."""
        self._stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _on_answered(self, future: Future[Any], answer: Any) -> None:
        self._running -= 1
        if self._stopped:
            return
        done, failed = answer
        error = future.exception()
        if error is None:
            done(future.result())
            return
        if not isinstance(error, GanvizError):
            log.error("unexpected error in the background", exc_info=error)
        if failed is not None:
            failed(error)
