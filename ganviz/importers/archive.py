"""Zip files as data: which stretch of the file each name stands for. Nothing is unpacked to disk.

The standard library's reader builds an object for every entry that a file claims; this one looks first how many there
are, and holds sizes against the bytes that are there.
"""

import struct
import zlib
from dataclasses import dataclass

from ganviz.errors import GanvizError

MAX_DIRECTORY = 4 << 20
"""Bytes of the table of contents; a checkpoint with ten thousand tensors has less than one megabyte."""
END, END64, LOCATOR64, ENTRY, LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
STORED, DEFLATED = 0, 8
PIECE = 4 << 20
"""Bytes that are packed or unpacked at a time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One member: `start` of its local header, its packing, and both its sizes in bytes."""

    start: int
    method: int
    packed: int
    size: int


class Archive:
    """The members of a zip file by name, over the file's bytes."""

    def __init__(self, data: memoryview, allowance: int) -> None:
        """`allowance`: bytes that may be unpacked from compressed members, all together."""
        self.data = data
        self.allowance = allowance
        self.entries = _directory(data)
        self._unpacked: dict[str, bytearray] = {}

    def read(self, name: str) -> memoryview:
        """A member's bytes: a view where it is stored as it is, as torch does; GanvizError where it is damaged."""
        if name in self._unpacked:
            return memoryview(self._unpacked[name])
        entry, data = self.entries[name], self.data
        if bytes(data[entry.start : entry.start + 4]) != LOCAL or entry.start + 30 > len(data):
            raise GanvizError(f"the zip's table of contents points {name!r:.80} at no member; the file is damaged")
        name_length, extra_length = struct.unpack_from("<HH", data, entry.start + 26)
        start = entry.start + 30 + name_length + extra_length
        packed = data[start : start + entry.packed]
        if len(packed) < entry.packed:
            raise GanvizError(f"{name!r:.80} ends after {len(packed)} of {entry.packed} bytes; the file is cut short")
        if entry.method == STORED:
            return packed
        if entry.method != DEFLATED:
            raise GanvizError(f"{name!r:.80} is packed in a way (method {entry.method}) that is not read")
        if entry.size > self.allowance:
            raise GanvizError(f"{name!r:.80} would unpack to {entry.size:,} bytes, far more than the file's own size")
        self.allowance -= entry.size
        self._unpacked[name] = _inflated(packed, entry.size, -zlib.MAX_WBITS)
        return memoryview(self._unpacked[name])


def gunzipped(data: memoryview, allowance: int) -> memoryview:
    """The contents of a gzip file, at most `allowance` bytes."""
    return memoryview(_inflated(data, None, 16 + zlib.MAX_WBITS, allowance))


def _inflated(packed: memoryview, size: int | None, window: int, allowance: int = 0) -> bytearray:
    """Unpack to `size` bytes, or to at most `allowance` where the size is not known beforehand."""
    unpacker = zlib.decompressobj(window)
    limit = allowance if size is None else size
    unpacked = bytearray()
    try:
        for start in range(0, len(packed), PIECE):
            piece: bytes | memoryview = packed[start : start + PIECE]
            while not unpacker.eof:
                room = min(limit + 1 - len(unpacked), PIECE)
                more = unpacker.decompress(piece, room)
                unpacked += more
                if len(unpacked) > limit:
                    raise GanvizError(f"packed data unpack to more than {limit:,} bytes; refused")
                piece = unpacker.unconsumed_tail
                if not piece and len(more) < room:
                    break
    except zlib.error as error:
        raise GanvizError(f"packed data are damaged ({error})") from error
    if not unpacker.eof:
        raise GanvizError("packed data end too early; the file is cut short")
    return unpacked


def _directory(data: memoryview) -> dict[str, Entry]:
    """The table of contents."""
    start, length = _find_directory(data)
    if length > MAX_DIRECTORY:
        raise GanvizError(f"the zip's table of contents takes {length:,} bytes; more than {MAX_DIRECTORY:,} is refused")
    if start + length > len(data):
        raise GanvizError("the zip's table of contents lies outside the file; the file is cut short or damaged")
    entries: dict[str, Entry] = {}
    position, end = start, start + length
    while position + 46 <= end and bytes(data[position : position + 4]) == ENTRY:
        method, packed, size = struct.unpack_from("<H8xII", data, position + 10)
        name_length, extra_length, note_length, offset = struct.unpack_from("<HHH8xI", data, position + 28)
        position += 46
        name = bytes(data[position : position + name_length]).decode("utf-8", "replace")
        extra = bytes(data[position + name_length : position + name_length + extra_length])
        size, packed, offset = _widened(extra, size, packed, offset)
        if name in entries:
            raise GanvizError(f"the zip has two members of the name {name!r:.80}; the file is damaged")
        entries[name] = Entry(offset, method, packed, size)
        position += name_length + extra_length + note_length
    return entries


def _find_directory(data: memoryview) -> tuple[int, int]:
    """Start and length in bytes of the table of contents, from the record at the file's end."""
    tail_start = max(0, len(data) - 65557)
    tail = bytes(data[tail_start:])
    found = tail.rfind(END)
    if found < 0 or found + 22 > len(tail):
        raise GanvizError("the zip has no table of contents; the file is cut short")
    length, start = struct.unpack_from("<II", tail, found + 12)
    if length == 0xFFFFFFFF or start == 0xFFFFFFFF:
        locator = tail[max(0, found - 20) : found]
        if len(locator) < 20 or locator[:4] != LOCATOR64:
            raise GanvizError("the zip's table of contents cannot be found; the file is damaged")
        (wide,) = struct.unpack_from("<Q", locator, 8)
        if wide + 56 > len(data) or bytes(data[wide : wide + 4]) != END64:
            raise GanvizError("the zip's table of contents cannot be found; the file is damaged")
        length, start = struct.unpack_from("<QQ", data, wide + 40)
    return start, length


def _widened(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset, where they do not fit 32 bits taken from the entry's extra field."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            wide = extra[position + 4 : position + 4 + length]
            values = iter(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
            size = next(values, size) if size == 0xFFFFFFFF else size
            packed = next(values, packed) if packed == 0xFFFFFFFF else packed
            offset = next(values, offset) if offset == 0xFFFFFFFF else offset
        position += 4 + length
    return size, packed, offset
