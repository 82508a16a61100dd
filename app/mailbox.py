"""What the window leaves for the compute thread: of recipes the newest alone, of everything else all of it."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.movement import Movement
from ganviz.jobs import Job
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.render import Renderer

Call = Callable[["Renderer"], None]
MakeJob = Callable[["Renderer"], Job[Any]]


FRAME_S = 0.033
"""What moves should be seen after this time, unless the user has set another."""


class Mailbox:
    """Filled on the UI thread and emptied on the compute thread; who looks at several things at once holds `bell`.

    frame_s   seconds after which what moves should be seen, if need be as a preview; None: no previews
    recipe    the picture that is wanted next
    calls     what is run beside the renderer, in turn
    opening   how many models are on their way whose first picture will be asked for as soon as they are there
    job       what makes a job that is to begin
    cancel    whether the running job is to end
    """

    def __init__(self) -> None:
        self.bell = threading.Condition()
        self.movement = Movement()
        self.frame_s: float | None = FRAME_S
        self.recipe: Recipe | None = None
        self.calls: deque[Call] = deque()
        self.opening = 0
        self.job: MakeJob | None = None
        self.cancel = False
        self.stopping = False

    @property
    def patience_s(self) -> float:
        """Seconds that a picture may take without anything else going before it."""
        return FRAME_S if self.frame_s is None else self.frame_s

    def ring(self) -> None:
        """Wake the compute thread, if it waits."""
        with self.bell:
            self.bell.notify()

    def want(self, recipe: Recipe) -> None:
        """Leave a recipe in place of any that lies here."""
        with self.bell:
            self.movement.go_on()
            self.recipe = recipe
            self.bell.notify()

    def call(self, call: Call, opening: bool = False) -> None:
        """Leave something to be run. `opening`: it opens a model; `opened` is to be called when that has been told."""
        with self.bell:
            self.opening += opening
            self.calls.append(call)
            self.bell.notify()

    def opened(self) -> None:
        """A model is there or not to be had, and whoever asked for it has been told."""
        with self.bell:
            self.opening -= 1
            self.bell.notify()

    def begin_job(self, make: MakeJob) -> None:
        """Leave a job; an older wish to cancel was not meant for it."""
        with self.bell:
            self.job, self.cancel = make, False
            self.bell.notify()

    def cancel_job(self) -> None:
        """Have the running job end."""
        with self.bell:
            self.cancel = True
            self.bell.notify()

    def stop(self) -> None:
        """Have the thread end."""
        with self.bell:
            self.stopping = True
            self.bell.notify()
