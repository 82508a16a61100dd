"""All figures and pictures of a model's card: `python -m trainers.measure MODEL --data DATA --out FOLDER`.

Writes figures.json, the same as tables in figures.md, and pictures into FOLDER. What a model has decides what is
measured: codes, styles, a run's growth and log. Nothing is downloaded; the only net that is trained is the small
classifier that judges categories.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from PIL import Image

from ganviz import catalog, checkpoint, cli, copying
from ganviz.checkpoint import Header, read_header
from ganviz.cli_parts import report
from ganviz.datasets import Dataset, open_dataset
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.metrics import codes as code_checks
from ganviz.metrics.classifier import classify, train_classifier
from ganviz.metrics.layers import PSIS, mapped, psi_figures, swap_figures, synthesised
from ganviz.metrics.strokes import MEASURES
from ganviz.metrics.swd import swd
from ganviz.mixing import GROUPS, layer_groups
from ganviz.models.base import StagedGenerator
from ganviz.models.growing import grown
from ganviz.models.layers import nearest_up
from trainers.codes import draw_codes
from trainers.curves import draw_curves, read_log
from trainers.preview import draw, preview_pixels
from trainers.tables import tables

SHOWN = 8
"""Rows of a figure."""
NEIGHBOURS = 5
LOOKED_AT = 1000
"""Samples whose nearest training images are looked for."""
PART = 8
"""Samples that are looked up at once."""
SWEEPS = 500
"""Sweeps of each continuous code."""


def measure(
    path: Path, data: Dataset, folder: Path, samples: int = 4000, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Measure the checkpoint at `path` against its training data; returns what figures.json holds.

    samples  pictures drawn for the distances
    say      called with a line on what is being done
    """
    header = read_header(path)
    generator = checkpoint.load(path)
    spec = generator.spec
    figures: dict[str, Any] = {
        "model": header.ref.name,
        "digest": header.digest,
        "images seen": header.card.images_seen,
        "parameters": sum(p.numel() for p in generator.parameters()),
        "data": data.name,
        "samples": samples,
    }
    save(folder / "sheet.png", preview_pixels(generator))
    say("distances")
    drawn = draw_samples(generator, samples)
    figures["swd"] = distances(drawn, data.images)
    figures["diversity"] = {"drawn": mean_difference(drawn), "real": mean_difference(np.asarray(data.images))}
    say("nearest training images")
    figures["neighbours"] = nearest_images(drawn[:LOOKED_AT], data, folder)
    if spec.codes and data.labels is not None and spec.channels == 1:
        say("codes")
        figures["codes"] = check_codes(generator, data, folder)
    if spec.has_mapping:
        say("styles")
        figures["swap"] = swap_figures(generator)
        show_swap(generator, header.card.psi, folder)
    if spec.truncation and not spec.codes:
        say("truncation")
        figures["psi"] = psi_figures(generator)
        save(folder / "psi.png", grid(np.stack([psi_row(generator, psi) for psi in PSIS], axis=1)))
    run = path.parent.parent
    if path.parent.name == "snapshots":
        stages = last_of_each_resolution(run)
        if len(stages) > 1:
            say("growth")
            figures["growth"] = check_growth(stages, folder)
        if (run / "log.jsonl").is_file():
            save(folder / "curves.png", np.asarray(draw_curves(read_log(run / "log.jsonl"))))
    return figures


def draw_samples(generator: StagedGenerator, count: int) -> np.ndarray:
    """The seeds 0 .. count at psi 1, uint8 (count, H, W, C); classes in turn, codes drawn as in training."""
    spec = generator.spec
    return draw(generator, count, spec.num_classes, draw_codes(spec.codes, count, torch.Generator().manual_seed(0)))


