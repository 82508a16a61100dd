"""Objectives: what the discriminator and the generator minimise, given logits or critic scores (N,)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Objective:
    """discriminator(real scores, fake scores) and generator(fake scores): mean losses, both to be minimised.

    A `paired` one compares each fake with a real, and its generator takes (fake scores, real scores). Where scores
    are a `probability`'s logits, D = sigmoid(score) is the chance of being real.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[..., Tensor]
    paired: bool = False
    probability: bool = False


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


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Lim and Ye 2017, as in Miyato et al. 2018, equation 16: scores beyond -1 and 1 are right enough."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def relativistic(real: Tensor, fake: Tensor) -> Tensor:
    """Jolicoeur-Martineau 2018, equation 4 (RpGAN): -E[log sigmoid(D(x) - D(G(z)))], reals and fakes in pairs."""
    return F.softplus(fake - real).mean()


def relativistic_generator(fake: Tensor, real: Tensor) -> Tensor:
    """Jolicoeur-Martineau 2018, equation 5: the same with the roles exchanged."""
    return F.softplus(real - fake).mean()


OBJECTIVES: dict[str, Objective] = {
    "non-saturating": Objective(logistic, non_saturating, probability=True),
    "minimax": Objective(logistic, minimax, probability=True),
    "least-squares": Objective(least_squares, least_squares_generator),
    "wgan": Objective(critic, critic_generator),
    "wgan-gp": Objective(critic, critic_generator),
    "hinge": Objective(hinge, critic_generator),
    "relativistic": Objective(relativistic, relativistic_generator, paired=True),
}


def discriminator_loss(
    objective: Objective, real: Tensor, fake: Tensor, smoothing: float = 0.0, drift: float = 0.0
) -> Tensor:
    """The objective's loss of the discriminator, with one-sided label smoothing and drift.

    smoothing   reals count as real by 1 - smoothing only (Salimans et al. 2016, section 3.4). For logistic and
                least-squares losses alike that adds smoothing E[D(x)], up to a constant.
    drift       weight of E[D(x)^2], which keeps a critic's scores near 0 (Karras et al. 2017, appendix A)
    """
    loss = objective.discriminator(real, fake)
    if smoothing:
        loss = loss + smoothing * real.mean()
    if drift:
        loss = loss + drift * real.square().mean()
    return loss


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """Salimans et al. 2016, section 3.1: squared distance of D's mean features (N, ...) of fakes and of reals."""
    return (real.detach().float().mean(dim=0) - fake.float().mean(dim=0)).square().sum()


def information(codes: Mapping[str, Tensor], guesses: Mapping[str, Any], fixed_variance: bool) -> tuple[Tensor, Tensor]:
    """Minus the log-likelihood of the codes (N, size) that images were made from (Chen et al. 2016, equation 5).

    Returns the mean cross-entropy of all categorical codes and that of all continuous ones, each summed over its
    codes. `guesses` are those of `ganviz.models.infogan.Discriminator.recognise`. A continuous code's is a Gaussian
    with Q's variance, or with variance 1, then up to a constant half the squared error.
    """
    categorical = continuous = torch.zeros(())
    for name, value in codes.items():
        mean, log_variance = guesses[name]
        value = value.to(mean)
        if log_variance is None:
            categorical = categorical.to(mean) - (value * F.log_softmax(mean, dim=1)).sum(dim=1).mean()
            continue
        square = (value - mean).square()
        if not fixed_variance:
            # A code that is found with certainty would send the variance to 0 and the loss below all bounds.
            log_variance = log_variance.clamp(-6.0, 6.0)
            square = square * torch.exp(-log_variance) + log_variance
        continuous = continuous.to(mean) + 0.5 * square.mean()
    return categorical, continuous


def r1_penalty(discriminator: nn.Module, real: Tensor, label: Tensor | None) -> Tensor:
    """Mescheder et al. 2018, equation 9, without its gamma / 2: E[|| grad D(x) ||^2] over real images (N, C, H, W).

    Over generated images it is R2, equation 10.

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


def path_length(image: Tensor, ws: Tensor, direction: Tensor) -> Tensor:
    """Lengths (N,) of paths in w (Karras et al. 2019, section 3.2): || J^T y || for random images y.

    image (N, C, H, W) was drawn from ws (N, num_ws, w_dim); `direction` is N(0, 1) and shaped like the image. The
    length is the root of the mean over the style inputs of the squared slope. Differentiable.
    """
    y = direction / math.sqrt(image.shape[2] * image.shape[3])
    (slope,) = torch.autograd.grad((image * y).sum(), ws, create_graph=True)
    return slope.square().sum(dim=2).mean(dim=1).sqrt()


def clip_weights(discriminator: nn.Module, limit: float) -> None:
    """Arjovsky et al. 2017, algorithm 1, line 7: every weight into [-limit, limit], to bound D's slope."""
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.clamp_(-limit, limit)
