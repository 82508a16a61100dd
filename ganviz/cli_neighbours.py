"""`ganviz neighbours`: the classic memorisation figure, samples with their nearest training images beside them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from ganviz.checkpoint import Header
from ganviz.cli_parts import Seeds, expect_png, find_model, recipe_options, report, seed_recipes
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.files import atomic_path
from ganviz.notation import format_seed
from ganviz.recipe import Recipe, Sheet
from ganviz.session import write_png
from ganviz.training_data import find_data, remember_data


@click.command()
@click.argument("model")
@click.option("--data", help="The training data: folder, zip, .npz or known name. Default: as the card says.")
@click.option("--seeds", type=Seeds(), required=True, help="Like 0,3,8-15.")
@recipe_options
@click.option("--k", "count", type=click.IntRange(1, 50), default=5, show_default=True, help="Neighbours a sample.")
@click.option("--metric", type=click.Choice(["pixel"]), default="pixel", show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures into this file.")
def neighbours(
    model: str,
    data: str | None,
    seeds: tuple[Seed, ...],
    count: int,
    metric: str,
    device: str,
    out: Path,
    json_path: Path | None,
    **options: Any,
) -> None:
    """Show the training images nearest to MODEL's samples, one row a sample, and say whether any is a copy.

    The PNG carries the samples' recipes; the training images are not in it as data and are not drawn again.
    """
    expect_png(out)
    header = find_model(model)
    source = data or find_data(header)
    if source is None:
        said = f" ({header.card.data})" if header.card.data else ""
        raise GanvizError(f"{header.ref.name}: its training data{said} are not known here; name them with --data")
    recipes = seed_recipes(header, seeds, **options)

    from ganviz import neighbours as search
    from ganviz.render import Renderer

    spec = header.spec
    index = report(search.open_index(source, spec.resolution, spec.channels), "index")
    if data is not None:
        remember_data(header, data)
    side, dataset = index.shape[0], index.data
    renderer = Renderer(device)
    renderer.load(header.path)
    found = []
    rows = []
    for recipe, frame in zip(recipes, renderer.stream(recipes), strict=True):
        pixels = search.reduced(frame.pixels, side)
        near = index.look_up(pixels, count)
        found.append((_seed(recipe), near, index.verdict(near[0])))
        rows.append(np.concatenate([pixels, *(np.asarray(dataset.images[item.index]) for item in near)], axis=1))
    columns = rows[0].shape[1] // side
    cells = [cell for recipe in recipes for cell in (recipe, *[None] * (columns - 1))]
    write_png(out, np.concatenate(rows), Sheet(tuple(cells), columns), header.card.licence)
    if json_path is not None:
        with atomic_path(json_path) as temporary:
            text = json.dumps(search.report(found, dataset.name, header.ref.name, metric), indent=1)
            temporary.write_text(text, encoding="utf-8")
    _print(found, recipes, header)
    click.echo(str(out))


def _print(found: Sequence[tuple[int, Sequence[Any], Any]], recipes: Sequence[Recipe], header: Header) -> None:
    from ganviz.neighbours import say

    for (_, near, verdict), recipe in zip(found, recipes, strict=True):
        assert isinstance(recipe.latent, Seed)
        where = f"{near[0].file}, {near[0].distance:.1f} grey levels away"
        click.echo(f"seed {format_seed(recipe.latent):<10} {say(verdict, near[0])}; nearest: {where}")
    bad = sum(verdict != "new" for _, _, verdict in found)
    click.echo(f"{header.ref.name}: {len(found) - bad} of {len(found)} samples are new")


def _seed(recipe: Recipe) -> int:
    assert isinstance(recipe.latent, Seed)
    return recipe.latent.seed
