"""What people keep data sets in: folders and zips of images, `.npz`, IDX files, known names. No torch.

Opening a source lists it and finds its labels; pictures are read one at a time.
"""

import gzip
import hashlib
import json
import lzma
import math
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from ganviz import places
from ganviz.errors import GanvizError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".avif")

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
"""What a picture may be, whatever its name says: Pillow knows formats, as EPS, that it hands to other programs."""

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DIGIT_CLASSES = tuple(str(digit) for digit in range(10))

FASHION_FOLDER = Path("/usr/share/datasets/fashion-mnist")

KNOWN: dict[str, tuple[str, ...]] = {
    "digits": ("digits.npz", "digits.zip", "digits"),
    "faces": ("faces.zip", "faces.npz", "faces"),
    "fashion-mnist": ("fashion-mnist.npz", "fashion-mnist"),
}
"""Known names, and what each is called in `resources/data`."""

CLASS_NAMES = {"digits": DIGIT_CLASSES, "fashion-mnist": FASHION_CLASSES}

LARGEST_FILE = 256 << 20  # bytes of one image file; anything longer is not a picture for a data set
MOST_CLASSES = 1 << 16  # labels above this are not classes: a name would be made for every number below them

UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    MemoryError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    Image.DecompressionBombError,
)
"""What Pillow, NumPy and zipfile raise for a file that is damaged, cut short, locked or absurdly large."""


@dataclass(frozen=True)
class Source:
    """A data set before preparation: `read(i)` gives entry i as a PIL image or a uint8 array (H, W) or (H, W, C)."""

    name: str
    files: tuple[str, ...]
    read: Callable[[int], Image.Image | np.ndarray]
    labels: tuple[int, ...] | None
    class_names: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = field(default=())
    channels: int | None = None  # known for arrays; for image files it is found by looking


@contextmanager
def open_source(path_or_name: str | os.PathLike[str], split: str = "train") -> Iterator[Source]:
    """Open what `path_or_name` means; the source can be read until the block ends. GanvizError says what is wrong."""
    path, name = locate(path_or_name)
    class_names = CLASS_NAMES.get(name, ())
    if path.is_dir() and _idx_files(path):
        yield _idx_source(path, name, split, class_names)
    elif path.is_dir():
        yield _folder_source(path, name)
    elif path.is_file() and path.suffix.lower() == ".npz":
        with _open_npz(path) as npz:
            yield _npz_source(path, name, class_names, npz)
    elif path.is_file() and zipfile.is_zipfile(path):
        with _open_zip(path) as archive:
            yield _zip_source(path, name, archive)
    else:
        raise GanvizError(
            f"{path}: expected a folder or zip of images, an .npz or a folder of IDX files; it is none of these"
        )


def locate(path_or_name: str | os.PathLike[str]) -> tuple[Path, str]:
    """The path behind a known name or a path, and the name to show for it."""
    given = os.fspath(path_or_name)
    path = Path(os.path.expanduser(given))
    if os.path.exists(path):
        name = "fashion-mnist" if path.resolve() == FASHION_FOLDER else path.resolve().stem
        return path, name
    if given not in KNOWN:
        raise GanvizError(f"{given}: no such file or folder, and not one of the known names {', '.join(KNOWN)}")
    for candidate in KNOWN[given]:
        bundled = places.resources() / "data" / candidate
        if bundled.exists():
            return bundled, given
    if given == "fashion-mnist":
        if FASHION_FOLDER.is_dir():
            return FASHION_FOLDER, given
        raise GanvizError(
            f"fashion-mnist: not found in {FASHION_FOLDER}; install the Debian package dataset-fashion-mnist, "
            "or give a folder with its four IDX files"
        )
    raise GanvizError(
        f"{given}: this installation does not carry that data set; give a folder, a zip, an .npz or IDX files instead"
    )


