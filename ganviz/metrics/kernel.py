"""Kernel distance of two sets of features, KID (Binkowski et al. 2018, section 4).

The unbiased estimate of the squared maximum mean discrepancy with the kernel (x.y / D + 1)^3. Papers give the mean over
100 random parts of 1,000 pictures, which estimates the same with more noise; here all pictures are used at once.
"""

import numpy as np

from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics import Figure
from ganviz.metrics.evidence import RESAMPLES, Evidence, centred

BLOCK = 500


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, D) and (M, D) to (N, M), float64."""
    return (a.astype(np.float64) @ b.astype(np.float64).T / a.shape[1] + 1) ** 3


def kernel_sums(a: np.ndarray, b: np.ndarray, weights_a: np.ndarray, weights_b: np.ndarray, own: bool) -> np.ndarray:
    """sum_ij wa_i wb_j k(a_i, b_j) for each row of weights (B, N) and (B, M): (B,). `own`: without i = j, a being b."""
    total = np.zeros(len(weights_a))
    for start in range(0, len(a), BLOCK):
        part = kernel(a[start : start + BLOCK], b)
        if own:
            part[np.arange(len(part)), np.arange(start, start + len(part))] = 0
        total += np.einsum("bm,bm->b", weights_a[:, start : start + BLOCK] @ part, weights_b)
    return total


def kid(real: np.ndarray, drawn: np.ndarray, resampled: np.ndarray | None = None) -> np.ndarray:
    """The distance of (N, D) and (M, D), in a row of its own for each row of `resampled` (B, M): (B,).

    resampled   how often each drawn picture counts; None: once, which gives (1,)
    """
    once = np.ones((1, len(real)))
    weights = np.ones((1, len(drawn))) if resampled is None else resampled.astype(np.float64)
    within_real = kernel_sums(real, real, once, once, own=True)[0] / (len(real) * (len(real) - 1))
    # A picture that was drawn twice is not compared with itself either.
    pairs = weights.sum(1) ** 2 - np.square(weights).sum(1)
    within_drawn = kernel_sums(drawn, drawn, weights, weights, own=True) / pairs
    across = kernel_sums(drawn, real, weights, np.repeat(once, len(weights), 0), own=False)
    return within_real + within_drawn - 2 * across / (weights.sum(1) * len(real))


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`kid`. Interval: bootstrap of the drawn pictures, centred."""
    yield Progress(0, 0, "kid")
    random = np.random.RandomState(0)
    count = len(evidence.drawn)
    drawn = [np.bincount(random.randint(count, size=count), minlength=count) for _ in range(RESAMPLES)]
    found = yield Offload(kid, (evidence.real, evidence.drawn, np.stack([np.ones(count, int), *drawn])))
    return {"kid": centred(float(found[0]), found[1:])}
