"""The compute thread: the only thread that runs a network while exploring.

It owns the Renderer. The window leaves the newest recipe in a mailbox of one; what was there before and has not
been begun is forgotten. A picture that takes long is first shown as a preview, and becomes exact once the control
rests; a newer recipe goes first between any two stages of that. Priorities, looked at anew after each step: the
current picture, opening a model, refining the current picture, thumbnails, then one step of the running job, which has
its turn now and then even while the others never end. torch is imported here, after the window has been painted.
"""

import logging
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal

from app.running_job import Calls, RunningJob, sentence
from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.jobs import Job
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.drawing import Drawing
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

THUMBNAIL = 128
"""Longest side of a thumbnail in pixels."""
THUMBNAILS_KEPT = 1024
THUMBNAILS_S = 0.05
"""Thumbnails are drawn together as long as a newer picture need not wait longer than this for them."""
MOST_AT_ONCE = 16
FRAME_S = 0.033
"""What moves should be seen after this time, if need be as a preview."""
MOVING_S = 0.25
"""Recipes that follow one another within this time are one movement."""
GAPS, HOLD_S = 2.0, 0.1
"""Before the last picture of a movement is refined the next one is waited for: so many times as long as it took from
the one before, and at most this long."""
IDLE_S = 1.0
"""When there has been nothing to do for so long, previews of slow models are made better."""
SWITCH_S = 0.0001
"""A thread that wants Python's lock gets it after this time. A network asks for it again between any two of its
operations, and at the usual 5 ms would wait for the panels to be done with what a slider has changed."""
SAVE_S = 60.0
"""Measured times are written this often at most, and at the end."""


