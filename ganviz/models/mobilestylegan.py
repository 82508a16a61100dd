"""MobileStyleGAN (Belousov 2021, arXiv:2104.04767): a StyleGAN2 distilled into few operations; not trained here.

It differs from StyleGAN2 in five ways, each named in the paper:

- the net draws wavelet coefficients of the image at half its resolution, and one inverse transform makes the pixels;
- only the last resolution draws at all: there is no sum of images of all sizes;
- convolutions are a modulated depthwise 3x3 and a pointwise one;
- what keeps the scale of activations does not depend on the style, so that it is part of the weights;
- feature maps are enlarged by the inverse Haar transform, which makes one map of four.

Activations lie in memory channels last, (H, W, C), and an image is drawn in strips of rows, each of which passes
through a whole layer while it is in the processor's cache: the arithmetic is little enough here for memory to be what
takes the time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, State, check_choice, check_whole
from ganviz.models.layers import SQRT2, Noise, normal
from ganviz.models.lowered import copied
from ganviz.models.styles import StyleGenerator, check_styles
from ganviz.spec import Layer, Spec

STRIP = 2 << 20
"""Bytes of a strip's activations that may be expected to stay in the cache."""


@dataclass(frozen=True, slots=True)
class MobileStyleGANConfig:
    """Sizes of the net.

    widths          feature maps at 4 px, 8 px, ... up to half of the image's resolution
    channels        1 (grey) or 3 (colour)
    z_dim, w_dim    length of the noise vector and of the styles
    mapping_layers  fully-connected layers from z to w
    mapping_lr      their learning rate as a share of the others', which their weights are stored by
    """

    widths: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)
    channels: int = 3
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_lr: float = 0.01
    num_classes: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.widths, list | tuple) or not 1 <= len(self.widths) <= 9:
            raise ValueError(f"widths: expected 1 to 9 whole numbers, got {self.widths!r:.80}")
        for width in self.widths:
            check_whole(width, 1, 65536, "widths")
        if any(width % 4 for width in self.widths[:-1]):
            raise ValueError(f"widths: expected multiples of 4 but for the last, got {self.widths!r:.80}")
        object.__setattr__(self, "widths", tuple(self.widths))  # JSON has lists
        check_choice(self.channels, (1, 3), "channels")
        check_choice(self.num_classes, (0,), "num_classes")
        check_styles(self)

    @property
    def resolution(self) -> int:
        """Pixels a side."""
        return 4 << len(self.widths)


class FirstLayer(nn.Module):
    """The constant input and its modulated 3x3 convolution: w (N, w_dim) to (N, width, 4, 4)."""

    def __init__(self, width: int, w_dim: int) -> None:
        super().__init__()
        self.const = nn.Parameter(normal(width, 4, 4))
        self.affine = affine(w_dim, width)
        self.weight = nn.Parameter(normal(width, width, 3, 3, over=math.sqrt(9 * width)))
        self.bias = nn.Parameter(torch.zeros(width))
        self.noise = Noise(0, 4)

    def forward(self, w: Tensor, noise: NoiseMode) -> Tensor:
        x = self.const * self.affine(w)[:, :, None, None]  # in float32 in twins too: it is next to nothing
        x = self.noise(F.conv2d(x, self.weight, self.bias, padding=1), noise)
        return F.leaky_relu(x, 0.2)


