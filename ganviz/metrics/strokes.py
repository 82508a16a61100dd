"""What handwriting can be measured by: how much it leans, how wide it is, how much ink it has and how thick its pen is.

All measures take white on black, uint8 (N, H, W) or (N, H, W, 1), and give float64 (N,). The lean and the width come
from the moments of the image, read as a distribution of ink; an empty image has 0 of everything.
"""

from collections.abc import Callable

import numpy as np


def ink(images: np.ndarray) -> np.ndarray:
    """Area of the strokes in pixels: the sum of the grey levels over 255."""
    return _grey(images).sum(axis=(1, 2))


def slant(images: np.ndarray) -> np.ndarray:
    """How far the strokes move to the right for each pixel upwards: -mu11 / mu02, the tangent of the lean."""
    _, along, both = _moments(images)
    return -both / np.maximum(along, 1e-6)


def width(images: np.ndarray) -> np.ndarray:
    """Standard deviation of the ink from left to right in pixels, after the slant has been taken out of it."""
    across, along, both = _moments(images)
    return np.sqrt(np.maximum(across - both**2 / np.maximum(along, 1e-6), 0))


def thickness(images: np.ndarray) -> np.ndarray:
    """Mean width of the strokes in pixels: a long stroke of width t and length l has the area t l and the outline 2 l.

    The outline is the total variation of the image, the sum of the lengths of its gradients.
    """
    grey = np.pad(_grey(images), ((0, 0), (1, 1), (1, 1)))
    right, down = np.diff(grey, axis=2)[:, 1:, :], np.diff(grey, axis=1)[:, :, 1:]
    outline = np.hypot(right, down).sum(axis=(1, 2))
    return 2 * grey.sum(axis=(1, 2)) / np.maximum(outline, 1e-6)


MEASURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "slant": slant,
    "ink": ink,
    "width": width,
    "thickness": thickness,
}


def _grey(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W) or (N, H, W, 1) as float64 (N, H, W) in 0 to 1."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(f"images: expected grey uint8 (N, H, W), got {images.dtype} {images.shape}")
    return images / 255


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Central moments of the ink over its amount: mu20 (across), mu02 (downwards) and mu11, in square pixels, (N,)."""
    grey = _grey(images)
    y, x = np.mgrid[: grey.shape[1], : grey.shape[2]]
    total = np.maximum(grey.sum(axis=(1, 2)), 1e-6)

    def mean(values: np.ndarray) -> np.ndarray:
        return (grey * values).sum(axis=(1, 2)) / total

    dx = x - mean(x)[:, None, None]
    dy = y - mean(y)[:, None, None]
    return mean(dx * dx), mean(dy * dy), mean(dx * dy)
