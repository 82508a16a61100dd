"""Blocks that several families share, to the numbers of the papers, so that weights from elsewhere draw the same.

Activations are (N, C, H, W). Nothing here keeps state that a checkpoint would not hold: filters are made when they
are used. What multiplies activations takes their type, so that autocast to bfloat16 is not undone by the way.

Gains. A weight is stored as N(0, 1) and scaled when used, "equalised learning rate" (Karras et al. 2017, section
4.1), by `gain / sqrt(fan_in)`. The gain of He's initialisation, sqrt 2, stands inside the weights in ProGAN and
StyleGAN, and behind the leaky ReLU in StyleGAN2. Because lrelu(g x) = g lrelu(x) for g > 0, the latter is the same as
a gain of sqrt 2 on weights and bias both, which is one pass over the activations less.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import NoiseMode, ScaledNoise
from ganviz.models.lowered import FixedConv2d, FixedLinear
from ganviz.streams import stream_of

SQRT2 = math.sqrt(2)
BINOMIAL = (1.0, 2.0, 1.0)
"""Taps of StyleGAN's blur (Karras et al. 2018, section 2)."""
BILINEAR = (1.0, 3.0, 3.0, 1.0)
"""Taps of StyleGAN2's up- and downsampling (Karras et al. 2019)."""


def normal(*shape: int, over: float = 1.0) -> Tensor:
    """Weights from N(0, 1), divided by `over`; not so on meta tensors, where either would import torch's compiler."""
    weight = torch.empty(shape)
    return weight if weight.is_meta else weight.normal_().div_(over)


