"""How much memory this process holds, keeping what was freed for later, and giving it back. No torch."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""What mallopt(3) calls the settings."""
KEPT = 512 << 20
"""Free memory that is kept at most, in bytes."""


def memory_bytes() -> int:
    """Memory that this process holds now; its peak where the system does not tell the present."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        import resource

        return int(statm.read_text().split()[1]) * resource.getpagesize()
    if sys.platform == "win32":
        return _windows_memory()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def give_back() -> bool:
    """Return to the system what was freed but is still held for later; whether this system can be asked to.

    Some ten milliseconds after much work, none soon after another call. What is used next has to be fetched anew, so
    that it is for the end of long work, not for between two pictures.
    """
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True


def keep_freed() -> bool:
    """Have what is freed kept for what is asked for next; whether that is in force.

    The activations of one large picture are freed and asked for again with the next one. Given back to the system in
    between, all their pages have to be cleared anew each time: at 1024 px a quarter to a half of the processor time.
    To be called before there are threads, since memory is kept by thread unless it is shared. Whoever has set glibc's
    own variables has decided otherwise. `give_back` works as before; whoever has nothing more to draw calls it.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None or any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return False
    return all(mallopt(*setting) for setting in ((ARENA_MAX, 1), (MMAP_THRESHOLD, 1 << 30), (TRIM_THRESHOLD, KEPT)))


@cache
def _trim() -> Any:
    return _of_glibc("malloc_trim")


def _of_glibc(name: str) -> Any:
    """A function of the C library that only the GNU one has; None elsewhere."""
    try:
        return getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):  # TypeError: on Windows no library goes by no name
        return None


def _windows_memory() -> int:
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", wintypes.DWORD), ("faults", wintypes.DWORD)] + [
            (name, ctypes.c_size_t) for name in ("peak", "working", "a", "b", "c", "d", "pagefile", "peak_pagefile")
        ]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    process = ctypes.windll.kernel32.GetCurrentProcess()  # type: ignore[attr-defined]
    ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)  # type: ignore[attr-defined]
    return int(counters.working)
