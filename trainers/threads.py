"""How many processor threads to train with: as many as are measured to be fastest.

More is not always faster. Beside another busy program, threads that wait for one another at every operation can make
two threads thirty times slower than one, and the other program comes and goes while a training runs.
"""

from collections.abc import Callable

import torch

from trainers.run import default_threads

FIRST_PROBE = 20.0
"""Seconds of training before the first measurement."""
BETWEEN_PROBES = 300.0
PROBE = 6.0
"""Seconds of training that a thread count is measured for."""


class Threads:
    """Measures images a second with half as many, as many and twice as many threads now and then; keeps the best.

    asked   a number that is kept as it is; 0: find out
    follow  False keeps the first number too: with the same number, on a processor, a run repeats bit for bit
    """

    def __init__(
        self, asked: int, follow: bool, cores: int, apply: Callable[[int], None] = torch.set_num_threads
    ) -> None:
        self.count = default_threads(asked)
        self._fixed = asked > 0 or not follow or cores < 2
        self._cores = cores
        self._apply = apply
        self._next = FIRST_PROBE
        self._waiting: list[int] = []
        self._speeds: dict[int, float] = {}
        self._began: tuple[float, int] | None = None
        apply(self.count)

    def step(self, seconds: float, seen: int) -> None:
        """Call after each step with the seconds of training so far, pauses left out, and the images seen."""
        if self._fixed:
            return
        if self._waiting:
            self._measure(seconds, seen)
        elif seconds >= self._next:
            self._speeds = {}
            self._waiting = sorted({max(1, self.count // 2), self.count, min(self._cores, 2 * self.count)})
            self._try(self._waiting[0])

    def _try(self, count: int) -> None:
        self._apply(count)
        self._began = None  # the step that follows is not counted: it starts or stops threads

    def _measure(self, seconds: float, seen: int) -> None:
        if self._began is None:
            self._began = (seconds, seen)
            return
        since, before = self._began
        if seconds - since < PROBE:
            return
        self._speeds[self._waiting.pop(0)] = (seen - before) / (seconds - since)
        if self._waiting:
            self._try(self._waiting[0])
            return
        # Of equals the fewest: they leave the rest of the machine usable.
        self.count = max(self._speeds, key=lambda count: (round(self._speeds[count], 1), -count))
        self._apply(self.count)
        self._next = seconds + BETWEEN_PROBES
