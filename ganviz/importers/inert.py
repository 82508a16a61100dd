"""What the inert reader makes of a file: plain values, and these. None of them can do anything.

An `Array` is a claim about bytes, checked only when its numbers are taken; reading a file therefore allocates nothing
for tensors that nobody asks for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganviz.errors import GanvizError

BFLOAT16 = "bfloat16"
"""The one type that numpy lacks: kept as 16-bit integers, widened to float32 when taken."""


@dataclass(slots=True, eq=False)
class Name:
    """Something that the file would have had Python import, as "module.name"; it was not imported."""

    name: str


@dataclass(slots=True, eq=False)
class Record:
    """What calling an unknown `name` would have made: its arguments, state, items and entries, and nothing else."""

    name: str
    args: tuple[Any, ...] = field(default=(), repr=False)
    state: Any = field(default=None, repr=False)
    items: list[Any] | None = field(default=None, repr=False)
    entries: dict[Any, Any] | None = field(default=None, repr=False)

    def fields(self) -> dict[str, Any]:
        """The attributes that the object would have had."""
        return self.state if isinstance(self.state, dict) else {}


@dataclass(slots=True, eq=False)
class LongText:
    """A text too long to be a name, as the file's own UTF-8 bytes."""

    data: memoryview


@dataclass(slots=True, eq=False)
class DType:
    """A numpy type; `code` is like "f4", `order` is "<", ">" or "|". Other kinds than plain numbers have code ""."""

    code: str
    order: str = "<"


@dataclass(slots=True, eq=False)
class Storage:
    """A stretch of numbers of one type that tensors look into; `read` gives its bytes, when they are wanted."""

    dtype: str
    """A numpy type string with byte order, or BFLOAT16."""
    numel: int
    read: Callable[[], memoryview]

    def bytes(self) -> memoryview:
        """Its bytes; GanvizError where fewer are there than it claims."""
        data = self.read()
        wanted = self.numel * itemsize(self.dtype)
        if len(data) < wanted:
            raise GanvizError(f"a storage claims {self.numel} numbers of {self.dtype}, but only {len(data)} bytes")
        return data[:wanted]


@dataclass(slots=True, eq=False)
class Array:
    """A tensor or numpy array: a shape over a storage, `offset` and `stride` counted in elements.

    `storage` is None while a pickle has only announced it, and stays None for what holds no plain numbers.
    """

    storage: Storage | None = None
    shape: tuple[int, ...] = ()
    offset: int = 0
    stride: tuple[int, ...] = ()
    why_not: str = field(default="")
    """Why its numbers are not to be had, where they are not."""

    def numpy(self) -> np.ndarray:
        """Its numbers, as a read-only view where that is possible; GanvizError where the claim is false."""
        if self.storage is None:
            raise GanvizError(self.why_not or "an array was announced, but its numbers never came")
        count = math.prod(self.shape)
        reach = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True)) + 1
        if count and (reach > self.storage.numel or count > self.storage.numel):
            raise GanvizError(
                f"a tensor of shape {self.shape} claims more numbers than the {self.storage.numel} of its storage"
            )
        wide = self.storage.dtype == BFLOAT16
        dtype = np.dtype("<u2" if wide else self.storage.dtype)
        if not count:
            return np.zeros(self.shape, np.float32 if wide else dtype)
        flat = np.frombuffer(self.storage.bytes(), dtype)[self.offset :]
        strides = tuple(step * dtype.itemsize for step in self.stride)
        view = np.lib.stride_tricks.as_strided(flat, self.shape, strides, writeable=False)
        return (view.astype(np.uint32) << 16).view(np.float32) if wide else view


def itemsize(dtype: str) -> int:
    """Bytes a number."""
    return 2 if dtype == BFLOAT16 else np.dtype(dtype).itemsize


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The stride of an array that lies in one piece, last dimension fastest."""
    stride, step = [], 1
    for size in reversed(shape):
        stride.append(step)
        step *= max(size, 1)
    return tuple(reversed(stride))


def cleaned(text: str, limit: int = 1500) -> str:
    """A text with a file's words in it, fit to be printed: on one line, without what moves a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:limit])


def shown(value: Any) -> str:
    """A value out of a file in a few characters, for messages.

    Never `repr` of what a file nests: lists that hold one another forty deep are a thousand billion characters long.
    """
    if isinstance(value, str | bytes):
        return repr(value[:40])
    if isinstance(value, bool | float) or value is None:
        return repr(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else "a number of very many digits"
    return f"something of type {type(value).__name__}"
