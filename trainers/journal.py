"""What every loop does beside training: counting, logging, keeping time, taking orders, noticing that it broke."""

import math
import os
from collections.abc import Mapping
from typing import Any

from ganviz.errors import GanvizError
from ganviz.memory import memory_bytes
from trainers import distributed
from trainers.control import Control, Display
from trainers.run import Clock, Run, share_done
from trainers.threads import Threads

LOG_STEPS = 50


class Journal:
    """Counters of a run and what follows from them.

    seen    images that D was shown, which is what budgets and schedules count
    step    steps of G

    Several processes come to the same answers: by the first one's clock, and a stop in one is a stop in all.
    """

    def __init__(self, run: Run, control: Control, display: Display) -> None:
        self.seen = 0
        self.step = 0
        self.clock = Clock()
        self._sums: dict[str, float] = {}
        self._next_snapshot = self._next_preview = 0.0
        self._run = run
        self._config = run.config
        self._control = control
        self._display = display
        follow = run.config.images == 0 and distributed.size() == 1  # together they would measure one another
        self._threads = Threads(run.config.threads, follow, os.cpu_count() or 1)
        self._set_dates(first=True)
        self._agree()

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Go on from what `counters` gave; the log forgets what came after."""
        self.seen, self.step, self._sums = counters["seen"], counters["step"], dict(counters["sums"])
        self.clock = Clock(counters["seconds"])
        if distributed.rank() == 0:
            self._run.trim_log(self.seen)
        self._set_dates(first=True)
        self._agree()

    def counters(self) -> dict[str, Any]:
        return {"seen": self.seen, "step": self.step, "sums": self._sums, "seconds": self.clock.seconds}

    @property
    def share(self) -> float:
        """How much of the budget is used, 0 to 1."""
        return share_done(self._config, self.seen, self._seconds)

    @property
    def going_on(self) -> bool:
        return self.share < 1 and not self._stopping

    def note(self, values: Mapping[str, float], state: Mapping[str, float]) -> None:
        """Count a step of G: `values` are averaged between log lines, `state` is logged as it stands.

        Raises GanvizError where a value is not finite.
        """
        self.step += 1
        self._threads.step(self.clock.seconds, self.seen)
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        if not all(map(math.isfinite, [*self._sums.values(), *state.values()])):
            last = self._run.newest_snapshot()
            kept = f"the last good snapshot is {last}" if last else "there is no snapshot yet"
            raise GanvizError(
                f"training stopped after {self.seen} images: the loss is no longer a finite number; {kept}; "
                "try a lower --lr-g and --lr-d, or --precision float32"
            )
        if self.step % LOG_STEPS == 0:
            means = {name: value / LOG_STEPS for name, value in self._sums.items()}
            speed = self._display.speed(self.clock.seconds, self.seen)
            clock = {
                "seconds": self.clock.seconds,
                "images_per_second": speed,
                "threads": self._threads.count,
                "memory_mb": memory_bytes() / 1e6,
            }
            if distributed.rank() == 0:
                self._run.log({"images": self.seen, "step": self.step, **means, **state}, clock)
            self._sums = dict.fromkeys(self._sums, 0.0)
        text = f"D {values['loss_d']:.3f} G {values['loss_g']:.3f}"
        self._display.show(self.share, self.seen, self.clock.seconds, text)

    def due(self) -> str | None:
        """ "snapshot", "preview" or None: what the clock asks for now; of several processes, the first."""
        now = self.clock.seconds
        if distributed.rank() > 0:
            return None
        if now >= self._next_snapshot:
            self._set_dates()
            return "snapshot"
        if now >= self._next_preview:
            self._next_preview = now + 60 * self._config.preview_minutes
            return "preview"
        return None

    def obey(self) -> None:
        """Take orders; return when it goes on or ends."""
        self._control.poll()
        self._agree()
        pausing = self._paused and not self._stopping
        if pausing:
            self._control.pausing(True)
        while self._paused and not self._stopping:
            self.clock.pause()
            self._control.poll(wait=0.2)
            self._agree()
        self.clock.go_on()
        if pausing:
            self._control.pausing(False)

    def _agree(self) -> None:
        """Learn what holds for all processes until the next call, whatever this one is told meanwhile."""
        self._stopping, self._paused, self._seconds = distributed.agree(
            self._control.stopping, self._control.paused, self.clock.seconds
        )

    def _set_dates(self, first: bool = False) -> None:
        """When the next snapshot and preview are due; the first ones within a minute, so that a run can be opened."""
        now, config = self.clock.seconds, self._config
        soonest = 60.0 if first else math.inf
        self._next_snapshot = now + min(60 * config.snapshot_minutes, soonest)
        self._next_preview = now + min(60 * config.preview_minutes, soonest)
