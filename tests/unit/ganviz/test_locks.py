"""Two windows at once, in as many processes as it takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from ganviz import catalog, locks
from ganviz.locks import locked, try_lock

REMEMBER = """
import sys
from ganviz import catalog
catalog.bundled = lambda: []
sys.stdin.readline()
for k in range(8):
    catalog.remember(f"{sys.argv[1]}/{sys.argv[2]}-{k}.safetensors")
"""


def test_recent_models_of_two_windows_at_once_are_all_kept(tmp_path: Path, home: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", REMEMBER, str(tmp_path), name], stdin=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.close()
    assert [child.wait(timeout=500) for child in children] == [0, 0]
    assert {path.stem for path in catalog._recent_paths()} == {f"{name}-{k}" for name in "ab" for k in range(8)}


def test_a_lock_that_cannot_be_had_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE_S", 0.05)
    held = try_lock(tmp_path / ".list.json.lock")
    assert held is not None
    done = []
    with locked(tmp_path / "list.json"):
        done.append("while another holds it")
    held.close()
    with locked(tmp_path / "missing" / "list.json"):
        done.append("where there is no folder")
    assert len(done) == 2


def test_a_lock_is_let_go_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "list.json"):
        raise ZeroDivisionError
    with locked(tmp_path / "list.json"):
        assert try_lock(tmp_path / ".list.json.lock") is None
