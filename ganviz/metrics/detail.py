"""Sliced Wasserstein distance as a metric: see `ganviz.metrics.swd` for the distance itself."""

import math

import numpy as np

from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics import Figure
from ganviz.metrics.evidence import Evidence
from ganviz.metrics.swd import PATCH, default_levels, descriptors, sliced_distance

MOST = 2000
"""Pictures of each kind that are compared; more take long and change little."""
GROUPS = 5
STUDENT = 2.776
"""Of a mean of 5 values, 95 %, two-sided."""


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`swd`, the mean over scales, and `swd_R` at R px, R the pictures' resolution and its halves.

    Interval: the distances of five pairs of separate fifths spread as distances of so few pictures do; their standard
    error, times Student's factor, about the distance of all.
    """
    if min(evidence.drawn_pixels.shape[1], evidence.real_pixels.shape[1]) < PATCH:
        evidence.notes.append(f"swd: needs pictures of at least {PATCH} px; not measured")
        return {}
    yield Progress(0, GROUPS + 1, "swd")
    drawn, real = evidence.drawn_pixels, evidence.real_pixels
    # Of one stream each, as the patches are: a set is then at no distance from itself.
    order_a, order_b = (np.random.RandomState(0).permutation(len(pixels))[:MOST] for pixels in (drawn, real))
    whole = yield Offload(_distance, (drawn, real, order_a, order_b))
    parts: list[dict[int, float]] = []
    for k in range(GROUPS):
        yield Progress(k + 1, GROUPS + 1, "swd: spread")
        if min(len(order_a), len(order_b)) >= 2 * GROUPS:
            parts.append((yield Offload(_distance, (drawn, real, order_a[k::GROUPS], order_b[k::GROUPS]))))

    def figure(value: float, spread: list[float]) -> Figure:
        half = STUDENT * float(np.std(spread, ddof=1)) / math.sqrt(len(spread)) if len(spread) > 1 else 0.0
        return Figure(value, max(0.0, value - half), value + half)

    found = {"swd": figure(float(np.mean(list(whole.values()))), [float(np.mean(list(p.values()))) for p in parts])}
    for level, value in whole.items():
        found[f"swd_{level}"] = figure(value, [part[level] for part in parts])
    return found


def _distance(drawn: np.ndarray, real: np.ndarray, rows_a: np.ndarray, rows_b: np.ndarray) -> dict[int, float]:
    """The distance x 1000 at each level, patches of both sets from the same places."""
    levels = default_levels(drawn.shape[1])
    a, b = (
        descriptors(np.asarray(pixels[np.sort(rows)]), levels, np.random.RandomState(0))
        for pixels, rows in ((drawn, rows_a), (real, rows_b))
    )
    random = np.random.RandomState(1)
    return {level: 1000 * sliced_distance(a[level], b[level], random) for level in levels}
