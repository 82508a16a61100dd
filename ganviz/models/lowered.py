"""Twins of generators for drawing alone: what does not change from picture to picture is computed once.

A block that can be had faster when it is never trained has a method `lowered(dtype)`, which gives what stands in its
place. Others are copied as they are, sharing their tensors, with convolutions in `dtype`. What multiplies activations
takes their type throughout `ganviz.models`, so that nothing else need change.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, StagedGenerator, State

Net = TypeVar("Net", bound=nn.Module)


class Lowered(StagedGenerator):
    """Draws what `generator` draws in `dtype`, with channels last in memory; see `ganviz.devices.lowered`."""

    def __init__(self, generator: StagedGenerator, dtype: torch.dtype) -> None:
        super().__init__()
        with torch.no_grad():
            self.body: Any = lower(generator, dtype)
        self.dtype = dtype
        self.spec = generator.spec
        self.config = generator.config
        for name in ("card", "ref", "w_avg", "w_statistics"):
            if hasattr(generator, name):
                setattr(self, name, getattr(generator, name))
        self.eval().requires_grad_(False)

    def mapping(self, z: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None) -> Tensor:
        return self.body.mapping(z, label, codes)

    def start(self, w: Tensor) -> State:
        return self.begin(w)

    def begin(self, w: Tensor, psi: float | Tensor = 1.0) -> State:
        state = self.body.begin(w, psi)
        return replace(state, x=last(state.x.to(self.dtype)))

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        return self.body.step(k, state, w, noise, change)

    def image(self, state: State) -> Tensor:
        return self.body.image(state).float()

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        raise NotImplementedError("a twin is for drawing alone: ask the generator")


class FixedConv2d(nn.Module):
    """A convolution whose weights are scaled already: (N, inputs, H, W) to (N, outputs, H', W'), in their type."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("weight", last(weight.to(dtype)))
        self.register_buffer("bias", None if bias is None else bias.to(dtype))
        self.stride = stride
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x.to(self.weight.dtype), self.weight, self.bias, self.stride, self.padding)


class FixedConvTranspose2d(nn.Module):
    """A transposed convolution, and the batch norm that followed it where `norm` is one: what it did is in here."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, conv: nn.ConvTranspose2d, norm: nn.Module | None, dtype: torch.dtype) -> None:
        super().__init__()
        weight, bias = conv.weight.detach(), conv.bias
        if isinstance(norm, nn.BatchNorm2d):
            scale, shift = as_scale(norm)
            weight = weight * scale[:, None, None]  # (inputs, outputs, H, W)
            bias = shift if bias is None else bias * scale + shift
        self.register_buffer("weight", last(weight.to(dtype)))
        self.register_buffer("bias", None if bias is None else bias.detach().to(dtype))
        self.stride, self.padding, self.extra = conv.stride, conv.padding, conv.output_padding

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.weight.dtype)
        return F.conv_transpose2d(x, self.weight, self.bias, self.stride, self.padding, self.extra)  # type: ignore[arg-type]


class FixedLinear(nn.Module):
    """A linear layer whose weights are scaled already; in float32, for it makes styles: little work, great effect."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach())
        self.register_buffer("bias", None if bias is None else bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.float(), self.weight, self.bias)


def lower(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """What stands in a module's place: what its `lowered` says, or a copy with its parts lowered."""
    own: Callable[[torch.dtype], nn.Module] | None = getattr(module, "lowered", None)
    if own is not None:
        return own(dtype)
    if isinstance(module, nn.Conv2d):
        return FixedConv2d(module.weight.detach(), module.bias, module.stride, module.padding, dtype)
    if isinstance(module, nn.ConvTranspose2d):
        return FixedConvTranspose2d(module, None, dtype)
    if isinstance(module, nn.Linear):
        return FixedLinear(module.weight, module.bias)
    return copied(module, dtype)


def folded(convs: nn.ModuleList, norms: nn.ModuleList, dtype: torch.dtype) -> tuple[nn.ModuleList, nn.ModuleList]:
    """Transposed convolutions with the norms that follow them in themselves, and nothing in the norms' places."""
    pairs = zip(convs, [*norms, None], strict=False)  # the last convolution may have none
    made = [FixedConvTranspose2d(conv, norm, dtype) for conv, norm in pairs if isinstance(conv, nn.ConvTranspose2d)]
    return nn.ModuleList(made), nn.ModuleList(nn.Identity() for _ in norms)


def as_scale(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Batch norm by its running statistics, as a scale and a shift (channels,)."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias.detach() - norm.running_mean * scale


def copied(module: Net, dtype: torch.dtype) -> Net:
    """A copy that shares the module's own tensors, its parts lowered."""
    twin = copy.copy(module)
    twin._parameters = dict(module._parameters)
    twin._buffers = dict(module._buffers)
    twin._modules = {name: part if part is None else lower(part, dtype) for name, part in module._modules.items()}
    return twin


def last(x: Tensor) -> Tensor:
    """Maps or filters with their channels last in memory; what has no four dimensions stays as it is."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
