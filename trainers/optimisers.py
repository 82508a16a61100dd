"""Optimisers, and what moves their settings as a run goes on."""

import torch
from torch import nn

from trainers.configs import Training


def make_optimisers(config: Training, G: nn.Module, D: nn.Module) -> dict[str, torch.optim.Optimizer]:
    """Both nets' optimisers, by the names that they have in a run's state."""
    return {
        "G_optimiser": make_optimiser(config, G, config.lr_g),
        "D_optimiser": make_optimiser(config, D, config.lr_d),
    }


def make_optimiser(config: Training, net: nn.Module, lr: float) -> torch.optim.Optimizer:
    """Adam; RMSprop for WGAN, whose section 4 finds momentum harmful."""
    if config.objective == "wgan":
        return torch.optim.RMSprop(net.parameters(), lr=lr)
    return torch.optim.Adam(net.parameters(), lr=lr, betas=(config.beta1, config.beta2), eps=1e-8)


def set_rates(config: Training, optimisers: dict[str, torch.optim.Optimizer], rate: float) -> None:
    """Both learning rates times `rate`."""
    for name, lr in (("G_optimiser", config.lr_g), ("D_optimiser", config.lr_d)):
        for group in optimisers[name].param_groups:
            group["lr"] = lr * rate


def rate_factor(config: Training, share: float, seen: int) -> float:
    """Factor of the learning rates: up from 0 over `warmup` images, flat, then linearly down to `lr_end`."""
    factor = min(1.0, (seen + config.batch) / config.warmup) if config.warmup else 1.0
    if config.cooldown > 0 and share > 1 - config.cooldown:
        down = (share - (1 - config.cooldown)) / config.cooldown
        factor *= 1 + down * (config.lr_end - 1)
    return factor


def penalty_weight(config: Training, share: float) -> float:
    """R1's gamma: constant, or linear over the budget's share."""
    if config.r1_gamma_end < 0:
        return config.r1_gamma
    return config.r1_gamma + share * (config.r1_gamma_end - config.r1_gamma)
