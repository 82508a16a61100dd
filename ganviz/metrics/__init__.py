"""Measures of how well a generator learnt its data set.

`METRICS` are what can be asked for, `FIGURES` the numbers that come of it. To add a metric: one file with a function
`measure(evidence) -> Job[dict[str, Figure]]` (see `ganviz.metrics.evidence`), one line in METRICS, and one in FIGURES
for each of its numbers. How to measure is in `ganviz.metrics.measuring`. No torch here.
"""

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that can be asked for.

    label       what it is called on screen
    entry       "module:function" that measures it
    hint        what it says, in one sentence
    needs       what has to be there: "features", "pictures" or "generator"
    by_default  whether it is measured where nothing is asked for by name
    """

    label: str
    entry: str
    hint: str
    needs: Literal["features", "pictures", "generator"] = "features"
    by_default: bool = True


METRICS: dict[str, Metric] = {
    "fid": Metric(
        "Fréchet distance",
        "ganviz.metrics.frechet:measure",
        "How far the drawn pictures are from the real ones as a whole, in quality and in variety",
    ),
    "kid": Metric(
        "Kernel distance",
        "ganviz.metrics.kernel:measure",
        "The same as the Fréchet distance, but without bias where there are few pictures",
    ),
    "prdc": Metric(
        "Precision and recall",
        "ganviz.metrics.prdc:measure",
        "Quality and variety apart: precision and density are quality, recall and coverage are variety",
    ),
    "is": Metric(
        "Inception score",
        "ganviz.metrics.score:measure",
        "Whether each picture is clearly of one class, and all classes are there; knows nothing of the real pictures",
    ),
    "swd": Metric(
        "Sliced Wasserstein distance",
        "ganviz.metrics.detail:measure",
        "How alike the detail is, from fine to coarse, with no network",
        needs="pictures",
    ),
    "ppl": Metric(
        "Perceptual path length",
        "ganviz.metrics.path_length:measure",
        "How smoothly pictures change along the latent space; low is smooth, and 0 is a collapse",
        needs="generator",
    ),
    "modes": Metric(
        "Modes",
        "ganviz.metrics.modes:measure",
        "How many kinds of real pictures are drawn at all, and how evenly: collapse",
    ),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number with its 95 % interval; how that is found, the metric's module says."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class About:
    """What a number is: its label, which way is better, the value that real data would have, and what it says."""

    label: str
    better: Better
    ideal: float | None
    hint: str


FIGURES: dict[str, About] = {
    "fid": About("FID", "lower", 0.0, "Fréchet distance of Inception features, as papers give it"),
    "fd": About("FD", "lower", 0.0, "Fréchet distance of other features; not comparable with any FID"),
    "kid": About("KID", "lower", 0.0, "squared kernel distance; may come out slightly below 0"),
    "precision": About("precision", "higher", 1.0, "share of drawn pictures that lie among the real ones"),
    "recall": About("recall", "higher", 1.0, "share of real pictures that lie among the drawn ones"),
    "density": About("density", "higher", 1.0, "how deep among the real ones the drawn pictures lie; may exceed 1"),
    "coverage": About("coverage", "higher", 1.0, "share of real pictures with a drawn one close by"),
    "is": About("IS", "higher", None, "Inception score, as papers give it"),
    "cs": About("class score", "higher", None, "the same formula with a classifier of this very data"),
    "swd": About("SWD", "lower", 0.0, "sliced Wasserstein distance x 1000, the mean over scales"),
    "ppl": About("PPL", "lower", None, "path length in the space that walks go through, over whole paths"),
    "ppl_end": About("PPL, ends", "lower", None, "the same at the ends of the paths only"),
    "ppl_z": About("PPL in z", "lower", None, "path length along spheres in z, over whole paths"),
    "ppl_z_end": About("PPL in z, ends", "lower", None, "the same at the ends of the paths only"),
    "modes": About("modes", "higher", None, "kinds of real pictures that are drawn"),
    "missing": About("missing modes", "lower", 0.0, "share of the kinds of real pictures that are not drawn"),
    "entropy": About("entropy", "higher", 1.0, "how evenly the kinds are drawn, as a share of how even real ones are"),
}
"""By name, in the order in which they are shown. Besides there is `swd_64` and the like, SWD at one scale in pixels."""


def about(name: str) -> About:
    """What a number is, those of single scales among them."""
    if name in FIGURES:
        return FIGURES[name]
    scale = name.removeprefix("swd_")
    if name.startswith("swd_") and scale.isdecimal():
        return About(f"SWD at {scale} px", "lower", 0.0, f"sliced Wasserstein distance x 1000 of detail at {scale} px")
    return About(name, "neither", None, "a number that this version does not know")
