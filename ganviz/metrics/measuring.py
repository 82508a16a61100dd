"""Measuring a model as a job.

    measured = run(measure_model(renderer, header, data, ("fid", "prdc", "swd"), samples=5000))
    results.keep(header, measured)

In the window step the job on the compute thread: it draws with the renderer between yields, and hands everything else
to the side thread by Offload. `close()` cancels it; nothing is left behind but caches that are whole.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ganviz.checkpoint import Header
from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Job, Offload, Progress
from ganviz.latent import conditions_of_seed
from ganviz.metrics import METRICS, Figure
from ganviz.metrics.evidence import Evidence
from ganviz.metrics.features import Features, features_of, open_features
from ganviz.metrics.results import Measured
from ganviz.neighbours import reduced
from ganviz.recipe import Recipe, class_weights
from ganviz.render import Renderer
from ganviz.spec import Spec
from ganviz.streams import stream_of

SAMPLES = 5000
FEWEST = 20
SIDE = 128
"""Pixels a side at most at which drawn pictures are kept for what looks at pixels; 5,000 of them take 250 MB."""
LOOKED_AT = 64


def prior_recipes(header: Header, count: int, psi: float = 1.0, first: int = 0) -> list[Recipe]:
    """The seeds from `first` on, each as training would draw it: its class and categories, continuous codes at random.

    Numbers of continuous codes are even over the code's range, drawn from the seed as well. Noise of layers is the
    constant one, which draws as many pictures in far less time.
    """
    return [_recipe(header, number, psi) for number in range(first, first + count)]


def _recipe(header: Header, number: int, psi: float) -> Recipe:
    spec = header.spec
    index, categories = conditions_of_seed(number, spec)
    stream = stream_of((number + 0x9E3779B9) % 2**32)
    codes = []
    for code in spec.codes:
        if code.kind == "categorical":
            codes.append((code.name, class_weights(categories[code.name], code.size)))
        else:
            codes.append((code.name, (float(stream.uniform(code.low, code.high)),)))
    label = class_weights(index, spec.num_classes) if spec.num_classes else None
    return Recipe(header.ref, Seed(number), label=label, codes=tuple(sorted(codes)), psi=psi)


def measure_model(
    renderer: Renderer,
    header: Header,
    data: Dataset,
    metrics: Sequence[str] | None = None,
    samples: int = SAMPLES,
    psi: float = 1.0,
    features: str | Features = "auto",
) -> Job[Measured]:
    """Job that draws `samples` pictures of a model and measures them against a data set.

    data      at the model's own resolution and channels, see `open_dataset`
    metrics   names in METRICS; None: all
    psi       1, no truncation, is what papers give
    features  see `open_features`, or features that are open already

    Up to `samples` real pictures are taken, evenly spread. Raises GanvizError for what cannot be measured at all; what
    of it cannot be measured as asked is said in the result's notes.
    """
    names = check_names(metrics)
    if samples < FEWEST or len(data) < FEWEST:
        raise GanvizError(
            f"metrics: expected at least {FEWEST} pictures, got {samples} drawn and {len(data)} real ones"
        )
    generator = renderer.load(header.path)
    opened = features if isinstance(features, Features) else (yield from open_features(features, data))
    wanted = {METRICS[name].needs for name in names}
    rows = np.linspace(0, len(data) - 1, min(samples, len(data))).astype(int)
    real, real_classes = np.zeros((0, 0), np.float32), None
    if "features" in wanted:
        whole = len(rows) == len(data)
        real, real_classes = yield from features_of(opened, data, None if whole else rows.tolist())
    side = min(SIDE, header.spec.resolution) if "pictures" in wanted else 0
    recipes = prior_recipes(header, samples, psi)
    drawn, drawn_classes, pixels = np.zeros((0, 0), np.float32), None, np.zeros((0, 8, 8, 1), np.uint8)
    if wanted & {"features", "pictures"}:
        drawn, drawn_classes, pixels = yield from _draw(
            renderer, recipes, opened if "features" in wanted else None, side
        )
    real_pixels = np.zeros((0, 8, 8, 1), np.uint8)
    if side:
        real_pixels = yield from _reduce(data, rows, side)
    evidence = Evidence(
        real=real,
        drawn=drawn,
        real_pixels=real_pixels,
        drawn_pixels=pixels,
        real_classes=real_classes,
        drawn_classes=drawn_classes,
        generator=generator,
        conditions=_conditions(recipes[:1000], header.spec),
        distance=opened.distance,
        inception=opened.kind == "inception",
    )
    figures: dict[str, Figure] = {}
    for name in names:
        module, function = METRICS[name].entry.split(":")
        figures |= yield from getattr(importlib.import_module(module), function)(evidence)
    return Measured(
        model=header.ref.name,
        digest=header.digest,
        data=data.name,
        data_digest=data.digest,
        samples=samples,
        reals=len(rows),
        psi=psi,
        features=opened.about,
        features_digest=opened.digest,
        metrics=figures,
        notes=tuple(evidence.notes),
        images_seen=header.card.images_seen,
    )


def check_names(metrics: Sequence[str] | None) -> tuple[str, ...]:
    """The metrics to measure, in the table's order; GanvizError names those that are not known."""
    if metrics is None:
        return tuple(name for name, metric in METRICS.items() if metric.by_default)
    asked = {"fid" if name == "fd" else name for name in metrics}
    unknown = sorted(asked - set(METRICS))
    if unknown or not asked:
        raise GanvizError(f"metrics: expected some of {', '.join(METRICS)}; got {', '.join(unknown) or 'none'}")
    return tuple(name for name in METRICS if name in asked)