def _folder_source(folder: Path, name: str) -> Source:
    found, notes = _listing(folder)

    def read(member: str) -> bytes:
        if found[member].st_size > LARGEST_FILE:
            raise ValueError("too large")
        return (folder / member).read_bytes()

    # Names, sizes and times stand for the content: reading every byte at each start would be slow.
    stats = [(member, s.st_size, s.st_mtime_ns) for member, s in found.items()]
    fingerprint = hashlib.sha256(repr(stats).encode()).hexdigest()
    return _image_source(folder, name, tuple(found), read, fingerprint, notes)


def _listing(folder: Path) -> tuple[dict[str, os.stat_result], list[str]]:
    """Regular files below `folder` by sorted POSIX paths relative to it, hidden ones left out; and what is wrong.

    Links to nothing are passed over, and so are pipes and devices, on which reading would wait for ever.
    """
    found: dict[str, os.stat_result] = {}
    odd: list[str] = []
    closed: list[str] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: closed.append(str(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(parent, name)
            member = path.relative_to(folder).as_posix()
            if name.startswith("."):
                continue
            try:
                stats = path.stat()
            except OSError:
                odd.append(member)
                continue
            if stat.S_ISREG(stats.st_mode):
                found[member] = stats
            else:
                odd.append(member)
    notes = []
    if odd:
        notes.append(f"{len(odd)} entries that are not regular files were passed over: {_some(odd)}")
    if closed:
        notes.append(f"{len(closed)} folders that cannot be read were passed over: {_some(closed)}")
    return dict(sorted(found.items())), notes


def _some(names: list[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (" ..." if len(names) > 3 else "")


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise GanvizError(f"{path}: the zip is damaged or cut short ({error}); fetch or make it again") from error


def _zip_source(path: Path, name: str, archive: zipfile.ZipFile) -> Source:
    entries = {item.filename: item for item in archive.infolist() if not item.is_dir()}

    def read(member: str) -> bytes:
        if entries[member].file_size > LARGEST_FILE:
            raise ValueError("too large")
        return archive.read(member)

    # With the time, because a damaged zip and its repaired copy have the same table of contents.
    stamp = [path.stat().st_mtime_ns, *((i.filename, i.CRC, i.file_size) for i in entries.values())]
    fingerprint = hashlib.sha256(repr(stamp).encode()).hexdigest()
    return _image_source(path, name, tuple(sorted(entries)), read, fingerprint, [])


def _image_source(
    path: Path,
    name: str,
    members: tuple[str, ...],
    read_bytes: Callable[[str], bytes],
    fingerprint: str,
    notes: list[str],
) -> Source:
    files = tuple(member for member in members if member.lower().endswith(SUFFIXES) and "__MACOSX/" not in member)
    if not files:
        raise GanvizError(f"{path}: no images in it; expected files ending in {' '.join(SUFFIXES[:5])} ...")
    notes = list(notes)
    others = len(members) - len(files) - ("dataset.json" in members)
    if others:
        notes.append(f"{others} files that are not images were passed over")
    if "dataset.json" in members:
        files, labels, class_names, more = _json_labels(path, files, read_bytes)
        notes += more
    else:
        labels, class_names = _folder_labels(files)

    def read(index: int) -> Image.Image:
        return Image.open(BytesIO(read_bytes(files[index])), formats=FORMATS)

    return Source(name, files, read, labels, class_names, fingerprint, tuple(notes))


def _folder_labels(files: tuple[str, ...]) -> tuple[tuple[int, ...] | None, tuple[str, ...]]:
    """Labels from folder names, where every image lies in one of at least two folders."""
    parts = [name.split("/")[:-1] for name in files]
    while all(parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]  # one folder around everything says nothing
    if not all(parts):
        return None, ()
    class_names = tuple(sorted({part[0] for part in parts}))
    index = {name: k for k, name in enumerate(class_names)}
    return tuple(index[part[0]] for part in parts), class_names


def _json_labels(
    path: Path, files: tuple[str, ...], read_bytes: Callable[[str], bytes]
) -> tuple[tuple[str, ...], tuple[int, ...] | None, tuple[str, ...], list[str]]:
    """Labels from `dataset.json` as the StyleGAN tools write it: {"labels": [["00000/img00000000.png", 6], ...]}."""
    try:
        entries = json.loads(read_bytes("dataset.json"))["labels"]
        if entries is None:
            return files, None, (), []
        by_name = {str(name).replace("\\", "/"): label for name, label in entries}
    except UNREADABLE as error:  # nested too deep is a RecursionError, a RuntimeError
        raise GanvizError(f'{path}: dataset.json is not {{"labels": [[file, class], ...]}} ({error})') from error
    kept = tuple(name for name in files if name in by_name)
    notes = [f"{len(files) - len(kept)} images without a label were left out"] if len(kept) < len(files) else []
    if not kept:
        raise GanvizError(f"{path}: none of the files that dataset.json names is in it")
    labels = [by_name[name] for name in kept]
    if all(isinstance(label, list) and label and all(isinstance(x, int | float) for x in label) for label in labels):
        # Attribute vectors: only one-hot ones are classes.
        if not all(sorted(label)[:-1] == [0] * (len(label) - 1) and max(label) == 1 for label in labels):
            return (
                files,
                None,
                (),
                ["dataset.json holds label vectors that are not classes; they are not used"],
            )
        labels = [label.index(1) for label in labels]
    if not all(type(label) is int and 0 <= label < MOST_CLASSES for label in labels):
        raise GanvizError(f"{path}: dataset.json has labels that are not whole numbers from 0 to {MOST_CLASSES - 1}")
    return kept, tuple(labels), tuple(str(k) for k in range(max(labels) + 1)), notes


@contextmanager
def _open_npz(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        archive = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise GanvizError(f"{path}: not a readable .npz of plain arrays ({error})") from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise GanvizError(f"{path}: expected an .npz with an array `images`, this is a single array (.npy)")
    with archive:
        yield archive


def _npz_source(path: Path, name: str, class_names: tuple[str, ...], npz: np.lib.npyio.NpzFile) -> Source:
    if "images" not in npz:
        raise GanvizError(f"{path}: expected an array `images`, found {_some(list(npz)) or 'nothing'}")
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        images = NpzImages(path, npz)
        labels = npz["labels"] if "labels" in npz else None
    except UNREADABLE as error:
        raise GanvizError(f"{path}: not a readable .npz of plain arrays ({error})") from error
    if labels is not None and not isinstance(labels, np.ndarray):  # a member that is no array comes back as bytes
        raise GanvizError(f"{path}: expected `images` and `labels` as arrays, found files of another kind")
    return _array_source(path, name, images, labels, class_names, digest)


class NpzImages:
    """The array `images` of an .npz as uint8 (N, H, W) or (N, H, W, C), of which one image at a time is in memory.

    Cheap when read in order, as a data set is prepared. Raises GanvizError for what is no such array.
    """

    def __init__(self, path: Path, npz: np.lib.npyio.NpzFile) -> None:
        self._path = path
        assert npz.zip is not None
        member = "images.npy" if "images.npy" in npz.zip.namelist() else "images"
        self._file = npz.zip.open(member)
        if self._file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
            raise GanvizError(f"{path}: expected `images` and `labels` as arrays, found files of another kind")
        self._file.seek(0)
        if np.lib.format.read_magic(self._file) == (1, 0):
            shape, by_columns, dtype = np.lib.format.read_array_header_1_0(self._file)
        else:
            shape, by_columns, dtype = np.lib.format.read_array_header_2_0(self._file)
        if dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)):
            raise GanvizError(f"{path}: expected `images` as uint8 (N, H, W) or (N, H, W, C), got {dtype} {shape}")
        present = npz.zip.getinfo(member).file_size - self._file.tell()
        if min(shape) < 0 or math.prod(shape) != present:
            raise GanvizError(f"{path}: its header says images of shape {shape}, but {present} bytes of them are there")
        self._whole = npz["images"] if by_columns else None  # whose images do not lie one after another
        self.shape = shape
        self._start = self._file.tell()
        self._size = math.prod(shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        if self._whole is not None:
            return self._whole[index]
        try:
            self._file.seek(self._start + index * self._size)
            raw = self._file.read(self._size)
            if index == len(self) - 1:
                self._file.read(1)  # past the end, where the zip's checksum is looked at
            return np.frombuffer(raw, np.uint8).reshape(self.shape[1:])
        except UNREADABLE as error:
            raise GanvizError(f"{self._path}: not a readable .npz of plain arrays ({error})") from error


def _array_source(
    path: Path,
    name: str,
    images: "np.ndarray | NpzImages",
    labels: np.ndarray | None,
    class_names: tuple[str, ...],
    digest: str,
) -> Source:
    if not len(images):
        raise GanvizError(f"{path}: it holds no images")
    if 0 in images.shape:
        raise GanvizError(f"{path}: expected images of at least 1 x 1 pixel, got the shape {images.shape}")
    numbers = None
    if labels is not None:
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0:
            raise GanvizError(f"{path}: expected {len(images)} labels from 0, got {labels.dtype} {labels.shape}")
        if labels.max() >= MOST_CLASSES:
            raise GanvizError(f"{path}: expected labels from 0 to {MOST_CLASSES - 1}, got {labels.max()}")
        numbers = tuple(int(label) for label in labels)
        if len(class_names) <= max(numbers):
            class_names = tuple(str(k) for k in range(max(numbers) + 1))
    grey = len(images.shape) == 3 or images.shape[3] == 1
    files = tuple(str(index) for index in range(len(images)))
    return Source(
        name,
        files,
        lambda index: images[index],
        numbers,
        class_names if numbers else (),
        digest,
        channels=1 if grey else 3,
    )


def _idx_files(folder: Path) -> list[Path]:
    """The IDX image files of a folder, with their usual names or only the usual ending."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise GanvizError(f"{folder}: cannot be read ({error.strerror or error})") from error
    ends = ("-images-idx3-ubyte", "-images.idx3-ubyte")
    return [path for path in entries if path.name.removesuffix(".gz").endswith(ends) and path.is_file()]


def _idx_source(folder: Path, name: str, split: str, class_names: tuple[str, ...]) -> Source:
    prefixes = ("t10k", "test") if split == "test" else ("train",)
    candidates = _idx_files(folder)
    chosen = [path for path in candidates if path.name.startswith(prefixes)]
    if not chosen and split == "train":
        chosen = candidates
    if not chosen:
        raise GanvizError(f"{folder}: expected t10k-images-idx3-ubyte or the same with .gz for the test images")
    image_path = chosen[0]
    images = _read_idx(image_path, 3)
    stem = image_path.name.removesuffix(".gz").replace("-images", "-labels").replace("idx3", "idx1")
    labels = None
    for label_path in (folder / stem, folder / f"{stem}.gz"):
        if label_path.is_file():
            labels = _read_idx(label_path, 1)
            break
    digest = hashlib.sha256(images.tobytes() + (b"" if labels is None else labels.tobytes())).hexdigest()
    if labels is not None:
        labels = labels.astype(np.int64)
    return _array_source(image_path, name, images, labels, class_names, digest)


def _read_idx(path: Path, dimensions: int) -> np.ndarray:
    """An IDX file of unsigned bytes: 0, 0, type 8, number of dimensions, sizes as big-endian int32, then the data."""
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except UNREADABLE as error:
        raise GanvizError(f"{path}: cannot be read ({error})") from error
    start = 4 + 4 * dimensions
    if raw[:4] != bytes((0, 0, 8, dimensions)) or len(raw) < start:
        raise GanvizError(f"{path}: expected an IDX file of unsigned bytes with {dimensions} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", dimensions, 4))
    if len(raw) - start != math.prod(shape):
        raise GanvizError(f"{path}: expected {math.prod(shape)} bytes of data for {shape}, got {len(raw) - start}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
