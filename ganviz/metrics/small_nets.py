"""Small networks that look at pictures where no published one is at hand.

SmallNet   learns the user's own data in a minute: to tell the classes apart where there are labels, else to rebuild the
           picture from few numbers
Patches    learns nothing: fixed random filters over a few scales, for data too few to learn from

Both give a vector a picture, and the maps that it came from, for perceptual distances.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz.jobs import Job, Offload, Progress

CODE = 64
WIDTH = 16
BATCH = 64
STEPS = 800
STEPS_OF_REBUILDING = 400
REBUILT = 32
"""Pixels a side at most that are rebuilt; so few numbers cannot tell finer detail."""
HELD_OUT = 10
"""Every tenth picture is kept from training, to test on."""
SLOPE = 0.2


@dataclass(frozen=True, slots=True)
class Seen:
    """vector (N, D); logits (N, K) or None; maps: activations (N, C, H, W), fine to coarse."""

    vector: Tensor
    logits: Tensor | None
    maps: tuple[Tensor, ...]


class SmallNet(nn.Module):
    """image (N, channels, side, side) in [-1, 1] to what is seen in it.

    3 x 3 convolutions of stride 2 from 16 maps upward, down to 4 pixels a side; then CODE numbers, and from them the
    classes, or where there are none the picture again. The vector is the mean of every map, with the code behind.
    """

    def __init__(self, side: int, channels: int, classes: int = 0) -> None:
        super().__init__()
        self.side, self.channels, self.classes = side, channels, classes
        widths, sizes, wide = [channels], [side], WIDTH
        while sizes[-1] > 4:
            widths.append(wide)
            sizes.append((sizes[-1] + 1) // 2)
            wide = min(2 * wide, 128)
        size = self.small = sizes[-1]
        pairs = list(pairwise(widths))
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(SLOPE))
            for a, b in pairs
        )
        self.code = nn.Linear(widths[-1] * size**2, CODE)
        if classes:
            self.head = nn.Linear(CODE, classes)
            return
        self.grow = nn.Linear(CODE, widths[-1] * size**2)
        self.sizes = [size for size in reversed(sizes[:-1]) if size <= REBUILT]
        outs = [*reversed(widths[-len(self.sizes) : -1]), channels]
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 1, 1), nn.LeakyReLU(SLOPE) if k < len(outs) - 1 else nn.Identity())
            for k, (a, b) in enumerate(zip([widths[-1], *outs], outs, strict=False))
        )

    def forward(self, image: Tensor) -> Seen:
        maps = []
        x = image
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        code = self.code(x.flatten(1))
        logits = self.head(F.leaky_relu(code, SLOPE)) if self.classes else None
        return Seen(torch.cat([*(m.mean((2, 3)) for m in maps), code], dim=1), logits, tuple(maps))

    def rebuilt(self, seen: Seen) -> Tensor:
        """The picture as the code alone tells it, (N, channels, s, s), s the side or what of it is rebuilt."""
        x = self.grow(seen.vector[:, -CODE:]).view(len(seen.vector), -1, self.small, self.small)
        for size, stage in zip(self.sizes, self.up, strict=True):
            x = stage(F.interpolate(x, size=(size, size), mode="nearest"))
        return x

    def wanted(self, image: Tensor) -> Tensor:
        """What should be rebuilt of an image (N, channels, side, side)."""
        return image if self.sizes[-1] == self.side else F.adaptive_avg_pool2d(image, self.sizes[-1])

    def loss(self, image: Tensor, classes: Tensor | None) -> Tensor:
        seen = self(image)
        return (
            F.mse_loss(self.rebuilt(seen), self.wanted(image))
            if classes is None
            else F.cross_entropy(seen.logits, classes)
        )


class Patches(nn.Module):
    """image (N, channels, side, side) in [-1, 1] to what fixed random filters answer; nothing in it is learnt.

    At each scale, the picture and its halves down to 8 px, FILTERS random 5 x 5 filters without mean; of each answer's
    size the mean over each quarter. Behind that, a random projection of the picture at 8 px.
    """

    FILTERS = 16
    filters: Tensor
    projection: Tensor

    def __init__(self, side: int, channels: int, seed: int = 0) -> None:
        super().__init__()
        random = np.random.RandomState(seed)
        scales = 1
        while side >> scales >= 8:
            scales += 1
        filters = random.randn(scales, self.FILTERS, channels, 5, 5)
        filters -= filters.mean(axis=(3, 4), keepdims=True)
        filters /= np.sqrt(np.square(filters).sum(axis=(2, 3, 4), keepdims=True))
        projection = random.randn(channels * 64, 64) / 8
        self.register_buffer("filters", torch.from_numpy(filters.astype(np.float32)))
        self.register_buffer("projection", torch.from_numpy(projection.astype(np.float32)))

    def forward(self, image: Tensor) -> Seen:
        x, maps = image, []
        for filters in self.filters:
            maps.append(F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), filters))
            x = F.avg_pool2d(x, 2) if x.shape[2] > 1 else x
        coarse = F.adaptive_avg_pool2d(image, 8).flatten(1) @ self.projection
        sizes = [F.adaptive_avg_pool2d(m.abs(), 2).flatten(1) for m in maps]
        return Seen(torch.cat([*sizes, coarse], dim=1), None, tuple(maps))


def as_input(pixels: np.ndarray, side: int, channels: int) -> Tensor:
    """uint8 (N, H, W, C) as float32 (N, channels, side, side) in [-1, 1], by area average."""
    image = torch.from_numpy(pixels.astype(np.float32)).permute(0, 3, 1, 2) / 127.5 - 1
    return resized(image, side, channels)


def resized(image: Tensor, side: int, channels: int) -> Tensor:
    """(N, C, H, W) as (N, channels, side, side): area average; colours become their mean or are all the grey."""
    if image.shape[1] != channels:
        image = image.mean(1, keepdim=True) if channels == 1 else image.expand(-1, channels, -1, -1)
    return image if image.shape[2] == side else F.interpolate(image, size=(side, side), mode="area")


def train(
    images: np.ndarray, labels: np.ndarray | None, classes: int, side: int, steps: int | None = None, seed: int = 0
) -> Job[tuple[SmallNet, float]]:
    """Job that trains a SmallNet on nine tenths of uint8 (N, H, W, C); with how well it does on the last tenth.

    With labels (N,) below `classes` that is its accuracy, else the share of the variance that it rebuilds. Equal
    arguments give equal nets on the same machine and number of threads; torch's own random state is left alone.
    """
    channels = images.shape[3]
    steps = steps or (STEPS_OF_REBUILDING if labels is None else STEPS)
    apart = np.arange(len(images)) % HELD_OUT == HELD_OUT - 1
    chosen, tested = np.flatnonzero(~apart), np.flatnonzero(apart)
    random = np.random.RandomState(seed)
    net = _fresh(side, channels, classes if labels is not None else 0, seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)

    def step(rows: np.ndarray) -> None:
        wanted = None if labels is None else torch.from_numpy(np.asarray(labels[rows], np.int64))
        optimiser.zero_grad(set_to_none=True)
        net.loss(as_input(images[rows], side, channels), wanted).backward()
        optimiser.step()
        schedule.step()

    for k in range(steps):
        yield Progress(k, steps, "learning to look")
        yield Offload(step, (np.sort(random.choice(chosen, min(BATCH, len(chosen)), replace=False)),))
    net.eval().requires_grad_(False)
    quality = yield Offload(_quality, (net, images[tested], None if labels is None else labels[tested]))
    return net, quality


def _fresh(side: int, channels: int, classes: int, seed: int) -> SmallNet:
    """A net with weights from a stream of their own (He et al. 2015)."""
    with torch.device("meta"):
        net = SmallNet(side, channels, classes)
    net = net.to_empty(device="cpu")
    stream = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, a=SLOPE, generator=stream)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.reset_parameters()
    return net


@torch.inference_mode()
def _quality(net: SmallNet, images: np.ndarray, labels: np.ndarray | None) -> float:
    wrong, spread, right = 0.0, 0.0, 0
    mean = as_input(images, net.side, net.channels).mean(0)
    mean = mean if labels is not None else net.wanted(mean[None])[0]
    for start in range(0, len(images), BATCH):
        image = as_input(images[start : start + BATCH], net.side, net.channels)
        seen = net(image)
        if labels is not None:
            assert seen.logits is not None
            right += int((seen.logits.argmax(1).numpy() == labels[start : start + BATCH]).sum())
        else:
            wanted = net.wanted(image)
            wrong += float((net.rebuilt(seen) - wanted).square().sum())
            spread += float((wanted - mean).square().sum())
    return right / len(images) if labels is not None else 1 - wrong / max(spread, 1e-12)
