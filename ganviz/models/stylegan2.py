"""StyleGAN2 (Karras et al. 2019, arXiv:1912.04958): modulated convolutions, skip generator, residual discriminator.

Beside the paper's layout there is a compact one for small machines, by three options of the configuration:

top         what stands at the image's own resolution, where half of the paper's arithmetic goes for small images.
            "full": feature maps as everywhere. "tail": few of them (`tail_channels`), which are enough for detail
            because the bulk of the picture comes from below. "shuffle": none; every head draws four pixels for one
            (pixel shuffle), and D folds 2x2 pixels into channels. That is fastest, but leaves a faint mesh of two
            pixels: the four phases of the image come from separate weights, and nothing after them can level them.
resample    "fir": the paper's filters. "learned": 4x4 convolutions of stride 2, bilinear and mean, which cost less;
            only G's last doubling stays filtered, so that no phase of the image has weights of its own.
noise       whether layers add noise; small nets hardly use it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, State, check_choice, check_shape, check_whole
from ganviz.models.fixed_styles import FixedModulatedConv2d, FixedStyledConv
from ganviz.models.growing import RESOLUTIONS, check_widths, sizes
from ganviz.models.layers import (
    BILINEAR,
    SQRT2,
    EqualConv2d,
    EqualLinear,
    ModulatedConv2d,
    Noise,
    average_down,
    filtered,
    filtered_down,
    filtered_up,
    minibatch_std,
    normal,
)
from ganviz.models.lowered import copied
from ganviz.models.styles import MappingNetwork, StyleGenerator, check_styles
from ganviz.spec import Layer, Spec


@dataclass(frozen=True, slots=True)
class StyleGAN2Config:
    """Sizes of both nets.

    resolution      8 to 1024 pixels a side
    channels        1 (grey) or 3 (colour)
    z_dim, w_dim    length of the noise vector and of the styles
    mapping_layers  fully-connected layers from z to w
    mapping_lr      their learning rate as a share of the others'
    base_channels   feature maps at the image's resolution; they double at each halving ...
    max_channels    ... up to this many; the paper has 32 at 1024 px and at most 512
    num_classes     0, or the number of classes that both nets are conditioned on
    top             "full", "tail" or "shuffle", see above
    tail_channels   feature maps at the image's resolution where top is "tail"
    resample        "fir" or "learned", see above
    noise           whether layers add noise
    clamp           limit of activations, as nets trained in half precision have it (256); 0: none
    widths          feature maps at 4, 8, ... one by one, in place of the rule above
    """

    resolution: int = 64
    channels: int = 3
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_lr: float = 0.01
    base_channels: int = 64
    max_channels: int = 512
    num_classes: int = 0
    top: str = "full"
    tail_channels: int = 12
    resample: str = "fir"
    noise: bool = True
    clamp: float = 0.0
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_choice(self.resolution, RESOLUTIONS[1:], "resolution")
        check_choice(self.channels, (1, 3), "channels")
        check_choice(self.top, ("full", "tail", "shuffle"), "top")
        check_choice(self.resample, ("fir", "learned"), "resample")
        for name in ("base_channels", "max_channels", "tail_channels"):
            check_whole(getattr(self, name), 1, 65536, name)
        check_whole(self.num_classes, 0, 65536, "num_classes")
        if not isinstance(self.clamp, int | float) or not 0 <= self.clamp < math.inf:
            raise ValueError(f"clamp: expected a number from 0, got {self.clamp!r}")
        check_styles(self)
        check_widths(self, self.resolution)

    def width(self, resolution: int) -> int:
        """Feature maps at `resolution`, in both nets."""
        if self.widths:
            return self.widths[resolution.bit_length() - 3]
        if self.top == "tail" and resolution == self.resolution:
            return self.tail_channels
        return min(self.base_channels * self.resolution // resolution, self.max_channels)

    @property
    def features(self) -> int:
        """The largest resolution that there are feature maps at."""
        return self.resolution // 2 if self.top == "shuffle" else self.resolution


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, leaky ReLU 0.2 (Karras et al. 2019, figure 2c); the gain is sqrt 2.

    x (N, inputs, H, W) and w (N, w_dim) to (N, outputs, H, W), twice the size with `up`.
    """

    def __init__(
        self, layer: int, inputs: int, outputs: int, resolution: int, config: StyleGAN2Config, up: bool
    ) -> None:
        super().__init__()
        way = "fir" if resolution == config.resolution else config.resample
        self.conv = ModulatedConv2d(inputs, outputs, 3, config.w_dim, up=way if up else None)
        self.noise = Noise(layer, resolution) if config.noise else None
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.limit = config.clamp

    def forward(self, x: Tensor, w: Tensor, noise: NoiseMode) -> Tensor:
        x = self.conv(x, w, gain=SQRT2)
        if self.noise is not None:
            x = self.noise(x, noise, gain=SQRT2)
        x = F.leaky_relu(x + (self.bias * SQRT2).to(x.dtype)[:, None, None], 0.2)
        return x.clamp(-self.limit, self.limit) if self.limit else x

    def lowered(self, dtype: torch.dtype) -> nn.Module:
        conv = FixedModulatedConv2d(self.conv, self.bias, SQRT2, torch.tensor(BILINEAR), dtype)
        return FixedStyledConv(conv, self.noise, self.limit, SQRT2)


