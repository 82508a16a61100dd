"""The inert reader: whatever a checkpoint file holds, as a tree of plain values, without running any of it.

What it reads: both forms of torch.save, whole pickled modules among them, plain pickles of every protocol with tensors
or numpy arrays, safetensors, and any of these packed with gzip. What a file names is imported never, not even looked
for; `Source.wants` lists it, so that a user can be told. The file stays on disk: arrays are views of it.
"""

import json
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganviz.errors import GanvizError
from ganviz.importers import known, pickles, torchfiles
from ganviz.importers.archive import Archive, gunzipped
from ganviz.importers.inert import BFLOAT16, Array, Record, Storage, cleaned, itemsize, row_major

MAX_FILE = 32 << 30
MAX_HEADER = 4 << 20
"""Bytes of a safetensors header."""
SPARE = 48 << 20
"""What packed data may unpack to beyond one and a half times the file's own size."""
SPARE_COPIES = 1 << 20
MAX_MODULES = 100_000
MAX_NESTED = 40
MAX_NETWORKS = 64

SAFETENSORS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": BFLOAT16,
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
OTHERS = (
    (b"\x89HDF", "an HDF5 file, as Keras writes; only PyTorch's formats, pickles and safetensors are read"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"GGUF", "a GGUF file, which holds language models"),
    (b"\x93NUMPY", "a numpy array"),
    (b"<!DOCTYPE html", "a web page, perhaps in place of the file that was to be downloaded"),
    (b"<html", "a web page, perhaps in place of the file that was to be downloaded"),
    (b"version https://git-lfs", "a Git LFS pointer in place of the file itself; fetch it with `git lfs pull`"),
)


PREFERRED = ("ema", "avg", "shadow", "running", "smooth", "netg", "gen", "g", "state_dict", "model")
"""Parts of the names under which files keep their generators, the averaged ones first."""


@dataclass(frozen=True, slots=True)
class Source:
    """A foreign file, read.

    path   where it lies
    kind   how it is packed: "zip" and "legacy" are the two forms of torch.save, "pickle" a plain one, "safetensors",
           or "other": none of these, and `tree` is then None (an importer may know what to do with `path`)
    tree   plain values, lists, tuples and dictionaries of them, arrays, and inert records of all else
    wants  what the file would have had Python import beyond the constructors that are known, sorted
    what   in words what it is, where `kind` is "other"
    networks  (name, weights) of each network that it may hold, averaged generators before others; the name is a key
           of the tree, or "" for the tree itself
    """

    path: Path
    kind: str
    tree: Any
    wants: tuple[str, ...] = ()
    what: str = ""
    networks: tuple[tuple[str, dict[str, Array]], ...] = ()

    def network(self, name: str) -> dict[str, Array]:
        """The weights under a key of the tree; empty where there is no such network."""
        return next((weights for key, weights in self.networks if key == name), {})

    def node(self, name: str) -> Any:
        """What stands in the tree where a network of that name is."""
        return self.tree[name] if name else self.tree

    def first(self, *names: str) -> tuple[str, dict[str, Array]] | None:
        """The first network that has tensors of all these names, with its own name."""
        return next((network for network in self.networks if network[1].keys() >= set(names)), None)


def read(path: str | Path) -> Source:
    """Read a foreign file; GanvizError, naming it, for what is damaged, cut short or beyond the limits."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size == 0:
                raise GanvizError("the file is empty")
            if size > MAX_FILE:
                raise GanvizError(f"the file has {size:,} bytes; more than {MAX_FILE:,} is not read")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise GanvizError(f"{path}: cannot be read ({error.strerror or error})") from error
    except GanvizError as error:
        raise GanvizError(f"{path}: {error}") from error
    try:
        return _read(path, data, int(1.5 * size) + SPARE)
    except GanvizError as error:
        raise GanvizError(f"{path}: {cleaned(str(error))}") from error.__cause__


def _networks(tree: Any) -> tuple[tuple[str, dict[str, Array]], ...]:
    found = []
    left = [MAX_MODULES]
    top = _weights(tree, left)
    if top:
        found.append(("", top))
    if isinstance(tree, dict):
        inner = [(key, node) for key, node in tree.items() if isinstance(key, str) and isinstance(node, dict | Record)]
        for key, node in sorted(inner[:MAX_NETWORKS], key=lambda pair: _preference(pair[0])):
            weights = _weights(node, left)
            if weights:
                found.append((key, weights))
    return tuple(found)


def _weights(node: Any, left: list[int]) -> dict[str, Array]:
    """The arrays of a state dict, or those of a whole pickled module under the names that its state dict would have.

    Empty for anything else. A leading "module.", which DataParallel writes, is taken off.
    """
    found: dict[str, Array] = {}
    if isinstance(node, dict):
        found = {key: value for key, value in node.items() if isinstance(key, str) and isinstance(value, Array)}
    elif isinstance(node, Record):
        _gather(node, "", found, left, 0)
    prefix = "module."
    if found and all(name.startswith(prefix) for name in found):
        found = {name[len(prefix) :]: value for name, value in found.items()}
    return found


def _preference(name: str) -> int:
    lowered = name.lower()
    return next((k for k, part in enumerate(PREFERRED) if part in lowered), len(PREFERRED))


def _gather(module: Record, prefix: str, found: dict[str, Array], left: list[int], depth: int) -> None:
    """Parameters, then buffers, then those of the modules within, as torch's own state_dict orders them."""
    state = module.fields()
    passing = state.get("_non_persistent_buffers_set")
    passing = set(map(str, passing)) if isinstance(passing, list | tuple) else set()
    for kind in ("_parameters", "_buffers"):
        members = state.get(kind)
        for name, value in members.items() if isinstance(members, dict) else ():
            if isinstance(value, Array) and not (kind == "_buffers" and name in passing):
                found[f"{prefix}{name}"] = value
    modules = state.get("_modules")
    for name, value in modules.items() if isinstance(modules, dict) else ():
        left[0] -= 1
        if left[0] < 0 or depth > MAX_NESTED:
            raise GanvizError("the module has too many modules within modules; refused")
        if isinstance(value, Record):
            _gather(value, f"{prefix}{name}.", found, left, depth + 1)


