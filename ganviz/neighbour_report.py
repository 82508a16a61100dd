"""The neighbour report: is what a generator draws new, or has it learnt its training images by heart?

    data = open_dataset(name, search_side(header.spec), header.spec.channels)
    report = run(report_neighbours(renderer, recipes, data))
    json.dumps(report.to_json())

In the window step the job on the compute thread; `close()` cancels it. `report.closest(16)` is what to show first,
`report.histogram("pixel")` what to draw, and `ganviz.neighbour_walk.walk_to` leads from a sample to its neighbour.

Every distance is told beside those of real images to their nearest other real image (or, with `held_out`, of held-out
images to the training images), found in the very same way: a sample that is closer than almost all real images are to
one another is suspicious.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics.features import Features, open_features
from ganviz.metrics.measuring import draw_batches
from ganviz.nearness import QUERIES, SIDE, Near, Search, by_feature, prepare
from ganviz.neighbours import COPIED, REALS, SUSPICIOUS, Verdict, search_side
from ganviz.recipe import Recipe
from ganviz.render import Renderer

Metric = Literal["pixel", "feature"]
WholeVerdict = Literal["memorised", "suspicious", "new"]
MEMORISED = 0.05
"""Share of samples that are copies from which a model is said to have memorised its data."""
TOO_MANY = 0.05
"""Share of samples below the first percentile from which a model is suspicious; one in a hundred is there by chance."""
BY_CHANCE = 0.01
"""Share of copies above which it is: where data are dense, a few real pictures would be called that too."""
BINS = 30


@dataclass(frozen=True)
class Scale:
    """Distances of real images to their nearest real image, sorted (n,), by which others are judged."""

    reals: np.ndarray
    unit: str

    @property
    def median(self) -> float:
        return float(np.median(self.reals))

    def percentile(self, distance: float) -> float:
        """Share (0 to 100) of the real distances that are smaller than this one; low is suspicious."""
        return 100.0 * float(np.searchsorted(self.reals, distance, side="left")) / len(self.reals)

    def is_near(self, distance: float) -> bool:
        """Whether a distance is among the hundredth of the smallest, or under half the median (SUSPICIOUS, COPIED)."""
        return self.percentile(distance) < SUSPICIOUS or distance <= COPIED * self.median


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
    verdict     "copy", "close" or "new", with the reason in words
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
    pixel, feature the scales; feature is None without features
    authenticity   share of authentic samples, 0 to 1, about 0.5 where samples are as real images are; None without
    held_out       name of the held-out data that the scale is from; "" where each real image was left out in turn
    """

    model: str
    data: str
    metric: Metric
    features: str
    samples: tuple[SampleReport, ...]
    pixel: Scale
    feature: Scale | None
    authenticity: float | None
    held_out: str = ""

    def share(self, *verdicts: Verdict) -> float:
        """Share of samples with one of these verdicts, 0 to 1."""
        return sum(sample.verdict in verdicts for sample in self.samples) / len(self.samples)

    @property
    def verdict(self) -> WholeVerdict:
        """ "memorised" where copies are many, "suspicious" where they, or near ones, are more than by chance."""
        if self.share("copy") >= MEMORISED:
            return "memorised"
        return "suspicious" if self.share("copy") > BY_CHANCE or self.share("copy", "close") > TOO_MANY else "new"

    @property
    def reason(self) -> str:
        """The verdict in words, with its reason."""
        copies, near = self.share("copy"), self.share("copy", "close")
        facts = (
            f"{copies:.1%} of {len(self.samples):,} samples are likely copies, {near:.1%} are these or suspiciously "
            "close to a training image"
        )
        if self.verdict == "memorised":
            return f"memorised: {facts}"
        if self.verdict == "suspicious":
            return f"suspicious: {facts}; look at those before showing or sharing them"
        return f"new: {facts}, no more than by chance" + ("; look at the copies" if copies else "")

    def closest(self, count: int) -> list[SampleReport]:
        """The most suspicious samples first: copies, then close ones, each by the percentile and the distance."""
        order = {"copy": 0, "close": 1, "new": 2}

        def key(sample: SampleReport) -> tuple[int, float, float]:
            near = sample.by_pixel
            return order[sample.verdict], near.percentile, near.near.distance / max(self.pixel.median, 1e-12)

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
            "held_out": self.held_out,
            "real_median": {"pixel": self.pixel.median, **({"feature": self.feature.median} if self.feature else {})},
            "histogram": histograms,
        }


def report_side(resolution: int, channels: int) -> int:
    """Pixels a side at which samples and data are compared: the model's own, halved until it is at most SIDE."""
    side = search_side(resolution, channels)
    while side > SIDE:
        side //= 2
    return side


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

    data       at `report_side`
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
    search = yield from prepare(data, opened)
    pixel, feature = yield from _scales(search, held_out)
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
    apart = yield from _spacing(search, sorted({n[0].index for n in found if pixel.is_near(n[0].distance)}), "pixel")
    spacing: dict[int, float] = {}
    if feature is not None:
        spacing = yield from _spacing(search, sorted({by_feature(near)[0].index for near in found}), "feature")
    model = renderer.load(recipes[0].model).ref.name
    samples = tuple(
        _sample(recipe, near, data, metric, k, pixel, feature, apart, spacing)
        for recipe, near in zip(recipes, found, strict=True)
    )
    authentic = [sample.authentic for sample in samples if sample.authentic is not None]
    return NeighbourReport(
        model,
        data.name,
        metric,
        opened.about if opened else "",
        samples,
        pixel,
        feature,
        sum(authentic) / len(authentic) if authentic else None,
        held_out.name if held_out is not None else "",
    )


