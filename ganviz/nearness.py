"""Nearest training images with small shifts and mirroring allowed for, and by features beside pixels.

A copy that is moved by a pixel or mirrored is far away pixel by pixel. Here a sample is held against the data in every
shift of up to two pixels, mirrored and not: first by a coarse version of its middle part, which for a shifted copy is
equal to that of the original in one of these places, then pixel by pixel for the candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch.nn import functional as F

from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics.features import Features, features_of
from ganviz.neighbours import cache_path, reduced, search_side

SHIFT = 2
"""Pixels, at the size of the search, by which a picture may be moved."""
SIDE = 128
"""Pixels a side at most at which pictures are compared."""
COARSE = 12
CANDIDATES = 16
"""Images that are nearest by the coarse version, among which the nearest one is looked for pixel by pixel."""
BLOCK = 4096
QUERIES = 8
"""Pictures that are looked up at once, short enough to be stopped in between."""


@dataclass(frozen=True, slots=True)
class Near:
    """A training image beside a picture.

    index     which one
    distance  root mean square difference of the middle parts, in grey levels 0 to 255, at the best place
    flipped   whether the picture had to be mirrored for that
    shift     (x, y) by which the picture is moved against the training image, in pixels at the size of the search
    feature   distance of the features; None where there are none
    rank      place by the coarse version; -1 where it is here for its features alone
    """

    index: int
    distance: float
    flipped: bool
    shift: tuple[int, int]
    feature: float | None = None
    rank: int = 0


class Search:
    """A data set ready to be searched with shifts; made by `prepare`.

    Its coarse version, about 4 x COARSE^2 bytes a grey image, lies in a file of the cache that is mapped into memory.

    data       at the size of the search
    vectors    float32 (N, D), the data's features, or None
    """

    def __init__(self, data: Dataset, features: Features | None, vectors: np.ndarray | None) -> None:
        self.data, self.features = data, features
        self.vectors = None if vectors is None else torch.from_numpy(np.array(vectors, np.float32))
        self.side, self.channels = int(data.images.shape[1]), int(data.images.shape[3])
        self.most = SHIFT if self.side >= 4 * SHIFT else 0
        self.grid = min(COARSE, self.side - 2 * self.most)
        self.block = (self.side - 2 * self.most) // self.grid
        self.part = self.grid * self.block
        """Pixels a side of the middle part that is compared."""
        self.start = (self.side - self.part) // 2
        self.places = [
            (flip, x, y)
            for flip in (False, True)
            for y in range(-self.most, self.most + 1)
            for x in range(-self.most, self.most + 1)
        ]
        self.numbers = self.grid**2 * self.channels
        """Numbers of a coarse version."""
        self._coarse = torch.empty(0, self.numbers)
        self._norms = torch.empty(0)

    def __len__(self) -> int:
        return len(self.data)

    def reduced(self, pixels: np.ndarray) -> np.ndarray:
        """A picture uint8 (H, W, C) at the size of the search."""
        return reduced(pixels, self.side)

    def write(self, start: int, file: IO[bytes]) -> None:
        """Put the coarse versions of BLOCK images from `start` on behind what the file has."""
        image = _centred(np.asarray(self.data.images[start : start + BLOCK]))
        file.write(self._coarsened(image, 0, 0).numpy().tobytes())

    def open(self, path: Path) -> None:
        """Use the file that is written."""
        self._coarse = torch.from_file(str(path), shared=False, size=len(self) * self.numbers).view(len(self), -1)
        self._norms = torch.linalg.vector_norm(self._coarse, dim=1).square_()

    def look_up(self, pixels: np.ndarray, k: int, leave_out: np.ndarray | None = None) -> list[list[Near]]:
        """The images nearest to each of pixels uint8 (Q, side, side, C): at least k, by pixels and by features alike.

        They are in order of the pixels' distance; see `by_pixel` and `by_feature`.

        leave_out    (Q,) or (Q, n), images for each that are not looked at, such as itself
        """
        left = None if leave_out is None else torch.from_numpy(leave_out.reshape(len(pixels), -1))
        gaps = self._coarse_gaps(_centred(pixels))
        if left is not None:
            gaps.scatter_(1, left, torch.inf)
        few = min(max(CANDIDATES, k), len(self) - (0 if left is None else left.shape[1]))
        candidates = torch.topk(gaps, few, dim=1, largest=False).indices.tolist()
        features = self._feature_gaps(pixels, left)
        found = []
        for q in range(len(pixels)):
            rank = {index: place for place, index in enumerate(candidates[q])}
            chosen = list(rank)
            if features is not None:
                chosen += torch.topk(features[q], min(k, few), largest=False).indices.tolist()
            near = self._refine(pixels[q], np.unique(chosen))
            feature = None if features is None else features[q]
            found.append([_with(item, feature, rank.get(item.index, -1)) for item in near])
        return found

    def alike(self, pixels: np.ndarray, k: int, leave_out: np.ndarray) -> list[list[Near]]:
        """The k images whose features are nearest to those of each of pixels uint8 (Q, side, side, C), nearest first.

        leave_out    (Q, n), see `look_up`
        """
        features = self._feature_gaps(pixels, torch.from_numpy(leave_out))
        assert features is not None
        chosen = torch.topk(features, min(k, len(self) - leave_out.shape[1]), largest=False).indices.numpy()
        return [
            by_feature([_with(near, gaps, -1) for near in self._refine(image, np.unique(some))])
            for image, some, gaps in zip(pixels, chosen, features, strict=True)
        ]

    def _feature_gaps(self, pixels: np.ndarray, left: torch.Tensor | None) -> torch.Tensor | None:
        """Distances of the features (Q, N), the lesser of both ways round; None without features."""
        if self.features is None or self.vectors is None:
            return None
        both, _ = self.features.look(np.concatenate([pixels, pixels[:, :, ::-1]]))
        gaps = torch.cdist(torch.from_numpy(both), self.vectors)
        gaps = torch.minimum(gaps[: len(pixels)], gaps[len(pixels) :])
        return gaps if left is None else gaps.scatter_(1, left, torch.inf)

    def _coarse_gaps(self, image: torch.Tensor) -> torch.Tensor:
        """Squared distance of the coarse middle parts (Q, N), the least over all places."""
        both = (image, image.flip(3))
        moved = torch.stack([self._coarsened(both[flip], x, y) for flip, x, y in self.places], dim=1)  # (Q, P, d)
        queries, places = moved.shape[:2]
        flat = moved.flatten(0, 1)
        own = flat.square().sum(1)
        parts = []
        for start in range(0, len(self), BLOCK):
            coarse, norms = self._coarse[start : start + BLOCK], self._norms[start : start + BLOCK]
            gaps = torch.addmm(norms[None], flat, coarse.T, alpha=-2).add_(own[:, None])
            parts.append(gaps.view(queries, places, -1).amin(1))
        return torch.cat(parts, dim=1)

    def _coarsened(self, image: torch.Tensor, x: int, y: int) -> torch.Tensor:
        """The means of the blocks of the middle part (N, d) of (N, C, side, side), taken x, y pixels off."""
        part = self._middle(image, x, y)
        return F.avg_pool2d(part, self.block).flatten(1)

    def _middle(self, image: torch.Tensor, x: int, y: int) -> torch.Tensor:
        top, left = self.start + y, self.start + x
        return image[:, :, top : top + self.part, left : left + self.part]

    def _refine(self, pixels: np.ndarray, chosen: np.ndarray) -> list[Near]:
        """Distances to the chosen images, each at its best place, nearest first; equals in the order of the data."""
        query = _centred(pixels[None])
        both = (query, query.flip(3))
        moved = torch.cat([self._middle(both[flip], x, y).flatten(1) for flip, x, y in self.places])  # (P, D)
        images = np.asarray(self.data.images[np.sort(chosen)])
        parts = self._middle(_centred(images), 0, 0).flatten(1)
        gaps = moved.square().sum(1)[:, None] - 2 * moved @ parts.T
        best = gaps.argmin(0).tolist()
        found = []
        for index, part, place in zip(np.sort(chosen).tolist(), parts, best, strict=True):
            flip, x, y = self.places[place]
            # Exact: whole numbers, which a copy leaves at 0.
            distance = float((moved[place].double() - part.double()).square().mean().sqrt())
            found.append(Near(index, distance, flip, (x, y)))
        return sorted(found, key=lambda near: (near.distance, near.index))


def report_side(resolution: int, channels: int) -> int:
    """Pixels a side at which samples and data are compared: the model's own, halved until it is at most SIDE."""
    side = search_side(resolution, channels)
    while side > SIDE:
        side //= 2
    return side