def draw_batches(
    renderer: Renderer, recipes: Sequence[Recipe], use: Callable[[int, np.ndarray], Any], note: str = "drawing"
) -> Job[list[Any]]:
    """Job that draws recipes of one model batch by batch, and Offloads `use(first, pixels uint8 (n, H, W, C))` on each.

    Batches that take long are drawn in fewer pictures: the renderer's own size of batch is the most.
    """
    found = []
    step = renderer.at_once(recipes[0])
    waiting: list[np.ndarray] = []
    first = 0
    for start in range(0, len(recipes), step):
        waiting += [frame.pixels for frame in renderer.render_all(recipes[start : start + step])]
        yield Progress(min(start + step, len(recipes)), len(recipes), note)
        if len(waiting) >= LOOKED_AT or start + step >= len(recipes):
            found.append((yield Offload(use, (first, np.stack(waiting)))))
            first, waiting = first + len(waiting), []
    return found


def _draw(
    renderer: Renderer, recipes: Sequence[Recipe], features: Features | None, side: int
) -> Job[tuple[np.ndarray, np.ndarray | None, np.ndarray]]:
    """Vectors (M, D), class probabilities (M, K) or None, and pictures uint8 (M, side, side, C) (side 0: none)."""

    def use(first: int, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        vectors, classes = features.look(pixels) if features else (np.zeros((len(pixels), 0), np.float32), None)
        small = np.stack([reduced(image, side) for image in pixels]) if side else pixels[:0]
        return vectors, classes, small

    parts = yield from draw_batches(renderer, recipes, use)
    vectors, classes, small = zip(*parts, strict=True)
    return (
        np.concatenate(vectors),
        None if classes[0] is None else np.concatenate(classes),
        np.concatenate(small),
    )


def _reduce(data: Dataset, rows: np.ndarray, side: int) -> Job[np.ndarray]:
    """The data's pictures at these rows, uint8 (n, side, side, C)."""
    if data.images.shape[1] == side:
        return np.asarray(data.images[rows])
    parts = []
    for start in range(0, len(rows), LOOKED_AT):
        yield Progress(start, len(rows), "reading the data")
        part = rows[start : start + LOOKED_AT]
        parts.append((yield Offload(lambda part=part: np.stack([reduced(data.images[k], side) for k in part]))))
    return np.concatenate(parts)


def _conditions(recipes: Sequence[Recipe], spec: Spec) -> tuple[Any, dict[str, Any]]:
    """Label (n, num_classes) or None, and codes (n, size) by name, of recipes, as tensors."""
    label = torch.tensor([recipe.label for recipe in recipes]) if spec.num_classes else None
    codes = {
        code.name: torch.tensor([dict(recipe.codes)[code.name] for recipe in recipes], dtype=torch.float32)
        for code in spec.codes
    }
    return label, codes
