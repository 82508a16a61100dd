"""`ganviz compare`: two models, or two snapshots of one, at the same latents."""

import json
import logging
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ganviz.cli_parts import Seeds, draw, expect_png, find_model, recipe_options, seed_recipes
from ganviz.comparing import comparison_sheet, describe_difference, measure
from ganviz.expression import Seed
from ganviz.files import atomic_path
from ganviz.notation import format_seed
from ganviz.recipe import Sheet
from ganviz.switching import at_same_latent

log = logging.getLogger(__name__)


@click.command(short_help="Draw the same latents with MODEL and with OTHER.")
@click.argument("model")
@click.argument("other")
@click.option("--seeds", type=Seeds(), default="0-3", show_default=True, help="A row each, like 0,3,8-15.")
@recipe_options
@click.option("--labels", is_flag=True, help="Write the models' names above and the seeds beside.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures into this file.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def compare(
    model: str,
    other: str,
    seeds: tuple[Seed, ...],
    labels: bool,
    device: str,
    json_path: Path | None,
    out: Path,
    **options: Any,
) -> None:
    """Draw the same latents with MODEL and with OTHER, and where the pictures differ; print how far.

    OTHER may be another snapshot of a run, by its file, or any other model, whose pictures are brought to the size of
    MODEL's. What of a recipe it does not have is left out, and it starts from its own psi unless --psi says another.
    """
    expect_png(out)
    one, two = find_model(model), find_model(other)
    pairs = []
    for a in seed_recipes(one, seeds, **options):
        b, dropped = at_same_latent(a, one, two)
        pairs.append((a, b))
        if dropped and len(pairs) == 1:
            log.warning("%s: drawn without %s, which it does not have", two.ref.name, " and ".join(dropped))
    from ganviz.render import Renderer

    renderer = Renderer(device)
    renderer.load(one.path)
    renderer.load(two.path)
    report = []
    for seed, (a, b) in zip(seeds, pairs, strict=True):
        found = measure(renderer.render(a).pixels, renderer.render(b).pixels)
        click.echo(f"seed {format_seed(seed):<12} {describe_difference(found)}")
        octaves = [{"side": side, "rms": strength} for side, strength in found.octaves]
        psnr = None if math.isinf(found.psnr) else found.psnr
        report.append(
            {"seed": seed.seed, "mean": found.mean, "largest": found.largest, "psnr": psnr, "octaves": octaves}
        )
    sheets = [comparison_sheet(a, b, (one.ref.name, two.ref.name)) for a, b in pairs]
    whole = Sheet(
        tuple(cell for sheet in sheets for cell in sheet.cells),
        3,
        column_headings=sheets[0].column_headings,
        row_headings=tuple(f"seed {format_seed(seed)}" for seed in seeds),
    )
    draw(replace(whole, labels=labels), [one, two], device, out)
    if json_path is not None:
        data = {"model": one.ref.to_json(), "other": two.ref.to_json(), "pictures": report}
        with atomic_path(json_path) as temporary:
            temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
        click.echo(str(json_path))
