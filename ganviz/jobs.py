"""Long work as generators: progress is what they yield, cancel is `close()`, clean-up is `finally`.

One function so serves the window (which steps it on its compute thread), the command line and a notebook.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come: `done` of `total` steps (0 when unknown), and a few words on what it does.

    `value` is what it has so far, where that is worth showing.
    """

    done: int
    total: int
    note: str = ""
    value: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Offload:
    """A call that cannot be cut into short steps and runs no network; it is run on a side thread.

    The job yields it and receives the call's result from `yield`; an exception is raised at the `yield`.

    stop    called where the job is cancelled meanwhile: asks the call to end soon, by an exception
    """

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    stop: Callable[[], None] | None = None

    def __call__(self) -> Any:
        return self.function(*self.args, **self.kwargs)


Job = Generator[Progress | Offload, Any, T]
"""Yields Progress or Offload at least every 100 ms, returns its result."""


def run(job: Job[T], on_progress: Callable[[Progress], None] | None = None) -> T:
    """Run a job to its end here and now, calling `on_progress` at each step; an interrupt closes it cleanly."""
    answer: Any = None
    failure: BaseException | None = None
    try:
        while True:
            try:
                step = job.send(answer) if failure is None else job.throw(failure)
            except StopIteration as stop:
                return stop.value
            answer, failure = None, None
            if isinstance(step, Offload):
                try:
                    answer = step()
                except Exception as error:  # handed to the job, which decides what to do about it
                    failure = error
            elif on_progress is not None:
                on_progress(step)
    finally:
        job.close()
