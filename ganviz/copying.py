"""The one rule by which a picture is called a copy, close, or new, wherever it is asked: window, report, command line.

    rule = run(open_rule(data))
    rule.judge(pixels)          # the nearest training image, the verdict, and the reason in words

A picture is looked up in the training data mirrored and moved as well. Its distance is told beside those of real images
to their nearest other one, found in the very same way; and what the rule calls those real images, each left out in
turn, says how often it calls something a copy that is none. docs/metrics.md explains the rule.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ganviz.datasets import Dataset, opening
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics.features import Features
from ganviz.nearness import QUERIES, Near, Search, by_feature, by_pixel, is_prepared, prepare, report_side
from ganviz.neighbours import Index, cache_path, open_index

Verdict = Literal["copy", "close", "new"]
REALS = 2000
"""Real images, evenly spread, whose distances to their nearest real image make the scale."""
SUSPICIOUS = 1.0
"""Percentile of the real distances below which a picture is called close."""
COPIED = 0.5
"""What is nearer to a training image than this share of its own fellow's distance is a copy, if near in general."""
DOUBLET = 2.0
"""Grey levels up to which two real images are one that is there twice (stored anew, mirrored, moved): no fellows."""
SURE = 0.01
"""Chance below which more among samples than among real images is no accident."""
FELLOWS = 4
"""Nearest images by features among which one that is no doublet is looked for."""


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

    def words(self, distance: float) -> str:
        """How many real distances are greater, rounded against the accused: "99.8 % of real images"."""
        greater = len(self.reals) - int(np.searchsorted(self.reals, distance, side="right"))
        if greater == len(self.reals):
            return f"all {greater:,} real images"
        return f"{1000 * greater // len(self.reals) / 10:.1f} % of real images"


@dataclass(frozen=True)
class Reals:
    """What the rule says of real images: by this, samples are judged.

    pixel, feature    the scales; feature is None without features
    copies, near      how many of the real images the rule calls copies, and copies or close
    doublets          how many of them are in the data twice
    authenticity      share of authentic ones, 0 to 1; None without features
    held_out          name of the held-out data that they are from; "" where each training image was left out in turn
    """

    pixel: Scale
    feature: Scale | None
    copies: int
    near: int
    doublets: int
    authenticity: float | None
    held_out: str = ""

    def __len__(self) -> int:
        return len(self.pixel.reals)


@dataclass(frozen=True, slots=True)
class Judged:
    """The nearest training image of a picture by pixels, with its file's name, and what that says."""

    near: Near
    file: str
    percentile: float
    verdict: Verdict
    reason: str


@dataclass
class Rule:
    """The rule over one data set. Made by `open_rule`."""

    search: Search
    reals: Reals
    _fellows: dict[int, float] = field(default_factory=dict)

    def judge(self, pixels: np.ndarray) -> Judged:
        """Look up and judge a picture, uint8 (H, W, C)."""
        return self.judge_found(self.search.look_up(self.search.reduced(pixels)[None], 1)[0])

    def judge_found(self, found: list[Near]) -> Judged:
        """Judge a picture that was looked up."""
        near = by_pixel(found)[0]
        file, scale = self.search.data.files[near.index], self.reals.pixel
        verdict, reason = judge(near, file, scale, self.fellow(near.index) if scale.is_near(near.distance) else None)
        return Judged(near, file, scale.percentile(near.distance), verdict, reason)

    def fellow(self, index: int) -> float:
        """How far a training image is from the nearest other one, in grey levels."""
        if index not in self._fellows:
            self._fellows[index] = _fellow(self.search, index)
        return self._fellows[index]


def judge(near: Near, file: str, scale: Scale, fellow: float | None) -> tuple[Verdict, str]:
    """The verdict on a picture whose nearest training image is `near`, and why in words.

    fellow    where the picture is near: how far that image is from its own nearest fellow. Some pictures have fellows
              close by (ones among digits), so that near by itself is no copy: that is what is nearer than half of this
    """
    percentile = scale.percentile(near.distance)
    parts = ["mirrored"] if near.flipped else []
    parts += [f"moved by {max(map(abs, near.shift))} px"] if any(near.shift) else []
    where = f"{near.distance:.1f} {scale.unit} from {file}{', ' if parts else ''}{' and '.join(parts)}"
    nearer = f"nearer than {scale.words(near.distance)} are to their nearest"
    if fellow is not None and near.distance <= COPIED * fellow:
        return "copy", f"likely a copy: {where}, whose own nearest fellow is {fellow:.1f} away; {nearer}"
    if percentile < SUSPICIOUS:
        return "close", f"suspiciously close: {where}; {nearer}"
    if percentile >= 100:
        return "new", "new: farther from the data than any real image"
    return "new", f"new: no closer to the data than real images are (percentile {percentile:.0f})"


def is_more(count: int, of: int, reals: int, of_reals: int) -> bool:
    """Whether so many of the samples are more than so many of the real images by no accident (Fisher's exact test)."""
    whole, drawn = of + of_reals, count + reals

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    all_ways = log_choose(whole, drawn)
    ways = range(count, min(of, drawn) + 1)
    return sum(math.exp(log_choose(of, k) + log_choose(of_reals, drawn - k) - all_ways) for k in ways) < SURE


