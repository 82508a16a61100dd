"""StyleGAN3 (Karras et al. 2021, arXiv:2106.12423): no aliasing, so that detail moves with what it belongs to.

Maps are samples of continuous signals. The first are Fourier features, sines of random frequencies, which the first
style turns and shifts. Each layer convolves, then enlarges twice, applies the leaky ReLU there, and reduces again, both
by filters designed for the frequencies that the layer may hold (section 3 and appendix C). Maps reach `margin` pixels
beyond the image, for the filters' sake. Not trained here.

The paper has two forms: T, which translates (3x3 convolutions, separable filters), and R, which rotates too (1x1
convolutions, twice the maps, radially symmetric filters for reduction).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.models.base import Change, NoiseMode, State, check_choice, check_whole
from ganviz.models.layers import SQRT2, EqualLinear, normal
from ganviz.models.lowered import copied, last
from ganviz.models.styles import StyleGenerator, check_styles
from ganviz.spec import Layer, Spec


@dataclass(frozen=True, slots=True)
class StyleGAN3Config:
    """Sizes of the net, and what its filters are designed from.

    resolution        16 to 2048 pixels a side
    channels          1 (grey) or 3 (colour)
    z_dim, w_dim      length of the noise vector and of the styles
    mapping_layers    fully-connected layers from z to w
    mapping_lr        their learning rate as a share of the others'
    num_classes       0, or the number of classes
    channel_base      a layer whose cut-off is f has channel_base / 2f feature maps ...
    channel_max       ... up to this many
    widths            feature maps layer by layer instead, from the input on, without the last one's channels
    num_layers        layers between the Fourier features and the last
    num_critical      how many of the last of them hold all frequencies that their sampling allows
    first_cutoff      the highest frequency of the first layer, in waves an image's side
    first_stopband    where its filters let nothing through
    last_stopband_rel the last layer's, as a multiple of its cut-off
    margin            pixels around the image
    output_scale      of the last layer
    kernel            3 (T) or 1 (R)
    radial            whether reduction is radially symmetric (R)
    filter_size       taps of a filter by the factor that it enlarges or reduces by
    upsampling        how much finer the leaky ReLU is applied than its layer's sampling
    clamp             limit of activations; 0: none
    """

    resolution: int = 256
    channels: int = 3
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    mapping_lr: float = 0.01
    num_classes: int = 0
    channel_base: int = 32768
    channel_max: int = 512
    widths: tuple[int, ...] = ()
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin: int = 10
    output_scale: float = 0.25
    kernel: int = 3
    radial: bool = False
    filter_size: int = 6
    upsampling: int = 2
    clamp: float = 256.0

    def __post_init__(self) -> None:
        check_choice(self.resolution, (16, 32, 64, 128, 256, 512, 1024, 2048), "resolution")
        check_choice(self.channels, (1, 3), "channels")
        check_choice(self.kernel, (1, 3), "kernel")
        check_choice(self.radial, (False, True), "radial")
        check_whole(self.num_classes, 0, 65536, "num_classes")
        check_whole(self.channel_base, 2, 1 << 24, "channel_base")
        check_whole(self.channel_max, 1, 65536, "channel_max")
        check_whole(self.num_layers, 2, 32, "num_layers")
        check_whole(self.num_critical, 0, self.num_layers - 1, "num_critical")
        check_whole(self.margin, 0, 64, "margin")
        check_whole(self.filter_size, 1, 32, "filter_size")
        check_choice(self.upsampling, (1, 2, 4), "upsampling")
        object.__setattr__(self, "widths", tuple(self.widths))  # a list where the config was read from JSON
        if self.widths and len(self.widths) != self.num_layers:
            raise ValueError(f"widths: expected none or {self.num_layers} numbers, got {len(self.widths)}")
        for width in self.widths:
            check_whole(width, 1, 65536, "widths")
        limits = {"first_cutoff": self.resolution / 2, "first_stopband": 1e4, "last_stopband_rel": 16}
        for name, most in {**limits, "output_scale": 1e3}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
                raise ValueError(f"{name}: expected a number above 0 and at most {most:g}, got {value!r}")
        if not isinstance(self.clamp, int | float) or not 0 <= self.clamp < math.inf:
            raise ValueError(f"clamp: expected a number from 0, got {self.clamp!r}")
        check_styles(self)


@dataclass(frozen=True, slots=True)
class Band:
    """What one layer's output holds: its maps, their side and sampling rate, and the frequencies (appendix C.1)."""

    width: int
    side: int
    rate: int
    cutoff: float
    half_width: float


