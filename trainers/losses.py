"""Objectives: what the discriminator and the generator minimise, given logits or critic scores (N,)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Objective:
    """discriminator(real scores, fake scores) and generator(fake scores): mean losses, both to be minimised."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def logistic(real: Tensor, fake: Tensor) -> Tensor:
    """Goodfellow et al. 2014, equation 1: -E[log D(x)] - E[log(1 - D(G(z)))], D = sigmoid(score)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def non_saturating(fake: Tensor) -> Tensor:
    """Goodfellow et al. 2014, section 3: maximise E[log D(G(z))] in place of the term that saturates."""
    return F.softplus(-fake).mean()


def minimax(fake: Tensor) -> Tensor:
    """Goodfellow et al. 2014, equation 1, the generator's half as it stands: minimise E[log(1 - D(G(z)))]."""
    return -F.softplus(fake).mean()


def least_squares(real: Tensor, fake: Tensor) -> Tensor:
    """Mao et al. 2017 (LSGAN), equation 9, a = 0 and b = 1: half the squared distance from 1 for reals, 0 for fakes."""
    return 0.5 * ((real - 1).square().mean() + fake.square().mean())


def least_squares_generator(fake: Tensor) -> Tensor:
    """Mao et al. 2017, equation 9, c = 1."""
    return 0.5 * (fake - 1).square().mean()


def critic(real: Tensor, fake: Tensor) -> Tensor:
    """Arjovsky et al. 2017 (WGAN), equation 2: minus the estimate of the Wasserstein-1 distance."""
    return fake.mean() - real.mean()


def critic_generator(fake: Tensor) -> Tensor:
    """Arjovsky et al. 2017, algorithm 1, line 10."""
    return -fake.mean()


OBJECTIVES: dict[str, Objective] = {
    "non-saturating": Objective(logistic, non_saturating),
    "minimax": Objective(logistic, minimax),
    "least-squares": Objective(least_squares, least_squares_generator),
    "wgan": Objective(critic, critic_generator),
    "wgan-gp": Objective(critic, critic_generator),
}


def r1_penalty(discriminator: nn.Module, real: Tensor, label: Tensor | None) -> Tensor:
    """Mescheder et al. 2018, equation 9, without its gamma / 2: E[|| grad D(x) ||^2] over real images (N, C, H, W).

    The gradient is not detached: the penalty acts through it on D's weights, so it is differentiated twice.
    """
    real = real.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(real, label).sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, label: Tensor | None, mix: Tensor) -> Tensor:
    """Gulrajani et al. 2017 (WGAN-GP), equation 3, without its lambda: E[(|| grad D(x) || - 1)^2].

    x lies at `mix` (N,), uniform in [0, 1], on the lines between paired reals and fakes (N, C, H, W).
    """
    between = torch.lerp(fake.detach(), real.detach(), mix[:, None, None, None]).requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(between, label).sum(), between, create_graph=True)
    length = (gradient.square().sum(dim=(1, 2, 3)) + 1e-12).sqrt()  # the root has no slope at exactly 0
    return (length - 1).square().mean()


def clip_weights(discriminator: nn.Module, limit: float) -> None:
    """Arjovsky et al. 2017, algorithm 1, line 7: every weight into [-limit, limit], to bound D's slope."""
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.clamp_(-limit, limit)
