"""The running average of the generator, which is what gets saved and shown."""

import copy

import torch
from torch import nn

from ganviz.models.base import StagedGenerator
from trainers.codes import draw_codes


class Average:
    """Exponential moving average of a generator's weights, after Karras et al. 2017, section 4.

    half_life   images after which a weight's share has halved; 0 keeps a plain copy
    ramp        the half-life is at most this share of the images seen, so that the poor start is soon forgotten
    """

    def __init__(self, generator: StagedGenerator, half_life: int, ramp: float) -> None:
        self.half_life = half_life
        self.ramp = ramp
        self.net = copy.deepcopy(generator).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, generator: nn.Module, batch: int, seen: int) -> None:
        """Move towards `generator` after a step on `batch` images, `seen` in all."""
        half_life = min(self.half_life, self.ramp * seen)
        keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
        torch._foreach_lerp_(list(self.net.parameters()), list(generator.parameters()), 1 - keep)
        for mine, theirs in zip(self.net.buffers(), generator.buffers(), strict=True):
            mine.copy_(theirs)

    def shown(self) -> StagedGenerator:
        """A copy to look at, with fitting batch-norm statistics; the average itself is left as it is."""
        copied = copy.deepcopy(self.net)
        if self.half_life:
            recompute_statistics(copied)
        return copied


@torch.no_grad()
def recompute_statistics(generator: StagedGenerator, batches: int = 16, batch: int = 128, seed: int = 0) -> None:
    """Set batch norm's running statistics to those of the generator's own images, from latents of a fixed seed.

    Averaged weights were never run in training, so the statistics that came along belong to other weights.
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    random = torch.Generator().manual_seed(seed)
    generator.train()
    for _ in range(batches):
        z = torch.randn(batch, generator.spec.z_dim, generator=random)
        label = None
        if generator.spec.num_classes:
            classes = torch.arange(batch) % generator.spec.num_classes
            label = nn.functional.one_hot(classes, generator.spec.num_classes).float()
        generator(z, label, draw_codes(generator.spec.codes, batch, random))
    generator.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
