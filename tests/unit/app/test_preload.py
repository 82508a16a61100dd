import builtins
import subprocess
import sys
from pathlib import Path

from app import preload

ALONE = """
import builtins, sys
from app import preload
import PySide6.QtCore
assert builtins.__import__ is builtins.__feature_import__
preload.import_plainly()
assert builtins.__import__ is not builtins.__feature_import__
thread = preload.begin()
if thread is not None:
    thread.join()
assert "torch" not in sys.modules
loaded = open("/proc/self/maps").read() if sys.platform == "linux" else "libtorch_cpu"
print("libtorch_cpu" in loaded)
import torch
print(float(torch.ones(3).sum()))
"""


def test_torchs_libraries_are_loaded_ahead_of_torch_which_then_works() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=500)
    assert done.stdout.split() == ["True", "3.0"], done.stderr


def test_nothing_is_loaded_where_torch_is_there_already_or_has_no_libraries(tmp_path: Path) -> None:
    assert "torch" in sys.modules or __import__("torch")
    assert preload.begin() is None
    preload._load(tmp_path)


def test_imports_are_plain_also_where_nothing_had_wrapped_them(monkeypatch) -> None:
    monkeypatch.delattr(builtins, "__orig_import__", raising=False)
    before = builtins.__import__
    preload.import_plainly()
    assert builtins.__import__ is before
