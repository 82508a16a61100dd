"""Memory of a long export over that of the idle process."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize(("suffix", "frames"), [(".mp4", 1000), (".mp4", 10_000), (".webm", 10_000), (".gif", 2000)])
@pytest.mark.timeout(1200)
def test_memory_of_a_long_export(report, measure, face_model: Path, tmp_path: Path, suffix: str, frames: int):
    found = measure("measure_memory.py", face_model, tmp_path / f"walk{suffix}", frames)
    own, encoder = found["own"] - found["idle"], found["encoder"]
    name = f"{frames:,} frames at 64 px to {suffix}"
    report(f"{name}: own process over idle", own / 1e6, "MB")
    report(f"{name}: ffmpeg beside it", encoder / 1e6, "MB")
    report(f"{name}: both", (own + encoder) / 1e6, "MB", "under 100")
