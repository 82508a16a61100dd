"""`ganviz project`: the latent whose picture is nearest to a photo."""

from pathlib import Path
from typing import Any

import click

from ganviz.cli_parts import expect_png, find_model, recipe_options, report, seed_recipes
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.session import write_png


@click.command(short_help="Find the latent in MODEL whose picture is nearest to PHOTO.")
@click.argument("model")
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
@click.option("--steps", type=click.IntRange(min=1), help="Of gradient descent.  [default: 400]")
@click.option("--space", type=click.Choice(["w", "w+", "z"]), help="Default: w where there is a mapping network.")
@click.option("--crop", metavar="LEFT,TOP,SIDE", help="Square of the photo in its pixels. Default: the central one.")
@click.option("--video", type=click.Path(path_type=str), help="Write the way there as well: .mp4, .webm, .gif.")
@recipe_options
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
def project(
    model: str,
    photo: Path,
    out: Path,
    steps: int | None,
    space: Any,
    crop: str | None,
    video: str | None,
    device: str,
    **options: Any,
) -> None:
    """Find the latent in MODEL whose picture is nearest to PHOTO; the PNG carries it as its recipe."""
    expect_png(out)
    header = find_model(model)
    base = seed_recipes(header, [Seed(0)], **options)[0]
    square = _crop(crop)

    from ganviz import projection
    from ganviz import video as films
    from ganviz.render import Renderer

    target = projection.read_photo(photo, header.spec.resolution, header.spec.channels, square)
    renderer = Renderer(device)
    renderer.load(header.path)
    found = report(projection.project(renderer, base, target, space, steps or projection.STEPS), "project")
    write_png(out, renderer.render(found.recipe).pixels, found.recipe, header.card.licence)
    click.echo(f"{out}: PSNR {found.psnr:.1f} dB")
    if video is not None:
        click.echo(str(report(films.export(renderer, found.path, video, 15, licence=header.card.licence), "video")))


def _crop(text: str | None) -> tuple[float, float, float] | None:
    if text is None:
        return None
    try:
        left, top, side = (float(part) for part in text.split(","))
    except ValueError as error:
        raise GanvizError(f"--crop: expected three numbers, LEFT,TOP,SIDE, got {text!r}") from error
    return left, top, side
