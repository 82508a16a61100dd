"""BigGAN-deep (Brock et al. 2018, arXiv:1809.11096, appendix B): class-conditional, for ImageNet; not trained here.

Noise and an embedding of the label go, side by side, into the first layer and into every batch norm, whose scales and
offsets they make. Its truncation trick scales the noise; batch norm's means and variances, which that moves, were
measured for many strengths of truncation and are chosen by psi.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, StagedGenerator, State, check_choice, check_whole
from ganviz.models.layers import nearest_up
from ganviz.spec import Layer, Spec


@dataclass(frozen=True, slots=True)
class BigGANConfig:
    """Sizes of the net.

    widths        feature maps at 4 px, 8 px, ... up to the image's resolution; each as many as before, or half
    channels      1 (grey) or 3 (colour)
    z_dim         length of the noise vector
    num_classes   how many classes there are
    embedding     length of a class's embedding
    attention     the resolution where maps attend to themselves; 0: nowhere
    reduction     a block's inner layers have so many times fewer maps
    statistics    for how many strengths of truncation, evenly from 0 to 1, there are statistics
    eps           what keeps batch norm from dividing by nothing
    """

    widths: tuple[int, ...] = (2048, 2048, 1024, 512, 256, 128)
    channels: int = 3
    z_dim: int = 128
    num_classes: int = 1000
    embedding: int = 128
    attention: int = 64
    reduction: int = 4
    statistics: int = 51
    eps: float = 1e-4

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))  # a list where the config was read from JSON
        if not 2 <= len(self.widths) <= 9:
            raise ValueError(f"widths: expected 2 to 9 whole numbers, got {self.widths!r:.80}")
        for width in self.widths:
            check_whole(width, 1, 65536, "widths")
        if any(after not in (before, before // 2) for before, after in pairwise(self.widths)):
            raise ValueError(f"widths: expected each the same as before or half, got {self.widths!r:.80}")
        check_choice(self.channels, (1, 3), "channels")
        check_choice(self.attention, (0, *(4 << k for k in range(len(self.widths) - 1))), "attention")
        for name in ("z_dim", "num_classes", "embedding", "reduction"):
            check_whole(getattr(self, name), 1, 65536, name)
        check_whole(self.statistics, 2, 1000, "statistics")
        if not isinstance(self.eps, float) or not 0 < self.eps < 1:
            raise ValueError(f"eps: expected a number above 0 and below 1, got {self.eps!r}")
        if min(self.widths) // self.reduction < 1 or (self.attention and self.width(self.attention) < 8):
            raise ValueError(f"widths: too few feature maps for the blocks' inner layers, got {self.widths!r:.80}")

    @property
    def resolution(self) -> int:
        """Pixels a side of the image."""
        return 4 << (len(self.widths) - 1)

    def width(self, resolution: int) -> int:
        """Feature maps at `resolution`."""
        return self.widths[resolution.bit_length() - 3]


class StoredNorm(nn.Module):
    """Batch norm with statistics for many strengths of truncation: `means` and `variances` (count, channels)."""

    means: Tensor
    variances: Tensor

    def __init__(self, channels: int, config: BigGANConfig) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(config.statistics, channels))
        self.register_buffer("variances", torch.ones(config.statistics, channels))
        self.eps = config.eps

    def forward(self, x: Tensor, psi: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
        """x (N, C, H, W), normalised by the statistics of psi (N,), times `scale` plus `offset` (N or 1, C)."""
        mean, variance = (self._at(table, psi) for table in (self.means, self.variances))
        scale = scale * torch.rsqrt(variance + self.eps)
        offset = offset - mean * scale
        return x * scale.to(x.dtype)[:, :, None, None] + offset.to(x.dtype)[:, :, None, None]

    @staticmethod
    def _at(table: Tensor, psi: Tensor) -> Tensor:
        """The row of `table` at psi. Between two rows the nearer one has the smaller share, as in the original."""
        place = psi.abs().clamp(max=1).double() / (1.0 / (len(table) - 1))
        below = place.floor()
        share = (place - below).to(table)[:, None]
        below = below.long().clamp(max=len(table) - 1)
        above = (below + 1).clamp(max=len(table) - 1)
        return torch.where(share == 0, table[below], table[below] * share + table[above] * (1 - share))


class ConditionalNorm(StoredNorm):
    """The same, its scales and offsets linear in the condition (N, inputs)."""

    def __init__(self, channels: int, inputs: int, config: BigGANConfig) -> None:
        super().__init__(channels, config)
        self.scale = nn.Linear(inputs, channels, bias=False)
        self.offset = nn.Linear(inputs, channels, bias=False)

    def forward(self, x: Tensor, psi: Tensor, condition: Tensor, _: Any = None) -> Tensor:
        return super().forward(x, psi, 1 + self.scale(condition), self.offset(condition))


class Block(nn.Module):
    """Appendix B, figure 16: four convolutions, narrow between, beside a path that drops what maps are too many."""

    def __init__(self, inputs: int, outputs: int, condition: int, config: BigGANConfig, up: bool) -> None:
        super().__init__()
        inner = inputs // config.reduction
        widths = (inputs, inner, inner, inner)
        self.norms = nn.ModuleList(ConditionalNorm(width, condition, config) for width in widths)
        self.convs = nn.ModuleList(
            [
                nn.Conv2d(inputs, inner, 1),
                nn.Conv2d(inner, inner, 3, padding=1),
                nn.Conv2d(inner, inner, 3, padding=1),
                nn.Conv2d(inner, outputs, 1),
            ]
        )
        self.outputs = outputs
        self.up = up

    def forward(self, x: Tensor, psi: Tensor, condition: Tensor) -> Tensor:
        y = x
        for k, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            y = F.relu(norm(y, psi, condition))
            y = nearest_up(y) if self.up and k == 1 else y
            y = conv(y)
        x = x[:, : self.outputs]
        return y + (nearest_up(x) if self.up else x)


class Attention(nn.Module):
    """Self-attention (Zhang et al. 2018, arXiv:1805.08318): (N, C, H, W) to the same; keys and values at half size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.key = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.value = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.out = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x).flatten(2)  # (N, C / 8, H W)
        key = F.max_pool2d(self.key(x), 2).flatten(2)
        value = F.max_pool2d(self.value(x), 2).flatten(2)
        shares = torch.softmax(query.transpose(1, 2) @ key, dim=-1)  # (N, H W, H W / 4)
        seen = (value @ shares.transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.gamma * self.out(seen)


class Generator(StagedGenerator):
    """z (N, z_dim) and label (N, num_classes) to images (N, channels, resolution, resolution) in [-1, 1]."""

    def __init__(self, config: BigGANConfig) -> None:
        super().__init__()
        self.config = config
        condition = config.z_dim + config.embedding
        self.embedding = nn.Linear(config.num_classes, config.embedding, bias=False)
        self.first = nn.Linear(condition, 16 * config.widths[0])
        stages: list[nn.Module] = []
        layers: list[Layer] = []
        for before, after in pairwise(config.widths):
            size = 4 << (len([layer for layer in layers if layer.ws]) // 2)
            if size == config.attention:
                stages.append(Attention(before))
                layers.append(Layer(f"{size}x{size} attention", size, before))
            stages.append(Block(before, before, condition, config, up=False))
            layers.append(Layer(f"{size}x{size} a", size, before, ws=(0,)))
            stages.append(Block(before, after, condition, config, up=True))
            layers.append(Layer(f"{2 * size}x{2 * size} b", 2 * size, after, ws=(0,)))
        self.stages = nn.ModuleList(stages)
        last = config.widths[-1]
        self.norm = StoredNorm(last, config)
        self.scale = nn.Parameter(torch.ones(last))
        self.offset = nn.Parameter(torch.zeros(last))
        self.to_rgb = nn.Conv2d(last, config.channels, 3, padding=1)
        layers.append(Layer("image", config.resolution, config.channels, rgb=True))
        self.spec = Spec(
            arch="biggan",
            z_dim=config.z_dim,
            w_dim=config.z_dim + config.num_classes,
            num_ws=1,
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            truncation="z",
            layers=tuple(layers),
        )

    def start(self, w: Tensor) -> State:
        return State(self.first(self._condition(w)).unflatten(1, (-1, 4, 4)))

    def begin(self, w: Tensor, psi: float | Tensor = 1.0) -> State:
        return replace(self.start(w), psi=torch.as_tensor(psi, dtype=torch.float64).to(w.device).expand(len(w)))

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        psi = state.psi if state.psi is not None else torch.ones(len(w), dtype=torch.float64, device=w.device)
        if k == len(self.stages):
            x = F.relu(self.norm(state.x, psi, self.scale[None], self.offset[None]))
            x = torch.tanh(self.to_rgb(x).float())
        else:
            stage = self.stages[k]
            x = stage(state.x) if isinstance(stage, Attention) else stage(state.x, psi, self._condition(w))
        return State(x if change is None else change(x), psi=state.psi)

    def image(self, state: State) -> Tensor:
        return state.x

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        return [self.first.weight[:, : self.spec.z_dim]]

    def _condition(self, w: Tensor) -> Tensor:
        """Noise and embedded label (N, z_dim + embedding)."""
        noise, label = w[:, 0].split([self.spec.z_dim, self.spec.num_classes], dim=1)
        return torch.cat([noise, self.embedding(label)], dim=1)