class StyledLayer(nn.Module):
    """Modulated depthwise 3x3 and pointwise convolution, noise, bias, leaky ReLU 0.2.

    x (N, inputs, H, W) and w (N, w_dim) to (N, outputs, H, W). With `up` the inverse Haar transform, modulated as
    well, comes first: x is (N, 4 inputs, H/2, W/2), see `inverse_haar`.
    """

    def __init__(self, layer: int, inputs: int, outputs: int, resolution: int, w_dim: int, up: bool) -> None:
        super().__init__()
        self.up = affine(w_dim, 4 * inputs) if up else None
        self.affine = affine(w_dim, inputs)
        self.depthwise = nn.Parameter(normal(inputs, 1, 3, 3, over=3))
        self.pointwise = nn.Parameter(normal(outputs, inputs, over=math.sqrt(inputs)))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise = Noise(layer, resolution)
        self.resolution = resolution

    def forward(self, x: Tensor, w: Tensor, noise: NoiseMode) -> Tensor:
        size, width = self.resolution, len(self.bias)
        x = x.permute(0, 2, 3, 1).contiguous()  # (N, H, W, inputs)
        # (N, 4 inputs); see `inverse_haar`
        bands = None if self.up is None else (self.up(w) / 2).to(x.dtype)
        # The style scales few weights in place of many activations: (N, inputs, 1, 3, 3).
        kernels = (self.depthwise * self.affine(w)[:, :, None, None, None]).to(x.dtype)
        planes = self.noise.plane(noise, x)
        planes = x.new_zeros(1, size, size, 1) if planes is None else planes.permute(0, 2, 3, 1).to(x.dtype)
        planes = planes.expand(len(x), size, size, 1)

        def draw(n: int, top: int, bottom: int, out: Tensor | None = None) -> Tensor:
            style = None if bands is None else bands[n]
            return self.rows(x[n], style, kernels[n], planes[n, top:bottom], top, bottom, out)

        if x.device.type != "cpu" or (torch.is_grad_enabled() and (x.requires_grad or kernels.requires_grad)):
            drawn = torch.stack([draw(n, 0, size) for n in range(len(x))])
        else:
            drawn = x.new_empty(len(x), size, size, width)
            height = max(2, STRIP // (4 * size * max(width, kernels.shape[1])) // 2 * 2)
            for n in range(len(x)):
                for top in range(0, size, height):
                    bottom = min(size, top + height)
                    draw(n, top, bottom, drawn[n, top:bottom])
        return drawn.permute(0, 3, 1, 2)

    def rows(
        self, x: Tensor, style: Tensor | None, kernel: Tensor, plane: Tensor, top: int, bottom: int, out: Tensor | None
    ) -> Tensor:
        """Rows `top` to `bottom` of one image's output (rows, W, outputs), into `out` where that is given.

        x (H, W, C), style (C,) of the enlargement, kernel (inputs, 1, 3, 3), plane (rows, W, 1).
        """
        factor = 1 if style is None else 2
        first, last = max(0, top // factor - 1), min(len(x), -(-bottom // factor) + 1)
        x = x[first:last]
        if style is not None:
            x = inverse_haar(x, style)
        x = F.conv2d(x[None].permute(0, 3, 1, 2), kernel, padding=1, groups=len(kernel))
        # The rows beside the strip were computed for their neighbours' sake.
        x = x.permute(0, 2, 3, 1)[0, top - factor * first : bottom - factor * first]
        y = torch.add(plane, self.bias, out=out)
        y.view(-1, y.shape[2]).addmm_(x.reshape(-1, x.shape[2]), self.pointwise.T)
        return F.leaky_relu_(y, 0.2)

    def lowered(self, dtype: torch.dtype) -> nn.Module:
        twin = copied(self, dtype)
        for name in ("pointwise", "bias"):
            setattr(twin, name, nn.Parameter(getattr(self, name).detach().to(dtype), requires_grad=False))
        return twin


class Head(nn.Module):
    """A modulated 1x1 convolution: x (N, inputs, H, W) and w (N, w_dim) to coefficients (N, 4 channels, H, W)."""

    def __init__(self, inputs: int, channels: int, w_dim: int) -> None:
        super().__init__()
        self.affine = affine(w_dim, inputs)
        self.weight = nn.Parameter(normal(4 * channels, inputs, over=math.sqrt(inputs)))
        self.bias = nn.Parameter(torch.zeros(4 * channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        count, inputs, height, width = x.shape
        weight = self.weight * (self.affine(w)[:, None] / 2)  # (N, 4 channels, inputs); see `inverse_haar`
        pixels = x.permute(0, 2, 3, 1).reshape(count, height * width, inputs)
        drawn = torch.baddbmm((self.bias / 2).to(x.dtype), pixels, weight.transpose(1, 2).to(x.dtype))
        return drawn.float().view(count, height, width, -1).permute(0, 3, 1, 2)


class Generator(StyleGenerator):
    """z (N, z_dim) to images (N, channels, resolution, resolution) in [-1, 1].

    Layer k reads style k, as in StyleGAN2; the head reads one more. It draws after the last of the layers with
    feature maps, and an image taken there is the low band, half the resolution; the last layer is the inverse
    transform and reads no style.
    """

    def __init__(self, config: MobileStyleGANConfig) -> None:
        super().__init__()
        self.config = config
        self.make_mapping(config, bias_gain=SQRT2)
        width = config.widths[0]
        self.first = FirstLayer(width, config.w_dim)
        convs: list[nn.Module] = []
        layers = [Layer("4x4 b", 4, width, ws=(0,), noise=True)]
        for stage, out in enumerate(config.widths[1:], start=1):
            size = 4 << stage
            for part, inputs in (("a", width // 4), ("b", out)):
                k = len(layers)
                convs.append(StyledLayer(k, inputs, out, size, config.w_dim, up=part == "a"))
                layers.append(Layer(f"{size}x{size} {part}", size, out, ws=(k,), noise=True))
            width = out
        self.convs = nn.ModuleList(convs)
        self.head = Head(width, config.channels, config.w_dim)
        size, k = config.resolution, len(layers)
        layers[-1] = Layer(layers[-1].name, size // 2, width, ws=(k - 1, k), noise=True, rgb=True)
        layers.append(Layer(f"{size}x{size}", size, config.channels, rgb=True))
        self.spec = Spec(
            arch="mobilestylegan",
            z_dim=config.z_dim,
            w_dim=config.w_dim,
            num_ws=k + 1,
            resolution=size,
            channels=config.channels,
            truncation="w",
            layers=tuple(layers),
        )

    def start(self, w: Tensor) -> State:
        return State(self.first.const.expand(len(w), -1, -1, -1))

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        last = len(self.convs)
        if k > last:
            assert state.image is not None, "the head draws at the end of the layer before"
            x = inverse_haar(state.image.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        elif k == 0:
            x = self.first(w[:, 0], noise).to(state.x.dtype)
        else:
            x = self.convs[k - 1](state.x, w[:, k], noise)
        x = x if change is None else change(x)
        return State(x, None if k < last else self.head(x, w[:, k + 1]) if k == last else x)

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        """What scales a layer's feature maps, and with them those that are enlarged for it."""
        found = []
        for k in inputs:
            reader: Any = self.first if k == 0 else self.head if k > len(self.convs) else self.convs[k - 1]
            parts = [reader.affine, getattr(reader, "up", None)]
            found.append(torch.cat([part.weight for part in parts if part is not None]))
        return found

    def image(self, state: State) -> Tensor:
        assert state.image is not None, "the head has not drawn yet; see Layer.rgb"
        # Of coefficients the low band: each is the mean of four pixels.
        return self.within_range(state.image[:, : self.config.channels])


def affine(w_dim: int, outputs: int) -> nn.Linear:
    """From w to the scales of feature maps, which start at 1."""
    layer = nn.Linear(w_dim, outputs)
    if layer.weight.is_meta:
        return layer  # Nothing to fill; and normal_ on meta tensors imports torch's compiler, two seconds of a start.
    nn.init.normal_(layer.weight, std=1 / math.sqrt(w_dim))
    nn.init.ones_(layer.bias)
    return layer


def inverse_haar(x: Tensor, style: Tensor | None = None) -> Tensor:
    """The inverse Haar transform, channels last: (..., H, W, 4 C) to (..., 2 H, 2 W, C).

    The four bands stand behind one another, C maps each: the mean of four pixels, and half the change from a row to
    the next, from a column to the next, and of both. An orthonormal transform has bands twice as large. Where a
    `style` (4 C,) is given, x is multiplied by it first.
    """
    *batch, height, width, channels = x.shape
    mean, rows, columns, both = x.chunk(4, dim=-1)
    if style is None:
        upper, lower = mean + rows, mean - rows
        upper_change, lower_change = columns + both, columns - both
    else:  # on the way, which is a pass over the memory less than before it
        styles = style.chunk(4)
        mean, columns = mean * styles[0], columns * styles[2]
        upper, lower = (torch.addcmul(mean, rows, styles[1], value=sign) for sign in (1, -1))
        upper_change, lower_change = (torch.addcmul(columns, both, styles[3], value=sign) for sign in (1, -1))
    if upper.requires_grad:
        left = torch.stack((upper + upper_change, lower + lower_change), dim=-3)
        right = torch.stack((upper - upper_change, lower - lower_change), dim=-3)
        pixels = torch.stack((left, right), dim=-2)  # (..., H, 2, W, 2, C)
    else:  # each pixel is written once
        pixels = x.new_empty(*batch, height, 2, width, 2, channels // 4)
        torch.add(upper, upper_change, out=pixels[..., 0, :, 0, :])
        torch.sub(upper, upper_change, out=pixels[..., 0, :, 1, :])
        torch.add(lower, lower_change, out=pixels[..., 1, :, 0, :])
        torch.sub(lower, lower_change, out=pixels[..., 1, :, 1, :])
    return pixels.view(*batch, 2 * height, 2 * width, channels // 4)
