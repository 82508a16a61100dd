"""The mean of several snapshots of one training (Izmailov et al. 2018, arXiv:1803.05407, stochastic weight averaging).

A generator circles around what it has learnt; the mean of places far apart on its way is often steadier than any of
them. The trainers' own average forgets within tens of thousands of images, this one does not.
"""

import sys
from dataclasses import replace
from pathlib import Path

import click
import torch
from torch import Tensor

from ganviz import catalog, checkpoint, cli
from ganviz.errors import GanvizError
from ganviz.models.base import StagedGenerator
from trainers.ema import recompute_statistics


def mean_generator(paths: list[Path]) -> StagedGenerator:
    """A generator whose every weight is the mean over these checkpoints', batch norm's statistics its own.

    Its card is the last one's; the facts name the images seen of all.

    Raises GanvizError when the checkpoints are not of one architecture and configuration.
    """
    headers = [checkpoint.read_header(path) for path in paths]
    for header in headers[1:]:
        if (header.arch, header.config) != (headers[0].arch, headers[0].config):
            raise GanvizError(f"{header.path}: another network than {headers[0].path}; give snapshots of one run")
    generator = checkpoint.load(paths[-1])
    total: dict[str, Tensor] = {}
    for path in paths:
        for name, tensor in checkpoint.load(path).state_dict().items():
            if tensor.is_floating_point():
                total[name] = total[name] + tensor.double() if name in total else tensor.double()
    mean = {name: (tensor / len(paths)).float() for name, tensor in total.items()}
    generator.load_state_dict({**generator.state_dict(), **mean})
    recompute_statistics(generator)
    seen = [f"{header.card.images_seen:,}" for header in headers]
    facts = {**generator.card.facts, "weights": f"mean of those after {' and '.join(seen)} images"}
    generator.card = replace(generator.card, facts=facts)
    return generator.eval()


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL MODEL...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The checkpoint to write.")
@click.option("--half", is_flag=True, help="Keep it in float16.")
def command(models: tuple[str, ...], out: Path, half: bool) -> None:
    """Write the mean of several snapshots of one run as a model of its own."""
    if len(models) < 2:
        raise click.UsageError(f"a mean is of two models or more, got {len(models)}")
    torch.set_num_threads(1)
    generator = mean_generator([catalog.find(model) for model in models])
    checkpoint.save(out, generator, generator.card, half=half)
    click.echo(str(out))


if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:], command))
