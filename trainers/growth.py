"""When nets grow (Karras et al. 2017, section 2 and figure 2): the schedule, by images shown.

The start resolution is trained for `stable_images`. Each further one fades in over `fade_images` and is then trained
for `stable_images`; the last one for as long as the budget goes.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.growing import faded, grown
from trainers.configs import GrowingTraining
from trainers.ema import Average


@dataclass(frozen=True)
class Phase:
    """Where in the schedule a run stands: pixels a side, how far they have faded in (0 to 1), images a step."""

    resolution: int
    alpha: float
    batch: int


def phase_at(config: GrowingTraining, seen: int) -> Phase:
    """The phase after `seen` images."""
    resolution, alpha, left = config.start_resolution, 1.0, seen - config.stable_images
    while left >= 0 and resolution < config.resolution:
        resolution *= 2
        alpha = min(1.0, left / config.fade_images) if config.fade_images else 1.0
        left -= config.fade_images + config.stable_images
    return Phase(resolution, alpha, config.batch_sizes.get(resolution, config.batch))


def at_phase(image: Tensor, phase: Phase) -> Tensor:
    """Reals (N, C, H, W) at the phase's resolution, themselves fading in as its images do."""
    image = F.avg_pool2d(image, image.shape[2] // phase.resolution)
    return image if phase.alpha == 1 else faded(image, phase.alpha)


def grow(G: Any, D: Any, average: Average, resolution: int, seed: int) -> tuple[Any, Any]:
    """Both nets and the average at the next resolution; new layers are drawn from `seed` and the resolution."""
    grow_from = seed * 4096 + resolution
    torch.manual_seed(grow_from)
    larger_G, larger_D = grown(G, resolution), grown(D, resolution)
    torch.manual_seed(grow_from)  # once more, so that the average's new layers are those of G
    average.net = grown(average.net, resolution).eval().requires_grad_(False)
    return placed(larger_G), placed(larger_D)


def placed(net: nn.Module) -> Any:
    """The net in channels-last order, which convolutions are fastest in."""
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
