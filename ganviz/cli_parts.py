"""What commands share: types and options that several take, the recipes that these describe, drawing, progress."""

import json
import logging
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ganviz import catalog
from ganviz.checkpoint import Header, read_header
from ganviz.direction_files import read_move
from ganviz.errors import GanvizError
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.jobs import Job, Progress, run
from ganviz.layer_notation import parse_layer_noise, parse_layer_psi, parse_units
from ganviz.notation import parse_code, parse_label, parse_seeds
from ganviz.recipe import MOST_AVERAGED, Noise, Recipe, Sheet, class_weights
from ganviz.session import write_png

log = logging.getLogger(__name__)

T = TypeVar("T")


class Seeds(click.ParamType):
    """Seeds as people write them."""

    name = "seeds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Seed, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_seeds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def recipe_options(command: Any) -> Any:
    """The options that shape a recipe, shared by all commands that draw."""
    options = (
        click.option("--psi", type=float, help="Truncation; 1 is off. Default: the card's."),
        click.option("--cutoff", type=click.IntRange(min=0), help="How many style inputs psi reaches. Default: all."),
        click.option("--label", metavar="K", help="Class by index or name. Default: the class drawn from each seed."),
        click.option("--code", "codes", multiple=True, metavar="NAME=V", help="A structured code; may be repeated."),
        click.option("--noise", type=click.Choice(["const", "none", "random"]), default="const", show_default=True),
        click.option("--noise-seed", type=click.IntRange(0, SEED_LIMIT - 1), default=0, show_default=True),
        click.option(
            "--noise-average",
            type=click.IntRange(1, MOST_AVERAGED),
            default=1,
            help="Mean of the pictures of so many noise seeds; with --noise random.",
        ),
        click.option(
            "--layer-psi",
            "layer_psis",
            multiple=True,
            metavar="LAYERS=PSI",
            help="Layers with a psi of their own, like fine=1 or 0-3=0.5; may be repeated.",
        ),
        click.option(
            "--layer-noise",
            "layer_noises",
            multiple=True,
            metavar="LAYERS=STRENGTH[@SEED]",
            help="Layers whose noise is stronger (1 as learnt, 0 off), or has a seed of its own; may be repeated.",
        ),
        click.option(
            "--direction",
            "moves",
            multiple=True,
            metavar="FILE:NAME=AMOUNT",
            help="Go so many sigmas along a direction that `ganviz directions` wrote; may be repeated.",
        ),
        click.option(
            "--unit",
            "units",
            multiple=True,
            metavar="LAYER:UNITS=GAIN[+LIFT]",
            help="Feature maps of a layer weaker or stronger, like 32x32:5,17=0 to take two out; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find_model(model: str) -> Header:
    """The model's header; a model from elsewhere is remembered, so that its pictures can be drawn again by name."""
    header = read_header(catalog.find(model))
    catalog.remember(model if Path(model).is_dir() else header.path)
    return header


def draw(document: Recipe | Sheet, headers: Sequence[Header], device: str, out: Path) -> None:
    """Draw what names these models, wherever they lie, and write it."""
    from ganviz import sheets
    from ganviz.render import Renderer

    renderer = Renderer(device)
    renderer.keep_measurements()
    for path in dict.fromkeys(header.path for header in headers):
        renderer.load(path)
    if isinstance(document, Recipe):
        pixels = renderer.render(document).pixels
    else:
        document = report(sheets.planned(renderer, document), "measure")
        pixels = report(sheets.draw(renderer, document), "draw")
    licences = dict.fromkeys(header.card.licence for header in headers if header.card.licence)
    write_png(out, pixels, document, "; ".join(licences))
    click.echo(str(out))


def seed_recipes(
    header: Header,
    seeds: Sequence[Seed],
    *,
    psi: float | None,
    cutoff: int | None,
    label: str | None,
    codes: Sequence[str],
    noise: str,
    noise_seed: int,
    noise_average: int = 1,
    layer_psis: Sequence[str] = (),
    layer_noises: Sequence[str] = (),
    moves: Sequence[str] = (),
    units: Sequence[str] = (),
) -> list[Recipe]:
    """One recipe per seed with a command's options; class and categories come from the seed where not given."""
    from ganviz.latent import conditions_of_seed

    spec, card = header.spec, header.card
    try:
        given_label = None if label is None else parse_label(label, spec, card)
        given_codes = dict(parse_code(code, spec) for code in codes)
        psis = {layer: own for text in layer_psis for layer, own in parse_layer_psi(text, spec)}
        noises = {item.layer: item for text in layer_noises for item in parse_layer_noise(text, spec)}
        along = [read_move(text, header.ref, spec) for text in moves]
        edited = tuple(parse_units(text, spec) for text in units)
    except ValueError as error:
        raise GanvizError(f"{header.ref.name}: {error}") from error
    for warning in dict.fromkeys(warning for _, warning in along if warning):
        log.warning("%s", warning)
    if psi is not None and not math.isfinite(psi):
        raise click.UsageError(f"--psi: expected a finite number, got {psi}")
    recipes = []
    for seed in seeds:
        index, categories = conditions_of_seed(seed.seed, spec)
        sizes = {code.name: code.size for code in spec.codes}
        drawn = {name: class_weights(category, sizes[name]) for name, category in categories.items()}
        recipes.append(
            Recipe(
                header.ref,
                seed,
                label=given_label or (class_weights(index, spec.num_classes) if spec.num_classes else None),
                codes=tuple(sorted({**drawn, **given_codes}.items())),
                psi=card.psi if psi is None else psi,
                cutoff=cutoff,
                noise=Noise(
                    noise,  # type: ignore[arg-type]
                    noise_seed if noise == "random" else 0,
                    tuple(noises[layer] for layer in sorted(noises)),
                    noise_average if noise == "random" else 1,
                ),
                psis=tuple(sorted(psis.items())),
                moves=tuple(move for move, _ in along),
                units=edited,
            )
        )
    return recipes


def report(job: Job[T], what: str) -> T:
    """Run a job with a progress bar on a terminal, or plain lines now and then in a pipe."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(desc=what, unit="", leave=False) as bar:

            def show(progress: Progress) -> None:
                bar.total = progress.total or None
                bar.update(progress.done - bar.n)
                bar.set_postfix_str(progress.note, refresh=False)

            return run(job, show)
    last = time.monotonic()

    def say(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= 2 and progress.total:
            last = time.monotonic()
            click.echo(f"{what}: {progress.done} of {progress.total} {progress.note}".rstrip(), err=True)

    return run(job, say)


def expect_png(out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise click.UsageError(f"--out: expected a name that ends in .png, got {out.name}")


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, sort_keys=True, default=str))
