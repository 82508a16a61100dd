"""The compute thread: the only thread that runs a network while exploring.

It owns the Renderer. The window leaves the newest recipe in a mailbox of one; what was there before and has not
been begun is forgotten. Priorities, looked at anew after each step: the current picture, opening a model,
thumbnails, then one step of the running job, which has its turn now and then even while the others never end. torch
is imported here, after the window has been painted.
"""

import logging
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal

from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.jobs import Job, Offload, Progress
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

THUMBNAIL = 128
"""Longest side of a thumbnail in pixels."""
THUMBNAILS_KEPT = 1024
THUMBNAILS_S = 0.05
"""Thumbnails are drawn together as long as a newer picture need not wait longer than this for them."""
MOST_AT_ONCE = 16
JOB_GAP_S = 0.25
"""A job that waited this long has a step even though pictures wait, or it would stand still while something plays."""


class Compute(QObject):
    """Hands work to the compute thread. All methods are called on the UI thread, all signals arrive there.

    Signals:
        started(device): torch is imported and the renderer is there
        unavailable(message): it cannot be; every request is answered with this line from now on
        frame_ready(frame): a Frame for a recipe that was requested
        frame_failed(recipe, message): that recipe cannot be drawn; message is one line for the user
        model_opened(header, given): the model behind `open_model(given)` is loaded
        model_failed(given, message): it is not
        thumbnail_ready(recipe, pixels): uint8 (h, w, C), at most THUMBNAIL pixels a side
        thumbnail_failed(recipe): there will be none
        collapsed(recipe): what `collapse` was asked for
        job_began(what), job_progress(progress), job_done(result), job_failed(message), job_cancelled(): of the
            running job; whoever started it may have been given the last three as callbacks instead
        said(message, kind): a job was not started because another one runs, or failed and nobody else was told
    """

    started = Signal(str)
    unavailable = Signal(str)
    frame_ready = Signal(object)
    frame_failed = Signal(object, str)
    model_opened = Signal(object, object)
    model_failed = Signal(object, str)
    thumbnail_ready = Signal(object, object)
    thumbnail_failed = Signal(object)
    collapsed = Signal(object)
    job_began = Signal(str)
    job_progress = Signal(object)
    job_done = Signal(object)
    job_failed = Signal(str)
    job_cancelled = Signal()
    said = Signal(str, str)
    answered = Signal(object, object)  # a callback and its argument, from `ask`

    _deliver = Signal(object, tuple)

    def __init__(self, parent: QObject | None = None, device: str = "auto") -> None:
        super().__init__(parent)
        # Everything the thread says goes through this queued hop, so that slots never run on the compute thread.
        self._deliver.connect(self._on_deliver, Qt.ConnectionType.QueuedConnection)
        self._device = device
        self._wake = threading.Condition()
        self._wanted: Recipe | None = None
        self._calls: deque[Callable[[Renderer], None]] = deque()
        self._thumbnails: dict[str, deque[Recipe]] = {}
        self._pace = THUMBNAILS_S  # seconds that the last thumbnail took
        self._new_job: Callable[[Renderer], Job[Any]] | None = None
        self._cancel = False
        self._stopping = False
        self._busy = False
        self._opening = 0  # models whose first picture will be asked for as soon as they are there
        self._job_running = False
        self._job = Calls()
        self.answered.connect(lambda done, value: done(value))
        self._cache: OrderedDict[Recipe, np.ndarray] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name="compute", daemon=True)

    # --- called on the UI thread -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread; torch is imported then."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, closing a running job cleanly; returns when it has ended."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        with self._wake:
            return not (self._busy or self._has_work() or any(self._thumbnails.values()))

    @property
    def job_running(self) -> bool:
        """Whether a job was started and its end has not been delivered yet."""
        return self._job_running

    def request(self, recipe: Recipe) -> None:
        """Draw this recipe next, in place of any that waits."""
        with self._wake:
            self._wanted = recipe
            self._wake.notify()

    def open_model(self, given: str | Path) -> None:
        """Load a MODEL (file, run folder or name); answers with model_opened or model_failed."""
        with self._wake:
            self._opening += 1
            self._calls.append(lambda renderer: self._open(renderer, given))
            self._wake.notify()

    def collapse(self, recipe: Recipe) -> None:
        """Make one vector of a latent that has been combined from very many; answers with `collapsed`."""
        with self._wake:
            self._calls.append(lambda renderer: self._collapse(renderer, recipe))
            self._wake.notify()

    def want_thumbnails(self, channel: str, recipes: Iterable[Recipe]) -> None:
        """Draw small pictures of these recipes when there is time, in place of what this channel waited for."""
        known = []
        with self._wake:
            missing: deque[Recipe] = deque()
            for recipe in recipes:
                pixels = self._cache.get(recipe)
                if pixels is None:
                    missing.append(recipe)
                else:
                    known.append((recipe, pixels))
            self._thumbnails[channel] = missing
            self._wake.notify()
        for recipe, pixels in known:
            self.thumbnail_ready.emit(recipe, pixels)

    def ask(
        self,
        function: Callable[["Renderer"], Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Run something short (under 100 ms) beside the renderer; `done(value)` or `failed(message)` follow here."""

        def call(renderer: "Renderer") -> None:
            try:
                value = function(renderer)
            except Exception as error:
                self._say("answered", failed or self._tell, _sentence(error))
            else:
                self._say("answered", done, value)

        with self._wake:
            self._calls.append(call)
            self._wake.notify()

    def start_job(
        self,
        make: Callable[["Renderer"], Job[Any]],
        what: str = "",
        *,
        done: Callable[[Any], None] | None = None,
        failed: Callable[[str], None] | None = None,
        cancelled: Callable[[], None] | None = None,
        progress: Callable[[Any], None] | None = None,
    ) -> bool:
        """Run the job that `make(renderer)` gives; False, and `said`, while another one is running.

        `what` names it in the status bar ("Finding directions"). The callbacks are called on the UI thread in place
        of the signals' general answer: done(result), failed(message), cancelled(), progress(progress).
        """
        if self._job_running:
            said = f"{self._job.what or 'Other work'} is still going on; wait for it or cancel it"
            self.said.emit(said, "warning")
            return False
        self._job_running = True
        self._job = Calls(what, done, failed, cancelled, progress)
        self.job_began.emit(what)
        with self._wake:
            self._new_job, self._cancel = make, False
            self._wake.notify()
        return True

    def cancel_job(self) -> None:
        """Close the running job at its next step; answers with job_cancelled."""
        with self._wake:
            self._cancel = True
            self._wake.notify()

    def _on_deliver(self, signal: Any, arguments: tuple[Any, ...]) -> None:
        name = str(signal)
        job = self._job
        if name in ("job_done", "job_failed", "job_cancelled"):
            self._job_running, self._job = False, Calls()
        getattr(self, name).emit(*arguments)
        if name in ("model_opened", "model_failed"):
            with self._wake:  # thumbnails, which may load other models, have waited for the picture to be asked for
                self._opening -= 1
                self._wake.notify()
        own = {
            "job_done": job.done,
            "job_failed": job.failed,
            "job_cancelled": job.cancelled,
            "job_progress": job.progress,
        }.get(name)
        if own is not None:
            own(*arguments)
        elif name == "job_failed":
            self._tell(*arguments)

    def _tell(self, message: str) -> None:
        self.said.emit(message, "error")

    # --- the thread itself -------------------------------------------------------------------------------------

    def _say(self, name: str, *arguments: Any) -> None:
        self._deliver.emit(name, arguments)

    def _has_work(self) -> bool:
        return (
            self._wanted is not None
            or bool(self._calls)
            or (any(self._thumbnails.values()) and not self._opening)
            or self._new_job is not None
        )

    def _run(self) -> None:
        renderer: Any
        try:
            renderer = make_renderer(self._device)
        except Exception as error:  # a broken torch raises anything; the window has to say so rather than wait
            log.error("the renderer cannot be started", exc_info=error)
            renderer = Unavailable(f"pictures cannot be drawn: torch does not start here ({error}); reinstall it")
            self._say("unavailable", renderer.message)
        else:
            self._say("started", renderer.device)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="offload") as side:
            job = RunningJob(self._say, side, self._notify)
            while self._step(renderer, job):
                pass
            job.close()

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify()

    def _step(self, renderer: "Renderer", job: "RunningJob") -> bool:
        """Wait for work and do one piece of it; False once the thread is to end."""
        with self._wake:
            while not (self._stopping or self._has_work() or job.can_step or (self._cancel and job.running)):
                self._busy = False
                self._wake.wait()
            if self._stopping:
                return False
            self._busy = True
            wanted, self._wanted = self._wanted, None
            call = self._calls.popleft() if wanted is None and self._calls else None
            thumbnails = self._next_thumbnails() if wanted is None and call is None else []
            make, self._new_job = self._new_job, None
            cancel, self._cancel = self._cancel and (job.running or make is not None), False
        if make is not None:
            job.begin(make, renderer)
        if cancel:
            job.cancel()
        if wanted is not None:
            self._draw(renderer, wanted)
        elif call is not None:
            call(renderer)
        elif thumbnails:
            self._draw_thumbnails(renderer, thumbnails)
        elif job.can_step:
            job.step()
        if job.is_due:
            job.step()
        return True

    def _next_thumbnails(self) -> list[Recipe]:
        """As many of the first channel that waits as can be drawn without keeping a newer picture waiting."""
        if self._opening:
            return []
        for waiting in self._thumbnails.values():
            if waiting:
                count = min(len(waiting), MOST_AT_ONCE, max(1, int(THUMBNAILS_S / self._pace)))
                return [waiting.popleft() for _ in range(count)]
        return []

    def _draw(self, renderer: "Renderer", recipe: Recipe) -> None:
        try:
            frame = renderer.render(recipe)
        except Exception as error:  # whatever went wrong, the thread goes on and the user is told
            self._say("frame_failed", recipe, _sentence(error))
        else:
            self._remember(recipe, frame.pixels)
            self._say("frame_ready", frame)

    def _draw_thumbnails(self, renderer: "Renderer", recipes: list[Recipe]) -> None:
        """Draw several as one batch: for small networks, which mostly wait for the processor, twice as fast."""
        began = time.perf_counter()
        try:
            frames = renderer.render_all(recipes)
        except Exception as error:
            if len(recipes) == 1:
                log.warning("no thumbnail: %s", _sentence(error))
                self._say("thumbnail_failed", recipes[0])
            for recipe in recipes if len(recipes) > 1 else ():
                self._draw_thumbnails(renderer, [recipe])
            return
        self._pace = max(1e-6, (time.perf_counter() - began) / len(recipes))
        for recipe, frame in zip(recipes, frames, strict=True):
            self._say("thumbnail_ready", recipe, self._remember(recipe, frame.pixels))

    def _open(self, renderer: "Renderer", given: str | Path) -> None:
        try:
            header = read_header(catalog.find(given))
            renderer.load(header.path)
        except Exception as error:
            self._say("model_failed", given, _sentence(error))
        else:
            catalog.remember(given if Path(given).is_dir() else header.path)
            self._say("model_opened", header, given)

    def _collapse(self, renderer: "Renderer", recipe: Recipe) -> None:
        try:
            self._say("collapsed", renderer.collapse(recipe))
        except Exception as error:
            self._say("frame_failed", recipe, _sentence(error))

    def _remember(self, recipe: Recipe, pixels: np.ndarray) -> np.ndarray:
        small = thumbnail_of(pixels)
        with self._wake:
            self._cache[recipe] = small
            self._cache.move_to_end(recipe)
            while len(self._cache) > THUMBNAILS_KEPT:
                self._cache.popitem(last=False)
        return small


@dataclass(frozen=True, slots=True)
class Calls:
    """What a job is called, and what its owner wants to be told."""

    what: str = ""
    done: Callable[[Any], None] | None = None
    failed: Callable[[str], None] | None = None
    cancelled: Callable[[], None] | None = None
    progress: Callable[[Any], None] | None = None


def make_renderer(device: str) -> "Renderer":
    """Import torch and start the renderer; raises whatever a torch that is missing or broken raises."""
    import torch

    from ganviz.render import Renderer

    # One processor is left to the UI thread: torch's threads wait for one another at every operation, so that one of
    # them sharing a processor with something busy slows all of them down many times over.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
    return Renderer(device)


class Unavailable:
    """Stands for a renderer that could not be started: it answers every request with the reason."""

    device = ""

    def __init__(self, message: str) -> None:
        self.message = " ".join(message.split())

    def _refuse(self, *_: Any) -> Any:
        raise GanvizError(self.message)

    load = render = render_all = stream = collapse = _refuse


class RunningJob:
    """The one long job, stepped on the compute thread; its Offloads run on the side thread."""

    def __init__(self, say: Callable[..., None], side: ThreadPoolExecutor, notify: Callable[[], None]) -> None:
        self._say = say
        self._side = side
        self._notify = notify
        self._job: Job[Any] | None = None
        self._future: Future[Any] | None = None
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
            self._say("job_failed", _sentence(error))

    def step(self) -> None:
        """Take the job to its next yield."""
        assert self._job is not None
        future, self._future = self._future, None
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
            self._say("job_failed", _sentence(error))
        else:
            if isinstance(said, Offload):
                self._future = self._side.submit(said)
                self._future.add_done_callback(lambda _: self._notify())
            elif isinstance(said, Progress):
                self._say("job_progress", said)
        self._stepped = time.monotonic()

    def cancel(self) -> None:
        """End the job. One whose side thread is busy is cleaned up there once that is through: pictures do not wait."""
        if self._job is None:
            return
        job, future = self._job, self._future
        if future is None or future.done():
            self.close()
        else:
            self._job = self._future = None
            future.cancel()  # where it has not begun
            future.add_done_callback(lambda _: _close(job))
        self._say("job_cancelled")

    def close(self) -> None:
        """Run the job's clean-up; one that waits for its side thread lets that finish first."""
        if self._job is None:
            return
        if self._future is not None:
            self._future.exception()
        _close(self._job)
        self._job = self._future = None


def _close(job: Job[Any]) -> None:
    """Run a job's clean-up."""
    try:
        job.close()
    except Exception:
        log.exception("a job failed while it was being cancelled")


def thumbnail_of(pixels: np.ndarray) -> np.ndarray:
    """pixels uint8 (H, W, C) scaled down by area average to at most THUMBNAIL a side; smaller ones as they are."""
    longest = max(pixels.shape[:2])
    if longest <= THUMBNAIL:
        return pixels
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    small = np.asarray(image)
    return small[:, :, None] if small.ndim == 2 else small


def _sentence(error: BaseException) -> str:
    """One line for the user; what is not meant for one is logged with its traceback."""
    if isinstance(error, GanvizError):
        return str(error)
    log.error("unexpected error on the compute thread", exc_info=error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "not enough memory for this; close other programs or choose a smaller model"
    return f"something went wrong that should not have ({type(error).__name__}: {error})"
