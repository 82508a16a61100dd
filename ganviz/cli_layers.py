"""`ganviz layers`: what goes on inside a generator, and which of its units draw what."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from ganviz.activations import (
    LATENTS,
    MOST_DB,
    Activations,
    LayerView,
    ablation_sheet,
    contact_sheet,
    picture,
    rank_units,
    read_activations,
)
from ganviz.checkpoint import Header
from ganviz.cli_parts import Seeds, draw, expect_png, find_model, recipe_options, report, seed_recipes
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.files import atomic_path
from ganviz.layer_notation import parse_layer
from ganviz.session import write_png


class Channels(click.ParamType):
    """One channel, or three."""

    name = "channels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if len(parts) not in (1, 3) or not all(part.isdecimal() for part in parts):
            self.fail(f"{value!r}: expected one channel, or three as red, green and blue, like 5,17,2", param, ctx)
        return tuple(int(part) for part in parts)


@click.command(short_help="Look inside MODEL: feature maps, and what single units draw.")
@click.argument("model")
@click.option("--seed", "seeds", type=Seeds(), default="0", show_default=True, help="Whose inside is shown.")
@click.option("--layer", metavar="LAYER", help="By number or name. Default: figures of all layers.")
@click.option("--channels", type=Channels(), help="One, or three as red, green and blue. Default: all, small.")
@click.option("--db", type=click.FloatRange(-MOST_DB, MOST_DB), help="Gain; 20 is a factor of 10. Default: what fits.")
@click.option("--own", is_flag=True, help="Each channel at its own scale rather than at the layer's.")
@click.option("--side", type=click.IntRange(4, 512), default=64, show_default=True, help="Pixels of a small map.")
@click.option("--columns", type=click.IntRange(min=1), help="Maps in a row. Default: as square as can be.")
@click.option("--rank", is_flag=True, help="Take out each unit of the layer; --out is then the first ones' effect.")
@click.option("--latents", type=click.IntRange(1, 1000), default=LATENTS, show_default=True, help="To rank over.")
@click.option("--top", type=click.IntRange(1, 100), default=8, show_default=True, help="Units that --rank shows.")
@recipe_options
@click.option("--labels", is_flag=True, help="Write headings on the sheet of --rank.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures into this file.")
@click.option("--out", type=click.Path(path_type=Path), help="A PNG to write.")
def layers(
    model: str,
    seeds: tuple[Seed, ...],
    layer: str | None,
    channels: tuple[int, ...] | None,
    db: float | None,
    own: bool,
    side: int,
    columns: int | None,
    rank: bool,
    latents: int,
    top: int,
    labels: bool,
    device: str,
    json_path: Path | None,
    out: Path | None,
    **options: Any,
) -> None:
    """Look inside MODEL: the feature maps of a layer as pictures, in figures, and by what each unit draws.

    One channel is shown in colours, warm above zero and cold below; three are shown as red, green and blue. A unit
    found by --rank can be made weaker or stronger with --unit, in all commands that draw pictures of seeds.
    """
    if out is not None:
        expect_png(out)
    if len(seeds) != 1:
        raise click.UsageError(f"--seed: expected one, got {len(seeds)}")
    if layer is None and (out is not None or rank or channels):
        raise click.UsageError("--out, --rank and --channels need a --layer")
    header = find_model(model)
    [recipe] = seed_recipes(header, seeds, **options)
    place = None if layer is None else _layer(layer, header)
    if place is not None and channels and max(channels) >= header.spec.layers[place].channels:
        count = header.spec.layers[place].channels
        raise GanvizError(f"{header.ref.name}: --channels: expected 0 to {count - 1}, got {max(channels)}")
    from ganviz.render import Renderer

    renderer = Renderer(device)
    renderer.load(header.path)
    wanted = range(len(header.spec.layers)) if place is None else [place]
    found = [read_activations(renderer, recipe, k) for k in wanted]
    data: dict[str, Any] = {"model": header.ref.to_json(), "layers": [_figures(item, header) for item in found]}
    for item in found:
        click.echo(_line(item, header))
    if place is not None and rank:
        ranking = report(rank_units(renderer, recipe, place, latents), "rank")
        first = ranking.order[:top]
        data["units"] = [{"unit": unit, "change": ranking.changes[unit]} for unit in ranking.order]
        for unit in first:
            click.echo(f"unit {unit:<5} {ranking.changes[unit]:6.2f} grey levels without it")
        if out is not None:
            draw(replace(ablation_sheet(recipe, place, first), labels=labels), [header], device, out)
    elif out is not None:
        [shown], view = found, LayerView(place, channels or (0,), db, own)
        pixels = contact_sheet(shown, view, side, columns)
        if channels:
            pixels = picture(shown.maps, shown.factors(view), channels)
        write_png(out, pixels, None)
        click.echo(str(out))
    if json_path is not None:
        with atomic_path(json_path) as temporary:
            temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
        click.echo(str(json_path))


def _layer(text: str, header: Header) -> int:
    try:
        return parse_layer(text, header.spec)
    except ValueError as error:
        raise GanvizError(f"{header.ref.name}: --layer: {error}") from error


def _figures(found: Activations, header: Header) -> dict[str, Any]:
    """A layer's figures; of its single channels too."""
    layer = header.spec.layers[found.layer]
    about = {"layer": found.layer, "name": layer.name, "resolution": layer.resolution, "noise": layer.noise}
    return {**about, **asdict(found.overall), "channels": [asdict(figures) for figures in found.figures]}


def _line(found: Activations, header: Header) -> str:
    layer, all_ = header.spec.layers[found.layer], found.overall
    size = f"{layer.channels} x {layer.resolution} x {layer.resolution}"
    spread = f"mean {all_.mean:+.3f}  deviation {all_.deviation:.3f}  from {all_.low:.2f} to {all_.high:.2f}"
    return (
        f"{found.layer:>2}  {layer.name:<10} {size:<16} {spread}  zeros {all_.zeros:4.0%}  "
        f"fits at {found.fitting_db:+.0f} dB{'  noise' if layer.noise else ''}"
    )