def distances(drawn: np.ndarray, real: np.ndarray) -> dict[str, Any]:
    """Sliced Wasserstein distances x 1000 by level, of two kinds, each beside that of real images to real ones.

    whole     all that was drawn, to all real images; beside it the two halves of the real images (even, odd)
    thousand  the first 1,000 drawn to the second 1,000 real images; beside it the first 1,000 real ones
    """

    def pair(ours: dict[int, float], floor: dict[int, float]) -> dict[str, Any]:
        ratio = {level: ours[level] / floor[level] for level in ours}
        return {"drawn": ours, "real": floor, "ratio": ratio, "mean ratio": float(np.mean(list(ratio.values())))}

    found = {"whole": pair(swd(drawn, real), swd(real[::2], real[1::2]))}
    if len(real) >= 2000:
        apart = real[1000:2000]
        found["thousand"] = pair(swd(drawn[:1000], apart), swd(real[:1000], apart))
    return found


def mean_difference(images: np.ndarray) -> float:
    """Mean absolute difference, in grey levels, of 2,000 images from the next one: less means less varied."""
    part = images[:2000].astype(np.float32)
    return float(np.abs(part - np.roll(part, 1, axis=0)).mean())


def nearest_images(drawn: np.ndarray, data: Dataset, folder: Path) -> dict[str, Any]:
    """Distances (root mean square, grey levels) to the nearest training image, by the rule of `ganviz.copying`.

    Told beside those of real images to the nearest other real image. neighbours.png has the first samples left and
    the closest ones right, each with its nearest training images after it, turned as they lie.
    """
    rule = report(copying.open_rule(data), "real images")
    parts = [drawn[start : start + PART] for start in range(0, len(drawn), PART)]
    found = [near for part in parts for near in rule.search.look_up(part, NEIGHBOURS)]
    judged = [rule.judge_found(near) for near in found]
    distances = np.array([item.near.distance for item in judged])
    closest = np.argsort(distances, kind="stable")[:SHOWN]

    def row(k: int) -> np.ndarray:
        images = [(np.asarray(data.images[near.index]), near.flipped) for near in found[k][:NEIGHBOURS]]
        return np.stack([drawn[k], *(image[:, ::-1] if flipped else image for image, flipped in images)])

    blocks = [np.stack([row(int(k)) for k in rows]) for rows in (np.arange(SHOWN), closest)]
    save(folder / "neighbours.png", beside([grid(block, gap_after=1) for block in blocks]))
    reals = rule.reals.pixel
    return {
        "samples": len(drawn),
        "drawn": {"median": float(np.median(distances)), "smallest": float(distances.min())},
        "real": {"median": reals.median, "smallest": float(reals.reals[0])},
        "below the 1st percentile of real": float(np.mean([x.percentile < copying.SUSPICIOUS for x in judged])),
        "copies": float(np.mean([item.verdict == "copy" for item in judged])),
        "closest seeds": closest.tolist(),
    }


def check_codes(generator: StagedGenerator, data: Dataset, folder: Path) -> dict[str, Any]:
    """Agreement of the first categorical code with the labels, and what each continuous code changes.

    sweep-NAME.png has a row for each category and the code from -2 to 2 along the columns, noise of seed 0.
    """
    assert data.labels is not None
    net, accuracy = train_classifier(np.asarray(data.images), data.labels, data.num_classes)
    figures: dict[str, Any] = {"accuracy of the classifier": accuracy}
    categorical = [code for code in generator.spec.codes if code.kind == "categorical"]
    if categorical and categorical[0].size == data.num_classes:
        pixels, categories = code_checks.draw_categories(generator, categorical[0], 5000)
        found = code_checks.agreement(categories, classify(net, pixels), data.num_classes)
        figures["agreement"] = {"share": found.share, "class": found.classes, "share of each": found.shares}
    for code in generator.spec.codes:
        if code.kind == "continuous":
            sweeps = code_checks.draw_sweeps(generator, code, SWEEPS)
            figures[code.name] = code_checks.sweep_figures(sweeps, lambda images: classify(net, images), MEASURES)
            rows = code_checks.draw_sweeps(generator, code, categorical[0].size if categorical else SHOWN, seed=0)
            save(folder / f"sweep-{code.name}.png", grid(rows))
    return figures