class ToRGB(nn.Module):
    """What a resolution adds to the image: a modulated 1x1 convolution, without demodulation or non-linearity.

    x (N, inputs, H, W) and w (N, w_dim) to (N, channels, H, W); with `shuffle` to (N, channels, 2H, 2W), four
    pixels for one.
    """

    def __init__(self, inputs: int, config: StyleGAN2Config) -> None:
        super().__init__()
        self.shuffle = config.top == "shuffle"
        outputs = config.channels * (4 if self.shuffle else 1)
        self.conv = ModulatedConv2d(inputs, outputs, 1, config.w_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.limit = config.clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = self.conv(x, w)
        x = x + self.bias.to(x.dtype)[:, None, None]
        if self.limit:
            x = x.clamp(-self.limit, self.limit)
        return F.pixel_shuffle(x, 2) if self.shuffle else x

    def lowered(self, dtype: torch.dtype) -> nn.Module:
        twin: Any = copied(self, dtype)
        twin.conv = FixedModulatedConv2d(self.conv, torch.zeros_like(self.bias), 1.0, torch.tensor(BILINEAR), dtype)
        return twin


class Generator(StyleGenerator):
    """z (N, z_dim) and label (N, num_classes) to images (N, channels, resolution, resolution) in [-1, 1].

    Layer k reads style k; the heads, at every even layer, read the style after it, which the next layer shares.
    """

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.config = config
        self.make_mapping(config, bias_gain=SQRT2)
        width = config.width(4)
        self.const = nn.Parameter(normal(1, width, 4, 4))
        convs: list[nn.Module] = []
        heads: list[nn.Module] = []
        layers: list[Layer] = []
        for size in sizes(config.features):
            out = config.width(size)
            for part in "ab" if size > 4 else "b":
                k = len(layers)
                convs.append(StyledConv(k, width, out, size, config, up=part == "a"))
                last = part == "b"
                styles = (k, k + 1) if last else (k,)
                layers.append(Layer(f"{size}x{size} {part}", size, out, ws=styles, noise=config.noise, rgb=last))
                width = out
            heads.append(ToRGB(out, config))
        self.convs = nn.ModuleList(convs)
        self.heads = nn.ModuleList(heads)
        self.spec = Spec(
            arch="stylegan2",
            z_dim=config.z_dim,
            w_dim=config.w_dim,
            num_ws=len(layers) + 1,
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            truncation="w",
            layers=tuple(layers),
        )

    def start(self, w: Tensor) -> State:
        return State(self.const.expand(len(w), -1, -1, -1))

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        x = self.convs[k](state.x, w[:, k], noise)
        x = x if change is None else change(x)
        if k % 2:
            return State(x, state.image)
        image = self.heads[k // 2](x, w[:, k + 1]).float()
        if state.image is not None:
            image = image + self._enlarged(state.image)
        return State(x, image)

    def image(self, state: State) -> Tensor:
        assert state.image is not None, "no head has drawn yet; see Layer.rgb"
        return self.within_range(state.image)

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        """As the authors of SeFa have it: of a convolution where one reads the style, else of the last head."""
        styled: list[Any] = [*self.convs, self.heads[-1]]
        return [styled[k].conv.affine.weight for k in inputs]

    def _enlarged(self, image: Tensor) -> Tensor:
        if self.config.resample == "fir":
            return filtered_up(image)
        return F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)


class ResidualBlock(nn.Module):
    """(N, inputs, H, W) to (N, outputs, H/2, W/2): two convolutions beside a 1x1 skip (Karras et al. 2019, figure 7).

    Both branches are scaled by sqrt 1/2, so that their sum keeps unit variance.
    """

    def __init__(self, inputs: int, outputs: int, resample: str) -> None:
        super().__init__()
        self.learned = resample == "learned"
        self.first = EqualConv2d(inputs, inputs, 3, bias_gain=SQRT2)
        # The branch's gain: sqrt 2 of the activation times sqrt 1/2.
        if self.learned:
            self.second = EqualConv2d(inputs, outputs, 4, stride=2, padding=1, gain=1.0)
        else:
            self.second = EqualConv2d(inputs, outputs, 3, stride=2, padding=0, gain=1.0)
        self.skip = EqualConv2d(inputs, outputs, 1, gain=math.sqrt(0.5), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.first(x), 0.2)
        if self.learned:
            return F.leaky_relu(self.second(y), 0.2) + self.skip(average_down(x))
        y = F.leaky_relu(self.second(filtered(y, BILINEAR, padding=2)), 0.2)
        return y + self.skip(filtered_down(x))


class Discriminator(nn.Module):
    """image (N, channels, resolution, resolution) and label (N, num_classes) to logits (N,).

    A label is mapped as the generator maps it and projected on (Miyato and Koyama 2018): the sum of the last
    features times the mapped label, over the root of their number.
    """

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.config = config
        size = config.features
        if config.top == "shuffle":
            self.entry = EqualConv2d(4 * config.channels, config.width(size), 3, bias_gain=SQRT2)
        else:
            self.entry = EqualConv2d(config.channels, config.width(size), 1, bias_gain=SQRT2)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.width(size), config.width(size // 2), config.resample)
            for size in reversed(list(sizes(config.features)))
            if size > 4
        )
        features = config.width(4)
        self.conv = EqualConv2d(features + 1, features, 3, bias_gain=SQRT2)
        self.dense = EqualLinear(features * 16, features, gain=SQRT2, bias_gain=SQRT2)
        self.head = EqualLinear(features, features if config.num_classes else 1)
        if config.num_classes:
            self.label_mapping = MappingNetwork(
                0, config.num_classes, features, config.mapping_layers, config.mapping_lr, SQRT2
            )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        config = self.config
        check_shape(image, (None, config.channels, config.resolution, config.resolution), "image")
        if config.top == "shuffle":
            image = F.pixel_unshuffle(image, 2)
        x = F.leaky_relu(self.entry(image), 0.2)
        for block in self.blocks:
            x = block(x)
        x = F.leaky_relu(self.conv(torch.cat([x, minibatch_std(x)], dim=1)), 0.2)
        x = F.leaky_relu(self.dense(x.flatten(1)), 0.2)
        with torch.autocast(x.device.type, enabled=False):  # scores in float32
            x = self.head(x.float())
        if not config.num_classes:
            return x.flatten()
        if label is None:
            raise ValueError(f"label: expected (N, {config.num_classes}) for a conditional model, got None")
        mapped = self.label_mapping(None, label.to(x.device))
        return (x * mapped).sum(dim=1) / math.sqrt(x.shape[1])
