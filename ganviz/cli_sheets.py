"""Commands that draw one explained sheet: arithmetic of latents, sweeps over codes."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ganviz.arithmetic import JITTER, Arithmetic, Term, along, figure
from ganviz.checkpoint import Header
from ganviz.cli_parts import Seeds, draw, expect_png, find_model, recipe_options, report, seed_recipes
from ganviz.codes import MOST_STEPS, Sweep, check_range, rank, sheet, stack
from ganviz.errors import GanvizError
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.formula import Terms, parse_formula

log = logging.getLogger(__name__)


class Formula(click.ParamType):
    """Signed means of seeds as people write them."""

    name = "expression"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Terms:
        if isinstance(value, tuple):
            return value
        try:
            return parse_formula(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Range(click.ParamType):
    """LOW:HIGH."""

    name = "low:high"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        low, _, high = value.partition(":")
        try:
            return float(low), float(high)
        except ValueError:
            self.fail(f"{value!r}: expected two numbers like -2:2", param, ctx)


@click.command(short_help="Add and subtract means of MODEL's latents.")
@click.argument("model")
@click.option(
    "--expr",
    "formula",
    type=Formula(),
    required=True,
    help='Like "mean(1,2,3) - mean(4,5,6) + 0.5*7": numbers are seeds, before a * coefficients.',
)
@click.option("--space", type=click.Choice(["z", "w"]), help="Default: w where there is a mapping network, else z.")
@click.option(
    "--strength",
    type=click.FloatRange(-100, 100),
    default=1.0,
    show_default=True,
    help="Times the weight of every term but the first positive one.",
)
@click.option(
    "--jitter",
    type=click.FloatRange(0, 100),
    default=JITTER,
    show_default=True,
    help="Half the width of the uniform noise around the result; in w in standard deviations.",
)
@click.option("--jitter-seed", type=click.IntRange(0, SEED_LIMIT - 1), default=0, show_default=True)
@click.option("--terms", is_flag=True, help="Show each term's pictures with their mean below, as in the paper.")
@click.option("--contrast", is_flag=True, help="Show the same sum of the pictures' pixels beside it.")
@click.option("--along", "onto", type=Seeds(), help="Go along the expression from these seeds instead, a row for each.")
@click.option("--range", "span", type=Range(), help="From where to where along it.  [default: -1:1]")
@click.option("--steps", type=click.IntRange(2, MOST_STEPS), help="Columns along it.  [default: 9]")
@recipe_options
@click.option("--labels", is_flag=True, help="Write headings.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def arithmetic(
    model: str,
    formula: Terms,
    space: Any,
    strength: float,
    jitter: float,
    jitter_seed: int,
    terms: bool,
    contrast: bool,
    onto: tuple[Seed, ...] | None,
    span: tuple[float, float] | None,
    steps: int | None,
    labels: bool,
    device: str,
    out: Path,
    **options: Any,
) -> None:
    """Add and subtract means of MODEL's latents; the result in the middle of 3 x 3, the others a little beside it.

    "mean(men with glasses) - mean(men without) + mean(women without)" gives women with glasses. A difference of two
    means is a direction: --along SEEDS goes along it.
    """
    expect_png(out)
    if onto is None and (span is not None or steps is not None):
        raise click.UsageError("--range and --steps are of --along, give that too")
    if onto is not None and (terms or contrast):
        raise click.UsageError("give either --along, or --terms and --contrast, not both")
    header = find_model(model)
    whole = Arithmetic(
        tuple(Term(weight, tuple(seed_recipes(header, seeds, **options))) for weight, seeds in formula),
        space,
        strength,
        jitter,
        jitter_seed,
    )
    if onto is not None:
        low, high = span or (-1.0, 1.0)
        amounts = _amounts(low, high, steps or 9)
        made = along(whole, seed_recipes(header, onto, **options), amounts, header.spec)
    else:
        _say_sum(whole, header)
        base = whole.recipes[0]
        made = figure(whole, base, header.spec, terms=terms, in_pixels=contrast)
    draw(replace(made, labels=labels), [header], device, out)


def _amounts(low: float, high: float, steps: int) -> tuple[float, ...]:
    return tuple(round(low + (high - low) * k / (steps - 1), 6) for k in range(steps))


def _say_sum(whole: Arithmetic, header: Header) -> None:
    """In w there is a place where all pictures are, and sums whose weights do not add up to 1 are not there."""
    total = sum(term.weight for term in whole.filled)
    if header.spec.has_mapping and whole.space != "z" and abs(total - 1) > 0.01:
        log.warning("the weights add up to %g; in w only sums that add up to 1 lie where the model draws well", total)


@click.command(short_help="Sweep over the structured codes of MODEL.")
@click.argument("model")
@click.option("--seed", "seeds", type=Seeds(), default="0", show_default=True, help="The noise, the same in all cells.")
@click.option("--rows", metavar="NAME", help="The code that changes down the rows. Default: the first categorical one.")
@click.option("--range", "span", type=Range(), default="-2:2", show_default=True, help="Range of continuous codes.")
@click.option(
    "--steps", type=click.IntRange(2, MOST_STEPS), default=10, show_default=True, help="Steps over the range."
)
@click.option("--rank", "ranked", is_flag=True, help="Also print how far each code moves the picture, a step.")
@recipe_options
@click.option("--labels", is_flag=True, help="Write headings.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def codes(
    model: str,
    seeds: tuple[Seed, ...],
    rows: str | None,
    span: tuple[float, float],
    steps: int,
    ranked: bool,
    labels: bool,
    device: str,
    out: Path,
    codes: Sequence[str],
    **options: Any,
) -> None:
    """Sweep over the structured codes of MODEL, the noise fixed: a row a category, along it one continuous code.

    --code NAME says which code runs along the columns, several make a block of rows each; --code NAME=V fixes one.
    """
    expect_png(out)
    if len(seeds) != 1:
        raise click.UsageError(f"--seed: expected one, got {len(seeds)}")
    header = find_model(model)
    fixed = [given for given in codes if "=" in given]
    names = [given for given in codes if "=" not in given]
    for name in (*names, *([rows] if rows else [])):
        _check_code(name, header)
    if rows in names:
        raise click.UsageError(f"--rows {rows}: expected another code than runs along the columns")
    check_range(*span, steps)
    sweep = Sweep(rows, None, *span, steps)
    [base] = seed_recipes(header, seeds, codes=fixed, **options)
    if not header.spec.codes:
        raise GanvizError(
            f"{header.ref.name}: expected a model with structured codes, as InfoGAN has them; it has none"
        )
    sweeps = [sweep.edit(columns=name) for name in names] or [sweep]
    blocks = [sheet(each, base, header.spec) for each in sweeps]
    draw(replace(stack(blocks), labels=labels), [header], device, out)
    if ranked:
        from ganviz.render import Renderer

        renderer = Renderer(device)
        renderer.load(header.path)
        for item in report(rank(renderer, base, sweep), "rank"):
            click.echo(f"{item.code.name:<20} {item.change:6.2f} grey levels a step")


def _check_code(name: str, header: Header) -> None:
    known = [code.name for code in header.spec.codes]
    if name not in known:
        raise GanvizError(
            f"{header.ref.name}: {name!r}: expected one of the model's codes: {', '.join(known) or 'none'}"
        )
