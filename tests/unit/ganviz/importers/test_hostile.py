"""Whatever a file holds: nothing runs, nothing is written elsewhere, memory and time stay bounded, the end is clear."""

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
SECONDS = 10.0
PIECE = 1024
PATIENCE_S = 600
"""A dozen seconds of work, on a machine that may be busy with other things."""
MUTATIONS = 300
"""tests/benchmarks/measure_mutations.py goes through ten thousand."""

pytestmark = pytest.mark.timeout(PATIENCE_S + 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, layouts: ModuleType) -> Path:
    """Hostile files, whole ones cut short at every kilobyte, and whole ones changed at random."""
    folder = tmp_path_factory.mktemp("files")
    spec = importlib.util.spec_from_file_location("ganviz_hostile", HERE / "hostile.py")
    assert spec is not None and spec.loader is not None
    hostile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hostile)
    for name, raw in hostile.corpus():
        (folder / f"hostile-{name}").write_bytes(raw)
    made = tmp_path_factory.mktemp("whole")
    originals = {name: layout.make(made, name).read_bytes() for name, layout in layouts.LAYOUTS.items()}
    for name, raw in originals.items():
        for length in (1, 2, 9, *range(PIECE, len(raw), PIECE), len(raw) - 1):
            (folder / f"cut-{name}-{length}").write_bytes(raw[:length])
    chance = random.Random(5)
    for k in range(MUTATIONS):
        (folder / f"mutated-{k}").write_bytes(layouts.mutated(chance.choice(list(originals.values())), chance))
    return folder


@pytest.fixture(scope="module")
def results(folder: Path, tmp_path_factory: pytest.TempPathFactory, layouts: ModuleType) -> dict[str, list]:
    """What became of each of them, converted one after another in a process of their own."""
    work = tmp_path_factory.mktemp("work")
    warm, out = work / "warm", work / "out"
    warm.mkdir()
    out.mkdir()
    for name, layout in layouts.LAYOUTS.items():
        layout.make(warm, name)
    command = [sys.executable, str(HERE / "endure.py"), str(warm), str(folder), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=work, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not list(work.rglob("ganviz-ran-it")) and not list(folder.rglob("ganviz-ran-it"))
    assert {path.name for path in out.iterdir()} <= {"out.safetensors"}
    return json.loads(done.stdout)


def of(results: dict[str, list], kind: str) -> dict[str, list]:
    return {name: result for name, result in results.items() if name.startswith(kind)}


def complaints(results: dict[str, list], folder: Path) -> list[str]:
    """Files that took too long or too much, did something, or ended without a clear message."""
    found = []
    for name, (message, seconds, megabytes, events) in results.items():
        size = (folder / name).stat().st_size / 1e6
        unclear = message.startswith("not clear") or (message and name not in message) or not message.isprintable()
        if unclear or len(message) > 2000 or seconds > SECONDS or megabytes > 2 * size + 200 or events:
            found.append(f"{name}: {message[:300]!r} {seconds:.1f} s {megabytes:.0f} MB of {size:.0f} {events[:3]}")
    return found


def test_hostile_files_do_nothing_and_end_in_a_clear_message(results, folder: Path) -> None:
    hostile = of(results, "hostile")
    assert len(hostile) > 150
    assert complaints(hostile, folder) == []
    assert [name for name, (message, *_) in hostile.items() if not message] == [], "nothing here is a checkpoint"
    said = "\n".join(message for message, *_ in hostile.values())
    for words in ("cut short", "damaged", "refused", "known formats", "it also wanted os.system, which was not run"):
        assert words in said, words


def test_files_cut_short_at_every_kilobyte_end_in_a_clear_message(results, folder: Path) -> None:
    cut = of(results, "cut")
    assert len(cut) > 100 and complaints(cut, folder) == []
    assert [name for name, (message, *_) in cut.items() if not message] == [], "none is whole"


def test_mutated_files_end_in_a_clear_message_or_a_checkpoint(results, folder: Path) -> None:
    changed = of(results, "mutated")
    assert len(changed) == MUTATIONS and complaints(changed, folder) == []
    assert any(message for message, *_ in changed.values()) and not all(message for message, *_ in changed.values())


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen"])
def test_what_a_file_wanted_is_told(tmp_path: Path, name: str) -> None:
    from ganviz.importers.reader import read

    module, _, qualified = name.rpartition(".")
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02c" + f"{module}\n{qualified}\n".encode() + b")R.")
    source = read(tmp_path / "a.pkl")
    assert source.wants == (name,) and source.tree.name == name
