"""How evenly a walk changes: image distance a step. Sharp jumps hint at memorisation (Radford et al. 2015, 6.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

JUMP = 4.0
"""A step that changes so many times as much as the mean one is a jump."""


@dataclass(frozen=True, slots=True)
class Step:
    """The change between two looked-at frames: root mean square in grey levels for each frame of the walk.

    `frame` lies in the middle of the two.
    """

    frame: float
    change: float
    jump: bool


def sample_frames(frames: int, most: int) -> tuple[int, ...]:
    """Up to `most` frames of a walk, evenly spread, first and last among them."""
    return tuple(sorted({round(k * (frames - 1) / (min(most, frames) - 1)) for k in range(min(most, frames))}))


def smoothness(frames: Sequence[int], pixels: Sequence[np.ndarray]) -> list[Step]:
    """The steps between pictures uint8 (H, W, C) that were drawn at these frames of a walk."""
    changes = []
    for (a, before), (b, after) in zip(
        zip(frames, pixels, strict=True), zip(frames[1:], pixels[1:], strict=False), strict=False
    ):
        gap = before.astype(np.float32) - after
        changes.append(((a + b) / 2, float(np.sqrt(np.mean(gap**2))) / (b - a)))
    limit = JUMP * float(np.mean([change for _, change in changes])) if changes else 0.0
    return [Step(frame, change, change > limit) for frame, change in changes]
