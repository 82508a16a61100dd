"""What the evaluate workspace has done for it: the jobs, and what they bring back. Torch is loaded in the jobs only."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganviz import catalog
from ganviz.checkpoint import Header
from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics import results
from ganviz.metrics.results import Measured
from ganviz.over_time import spread

if TYPE_CHECKING:
    from ganviz.datasets import Dataset
    from ganviz.neighbour_report import NeighbourReport, SampleReport
    from ganviz.neighbour_walk import NeighbourWalk
    from ganviz.render import Renderer

SHOWN = 24
"""Samples of a neighbour report that are shown, the most suspicious first."""
NEIGHBOURS = 5
SIDE = 128
"""Pixels a side at most that their pictures are kept at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: the data's path or known name, pictures to draw, features, metrics, snapshots of the run."""

    source: str
    samples: int
    features: str
    metrics: tuple[str, ...] = ()
    snapshots: int = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a model: its own results, newest first; comparable ones over its run; snapshots of that."""

    own: tuple[Measured, ...] = ()
    series: tuple[tuple[Measured, ...], ...] = ()
    snapshots: int = 0

    def series_of(self, measured: Measured) -> tuple[Measured, ...]:
        """The results over the run that a result compares with; empty where it stands alone."""
        found = next((part for part in self.series if part[0].conditions == measured.conditions), ())
        return found if len(found) > 1 else ()


@dataclass(frozen=True)
class Row:
    """A sample, its picture and those of its neighbours as they lie beside it, uint8 (side, side, C)."""

    sample: "SampleReport"
    pixels: np.ndarray
    neighbours: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Outcome:
    """A neighbour report with the pictures of its most suspicious samples, and where its data are."""

    report: "NeighbourReport"
    rows: tuple[Row, ...]
    source: str


def read_kept(header: Header) -> Kept:
    """What lies beside the checkpoint, and beside the other snapshots of its run."""
    run = catalog.run_of(header.path)
    if run is None:
        return Kept(tuple(results.read(header)))
    series = tuple(tuple(part) for part in results.over_time(run))
    return Kept(tuple(results.read(header)), series, len(catalog.snapshots(run)))


def measure(renderer: "Renderer", header: Header, plan: Plan) -> Job[Measured]:
    """Job that measures a model, or so many snapshots of its run with it, and keeps each result beside its checkpoint.

    The result is the model's own. What was measured before a cancel is kept.
    """
    from ganviz.metrics.features import open_features
    from ganviz.metrics.measuring import measure_model

    data = yield from _open(plan.source, header, header.spec.resolution)
    opened = yield from open_features(plan.features, data)
    own: Measured | None = None
    headers = snapshots_with(header, plan.snapshots)
    for k, item in enumerate(headers):
        if len(headers) > 1:
            yield Progress(k, len(headers), f"snapshot {k + 1} of {len(headers)}")
        measured = yield from measure_model(renderer, item, data, plan.metrics, plan.samples, features=opened)
        yield Offload(results.keep, (item, measured))
        if item.digest == header.digest:
            own = measured
    assert own is not None
    return own


def snapshots_with(header: Header, count: int) -> list[Header]:
    """So many snapshots of a model's run, evenly spread, the model itself among them; itself alone for 1."""
    run = catalog.run_of(header.path)
    if count < 2 or run is None:
        return [header]
    found = [item for item in catalog.snapshots(run) if item.spec.resolution == header.spec.resolution]
    if len(found) < 2:
        return [header]
    chosen = spread(found, count)
    if all(item.digest != header.digest for item in chosen):
        chosen.append(header)
    return sorted(chosen, key=catalog.images_seen)


def compare(renderer: "Renderer", header: Header, plan: Plan) -> Job[Outcome]:
    """Job that looks samples up in the training data, seeds from 0 on at psi 1, as the metrics take them."""
    from ganviz.metrics.measuring import prior_recipes
    from ganviz.nearness import report_side
    from ganviz.neighbour_report import report_neighbours

    data = yield from _open(plan.source, header, report_side(header.spec.resolution, header.spec.channels))
    renderer.load(header.path)
    recipes = prior_recipes(header, plan.samples)
    report = yield from report_neighbours(renderer, recipes, data, k=NEIGHBOURS, features=plan.features)
    rows = []
    for sample in report.closest(SHOWN):
        rows.append(_row(sample, renderer.render(sample.recipe).pixels, data))
        yield Progress(len(rows), SHOWN, "drawing the closest")
    return Outcome(report, tuple(rows), plan.source)


def walk(renderer: "Renderer", header: Header, sample: "SampleReport", source: str) -> Job["NeighbourWalk"]:
    """Job that walks from a sample to its nearest training image."""
    from ganviz.nearness import report_side
    from ganviz.neighbour_walk import walk_to

    data = yield from _open(source, header, report_side(header.spec.resolution, header.spec.channels))
    renderer.load(header.path)
    near = sample.matches[0].near
    return (yield from walk_to(renderer, sample.recipe, np.asarray(data.images[near.index]), near.flipped))


def write_page(renderer: "Renderer", header: Header, plan: Plan, out: Path) -> Job[Path]:
    """Job that writes the page about a model; without known data (source "") it is not measured, and says so."""
    from ganviz.html_report import Plan as PagePlan
    from ganviz.html_report import make_page

    data = None
    if plan.source:
        data = yield from _open(plan.source, header, header.spec.resolution)
    page = yield from make_page(renderer, header, data, PagePlan(plan.samples, plan.metrics, NEIGHBOURS, plan.features))
    with atomic_path(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return out


def _open(source: str, header: Header, side: int) -> Job["Dataset"]:
    from ganviz.datasets import opening

    return (yield from opening(source, side, header.spec.channels))


def _row(sample: "SampleReport", pixels: np.ndarray, data: "Dataset") -> Row:
    from ganviz.neighbours import reduced

    side = min(SIDE, data.images.shape[1])

    def beside(near: Any) -> np.ndarray:
        image = np.asarray(data.images[near.index])
        return np.ascontiguousarray(reduced(image[:, ::-1] if near.flipped else image, side))

    return Row(sample, reduced(pixels, side), tuple(beside(match.near) for match in sample.matches))


def words(verdict: str) -> str:
    """A sample's verdict, as a heading."""
    return {"copy": "Likely a copy", "close": "Suspiciously close", "new": "New"}[verdict]


def tone(verdict: str) -> str:
    """The colour of a verdict, of a sample or of a whole model."""
    return {"copy": "danger", "memorised": "danger", "close": "warning", "suspicious": "warning"}.get(verdict, "good")


def walk_words(found: "NeighbourWalk") -> str:
    """What a walk to a training image says, with its figures in grey levels."""
    moved, left = float(found.to_start[-1]), float(found.to_target[-1])
    said = f"The model draws the training image to {found.psnr:.1f} dB ({left:.0f} grey levels off)"
    if left > moved:
        return f"{said}, farther from it than the way is long ({moved:.0f}): it has not learnt this image."
    return f"{said}, {moved:.0f} grey levels from the sample; a copy would hardly change on the way."


def describe(measured: Measured) -> str:
    """A kept result in a line, for a list of them."""
    return f"{measured.data} · {measured.samples:,} samples · {measured.features}"