def bands(config: StyleGAN3Config) -> list[Band]:
    """The bands of all layers, the last being the image; the first is also that of the Fourier features.

    Cut-off and stop-band grow in equal ratios from layer to layer until the critically sampled ones.
    """
    last_cutoff = config.resolution / 2
    last_stopband = last_cutoff * config.last_stopband_rel
    found = []
    for k in range(config.num_layers + 1):
        share = min(k / (config.num_layers - config.num_critical), 1)
        cutoff = config.first_cutoff * (last_cutoff / config.first_cutoff) ** share
        stopband = config.first_stopband * (last_stopband / config.first_stopband) ** share
        rate = 1 << math.ceil(math.log2(min(2 * stopband, config.resolution)))
        side = config.resolution if k >= config.num_layers - 1 else rate + 2 * config.margin
        width = round(min(config.channel_base / 2 / cutoff, config.channel_max))
        if k < config.num_layers and config.widths:
            width = config.widths[k]
        if k == config.num_layers:
            width = config.channels
        found.append(Band(width, side, rate, cutoff, max(stopband, rate / 2) - cutoff))
    return found


class FourierInput(nn.Module):
    """w (N, w_dim) to the first maps (N, width, side, side): sines, turned and shifted by w (appendix F).

    `transform` (3, 3) is a further change of place that a user may set, of the frequencies' plane and not the pixels'.
    """

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, band: Band, w_dim: int) -> None:
        super().__init__()
        self.band = band
        self.weight = nn.Parameter(normal(band.width, band.width))
        self.affine = EqualLinear(w_dim, 4)
        self.register_buffer("freqs", torch.empty(band.width, 2))
        self.register_buffer("phases", torch.empty(band.width))
        self.register_buffer("transform", torch.tensor(np.eye(3), dtype=torch.float32))
        if not self.weight.is_meta:  # there it would import torch's compiler, two seconds of a start
            self._draw()

    @torch.no_grad()
    def _draw(self) -> None:
        """Waves of chance; nothing is turned at first."""
        self.affine.weight.zero_()
        self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        self.freqs.normal_()
        radius = self.freqs.norm(dim=1, keepdim=True)
        # Evenly over the disc: of a normal distribution's radius r, exp(-r^2 / 2) is even over 0 to 1.
        self.freqs.mul_((-radius.square() / 4).exp() * self.band.cutoff / radius)
        self.phases.uniform_(-0.5, 0.5)

    def forward(self, w: Tensor) -> Tensor:
        band = self.band
        turn = self.affine(w)  # (cosine, sine, right, down), the first two of any length
        turn = turn / turn[:, :2].norm(dim=1, keepdim=True)
        c, s, x, y = turn.unbind(1)
        zero, one = torch.zeros_like(c), torch.ones_like(c)
        rotation = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], dim=1).view(-1, 3, 3)
        shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], dim=1).view(-1, 3, 3)
        place = rotation @ shift @ self.transform
        phases = self.phases + (self.freqs @ place[:, :2, 2:])[:, :, 0]  # (N, width)
        freqs = self.freqs @ place[:, :2, :2]  # (N, width, 2)
        # What a transform moves beyond the band is faded out before the sampling limit.
        strength = 1 - (freqs.norm(dim=2) - band.cutoff) / (band.rate / 2 - band.cutoff)
        line = (torch.arange(band.side, device=w.device, dtype=torch.float32) + 0.5 - band.side / 2) / band.rate
        across = freqs[:, :, 0, None, None] * line
        down = freqs[:, :, 1, None, None] * line[:, None]
        waves = torch.sin(2 * math.pi * (across + down + phases[:, :, None, None]))
        waves = waves * strength.clamp(0, 1)[:, :, None, None]
        return torch.einsum("nihw,oi->nohw", waves, self.weight / math.sqrt(band.width))


