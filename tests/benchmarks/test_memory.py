"""Memory of a long export over that of the idle process."""

from pathlib import Path

import pytest

SECTION = "Memory of a long export"
LONG = pytest.mark.long

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]


@pytest.mark.parametrize(
    ("suffix", "frames"),
    [
        (".mp4", 1000),
        pytest.param(".mp4", 10_000, marks=LONG),
        pytest.param(".webm", 10_000, marks=LONG),
        pytest.param(".gif", 2000, marks=LONG),
    ],
)
def test_memory_of_a_long_export(report, measure, face_model: Path, tmp_path: Path, suffix: str, frames: int):
    found = measure("measure_memory.py", face_model, tmp_path / f"walk{suffix}", frames)
    own, encoder = found["own"] - found["idle"], found["encoder"]
    name = f"{frames:,} frames at 64 px to {suffix}"
    report(f"{name}: own process over idle", own / 1e6, "MB")
    report(f"{name}: ffmpeg beside it", encoder / 1e6, "MB")
    report(f"{name}: both", (own + encoder) / 1e6, "MB", "under 100")