def _scales(search: Search, held_out: Dataset | None) -> Job[tuple[Scale, Scale | None]]:
    """Nearest distances of up to REALS real images, evenly spread, itself left out or held-out ones."""
    source = search.data if held_out is None else held_out
    if source.images.shape[1:] != search.data.images.shape[1:]:
        raise GanvizError(
            f"{source.name}: expected held-out images of {search.data.images.shape[1:]}, got {source.images.shape[1:]}"
        )
    rows = np.linspace(0, len(source) - 1, min(REALS, len(source))).astype(int)
    found: list[list[Near]] = []
    for start in range(0, len(rows), QUERIES):
        part = rows[start : start + QUERIES]
        pixels = np.asarray(source.images[part])
        found += yield Offload(search.look_up, (pixels, 1, None if held_out is not None else part))
        yield Progress(min(start + QUERIES, len(rows)), len(rows), "measuring real images")
    pixel = Scale(np.sort([near[0].distance for near in found]), "grey levels")
    if search.vectors is None:
        return pixel, None
    nearest = [by_feature(near)[0].feature for near in found]
    return pixel, Scale(np.sort(np.array(nearest, dtype=np.float64)), "of features")


def _spacing(search: Search, indices: list[int], metric: Metric) -> Job[dict[int, float]]:
    """For each of these training images, how near its nearest fellow is."""
    found: dict[int, float] = {}
    step = 64 if metric == "feature" else QUERIES
    for start in range(0, len(indices), step):
        part = np.array(indices[start : start + step])
        if metric == "feature":
            distances = (yield Offload(search.nearest_features, (part,))).tolist()
        else:
            near = yield Offload(search.look_up, (np.asarray(search.data.images[part]), 1, part))
            distances = [fellows[0].distance for fellows in near]
        found.update(zip(part.tolist(), distances, strict=True))
        yield Progress(start, len(indices), "fellows of the nearest images")
    return found


def _sample(
    recipe: Recipe,
    near: list[Near],
    data: Dataset,
    metric: Metric,
    k: int,
    pixel: Scale,
    feature: Scale | None,
    apart: dict[int, float],
    spacing: dict[int, float],
) -> SampleReport:
    def match(item: Near) -> Match:
        own = None if feature is None or item.feature is None else feature.percentile(item.feature)
        return Match(item, data.files[item.index], pixel.percentile(item.distance), own)

    first = match(near[0])
    by = match(by_feature(near)[0]) if feature is not None else None
    ordered = by_feature(near) if metric == "feature" else near
    verdict, reason = judge(first, by, apart.get(first.near.index) if pixel.is_near(first.near.distance) else None)
    authentic = None
    if by is not None and by.near.feature is not None:
        authentic = by.near.feature >= spacing[by.near.index]
    return SampleReport(recipe, tuple(match(item) for item in ordered[:k]), first, by, verdict, reason, authentic)


def judge(by_pixel: Match, by_feature: Match | None, spacing: float | None) -> tuple[Verdict, str]:
    """The verdict on a sample, and why in words.

    spacing    of a sample that is near: how far the nearest training image is from its own nearest fellow, by pixels.
               Some pictures have fellows close by (ones among digits), so that near by itself is no copy: that is what
               is nearer than half of this as well

    Pixels alone can call it a copy. Features can call it close: networks as small as these find different people alike
    that have the same pose and light.
    """
    near = by_pixel.near
    copied = spacing is not None and near.distance <= COPIED * spacing
    if copied or by_pixel.percentile < SUSPICIOUS:
        parts = ["mirrored"] if near.flipped else []
        parts += [f"moved by {max(map(abs, near.shift))} px"] if any(near.shift) else []
        moved = f", {' and '.join(parts)}," if parts else ""
        words = "likely a copy" if copied else "suspiciously close"
        closer = 100 - by_pixel.percentile
        reason = f"{words}: pixel by pixel closer to {by_pixel.file}{moved} than {closer:.1f} % of real pairs"
        return "copy" if copied else "close", reason
    percentile = None if by_feature is None else by_feature.feature_percentile
    if by_feature is not None and percentile is not None and percentile < SUSPICIOUS:
        closer = 100 - percentile
        return "close", f"suspiciously close: by features closer to {by_feature.file} than {closer:.1f} % of real pairs"
    return "new", f"new: no closer to the data than real images are (percentile {by_pixel.percentile:.0f})"


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


def without_matches(report: NeighbourReport, keep: int) -> NeighbourReport:
    """A report that tells only the `keep` nearest images of each sample: smaller files of many samples."""
    return replace(report, samples=tuple(replace(s, matches=s.matches[:keep]) for s in report.samples))
