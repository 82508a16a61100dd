"""InfoGAN (Chen et al. 2016, arXiv:1606.03657): structured codes beside the noise, found again by a net Q.

The nets are those of the paper's appendix C.1 (MNIST): the generator begins with two fully-connected layers, the
discriminator ends with one, and Q shares all of the discriminator but the last layer. 28 px data are padded to 32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, StagedGenerator, State, check_choice, check_shape, check_whole
from ganviz.models.dcgan import initialise
from ganviz.models.layers import MinibatchDiscrimination, minibatch_std
from ganviz.models.lowered import copied, folded
from ganviz.models.stack import OUTPUTS, Stage, as_stages, check_stages, make_stack, run_stage
from ganviz.spec import Code, Layer, Spec

Q_FEATURES = 128
"""Width of Q's own hidden layer, as in the paper."""


@dataclass(frozen=True, slots=True)
class InfoGANConfig:
    """Sizes of the nets, and the codes; the defaults are the paper's for MNIST.

    resolution      16, 32 or 64 pixels a side
    channels        1 (grey) or 3 (colour)
    z_dim           length of the incompressible noise
    categorical     the size of each categorical code
    continuous      how many continuous codes, each uniform on [-code_range, code_range] in training
    code_names      a name for each code, categorical ones first; empty: category, continuous-1, ...
    code_range      1 in the paper, whose figures go on to 2, where nothing was learnt
    base_channels   feature maps at half the resolution; they double at each halving below it
    fc_channels     width of the fully-connected layers
    d_norm          "batch" (the paper) or "none" (for gradient penalties)
    d_minibatch_std one more input of the discriminator's own last layer: the deviation over groups of four images
    d_minibatch_kernels  as many more, of minibatch discrimination
    stages          the generator as a stack of transposed convolutions instead, of a network from elsewhere; then
                    `resolution` may be any, the widths are not read, and there is no discriminator
    output          of such a stack: "tanh", "sigmoid" (its 0 to 1 is black to white) or "linear"
    """

    resolution: int = 32
    channels: int = 1
    z_dim: int = 62
    categorical: tuple[int, ...] = (10,)
    continuous: int = 2
    code_names: tuple[str, ...] = ()
    base_channels: int = 64
    fc_channels: int = 1024
    d_norm: str = "batch"
    d_minibatch_std: bool = False
    d_minibatch_kernels: int = 0
    stages: tuple[Stage, ...] = ()
    output: str = "tanh"
    code_range: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", as_stages(self.stages))
        if self.stages:
            check_stages(self.stages, self.resolution, self.channels)
        else:
            check_choice(self.resolution, (16, 32, 64), "resolution")
        check_choice(self.output, OUTPUTS, "output")
        check_choice(self.channels, (1, 3), "channels")
        check_choice(self.d_norm, ("batch", "none"), "d_norm")
        for name in ("z_dim", "base_channels", "fc_channels"):
            check_whole(getattr(self, name), 1, 65536, name)
        check_whole(self.continuous, 0, 64, "continuous")
        if not isinstance(self.code_range, int | float) or not 0 < self.code_range <= 100:
            raise ValueError(f"code_range: expected a number above 0, up to 100, got {self.code_range!r}")
        check_whole(self.d_minibatch_kernels, 0, 65536, "d_minibatch_kernels")
        for name in ("categorical", "code_names"):  # lists where the config was read from JSON
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.categorical) > 64:
            raise ValueError(f"categorical: expected at most 64 codes, got {len(self.categorical)}")
        for size in self.categorical:
            check_whole(size, 2, 65536, "categorical")
        count = len(self.categorical) + self.continuous
        if self.code_names and (
            len(self.code_names) != count
            or len(set(self.code_names)) != count
            or not all(isinstance(name, str) and name for name in self.code_names)
        ):
            raise ValueError(f"code_names: expected {count} different names or none, got {self.code_names!r}")

    @property
    def codes(self) -> tuple[Code, ...]:
        """Every code by name, the categorical ones first."""
        names = list(self.code_names) or [
            *_numbered("category", len(self.categorical)),
            *(f"continuous-{k + 1}" for k in range(self.continuous)),
        ]
        categorical = [Code(name, "categorical", size) for name, size in zip(names, self.categorical, strict=False)]
        end = float(self.code_range)
        continuous = [Code(name, "continuous", low=-end, high=end) for name in names[len(self.categorical) :]]
        return (*categorical, *continuous)

    @property
    def first(self) -> int:
        """Pixels a side of the generator's first maps: two halvings, or down to 8 for larger images."""
        return min(self.resolution // 4, 8)

    def width(self, resolution: int) -> int:
        """Feature maps at `resolution`, in both nets."""
        return self.base_channels * self.resolution // (2 * resolution)


class Generator(StagedGenerator):
    """z (N, z_dim) and codes by name to images (N, channels, resolution, resolution) in [-1, 1]."""

    def __init__(self, config: InfoGANConfig) -> None:
        super().__init__()
        self.config = config
        inputs = config.z_dim + sum(code.size for code in config.codes)
        layers = self._make_stack(inputs) if config.stages else self._make_layers(inputs)
        self.spec = Spec(
            arch="infogan",
            z_dim=config.z_dim,
            w_dim=inputs,
            num_ws=1,
            resolution=config.resolution,
            channels=config.channels,
            codes=config.codes,
            truncation="z",
            layers=layers,
        )
        initialise(self)

    def _make_stack(self, inputs: int) -> tuple[Layer, ...]:
        self.convs, self.norms, layers = make_stack(inputs, self.config.stages)
        return layers

    def _make_layers(self, inputs: int) -> tuple[Layer, ...]:
        config = self.config
        first, width = config.first, config.width(config.first)
        hidden = config.fc_channels
        self.dense = nn.ModuleList(
            [nn.Linear(inputs, hidden, bias=False), nn.Linear(hidden, width * first**2, bias=False)]
        )
        self.dense_norms = nn.ModuleList([nn.BatchNorm1d(hidden), nn.BatchNorm2d(width)])
        convs: list[nn.Module] = []
        norms: list[nn.Module] = []
        layers = [Layer("dense", 1, hidden, ws=(0,)), Layer(f"{first}x{first}", first, width)]
        resolution = first
        while resolution < config.resolution:
            resolution *= 2
            last = resolution == config.resolution
            out = config.channels if last else config.width(resolution)
            convs.append(nn.ConvTranspose2d(width, out, 4, stride=2, padding=1, bias=last))
            norms.append(nn.Identity() if last else nn.BatchNorm2d(out))
            layers.append(Layer(f"{resolution}x{resolution}", resolution, out, rgb=last))
            width = out
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList(norms)
        return tuple(layers)

    def start(self, w: Tensor) -> State:
        return State(w[:, 0, :, None, None])  # (N, w_dim, 1, 1)

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        x = self._activations(k, state.x)
        return State(x if change is None else change(x))

    def _activations(self, k: int, x: Tensor) -> Tensor:
        if self.config.stages:
            return run_stage(k, x, self.convs, self.norms, self.config.stages, self.config.output)
        if k == 0:
            x = self.dense_norms[0](self.dense[0](x.flatten(1)))
            return F.relu(x)[:, :, None, None]  # (N, fc_channels, 1, 1)
        if k == 1:
            first = self.config.first
            x = self.dense[1](x.flatten(1)).unflatten(1, (-1, first, first))
            return F.relu(self.dense_norms[1](x))
        x = self.convs[k - 2](x)
        if k - 2 == len(self.convs) - 1:
            return torch.tanh(x.float())  # in float32: near the ends bfloat16 steps over grey levels
        return F.relu(self.norms[k - 2](x))

    def image(self, state: State) -> Tensor:
        return state.x

    def lowered(self, dtype: torch.dtype) -> "Generator":
        twin = copied(self, dtype)
        twin.convs, twin.norms = folded(self.convs, self.norms, dtype)
        return twin

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        if self.config.stages:
            stacked: Any = self.convs[0].weight  # (w_dim, outputs, kernel, kernel)
            return [stacked[: self.spec.z_dim].flatten(1).T]
        first: Any = self.dense[0].weight  # (outputs, w_dim)
        return [first[:, : self.spec.z_dim]]


class Guess(NamedTuple):
    """What Q thinks of one code.

    Of a categorical code `mean` holds the logits (N, size) and `log_variance` is None; of a continuous one they are
    mean and logarithm of the variance (N, 1) of a Gaussian.
    """

    mean: Tensor
    log_variance: Tensor | None = None


class Discriminator(nn.Module):
    """image (N, channels, resolution, resolution) to logits (N,); `recognise` is Q, on the features D judges."""

    def __init__(self, config: InfoGANConfig) -> None:
        super().__init__()
        if config.stages:
            raise ValueError("stages: a generator that is laid out by them has no discriminator here")
        self.config = config
        normed = config.d_norm == "batch"
        convs: list[nn.Module] = []
        norms: list[nn.Module] = []
        width, resolution = config.channels, config.resolution
        while resolution > config.first:
            resolution //= 2
            out = config.width(resolution)
            inner = normed and bool(convs)  # no batch norm at the input
            convs.append(nn.Conv2d(width, out, 4, stride=2, padding=1, bias=not inner))
            norms.append(nn.BatchNorm2d(out) if inner else nn.Identity())
            width = out
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList(norms)
        hidden = config.fc_channels
        self.dense = nn.Linear(width * resolution**2, hidden, bias=not normed)
        self.dense_norm = nn.BatchNorm1d(hidden) if normed else nn.Identity()
        self.head = nn.Linear(hidden + config.d_minibatch_std + config.d_minibatch_kernels, 1)
        # Q's own layers: 128 features, then logits a category, mean and log-variance a continuous code.
        self.q_dense = nn.Linear(hidden, Q_FEATURES, bias=not normed)
        self.q_norm = nn.BatchNorm1d(Q_FEATURES) if normed else nn.Identity()
        self.q_heads = nn.ModuleList(
            nn.Linear(Q_FEATURES, code.size if code.kind == "categorical" else 2) for code in config.codes
        )
        initialise(self)
        if config.d_minibatch_kernels:
            self.closeness = MinibatchDiscrimination(hidden, config.d_minibatch_kernels)

    def features(self, image: Tensor) -> Tensor:
        """What D's last layer and Q both read: (N, fc_channels). Leaky rate 0.1, as in the paper."""
        size = self.config.resolution
        check_shape(image, (None, self.config.channels, size, size), "image")
        x = image
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), 0.1)
        return F.leaky_relu(self.dense_norm(self.dense(x.flatten(1))), 0.1)

    def judge(self, features: Tensor) -> Tensor:
        """Logits (N,) from `features`."""
        x = features
        if self.config.d_minibatch_std:
            x = torch.cat([x, minibatch_std(features[:, :, None, None])[:, :, 0, 0]], dim=1)
        if self.config.d_minibatch_kernels:
            x = torch.cat([x, self.closeness(features).to(x)], dim=1)
        return self.head(x).flatten()

    def recognise(self, features: Tensor) -> dict[str, Guess]:
        """Q(c | x): a guess at every code, by name, from `features`."""
        x = F.leaky_relu(self.q_norm(self.q_dense(features)), 0.1)
        guesses = {}
        for code, head in zip(self.config.codes, self.q_heads, strict=True):
            out = head(x).float()
            guesses[code.name] = Guess(out) if code.kind == "categorical" else Guess(out[:, :1], out[:, 1:])
        return guesses

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """Logits (N,); a label is not read, InfoGAN finds its own categories."""
        return self.judge(self.features(image))


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}-{k + 1}" for k in range(count)]
