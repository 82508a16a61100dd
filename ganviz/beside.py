"""Work that goes on beside the drawing: calls in their order, on a thread of their own, of which a few wait at most."""

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any


class Beside:
    """Runs calls in the order in which they are given; used with `with`, after which none runs any more.

    An error of a call is raised by the next `give` or `finish`, and the calls after it are not run. What is still
    waiting when the block is left by an error is forgotten.
    """

    def __init__(self, waiting: int = 8) -> None:
        """waiting: calls that may wait; who gives more waits for one to be begun."""
        self._most = waiting
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._change = threading.Condition()
        self._error: BaseException | None = None
        self._running = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="beside", daemon=True)

    def __enter__(self) -> "Beside":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._change:
            self._ended = True
            self._calls.clear()
            self._change.notify_all()
        self._thread.join()

    @property
    def has_room(self) -> bool:
        """Whether `give` would return at once."""
        with self._change:
            return self._error is not None or len(self._calls) < self._most

    def give(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have this called when those before it are through."""
        with self._change:
            self._change.wait_for(lambda: self._error is not None or len(self._calls) < self._most)
            self._raise()
            self._calls.append((function, arguments))
            self._change.notify_all()

    def finish(self) -> None:
        """Wait until nothing is left to call."""
        with self._change:
            self._change.wait_for(lambda: self._error is not None or not (self._calls or self._running))
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while True:
            with self._change:
                self._running = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._ended or bool(self._calls))
                if self._ended:
                    return
                function, arguments = self._calls.popleft()
                self._running = True
                self._change.notify_all()
            try:
                function(*arguments)
            except BaseException as error:  # raised again where the next call is given
                with self._change:
                    self._error, self._running = error, False
                    self._calls.clear()
                    self._change.notify_all()
                return
