"""Nearest training images with small shifts and mirroring allowed for, and by features beside pixels.

A copy that is moved by a pixel or mirrored is far away pixel by pixel. Here a sample is held against the data in every
shift of up to two pixels, mirrored and not: first by a coarse version of its middle part, which for a shifted copy is
equal to that of the original in one of these places, then pixel by pixel for the candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics.features import Features, features_of
from ganviz.neighbours import reduced

SHIFT = 2
"""Pixels, at the size of the search, by which a picture may be moved."""
SIDE = 128
"""Pixels a side at most at which pictures are compared."""
COARSE = 12
CANDIDATES = 8
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
    """

    index: int
    distance: float
    flipped: bool
    shift: tuple[int, int]
    feature: float | None = None


class Search:
    """A data set ready to be searched with shifts; made by `prepare`. Memory: about 4 x COARSE^2 bytes a grey image.

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
        self._coarse: list[torch.Tensor] = []
        self._norms: list[torch.Tensor] = []

    def __len__(self) -> int:
        return len(self.data)

    def reduced(self, pixels: np.ndarray) -> np.ndarray:
        """A picture uint8 (H, W, C) at the size of the search."""
        return reduced(pixels, self.side)

    def add(self, start: int) -> None:
        """Take in the images from `start` on, BLOCK of them."""
        image = _centred(np.asarray(self.data.images[start : start + BLOCK]))
        coarse = self._coarsened(image, 0, 0)
        self._coarse.append(coarse)
        self._norms.append(coarse.square().sum(1))

    def look_up(self, pixels: np.ndarray, k: int, leave_out: np.ndarray | None = None) -> list[list[Near]]:
        """The images nearest to each of pixels uint8 (Q, side, side, C): at least k, by pixels and by features alike.

        They are in order of the pixels' distance; those nearest by features are among them, see `by_feature`.

        leave_out    (Q,) an image for each that is not looked at, such as itself
        """
        vectors = None
        if self.features is not None and self.vectors is not None:
            both, _ = self.features.look(np.concatenate([pixels, pixels[:, :, ::-1]]))
            vectors = torch.from_numpy(both)
        found = []
        gaps = self._coarse_gaps(_centred(pixels))
        if leave_out is not None:
            gaps[torch.arange(len(gaps)), torch.from_numpy(leave_out)] = torch.inf
        few = min(max(CANDIDATES, k), len(self) - (leave_out is not None))
        candidates = torch.topk(gaps, few, dim=1, largest=False).indices.numpy()
        for q in range(len(pixels)):
            chosen = candidates[q]
            feature = None
            if vectors is not None and self.vectors is not None:
                feature = torch.cdist(vectors[[q, q + len(pixels)]], self.vectors).amin(0)
                if leave_out is not None:
                    feature[leave_out[q]] = torch.inf
                nearest = torch.topk(feature, min(k, len(self) - (leave_out is not None)), largest=False).indices
                chosen = np.unique(np.concatenate([chosen, nearest.numpy()]))
            near = self._refine(pixels[q], chosen)
            if feature is not None:
                near = [Near(n.index, n.distance, n.flipped, n.shift, float(feature[n.index])) for n in near]
            found.append(near)
        return found

    def nearest_features(self, rows: np.ndarray) -> np.ndarray:
        """Distance of the features of the data's own images (n,) to the nearest other one: (n,)."""
        assert self.vectors is not None
        gaps = torch.cdist(self.vectors[rows], self.vectors)
        gaps[torch.arange(len(rows)), torch.from_numpy(rows)] = torch.inf
        return gaps.amin(1).numpy()

    def _coarse_gaps(self, image: torch.Tensor) -> torch.Tensor:
        """Squared distance of the coarse middle parts (Q, N), the least over all places."""
        both = (image, image.flip(3))
        moved = torch.stack([self._coarsened(both[flip], x, y) for flip, x, y in self.places], dim=1)  # (Q, P, d)
        queries, places = moved.shape[:2]
        flat = moved.flatten(0, 1)
        own = flat.square().sum(1)
        parts = []
        for coarse, norms in zip(self._coarse, self._norms, strict=True):
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
    for start in range(0, len(data), BLOCK):
        yield Progress(start, len(data), "reading the data")
        yield Offload(search.add, (start,))
    return search


def _centred(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (N, H, W, C) as float32 (N, C, H, W), grey levels less 128."""
    return torch.from_numpy(pixels.astype(np.float32)).permute(0, 3, 1, 2) - 128
