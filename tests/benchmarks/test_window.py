"""The real window, offscreen: is the UI thread ever held up, how far behind the hand are the pictures, the start."""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

pytestmark = pytest.mark.benchmark

TURNS = 5


@pytest.mark.timeout(300)
def test_the_window_keeps_up_with_the_hand(report, measure, face_model: Path, tmp_path: Path):
    for phase, found in measure("measure_window.py", face_model, tmp_path / "walk.mp4").items():
        gaps, latencies = np.array(found["gaps"]), found["latencies"]
        report(f"{phase}: UI thread held up, 95th percentile", np.percentile(gaps, 95), "ms")
        report(f"{phase}: UI thread held up, 99th percentile", np.percentile(gaps, 99), "ms")
        report(f"{phase}: UI thread held up, most", gaps.max(), "ms", "under 50")
        own = gaps - found["waits"]
        report(f"{phase}: most, without waiting for a processor", own.max(), "ms", "under 50")
        if found["ticks"]:
            for share, words in ((50, "median"), (95, "95th percentile"), (99, "99th percentile")):
                report(f"{phase}: drag to pixels, {words}", np.percentile(latencies, share), "ms")
            report(f"{phase}: pictures shown of {found['ticks']} ticks", len(latencies), "pictures")
            report(f"{phase}: last tick to last picture", found["last"], "ms")


@pytest.mark.timeout(300)
def test_start_up_against_the_bare_imports(report, measure, face_model: Path):
    bare, painted, picture = [], [], []
    for _ in range(TURNS):
        bare.append(measure("measure_start.py", "bare", time.time())["imported"])
        found = measure("measure_start.py", "window", time.time(), face_model)
        assert not found["torch"], "torch was imported before the first paint"
        painted.append(found["painted"])
        picture.append(found["picture"])
    report("start: bare `import PySide6.QtWidgets, torch`, median", median(bare), "s")
    report("start: first paint, median", median(painted), "s")
    report("start: first picture, median", median(picture), "s")
    report("start: first picture over the bare imports", median(b / a for a, b in zip(bare, picture, strict=True)), "x")
