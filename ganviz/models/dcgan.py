"""DCGAN (Radford, Metz and Chintala 2015, arXiv:1511.06434), with class conditioning after Mirza and Osindero 2014.

Generator: fractionally-strided 4x4 convolutions, batch normalisation everywhere but at the output, ReLU, tanh.
Discriminator: strided 4x4 convolutions, LeakyReLU 0.2, batch normalisation everywhere but at the input; or, by
option, no normalisation at all, as gradient penalties want it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, StagedGenerator, State, check_choice, check_shape
from ganviz.models.layers import MinibatchDiscrimination, minibatch_std
from ganviz.models.lowered import copied, folded
from ganviz.models.stack import OUTPUTS, Stage, as_stages, check_stages, make_stack, run_stage
from ganviz.spec import Spec


@dataclass(frozen=True, slots=True)
class DCGANConfig:
    """Sizes of both nets.

    resolution      16, 32, 64, 128 or 256 pixels a side
    channels        1 (grey) or 3 (colour)
    z_dim           length of the noise vector; the paper uses 100, uniform there, N(0, 1) here
    base_channels   feature maps next to the image; they double at each halving of the resolution ...
    max_channels    ... up to this many
    num_classes     0, or the number of classes that both nets are conditioned on
    d_norm          "batch" (the paper) or "none" (for gradient penalties)
    d_minibatch_std one more feature map before the last layer: the standard deviation over groups of four images
    d_minibatch_kernels  as many more, of minibatch discrimination
    stages          the generator's convolutions one by one, of a network from elsewhere that is laid out otherwise;
                    then `resolution` may be any, the widths above are not read, and there is no discriminator
    output          what follows the last convolution: "tanh", "sigmoid" (its 0 to 1 is black to white) or "linear"
    """

    resolution: int = 64
    channels: int = 3
    z_dim: int = 100
    base_channels: int = 64
    max_channels: int = 512
    num_classes: int = 0
    d_norm: str = "batch"
    d_minibatch_std: bool = False
    d_minibatch_kernels: int = 0
    stages: tuple[Stage, ...] = ()
    output: str = "tanh"

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", as_stages(self.stages))
        if self.stages:
            check_stages(self.stages, self.resolution, self.channels)
        elif self.resolution not in (16, 32, 64, 128, 256):
            raise ValueError(f"resolution: expected 16, 32, 64, 128 or 256, got {self.resolution!r}")
        check_choice(self.output, OUTPUTS, "output")
        if self.channels not in (1, 3):
            raise ValueError(f"channels: expected 1 or 3, got {self.channels!r}")
        if self.d_norm not in ("batch", "none"):
            raise ValueError(f"d_norm: expected 'batch' or 'none', got {self.d_norm!r}")
        for name in ("z_dim", "base_channels", "max_channels"):
            value = getattr(self, name)
            if type(value) is not int or not 0 < value <= 65536:
                raise ValueError(f"{name}: expected a whole number from 1 to 65536, got {value!r}")
        for name in ("num_classes", "d_minibatch_kernels"):
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value <= 65536:
                raise ValueError(f"{name}: expected a whole number from 0 to 65536, got {value!r}")

    def width(self, resolution: int) -> int:
        """Feature maps at `resolution`, in both nets."""
        return min(self.base_channels * self.resolution // (2 * resolution), self.max_channels)

    def layout(self) -> tuple[Stage, ...]:
        """The generator's convolutions: `stages`, or those of the paper from 4x4 on."""
        if self.stages:
            return self.stages
        stages = [Stage(self.width(4), stride=1, padding=0)]
        resolution = 8
        while resolution < self.resolution:
            stages.append(Stage(self.width(resolution)))
            resolution *= 2
        return (*stages, Stage(self.channels, bias=True, norm=False))


class Generator(StagedGenerator):
    """z (N, z_dim) and label (N, num_classes) to images (N, channels, resolution, resolution) in [-1, 1]."""

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__()
        self.config = config
        inputs = config.z_dim + config.num_classes
        self.stages = config.layout()
        self.convs, self.norms, layers = make_stack(inputs, self.stages)
        self.spec = Spec(
            arch="dcgan",
            z_dim=config.z_dim,
            w_dim=inputs,
            num_ws=1,
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            truncation="z",
            layers=layers,
        )
        initialise(self)

    def start(self, w: Tensor) -> State:
        return State(w[:, 0, :, None, None])  # (N, w_dim, 1, 1)

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        x = run_stage(k, state.x, self.convs, self.norms, self.stages, self.config.output)
        return State(x if change is None else change(x))

    def image(self, state: State) -> Tensor:
        return state.x

    def lowered(self, dtype: torch.dtype) -> "Generator":
        twin = copied(self, dtype)
        twin.convs, twin.norms = folded(self.convs, self.norms, dtype)
        return twin

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        first: Any = self.convs[0].weight  # (w_dim, outputs, 4, 4)
        return [first[: self.spec.z_dim].flatten(1).T]


class Discriminator(nn.Module):
    """image (N, channels, resolution, resolution) and label (N, num_classes) to logits (N,).

    The label enters as constant planes beside the image, the convolutional form of Mirza and Osindero's y beside x.
    """

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__()
        if config.stages:
            raise ValueError("stages: a generator that is laid out by them has no discriminator here")
        self.config = config
        convs: list[nn.Module] = []
        norms: list[nn.Module] = []
        width = config.channels + config.num_classes
        resolution = config.resolution
        while resolution > 4:
            resolution //= 2
            out = config.width(resolution)
            normed = config.d_norm == "batch" and bool(convs)
            convs.append(nn.Conv2d(width, out, 4, stride=2, padding=1, bias=not normed))
            norms.append(nn.BatchNorm2d(out) if normed else nn.Identity())
            width = out
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList(norms)
        self.head = nn.Conv2d(width + config.d_minibatch_std + config.d_minibatch_kernels, 1, 4)
        initialise(self)
        if config.d_minibatch_kernels:
            self.closeness = MinibatchDiscrimination(16 * width, config.d_minibatch_kernels)

    def features(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """The activations (N, C, 4, 4) that the last layer judges."""
        x = image
        if self.config.num_classes:
            if label is None:
                raise ValueError(f"label: expected (N, {self.config.num_classes}) for a conditional model, got None")
            planes = label.to(image)[:, :, None, None].expand(-1, -1, *image.shape[2:])
            x = torch.cat([image, planes], dim=1)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), 0.2)
        return x

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        config = self.config
        check_shape(image, (None, config.channels, config.resolution, config.resolution), "image")
        features = x = self.features(image, label)
        if config.d_minibatch_std:
            x = torch.cat([x, minibatch_std(features)], dim=1)
        if config.d_minibatch_kernels:
            closeness = self.closeness(features.flatten(1)).to(x)
            x = torch.cat([x, closeness[:, :, None, None].expand(-1, -1, 4, 4)], dim=1)
        return self.head(x).flatten()  # (N,)


def initialise(net: nn.Module) -> None:
    """Radford et al. 2015, section 4: all weights from N(0, 0.02); batch norm's scales from N(1, 0.02)."""
    if next(net.parameters()).is_meta:
        return  # Nothing to fill; and normal_ on meta tensors imports torch's compiler, two seconds of a start.
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
