"""Two pictures beside each other: the present one, A, and another, B; how far they differ, and at which scale."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganviz.checkpoint import Header
from ganviz.colours import heat
from ganviz.edits import only
from ganviz.errors import GanvizError
from ganviz.expression import Budget
from ganviz.pictures import matched
from ganviz.recipe import Composite, Recipe, Sheet
from ganviz.switching import at_same_latent

COARSEST = 4
"""Pixels a side that the octaves go down to."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the present picture, A, is compared with.

    other      the recipe of B; None: nothing yet
    follows    B is what A's latent gives in `other`'s model, whatever A is; nothing else of `other` is read
    """

    other: Recipe | None = None
    follows: bool = False

    def edit(self, **changes: Any) -> "Comparison":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return () if self.other is None else (self.other,)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {}  # beyond those of its recipe

    def recipe_of_b(self, a: Recipe, of_a: Header, of_b: Header) -> tuple[Recipe, list[str]]:
        """B's recipe, and in words what of A does not apply to B's model; the headers are of the two models."""
        if self.other is None:
            raise GanvizError("there is nothing yet to compare with")
        return at_same_latent(a, of_a, of_b) if self.follows else (self.other, [])

    def swapped(self, a: Recipe, of_a: Header, of_b: Header) -> "tuple[Recipe, Comparison]":
        """B as the present picture, and A as what it is compared with; going on to follow where that gives A again."""
        b, _ = self.recipe_of_b(a, of_a, of_b)
        if self.follows and at_same_latent(b, of_b, of_a)[0] == a:
            return b, Comparison(Recipe(a.model), True)
        return b, Comparison(a)

    def to_json(self) -> dict[str, Any]:
        return {"other": None if self.other is None else self.other.to_json(), "follows": self.follows}

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Comparison":
        """Rebuild from untrusted JSON; GanvizError says what in it was not as expected."""
        only(data, {"other", "follows"}, "comparison")
        other = data.get("other")
        recipe = None if other is None else Recipe.from_json(other, arrays, budget)
        return cls(recipe, recipe is not None and data.get("follows") is True)


def comparison_sheet(a: Recipe, b: Recipe, names: tuple[str, str] = ("A", "B")) -> Sheet:
    """A, B, and a heat map of where they differ."""
    difference = Composite("difference", ((1.0, a), (1.0, b)))
    return Sheet((a, b, difference), 3, column_headings=(*names, "difference"))


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two pictures differ, in grey levels from 0 to 255.

    mean       mean absolute difference
    largest    the largest one
    psnr       10 log10(255^2 / mean square) in dB; infinite where they are equal
    octaves    (pixels a side, root mean square) of what differs between that resolution and half of it, the finest
               first; the last one is all that is coarser. Their squares add up to the mean square.
    """

    mean: float
    largest: int
    psnr: float
    octaves: tuple[tuple[int, float], ...]


def measure(a: np.ndarray, b: np.ndarray) -> Difference:
    """Compare pixels uint8 (H, W, C); B is brought to the size of A, and where one is in colour both are."""
    a, b = alike(a, b)
    apart = a.astype(np.float64) - b.astype(np.float64)
    square = float(np.square(apart).mean())
    psnr = math.inf if square == 0 else 10 * math.log10(255**2 / square)
    return Difference(float(np.abs(apart).mean()), int(np.abs(apart).max()), psnr, _octaves(apart))


def describe_difference(found: Difference) -> str:
    """How far two pictures differ, in a line for people."""
    if math.isinf(found.psnr):
        return "Equal: not one pixel differs"
    return f"Mean difference {found.mean:.2f} · largest {found.largest} · PSNR {found.psnr:.1f} dB"


def alike(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both pictures, uint8 (H, W, C), at the size of A and in colour where one of them is."""
    height, width, channels = a.shape[0], a.shape[1], max(a.shape[2], b.shape[2])
    return matched(a, height, width, channels), matched(b, height, width, channels)


def difference_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two pictures differ, as a heat map uint8 (H, W, 3) of the mean absolute difference, black where not."""
    a, b = alike(a, b)
    return heat(np.abs(a.astype(np.float32) - b).mean(2) / 255)


def _octaves(apart: np.ndarray) -> tuple[tuple[int, float], ...]:
    """Differences (H, W, C) by scale: means over 2x2 pixels are taken out again and again (Haar's bands)."""
    found = []
    while min(apart.shape[:2]) >= 2 * COARSEST and not (apart.shape[0] % 2 or apart.shape[1] % 2):
        height, width, channels = apart.shape
        coarse = apart.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3))
        fine = apart - coarse.repeat(2, 0).repeat(2, 1)
        found.append((height, math.sqrt(np.square(fine).mean())))
        apart = coarse
    return (*found, (apart.shape[0], math.sqrt(np.square(apart).mean())))
