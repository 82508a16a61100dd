"""A small classifier trained on a data set's own labels, to see which class a generator's pictures are of."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH = 128
HELD_OUT = 10
"""Every tenth image is kept from training, to test on."""


class Classifier(nn.Module):
    """image (N, channels, resolution, resolution) in [-1, 1] to logits (N, classes).

    Convolutions of stride 2 from `width` maps upward, down to about 4 pixels a side, each with batch norm.
    """

    def __init__(self, resolution: int, channels: int, classes: int, width: int = 24) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        while resolution > 4:
            stages += [nn.Conv2d(channels, width, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels, width, resolution = width, 2 * width, (resolution + 1) // 2
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(channels * resolution**2, classes)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(F.dropout(self.stages(image).flatten(1), 0.25, self.training))


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    *,
    epochs: int = 6,
    shift: int = 2,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Classifier, float]:
    """Train on nine tenths of the images; returns the net, ready to classify, and its accuracy on the last tenth.

    images       uint8 (N, H, W, C), H = W
    labels       int (N,), below `classes`
    shift        pixels by which images are moved at random, so that the place of the thing does not matter
    on_progress  called with (epochs done, epochs in all)

    The same arguments give the same net on the same machine and number of threads; torch's own random state is left
    as it was.
    """
    if len(images) != len(labels) or len(images) < 2 * HELD_OUT:
        raise ValueError(f"images: expected at least {2 * HELD_OUT} with a label each, got {len(images)}")
    apart = np.arange(len(images)) % HELD_OUT == HELD_OUT - 1
    chosen, tested = np.flatnonzero(~apart), np.flatnonzero(apart)
    random = np.random.RandomState(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Classifier(images.shape[1], images.shape[3], classes)
        optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
        steps = epochs * (len(chosen) // BATCH + 1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        for epoch in range(epochs):
            order = random.permutation(chosen)
            for start in range(0, len(order), BATCH):
                part = np.sort(order[start : start + BATCH])
                image = shifted(as_input(images[part]), shift, random)
                loss = F.cross_entropy(net(image), torch.from_numpy(np.asarray(labels[part], np.int64)))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                schedule.step()
            if on_progress:
                on_progress(epoch + 1, epochs)
    net.eval().requires_grad_(False)
    return net, float((classify(net, images[tested]) == labels[tested]).mean())


def classify(net: Classifier, images: np.ndarray) -> np.ndarray:
    """The class of each of uint8 (N, H, W, C), as int64 (N,)."""
    with torch.inference_mode():
        answers = [net(as_input(images[start : start + 500])).argmax(1) for start in range(0, len(images), 500)]
    return torch.cat(answers).numpy()


def as_input(images: np.ndarray) -> Tensor:
    """uint8 (N, H, W, C) as float32 (N, C, H, W) in [-1, 1]."""
    return torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)


def shifted(image: Tensor, most: int, random: np.random.RandomState) -> Tensor:
    """The batch (N, C, H, W), each image moved by up to `most` pixels either way; what comes in is of the border."""
    if not most:
        return image
    size = image.shape[2]
    padded = F.pad(image, (most,) * 4, mode="replicate")
    places = random.randint(0, 2 * most + 1, size=(len(image), 2))
    return torch.stack(
        [padded[k, :, top : top + size, left : left + size] for k, (top, left) in enumerate(places.tolist())]
    )
