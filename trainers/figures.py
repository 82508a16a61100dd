"""What a step is watched by beside its losses: D's answers, how various the images are, how long the gradients.

All of it is looked at and nothing of it is learnt from, so that a run is the same with and without.
"""

import torch
from torch import Tensor, nn

from trainers.losses import Objective

NAMES = ("score_real", "score_fake", "output_real", "output_fake", "variety", "gradient_d", "gradient_g")
"""What a line of the log says of these, averaged over the steps since the last one."""


@torch.no_grad()
def answers(objective: Objective, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Means of D's scores (N,), and of D's output as the objective's paper has it: a probability, or the score."""
    output = torch.sigmoid if objective.probability else torch.clone
    return {
        "score_real": real.mean(),
        "score_fake": fake.mean(),
        "output_real": output(real).mean(),
        "output_fake": output(fake).mean(),
    }


@torch.no_grad()
def variety(real: Tensor, fake: Tensor) -> Tensor:
    """How much generated images (N, C, H, W) differ from one another: 1 as real ones do, 0 not at all.

    The standard deviation of each value over the batch, its mean over all values, as a share of that of the reals.
    """
    drawn, given = (image.float().std(dim=0).mean() for image in (fake, real))
    return drawn / given.clamp(min=1e-6)


@torch.no_grad()
def gradient_norm(net: nn.Module) -> float:
    """Length of the gradient of all the net's parameters, as its optimiser is about to see it."""
    gradients = [parameter.grad for parameter in net.parameters() if parameter.grad is not None]
    return nn.utils.get_total_norm(gradients).item()
