"""Finding directions on the command line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ganviz.checkpoint import Header
from ganviz.cli_parts import Seeds, draw, expect_png, find_model, recipe_options, report, seed_recipes
from ganviz.direction_files import SUFFIX, save_directions
from ganviz.directions import Found, direction_sheet
from ganviz.errors import GanvizError
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.files import atomic_path
from ganviz.mixing import parse_layers
from ganviz.recipe import Recipe

OF_METHODS = {
    "pca": ("count", "samples", "activations"),
    "sefa": ("count", "samples"),
    "labelled": ("space", "positive", "negative", "name"),
}
"""The options that each method reads; given with another one they are a mistake."""


@click.command(short_help="Find directions in MODEL's latent space.")
@click.argument("model")
@click.option("--method", type=click.Choice(list(OF_METHODS)), required=True, help="How to find them, see above.")
@click.option("--count", type=click.IntRange(1, 10_000), help="How many (pca, sefa).  [default: 20]")
@click.option("--layers", metavar="LAYERS", help="Style inputs they are for: coarse, 0-3, ...  [default: all]")
@click.option("--activations", metavar="LAYER", help="Components of this layer's activations (pca), by name or number.")
@click.option("--samples", type=click.IntRange(16, 1_000_000), help="Seeds to sample (pca, sefa).")
@click.option("--first-seed", type=click.IntRange(0, SEED_LIMIT - 1), default=0, show_default=True, help="Of these.")
@click.option("--positive", type=Seeds(), help="Seeds of pictures that have it (labelled).")
@click.option("--negative", type=Seeds(), help="Seeds of pictures that do not have it (labelled).")
@click.option("--name", help="What to call it (labelled).  [default: liked]")
@click.option("--classifier", type=click.Choice(["svm", "logistic"]), default="svm", help="(labelled)  [default: svm]")
@click.option("--space", type=click.Choice(["z", "w"]), help="Where (labelled); w where there is a mapping network.")
@click.option("--sheet", type=click.Path(path_type=Path), help="A PNG to write: a row each, from -3 to +3 sigma.")
@click.option("--json", "report_to", type=click.Path(path_type=Path), help="A file for how far they are entangled.")
@click.option("--seed", "seeds", type=Seeds(), default="0", show_default=True, help="The sheet's picture.")
@recipe_options
@click.option("--labels", is_flag=True, help="Write names and sigmas beside the sheet.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .npz to write.")
def directions(
    model: str,
    method: str,
    layers: str | None,
    first_seed: int,
    classifier: str,
    sheet: Path | None,
    report_to: Path | None,
    seeds: tuple[Seed, ...],
    labels: bool,
    device: str,
    out: Path,
    count: int | None,
    activations: str | None,
    samples: int | None,
    positive: tuple[Seed, ...] | None,
    negative: tuple[Seed, ...] | None,
    name: str | None,
    space: Any,
    **options: Any,
) -> None:
    """Find directions in MODEL's latent space, each one sigma long, and write them to a file.

    \b
    pca        principal components of w, or without a mapping network of
               the first layer's activations (GANSpace)
    sefa       what the first weights stretch most, without samples (SeFa)
    labelled   the normal of a boundary between --positive and --negative
               seeds (InterFaceGAN)

    Go along one with `--direction FILE:NAME=AMOUNT`, which all commands that draw pictures of seeds take.
    """
    given = {"count": count, "samples": samples, "activations": activations, "space": space}
    given = {**given, "positive": positive, "negative": negative, "name": name}
    _check_usage(method, given, out, sheet)
    header = find_model(model)
    base = seed_recipes(header, seeds[:1], **options)[0]
    chosen = _style_inputs(layers, header)
    from ganviz.finding import COUNT, SPREAD_SAMPLES, W_SAMPLES, find_boundary, find_pca, find_sefa
    from ganviz.render import load
    from ganviz.sampling import Population

    generator = load(header.path, device)
    if method == "labelled":
        liked, disliked = (seed_recipes(header, some or (), **options) for some in (positive, negative))
        job = find_boundary(generator, liked, disliked, name or "liked", chosen, classifier, space, first_seed)
        boundary = report(job, "directions")
        click.echo(f"{boundary.found.direction.name}: {boundary.summary}", err=True)
        found: tuple[Found, ...] = (boundary.found,)
    else:
        layer = None if activations is None else _layer(activations, header)
        of_w = method == "pca" and layer is None and header.spec.has_mapping
        population = Population(
            samples or (W_SAMPLES if of_w else SPREAD_SAMPLES),
            first_seed,
            base.label if options["label"] is not None else None,
            tuple((key, value) for key, value in base.codes if key in _given_codes(options["codes"])),
        )
        if method == "pca":
            found = report(find_pca(generator, count or COUNT, chosen, layer, population), "directions")
        else:
            found = report(find_sefa(generator, count or COUNT, chosen, population), "directions")
    save_directions(out, found, header.spec)
    click.echo(str(out))
    if sheet is not None:
        drawn = direction_sheet(base, [item.direction for item in found], labels=labels)
        draw(drawn, [header], device, sheet)
    if report_to is not None:
        _report_entanglement(report_to, header, base, found, device)


def _report_entanglement(out: Path, header: Header, base: Recipe, found: Sequence[Found], device: str) -> None:
    """Write how far the directions are entangled, see `ganviz.entanglement`; at most as many as that compares."""
    from ganviz.entanglement import MOST, measure_entanglement
    from ganviz.render import Renderer

    renderer = Renderer(device)
    renderer.load(header.path)
    job = measure_entanglement(renderer, base, [item.direction for item in found[:MOST]])
    data = {"model": header.ref.to_json(), **report(job, "entanglement").to_json()}
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
    click.echo(str(out))


def _check_usage(method: str, given: dict[str, Any], out: Path, sheet: Path | None) -> None:
    """Raise UsageError for options that the method does not read or lacks, and for names that end wrongly."""
    for option, value in given.items():
        if value is not None and option not in OF_METHODS[method]:
            raise click.UsageError(f"--{option} means nothing to --method {method}, leave it out")
    if method == "labelled" and (given["positive"] is None or given["negative"] is None):
        raise click.UsageError("--method labelled needs --positive and --negative seeds")
    if out.suffix.lower() != SUFFIX:
        raise click.UsageError(f"--out: expected a name that ends in {SUFFIX}, got {out.name}")
    if sheet is not None:
        expect_png(sheet)


def _style_inputs(layers: str | None, header: Header) -> tuple[int, ...] | None:
    if layers is None:
        return None
    if not header.spec.has_mapping:
        raise GanvizError(f"{header.ref.name}: this model has one style input, leave --layers out")
    try:
        return parse_layers(layers, header.spec)
    except ValueError as error:
        raise GanvizError(f"{header.ref.name}: --layers {error}") from error


def _layer(text: str, header: Header) -> int:
    """A layer by its name or number."""
    names = [layer.name for layer in header.spec.layers]
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    if text in names:
        return names.index(text)
    raise GanvizError(
        f"{header.ref.name}: no layer {text!r:.40}; expected 0 to {len(names) - 1} or one of {', '.join(names)}"
    )


def _given_codes(codes: tuple[str, ...]) -> set[str]:
    return {code.partition("=")[0] for code in codes}
