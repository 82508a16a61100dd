"""How much memory this process holds, and giving back what it holds without use. No torch."""

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import Any


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


@cache
def _trim() -> Any:
    """The C library's malloc_trim, which only the GNU one has."""
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
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
