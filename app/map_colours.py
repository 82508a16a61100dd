"""Colours of a map's points: one a class or category, or from orange over grey to the accent along a direction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app import theme

CLASSES = (
    "#5b93f5",
    "#eda73a",
    "#45bf78",
    "#f0756b",
    "#a886f5",
    "#35b3c2",
    "#dd79b6",
    "#9db343",
    "#bf8a66",
    "#8f96a0",
)
"""For up to ten classes; more repeat them. Each is seen on the background of both themes."""
REACH = 2.5
"""Sigmas at which a colour along a direction is full."""


@dataclass(frozen=True, slots=True)
class Colouring:
    """The colours of the points, uint8 (N, 3), and what they mean: (colour as #rrggbb, text) each."""

    points: np.ndarray
    legend: tuple[tuple[str, str], ...]


def by_class(indices: np.ndarray, names: Sequence[str]) -> Colouring:
    """Colours of whole numbers (N,), which mean `names`."""
    palette = np.array([_rgb(value) for value in CLASSES], np.uint8)
    whole = indices.astype(np.int64)
    return Colouring(
        palette[whole % len(CLASSES)],
        tuple((CLASSES[k % len(CLASSES)], name) for k, name in enumerate(names)),
    )


def by_score(scores: np.ndarray, name: str) -> Colouring:
    """Colours of scores (N,) in sigmas along the direction of that name."""
    tokens = theme.tokens()
    low, middle, high = (np.array(_rgb(value), float) for value in (tokens.warning, tokens.outline, tokens.accent))
    share = np.clip(np.asarray(scores, float) / REACH, -1, 1)[:, None]
    points = middle + np.maximum(share, 0) * (high - middle) + np.maximum(-share, 0) * (low - middle)
    legend = ((tokens.warning, f"−{REACH:g} σ"), (tokens.outline, f"0 along {name}"), (tokens.accent, f"+{REACH:g} σ"))
    return Colouring(np.round(points).astype(np.uint8), legend)


def _rgb(value: str) -> tuple[int, int, int]:
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
