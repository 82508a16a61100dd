"""Sliced Wasserstein distance of Laplacian-pyramid patches: Karras et al. 2017 (ProGAN), section 5.

Images are split into bands of frequency; 7 x 7 patches of each band are normalised and compared along random
directions. Small means that the two sets have alike detail at that scale. Needs no network and no weights.
"""

from collections.abc import Sequence

import numpy as np

PATCH = 7
PATCHES_PER_IMAGE = 128
DIRECTIONS = 128
REPEATS = 4

# Burt and Adelson's five-tap binomial filter, as the paper uses it for its pyramids.
FILTER = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 16


def swd(
    first: np.ndarray, second: np.ndarray, levels: Sequence[int] | None = None, seed: int = 0, batch: int = 256
) -> dict[int, float]:
    """Distance between two sets of images at each level, times 1000 as in the paper; 0 for equal sets.

    first, second   uint8 (N, H, W, C) or (N, H, W), of equal H = W and C; N may differ
    levels          resolutions to compare at, each the image's own or a half, a quarter ... of it; default: from
                    the image's resolution down to 16
    """
    first, second = as_images(first, "first"), as_images(second, "second")
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(f"second: expected images of shape {first.shape[1:]}, got {second.shape[1:]}")
    levels = tuple(levels or default_levels(first.shape[1]))
    random = np.random.RandomState(seed)
    a = descriptors(first, levels, random, batch)
    b = descriptors(second, levels, random, batch)
    return {level: 1000 * sliced_distance(a[level], b[level], random) for level in levels}


def default_levels(resolution: int) -> tuple[int, ...]:
    """The image's resolution and its halves down to 16 px (or the resolution alone, below that)."""
    levels = [resolution]
    while levels[-1] % 2 == 0 and levels[-1] // 2 >= 16:
        levels.append(levels[-1] // 2)
    return tuple(levels)


def as_images(images: np.ndarray, name: str) -> np.ndarray:
    """uint8 (N, H, W) or (N, H, W, C) as (N, H, W, C), checked."""
    if images.ndim == 3:
        images = images[:, :, :, None]
    if images.ndim != 4 or images.dtype != np.uint8 or not len(images):
        raise ValueError(f"{name}: expected uint8 images (N, H, W, C), got {images.dtype} {images.shape}")
    if images.shape[1] != images.shape[2] or images.shape[1] < PATCH:
        raise ValueError(f"{name}: expected square images of at least {PATCH} px, got {images.shape[1:3]}")
    return images


def descriptors(
    images: np.ndarray, levels: Sequence[int], random: np.random.RandomState, batch: int = 256
) -> dict[int, np.ndarray]:
    """Normalised patches of each level: float32 (N * 128, C * 49), zero mean and unit deviation a channel."""
    found: dict[int, list[np.ndarray]] = {level: [] for level in levels}
    for start in range(0, len(images), batch):
        band = images[start : start + batch].astype(np.float32)
        pyramid = laplacian_pyramid(band, min(levels))
        for level in levels:
            if level not in pyramid:
                raise ValueError(f"levels: {level} is not a half, a quarter ... of {images.shape[1]}")
            found[level].append(random_patches(pyramid[level], random))
    return {level: normalise(np.concatenate(parts), images.shape[3]) for level, parts in found.items()}


def laplacian_pyramid(images: np.ndarray, smallest: int) -> dict[int, np.ndarray]:
    """Bands (N, R, R, C) by resolution R: each what the next smaller one cannot show, the smallest the rest."""
    bands = {}
    while images.shape[1] // 2 >= smallest and images.shape[1] % 2 == 0:
        smaller = blur(images)[:, ::2, ::2]
        spread = np.zeros_like(images)
        spread[:, ::2, ::2] = smaller
        bands[images.shape[1]] = images - 4 * blur(spread)
        images = smaller
    bands[images.shape[1]] = images
    return bands


def blur(images: np.ndarray) -> np.ndarray:
    """The five-tap filter along H and W of (N, H, W, C), mirrored at the borders."""
    for axis in (1, 2):
        width = [(0, 0)] * 4
        width[axis] = (2, 2)
        padded = np.pad(images, width, mode="reflect")
        size = images.shape[axis]
        images = sum(weight * np.take(padded, range(k, k + size), axis=axis) for k, weight in enumerate(FILTER))
    return images


def random_patches(band: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """128 patches of 7 x 7 at random places of each image of (N, R, R, C), as (N * 128, C, 49)."""
    count, height, width, channels = band.shape
    total = count * PATCHES_PER_IMAGE
    which = np.repeat(np.arange(count), PATCHES_PER_IMAGE)[:, None, None]
    top = random.randint(0, height - PATCH + 1, size=(total, 1, 1)) + np.arange(PATCH)[None, :, None]
    left = random.randint(0, width - PATCH + 1, size=(total, 1, 1)) + np.arange(PATCH)[None, None, :]
    patches = band[which, top, left]  # (total, 7, 7, C)
    return patches.reshape(total, PATCH * PATCH, channels).transpose(0, 2, 1)


def normalise(patches: np.ndarray, channels: int) -> np.ndarray:
    """(M, C, 49) to (M, C * 49), each channel with mean 0 and deviation 1 over all patches."""
    mean = patches.mean(axis=(0, 2), keepdims=True, dtype=np.float64)
    deviation = patches.std(axis=(0, 2), keepdims=True, dtype=np.float64)
    scaled = (patches - mean) / np.maximum(deviation, 1e-8)
    return scaled.reshape(len(patches), channels * PATCH * PATCH).astype(np.float32)


def sliced_distance(a: np.ndarray, b: np.ndarray, random: np.random.RandomState) -> float:
    """Mean over 4 x 128 random directions of the Wasserstein-1 distance between projections of (M, D) and (K, D).

    Of sets of unequal size, a random part of the larger one is used: sorted projections are compared one to one.
    """
    size = min(len(a), len(b))
    a, b = (rows if len(rows) == size else rows[random.choice(len(rows), size, replace=False)] for rows in (a, b))
    distances = []
    for _ in range(REPEATS):
        directions = random.randn(a.shape[1], DIRECTIONS).astype(np.float32)
        directions /= np.sqrt(np.square(directions).sum(axis=0, keepdims=True))
        # A direction a row: sorting along the last axis is many times faster.
        distances.append(np.abs(np.sort(directions.T @ a.T) - np.sort(directions.T @ b.T)).mean())
    return float(np.mean(distances))
