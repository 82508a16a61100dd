"""DiffAugment (Zhao et al. 2020, arXiv:2006.10738): the same kind of change to reals and fakes, with gradients.

Images are (N, C, H, W) in [-1, 1]. Each augmentation is applied to each image with probability `p`, independently,
so that unchanged images stay frequent and the changes do not leak into what the generator draws (Karras et al.
2020, section 2.2). All randomness comes from the generator that is passed in, so that a resumed run repeats it.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

ADAPT_STEPS = 4
"""Steps between two moves of the adaptive strength."""


def augment(image: Tensor, policies: tuple[str, ...], p: float, random: Generator) -> Tensor:
    """Apply `policies`, in order, each with probability `p` an image."""
    for policy in policies:
        image = POLICIES[policy](image, p, random)
    return image


class Strength:
    """The chance `p` of each augmentation: fixed, or steered by how D does (Karras et al. 2020, section 3).

    Where D overfits, its scores of training images are nearly all positive: r = E[sign D(x)] nears 1. Every few steps
    p rises if r is above `target` and falls if below, so fast that 0 to 1 would take `images` images. With a paired
    objective, whose scores have no zero, r is E[sign(D(x) - D(G(z)))].

    target  0 leaves p fixed; otherwise it begins at 0
    """

    def __init__(self, p: float, target: float, images: int) -> None:
        self.p = 0.0 if target else p
        self._target = target
        self._images = images
        self._signs: list[float] = []

    def watch(self, sign: float, batch: int) -> None:
        """Take note of a step's mean sign (see `lead`) over a batch of so many reals; move p when it is time."""
        if not self._target:
            return
        self._signs.append(sign)
        if len(self._signs) == ADAPT_STEPS:
            over = sum(self._signs) / ADAPT_STEPS - self._target
            move = ADAPT_STEPS * batch / self._images
            self.p = min(max(self.p + (move if over > 0 else -move), 0.0), 1.0)
            self._signs = []

    def counters(self) -> dict[str, Any]:
        return {"p": self.p, "signs": self._signs}

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Go on from what `counters` gave; a fixed p is the options' to say."""
        if self._target:
            self.p, self._signs = counters["p"], list(counters["signs"])


def lead(score_real: Tensor, score_fake: Tensor, paired: bool) -> Tensor:
    """r in `Strength`, of one batch: the mean sign of D's scores of reals (N,), in pairs of their lead over fakes'."""
    return (score_real - score_fake if paired else score_real).detach().sign().mean()


def color(image: Tensor, p: float, random: Generator) -> Tensor:
    """Brightness +-0.5, saturation x 0..2 about each pixel's mean, contrast x 0.5..1.5 about the image's mean."""
    count = len(image)
    changed = _chosen(count, p, random)
    brightness = (_uniform(count, random) - 0.5) * changed
    saturation = 1 + (2 * _uniform(count, random) - 1) * changed
    contrast = 1 + (_uniform(count, random) - 0.5) * changed
    brightness, saturation, contrast = (value.to(image) for value in (brightness, saturation, contrast))
    # The three steps in one, so that the image is passed over once: with pixel mean g and image mean m,
    # contrast (saturation (x + brightness)) = contrast saturation x + contrast (1 - saturation) g
    #                                          + brightness + (1 - contrast) m
    grey = sum(image.split(1, dim=1), start=torch.zeros(())) / image.shape[1]  # (N, 1, H, W)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    rest = contrast * (1 - saturation) * grey + (brightness + (1 - contrast) * mean)
    return torch.addcmul(rest, contrast * saturation, image)


def translation(image: Tensor, p: float, random: Generator, ratio: float = 0.125) -> Tensor:
    """Shift by up to `ratio` of the side in both directions; what comes in is 0, the middle grey."""
    count, _, height, width = image.shape
    changed = _chosen(count, p, random).flatten().long()
    reach_y, reach_x = int(height * ratio + 0.5), int(width * ratio + 0.5)
    dy = torch.randint(-reach_y, reach_y + 1, (count,), generator=random) * changed
    dx = torch.randint(-reach_x, reach_x + 1, (count,), generator=random) * changed
    # One plain slice for each sample: far cheaper on a processor than gathering every pixel. Unbinding first keeps
    # the gradient of a slice as small as one image; sliced from the batch, each would be as large as the batch.
    padded = F.pad(image, (reach_x, reach_x, reach_y, reach_y)).unbind(0)
    tops, lefts = (reach_y - dy).tolist(), (reach_x - dx).tolist()
    shifted = [
        one[:, top : top + height, left : left + width] for one, top, left in zip(padded, tops, lefts, strict=True)
    ]
    return torch.stack(shifted).contiguous(memory_format=torch.channels_last)


def cutout(image: Tensor, p: float, random: Generator, ratio: float = 0.5) -> Tensor:
    """Put a grey square of `ratio` of the side at a random place, partly outside at the borders."""
    count, _, height, width = image.shape
    changed = _chosen(count, p, random).flatten().bool()
    size_y, size_x = int(height * ratio + 0.5), int(width * ratio + 0.5)
    top = torch.randint(0, height + (1 - size_y % 2), (count, 1), generator=random) - size_y // 2
    left = torch.randint(0, width + (1 - size_x % 2), (count, 1), generator=random) - size_x // 2
    y, x = torch.arange(height), torch.arange(width)
    rows = (y >= top) & (y < top + size_y)  # (N, H)
    columns = (x >= left) & (x < left + size_x)  # (N, W)
    hole = rows[:, None, :, None] & columns[:, None, None, :] & changed[:, None, None, None]
    return image * (~hole).to(image)


POLICIES = {"color": color, "translation": translation, "cutout": cutout}


def _chosen(count: int, p: float, random: Generator) -> Tensor:
    """1 with probability p, else 0, as (N, 1, 1, 1)."""
    return (torch.rand(count, 1, 1, 1, generator=random) < p).float()


def _uniform(count: int, random: Generator) -> Tensor:
    return torch.rand(count, 1, 1, 1, generator=random)
