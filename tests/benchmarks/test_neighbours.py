"""The search for the nearest training images, live under the picture, against faiss's flat index in the same run."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import outlines

SECTION = "Nearest training images"

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_nearest_images(report, measure, tmp_path: Path, kind: str) -> None:
    found = measure("measure_neighbours.py", kind, tmp_path, torch.get_num_threads())
    own = np.array(found["own"])
    name = f"{found['count']:,} x {found['numbers']:,}"
    report(f"{name} ({found['data']}): query, median", np.median(own), "ms")
    report(f"{name}: query, 95th percentile", np.percentile(own, 95), "ms", "under 15" if kind == "grey" else "")
    table = found["count"] * (outlines.COUNT + 2) * 4
    report(f"{name}: outlines of all images, read in a query at", table / np.median(own) / 1e6, "GB/s or more")
    if found["faiss"]:
        flat = np.array(found["faiss"])
        report(f"{name}: faiss's flat index, 95th percentile", np.percentile(flat, 95), "ms")
        ratio = np.percentile(own, 95) / np.percentile(flat, 95)
        report(f"{name}: 95th percentile over faiss's", ratio, "x", "under 1")
    else:
        report(f"{name}: faiss-cpu is not installed (pip install -e '.[bench]'), nothing to compare with")
    report(f"{name}: query with noise, unlike all of the data, median", np.median(found["unlike"]), "ms")
    report(f"{name}: private memory that opening and 200 queries took", found["grown"] / 1e6, "MB")
    report(f"{name}: building the index, once", found["build"], "s")
    report(f"{name}: opening it afterwards", found["open"], "s")