class FilteredLayer(nn.Module):
    """x (N, inputs, H, W) and w (N, w_dim) to (N, width, H', W'): figure 4b of the paper.

    `magnitude` is the running mean of the input's squares in training, which a layer's scale is taken by.
    """

    magnitude: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, before: Band, after: Band, config: StyleGAN3Config, rgb: bool, critical: bool) -> None:
        super().__init__()
        self.rgb = rgb
        kernel = 1 if rgb else config.kernel
        self.weight = nn.Parameter(normal(after.width, before.width, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(after.width))
        self.affine = EqualLinear(config.w_dim, before.width, bias_init=1.0)
        self.register_buffer("magnitude", torch.ones(()))
        self.limit = config.clamp
        rate = max(before.rate, after.rate) * (1 if rgb else config.upsampling)
        self.up, self.down = rate // before.rate, rate // after.rate
        up_taps = config.filter_size * self.up if self.up > 1 and not rgb else 1
        down_taps = config.filter_size * self.down if self.down > 1 and not rgb else 1
        self.register_buffer("up_filter", _filter(up_taps, before, rate, False))
        self.register_buffer("down_filter", _filter(down_taps, after, rate, config.radial and not critical))
        # Samples are at the middles of their squares, wherever the filters' own middles are (appendix C.3).
        total = (after.side - 1) * self.down + 1 - (before.side + kernel - 1) * self.up + up_taps + down_taps - 2
        first = (total + self.up) // 2
        self.padding = (first, total - first)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w).float()  # (N, inputs)
        kernel = self.weight.shape[-1]
        gain = self.magnitude.rsqrt()
        weight = self.weight
        if self.rgb:
            style = style / math.sqrt(weight[0].numel())
        x = F.conv2d(x * style.to(x.dtype)[:, :, None, None], weight, padding=kernel - 1)
        if self.rgb:
            x = x * gain
        else:  # equation 3 of StyleGAN2
            energy = F.linear(style.square(), weight.float().square().sum(dim=(2, 3)))
            x = x * (gain * torch.rsqrt(energy + 1e-8)).to(x.dtype)[:, :, None, None]
        x = x + self.bias.to(x.dtype)[:, None, None]
        x = enlarged(x, self.up_filter, self.up, self.padding)
        if not self.rgb:
            x = F.leaky_relu(x, 0.2) * SQRT2
        if self.limit:
            x = x.clamp(-self.limit, self.limit)
        return reduced(x, self.down_filter, self.down)

    def lowered(self, dtype: torch.dtype) -> nn.Module:
        twin = copied(self, dtype)
        twin.weight = nn.Parameter(last(self.weight.detach().to(dtype)), requires_grad=False)
        return twin


class Generator(StyleGenerator):
    """z (N, z_dim) and label (N, num_classes) to images (N, channels, resolution, resolution) in [-1, 1].

    The Fourier features read style 0, layer k style k + 1. There is no noise.
    """

    def __init__(self, config: StyleGAN3Config) -> None:
        super().__init__()
        self.config = config
        self.make_mapping(config, bias_gain=SQRT2)
        found = bands(config)
        self.input = FourierInput(found[0], config.w_dim)
        filtered: list[nn.Module] = []
        layers: list[Layer] = []
        for k, band in enumerate(found):
            rgb = k == config.num_layers
            critical = k >= config.num_layers - config.num_critical
            filtered.append(FilteredLayer(found[max(k - 1, 0)], band, config, rgb, critical))
            styles = (0, 1) if k == 0 else (k + 1,)
            layers.append(Layer(f"L{k} {band.side}x{band.side}", band.side, band.width, ws=styles, rgb=rgb))
        self.layers = nn.ModuleList(filtered)
        self.spec = Spec(
            arch="stylegan3",
            z_dim=config.z_dim,
            w_dim=config.w_dim,
            num_ws=config.num_layers + 2,
            resolution=config.resolution,
            channels=config.channels,
            num_classes=config.num_classes,
            truncation="w",
            layers=tuple(layers),
        )

    def start(self, w: Tensor) -> State:
        # Channels last in memory: the filters, which work on every map alone, run faster so.
        return State(self.input(w[:, 0]).contiguous(memory_format=torch.channels_last))

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        x = self.layers[k](state.x, w[:, k + 1])
        return State(x if change is None else change(x))

    def image(self, state: State) -> Tensor:
        return self.within_range(state.x * self.config.output_scale)

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        styled: list[Any] = [self.input, *self.layers]
        return [styled[k].affine.weight for k in inputs]


