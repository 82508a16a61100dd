"""The real window, offscreen: is the UI thread ever held up, how far behind the hand are the pictures, the start."""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

SECTION = "The window"
TURNS = 5

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]


def report_drags(report, found: dict, prefix: str = "") -> None:
    for phase, one in found["phases"].items():
        gaps, latencies = np.array(one["gaps"]), one["latencies"]
        name = f"{prefix}{phase}"
        if len(gaps):
            report(f"{name}: UI thread held up, 95th percentile", np.percentile(gaps, 95), "ms")
            report(f"{name}: UI thread held up, most", gaps.max(), "ms", "under 50")
            own = gaps - one["waits"]
            report(f"{name}: most, without waiting for a processor", own.max(), "ms", "under 50")
        if one["ticks"] and latencies:
            for share, words in ((50, "median"), (95, "95th percentile"), (99, "99th percentile")):
                bar = "under 60" if prefix and share == 95 else ""
                report(f"{name}: drag to pixels, {words}", np.percentile(latencies, share), "ms", bar)
            report(f"{name}: ticks without a picture, of {one['ticks']}", one["ticks"] - len(latencies), "frames")
            report(f"{name}: last tick to last picture", one["last"], "ms")


def test_the_window_keeps_up_with_the_hand(report, measure, face_model: Path, tmp_path: Path) -> None:
    found = measure("measure_window.py", face_model, tmp_path / "walk.mp4")
    report_drags(report, found)
    steps = {name: np.array(times) for name, times in found["steps"].items()}
    over = steps["exact"] - steps["bare"]
    report("one step of a slider at 64 px, to its exact picture, median", median(steps["exact"]), "ms")
    report("bare forward pass on the same thread, by turns, median", median(steps["bare"]), "ms")
    report("window and renderer over the bare forward pass, median", median(over), "ms")
    report("window and renderer over the bare forward pass, 95th percentile", np.percentile(over, 95), "ms", "under 3")
    report("peak memory of the process, exports and five models included", found["peak"] / 1e6, "MB")


def test_a_large_model_follows_the_hand(report, measure, large_model: Path) -> None:
    found = measure("measure_window.py", large_model)
    name = large_model.stem
    report(f"{name}, from the first picture until previews are learnt", found["learnt"], "s")
    report_drags(report, found, f"{name}, ")
    steps = {key: np.array(times) for key, times in found["steps"].items()}
    report(f"{name}, one step of a slider, to its preview, median", median(steps["first"]), "ms")
    report(f"{name}, to its preview, 95th percentile", np.percentile(steps["first"], 95), "ms", "under 60")
    report(f"{name}, to its exact picture, median", median(steps["exact"]), "ms")
    report(f"{name}, bare forward pass in float32, by turns, median", median(steps["bare"]), "ms")
    ratio = float(np.median(steps["exact"] / steps["bare"]))
    report(f"{name}, exact picture at rest over the bare forward pass", ratio, "x", "under 1.1")
    report(f"{name}, peak memory of the process", found["peak"] / 1e6, "MB")


def test_start_up_against_the_bare_imports(report, measure, face_model: Path) -> None:
    bare, drawn, painted, picture = [], [], [], []
    for _ in range(TURNS):
        found = measure("measure_start.py", "bare", time.time(), face_model)
        bare.append(found["imported"])
        drawn.append(found["drawn"])
        found = measure("measure_start.py", "window", time.time(), face_model)
        assert not found["torch"], "torch was imported before the first paint"
        painted.append(found["painted"])
        picture.append(found["picture"])
    report("start: bare `import PySide6.QtWidgets, torch`, median", median(bare), "s")
    report("start: the same, one load and one forward pass, median", median(drawn), "s")
    report("start: first paint of the window, median", median(painted), "s", "under 1")
    report("start: first picture, median", median(picture), "s")
    ratio = median(b / a for a, b in zip(drawn, picture, strict=True))
    report("start: first picture over the imports, a load and a forward pass", ratio, "x", "under 1.3")
