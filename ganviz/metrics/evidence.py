"""What metrics are computed from, and the intervals that they all give alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganviz.metrics import Figure

RESAMPLES = 200
LEVEL = 95.0


@dataclass(frozen=True)
class Evidence:
    """Everything that was drawn and looked at, once, for all metrics.

    real, drawn        float32 (N, D) and (M, D): features of real and of drawn pictures
    real_classes,      float32 (N, K) and (M, K): probabilities of classes where the features come with a classifier,
    drawn_classes      else None
    real_pixels,       uint8 (N, H, W, C) and (M, H, W, C): the pictures, reduced where they are large; those of the
    drawn_pixels       data may be memory-mapped
    generator          the network itself (StagedGenerator), for what goes through the latent space
    conditions         (label, codes) for that, each of M rows or None, {}
    distance           callable: two batches of images (B, C, H, W) in [-1, 1] to their squared perceptual distance (B,)
    inception          whether features are the published Inception network's: only then is a number an FID
    """

    real: np.ndarray
    drawn: np.ndarray
    real_pixels: np.ndarray
    drawn_pixels: np.ndarray
    real_classes: np.ndarray | None = None
    drawn_classes: np.ndarray | None = None
    generator: Any = None
    conditions: tuple[Any, dict[str, Any]] = (None, {})
    distance: Callable[[Any, Any], Any] | None = None
    inception: bool = False
    notes: list[str] = field(default_factory=list)
    """Metrics add a line here about what could not be measured as asked, and why."""


def mean_with_interval(values: np.ndarray, seed: int = 0) -> Figure:
    """The mean of (N,) and its bootstrap percentile interval (Efron 1979)."""
    random = np.random.RandomState(seed)
    means = [values[random.randint(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
    return Figure(float(values.mean()), *interval(np.array(means)))


def interval(resampled: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of what resamples gave, (B,)."""
    low, high = np.percentile(resampled, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(low), float(high)


def centred(value: float, resampled: np.ndarray, least: float | None = None) -> Figure:
    """The interval of a distance whose resamples are biased, moved so that its middle is the value.

    A resample has doublets, so that it is farther from anything than a fresh sample of its size would be: the spread
    of resamples says how certain a distance is, their place does not. `least` is the least that the distance can be.
    """
    low, high = (end - float(np.median(resampled)) + value for end in interval(resampled))
    return Figure(value, low if least is None else max(low, least), high)
