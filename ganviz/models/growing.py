"""Progressive growing (Karras et al. 2017, section 2): what ProGAN and the growing form of StyleGAN share.

A net knows two resolutions: the one that it draws or judges now, and the final one that its widths are laid out
for. While a new resolution fades in, `alpha` runs from 0 (only the old, enlarged) to 1 (only the new); it is a buffer,
so that a snapshot taken on the way draws as it was trained. At the next resolution `grown` makes the larger net.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import check_choice, check_shape, check_whole
from ganviz.models.layers import (
    BINOMIAL,
    EqualConv2d,
    EqualLinear,
    average_down,
    filtered,
    minibatch_std,
    nearest_up,
)

RESOLUTIONS = (4, 8, 16, 32, 64, 128, 256, 512, 1024)

Net = TypeVar("Net", bound=nn.Module)


def check_growing(config: Any) -> None:
    """The checks that the configurations of growing nets share; see `ProGANConfig` for the fields."""
    check_choice(config.resolution, RESOLUTIONS, "resolution")
    check_choice(config.final_resolution, (0, *RESOLUTIONS), "final_resolution")
    if 0 < config.final_resolution < config.resolution:
        raise ValueError(f"final_resolution: expected at least {config.resolution}, got {config.final_resolution}")
    check_choice(config.channels, (1, 3), "channels")
    for name in ("z_dim", "base_channels", "max_channels"):
        check_whole(getattr(config, name), 1, 65536, name)
    check_whole(config.num_classes, 0, 65536, "num_classes")
    check_widths(config, config.final_resolution or config.resolution)


def check_widths(config: Any, resolution: int) -> None:
    """The check of the field `widths`: none, or one for each of 4, 8, ... up to `resolution`."""
    object.__setattr__(config, "widths", tuple(config.widths))  # a list where the config was read from JSON
    if config.widths and len(config.widths) != len(list(sizes(resolution))):
        raise ValueError(f"widths: expected none or {len(list(sizes(resolution)))} numbers, got {config.widths!r}")
    for item in config.widths:
        check_whole(item, 1, 65536, "widths")


def width(config: Any, resolution: int) -> int:
    """Feature maps at `resolution`: base_channels at the final one, doubling at each halving up to max_channels.

    `widths` says them one by one instead, for nets from elsewhere that follow another rule.
    """
    if config.widths:
        return config.widths[resolution.bit_length() - 3]
    final = config.final_resolution or config.resolution
    return min(config.base_channels * final // resolution, config.max_channels)


def sizes(resolution: int) -> Iterator[int]:
    """4, 8, ... up to `resolution`."""
    for power in range(2, resolution.bit_length()):
        yield 1 << power


def top_two(resolution: int) -> list[int]:
    """The resolutions that pictures are made at or taken in at: the one below, if there is one, and this."""
    return [size for size in (resolution // 2, resolution) if size >= 4]


def faded(image: Tensor, alpha: float | Tensor) -> Tensor:
    """Reals as the nets see them while a resolution fades in: their half-size version, enlarged, towards themselves."""
    return torch.lerp(nearest_up(average_down(image)), image, torch.as_tensor(alpha, device=image.device).to(image))


def grown(net: Net, resolution: int) -> Net:
    """`net` with the next resolution added at alpha 0: what it draws is what it drew, each pixel four times.

    The new layers are freshly initialised from torch's global generator.
    """
    config: Any = net.config
    if resolution != 2 * config.resolution or not config.final_resolution:
        raise ValueError(f"resolution: expected {2 * config.resolution} and a final_resolution, got {resolution}")
    larger = type(net)(replace(config, resolution=resolution))
    old, new = net.state_dict(), larger.state_dict()
    larger.load_state_dict({name: old.get(name, tensor) for name, tensor in new.items()})
    larger.alpha.fill_(0.0)  # type: ignore[operator]
    device = next(net.parameters()).device
    return larger.to(device).train(net.training)


class Discriminator(nn.Module):
    """image (N, channels, resolution, resolution) and label (N, num_classes) to logits (N,).

    A mirror of the generator: 1x1 convolution from the image, two convolutions and a halving a resolution, the
    deviation over groups of images as one more map, a convolution, two fully-connected layers. With `blur`, as
    StyleGAN has it, the binomial filter before each halving. A label is judged by projection (Miyato and Koyama
    2018): its embedding times the last features is added.
    """

    alpha: Tensor

    def __init__(self, config: Any, blur: bool = False) -> None:
        super().__init__()
        self.config = config
        self.blur = blur
        self.register_buffer("alpha", torch.ones(()))
        resolution = config.resolution
        self.from_rgb = nn.ModuleDict(
            {str(size): EqualConv2d(config.channels, width(config, size), 1) for size in top_two(resolution)}
        )
        blocks = {}
        for size in sizes(resolution):
            if size > 4:
                here, below = width(config, size), width(config, size // 2)
                blocks[str(size)] = nn.ModuleList([EqualConv2d(here, here, 3), EqualConv2d(here, below, 3)])
        self.blocks = nn.ModuleDict(blocks)
        features = width(config, 4)
        self.conv = EqualConv2d(features + 1, features, 3)
        self.dense = EqualLinear(features * 16, features, gain=math.sqrt(2))
        self.head = EqualLinear(features, 1)
        if config.num_classes:
            self.embedding = EqualLinear(config.num_classes, features)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        config, size = self.config, self.config.resolution
        check_shape(image, (None, config.channels, size, size), "image")
        x = _leaky(self.from_rgb[str(size)](image))
        if size > 4:
            x = self._halved(x, size)
            low = _leaky(self.from_rgb[str(size // 2)](average_down(image)))
            x = torch.lerp(low, x, self.alpha.to(x))
            for smaller in reversed(list(sizes(size // 2))):
                if smaller > 4:
                    x = self._halved(x, smaller)
        x = _leaky(self.conv(torch.cat([x, minibatch_std(x)], dim=1)))
        x = _leaky(self.dense(x.flatten(1)))
        logits = self.head(x).flatten()
        if config.num_classes:
            if label is None:
                raise ValueError(f"label: expected (N, {config.num_classes}) for a conditional model, got None")
            logits = logits + (self.embedding(label.to(x)) * x).sum(dim=1) / math.sqrt(x.shape[1])
        return logits

    def _halved(self, x: Tensor, size: int) -> Tensor:
        block: Any = self.blocks[str(size)]
        x = _leaky(block[0](x))
        if self.blur:
            x = filtered(x, BINOMIAL, padding=1)
        return average_down(_leaky(block[1](x)))


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)
