"""How many kinds of real pictures a generator draws, and how evenly: the plainest measure of collapse.

With a classifier that knows the data, the kinds are its classes. Else they are clusters of the real features (k-means),
as in the bins of Richardson and Weiss 2018, section 4. A kind counts as drawn where its share is at least a tenth of
its share of the real pictures.
"""

import warnings

import numpy as np

from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics import Figure
from ganviz.metrics.evidence import RESAMPLES, Evidence, interval

CLUSTERS = 50
FEWEST = 20
"""Real pictures a cluster has at least, on average."""
SHARE = 0.1


def kinds_by_cluster(real: np.ndarray, drawn: np.ndarray, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """The cluster of the real features (N, D) that each real and each drawn picture is nearest to: (N,) and (M,)."""
    from sklearn.cluster import KMeans

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct points than clusters: then there are as many kinds as points
        model = KMeans(clusters, n_init=3, random_state=0).fit(real)
    return model.labels_, model.predict(drawn)


def tell(real: np.ndarray, drawn: np.ndarray) -> tuple[int, float, float]:
    """From shares of each kind (K,): kinds drawn, share of the real ones not drawn, entropy over that of the real."""
    present = real > 0
    found = present & (drawn >= SHARE * real) & (drawn > 0)
    even = entropy(real)
    return int(found.sum()), 1 - found.sum() / present.sum(), entropy(drawn) / even if even > 0 else 1.0


def entropy(shares: np.ndarray) -> float:
    """In nats."""
    positive = shares[shares > 0]
    return float(-(positive * np.log(positive)).sum())


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`modes` found, share of `missing` ones, relative `entropy`. Interval: bootstrap of the drawn pictures."""
    yield Progress(0, 0, "modes")
    if evidence.real_classes is not None and not evidence.inception:
        assert evidence.drawn_classes is not None
        count = evidence.real_classes.shape[1]
        real, drawn = evidence.real_classes.argmax(1), evidence.drawn_classes.argmax(1)
        what = "classes"
    else:
        count = int(min(CLUSTERS, max(2, len(evidence.real) // FEWEST)))
        real, drawn = yield Offload(kinds_by_cluster, (evidence.real, evidence.drawn, count))
        what = "clusters of real pictures"
    in_real, in_drawn = (np.bincount(kinds, minlength=count) / len(kinds) for kinds in (real, drawn))
    evidence.notes.append(f"modes: of {int((in_real > 0).sum())} {what}")
    value = tell(in_real, in_drawn)
    random = np.random.RandomState(0)
    resampled = np.array(
        [tell(in_real, random.multinomial(len(drawn), in_drawn) / len(drawn)) for _ in range(RESAMPLES)], dtype=float
    )
    found = {}
    for k, name in enumerate(("modes", "missing", "entropy")):
        # A resample can lose a kind and never gains one: the value itself is always in the interval.
        low, high = interval(resampled[:, k])
        found[name] = Figure(float(value[k]), min(low, float(value[k])), max(high, float(value[k])))
    return found
