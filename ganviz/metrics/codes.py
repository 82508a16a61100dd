"""Do structured codes mean something? The checks of InfoGAN (Chen et al. 2016, section 7.2), made into figures.

Categories: every category is matched with one class of real data, no two with the same, so that as many pictures as
possible are of their category's class. Continuous codes: along a sweep of one code, noise and all else fixed, one
measure of the picture should rise or fall steadily, and the class should stay what it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata
from torch import Tensor

from ganviz.devices import to_pixels
from ganviz.latent import seeds
from ganviz.models.base import StagedGenerator
from ganviz.spec import Code

BATCH = 250
LOW, HIGH, STEPS = -2.0, 2.0, 10
"""A sweep as the window shows it: twice as far as a code went in training."""

Classify = Callable[[np.ndarray], np.ndarray]
"""uint8 (N, H, W, C) to classes, int (N,)."""
Measures = Mapping[str, Callable[[np.ndarray], np.ndarray]]
"""By name: uint8 (N, H, W, C) to numbers (N,)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The best one-to-one matching of categories with classes.

    share    of the pictures that are of the class that their category is matched with, 0 to 1
    classes  the class of each category, (size,)
    shares   of each category's pictures alone, (size,)
    """

    share: float
    classes: tuple[int, ...]
    shares: tuple[float, ...]


def agreement(categories: np.ndarray, classes: np.ndarray, size: int) -> Agreement:
    """Match categories with classes, both int (N,) below `size`, by the Hungarian method."""
    table = np.zeros((size, size), dtype=np.int64)
    np.add.at(table, (categories, classes), 1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    hits = table[rows, columns]
    return Agreement(
        float(hits.sum() / len(categories)),
        tuple(int(k) for k in columns),
        tuple(float(share) for share in hits / np.maximum(table.sum(axis=1), 1)),
    )


def spearman(values: np.ndarray) -> np.ndarray:
    """Rank correlation of each row of (N, steps) with the order of its columns, (N,); 0 for a row of equal values."""
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    order = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    scale = np.sqrt(np.square(ranks).sum(axis=1) * np.square(order).sum())
    return np.divide(ranks @ order, scale, out=np.zeros(len(values)), where=scale > 0)


def draw_categories(generator: StagedGenerator, code: Code, count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` pictures uint8 (count, H, W, C) of the seeds from 0 on, and their category of `code`, int (count,).

    Categories come in turn; all other codes are drawn as in training, categories evenly, numbers over their range.
    """
    random = torch.Generator().manual_seed(0)
    categories = torch.arange(count) % code.size
    codes = {}
    for other in generator.spec.codes:
        if other.kind == "categorical":
            drawn = torch.randint(other.size, (count,), generator=random)
            codes[other.name] = one_hot(categories if other == code else drawn, other.size)
        else:
            codes[other.name] = other.low + (other.high - other.low) * torch.rand(count, 1, generator=random)
    return draw(generator, np.arange(count), codes), categories.numpy()


def draw_sweeps(generator: StagedGenerator, code: Code, count: int, seed: int | None = None) -> np.ndarray:
    """`count` sweeps of a continuous code over -2 to 2, uint8 (count, STEPS, H, W, C).

    Sweep k has the noise of seed k, or all have that of `seed`; the categories of the categorical codes come in turn,
    other numbers are 0.
    """
    rows = torch.arange(count).repeat_interleave(STEPS)
    codes = {
        other.name: one_hot(rows % other.size, other.size)
        for other in generator.spec.codes
        if other.kind == "categorical"
    }
    codes[code.name] = torch.linspace(LOW, HIGH, STEPS).repeat(count)[:, None]
    pixels = draw(generator, (rows if seed is None else torch.full_like(rows, seed)).numpy(), codes)
    return pixels.reshape(count, STEPS, *pixels.shape[1:])


def draw(generator: StagedGenerator, numbers: np.ndarray, codes: Mapping[str, Tensor]) -> np.ndarray:
    """Pictures of these seeds (N,) and codes (N, size) by name, uint8 (N, H, W, C)."""
    pixels = []
    with torch.inference_mode():
        for start in range(0, len(numbers), BATCH):
            part = slice(start, start + BATCH)
            z = seeds(numbers[part].tolist(), generator.spec.z_dim)
            pixels.append(to_pixels(generator(z, None, {name: value[part] for name, value in codes.items()})))
    return np.concatenate(pixels)


def one_hot(categories: Tensor, size: int) -> Tensor:
    return torch.nn.functional.one_hot(categories, size).float()


def sweep_figures(sweeps: np.ndarray, classify: Classify, measures: Measures) -> dict[str, Any]:
    """What changes along sweeps uint8 (N, steps, H, W, C), and whether the class stays.

    spearman    by measure: the rank correlation with the code within each sweep, the mean over all sweeps
    steady      by measure: the share of sweeps in which it is at least 0.8 either way
    class kept  the share of sweeps that are of one class from end to end
    """
    count, steps = sweeps.shape[:2]
    pixels = sweeps.reshape(count * steps, *sweeps.shape[2:])
    found = {name: spearman(measure(pixels).reshape(count, steps)) for name, measure in measures.items()}
    classes = classify(pixels).reshape(count, steps)
    return {
        "spearman": {name: float(rho.mean()) for name, rho in found.items()},
        "steady": {name: float((np.abs(rho) >= 0.8).mean()) for name, rho in found.items()},
        "class kept": float((classes == classes[:, :1]).all(axis=1).mean()),
    }
