"""A stack of transposed convolutions, stage by stage, as generators of the DCGAN kind vary it.

The families' own layouts follow from a few widths; a network from elsewhere may have any number of stages with kernels
and strides of their own. Its configuration then lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import check_choice, check_whole
from ganviz.spec import Layer

MAX_STAGES = 32
MAX_RESOLUTION = 2048
OUTPUTS = ("tanh", "sigmoid", "linear")


@dataclass(frozen=True, slots=True)
class Stage:
    """A transposed convolution and what follows it: batch norm where `norm`, then leaky ReLU of `slope`.

    `extra` is torch's output_padding, the rows added on one side. The last stage has neither norm nor slope.
    """

    channels: int
    kernel: int = 4
    stride: int = 2
    padding: int = 1
    extra: int = 0
    bias: bool = False
    norm: bool = True
    slope: float = 0.0

    def __post_init__(self) -> None:
        check_whole(self.channels, 1, 65536, "channels")
        check_whole(self.kernel, 1, 64, "kernel")
        check_whole(self.stride, 1, 8, "stride")
        check_whole(self.padding, 0, 32, "padding")
        check_whole(self.extra, 0, self.stride - 1, "extra")
        for name in ("bias", "norm"):
            check_choice(getattr(self, name), (False, True), name)
        if not isinstance(self.slope, int | float) or not 0 <= self.slope <= 1:
            raise ValueError(f"slope: expected a number from 0 to 1, got {self.slope!r}")

    def side(self, before: int) -> int:
        """Pixels a side of what comes out, from those of what goes in."""
        return (before - 1) * self.stride - 2 * self.padding + self.kernel + self.extra


def as_stages(value: Sequence[Any]) -> tuple[Stage, ...]:
    """Stages from a configuration: as they are, or as the dictionaries that JSON makes of them."""
    if len(value) > MAX_STAGES:
        raise ValueError(f"stages: expected at most {MAX_STAGES}, got {len(value)}")
    return tuple(stage if isinstance(stage, Stage) else Stage(**stage) for stage in value)


def check_stages(stages: tuple[Stage, ...], resolution: int, channels: int) -> None:
    """Raise ValueError unless the stages lead from one pixel to an image of that size."""
    side = 1
    for k, stage in enumerate(stages):
        side = stage.side(side)
        if not 1 <= side <= MAX_RESOLUTION:
            raise ValueError(f"stages: stage {k} gives {side} pixels a side, expected 1 to {MAX_RESOLUTION}")
    if side != resolution or stages[-1].channels != channels or stages[-1].norm:
        raise ValueError(
            f"stages: expected the last one, without norm, to give {channels} channels of {resolution} pixels a side, "
            f"got {stages[-1].channels} of {side}"
        )


def make_stack(inputs: int, stages: Sequence[Stage]) -> tuple[nn.ModuleList, nn.ModuleList, tuple[Layer, ...]]:
    """The convolutions, the norms of all but the last, and the layers of the spec."""
    convs, norms, layers = nn.ModuleList(), nn.ModuleList(), []
    width, side = inputs, 1
    seen: dict[int, int] = {}
    for k, stage in enumerate(stages):
        convs.append(
            nn.ConvTranspose2d(
                width,
                stage.channels,
                stage.kernel,
                stride=stage.stride,
                padding=stage.padding,
                output_padding=stage.extra,
                bias=stage.bias,
            )
        )
        last = k == len(stages) - 1
        if not last:
            norms.append(nn.BatchNorm2d(stage.channels) if stage.norm else nn.Identity())
        width, side = stage.channels, stage.side(side)
        seen[side] = seen.get(side, 0) + 1
        name = f"{side}x{side}" + (f" {'abcdefghijklmnopqrstuvwxyz'[seen[side] - 1 :][:1]}" if seen[side] > 1 else "")
        layers.append(Layer(name, side, width, ws=(0,) if k == 0 else (), rgb=last))
    return convs, norms, tuple(layers)


def run_stage(
    k: int, x: Tensor, convs: nn.ModuleList, norms: nn.ModuleList, stages: Sequence[Stage], output: str
) -> Tensor:
    """Stage k of a stack on x (N, C, H, W); the last one ends in `output` and gives images in [-1, 1]."""
    x = convs[k](x)
    if k < len(stages) - 1:
        x = norms[k](x)
        return F.leaky_relu(x, stages[k].slope) if stages[k].slope else F.relu(x)
    x = x.float()  # in bfloat16 the steps of tanh near its ends are wider than a grey level
    if output == "tanh":
        return torch.tanh(x)
    return 2 * torch.sigmoid(x) - 1 if output == "sigmoid" else x.clamp(-1, 1)
