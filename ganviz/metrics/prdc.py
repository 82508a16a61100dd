"""Precision and recall (Kynkaanniemi et al. 2019, section 2), density and coverage (Naeem et al. 2020, section 3).

Each set's region is the union of balls around its points that reach to their fifth nearest fellow. Precision: the share
of drawn pictures in the real region. Recall: the share of real pictures in the drawn one. Density: how many real balls
a drawn picture lies in, over 5. Coverage: the share of real balls with a drawn picture in them.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ganviz.errors import GanvizError
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics import Figure
from ganviz.metrics.evidence import Evidence, mean_with_interval

NEAREST = 5
BLOCK = 512


@dataclass(frozen=True)
class Places:
    """Where each picture lies in the other set's region; the means of these are the four figures.

    inside (M,)    1 where a drawn picture is in a real ball, else 0      precision
    balls (M,)     real balls that a drawn picture is in, over NEAREST    density
    reached (N,)   1 where a real picture is in a drawn ball              recall
    covered (N,)   1 where a real picture's ball has a drawn one in it    coverage
    """

    inside: np.ndarray
    balls: np.ndarray
    reached: np.ndarray
    covered: np.ndarray


def squared(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Squared distances (N, M) of (N, D) and (M, D), float64; sums of squares of differences, not of products, where
    rounding would matter, is what the double precision stands for."""
    return (a.square().sum(1)[:, None] - 2 * a @ b.T + b.square().sum(1)).clamp_min_(0)


def radii(points: torch.Tensor, nearest: int = NEAREST) -> torch.Tensor:
    """Squared distance of each of (N, D) to its `nearest`-th nearest fellow, itself left out: (N,)."""
    found = []
    for start in range(0, len(points), BLOCK):
        gaps = squared(points[start : start + BLOCK], points)
        gaps[torch.arange(len(gaps)), torch.arange(start, start + len(gaps))] = 0.0
        # Itself is the first of nearest + 1.
        found.append(gaps.kthvalue(nearest + 1, dim=1).values)
    return torch.cat(found)


def places(real: np.ndarray, drawn: np.ndarray, nearest: int = NEAREST) -> Job[Places]:
    """Job that finds for real (N, D) and drawn (M, D) where each lies in the other's region."""
    if min(len(real), len(drawn)) <= nearest:
        raise GanvizError(f"prdc: expected more than {nearest} pictures of each kind, got {len(real)} and {len(drawn)}")
    # About a common middle, products of features lose less in rounding.
    middle = real.mean(axis=0, dtype=np.float64)
    a, b = (torch.from_numpy(rows.astype(np.float64) - middle) for rows in (real, drawn))
    yield Progress(0, 0, "prdc: balls")
    real_radii = yield Offload(radii, (a, nearest))
    drawn_radii = yield Offload(radii, (b, nearest))
    balls, reached = [], torch.zeros(len(a), dtype=torch.bool)
    closest = torch.full((len(a),), torch.inf, dtype=torch.float64)

    def look(start: int) -> None:
        gaps = squared(b[start : start + BLOCK], a)  # (block, N)
        balls.append((gaps < real_radii).sum(1))
        torch.logical_or(reached, (gaps < drawn_radii[start : start + BLOCK, None]).any(0), out=reached)
        torch.minimum(closest, gaps.amin(0), out=closest)

    for start in range(0, len(b), BLOCK):
        yield Offload(look, (start,))
        yield Progress(min(start + BLOCK, len(b)), len(b), "prdc")
    counts = torch.cat(balls).double().numpy()
    return Places(
        (counts > 0).astype(np.float64),
        counts / nearest,
        reached.double().numpy(),
        (closest < real_radii).double().numpy(),
    )


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`precision`, `recall`, `density`, `coverage`. Interval: bootstrap of what each picture adds, balls kept."""
    found = yield from places(evidence.real, evidence.drawn)
    return {
        "precision": mean_with_interval(found.inside),
        "recall": mean_with_interval(found.reached),
        "density": mean_with_interval(found.balls),
        "coverage": mean_with_interval(found.covered),
    }
