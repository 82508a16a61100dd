"""The neighbour report: is what a generator draws new, or has it learnt its training images by heart?

    data = open_dataset(name, search_side(header.spec), header.spec.channels)
    report = run(report_neighbours(renderer, recipes, data))
    json.dumps(report.to_json())

In the window step the job on the compute thread; `close()` cancels it. `report.closest(16)` is what to show first,
`report.histogram("pixel")` what to draw, and `ganviz.neighbour_walk.walk_to` leads from a sample to its neighbour.

Samples are judged by the rule of `ganviz.copying`, the model by what the same rule says of real images, each left out
in turn (or, with `held_out`, of held-out images): more copies among the samples are no accident.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ganviz.copying import SUSPICIOUS, Judged, Reals, Rule, Scale, Verdict, feature_fellows, is_more, open_rule
from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics.features import Features, open_features
from ganviz.metrics.measuring import draw_batches
from ganviz.nearness import QUERIES, Near, by_feature
from ganviz.recipe import Recipe
from ganviz.render import Renderer

Metric = Literal["pixel", "feature"]
WholeVerdict = Literal["memorised", "suspicious", "new"]
MEMORISED = 0.05
"""Share of samples that are copies, of FEW at least, from which a model is said to have memorised its data."""
TOO_MANY = 0.05
"""Share of samples that are near, by pixels or by features, from which a model is suspicious."""
FEW = 100
"""Samples below which a model is suspicious for a single copy: there are too few to hold beside the real images."""
BINS = 30


@dataclass(frozen=True, slots=True)
class Match:
    """A training image beside a sample; the file's name, and how suspicious each of the distances is, with it."""

    near: Near
    file: str
    percentile: float
    feature_percentile: float | None = None


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What is known of one sample.

    recipe      draws it
    matches     the nearest training images, nearest first by the report's metric
    by_pixel, by_feature   the nearest one by each way of comparing; None without features
    verdict     "copy", "close" or "new" by pixels, with the reason in words
    authentic   whether the nearest training image has a nearer fellow than this sample (Alaa et al. 2022, section 3.3);
                None without features
    """

    recipe: Recipe
    matches: tuple[Match, ...]
    by_pixel: Match
    by_feature: Match | None
    verdict: Verdict
    reason: str
    authentic: bool | None = None

    @property
    def is_alike(self) -> bool:
        """Whether the features are among the hundredth of the smallest distances: worth a look, not a verdict."""
        like = None if self.by_feature is None else self.by_feature.feature_percentile
        return like is not None and like < SUSPICIOUS

    @property
    def seed(self) -> int | None:
        return self.recipe.latent.seed if isinstance(self.recipe.latent, Seed) else None

    def to_json(self, metric: Metric) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "neighbours": [_match_json(match, metric) for match in self.matches],
            "verdict": self.verdict,
            "reason": self.reason,
            "authentic": self.authentic,
        }


@dataclass(frozen=True)
class NeighbourReport:
    """The whole of it.

    model, data    names
    metric         what neighbours are ordered by
    features       what features were compared, in words; "" without
    samples        in the order of the recipes
    reals          what the rule says of real images, and the scales
    authenticity   share of authentic samples, 0 to 1; None without features
    """

    model: str
    data: str
    metric: Metric
    features: str
    samples: tuple[SampleReport, ...]
    reals: Reals
    authenticity: float | None

    @property
    def pixel(self) -> Scale:
        return self.reals.pixel

    @property
    def feature(self) -> Scale | None:
        return self.reals.feature

    def count(self, *verdicts: Verdict) -> int:
        """Number of samples with one of these verdicts."""
        return sum(sample.verdict in verdicts for sample in self.samples)

    def share(self, *verdicts: Verdict) -> float:
        """Share of samples with one of these verdicts, 0 to 1."""
        return self.count(*verdicts) / len(self.samples)

    @property
    def alike(self) -> int:
        """Number of samples whose features are below the first percentile."""
        return sum(sample.is_alike for sample in self.samples)

    @property
    def verdict(self) -> WholeVerdict:
        """ "memorised" where copies are many, "suspicious" where they or near ones are more than among real images."""
        n, real = len(self.samples), self.reals
        if is_more(self.count("copy"), n, real.copies, len(real)):
            return "memorised" if self.count("copy") >= MEMORISED * max(n, FEW) else "suspicious"
        if n < FEW and self.count("copy"):
            return "suspicious"
        expected = (
            0 if real.feature is None else sum(real.feature.percentile(d) < SUSPICIOUS for d in real.feature.reals)
        )
        for near, of_reals in ((self.count("copy", "close"), real.near), (self.alike, expected)):
            if near >= TOO_MANY * n and is_more(near, n, of_reals, len(real)):
                return "suspicious"
        return "new"

    @property
    def reason(self) -> str:
        """The verdict in words, with its reason."""
        real, near = self.reals, self.share("copy", "close")
        whose = f"{len(real):,} {'held-out' if real.held_out else 'left-out'} real images"
        facts = (
            f"{self.share('copy'):.1%} of {len(self.samples):,} samples are likely copies, {near:.1%} are these or "
            f"suspiciously close; of {whose} the same rule says so of {real.copies / len(real):.1%} and "
            f"{real.near / len(real):.1%}"
        )
        if self.feature is not None:
            facts += f"; by features {self.alike / len(self.samples):.1%} are nearer than 99 % of real images"
        if self.verdict == "new":
            return f"new: {facts}" + ("; look at the copies" if self.count("copy") else "")
        if self.verdict == "suspicious":
            return f"suspicious: {facts}; look at those before showing or sharing them"
        return f"memorised: {facts}"

    def closest(self, count: int) -> list[SampleReport]:
        """The most suspicious samples first: copies, close ones, those alike by features; each by the distance."""
        order = {"copy": 0, "close": 1, "new": 3}

        def key(sample: SampleReport) -> tuple[int, float]:
            return min(order[sample.verdict], 2 if sample.is_alike else 3), sample.by_pixel.near.distance

        return sorted(self.samples, key=key)[:count]

    def histogram(self, metric: Metric = "pixel", bins: int = BINS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges (bins + 1,), and shares (bins,) of the samples' and of the real images' nearest distances."""
        scale, drawn = self.pixel, np.array([sample.by_pixel.near.distance for sample in self.samples])
        if metric == "feature":
            if self.feature is None:
                raise GanvizError("neighbours: this report has no features")
            scale = self.feature
            drawn = np.array([sample.by_feature.near.feature for sample in self.samples if sample.by_feature])
        edges = np.linspace(0, max(float(drawn.max()), float(scale.reals[-1]), 1e-9), bins + 1)
        return edges, np.histogram(drawn, edges)[0] / len(drawn), np.histogram(scale.reals, edges)[0] / len(scale.reals)

    def to_json(self) -> dict[str, Any]:
        """For scripts: samples, data, metric and model first, as `ganviz neighbours --json` has them."""
        histograms = {}
        for metric in ("pixel", "feature") if self.feature else ("pixel",):
            edges, drawn, real = self.histogram(metric)
            histograms[metric] = {"edges": edges.tolist(), "samples": drawn.tolist(), "real": real.tolist()}
        return {
            "samples": [sample.to_json(self.metric) for sample in self.samples],
            "data": self.data,
            "metric": self.metric,
            "model": self.model,
            "verdict": self.verdict,
            "reason": self.reason,
            "authenticity": self.authenticity,
            "copies": self.share("copy"),
            "close": self.share("close"),
            "features": self.features,
            "held_out": self.reals.held_out,
            "reals": {
                "images": len(self.reals),
                "copies": self.reals.copies / len(self.reals),
                "close": (self.reals.near - self.reals.copies) / len(self.reals),
                "doublets": self.reals.doublets / len(self.reals),
                "authenticity": self.reals.authenticity,
            },
            "real_median": {"pixel": self.pixel.median, **({"feature": self.feature.median} if self.feature else {})},
            "histogram": histograms,
        }


