"""What the style-based families share: the mapping network, the mean of w, style mixing (Karras et al. 2018)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import StagedGenerator, check_shape, check_whole
from ganviz.models.layers import SQRT2, EqualLinear, pixel_norm


def check_styles(config: Any) -> None:
    """The checks of the fields that configurations of style-based families share."""
    for name in ("z_dim", "w_dim"):
        check_whole(getattr(config, name), 1, 65536, name)
    check_whole(config.mapping_layers, 1, 64, "mapping_layers")
    if not isinstance(config.mapping_lr, int | float) or not 0 < config.mapping_lr <= 1:
        raise ValueError(f"mapping_lr: expected a number above 0 and at most 1, got {config.mapping_lr!r}")


class MappingNetwork(nn.Module):
    """z (N, z_dim) and label (N, num_classes) to w (N, w_dim) (Karras et al. 2018, section 2 and appendix C).

    z and an embedding of the label are normalised, each for itself, and go through `layers` fully-connected layers
    with leaky ReLU 0.2, whose learning rate is `lr_multiplier` of the others'. With z_dim 0 it maps labels alone.
    `bias_gain` is 1 where the gain of sqrt 2 stands inside the weights (StyleGAN) and sqrt 2 where it follows the
    activation (StyleGAN2).
    """

    def __init__(
        self,
        z_dim: int,
        num_classes: int,
        w_dim: int,
        layers: int,
        lr_multiplier: float,
        bias_gain: float,
    ) -> None:
        super().__init__()
        self.embedding = EqualLinear(num_classes, w_dim) if num_classes else None
        inputs = z_dim + (w_dim if num_classes else 0)
        self.layers = nn.ModuleList(
            EqualLinear(
                inputs if k == 0 else w_dim, w_dim, gain=SQRT2, bias_gain=bias_gain, lr_multiplier=lr_multiplier
            )
            for k in range(layers)
        )

    def forward(self, z: Tensor | None, label: Tensor | None = None) -> Tensor:
        parts = [] if z is None else [pixel_norm(z)]
        if self.embedding is not None:
            parts.append(pixel_norm(self.embedding(label)))
        x = torch.cat(parts, dim=1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return x


class StyleGenerator(StagedGenerator):
    """A generator with a mapping network; `mapping_network` and `w_avg` are its subclasses' to set up."""

    mapping_network: MappingNetwork
    w_avg: Tensor
    """The running mean (w_dim,) of w over training, which truncation pulls towards."""

    def make_mapping(self, config: Any, bias_gain: float) -> None:
        """Make `mapping_network` and `w_avg` from a configuration."""
        self.mapping_network = MappingNetwork(
            config.z_dim, config.num_classes, config.w_dim, config.mapping_layers, config.mapping_lr, bias_gain
        )
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def mapping(self, z: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None) -> Tensor:
        """z (N, z_dim) and label (N, num_classes), class 0 where none is given, to w (N, num_ws, w_dim)."""
        check_shape(z, (None, self.spec.z_dim), "z")
        z = z.to(self.device)
        self.codes_or_first(codes, z)
        if self.spec.num_classes or label is not None:
            label = self.label_or_first(label, z)
        return self.broadcast(self.mapping_network(z, label))

    def broadcast(self, w: Tensor) -> Tensor:
        """The same w (N, w_dim) for every style input: (N, num_ws, w_dim)."""
        return w[:, None].expand(-1, self.spec.num_ws, -1)

    def draw(
        self,
        z: Tensor,
        label: Tensor | None,
        random: torch.Generator,
        mixing: float = 0.9,
        w_decay: float = 0.998,
    ) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) and their w (N, num_ws, w_dim) as training draws them.

        Each image has noise of its own. With probability `mixing` the styles from a random layer on are those of
        another z (mixing regularisation, Karras et al. 2018, section 3.1). In training mode w_avg follows the mean of
        w, keeping `w_decay` a step. All chance comes from `random`, a generator on the CPU.
        """
        w = self.mapping_network(z, label)
        if self.training:
            with torch.no_grad():
                self.w_avg.lerp_(w.detach().float().mean(dim=0), 1 - w_decay)
        ws = self.broadcast(w)
        if mixing > 0:
            count, layers = len(z), self.spec.num_ws
            other = self.mapping_network(torch.randn(z.shape, generator=random).to(z), label)
            mixed = torch.rand(count, generator=random) < mixing
            crossover = torch.where(mixed, torch.randint(1, layers, (count,), generator=random), layers)
            own = (torch.arange(layers) < crossover[:, None]).to(w.device)  # (N, num_ws)
            ws = torch.where(own[:, :, None], ws, self.broadcast(other))
        return self.synthesis(ws, noise=random), ws
