"""`ganviz mix`, and the sheets over psi and noise that `ganviz sample` draws (Karras et al. 2018, figures 3, 8, 4)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ganviz.checkpoint import Header
from ganviz.cli_parts import Seeds, draw, expect_png, find_model, recipe_options, seed_recipes
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.layer_notation import parse_mix, parse_psis
from ganviz.mixing import matrix, noise_groups, noise_sheet, parse_layers, psi_sheet, source_of
from ganviz.recipe import Recipe, Sheet


class Psis(click.ParamType):
    """Several psis as people write them."""

    name = "psis"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_psis(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(short_help="Mix the styles of MODEL's pictures in a matrix.")
@click.argument("model")
@click.option("--rows", type=Seeds(), required=True, help="Seeds of the pictures that are mixed into, like 85,100.")
@click.option("--columns", "--cols", type=Seeds(), required=True, help="Seeds whose styles are mixed in.")
@click.option(
    "--layers",
    default="coarse",
    show_default=True,
    help="Whose styles are taken from the column: coarse, middle, fine, all, or numbers like 0-3 or 0,2,5.",
)
@click.option("--amount", type=float, default=1.0, show_default=True, help="How much of them; less than 1 blends in w.")
@recipe_options
@click.option("--labels", is_flag=True, help="Write the seeds above the columns and left of the rows.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def mix(
    model: str,
    rows: tuple[Seed, ...],
    columns: tuple[Seed, ...],
    layers: str,
    amount: float,
    labels: bool,
    device: str,
    out: Path,
    **options: Any,
) -> None:
    """Mix the styles of MODEL's pictures in a matrix; the PNG carries what it needs to be drawn again.

    The first row shows the columns' own pictures, the first column the rows'. In between each row's picture has the
    styles of the chosen layers from the column's. At 1024 px coarse are the layers up to 8 px, middle those up to 32,
    fine the others; models below 128 px are cut into thirds.
    """
    expect_png(out)
    header = find_model(model)
    if header.spec.num_ws < 2:
        raise GanvizError(f"{header.ref.name}: mixing needs a model with several style inputs, as the StyleGANs have")
    try:
        chosen = parse_layers(layers, header.spec)
    except ValueError as error:
        raise GanvizError(f"{header.ref.name}: --layers: {error}") from error
    pictures = seed_recipes(header, (*rows, *columns), **options)
    if any(move.direction.space == "z" for move in pictures[0].moves):
        raise GanvizError("--direction: styles are mixed in w; expected a direction in w, got one in z")
    sources = [source_of(picture) for picture in pictures]
    sheet = matrix(pictures[0], sources[: len(rows)], sources[len(rows) :], chosen, amount)
    draw(replace(sheet, labels=labels), [header], device, out)


def with_mixes(header: Header, recipes: Sequence[Recipe], mixes: Sequence[str]) -> list[Recipe]:
    """The recipes with what `--mix` asks for."""
    if mixes and header.spec.num_ws < 2:
        raise GanvizError(f"{header.ref.name}: mixing needs a model with several style inputs, as the StyleGANs have")
    try:
        mixed = tuple(parse_mix(text, header.spec) for text in mixes)
    except ValueError as error:
        raise GanvizError(f"{header.ref.name}: --mix: {error}") from error
    return [recipe.edit(mixes=mixed) for recipe in recipes]


def sheet_over(
    header: Header, recipes: Sequence[Recipe], psis: tuple[float, ...] | None, noises: tuple[Seed, ...] | None
) -> Sheet:
    """What `--psi-sheet`, or else `--noise-sheet`, asks for."""
    if psis:
        if header.spec.truncation is None:
            raise GanvizError(f"{header.ref.name}: psi does nothing to this model")
        return psi_sheet(recipes, psis)
    if not any(noise_groups(header.spec).values()):
        raise GanvizError(f"{header.ref.name}: this model has no layers that add noise, as the StyleGANs have")
    return noise_sheet(recipes, [seed.seed for seed in noises or ()])
