"""Inception score (Salimans et al. 2016, section 4): exp of the mean KL divergence of p(y|x) from p(y).

From 1, all pictures alike to the classifier, to its number of classes. With another classifier than Inception it is
called class score here. It does not know the real pictures: one perfect picture a class has the best score.
"""

import numpy as np

from ganviz.jobs import Job, Progress
from ganviz.metrics import Figure
from ganviz.metrics.evidence import RESAMPLES, Evidence, centred

PARTS = 10


def score(probabilities: np.ndarray, parts: int = PARTS) -> float:
    """The score of (N, K), the mean over so many parts of equal size, in order, as is the custom."""
    found = []
    for part in np.array_split(probabilities.astype(np.float64), min(parts, len(probabilities))):
        logs = np.log(part.clip(1e-300))
        mean = part.mean(axis=0, keepdims=True)
        divergence = (part * (logs - np.log(mean.clip(1e-300)))).sum(axis=1)
        found.append(np.exp(divergence.mean()))
    return float(np.mean(found))


def measure(evidence: Evidence) -> Job[dict[str, Figure]]:
    """`is`, or `cs` with another classifier; nothing without one. Interval: bootstrap of the pictures, centred."""
    yield Progress(0, 0, "score")
    if evidence.drawn_classes is None:
        evidence.notes.append("is: needs a classifier, and these features have none; not measured")
        return {}
    if not evidence.inception:
        evidence.notes.append("is: needs the Inception network; measured with another classifier, it is called cs")
    random = np.random.RandomState(0)
    probabilities, count = evidence.drawn_classes, len(evidence.drawn_classes)
    found = []
    for k in range(RESAMPLES):
        yield Progress(k, RESAMPLES, "score: resampling")
        found.append(score(probabilities[random.randint(count, size=count)]))
    return {"is" if evidence.inception else "cs": centred(score(probabilities), np.array(found), least=1.0)}