def enlarged(x: Tensor, taps: Tensor | None, factor: int, padding: tuple[int, int]) -> Tensor:
    """x (N, C, H, W) with `factor` - 1 zeros after each pixel, padded (or cropped, below 0), and filtered.

    `taps` is a line of them, symmetric, for both directions; None filters nothing.
    """
    first, last = padding
    if taps is None:
        return F.pad(x, (first, last, first, last)) if first or last else x
    size, channels = len(taps), x.shape[1]
    # As a transposed convolution, which skips the zeros and gives all that the filter touches.
    line = (taps * factor).to(x.dtype).expand(channels, 1, 1, -1)
    cut = (first - size + 1, last + factor - size)
    x = F.conv_transpose2d(x, line, stride=(1, factor), groups=channels)
    x = F.pad(x, cut)
    x = F.conv_transpose2d(x, line.transpose(2, 3), stride=(factor, 1), groups=channels)
    return F.pad(x, (0, 0, *cut))


def reduced(x: Tensor, taps: Tensor | None, factor: int) -> Tensor:
    """x (N, C, H, W) filtered, without padding, of which every `factor`-th pixel is kept.

    `taps` is a line of them for both directions or a square, symmetric; None filters nothing.
    """
    if taps is None:
        return x[:, :, ::factor, ::factor]
    channels = x.shape[1]
    kernel = taps.to(x.dtype)
    if taps.ndim == 2:
        return F.conv2d(x, kernel.expand(channels, 1, -1, -1), stride=factor, groups=channels)
    line = kernel.expand(channels, 1, 1, -1)
    x = F.conv2d(x, line, stride=(1, factor), groups=channels)
    return F.conv2d(x, line.transpose(2, 3), stride=(factor, 1), groups=channels)


def _filter(taps: int, band: Band, rate: int, radial: bool) -> Tensor | None:
    """The low-pass filter of a band at a sampling rate, as a buffer; None for a single tap."""
    if taps == 1:
        return None
    return torch.tensor(low_pass(taps, band.cutoff, 2 * band.half_width, rate, radial), dtype=torch.float32)


@lru_cache(maxsize=256)
def low_pass(taps: int, cutoff: float, width: float, rate: float, radial: bool) -> np.ndarray:
    """A Kaiser-windowed filter (taps,), or (taps, taps) where radially symmetric, that sums to 1 (appendix C.2).

    `cutoff` and the `width` of the transition are in the units of the sampling `rate`.
    """
    window = np.kaiser(taps, _kaiser_beta(taps, width / (rate / 2)))
    place = (np.arange(taps) - (taps - 1) / 2) / rate
    if radial:
        radius = np.hypot(place[:, None], place)
        safe = np.where(radius == 0, 1, radius)
        jinc = np.where(radius == 0, cutoff, _bessel_j1(2 * np.pi * cutoff * safe) / (np.pi * safe))
        found = jinc * np.outer(window, window)
    else:
        found = np.sinc(2 * cutoff * place) * window
    return found / found.sum()


def _kaiser_beta(taps: int, width: float) -> float:
    """Kaiser's rule for the window's parameter, from the attenuation that so many taps reach (Kaiser 1974)."""
    attenuation = 2.285 * (taps - 1) * math.pi * width + 7.95
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    return 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21) if attenuation > 21 else 0.0


def _bessel_j1(x: np.ndarray) -> np.ndarray:
    """The Bessel function of the first kind and order 1, by its integral over a half turn, which is periodic."""
    angle = (np.arange(512) + 0.5) * (np.pi / 512)
    return np.cos(angle - x[..., None] * np.sin(angle)).mean(-1)
