"""The inert reader: whatever a checkpoint file holds, as a tree of plain values, without running any of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("zip", "legacy", "pickle", "safetensors", "other")


@dataclass(frozen=True, slots=True)
class Source:
    """A foreign file, read.

    path   where it lies
    kind   how it is packed: "zip" and "legacy" are the two forms of torch.save, "pickle" a plain one, "safetensors",
           or "other": not one of these, and `tree` is then None (an importer may know what to do with `path`)
    tree   plain values, lists, tuples and dictionaries of them, arrays, and inert records of all else
    wants  what the file would have had Python import beyond the constructors that are known, sorted
    """

    path: Path
    kind: str
    tree: Any
    wants: tuple[str, ...] = ()