def by_pixel(near: Sequence[Near]) -> list[Near]:
    """Those that were found by pixels, in the order that they are in.

    Only CANDIDATES of them, however many were asked for: a picture is judged by as many as the real images are.
    """
    return [item for item in near if 0 <= item.rank < CANDIDATES]


def by_feature(near: Sequence[Near]) -> list[Near]:
    """In order of the distance of features; what has none stays as it was."""
    return sorted(near, key=lambda item: (float("inf") if item.feature is None else item.feature, item.index))


def prepare(data: Dataset, features: Features | None = None) -> Job[Search]:
    """Job that makes a data set ready; `features` to compare by them as well (those of the data are cached)."""
    if len(data) < 3:
        raise GanvizError(f"{data.name}: expected at least three images to compare with, got {len(data)}")
    vectors = None
    if features is not None:
        vectors, _ = yield from features_of(features, data)
    search = Search(data, features, vectors)
    path = coarse_path(data)
    if not is_prepared(data):
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            for start in range(0, len(data), BLOCK):
                yield Progress(start, len(data), "reading the data")
                yield Offload(search.write, (start, file))
    yield Offload(search.open, (path,))
    return search


def is_prepared(data: Dataset) -> bool:
    """Whether the cache holds the coarse version."""
    path = coarse_path(data)
    return path.is_file() and path.stat().st_size == len(data) * Search(data, None, None).numbers * 4


def coarse_path(data: Dataset) -> Path:
    """Where the coarse version is kept."""
    return cache_path(data, "coarse1")


def _with(near: Near, features: torch.Tensor | None, rank: int) -> Near:
    feature = None if features is None else float(features[near.index])
    return Near(near.index, near.distance, near.flipped, near.shift, feature, rank)


def _centred(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (N, H, W, C) as float32 (N, C, H, W), grey levels less 128."""
    return torch.from_numpy(pixels.astype(np.float32)).permute(0, 3, 1, 2) - 128
