"""What makes `import torch` shorter for who waits for the first picture.

Most of what `import torch` waits for at first is the system's loader, which needs neither the interpreter nor its
lock. So on Linux a side thread asks for the libraries before the first paint; the import itself, which does need the
lock, comes after it, and finds them there.
"""

import builtins
import ctypes
import logging
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

log = logging.getLogger(__name__)

LIBRARIES = (("libtorch_global_deps.so", os.RTLD_GLOBAL if sys.platform == "linux" else 0), ("libtorch_cpu.so", 0))
"""In the order and the way in which torch itself loads them."""


def import_plainly() -> None:
    """Take PySide6's wrapper off Python's import statement.

    For the sake of `from __feature__ import ...`, which nothing here uses, it reads the source of every module that is
    imported afterwards: a sixth of the time that torch takes.
    """
    plain = getattr(builtins, "__orig_import__", None)
    if plain is not None:
        builtins.__import__ = plain


def begin() -> threading.Thread | None:
    """Start loading the libraries beside what comes next; None where there is nothing to load or no need."""
    if sys.platform != "linux" or "torch" in sys.modules:
        return None
    spec = find_spec("torch")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        return None
    thread = threading.Thread(target=_load, args=(Path(folders[0], "lib"),), name="preload", daemon=True)
    thread.start()
    return thread


def _load(folder: Path) -> None:
    loader = ctypes.CDLL(None)  # dlopen called through it, unlike CDLL itself, lets go of the interpreter's lock
    loader.dlopen.restype = ctypes.c_void_p
    loader.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
    for name, how in LIBRARIES:
        path = folder / name
        if path.is_file() and not loader.dlopen(os.fsencode(path), os.RTLD_LAZY | how):
            log.info("%s: not loaded ahead; torch will say why", path)
