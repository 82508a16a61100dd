"""Outlines of images: a few numbers each that rule out most of a data set before any of its pixels is read.

An image x, less the mean, is split into its part along an orthonormal basis V (the first principal components) and
what is left. With a = V'(x - mean) and s the length of the rest,

    (a_q - a_x)^2 + (s_q - s_x)^2  <=  |q - x|^2

by the reverse triangle inequality in the space that V leaves out. So the outline (a, s) gives a lower bound that needs
no more than a product with a narrow matrix. A search that looks at every image whose bound is small enough is exact.
"""

from pathlib import Path

import numpy as np
import torch

from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress

COUNT = 64
"""Principal components in an outline; one more number is the length of the rest."""
SAMPLE = 1024
"""Images, evenly spread, that the components are found from."""
BLOCK = 512
SLACK = 2e-5
"""What rounding can add to a bound, as a share of squared lengths: twice that of 66 terms in float32. All before the
table is in float64, since the length of the rest is a small difference of large numbers."""


class Outlines:
    """The outlines of a data set, and the basis they are told in."""

    def __init__(self, basis: torch.Tensor, table: torch.Tensor) -> None:
        """basis float64 (COUNT + 1, D): components, then the mean; table float32 (N, COUNT + 2): a, s, a^2 + s^2."""
        self._basis, self._mean = basis[:-1], basis[-1]
        self._table = table
        self._longest = float(table[:, -1].max())

    def bounds(self, query: torch.Tensor) -> torch.Tensor:
        """Lower bounds float32 (N,) of the squared distances from one image int8 (D,) to all."""
        own = outlines_of(query[None], self._basis, self._mean)[0]
        weights = torch.cat([-2 * own[:-1], torch.ones(1)])
        squared = torch.mv(self._table, weights) + own[-1]
        return squared - SLACK * (float(own[-1]) + self._longest)


def outlines_of(images: torch.Tensor, basis: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Rows (a, s, a^2 + s^2) float32 (n, COUNT + 2) of images int8 (n, D)."""
    centred = images.double() - mean
    along = centred @ basis.t()
    whole = centred.square().sum(1, keepdim=True)
    rest = (whole - along.square().sum(1, keepdim=True)).clamp_min_(0).sqrt()
    return torch.cat([along, rest, whole], dim=1).float()


def components(store: torch.Tensor, count: int) -> torch.Tensor:
    """(count + 1, D) float64: `count` orthonormal rows along which images int8 (N, D) differ most, then the mean."""
    chosen = torch.from_numpy(np.linspace(0, len(store) - 1, min(SAMPLE, len(store))).astype(np.int64))
    sample = store[chosen].double()
    mean = sample.mean(0)
    centred = sample - mean
    # The small Gram matrix has the same leading directions as the large covariance.
    _, vectors = torch.linalg.eigh(centred @ centred.t())
    leading = centred.t() @ vectors[:, -count:]
    orthonormal, _ = torch.linalg.qr(leading)
    return torch.cat([orthonormal.t(), mean[None]])


def build(store: torch.Tensor, count: int, basis: Path, table: Path, done: int, total: int) -> Job[Outlines]:
    """Job that makes the outlines of images int8 (N, D) in two files, or finds them there.

    done, total    steps of the job that this is a part of
    """
    sizes = (count + 1) * store.shape[1] * 8, len(store) * (count + 2) * 4
    if not are_built(basis, table) or (basis.stat().st_size, table.stat().st_size) != sizes:
        yield Progress(done, total, "finding outlines")
        rows = yield Offload(components, (store, count))
        with atomic_path(table) as temporary, open(temporary, "wb") as file:
            for start in range(0, len(store), BLOCK):
                part = yield Offload(outlines_of, (store[start : start + BLOCK], rows[:-1], rows[-1]))
                file.write(part.numpy().tobytes())
                yield Progress(done + start + len(part), total, "finding outlines")
        with atomic_path(basis) as temporary:
            temporary.write_bytes(rows.numpy().tobytes())
    return Outlines(
        _mapped(basis, (count + 1, store.shape[1]), torch.float64),
        _mapped(table, (len(store), count + 2), torch.float32),
    )


def are_built(basis: Path, table: Path) -> bool:
    """Whether both files are there."""
    return basis.is_file() and table.is_file()


def _mapped(path: Path, shape: tuple[int, int], dtype: torch.dtype) -> torch.Tensor:
    return torch.from_file(str(path), shared=False, size=shape[0] * shape[1], dtype=dtype).view(shape)
