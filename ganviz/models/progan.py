"""ProGAN (Karras et al. 2017, arXiv:1710.10196): grown from 4x4, with equalised learning rate and pixel norm.

Each convolution is followed by leaky ReLU 0.2 and pixel norm; the image is a 1x1 convolution without non-linearity.
Upsampling is nearest-neighbour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models import growing
from ganviz.models.base import Change, NoiseMode, StagedGenerator, State, check_choice
from ganviz.models.growing import Discriminator, sizes, top_two
from ganviz.models.layers import EqualConv2d, nearest_up, pixel_norm
from ganviz.spec import Layer, Spec

__all__ = ["Discriminator", "Generator", "ProGANConfig"]


@dataclass(frozen=True, slots=True)
class ProGANConfig:
    """Sizes of both nets.

    resolution        4 to 1024: pixels a side of what they draw and judge now
    final_resolution  what they grow to, by which the widths are laid out; 0: the same
    channels          1 (grey) or 3 (colour)
    z_dim             length of the noise vector
    base_channels     feature maps at the final resolution; they double at each halving ...
    max_channels      ... up to this many; the paper has 16 at 1024 px and at most 512
    num_classes       0, or the number of classes that both nets are conditioned on
    widths            feature maps at 4, 8, ... one by one, in place of the rule above

    and, for generators from elsewhere:

    pixel_norm        where it stands: "after" the activation (the paper) or "before" it
    normalised        what of the latent is: "noise", or "all", noise and label together
    first_bias        the first layer's bias: one for each "map" (the paper), or for each "element" of its 4x4 maps
    output            "linear" (the paper) or "tanh"
    """

    resolution: int = 64
    final_resolution: int = 0
    channels: int = 3
    z_dim: int = 512
    base_channels: int = 32
    max_channels: int = 512
    num_classes: int = 0
    widths: tuple[int, ...] = ()
    pixel_norm: str = "after"
    normalised: str = "noise"
    first_bias: str = "map"
    output: str = "linear"

    def __post_init__(self) -> None:
        growing.check_growing(self)
        check_choice(self.pixel_norm, ("after", "before"), "pixel_norm")
        check_choice(self.normalised, ("noise", "all"), "normalised")
        check_choice(self.first_bias, ("map", "element"), "first_bias")
        check_choice(self.output, ("linear", "tanh"), "output")


class Generator(StagedGenerator):
    """z (N, z_dim) and label (N, num_classes) to images (N, channels, resolution, resolution) in [-1, 1]."""

    alpha: Tensor
    """How far the last resolution has faded in, 0 to 1."""

    def __init__(self, config: ProGANConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("alpha", torch.ones(()))
        inputs = config.z_dim + config.num_classes
        convs: list[nn.Module] = []
        layers: list[Layer] = []
        width = inputs
        for size in sizes(config.resolution):
            out = growing.width(config, size)
            # The first one is a fully-connected layer, written as a 4x4 convolution over a single pixel.
            own = config.first_bias == "map"
            first = EqualConv2d(inputs, out, 4, padding=3, bias=own) if size == 4 else EqualConv2d(width, out, 3)
            convs += [first, EqualConv2d(out, out, 3)]
            layers.append(Layer(f"{size}x{size} a", size, out, ws=(0,) if size == 4 else ()))
            layers.append(Layer(f"{size}x{size} b", size, out, rgb=size == config.resolution))
            width = out
        self.convs = nn.ModuleList(convs)
        if config.first_bias == "element":
            self.first_bias = nn.Parameter(torch.zeros(growing.width(config, 4), 4, 4))
        self.to_rgb = nn.ModuleDict(
            {
                str(size): EqualConv2d(growing.width(config, size), config.channels, 1, gain=1.0)
                for size in top_two(config.resolution)
            }
        )
        self.spec = Spec(
            arch="progan",
            z_dim=config.z_dim,
            w_dim=inputs,
            num_ws=1,
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            truncation="z",
            layers=tuple(layers),
        )

    def normalise(self, z: Tensor) -> Tensor:
        """Onto the hypersphere of radius sqrt(z_dim)."""
        return pixel_norm(z) if self.config.normalised == "noise" else z

    def concatenate_conditions(
        self, noise: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        w = super().concatenate_conditions(noise, label, codes)
        return w if self.config.normalised == "noise" else pixel_norm(w[:, 0]).unsqueeze(1)

    def start(self, w: Tensor) -> State:
        return State(w[:, 0, :, None, None])  # (N, w_dim, 1, 1)

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        x = nearest_up(state.x) if k > 0 and k % 2 == 0 else state.x
        x = self.convs[k](x)
        if k == 0 and self.config.first_bias == "element":
            x = x + self.first_bias.to(x.dtype)
        if self.config.pixel_norm == "after":
            x = pixel_norm(F.leaky_relu(x, 0.2))
        else:
            x = F.leaky_relu(pixel_norm(x), 0.2)
        x = x if change is None else change(x)
        below = self.config.resolution // 2
        if k == len(self.convs) - 3 and below >= 4:  # the picture that the last resolution fades in over
            return State(x, self.to_rgb[str(below)](x))
        return State(x, state.image)

    def image(self, state: State) -> Tensor:
        image = self.to_rgb[str(self.config.resolution)](state.x)
        if state.image is not None:
            image = torch.lerp(nearest_up(state.image), image, self.alpha.to(image))
        if self.config.output == "tanh":
            return torch.tanh(image.float())
        return self.within_range(image)

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        first: Any = self.convs[0].weight  # (outputs, w_dim, 4, 4)
        return [first[:, : self.spec.z_dim].permute(0, 2, 3, 1).flatten(0, 2)]
