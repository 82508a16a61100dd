"""Batch norm's means and variances, measured anew over many pictures.

The scripts that DCGANs come from draw with the network in training mode, where batch norm takes the statistics of the
very batch that is drawn; what it kept over the training may draw otherwise. Measured once over a large batch and
stored, they give that look, and a picture that does not depend on its neighbours.
"""

from typing import Any

import torch
from torch import Tensor, nn

from ganviz.errors import GanvizError
from ganviz.jobs import Job, Progress
from ganviz.latent import conditions_of_seed, seeds

SEEDS = 256
BATCH = 32


def measure_statistics(generator: Any) -> Job[None]:
    """Set every batch norm's statistics, first to last, from seeds 0 to 255 with the classes and categories theirs."""
    norms = [module for module in generator.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        raise GanvizError("--statistics batch: this network has no batch norm")
    latents = [_latents(generator, start) for start in range(0, SEEDS, BATCH)]
    with torch.inference_mode():
        for done, norm in enumerate(norms):
            total, squares, count = torch.zeros(()), torch.zeros(()), 0
            for batch in latents:
                yield Progress(done, len(norms), "statistics")
                x = _input_of(norm, generator, batch).double().transpose(0, 1).flatten(1)  # (C, N H W)
                total, squares, count = total + x.sum(1), squares + x.square().sum(1), count + x.shape[1]
            mean = total / count
            norm.running_mean = mean.float()
            norm.running_var = (squares / count - mean**2).clamp_min(0).float()


def _latents(generator: Any, start: int) -> Tensor:
    """w (BATCH, num_ws, w_dim) of the seeds from `start` on."""
    spec = generator.spec
    numbers = range(start, start + BATCH)
    drawn = [conditions_of_seed(number, spec) for number in numbers]
    label = None
    if spec.num_classes:
        label = torch.eye(spec.num_classes)[[index for index, _ in drawn]]
    codes = {
        code.name: torch.eye(code.size)[[categories[code.name] for _, categories in drawn]]
        for code in spec.codes
        if code.kind == "categorical"
    }
    return generator.mapping(seeds(numbers, spec.z_dim), label, codes)


class _Reached(Exception):
    pass


def _input_of(norm: nn.Module, generator: Any, w: Tensor) -> Tensor:
    """What arrives at `norm` when w is drawn."""
    seen: list[Tensor] = []

    def look(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0])
        raise _Reached

    handle = norm.register_forward_pre_hook(look)
    try:
        generator.synthesis(w)
    except _Reached:
        pass
    finally:
        handle.remove()
    return seen[0]
