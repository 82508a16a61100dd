"""`ganviz convert`: what others trained, as a checkpoint of this program."""

from pathlib import Path

import click

from ganviz.cli_parts import report
from ganviz.errors import GanvizError
from ganviz.importers import Asked


@click.command(short_help="Import a foreign checkpoint without running code from it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .safetensors to write.")
@click.option("--arch", metavar="A", help="Read it as this family, where it could be several.")
@click.option(
    "--resolution", type=click.IntRange(1, 4096), metavar="R", help="Pixels a side, where the file is silent."
)
@click.option("--classes", type=click.IntRange(0, 65536), metavar="K", help="Inputs that are a class's one-hot label.")
@click.option(
    "--statistics",
    type=click.Choice(["running", "batch"]),
    default="running",
    show_default=True,
    help="Batch norm as the file keeps it, or measured over a batch, as training scripts sample.",
)
@click.option("--half", is_flag=True, help="Store the weights in half precision: half the size, not quite the pixels.")
def convert(
    file: Path, out: Path, arch: str | None, resolution: int | None, classes: int | None, statistics: str, half: bool
) -> None:
    """Import the foreign checkpoint FILE (.pkl, .pth, .pt, .bin, .safetensors) without running code from it."""
    from ganviz.importers.conversion import convert as job

    if out.suffix.lower() != ".safetensors":
        raise click.UsageError(f"--out: expected a name that ends in .safetensors, got {out.name}")
    if out.exists() and file.exists() and out.samefile(file):
        raise GanvizError(f"{out}: this is the file to be read; choose another name")
    made = report(job(file, out, Asked(arch, resolution, classes, statistics), half), "convert")
    rows = {"taken for": f"{made.label}, read as {made.arch}", "tensors": f"{made.tensors} in place, none left over"}
    rows |= {name: made.facts[key] for key, name in _NAMES.items() if key in made.facts}
    for name, value in rows.items():
        click.echo(f"{name:<14} {value}")
    if made.wants:
        click.echo(f"{'also wanted':<14} {', '.join(made.wants)[:1000]} (nothing of it was imported or run)")
    click.echo(str(made.path))


_NAMES = {"mapped": "mapped", "left_out": "left out", "assumed": "assumed"}
