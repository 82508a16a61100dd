"""Fréchet distance of two sets of features (Heusel et al. 2017, section 5 and appendix A1).

|mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)): the Wasserstein-2 distance of two normal distributions. With the
published Inception network's features it is FID; with any others it is called FD here, and only compares models that
were measured with the very same features. It is biased: fewer pictures make it larger, so that only figures of equal
numbers of pictures compare.
"""

import numpy as np

from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics import Figure
from ganviz.metrics.evidence import Evidence, centred

RESAMPLES = 40
WIDE = 1024
RESAMPLES_OF_WIDE = 10
"""Features with so many numbers as Inception's 2048 take seconds a resample."""


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and unbiased covariance (D, D) of (N, D), in float64."""
    rows = features.astype(np.float64)
    mean = rows.mean(axis=0)
    rows -= mean
    return mean, rows.T @ rows / max(len(rows) - 1, 1)


def frechet(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
    """The distance of two pairs of mean (D,) and covariance (D, D).

    The trace of the root of S1 S2 is the sum of the roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which is
    symmetric, so that no complex numbers come in.
    """
    (mean_a, cov_a), (mean_b, cov_b) = first, second
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    inner = root @ cov_b @ root
    trace = np.sqrt(np.linalg.eigvalsh((inner + inner.T) / 2).clip(0)).sum()
    distance = np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * trace
    return max(0.0, float(distance))


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`fid`, or `fd` where the features are not Inception's. Interval: bootstrap of the drawn pictures, centred."""
    name = "fid" if evidence.inception else "fd"
    if not evidence.inception:
        evidence.notes.append("fid: needs Inception features; measured with others, the number is called fd")
    wide = evidence.real.shape[1] > WIDE
    count = RESAMPLES_OF_WIDE if wide else RESAMPLES
    real = yield Offload(moments, (evidence.real,))
    value = yield Offload(lambda: frechet(real, moments(evidence.drawn)))
    random = np.random.RandomState(0)
    found = []
    for k in range(count):
        yield Progress(k, count, f"{name}: resampling")
        rows = random.randint(len(evidence.drawn), size=len(evidence.drawn))
        found.append((yield Offload(lambda rows=rows: frechet(real, moments(evidence.drawn[rows])))))
    return {name: centred(value, np.array(found), least=0.0)}
