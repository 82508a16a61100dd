"""Nearest training images: has the generator drawn something new, or a picture that it was shown?

Distances are exact, over all pixels of all images, as they are: live, while the picture moves. What they say of a
picture is for `ganviz.copying`, which looks at mirrored and moved images as well.
"""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch

from ganviz import outlines, places
from ganviz.datasets import Dataset, opening
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.outlines import Outlines
from ganviz.pictures import fit

log = logging.getLogger(__name__)

BLOCK = 4096
SCAN_BYTES = 16 << 20
"""Pixels that are compared in one step of a whole scan, so that memory does not grow with the data."""
FEW = 4
"""Pictures up to this many are each searched by outlines; more share whole scans, which cost little more for many."""
SMALL = 1 << 20
"""Data of fewer bytes have no outlines: a whole scan is as quick."""
LARGEST = 1 << 17
"""Numbers an image at most: beyond, sums of products leave 32 bits."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training image beside a sample.

    index, file    which image of the data set it is
    distance       root mean square difference of the pixels, in grey levels, 0 to 255
    """

    index: int
    file: str
    distance: float


class Index:
    """All images of a data set, ready to be searched. Made by `build`.

    The pixels lie in files of the cache that are mapped into memory, so that memory does not grow with the data.
    """

    def __init__(self, data: Dataset, store: torch.Tensor, norms: torch.Tensor, outlines: Outlines | None) -> None:
        """store int8 (N, D), pixels less 128; norms int64 (N,), their squared lengths."""
        self.data = data
        self._store, self._norms, self._outlines = store, norms, outlines

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
        queries, k = torch.from_numpy(as_signed(pixels)), min(k, len(self))
        if len(queries) > FEW or self._outlines is None:
            order, near = self._scan(queries, k)
        else:
            found = [self._search(query, k, self._outlines) for query in queries]
            order, near = torch.stack([one for one, _ in found]), torch.stack([one for _, one in found])
        return order.numpy(), (near.double() / self._store.shape[1]).sqrt().numpy()

    def look_up(self, pixels: np.ndarray, k: int = 5) -> list[Neighbour]:
        """The k nearest images to one picture, uint8 (H, W, C)."""
        indices, distances = self.nearest(pixels[None], k)
        return [
            Neighbour(int(index), self.data.files[int(index)], float(distance))
            for index, distance in zip(indices[0], distances[0], strict=True)
        ]

    def _search(self, query: torch.Tensor, k: int, outlines: Outlines) -> tuple[torch.Tensor, torch.Tensor]:
        """As `_scan`, for one query int8 (D,): only images whose outline does not rule them out are looked at."""
        bounds = outlines.bounds(query)
        first = torch.topk(bounds, min(len(bounds), 4 * k), largest=False, sorted=False).indices
        enough = torch.topk(self._squared(query, first), k, largest=False).values[-1]
        rest = torch.nonzero(bounds <= float(enough))[:, 0]
        if len(rest) > len(self) // 8:  # nothing like the data; reading rows here and there would take longer
            order, near = self._scan(query[None], k)
            return order[0], near[0]
        squared = self._squared(query, rest)
        place = torch.topk(squared * len(self) + rest, k, largest=False).indices
        return rest[place], squared[place]

    def _scan(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The k nearest of all images to queries int8 (Q, D): indices and squared distances, int64 (Q, k) each."""
        rows = max(k, SCAN_BYTES // self._store.shape[1])
        own = queries.to(torch.int64).square().sum(1)[:, None]
        keys = torch.empty(len(queries), 0, dtype=torch.int64)  # distance first, then index: one number orders both
        for start in range(0, len(self), rows):
            part = self._store[start : start + rows]
            squared = own - 2 * products(queries, part).to(torch.int64) + self._norms[start : start + rows]
            squared.mul_(len(self)).add_(torch.arange(start, start + len(part)))
            keys = torch.cat([keys, torch.topk(squared, min(k, len(part)), dim=1, largest=False).values], dim=1)
            keys = torch.topk(keys, min(k, keys.shape[1]), dim=1, largest=False).values
        return keys % len(self), keys // len(self)

    def _squared(self, query: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Squared distances int64 (n,) of one query int8 (D,) to some images: |q|^2 - 2 q.x + |x|^2."""
        own = query.to(torch.int64).square().sum()
        return own - 2 * products(query[None], self._store[rows])[0].to(torch.int64) + self._norms[rows]


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
    data = yield from opening(source, search_side(resolution, channels), channels)
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
    return all(cache_path(data, what).is_file() for what in ("pixels", "norms")) and (
        outline_numbers(data) == 0 or outlines.are_built(*_outline_files(data))
    )


def build(data: Dataset) -> Job[Index]:
    """Job that makes the index of a data set, or finds it in the cache by the data's digest."""
    numbers = int(np.prod(data.images.shape[1:]))
    if numbers > LARGEST:
        raise GanvizError(f"{data.name}: pictures of {numbers} numbers are too large for this search; use smaller ones")
    if len(data) < 2:
        raise GanvizError(f"{data.name}: expected at least two images to compare with, got {len(data)}")
    count = outline_numbers(data)
    total = len(data) if count == 0 else 2 * len(data)
    yield Progress(0, total, "reading")
    store_path, norms_path = cache_path(data, "pixels"), cache_path(data, "norms")
    if not _has(store_path, len(data) * numbers) or not _has(norms_path, len(data) * 8):
        with (
            atomic_path(norms_path) as norms_part,
            atomic_path(store_path) as store_part,
            open(norms_part, "wb") as norms_file,
            open(store_part, "wb") as store_file,
        ):
            for start in range(0, len(data), BLOCK):
                yield Offload(_write, (np.asarray(data.images[start : start + BLOCK]), store_file, norms_file))
                yield Progress(min(start + BLOCK, len(data)), total, "reading")
    store = _mapped(store_path, (len(data), numbers), torch.int8)
    norms = _mapped(norms_path, (len(data),), torch.int64)
    shapes = None
    if count:
        shapes = yield from outlines.build(store, count, *_outline_files(data), len(data), total)
    return Index(data, store, norms, shapes)


def outline_numbers(data: Dataset) -> int:
    """How many numbers an outline of these images has; 0 where there are none."""
    return outlines.COUNT if data.images.size >= SMALL and len(data) > 2 * outlines.COUNT else 0


def cache_path(data: Dataset, what: str) -> Path:
    """Where a part of the index is kept: by the data's digest and the size of its images."""
    folder = places.cache() / "neighbours"
    folder.mkdir(exist_ok=True)
    return folder / f"{data.digest[:32]}-{data.images.shape[1]}.{what}"


def _outline_files(data: Dataset) -> tuple[Path, Path]:
    return cache_path(data, "basis"), cache_path(data, "outlines")


def _write(images: np.ndarray, store: IO[bytes], norms: IO[bytes]) -> None:
    """Put images uint8 (n, H, W, C) behind what both files have."""
    signed = as_signed(images)
    store.write(signed.tobytes())
    norms.write(np.square(signed, dtype=np.int16).sum(1, dtype=np.int64).tobytes())


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _mapped(path: Path, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """A file as a tensor; its pages are read when they are touched, and leave when memory is wanted."""
    return torch.from_file(str(path), shared=False, size=math.prod(shape), dtype=dtype).view(shape)
