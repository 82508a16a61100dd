"""`ganviz neighbours`: the classic memorisation figure, samples with their nearest training images beside them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ganviz.cli_metrics import training_data
from ganviz.cli_parts import Seeds, expect_png, find_model, recipe_options, report, seed_recipes
from ganviz.expression import Seed
from ganviz.files import atomic_path
from ganviz.notation import format_seed
from ganviz.recipe import Sheet
from ganviz.session import Session, save_session, write_png
from ganviz.training_data import remember_data

if TYPE_CHECKING:
    from ganviz.checkpoint import Header
    from ganviz.datasets import Dataset
    from ganviz.nearness import Near
    from ganviz.neighbour_report import NeighbourReport, SampleReport
    from ganviz.recipe import Recipe

SHOWN = 16
"""Rows of the figure of a large report, the most suspicious samples first."""


@click.command(short_help="Show the training images nearest to MODEL's samples.")
@click.argument("model")
@click.option("--data", help="The training data: folder, zip, .npz or known name. Default: as the card says.")
@click.option("--seeds", type=Seeds(), help="Like 0,3,8-15; a row of the figure each.")
@click.option(
    "--samples",
    type=click.IntRange(1, 1_000_000),
    help="Look at the seeds from 0 on, so many, at psi 1 and with codes at random unless given; "
    f"the figure shows the {SHOWN} most suspicious ones.",
)
@recipe_options
@click.option("--k", "count", type=click.IntRange(1, 50), default=5, show_default=True, help="Neighbours a sample.")
@click.option(
    "--metric",
    type=click.Choice(["pixel", "feature"]),
    default="pixel",
    show_default=True,
    help="What neighbours are ordered by; with `feature` and with --samples both are compared.",
)
@click.option(
    "--features",
    metavar="F",
    help="auto, classifier, autoencoder, patches, or Inception weights as a file or PACKAGE:FILE; none: pixels alone.",
)
@click.option("--held-out", metavar="DATA", help="Real images that were not trained on, to measure the samples by.")
@click.option(
    "--walk",
    type=click.Path(path_type=Path),
    help="Walk from the first row to its neighbour: a PNG of it, or a .ganviz session that has it as its timeline.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures into this file.")
def neighbours(
    model: str,
    data: str | None,
    seeds: tuple[Seed, ...] | None,
    samples: int | None,
    count: int,
    metric: str,
    features: str | None,
    held_out: str | None,
    walk: Path | None,
    device: str,
    out: Path,
    json_path: Path | None,
    **options: Any,
) -> None:
    """Show the training images nearest to MODEL's samples, one row a sample, and say whether any is a copy.

    Samples are held against the data mirrored and moved by up to two pixels as well. The PNG carries the samples'
    recipes; the training images are not in it as data and are not drawn again.
    """
    expect_png(out)
    if walk is not None and walk.suffix.lower() not in (".png", ".ganviz"):
        raise click.UsageError(f"--walk: expected a name that ends in .png or .ganviz, got {walk.name}")
    if (seeds is None) == (samples is None):
        raise click.UsageError("give either --seeds or --samples")
    if features == "none" and metric == "feature":
        raise click.UsageError("--features none: --metric feature needs some")
    header = find_model(model)
    source = training_data(header, data)
    recipes = seed_recipes(header, seeds, **options) if seeds else _prior(header, samples or 0, options)

    from ganviz.datasets import open_dataset
    from ganviz.nearness import report_side
    from ganviz.neighbour_report import report_neighbours
    from ganviz.render import Renderer

    spec = header.spec
    side = report_side(spec.resolution, spec.channels)
    dataset = open_dataset(source, side, spec.channels)
    apart = open_dataset(held_out, side, spec.channels) if held_out else None
    if data is not None:
        remember_data(header, data)
    renderer = Renderer(device)
    renderer.load(header.path)
    wanted = features or ("auto" if metric == "feature" or samples else None)
    job = report_neighbours(
        renderer,
        recipes,
        dataset,
        metric,  # type: ignore[arg-type]
        count,
        None if wanted == "none" else wanted,
        apart,
    )
    found = report(job, "neighbours")
    shown = list(found.samples) if samples is None else found.closest(SHOWN)
    pixels = np.concatenate([_row(renderer, sample, dataset, side) for sample in shown])
    columns = pixels.shape[1] // side
    cells = [cell for sample in shown for cell in (sample.recipe, *[None] * (columns - 1))]
    write_png(out, pixels, Sheet(tuple(cells), columns), header.card.licence)
    if json_path is not None:
        with atomic_path(json_path) as temporary:
            temporary.write_text(json.dumps(found.to_json(), indent=1), encoding="utf-8")
    _print(found, shown)
    click.echo(str(out))
    if walk is not None:
        _walk(renderer, shown[0], dataset, walk, header.card.licence)


def _prior(header: "Header", count: int, options: dict[str, Any]) -> list["Recipe"]:
    """The first seeds as training draws them, as the window and the page take them, but for what the options say."""
    from ganviz.metrics.measuring import prior_recipes

    psi = 1.0 if options["psi"] is None else options["psi"]
    asked = seed_recipes(header, [Seed(number) for number in range(count)], **{**options, "psi": psi})
    drawn = prior_recipes(header, count)
    return [
        a.edit(codes=tuple(sorted({**dict(b.codes), **dict(a.codes)}.items())))
        for a, b in zip(asked, drawn, strict=True)
    ]


def _row(renderer: Any, sample: "SampleReport", data: "Dataset", side: int) -> np.ndarray:
    """The sample and its neighbours, these mirrored where that is how they were found: uint8 (side, n * side, C)."""
    from ganviz.neighbours import reduced

    cells = [reduced(renderer.render(sample.recipe).pixels, side)]
    cells += [neighbour_pixels(data, match.near) for match in sample.matches]
    return np.concatenate(cells, axis=1)


def neighbour_pixels(data: "Dataset", near: "Near") -> np.ndarray:
    """A training image as it lies beside the sample, uint8 (H, W, C)."""
    image = np.asarray(data.images[near.index])
    return image[:, ::-1] if near.flipped else image


def _walk(renderer: Any, sample: "SampleReport", data: "Dataset", out: Path, licence: str) -> None:
    from ganviz.neighbour_walk import placed, walk_to
    from ganviz.walk import Walk

    near = sample.matches[0].near
    found = report(walk_to(renderer, sample.recipe, np.asarray(data.images[near.index]), near.flipped), "walk")
    if out.suffix.lower() == ".ganviz":
        timeline, settings = placed(found, Walk())
        save_session(out, Session(found.recipes[0], walk=settings, timeline=timeline))
    else:
        cells = (*found.recipes, None)
        write_png(out, np.concatenate([*found.pixels, found.target], axis=1), Sheet(cells, len(cells)), licence)
    click.echo(f"the nearest image is drawn with {found.psnr:.1f} dB at the end of the walk; {out}")


def _print(found: "NeighbourReport", shown: "list[SampleReport]") -> None:
    for sample in shown:
        assert isinstance(sample.recipe.latent, Seed)
        near = sample.by_pixel
        where = f"{near.file}, {near.near.distance:.1f} grey levels away"
        click.echo(f"seed {format_seed(sample.recipe.latent):<10} {sample.reason}; nearest: {where}")
    bad = sum(sample.verdict != "new" for sample in found.samples)
    click.echo(f"{found.model}: {len(found.samples) - bad} of {len(found.samples)} samples are new")
    if len(found.samples) >= 100:
        click.echo(found.reason)
    if found.authenticity is not None:
        click.echo(f"authentic: {found.authenticity:.1%} (of real images {found.reals.authenticity or 0:.1%})")
        click.echo(f"features: {found.features}")