def open_rule(data: Dataset, features: Features | None = None, held_out: Dataset | None = None) -> Job[Rule]:
    """Job that makes the rule ready for a data set; what real images say is kept in the cache.

    held_out    real images that were not trained on, at the same size, instead of each training image left out
    """
    if held_out is not None and held_out.images.shape[1:] != data.images.shape[1:]:
        raise GanvizError(
            f"{held_out.name}: expected held-out images of {data.images.shape[1:]}, got {held_out.images.shape[1:]}"
        )
    search = yield from prepare(data, features)
    kept = scale_path(data, features)
    table = None if held_out is not None else _read(kept)
    if table is None:
        table = yield from _measure(search, held_out)
        if held_out is None:
            with atomic_path(kept) as temporary, open(temporary, "wb") as file:
                file.write(table.astype("<f8").tobytes())
    return Rule(search, _sum_up(table, features is not None, held_out.name if held_out is not None else ""))


def is_ready(data: Dataset) -> bool:
    """Whether the cache holds all that `open_rule` makes of these data without features."""
    return is_prepared(data) and _read(scale_path(data, None)) is not None


def open_both(source: str, resolution: int, channels: int) -> Job[tuple[Index, Rule]]:
    """Job that opens data (path or known name) for the live search, and the rule over them."""
    index = yield from open_index(source, resolution, channels)
    side, data = report_side(resolution, channels), index.data
    if side != data.images.shape[1]:
        data = yield from opening(source, side, channels)
    return index, (yield from open_rule(data))


def scale_path(data: Dataset, features: Features | None) -> Any:
    """Where the measured real images are kept: by the data's digest and size, and by the features'."""
    return cache_path(data, f"{'pixels' if features is None else features.digest[:16]}.reals1")


COLUMNS = 5
"""Of the table of real images: distance and fellow (nan where not near) by pixels, distance and fellow by features
(nan without), whether it is there twice."""


def _measure(search: Search, held_out: Dataset | None) -> Job[np.ndarray]:
    """The table (n, COLUMNS) of up to REALS real images, evenly spread, each looked up with itself left out."""
    source = search.data if held_out is None else held_out
    rows = np.linspace(0, len(source) - 1, min(REALS, len(source))).astype(int)
    table = np.full((len(rows), COLUMNS), np.nan)
    nearest = np.zeros((len(rows), 2), int)
    for start in range(0, len(rows), QUERIES):
        part = rows[start : start + QUERIES]
        asked = (np.asarray(source.images[part]), FELLOWS, None if held_out is not None else part)
        for k, found in enumerate((yield Offload(search.look_up, asked)), start):
            near = other(by_pixel(found))
            table[k, 0], table[k, 4] = near.distance, found[0].distance <= DOUBLET
            nearest[k, 0] = near.index
            if search.vectors is not None:
                like = other(by_feature(found))
                table[k, 2], nearest[k, 1] = like.feature, like.index
        yield Progress(min(start + QUERIES, len(rows)), len(rows), "measuring real images")
    scale = Scale(np.sort(table[:, 0]), "")
    for k in np.flatnonzero([scale.is_near(distance) for distance in table[:, 0]]).tolist():
        left_out = int(rows[k]) if held_out is None else None
        table[k, 1] = yield Offload(_fellow, (search, int(nearest[k, 0]), left_out))
        yield Progress(k, len(rows), "fellows of real images")
    if search.vectors is not None:
        table[:, 3] = yield from feature_fellows(search, nearest[:, 1], rows if held_out is None else None)
    return table


def other(near: list[Near]) -> Near:
    """The first that is no doublet; the last where all are."""
    return next((item for item in near if item.distance > DOUBLET), near[-1])


def _fellow(search: Search, index: int, left_out: int | None = None) -> float:
    pixels = np.asarray(search.data.images[index : index + 1])
    return other(by_pixel(search.look_up(pixels, 1, _leave(index, left_out))[0])).distance


def feature_fellows(search: Search, indices: np.ndarray, left_out: np.ndarray | None = None) -> Job[np.ndarray]:
    """Job: how far the features of training images (n,) are from those of the nearest other one, (n,).

    left_out    (n,) another image for each that is not looked at
    """
    leave = indices[:, None] if left_out is None else np.stack([indices, left_out], axis=1)
    found: list[float] = []
    for start in range(0, len(indices), QUERIES):
        part = slice(start, start + QUERIES)
        asked = (np.asarray(search.data.images[indices[part]]), FELLOWS, leave[part])
        found += [other(near).feature or 0.0 for near in (yield Offload(search.alike, asked))]
        yield Progress(len(found), len(indices), "fellows by features")
    return np.array(found)


def _leave(index: int, left_out: int | None) -> np.ndarray:
    return np.array([[index] if left_out is None else [index, left_out]])


def _sum_up(table: np.ndarray, with_features: bool, held_out: str) -> Reals:
    pixel = Scale(np.sort(table[:, 0]), "grey levels")
    verdicts = []
    for distance, fellow in table[:, :2]:
        near = Near(0, float(distance), False, (0, 0))
        verdicts.append(judge(near, "", pixel, None if math.isnan(fellow) else float(fellow))[0])
    feature = Scale(np.sort(table[:, 2]), "of features") if with_features else None
    return Reals(
        pixel,
        feature,
        verdicts.count("copy"),
        len(verdicts) - verdicts.count("new"),
        int(table[:, 4].sum()),
        float((table[:, 2] >= table[:, 3]).mean()) if with_features else None,
        held_out,
    )


def _read(path: Any) -> np.ndarray | None:
    """A table that was kept; None where there is none, or one that is damaged."""
    if not path.is_file() or path.stat().st_size % (8 * COLUMNS) or not path.stat().st_size:
        return None
    table = np.frombuffer(path.read_bytes(), "<f8").astype(np.float64).reshape(-1, COLUMNS)
    return table if (table[:, 0] >= 0).all() and np.isin(table[:, 4], (0, 1)).all() else None