class EqualLinear(nn.Module):
    """A linear layer with equalised learning rate: x (..., inputs) to (..., outputs).

    y = x (weight gain lr_multiplier / sqrt(inputs)) + bias bias_gain lr_multiplier

    With a learning-rate multiplier the stored numbers are that much larger (Karras et al. 2018, appendix C: 0.01 in
    the mapping network), so that one optimiser moves all layers and these more slowly.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = 1.0,
        bias_gain: float = 1.0,
        bias_init: float = 0.0,
        lr_multiplier: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(normal(outputs, inputs, over=lr_multiplier))
        self.bias = nn.Parameter(torch.full((outputs,), bias_init / lr_multiplier))
        self.scale = gain * lr_multiplier / math.sqrt(inputs)
        self.bias_scale = bias_gain * lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.bias_scale)

    def lowered(self, dtype: torch.dtype) -> nn.Module:
        return FixedLinear(self.weight * self.scale, self.bias * self.bias_scale)


class EqualConv2d(nn.Module):
    """A convolution with equalised learning rate: (N, inputs, H, W) to (N, outputs, H / stride, W / stride).

    fan_in is kernel^2 inputs; `padding` is kernel // 2 unless given.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        gain: float = SQRT2,
        bias_gain: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(normal(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / math.sqrt(inputs * kernel**2)
        self.bias_scale = bias_gain
        self.stride = stride
        self.padding = kernel // 2 if padding is None else padding

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias * self.bias_scale
        return F.conv2d(x, self.weight * self.scale, bias, self.stride, self.padding)

    def lowered(self, dtype: torch.dtype) -> nn.Module:
        bias = None if self.bias is None else self.bias * self.bias_scale
        return FixedConv2d(self.weight * self.scale, bias, self.stride, self.padding, dtype)


class ModulatedConv2d(nn.Module):
    """StyleGAN2's convolution: weights scaled by the style, and back to unit length (Karras et al. 2019, section 2.2).

    x (N, inputs, H, W) and w (N, w_dim) to (N, outputs, H, W), or twice the size with `up`:

        "fir"      a transposed 3x3 convolution of stride 2, then the bilinear filter (the paper)
        "learned"  a transposed 4x4 convolution of stride 2 alone, which is faster

    Equations 1 and 3 are applied to the activations, x s before and the inverse length after the convolution: equal,
    and every picture of a batch is then served by one plain convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        w_dim: int,
        *,
        demodulate: bool = True,
        up: str | None = None,
    ) -> None:
        super().__init__()
        if up == "learned":
            kernel = 4
        self.weight = nn.Parameter(normal(outputs, inputs, kernel, kernel))
        self.affine = EqualLinear(w_dim, inputs, bias_init=1.0)
        self.scale = 1 / math.sqrt(inputs * kernel**2)
        self.demodulate = demodulate
        self.up = up

    def forward(self, x: Tensor, w: Tensor, gain: float = 1.0) -> Tensor:
        style = self.affine(w).float()  # (N, inputs)
        weight = self.weight * self.scale
        x = x * style.to(x.dtype)[:, :, None, None]
        if self.up == "fir":
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = filtered(x, BILINEAR, padding=1, gain=4.0)  # zeros between the pixels took 3/4 of the energy
        elif self.up == "learned":
            # Each output pixel meets a quarter of the taps: twice the gain keeps unit variance.
            x = F.conv_transpose2d(x, 2 * weight.transpose(0, 1), stride=2, padding=1)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.demodulate:
            with torch.autocast(x.device.type, enabled=False):
                energy = F.linear(style.square(), weight.float().square().sum(dim=(2, 3)))  # (N, outputs)
                factor = gain * torch.rsqrt(energy + 1e-8)
            return x * factor.to(x.dtype)[:, :, None, None]
        return x if gain == 1 else x * gain


class AdaIN(nn.Module):
    """Adaptive instance normalisation (Karras et al. 2018, equation 1): (s + 1) (x - mean) / deviation + b.

    x (N, channels, H, W) and w (N, w_dim); s and b are affine in w, mean and deviation those of each map alone.
    """

    def __init__(self, channels: int, w_dim: int, eps: float = 1e-8) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, 2 * channels)
        self.eps = eps

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        scale, shift = self.affine(w).to(x.dtype)[:, :, None, None].chunk(2, dim=1)
        return F.instance_norm(x, eps=self.eps) * (scale + 1) + shift


class Noise(nn.Module):
    """One plane of Gaussian noise an image, the same for all channels but for its learned strength (starting at 0).

    `strength` is per channel in StyleGAN (Karras et al. 2018, section 2), one number in StyleGAN2. `const` (H, W) is
    the plane of the noise mode "const". A seed gives the plane that belongs to it and to `layer`, whatever batch the
    image is drawn in; a torch.Generator gives each image fresh noise, as training does.
    """

    const: Tensor

    def __init__(self, layer: int, resolution: int, channels: int | None = None) -> None:
        super().__init__()
        self.layer = layer
        self.strength = nn.Parameter(torch.zeros(() if channels is None else (channels, 1, 1)))
        self.register_buffer("const", normal(resolution, resolution))

    def forward(self, x: Tensor, mode: NoiseMode, gain: float = 1.0) -> Tensor:
        """x (N, C, H, W) with `gain` times the noise added."""
        plane = self.plane(mode, x, gain)
        return x if plane is None else x + plane.to(x.dtype)

    def plane(self, mode: NoiseMode, like: Tensor, gain: float = 1.0) -> Tensor | None:
        """What is added to a batch such as `like`: (1 or N, C or 1, H, W) at its strength; None for no noise."""
        if isinstance(mode, ScaledNoise):
            gain, mode = gain * mode.strength, mode.mode
        if mode == "none":
            return None
        size = self.const.shape[0]
        if isinstance(mode, torch.Generator):
            plane = torch.randn(len(like), 1, size, size, generator=mode, device=mode.device).to(like.device)
        elif mode == "const":
            plane = self.const[None, None]
        elif isinstance(mode, int):
            plane = torch.tensor(seeded_noise(mode, self.layer, size), device=like.device)[None, None]
        else:
            raise ValueError(f"noise: expected 'const', 'none' or a whole number as seed, got {mode!r}")
        return plane * (self.strength * gain)


@lru_cache(maxsize=32)
def seeded_noise(seed: int, layer: int, size: int) -> np.ndarray:
    """The plane (size, size) of float32 N(0, 1) noise that belongs to a seed and a layer; numpy's frozen generator."""
    plane = stream_of([seed & 0xFFFFFFFF, layer]).randn(size, size).astype(np.float32)
    plane.setflags(write=False)
    return plane


def pixel_norm(x: Tensor) -> Tensor:
    """Karras et al. 2017, section 4.2: each feature vector (along dimension 1) to unit root mean square."""
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


def minibatch_std(x: Tensor, group: int = 4) -> Tensor:
    """Karras et al. 2017, section 3: the deviation within groups of images, as one feature map (N, 1, H, W).

    Image i stands in a group with i + M, i + 2M, ... where M = N / group; if N is not divisible, all N are one group.
    """
    count, _, height, width = x.shape
    group = group if count % group == 0 else count
    grouped = x.float().reshape(group, count // group, -1)  # (G, M, C H W)
    deviation = (grouped.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=1)  # (M,)
    return deviation.repeat(group)[:, None, None, None].expand(-1, 1, height, width).to(x)


class MinibatchDiscrimination(nn.Module):
    """Salimans et al. 2016, section 3.2: how close each sample is to the others, in `kernels` learned ways.

    x (N, features) to (N, kernels): the sum over all other samples of exp(-distance), the distance being the L1 norm
    of the difference of `dimensions` projections. Judging a sample then depends on its batch.
    """

    def __init__(self, features: int, kernels: int, dimensions: int = 5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(features, kernels, dimensions) / math.sqrt(features))

    def forward(self, x: Tensor) -> Tensor:
        projected = torch.einsum("nf,fkd->nkd", x.float(), self.weight)
        distance = (projected[:, None] - projected[None]).abs().sum(dim=3)  # (N, N, kernels)
        return torch.exp(-distance).sum(dim=1) - 1  # without itself, whose distance is 0


def nearest_up(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, 2H, 2W), every pixel four times."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def average_down(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, H/2, W/2), the mean of each 2x2."""
    return F.avg_pool2d(x, 2)


def filtered(x: Tensor, taps: tuple[float, ...], padding: int, gain: float = 1.0, stride: int = 1) -> Tensor:
    """Each map convolved with the outer product of `taps`, made to sum to `gain`; zeros outside."""
    return F.conv2d(x, _kernel(x, taps, gain), stride=stride, padding=padding, groups=x.shape[1])


def filtered_up(x: Tensor, taps: tuple[float, ...] = BILINEAR) -> Tensor:
    """(N, C, H, W) to (N, C, 2H, 2W): zeros between the pixels, then the filter of four taps at four times its gain."""
    return F.conv_transpose2d(x, _kernel(x, taps, 4.0), stride=2, padding=1, groups=x.shape[1])


def filtered_down(x: Tensor, taps: tuple[float, ...] = BILINEAR) -> Tensor:
    """(N, C, H, W) to (N, C, H/2, W/2): the filter of four taps, then every other pixel."""
    return filtered(x, taps, padding=1, stride=2)


def _kernel(x: Tensor, taps: tuple[float, ...], gain: float) -> Tensor:
    """(C, 1, K, K), one copy of the filter for each map of x."""
    line = x.new_tensor(taps)
    square = torch.outer(line, line) * (gain / sum(taps) ** 2)
    return square.expand(x.shape[1], 1, -1, -1)