def show_swap(generator: StagedGenerator, psi: float, folder: Path) -> None:
    """swap.png, a row a pair of seeds: one, then it with coarse, middle, fine styles of the other, then the other."""
    bases, sources = (mapped(generator, range(first, 2 * SHOWN, 2), psi) for first in (0, 1))
    columns = [synthesised(generator, bases)]
    for group in GROUPS:
        w = bases.clone()
        layers = list(layer_groups(generator.spec)[group])
        w[:, layers] = sources[:, layers]
        columns.append(synthesised(generator, w))
    columns.append(synthesised(generator, sources))
    save(folder / "swap.png", grid(np.stack(columns, axis=1)))


def psi_row(generator: StagedGenerator, psi: float) -> np.ndarray:
    """The first seeds at this psi, uint8 (SHOWN, H, W, C)."""
    return synthesised(generator, mapped(generator, range(SHOWN), psi))


def last_of_each_resolution(run: Path) -> list[Header]:
    """The last snapshot of a run at each resolution that it grew through, smallest first."""
    found: dict[int, Header] = {}
    for path in sorted((run / "snapshots").glob(f"*{catalog.SUFFIX}")):
        header = read_header(path)
        found[header.spec.resolution] = header
    return [found[resolution] for resolution in sorted(found)]


def check_growth(stages: list[Header], folder: Path) -> dict[str, Any]:
    """A sheet of each resolution, and by how much pictures in [-1, 1] change at most as the next layer enters."""
    jumps = {}
    for stage in stages:
        generator = checkpoint.load(stage.path)
        resolution = generator.spec.resolution
        save(folder / f"resolution-{resolution}.png", preview_pixels(generator))
        if stage is not stages[-1]:
            torch.manual_seed(0)  # of the new layers' weights
            larger = grown(generator, 2 * resolution)
            with torch.no_grad():
                before = nearest_up(generator.synthesis(mapped(generator, range(16), 1.0)))
                after = larger.synthesis(mapped(larger, range(16), 1.0))
            jumps[f"{resolution} to {2 * resolution}"] = float((after - before).abs().max())
    return {"images seen": {str(s.spec.resolution): s.card.images_seen for s in stages}, "largest jump": jumps}


def grid(cells: np.ndarray, gap_after: int = 0) -> np.ndarray:
    """uint8 (rows, columns, H, W, C) edge to edge, (rows H, columns W, C); `gap_after` leaves white after a column."""
    rows, columns, height, width, channels = cells.shape
    page = cells.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)
    return beside([page[:, : gap_after * width], page[:, gap_after * width :]], 4) if gap_after else page


def beside(pages: list[np.ndarray], gap: int = 16) -> np.ndarray:
    """Pages of equal height from left to right with white between them."""
    white = np.full((pages[0].shape[0], gap, pages[0].shape[2]), 255, np.uint8)
    return np.concatenate([part for page in pages for part in (white, page)][1:], axis=1)


def save(path: Path, pixels: np.ndarray) -> None:
    """Write uint8 (H, W), (H, W, 1) or (H, W, 3) as a PNG."""
    with atomic_path(path) as temporary:
        Image.fromarray(pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels).save(temporary)


@click.command()
@click.argument("model")
@click.option("--data", required=True, metavar="DATA", help="What it was trained on: a folder, file or known name.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder for figures and pictures.")
@click.option("--samples", type=click.IntRange(min=LOOKED_AT), default=4000, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
def command(model: str, data: str, out: Path, samples: int, threads: int) -> None:
    """Measure MODEL (a checkpoint, a run folder or a known name) against the data that it was trained on."""
    torch.set_num_threads(threads)
    path = catalog.find(model)
    spec = read_header(path).spec
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise GanvizError(f"{out}: cannot be made ({error.strerror or error}); choose another folder") from error
    images = open_dataset(data, spec.resolution, spec.channels)
    figures = measure(path, images, out, samples, lambda line: click.echo(line, err=True))
    with atomic_path(out / "figures.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    with atomic_path(out / "figures.md") as temporary:
        temporary.write_text(tables(figures), encoding="utf-8")
    click.echo(str(out / "figures.json"))


if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:], command))
