"""The compute thread: the only thread that runs a network while exploring. It owns the Renderer.

Priorities, looked at anew after each step: the current picture, opening a model, refining the current picture,
thumbnails, then one step of the running job, which has its turn now and then even while the others never end. torch is
imported here, after the window has been painted.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.live_picture import LivePicture
from app.mailbox import Mailbox
from app.renderer import Unavailable, make_renderer
from app.running_job import RunningJob, Say, sentence
from app.thumbnails import Thumbnails
from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.memory import give_back
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

REST_S = 30.0
"""When there has been nothing to do for so long, memory that is kept for the next picture is given back."""


class ComputeThread:
    """Does what lies in the mailbox. `say(name, *arguments)` has a signal of `Compute` emitted on the UI thread."""

    def __init__(self, mailbox: Mailbox, say: Say, device: str) -> None:
        self.thumbnails = Thumbnails(mailbox, say)
        self._mailbox = mailbox
        self._say = say
        self._device = device
        self._picture = LivePicture(mailbox, say, self.thumbnails.remember)
        self._busy = False
        self._worked = time.monotonic()  # when there was something to do
        self._keeps = False  # whether memory may have been kept since
        self._thread = threading.Thread(target=self._run, name="compute", daemon=True)

    def start(self) -> None:
        """Begin; torch is imported first."""
        self._thread.start()

    def stop(self) -> None:
        """End, closing a running job cleanly; returns when that is done."""
        self._mailbox.stop()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        with self._mailbox.bell:
            return not (self._busy or self._has_work() or self.thumbnails.waiting)

    def open(self, renderer: "Renderer", given: str | Path) -> None:
        """A call that loads a MODEL."""
        try:
            header = read_header(catalog.find(given))
            renderer.load(header.path)
        except Exception as error:
            self._say("model_failed", given, sentence(error))
        else:
            catalog.remember(given if Path(given).is_dir() else header.path)
            self._say("model_opened", header, given)

    def collapse(self, renderer: "Renderer", recipe: Recipe) -> None:
        """A call that makes one vector of a recipe's latent."""
        try:
            self._say("collapsed", renderer.collapse(recipe))
        except Exception as error:
            self._say("frame_failed", recipe, sentence(error))

    def _run(self) -> None:
        renderer: Any
        try:
            renderer = make_renderer(self._device)
            renderer.tell = lambda line: self._say("said", line, "warning")
        except Exception as error:  # a broken torch raises anything; the window has to say so rather than wait
            log.error("the renderer cannot be started", exc_info=error)
            renderer = Unavailable(f"pictures cannot be drawn: torch does not start here ({error}); reinstall it")
            self._say("unavailable", renderer.message)
        else:
            self._say("started", renderer.device)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="offload") as side:
            job = RunningJob(self._say, side, self._mailbox.ring)
            while self._step(renderer, job):
                pass
            job.close()
        renderer.save_measurements()

    def _step(self, renderer: "Renderer", job: RunningJob) -> bool:
        """Wait for work and do one piece of it; False once the thread is to end."""
        mailbox, picture = self._mailbox, self._picture
        with mailbox.bell:
            idle = False
            while not (mailbox.stopping or self._is_ready(job) or idle):
                self._busy = picture.waits
                patience = picture.rests_in if self._busy else self._idle_in
                idle = not mailbox.bell.wait(patience) and not self._busy
            if mailbox.stopping:
                return False
            self._busy = self._busy or not idle
            wanted, mailbox.recipe = mailbox.recipe, None
            call = mailbox.calls.popleft() if wanted is None and mailbox.calls else None
            refine = wanted is None and call is None and picture.rests_in == 0
            moving = picture.waits
            thumbnails = self.thumbnails.take() if wanted is None and call is None and not moving else []
            make, mailbox.job = mailbox.job, None
            cancel, mailbox.cancel = mailbox.cancel and (job.running or make is not None), False
        if make is not None:
            job.begin(make, renderer)
        if cancel:
            job.cancel()
        if wanted is not None:
            picture.begin(renderer, wanted)
        elif call is not None:
            call(renderer)
        elif refine:
            picture.go_on(renderer)
        elif thumbnails:
            self.thumbnails.draw(renderer, thumbnails)
        elif job.can_step and not moving:
            job.step()
        elif idle and picture.lessons.idle_in is None:
            give_back()
            self._keeps = False
            return True
        elif idle:
            picture.lessons.go_on()
        if job.is_due:
            job.step()
        self._worked, self._keeps = time.monotonic(), True
        return True

    @property
    def _idle_in(self) -> float | None:
        """Seconds until there is something to do that nobody waits for; None where there is nothing."""
        lesson = self._picture.lessons.idle_in
        if lesson is not None or not self._keeps:
            return lesson
        return max(0.0, self._worked + REST_S - time.monotonic())

    def _is_ready(self, job: RunningJob) -> bool:
        """Whether there is something to do now. While a movement is waited for, only what cannot wait counts."""
        mailbox = self._mailbox
        if mailbox.recipe is not None or mailbox.calls or mailbox.job is not None or (mailbox.cancel and job.running):
            return True
        rests_in = self._picture.rests_in
        return rests_in == 0 or (rests_in is None and (self._has_work() or job.can_step))

    def _has_work(self) -> bool:
        mailbox = self._mailbox
        return (
            mailbox.recipe is not None
            or bool(mailbox.calls)
            or (self.thumbnails.waiting and not mailbox.opening)
            or mailbox.job is not None
        )
