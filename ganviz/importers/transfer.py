"""Taking a foreign network apart tensor by tensor, so that none is missed and none is left."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers.inert import Array

MAX_TENSORS = 20_000
SHARED = 4096
"""Numbers of a tensor that may well be another's too, as filters are."""


class Transfer:
    """The tensors of one foreign network; each must be taken, or passed over for a reason, by the end."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        if len(weights) > MAX_TENSORS:
            raise GanvizError(f"the network has {len(weights):,} tensors; more than {MAX_TENSORS:,} is refused")
        self.weights = dict(weights)
        self._left = dict(weights)
        self._counted: set[str] = set()
        self._taken: dict[int, int] = {}  # numbers taken, by the storage that they lie in

    def __contains__(self, name: str) -> bool:
        return name in self.weights

    def shape(self, name: str, dimensions: int | None = None) -> tuple[int, ...]:
        """The shape that a tensor claims; GanvizError where it is missing or has other than so many `dimensions`."""
        if name not in self.weights:
            raise GanvizError(f"the tensor {name} is missing, so the network is not a whole one of this kind")
        found = self.weights[name].shape
        if dimensions is not None and len(found) != dimensions:
            raise GanvizError(f"{name}: expected {dimensions} dimensions, got shape {found}")
        return found

    def take(self, name: str, *shape: int | None) -> np.ndarray:
        """A tensor's numbers in float32; `shape`, where given, is the one that it must have, None for any size."""
        found = self.shape(name)
        fits = len(found) == len(shape) and all(want in (None, have) for have, want in zip(found, shape, strict=True))
        if shape and not fits:
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise GanvizError(f"{name}: expected shape ({wanted}), got {found}")
        self._left.pop(name, None)
        self._count(name)
        try:
            return np.asarray(self.weights[name].numpy(), np.float32)
        except GanvizError as error:
            raise GanvizError(f"{name}: {error}") from error

    def _count(self, name: str) -> None:
        """GanvizError where large tensors share their numbers, so that a small file would become a large network."""
        array = self.weights[name]
        size = math.prod(array.shape)
        if array.storage is None or size <= SHARED or name in self._counted:
            return
        self._counted.add(name)  # a rule may look at one and the same tensor more than once
        taken = self._taken.get(id(array.storage), 0) + size
        self._taken[id(array.storage)] = taken
        if size <= array.storage.numel < taken:
            raise GanvizError(f"{name}: its numbers are those of other tensors too, which no network here has")

    def number(self, name: str) -> float:
        """A tensor of a single number."""
        numbers = self.take(name)
        if numbers.size != 1:
            raise GanvizError(f"{name}: expected a single number, got shape {numbers.shape}")
        return float(numbers.reshape(()))

    def constant(self, name: str, expected: np.ndarray) -> None:
        """Take a tensor that has to hold just these numbers, as filters do; GanvizError where it holds others."""
        found = self.take(name, *expected.shape)
        if not np.allclose(found, expected, rtol=1e-4, atol=1e-6):
            raise GanvizError(f"{name}: expected the numbers that this kind of network always has there, got others")

    def skip(self, names: Iterable[str]) -> int:
        """Pass tensors over that have no part in drawing pictures; how many there were."""
        return sum(self._left.pop(name, None) is not None for name in list(names))

    def starting(self, prefix: str) -> list[str]:
        """The names that start so, in the file's order."""
        return [name for name in self.weights if name.startswith(prefix)]

    def done(self) -> None:
        """GanvizError unless nothing is left."""
        if self._left:
            some = ", ".join(f"{name} {array.shape}" for name, array in list(self._left.items())[:4])
            more = f" and {len(self._left) - 4} more" if len(self._left) > 4 else ""
            raise GanvizError(f"no rule takes {some}{more}, so the network is not one of this kind as it is known here")


def widths_of(widths: list[int]) -> dict[str, object]:
    """Feature maps at 4, 8, ... as a configuration says them: by the families' rule where they follow it."""
    base, most = widths[-1], max(widths)
    rule = [min(base << steps, most) for steps in reversed(range(len(widths)))]
    return {"base_channels": base, "max_channels": most} if rule == widths else {"widths": widths}


def check_side(side: int, name: str) -> None:
    """GanvizError unless `side` is a picture's side as growing and style-based networks have them."""
    if side not in (8, 16, 32, 64, 128, 256, 512, 1024):
        raise GanvizError(f"{name}: pictures of {side} pixels a side; expected 8, 16, ... 1024")
