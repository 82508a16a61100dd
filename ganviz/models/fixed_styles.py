"""StyleGAN2's and StyleGAN3's blocks for drawing alone; see `ganviz.models.lowered`.

What a style scales is, of activations and weights, whichever are fewer numbers: the weights of each image alone where
maps are large, the activations where they are small. Noise, bias and non-linearity work in place.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import NoiseMode
from ganviz.models.lowered import last, lower

EPS = 1e-8
"""As `ganviz.models.layers.ModulatedConv2d` has it."""


class FixedModulatedConv2d(nn.Module):
    """What a `ModulatedConv2d` does, followed by `bias` times `gain`: x (N, inputs, H, W) to (N, outputs, H', W')."""

    weight: Tensor
    energy: Tensor
    fir: Tensor | None
    bias: Tensor

    def __init__(self, conv: Any, bias: Tensor, gain: float, taps: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self.affine = lower(conv.affine, dtype)
        weight = conv.weight.detach() * conv.scale
        self.register_buffer("energy", weight.square().sum(dim=(2, 3)) if conv.demodulate else None)
        self.up = conv.up
        if conv.up:  # (inputs, outputs, H, W); see `ModulatedConv2d` for the gain
            weight = weight.transpose(0, 1) * (2 if conv.up == "learned" else 1)
        self.register_buffer("weight", last(weight.contiguous().to(dtype)))
        square = torch.outer(taps, taps) * (4 / taps.sum() ** 2)
        outputs = conv.weight.shape[0]
        fir = square.to(dtype).expand(outputs, 1, -1, -1).contiguous() if conv.up == "fir" else None
        self.register_buffer("fir", fir)
        self.register_buffer("bias", bias.detach() * gain)
        self.gain = gain

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)  # (N, inputs)
        factor = None
        if self.energy is not None:
            factor = self.gain * torch.rsqrt(F.linear(style.square(), self.energy) + EPS)  # (N, outputs)
        if self.weight.numel() < x[0].numel():
            return torch.cat([self._one(x[n : n + 1], style[n], factor, n) for n in range(len(x))])
        x = self._convolved(x * style.to(x.dtype)[:, :, None, None], self.weight, None)
        bias = self.bias.to(x.dtype)[:, None, None]
        return x.add_(bias) if factor is None else torch.addcmul(bias, x, factor.to(x.dtype)[:, :, None, None])

    def _one(self, x: Tensor, style: Tensor, factor: Tensor | None, n: int) -> Tensor:
        """The image n alone (1, inputs, H, W), by weights of its own."""
        scale = style[None, :] if factor is None else factor[n][:, None] * style  # (outputs or 1, inputs)
        scale = (scale.T if self.up else scale)[:, :, None, None]
        weight = (self.weight * scale).to(x.dtype)
        return self._convolved(x, weight, self.bias.to(x.dtype))

    def _convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.fir is not None:
            x = F.conv_transpose2d(x, weight, stride=2)
            return F.conv2d(x, self.fir, bias, padding=1, groups=len(self.fir))
        if self.up:
            return F.conv_transpose2d(x, weight, bias, stride=2, padding=1)
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


class FixedStyledConv(nn.Module):
    """What StyleGAN2's `StyledConv` does: x (N, inputs, H, W) and w (N, w_dim) to (N, outputs, H', W')."""

    def __init__(self, conv: FixedModulatedConv2d, noise: nn.Module | None, limit: float, gain: float) -> None:
        super().__init__()
        self.conv = conv
        self.noise: Any = noise
        self.limit = limit
        self.gain = gain

    def forward(self, x: Tensor, w: Tensor, noise: NoiseMode) -> Tensor:
        x = self.conv(x, w)
        plane = None if self.noise is None else self.noise.plane(noise, x, self.gain)
        if plane is not None:
            x.add_(plane.to(x.dtype))
        x = F.leaky_relu_(x, 0.2)
        return x.clamp_(-self.limit, self.limit) if self.limit else x