def _read(path: Path, data: memoryview, allowance: int, packed: bool = False) -> Source:
    start = bytes(data[:64])
    if start[:2] == b"\x1f\x8b" and not packed:
        return _read(path, gunzipped(data, allowance), allowance, packed=True)
    for magic, what in OTHERS:
        if start.startswith(magic):
            return Source(path, "other", None, what=what)
    context = pickles.Context(pickles.Budget(copies=len(data) + SPARE_COPIES), {})
    if start[:4] == b"PK\x03\x04":
        kind, tree = _read_zip(data, allowance, context)
    elif _is_safetensors(data):
        kind, tree = "safetensors", _read_safetensors(data)
    elif start[:1] == b"\x80" or (start[:1] in b"(]}cl" and b"\n" in bytes(data[:4096])):
        tree, position = pickles.load(data, context)
        kind = "pickle"
        if tree == torchfiles.MAGIC:
            kind, tree = "legacy", torchfiles.read_legacy(data, context, position)
    elif start.startswith((b"<?xml", b"<net")):
        return Source(path, "other", None, what="an XML file")
    elif bytes(data[257:262]) == b"ustar":
        return Source(path, "other", None, what="a tar file, as torch.save wrote before 0.2, or one to be unpacked")
    else:
        return Source(path, "other", None, what="a file of an unknown kind")
    if kind == "other":
        return Source(path, kind, None, what=tree)
    wants = tuple(sorted(cleaned(name) for name in context.names if not known.is_known(name)))
    return Source(path, kind, tree, wants, networks=_networks(tree))


def _read_zip(data: memoryview, allowance: int, context: pickles.Context) -> tuple[str, Any]:
    archive = Archive(data, allowance)
    if not any(name == "data.pkl" or name.endswith("/data.pkl") for name in archive.entries):
        return "other", f"a zip that torch.save did not write (it holds {', '.join(sorted(archive.entries)[:3])})"
    return "zip", torchfiles.read_zip(archive, context)


def _is_safetensors(data: memoryview) -> bool:
    if len(data) < 10:
        return False
    (length,) = struct.unpack_from("<Q", data)
    return length <= len(data) - 8 and data[8] == ord("{")


def _read_safetensors(data: memoryview) -> dict[str, Array]:
    """A flat dictionary of arrays; the format's own description: a length, a JSON header, the bytes."""
    (length,) = struct.unpack_from("<Q", data)
    if length > MAX_HEADER:
        raise GanvizError(f"the safetensors header takes {length:,} bytes; more than {MAX_HEADER:,} is refused")
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
    except (ValueError, RecursionError) as error:
        raise GanvizError(f"the safetensors header is damaged ({type(error).__name__})") from error
    body = data[8 + length :]
    tree: dict[str, Array] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            if isinstance(entry, dict) and "ganviz" in entry:
                raise GanvizError("this is a ganviz checkpoint already; it opens as it is")
            continue
        try:
            dtype, shape, (start, end) = SAFETENSORS.get(entry["dtype"]), entry["shape"], entry["data_offsets"]
            if not all(type(number) is int and number >= 0 for number in (*shape, start, end)):
                raise ValueError("no whole numbers")
        except (KeyError, TypeError, ValueError) as error:
            raise GanvizError(f"the safetensors header says {name!r:.80} in a way that is not known") from error
        if dtype is None:
            tree[name] = Array(shape=tuple(shape), why_not=f"numbers of type {entry['dtype']!r:.20} are not read")
            continue
        if len(shape) > known.MAX_DIMENSIONS or end > len(body) or (end - start) % itemsize(dtype):
            raise GanvizError(f"{name!r:.80} lies outside of the file or has an odd shape; the file is cut short")
        piece = body[start:end]
        storage = Storage(dtype, (end - start) // itemsize(dtype), _giver(piece))
        tree[name] = Array(storage, tuple(shape), 0, row_major(tuple(shape)))
    return tree


def _giver(piece: memoryview) -> Callable[[], memoryview]:
    return lambda: piece


def checksum(path: Path) -> str:
    """The file's SHA-256."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
