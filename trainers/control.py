"""Talking with a run while it goes: signals, lines on stdin when asked for, orders in its folder, and the terminal."""

import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from tqdm import tqdm

from trainers.status import take_order

LOOK_S = 0.2
"""Orders are looked for this often."""


class Control:
    """Whether to stop or pause.

    Lines `pause`, `resume`, `stop`, `detach` are read only with `stdin=True`; then the end of stdin stops the run
    too, unless it was detached, so that no run outlives the program that watches it.

    orders   the run folder where whoever did not start it leaves `pause`, `resume` or `stop`, once there is one
    pausing  is told when a pause begins (True) and ends (False)
    """

    def __init__(self, stdin: bool = False) -> None:
        self.stopping = False
        self.paused = False
        self.orders: Path | None = None
        self.pausing: Callable[[bool], object] = lambda paused: None
        self._look_next = 0.0
        self._detached = False
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.reader: threading.Thread | None = None
        if stdin:
            self.reader = threading.Thread(target=self._read, daemon=True, name="control")
            self.reader.start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line.strip().lower())
        self._lines.put(None)

    def poll(self, wait: float = 0.0) -> None:
        """Take what came in since the last call; with `wait`, sleep up to so many seconds for something to come."""
        try:
            self._take(self._lines.get(timeout=wait) if wait else self._lines.get_nowait())
            while True:
                self._take(self._lines.get_nowait())
        except queue.Empty:
            pass
        if self.orders is not None and time.monotonic() >= self._look_next:
            self._look_next = time.monotonic() + LOOK_S
            self._take(take_order(self.orders))

    def _take(self, line: str | None) -> None:
        if line == "pause":
            self.paused = True
        elif line == "resume":
            self.paused = False
        elif line == "stop" or (line is None and not self._detached):
            self.stopping = True
        elif line == "detach":
            self._detached = True

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask for a stop after the current step; a second one interrupts at once."""
        kinds = [signal.SIGINT, signal.SIGTERM]
        before = {kind: signal.getsignal(kind) for kind in kinds}

        def ask(number: int, frame: FrameType | None) -> None:
            if self.stopping:
                raise KeyboardInterrupt
            self.stopping = True

        if threading.current_thread() is threading.main_thread():
            for kind in kinds:
                signal.signal(kind, ask)
        try:
            yield
        finally:
            if threading.current_thread() is threading.main_thread():
                for kind, handler in before.items():
                    signal.signal(kind, handler)


class Display:
    """A bar with images a second and the time left on a terminal; a plain line now and then in a pipe.

    quiet  show nothing: of several processes one talks
    """

    def __init__(self, every: float = 30.0, live: bool | None = None, quiet: bool = False) -> None:
        live = not quiet and (sys.stderr.isatty() if live is None else live)
        self._quiet = quiet
        layout = "{percentage:3.0f}%|{bar}| {desc}"
        self._bar = tqdm(total=1.0, bar_format=layout, leave=False) if live else None
        self._every = 0.1 if live else every
        self._next = time.monotonic() + self._every / 6
        self._marks: list[tuple[float, int]] = []

    def line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        self._say(text)

    def loading(self, done: int, total: int) -> None:
        """Progress of preparing the data set."""
        text = f"preparing {done:,} of {total:,} images"
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        if self._bar is not None:
            self._bar.n = done / total
            self._bar.set_description_str(text)
        else:
            self._say(text)

    def speed(self, seconds: float, seen: int) -> float:
        """Images a second over about the last half minute."""
        self._marks.append((seconds, seen))
        while len(self._marks) > 2 and seconds - self._marks[0][0] > 30:
            self._marks.pop(0)
        (before, had), (now, have) = self._marks[0], self._marks[-1]
        return (have - had) / (now - before) if now > before else 0.0

    def show(self, share: float, seen: int, seconds: float, losses: str) -> None:
        speed = self.speed(seconds, seen)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        left = f", {_span(seconds * (1 - share) / share)} left" if share > 0 else ""
        text = f"{seen:,} images, {speed:.0f} images/s{left}, {losses}"
        if self._bar is not None:
            self._bar.n = share
            self._bar.set_description_str(text)
        else:
            self._say(text)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _say(self, text: str) -> None:
        if self._quiet:
            return
        try:
            click.echo(text, err=True)
        except BrokenPipeError:
            pass  # whoever watched has gone, as after `detach`; the training goes on without


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
