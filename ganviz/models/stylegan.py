"""StyleGAN (Karras et al. 2018, arXiv:1812.04948): a learned constant, styled layer by layer.

Each layer (figure 1b): convolution, noise, bias, leaky ReLU 0.2, adaptive instance normalisation with its own style.
Upsampling is nearest-neighbour before the convolution and the binomial filter after it. The image is a 1x1
convolution without non-linearity. It can grow as ProGAN does, from 8x8 in the paper, or train at its size at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models import growing
from ganviz.models.base import Change, NoiseMode, State, check_choice
from ganviz.models.growing import sizes, top_two
from ganviz.models.layers import BINOMIAL, AdaIN, EqualConv2d, Noise, filtered, nearest_up
from ganviz.models.styles import StyleGenerator, check_styles
from ganviz.spec import Layer, Spec


@dataclass(frozen=True, slots=True)
class StyleGANConfig:
    """Sizes of both nets.

    resolution        4 to 1024: pixels a side of what they draw and judge now
    final_resolution  what they grow to, by which the widths are laid out; 0: the same
    channels          1 (grey) or 3 (colour)
    z_dim, w_dim      length of the noise vector and of the styles
    mapping_layers    fully-connected layers from z to w
    mapping_lr        their learning rate as a share of the others'
    base_channels     feature maps at the final resolution; they double at each halving ...
    max_channels      ... up to this many; the paper has 16 at 1024 px and at most 512
    num_classes       0, or the number of classes that both nets are conditioned on
    widths            feature maps at 4, 8, ... one by one, in place of the rule above

    and, for generators from elsewhere:

    eps               what keeps the instance norm from dividing by nothing
    blurred_bias      whether an upsampling layer's bias is added before its blur, which shows along the border
    """

    resolution: int = 64
    final_resolution: int = 0
    channels: int = 3
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_lr: float = 0.01
    base_channels: int = 32
    max_channels: int = 512
    num_classes: int = 0
    widths: tuple[int, ...] = ()
    eps: float = 1e-8
    blurred_bias: bool = False

    def __post_init__(self) -> None:
        growing.check_growing(self)
        check_styles(self)
        check_choice(self.blurred_bias, (False, True), "blurred_bias")
        if not isinstance(self.eps, float) or not 0 < self.eps < 1:
            raise ValueError(f"eps: expected a number above 0 and below 1, got {self.eps!r}")


class StyledLayer(nn.Module):
    """A convolution and what follows it; the first layer has none and styles the constant.

    x (N, inputs, H, W) and w (N, w_dim) to (N, outputs, H, W), twice the size with `up`.
    """

    def __init__(
        self, layer: int, inputs: int | None, outputs: int, resolution: int, config: StyleGANConfig, up: bool = False
    ) -> None:
        super().__init__()
        self.conv = None if inputs is None else EqualConv2d(inputs, outputs, 3, bias=False)
        self.up = up
        self.noise = Noise(layer, resolution, outputs)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.style = AdaIN(outputs, config.w_dim, config.eps)
        self.blurred_bias = config.blurred_bias

    def forward(self, x: Tensor, w: Tensor, noise: NoiseMode) -> Tensor:
        if self.up:
            x = nearest_up(x)
        if self.conv is not None:
            x = self.conv(x)
        bias = self.bias.to(x.dtype)[:, None, None]
        if self.up and self.blurred_bias:
            x = self.noise(filtered(x + bias, BINOMIAL, padding=1), noise)
        else:
            x = filtered(x, BINOMIAL, padding=1) if self.up else x
            x = self.noise(x, noise) + bias
        return self.style(F.leaky_relu(x, 0.2), w)


class Generator(StyleGenerator):
    """z (N, z_dim) and label (N, num_classes) to images (N, channels, resolution, resolution) in [-1, 1]."""

    alpha: Tensor
    """How far the last resolution has faded in, 0 to 1."""

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("alpha", torch.ones(()))
        self.make_mapping(config, bias_gain=1.0)
        width = growing.width(config, 4)
        self.const = nn.Parameter(torch.ones(1, width, 4, 4))
        styled: list[nn.Module] = []
        layers: list[Layer] = []
        for size in sizes(config.resolution):
            out = growing.width(config, size)
            for part in "ab":
                k = len(layers)
                inputs = None if k == 0 else width
                styled.append(StyledLayer(k, inputs, out, size, config, up=part == "a" and size > 4))
                rgb = part == "b" and size == config.resolution
                layers.append(Layer(f"{size}x{size} {part}", size, out, ws=(k,), noise=True, rgb=rgb))
                width = out
        self.layers = nn.ModuleList(styled)
        self.to_rgb = nn.ModuleDict(
            {
                str(size): EqualConv2d(growing.width(config, size), config.channels, 1, gain=1.0)
                for size in top_two(config.resolution)
            }
        )
        self.spec = Spec(
            arch="stylegan",
            z_dim=config.z_dim,
            w_dim=config.w_dim,
            num_ws=len(layers),
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            truncation="w",
            layers=tuple(layers),
        )

    def start(self, w: Tensor) -> State:
        return State(self.const.expand(len(w), -1, -1, -1))

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        x = self.layers[k](state.x, w[:, k], noise)
        x = x if change is None else change(x)
        below = self.config.resolution // 2
        if k == len(self.layers) - 3 and below >= 4:  # the picture that the last resolution fades in over
            return State(x, self.to_rgb[str(below)](x))
        return State(x, state.image)

    def image(self, state: State) -> Tensor:
        image = self.to_rgb[str(self.config.resolution)](state.x)
        if state.image is not None:
            image = torch.lerp(nearest_up(state.image), image, self.alpha.to(image))
        return self.within_range(image)

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        styled: Any = self.layers
        return [styled[k].style.affine.weight for k in inputs]


class Discriminator(growing.Discriminator):
    """ProGAN's discriminator with the binomial filter before each halving (Karras et al. 2018, section 2)."""

    def __init__(self, config: StyleGANConfig) -> None:
        super().__init__(config, blur=True)