def report_neighbours(
    renderer: Renderer,
    recipes: Sequence[Recipe],
    data: Dataset,
    metric: Metric = "pixel",
    k: int = 5,
    features: str | Features | None = "auto",
    held_out: Dataset | None = None,
) -> Job[NeighbourReport]:
    """Job that draws recipes of one model and looks each up in its training data.

    data       at `nearness.report_side`
    metric     what neighbours are ordered by
    k          neighbours that are told of each sample
    features   see `open_features`, or features that are open; None: compare pixels alone, which needs no training
    held_out   real images that were not trained on, at the same size: the scale is then their distance to the data
    """
    if not recipes:
        raise GanvizError("neighbours: expected at least one sample")
    if metric == "feature" and features is None:
        raise GanvizError("neighbours: to order by features, name some")
    opened = features if isinstance(features, Features) or features is None else None
    if isinstance(features, str):
        opened = yield from open_features(features, data)
    rule = yield from open_rule(data, opened, held_out)
    search = rule.search
    found: list[list[Near]] = []

    def look(first: int, pixels: np.ndarray) -> list[list[Near]]:
        small = np.stack([search.reduced(image) for image in pixels])
        return [
            near
            for start in range(0, len(small), QUERIES)
            for near in search.look_up(small[start : start + QUERIES], k)
        ]

    drawing = draw_batches(renderer, recipes, look, "drawing and comparing")
    for part in (yield from drawing):
        found += part
    spacing: dict[int, float] = {}
    if opened is not None:
        nearest = sorted({by_feature(near)[0].index for near in found})
        fellows = yield from feature_fellows(search, np.array(nearest))
        spacing = dict(zip(nearest, fellows.tolist(), strict=True))
    samples = []
    for recipe, near in zip(recipes, found, strict=True):
        judged = yield Offload(rule.judge_found, (near,))
        samples.append(_sample(recipe, near, judged, rule, metric, k, spacing))
        yield Progress(len(samples), len(recipes), "judging")
    authentic = [sample.authentic for sample in samples if sample.authentic is not None]
    return NeighbourReport(
        renderer.load(recipes[0].model).ref.name,
        data.name,
        metric,
        opened.about if opened else "",
        tuple(samples),
        rule.reals,
        sum(authentic) / len(authentic) if authentic else None,
    )


