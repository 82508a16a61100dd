"""The one long job that the compute thread steps between pictures."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganviz.errors import GanvizError
from ganviz.jobs import Job, Offload, Progress
from ganviz.memory import give_back

if TYPE_CHECKING:
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

Say = Callable[..., None]
"""Says something on the UI thread: the name of a signal of `Compute`, and what it carries."""

JOB_GAP_S = 0.25
"""A job that waited this long has a step even though pictures wait, or it would stand still while something plays."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What a job is called, and what its owner wants to be told."""

    what: str = ""
    done: Callable[[Any], None] | None = None
    failed: Callable[[str], None] | None = None
    cancelled: Callable[[], None] | None = None
    progress: Callable[[Any], None] | None = None


class RunningJob:
    """The one long job, stepped on the compute thread; its Offloads run on the side thread."""

    def __init__(self, say: Say, side: ThreadPoolExecutor, notify: Callable[[], None]) -> None:
        self._say = say
        self._side = side
        self._notify = notify
        self._job: Job[Any] | None = None
        self._future: Future[Any] | None = None
        self._offload: Offload | None = None  # what the future is of
        self._stepped = 0.0  # when it had its last step

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def can_step(self) -> bool:
        """Whether there is a job that does not wait for its side thread."""
        return self._job is not None and (self._future is None or self._future.done())

    @property
    def is_due(self) -> bool:
        """Whether it could have had a step for too long."""
        return self.can_step and time.monotonic() - self._stepped > JOB_GAP_S

    def begin(self, make: Callable[["Renderer"], Job[Any]], renderer: "Renderer") -> None:
        self._stepped = time.monotonic()
        try:
            self._job = make(renderer)
        except Exception as error:
            self._say("job_failed", sentence(error))

    def step(self) -> None:
        """Take the job to its next yield."""
        self._go_on()
        if self._job is None:
            give_back()
        self._stepped = time.monotonic()

    def _go_on(self) -> None:
        assert self._job is not None
        future, self._future, self._offload = self._future, None, None  # a call holds its arguments
        try:
            if future is None:
                said = self._job.send(None)
            else:
                error = future.exception()
                said = self._job.throw(error) if error is not None else self._job.send(future.result())
        except StopIteration as end:
            self._job = None
            self._say("job_done", end.value)
        except Exception as error:
            self._job = None
            self._say("job_failed", sentence(error))
        else:
            if isinstance(said, Offload):
                self._future, self._offload = self._side.submit(said), said
                self._future.add_done_callback(lambda _: self._notify())
            elif isinstance(said, Progress):
                self._say("job_progress", said)

    def cancel(self) -> None:
        """End the job. One whose side thread is busy is cleaned up there once that is through: pictures do not wait."""
        if self._job is None:
            return
        job, future = self._job, self._future
        if future is None or future.done():
            self.close()
        else:
            future.cancel()  # where it has not begun
            self._stop_call()
            self._job = self._future = self._offload = None
            future.add_done_callback(lambda _: _close(job))
        self._say("job_cancelled")

    def _stop_call(self) -> None:
        if self._offload is not None and self._offload.stop is not None:
            self._offload.stop()

    def close(self) -> None:
        """Run the job's clean-up; one that waits for its side thread asks that to end, and lets it."""
        if self._job is None:
            return
        if self._future is not None:
            self._stop_call()
            self._future.exception()
        _close(self._job)
        self._job = self._future = self._offload = None


def _close(job: Job[Any]) -> None:
    """Run a job's clean-up."""
    try:
        job.close()
    except Exception:
        log.exception("a job failed while it was being cancelled")
    give_back()


def sentence(error: BaseException) -> str:
    """One line for the user; what is not meant for one is logged with its traceback."""
    if isinstance(error, GanvizError):
        return str(error)
    log.error("unexpected error on the compute thread", exc_info=error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "not enough memory for this; close other programs or choose a smaller model"
    return f"something went wrong that should not have ({type(error).__name__}: {error})"
