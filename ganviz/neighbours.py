"""Nearest training images: has the generator drawn something new, or a picture that it was shown?

Distances are exact, over all pixels of all images. They are told beside those from real images to their own nearest
real image: a sample that is closer to the training data than real pictures are to one another is suspicious.
"""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ganviz import places
from ganviz.datasets import Dataset, open_dataset
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.pictures import fit

log = logging.getLogger(__name__)

Verdict = Literal["copy", "close", "new"]
REALS = 2000
"""Real images, evenly spread, whose distances to their nearest real image make the scale."""
SUSPICIOUS = 1.0
"""Percentile of the real distances below which a sample is called close ..."""
COPIED = 0.5
"""... and, where it is also nearer than this share of their median, a copy."""
BLOCK = 4096
LARGEST = 1 << 17
"""Numbers an image at most: beyond, sums of products leave 32 bits."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training image beside a sample.

    index, file    which image of the data set it is
    distance       root mean square difference of the pixels, in grey levels, 0 to 255
    percentile     share (0 to 100) of the distances from real images to their nearest real image that are smaller
    """

    index: int
    file: str
    distance: float
    percentile: float


class Index:
    """All images of a data set, ready to be searched. Made by `build`.

    The pixels lie in a file of the cache that is mapped into memory, so that memory does not grow with the data.
    """

    def __init__(self, data: Dataset, store: torch.Tensor, norms: torch.Tensor, reals: np.ndarray) -> None:
        """store int8 (N, D), pixels less 128; norms int64 (N,), their squared lengths; reals: see `real_distances`."""
        self.data = data
        self.reals = np.sort(reals)
        self._store, self._norms = store, norms

    def __len__(self) -> int:
        return len(self._store)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the images."""
        height, width, channels = self.data.images.shape[1:]
        return int(height), int(width), int(channels)

    def nearest(self, pixels: np.ndarray, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest images to each of pixels uint8 (Q, H, W, C): indices and distances, (Q, k) each.

        Exact: squared distances are whole numbers. Of equally near images the first comes first.
        """
        if pixels.shape[1:] != self.shape or pixels.dtype != np.uint8:
            raise ValueError(f"pixels: expected uint8 (any, {self.shape}), got {pixels.dtype} {pixels.shape}")
        squared = self._squared(torch.from_numpy(as_signed(pixels)))
        k = min(k, len(self))
        order = torch.topk(squared * len(self) + torch.arange(len(self)), k, dim=1, largest=False).indices
        near = torch.gather(squared, 1, order).double()
        return order.numpy(), (near / self._store.shape[1]).sqrt().numpy()

    def look_up(self, pixels: np.ndarray, k: int = 5) -> list[Neighbour]:
        """The k nearest images to one picture, uint8 (H, W, C)."""
        indices, distances = self.nearest(pixels[None], k)
        return [
            Neighbour(int(index), self.data.files[int(index)], float(distance), self.percentile(float(distance)))
            for index, distance in zip(indices[0], distances[0], strict=True)
        ]

    def percentile(self, distance: float) -> float:
        """Share (0 to 100) of the real distances that are smaller than this one; low is suspicious."""
        return 100.0 * float(np.searchsorted(self.reals, distance, side="left")) / len(self.reals)

    def verdict(self, neighbour: Neighbour) -> Verdict:
        """What the nearest neighbour of a sample says of it, see SUSPICIOUS and COPIED."""
        if neighbour.percentile >= SUSPICIOUS:
            return "new"
        return "copy" if neighbour.distance < COPIED * float(np.median(self.reals)) else "close"

    def _squared(self, queries: torch.Tensor) -> torch.Tensor:
        """Squared distances int64 (Q, N) of int8 (Q, D) to all images: |q|^2 - 2 q.x + |x|^2."""
        own = queries.to(torch.int64).square().sum(1)
        return own[:, None] - 2 * products(queries, self._store).to(torch.int64) + self._norms


def search_side(resolution: int, channels: int) -> int:
    """Pixels a side at which pictures are compared: the model's own, halved until the search can hold them."""
    side = resolution
    while side * side * channels > LARGEST:
        side //= 2
    return side


def reduced(pixels: np.ndarray, side: int) -> np.ndarray:
    """Pixels uint8 (H, W, C) brought to the size of the search, by area average as the data set is."""
    return pixels if pixels.shape[0] == side else fit(pixels, side)


def open_index(source: str, resolution: int, channels: int) -> Job[Index]:
    """Job that opens a data set (path or known name) at the size of the search and builds its index."""
    yield Progress(0, 0, "opening the data")
    data = yield Offload(open_dataset, (source, search_side(resolution, channels), channels))
    return (yield from build(data))


