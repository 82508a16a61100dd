import json
import math
from pathlib import Path

import pytest

from ganviz.paces import KEPT, Pace, Paces


def test_one_hiccup_is_no_new_pace_and_a_faster_machine_soon_is() -> None:
    pace = Pace()
    assert pace.of("0") == math.inf
    pace.note("0", 0.010)
    pace.note("0", 5.0)
    assert pace.of("0") < 0.02
    for _ in range(10):
        pace.note("0", 0.001)
    assert pace.of("0") == pytest.approx(0.001, rel=0.1)


def test_paces_are_kept_between_runs_those_used_last(tmp_path: Path) -> None:
    path = tmp_path / "paces.json"
    paces = Paces(path)
    for k in range(KEPT + 5):
        paces.of(f"model {k} cpu").note("0", 0.001 * (k + 1))
    paces.of("model 0 cpu")
    paces.save()
    again = Paces(path)
    assert again.of(f"model {KEPT + 4} cpu").of("0") == pytest.approx(0.001 * (KEPT + 5), rel=0.05)
    assert again.of("model 1 cpu").of("0") == math.inf
    before = path.stat().st_mtime_ns
    again.save()
    assert path.stat().st_mtime_ns == before, "nothing has changed"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"seconds": 3}',
        b'{"seconds": {"a": [1]}}',
        b'{"seconds": {"a": {"0": "x", "1": -1, "2": NaN, "3": true, "4": 1e99}}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_costs_nothing_but_the_measurements(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "paces.json"
    path.write_bytes(damaged)
    paces = Paces(path)
    assert all(paces.of("a").of(str(k)) == math.inf for k in range(5))
    paces.of("a").note("0", 0.5)
    paces.save()
    assert json.loads(path.read_text())["seconds"] == {"a": {"0": 0.5}}


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    paces = Paces(tmp_path / "gone" / "paces.json")
    paces.of("a").note("0", 0.5)
    paces.save()
