"""What the monkey watches besides its window: how long the UI thread is held up, by what, and the memory in use."""

import ctypes
import faulthandler
import json
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

STALL_S = 0.2


def kept_waiting() -> float:
    """Seconds that this thread has been ready to run while others had the processor; 0 where that is not told."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return 0.0


def in_system() -> float:
    """Seconds of this thread's processor time that were the system's: faults of pages, files."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_stime if sys.platform == "linux" else 0.0


def taken_away() -> list[float]:
    """Seconds that the host of this virtual machine has kept each processor to itself; empty where that is not told.

    For that time neither a thread's own clock nor its waiting for a processor goes on.
    """
    try:
        with open("/proc/stat", "rb") as file:
            lines = [line.split() for line in file if line[:3] == b"cpu" and line[3:4].isdigit()]
    except OSError:
        return []
    return [int(line[8]) / os.sysconf("SC_CLK_TCK") for line in lines]


class Stalls:
    """How long the UI thread was held up between two ticks of the driver, and by what."""

    def __init__(self) -> None:
        self.since: float | None = None  # None until the first picture, and while the driver means to wait
        self.found: list[dict[str, Any]] = []
        self.waited: list[dict[str, Any]] = []  # over the bar on the wall, but only because others had the processor
        self.worst = 0.0
        self._cpu = self._kept = self._system = 0.0
        self._away: list[float] = []
        self._stack: list[str] = []
        self._main = threading.main_thread().ident
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self) -> None:
        self._cpu, self._kept, self._stack = time.thread_time(), kept_waiting(), []
        self._system = in_system()
        self._away = taken_away()
        self.since = time.perf_counter()

    def end(self, doing: str) -> None:
        if self.since is None:
            return
        wall, cpu = time.perf_counter() - self.since, time.thread_time() - self._cpu
        self.since = None
        kept = away = system = 0.0
        if wall > STALL_S:
            kept = kept_waiting() - self._kept
            system = in_system() - self._system
            # Of the processors the one that was away longest: this thread was on it, or waited for one that was.
            away = max((now - then for now, then in zip(taken_away(), self._away, strict=True)), default=0.0)
        held = wall - kept - away
        self.worst = max(self.worst, held)
        if wall > STALL_S:
            found = self.found if held > STALL_S else self.waited
            times = {"ms": wall, "cpu_ms": cpu, "system_ms": system, "kept_ms": kept, "away_ms": away}
            said = {name: round(seconds * 1000) for name, seconds in times.items()}
            found.append({**said, "doing": doing, "stack": self._stack[-6:]})
            if found is self.found:
                print("stall:", json.dumps(found[-1]), file=sys.stderr, flush=True)

    def _watch(self) -> None:
        while True:
            time.sleep(0.05)
            since = self.since
            if since is not None and not self._stack and time.perf_counter() - since > STALL_S * 0.6:
                self._stack = _stack_of(self._main or 0)


def _stack_of(thread: int) -> list[str]:
    """Where a thread is, in lines, from the outside in.

    Written by the interpreter while nothing else runs, and not read from the thread's frames: a frame that is held
    while its thread goes on lets the widgets in it die on the thread that holds it.
    """
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        said = file.read().decode("utf-8", "replace")
    for part in said.split("\n\n"):
        title, *lines = part.splitlines()
        if f"{thread:#018x}" in title:
            return [_place_of(line) for line in reversed(lines) if line.startswith("  File ")]
    return []


def _place_of(line: str) -> str:
    """`window.py:12 show` of `  File "app/window.py", line 12 in show`."""
    path, rest = line.removeprefix('  File "').split('", line ')
    number, name = rest.split(" in ", 1)
    return f"{Path(path).name}:{number} {name}"


class HeapFigures(ctypes.Structure):
    """What mallinfo2(3) returns, in bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "mapped", "usmblks", "fsmblks", "used", "free", "keepcost")
    ]


def in_use() -> str:
    """What of the memory is in use, as far as the C library and Python tell, in words."""
    said = f"{sys.getallocatedblocks() / 1e6:.2f} million of Python's blocks"
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is not None:
        mallinfo.restype = HeapFigures
        heap = mallinfo()
        said = f"{(heap.mapped + heap.used) / 1e6:.0f} of the heap and {heap.free / 1e6:.0f} free in it, {said}"
    return said