def _sample(
    recipe: Recipe, near: list[Near], judged: Judged, rule: Rule, metric: Metric, k: int, spacing: dict[int, float]
) -> SampleReport:
    """What is known of a sample that was looked up and judged.

    Features alone call nothing close: networks as small as these find different people alike that have the same pose
    and light. What they find is told beside the verdict.
    """
    data, pixel, feature = rule.search.data, rule.reals.pixel, rule.reals.feature

    def match(item: Near) -> Match:
        own = None if feature is None or item.feature is None else feature.percentile(item.feature)
        return Match(item, data.files[item.index], pixel.percentile(item.distance), own)

    by = match(by_feature(near)[0]) if feature is not None else None
    ordered = by_feature(near) if metric == "feature" else [item for item in near if item.rank >= 0]
    authentic, reason = None, judged.reason
    if feature is not None and by is not None and by.near.feature is not None:
        authentic = by.near.feature >= spacing[by.near.index]
        if by.feature_percentile is not None and by.feature_percentile < SUSPICIOUS:
            reason += f"; by features nearer to {by.file} than {feature.words(by.near.feature)} are to their nearest"
    matches = tuple(match(item) for item in ordered[:k])
    return SampleReport(recipe, matches, match(judged.near), by, judged.verdict, reason, authentic)


def _match_json(match: Match, metric: Metric) -> dict[str, Any]:
    near = match.near
    by_pixel = metric == "pixel" or near.feature is None
    data: dict[str, Any] = {
        "index": near.index,
        "file": match.file,
        "distance": near.distance if by_pixel else near.feature,
        "percentile": match.percentile if by_pixel else match.feature_percentile,
        "flipped": near.flipped,
        "shift": list(near.shift),
        "pixel": {"distance": near.distance, "percentile": match.percentile},
    }
    if near.feature is not None:
        data["feature"] = {"distance": near.feature, "percentile": match.feature_percentile}
    return data