def as_signed(pixels: np.ndarray) -> np.ndarray:
    """uint8 (N, ...) as int8 (N, D), 128 less each, so that products fit a processor's narrow integers."""
    return np.ascontiguousarray(pixels.reshape(len(pixels), -1) ^ 0x80).view(np.int8)


def products(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a int8 (Q, D) times b int8 (N, D): dot products (Q, N), exact."""
    try:
        return torch._int_mm(a, b.t())
    except (AttributeError, RuntimeError):  # not for this device or these sizes: in float64, which is exact as well
        rows = [a.double() @ b[start : start + BLOCK].double().t() for start in range(0, len(b), BLOCK)]
        return torch.cat(rows, dim=1).round().to(torch.int64)


def is_built(data: Dataset) -> bool:
    """Whether the cache holds all that `build` would make."""
    return cache_path(data, "pixels").is_file() and cache_path(data, "distances").is_file()


def build(data: Dataset) -> Job[Index]:
    """Job that makes the index of a data set, or finds it in the cache by the data's digest."""
    numbers = int(np.prod(data.images.shape[1:]))
    if numbers > LARGEST:
        raise GanvizError(f"{data.name}: pictures of {numbers} numbers are too large for this search; use smaller ones")
    if len(data) < 2:
        raise GanvizError(f"{data.name}: expected at least two images to compare with, got {len(data)}")
    total = len(data) + min(REALS, len(data))
    yield Progress(0, total, "reading")
    path = cache_path(data, "pixels")
    if not path.is_file() or path.stat().st_size != len(data) * numbers:
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            for start in range(0, len(data), BLOCK):
                yield Offload(file.write, (as_signed(np.asarray(data.images[start : start + BLOCK])).tobytes(),))
                yield Progress(min(start + BLOCK, len(data)), total, "reading")
    store = torch.from_file(str(path), shared=False, size=len(data) * numbers, dtype=torch.int8).view(len(data), -1)
    norms = torch.cat([part.to(torch.int64).square().sum(1) for part in store.split(BLOCK)])
    reals = _read_distances(cache_path(data, "distances"))
    if reals is None:
        index = Index(data, store, norms, np.zeros(1))
        reals = yield from real_distances(index, len(data), total)
        with atomic_path(cache_path(data, "distances")) as temporary, open(temporary, "wb") as file:
            file.write(reals.astype("<f8").tobytes())
    return Index(data, store, norms, reals)


def real_distances(index: Index, done: int, total: int) -> Job[np.ndarray]:
    """Distances of up to REALS images, evenly spread over the data, to the nearest other image: (n,), in levels."""
    chosen = np.linspace(0, len(index) - 1, min(REALS, len(index))).astype(int)
    found: list[np.ndarray] = []
    for start in range(0, len(chosen), 100):
        part = chosen[start : start + 100]
        indices, distances = yield Offload(index.nearest, (np.asarray(index.data.images[part]), 2))
        # The image itself is among its two nearest unless it has several equals.
        found.append(np.where(indices[:, 0] == part, distances[:, 1], distances[:, 0]))
        yield Progress(done + start + len(part), total, "measuring real images")
    return np.concatenate(found)


def cache_path(data: Dataset, what: str) -> Path:
    """Where a part of the index is kept: by the data's digest and the size of its images."""
    folder = places.cache() / "neighbours"
    folder.mkdir(exist_ok=True)
    return folder / f"{data.digest[:32]}-{data.images.shape[1]}.{what}"


def _read_distances(path: Path) -> np.ndarray | None:
    if sys.byteorder != "little" or not path.is_file() or path.stat().st_size % 8 or not path.stat().st_size:
        return None
    values = np.frombuffer(path.read_bytes(), "<f8")
    return values if np.isfinite(values).all() and (values >= 0).all() else None


def say(verdict: Verdict, neighbour: Neighbour) -> str:
    """The verdict in words, with its reason."""
    closer = 100 - neighbour.percentile
    if verdict == "new":
        return f"new: no closer to the data than real images are (percentile {neighbour.percentile:.0f})"
    what = "likely a copy" if verdict == "copy" else "suspiciously close"
    return f"{what}: closer to a training image than {closer:.1f} % of real images are to their nearest one"


def report(
    samples: Sequence[tuple[int, Sequence[Neighbour], Verdict]], data: str, model: str, metric: str = "pixel"
) -> dict[str, Any]:
    """The report as JSON: samples are (seed, neighbours, verdict)."""
    return {
        "samples": [
            {
                "seed": seed,
                "neighbours": [
                    {"index": n.index, "file": n.file, "distance": n.distance, "percentile": n.percentile}
                    for n in neighbours
                ],
                "verdict": verdict,
            }
            for seed, neighbours, verdict in samples
        ],
        "data": data,
        "metric": metric,
        "model": model,
    }
