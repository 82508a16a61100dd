"""Zips that hold arrays named by their digest: sessions, files of directions. They are untrusted when read."""

import io
import lzma
import math
import re
import zipfile
import zlib

import numpy as np

from ganviz.errors import GanvizError
from ganviz.expression import array_digest

ARRAY_LIMIT = 64 << 20
"""Bytes of one array."""
ARRAYS_LIMIT = 512 << 20
"""Bytes of all arrays in one file."""
DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)  # NotImplementedError is one

_NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f4', 'fortran_order': False, 'shape': \(([0-9, ]{1,40})\), \} *\n", re.DOTALL
)

_DIGEST = re.compile(r"([0-9a-f]{64})\.npy")


def entry(name: str) -> zipfile.ZipInfo:
    """A member to write, with a fixed date, so that equal contents are equal files."""
    made = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


def member(file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member's bytes, read no further than the limit whatever its header claims."""
    with file.open(name) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise GanvizError(f"{name} inside is larger than {limit >> 20} MiB")
    return data


def npy(array: np.ndarray) -> bytes:
    """An array as an .npy file."""
    raw = io.BytesIO()
    np.save(raw, array, allow_pickle=False)
    return raw.getvalue()


def read_npy(raw: bytes, digest: str) -> np.ndarray:
    """A read-only float32 array of an .npy, checked against the digest it is named by."""
    # Only what `npy` writes is read, by a pattern of its own: numpy evaluates a header as Python literals.
    header = _NPY.match(raw[:512])
    shape = tuple(int(size) for size in header[1].split(b",") if size.strip()) if header else ()
    if header is None or len(shape) not in (1, 2) or math.prod(shape) * 4 != len(raw) - header.end():
        raise GanvizError(f"array {digest[:12]}...: expected one or two dimensions of float32 numbers")
    array = np.frombuffer(raw, "<f4", offset=header.end()).reshape(shape)
    if not np.isfinite(array).all() or array_digest(array) != digest:
        raise GanvizError(f"array {digest[:12]}...: the numbers do not match their checksum or are not finite")
    array = array.astype(np.float32)
    array.setflags(write=False)
    return array


def read_arrays(
    file: zipfile.ZipFile, folder: str = "", limit: int = ARRAY_LIMIT, total: int = ARRAYS_LIMIT
) -> dict[str, np.ndarray]:
    """Every array of a zip's folder ("" or one that ends with a slash), by the digest that it is named by.

    `limit` are the bytes that one may have, `total` those of all together.
    """
    found = {name: _DIGEST.fullmatch(name.removeprefix(folder)) for name in file.namelist() if name.startswith(folder)}
    digests = {name: match[1] for name, match in found.items() if match is not None}
    if sum(file.getinfo(name).file_size for name in digests) > total:
        raise GanvizError(f"its arrays are larger than {total >> 20} MiB")
    return {digest: read_npy(member(file, name, limit), digest) for name, digest in digests.items()}
