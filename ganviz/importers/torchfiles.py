"""torch.save's two forms, read as data: the zip (since 1.6) and the stream of pickles before it."""

import struct
from typing import Any

from ganviz.errors import GanvizError
from ganviz.importers import known, pickles
from ganviz.importers.archive import Archive
from ganviz.importers.inert import Name, Record, Storage, itemsize, shown

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MAX_STORAGES = 200_000


def read_zip(archive: Archive, context: pickles.Context) -> Any:
    """The tree of a zip that torch.save wrote; GanvizError where the zip is something else."""
    roots = [name[: -len("data.pkl")] for name in archive.entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if not roots:
        some = ", ".join(sorted(archive.entries)[:3]) or "nothing"
        raise GanvizError(f"a zip without data.pkl, so not one that torch.save wrote (it holds {some})")
    root = min(roots, key=len)
    if any(name.startswith(f"{root}code/") for name in archive.entries):
        raise GanvizError("a TorchScript archive, which is a program and not a checkpoint; save its state_dict instead")
    order = bytes(archive.read(f"{root}byteorder")[:8]) if f"{root}byteorder" in archive.entries else b"little"
    storages: dict[str, Storage] = {}

    def persistent(value: Any) -> Any:
        kind, dtype, key, numel = _storage_id(value)
        if kind is None:
            raise GanvizError("the file refers to data of an unknown kind; it is damaged")
        if dtype is None:
            return Record("a storage of an unknown type")
        name = f"{root}data/{key}"
        if name not in archive.entries:
            raise GanvizError(f"the storage {shown(key)} is missing from the zip; the file is damaged")
        if key not in storages:
            _count(storages)
            storages[key] = Storage(_ordered(dtype, order), numel, lambda: archive.read(name))
        return storages[key]

    inner = pickles.Context(context.budget, context.names, persistent)
    return pickles.load(archive.read(f"{root}data.pkl"), inner)[0]


def read_legacy(data: memoryview, context: pickles.Context, position: int) -> Any:
    """The tree of the older form; `position` is behind the pickled magic number."""
    version, position = pickles.load(data, context, position)
    if version != PROTOCOL:
        raise GanvizError(f"torch.save's protocol {shown(version)} is not known, expected {PROTOCOL}")
    machine, position = pickles.load(data, context, position)
    little = machine.get("little_endian", True) if isinstance(machine, dict) else True
    places: dict[str, int] = {}
    storages: dict[str, Storage] = {}

    def persistent(value: Any) -> Any:
        if isinstance(value, tuple) and len(value) >= 2 and value[0] == "module":
            return value[1]  # the class of a whole pickled module; its source text follows and is not read
        kind, dtype, key, numel = _storage_id(value)
        if kind is None:
            raise GanvizError("the file refers to data of an unknown kind; it is damaged")
        if dtype is None:
            return Record("a storage of an unknown type")
        if key not in storages:
            _count(storages)
            storages[key] = Storage(_ordered(dtype, b"little" if little else b"big"), numel, lambda: at(key))
        storage = storages[key]
        view = value[5] if len(value) > 5 else None
        return storage if view is None else _part(storage, view)

    def at(key: str) -> memoryview:
        if key not in places:
            raise GanvizError(f"the storage {shown(key)} is missing; the file is cut short or damaged")
        return data[places[key] :]

    inner = pickles.Context(context.budget, context.names, persistent)
    tree, position = pickles.load(data, inner, position)
    keys, position = pickles.load(data, context, position)
    if not isinstance(keys, list) or len(keys) > MAX_STORAGES:
        raise GanvizError("the list of storages is missing; the file is damaged")
    for key in keys:
        if key not in storages:
            raise GanvizError("a storage is stored that nothing refers to; the file is damaged")
        if position + 8 > len(data):
            raise GanvizError("the numbers end too early; the file is cut short")
        (count,) = struct.unpack_from("<q", data, position)
        storage = storages[key]
        size = count * itemsize(storage.dtype)
        if count != storage.numel or position + 8 + size > len(data):
            raise GanvizError(
                f"a storage claims {storage.numel:,} numbers, the file has {max(0, len(data) - position - 8):,} bytes "
                "left; it is cut short or damaged"
            )
        places[key] = position + 8
        position += 8 + size
    return tree


def within(data: memoryview, context: pickles.Context) -> Any:
    """A whole file of torch.save that stands as bytes within a pickle."""
    context.budget.within += 1
    if context.budget.within > pickles.MAX_PICKLES_WITHIN:
        raise GanvizError(f"pickles stand within pickles more than {pickles.MAX_PICKLES_WITHIN} deep; refused")
    try:
        if bytes(data[:4]) == b"PK\x03\x04":
            return read_zip(Archive(data, 0), context)
        start, position = pickles.load(data, pickles.Context(context.budget, context.names))
        if start != MAGIC:
            raise GanvizError("the bytes of a storage are no file of torch.save; refused")
        return read_legacy(data, context, position)
    finally:
        context.budget.within -= 1


def _storage_id(value: Any) -> tuple[str | None, str | None, str, int]:
    """("storage", type of its numbers or None, key, how many) of a persistent id; kind None where it is none."""
    if not (isinstance(value, tuple) and len(value) >= 5 and value[0] == "storage"):
        return None, None, "", 0
    kind, key, numel = value[1], value[2], value[4]
    if not isinstance(kind, Name) or not isinstance(key, str) or type(numel) is not int or numel < 0:
        return None, None, "", 0
    return "storage", known.storage_type(kind.name), key, numel


def _ordered(dtype: str, order: bytes) -> str:
    return dtype if order == b"little" or dtype == "bfloat16" else dtype.replace("<", ">")


def _part(storage: Storage, view: Any) -> Storage:
    """A storage that is a stretch of another, as files of torch before 0.4 have them: (key, offset, length)."""
    if not (isinstance(view, tuple) and len(view) == 3 and all(type(n) is int and n >= 0 for n in view[1:])):
        raise GanvizError("a storage's place in another is not said as torch does it; the file is damaged")
    start, length = view[1], view[2]
    if start + length > storage.numel:
        raise GanvizError("a storage lies outside of the one that it is a part of; the file is damaged")
    size = itemsize(storage.dtype)
    return Storage(storage.dtype, length, lambda: storage.bytes()[start * size : (start + length) * size])


def _count(storages: dict[str, Storage]) -> None:
    if len(storages) >= MAX_STORAGES:
        raise GanvizError(f"the file has more than {MAX_STORAGES:,} storages; refused")