class Compute(QObject):
    """Hands work to the compute thread. All methods are called on the UI thread, all signals arrive there.

    Signals:
        started(device): torch is imported and the renderer is there
        unavailable(message): it cannot be; every request is answered with this line from now on
        frame_ready(frame): a Frame for a recipe that was requested: previews, where it takes long, then the exact one
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
        self._asked = self._gap = float("-inf")  # when the newest recipe came, and how long after the one before
        self._drawing: Drawing | None = None  # the picture that is being drawn or waits to be refined
        self._passed_over = False  # whether the drawing before was given up without a picture
        self._aside: tuple[Recipe, Drawing] | None = None  # a thumbnail that takes long
        self._lesson: Iterator[None] | None = None
        self._lesson_of = self._failing = ""  # digests
        self._saved = time.monotonic()
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
            waits = self._aside is not None or any(self._thumbnails.values())
            return not (self._busy or self._has_work() or waits)

    @property
    def job_running(self) -> bool:
        """Whether a job was started and its end has not been delivered yet."""
        return self._job_running

    def request(self, recipe: Recipe) -> None:
        """Draw this recipe next, in place of any that waits."""
        with self._wake:
            now = time.monotonic()
            gap, self._asked = now - self._asked, now
            # One that came quickly, as when this thread was held up, does not make the movement a faster one.
            self._gap = max(gap, min(self._gap, MOVING_S) / 2) if gap < MOVING_S else gap
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
                self._say("answered", failed or self._tell, sentence(error))
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
            or ((self._aside is not None or any(self._thumbnails.values())) and not self._opening)
            or self._new_job is not None
        )

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
            job = RunningJob(self._say, side, self._notify)
            while self._step(renderer, job):
                pass
            job.close()
        renderer.save_measurements()

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify()

    def _step(self, renderer: "Renderer", job: "RunningJob") -> bool:
        """Wait for work and do one piece of it; False once the thread is to end."""
        with self._wake:
            idle = False
            while not (self._stopping or self._is_ready(job) or idle):
                self._busy = self._drawing is not None
                patience = self._rests_in() if self._busy else None if self._lesson is None else self._idle_in()
                idle = not self._wake.wait(patience) and not self._busy
            if self._stopping:
                return False
            self._busy = self._busy or not idle
            wanted, self._wanted = self._wanted, None
            call = self._calls.popleft() if wanted is None and self._calls else None
            refine = wanted is None and call is None and self._rests_in() == 0
            moving = self._drawing is not None
            thumbnails = self._next_thumbnails() if wanted is None and call is None and not moving else []
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
        elif refine:
            self._go_on(renderer)
        elif thumbnails:
            self._draw_thumbnails(renderer, thumbnails)
        elif job.can_step and not moving:
            job.step()
        elif idle:
            self._learn()
        if job.is_due:
            job.step()
        return True

    def _is_ready(self, job: RunningJob) -> bool:
        """Whether there is something to do now. While a movement is waited for, only what cannot wait counts."""
        if self._wanted is not None or self._calls or self._new_job is not None or (self._cancel and job.running):
            return True
        rests_in = self._rests_in()
        return rests_in == 0 or (rests_in is None and (self._has_work() or job.can_step))

    def _rests_in(self) -> float | None:
        """Seconds until the picture that was shown as a preview may be refined; None where there is none.

        While recipes come one after the other, the next one is waited for.
        """
        if self._drawing is None:
            return None
        if self._gap >= MOVING_S or self._drawing.left < FRAME_S:
            return 0.0
        return max(0.0, self._asked + min(HOLD_S, GAPS * self._gap) - time.monotonic())

    def _idle_in(self) -> float:
        """Seconds until what is done when there is nothing to do may go on."""
        return max(0.0, self._asked + IDLE_S - time.monotonic())

    def _next_thumbnails(self) -> list[Recipe]:
        """As many of the first channel that waits as can be drawn without keeping a newer picture waiting."""
        if self._opening:
            return []
        if self._aside is not None:
            return [self._aside[0]]
        for waiting in self._thumbnails.values():
            if waiting:
                count = min(len(waiting), MOST_AT_ONCE, max(1, int(THUMBNAILS_S / self._pace)))
                return [waiting.popleft() for _ in range(count)]
        return []

    def _draw(self, renderer: "Renderer", recipe: Recipe) -> None:
        """Begin to draw a recipe, and go on until it can be shown."""
        try:
            self._drawing = renderer.drawing(recipe, FRAME_S, moving=self._gap < MOVING_S)
        except Exception as error:  # whatever went wrong, the thread goes on and the user is told
            self._drawing = None
            self._say("frame_failed", recipe, sentence(error))
        else:
            self._go_on(renderer)

    def _go_on(self, renderer: "Renderer") -> None:
        """Draw on, up to a preview or to the end, or until something newer goes first."""
        drawing = self._drawing
        assert drawing is not None
        try:
            while not drawing.done:
                frame = drawing.step()
                if frame is not None:
                    self._passed_over = False
                    self._say("frame_ready", frame)
                    if not frame.exact:
                        return
                    self._remember(drawing.recipe, frame.pixels)
                elif self._goes_first(drawing):
                    return
        except Exception as error:  # whatever went wrong, the thread goes on and the user is told
            self._drawing = None
            self._say("frame_failed", drawing.recipe, sentence(error))
            return
        self._drawing = None
        digest = drawing.recipe.model.digest
        if self._failing != digest and (self._lesson is None or self._lesson_of != digest):
            self._lesson, self._lesson_of = renderer.learning(drawing.recipe, FRAME_S), digest
        if time.monotonic() - self._saved > SAVE_S:
            self._saved = time.monotonic()
            renderer.save_measurements()

    def _goes_first(self, drawing: "Drawing") -> bool:
        """Whether something goes before the next stage of the picture.

        What cannot be shown soon gives way to a newer recipe; but not twice in a row, or nothing would be seen as long
        as a control moves.
        """
        if self._stopping or (drawing.shown and self._calls):
            return True
        if self._wanted is None or not (drawing.shown or (drawing.till_shown > FRAME_S and not self._passed_over)):
            return False
        self._passed_over = not drawing.shown
        self._drawing = None
        return True

    def _learn(self) -> None:
        """Go one step on with what makes previews of a slow model better."""
        try:
            if self._lesson is not None and next(self._lesson, self) is self:
                self._lesson = None
        except Exception:
            log.exception("previews of a slow model cannot be made better")
            self._lesson, self._failing = None, self._lesson_of

    def _draw_thumbnails(self, renderer: "Renderer", recipes: list[Recipe]) -> None:
        """Draw several as one batch: for small networks, which mostly wait for the processor, twice as fast."""
        for recipe in [recipe for recipe in recipes if recipe in self._cache]:  # drawn since they were asked for
            self._say("thumbnail_ready", recipe, self._cache[recipe])
            recipes = [other for other in recipes if other != recipe]
            self._aside = None
        if not recipes:
            return
        if len(recipes) == 1 and (self._aside is not None or self._pace > THUMBNAILS_S):
            self._draw_aside(renderer, recipes[0])
            return
        began = time.perf_counter()
        try:
            frames = renderer.render_all(recipes)
        except Exception as error:
            if len(recipes) == 1:
                log.warning("no thumbnail: %s", sentence(error))
                self._say("thumbnail_failed", recipes[0])
            for recipe in recipes if len(recipes) > 1 else ():
                self._draw_thumbnails(renderer, [recipe])
            return
        self._pace = max(1e-6, (time.perf_counter() - began) / len(recipes))
        for recipe, frame in zip(recipes, frames, strict=True):
            self._say("thumbnail_ready", recipe, self._remember(recipe, frame.pixels))

    def _draw_aside(self, renderer: "Renderer", recipe: Recipe) -> None:
        """Draw a thumbnail that takes long; it is put by between two stages where there is something else to do."""
        try:
            drawing = self._aside[1] if self._aside is not None else renderer.drawing(recipe, aside=True)
            self._aside = (recipe, drawing)
            while not drawing.done:
                frame = drawing.step()
                if frame is not None:
                    self._pace = max(1e-6, frame.ms / 1000)
                    self._say("thumbnail_ready", recipe, self._remember(recipe, frame.pixels))
                elif self._stopping or self._wanted is not None or self._calls:
                    return
        except Exception as error:
            log.warning("no thumbnail: %s", sentence(error))
            self._say("thumbnail_failed", recipe)
        self._aside = None

    def _open(self, renderer: "Renderer", given: str | Path) -> None:
        try:
            header = read_header(catalog.find(given))
            renderer.load(header.path)
        except Exception as error:
            self._say("model_failed", given, sentence(error))
        else:
            catalog.remember(given if Path(given).is_dir() else header.path)
            self._say("model_opened", header, given)

    def _collapse(self, renderer: "Renderer", recipe: Recipe) -> None:
        try:
            self._say("collapsed", renderer.collapse(recipe))
        except Exception as error:
            self._say("frame_failed", recipe, sentence(error))

    def _remember(self, recipe: Recipe, pixels: np.ndarray) -> np.ndarray:
        small = thumbnail_of(pixels)
        with self._wake:
            self._cache[recipe] = small
            self._cache.move_to_end(recipe)
            while len(self._cache) > THUMBNAILS_KEPT:
                self._cache.popitem(last=False)
        return small


def make_renderer(device: str) -> "Renderer":
    """Import torch and start the renderer; raises whatever a torch that is missing or broken raises."""
    import torch

    from ganviz.render import Renderer

    sys.setswitchinterval(SWITCH_S)
    # One processor is left to the UI thread: torch's threads wait for one another at every operation, so that one of
    # them sharing a processor with something busy slows all of them down many times over.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
    renderer = Renderer(device)
    renderer.keep_measurements()
    return renderer


class Unavailable:
    """Stands for a renderer that could not be started: it answers every request with the reason."""

    device = ""

    def __init__(self, message: str) -> None:
        self.message = " ".join(message.split())

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise GanvizError(self.message)

    load = render = drawing = render_all = stream = collapse = _refuse

    def save_measurements(self) -> None:
        """There are none."""


def thumbnail_of(pixels: np.ndarray) -> np.ndarray:
    """pixels uint8 (H, W, C) scaled down by area average to at most THUMBNAIL a side; smaller ones as they are."""
    longest = max(pixels.shape[:2])
    if longest <= THUMBNAIL:
        return pixels
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    small = np.asarray(image)
    return small[:, :, None] if small.ndim == 2 else small
