"""What the window asks of the compute thread, and what comes back.

The window leaves the newest recipe in a mailbox of one; what was there before and has not been begun is forgotten. A
picture that takes long is first shown as a preview, and becomes exact once the control rests; a newer recipe goes first
between any two stages of that.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from app.compute_thread import ComputeThread
from app.mailbox import Mailbox, MakeJob
from app.running_job import Calls, sentence
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.render import Renderer


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
        self._job_running = False
        self._job = Calls()
        self.answered.connect(lambda done, value: done(value))
        self._mailbox = Mailbox()
        self._thread = ComputeThread(self._mailbox, self._say, device)

    def start(self) -> None:
        """Start the thread; torch is imported then."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, closing a running job cleanly; returns when it has ended."""
        self._thread.stop()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        return self._thread.is_idle

    @property
    def job_running(self) -> bool:
        """Whether a job was started and its end has not been delivered yet."""
        return self._job_running

    def set_frame_time(self, seconds: float | None) -> None:
        """From the next picture on, show a preview where the exact one takes longer than this; None: no previews."""
        self._mailbox.frame_s = seconds

    def request(self, recipe: Recipe) -> None:
        """Draw this recipe next, in place of any that waits."""
        self._mailbox.want(recipe)

    def open_model(self, given: str | Path) -> None:
        """Load a MODEL (file, run folder or name); answers with model_opened or model_failed."""
        self._mailbox.call(lambda renderer: self._thread.open(renderer, given), opening=True)

    def collapse(self, recipe: Recipe) -> None:
        """Make one vector of a latent that has been combined from very many; answers with `collapsed`."""
        self._mailbox.call(lambda renderer: self._thread.collapse(renderer, recipe))

    def want_thumbnails(self, channel: str, recipes: Iterable[Recipe]) -> None:
        """Draw small pictures of these recipes when there is time, in place of what this channel waited for."""
        for recipe, pixels in self._thread.thumbnails.want(channel, recipes):
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

        self._mailbox.call(call)

    def start_job(
        self,
        make: MakeJob,
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
            self.said.emit(said, "info")  # it is no longer true before long, and goes by itself
            return False
        self._job_running = True
        self._job = Calls(what, done, failed, cancelled, progress)
        self.job_began.emit(what)
        self._mailbox.begin_job(make)
        return True

    def cancel_job(self) -> None:
        """Close the running job at its next step; answers with job_cancelled."""
        self._mailbox.cancel_job()

    def _on_deliver(self, signal: Any, arguments: tuple[Any, ...]) -> None:
        name = str(signal)
        job = self._job
        if name in ("job_done", "job_failed", "job_cancelled"):
            self._job_running, self._job = False, Calls()
        getattr(self, name).emit(*arguments)
        if name in ("model_opened", "model_failed"):
            self._mailbox.opened()  # thumbnails have waited for the picture to be asked for
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

    def _say(self, name: str, *arguments: Any) -> None:
        """Have a signal emitted; called on any thread."""
        self._deliver.emit(name, arguments)
