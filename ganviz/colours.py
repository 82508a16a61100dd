"""Numbers as colours: maps from nothing to full strength that grow evenly lighter to the eye. No torch."""

import numpy as np

HEAT = np.array([(0, 0, 0), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164)], np.float32)
"""Black over violet and orange to pale yellow."""
COLD = np.array([(0, 0, 0), (16, 44, 68), (8, 88, 120), (0, 140, 160), (74, 203, 188), (190, 255, 240)], np.float32)
"""Black over blue and green to pale green, each step as light as that of HEAT."""


def heat(values: np.ndarray) -> np.ndarray:
    """Values (..., H, W) from 0 to 1 as colours uint8 (..., H, W, 3); the root is taken, so that faint ones show."""
    return np.round(_along(np.sqrt(np.clip(values, 0, 1)), HEAT)).astype(np.uint8)


def signed(values: np.ndarray) -> np.ndarray:
    """Values (..., H, W) from -1 to 1 as colours uint8 (..., H, W, 3): zero is black, above it warm, below it cold."""
    return SIGNED[np.rint(np.clip(values, -1, 1) * STEPS).astype(np.int16) + STEPS]


def _along(shares: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """The colour at each share, from 0 to 1, of the way along the stops."""
    places = shares * (len(stops) - 1)
    low = np.minimum(places.astype(int), len(stops) - 2)
    share = (places - low)[..., None]
    return stops[low] * (1 - share) + stops[low + 1] * share


STEPS = 1024
"""Strengths of either sign that `signed` tells apart, four to a grey level."""
_strengths = np.arange(STEPS + 1) / STEPS
SIGNED = np.round(np.concatenate([_along(_strengths[:0:-1], COLD), _along(_strengths, HEAT)])).astype(np.uint8)
