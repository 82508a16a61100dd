"""Data sets: whatever people keep pictures in, as one uint8 array.

A source is a folder or zip of images, an `.npz`, a folder of IDX files (the MNIST layout) or a known name. It is
prepared once (cropped, scaled, converted) and kept as a memory-mapped array in the user's cache, so that memory
does not grow with the data and the second start is quick. No torch here.
"""

import gzip
import hashlib
import json
import math
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image, ImageOps

from ganviz.errors import GanvizError
from ganviz.files import atomic_path

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")

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

CACHE_FORMAT = 1
LARGEST_FILE = 256 << 20  # bytes of one image file; anything longer is not a picture for a data set


@dataclass(frozen=True)
class Dataset:
    """Images ready to train on or to measure against.

    images       uint8 (N, H, W, C), H = W = the resolution, C is 1 or 3; memory-mapped and read-only
    labels       int64 (N,) or None
    class_names  one name a class, empty without labels
    report       one line for each thing that was converted, cropped, scaled or skipped
    digest       sha256 over pixels and labels
    name         what to call it: the known name, or the last part of the path; never a path
    files        what each image is called inside the source, (N,)
    """

    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    report: tuple[str, ...]
    digest: str
    name: str
    files: tuple[str, ...]

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def __len__(self) -> int:
        return len(self.images)


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


def open_dataset(
    path_or_name: str | os.PathLike[str],
    resolution: int,
    channels: int | None = None,
    *,
    split: str = "train",
    on_progress: Callable[[int, int], None] | None = None,
    cache: Path | None = None,
) -> Dataset:
    """Open a folder, zip, `.npz`, folder of IDX files or known name as uint8 images of one size.

    resolution   pixels a side; images are cropped to their central square, then reduced by area average where
                 the reduction is a whole number and by Lanczos otherwise; 28 px images are padded to 32 first
    channels     1 or 3; None keeps grey sources grey and makes all others RGB
    split        "train" or "test", for IDX folders that hold both
    on_progress  called with (images done, images in all)
    cache        folder for prepared arrays; default: the user's cache folder

    Raises GanvizError with one line when there is nothing usable.
    """
    if not 1 <= resolution <= 4096:
        raise GanvizError(f"resolution: expected 1 to 4096 pixels, got {resolution}")
    if channels not in (None, 1, 3):
        raise GanvizError(f"channels: expected 1 or 3, got {channels}")
    with _open_source(path_or_name, split) as source:
        folder = (cache or platformdirs.user_cache_path("ganviz")) / "datasets"
        key = f"{source.fingerprint}-{resolution}-{channels or 'auto'}-{CACHE_FORMAT}"
        key = hashlib.sha256(key.encode()).hexdigest()[:32]
        found = _read_cache(folder, key, source.name)
        if found is None:
            _prepare(source, resolution, channels, folder, key, on_progress)
            found = _read_cache(folder, key, source.name)
        if found is None:
            raise GanvizError(f"{folder}: the prepared data set cannot be read back; is the disk full?")
        return found


# --- sources ---------------------------------------------------------------------------------------------------


@contextmanager
def _open_source(path_or_name: str | os.PathLike[str], split: str) -> Iterator[Source]:
    path, name = _locate(path_or_name)
    class_names = CLASS_NAMES.get(name, ())
    if path.is_dir() and list(_idx_files(path)):
        yield _idx_source(path, name, split, class_names)
    elif path.is_dir():
        files = _listing(path)
        yield _image_source(path, name, tuple(files), lambda member: (path / member).read_bytes(), _stamp(path, files))
    elif path.suffix.lower() == ".npz":
        yield _npz_source(path, name, class_names)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            entries = {item.filename: item for item in archive.infolist() if not item.is_dir()}

            def read(member: str) -> bytes:
                if entries[member].file_size > LARGEST_FILE:
                    raise ValueError("too large")
                return archive.read(member)

            stamp = hashlib.sha256(repr([(i.filename, i.CRC, i.file_size) for i in entries.values()]).encode())
            yield _image_source(path, name, tuple(sorted(entries)), read, stamp.hexdigest())
    else:
        raise GanvizError(
            f"{path}: expected a folder or zip of images, an .npz or a folder of IDX files; it is none of these"
        )


def _locate(path_or_name: str | os.PathLike[str]) -> tuple[Path, str]:
    """The path behind a known name or a path, and the name to show for it."""
    given = os.fspath(path_or_name)
    path = Path(given).expanduser()
    if path.exists():
        name = "fashion-mnist" if path.resolve() == FASHION_FOLDER else path.resolve().stem
        return path, name
    if given not in KNOWN:
        raise GanvizError(f"{given}: no such file or folder, and not one of the known names {', '.join(KNOWN)}")
    for base in _data_folders():
        for candidate in KNOWN[given]:
            if (base / candidate).exists():
                return base / candidate, given
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


def _data_folders() -> list[Path]:
    """`resources/data` of a source tree, and of an installed package."""
    here = Path(__file__).resolve().parent
    return [here.parent / "resources" / "data", here / "resources" / "data"]


def _listing(folder: Path) -> list[str]:
    """Files below `folder` as sorted POSIX paths relative to it, hidden ones left out."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = Path(parent).relative_to(folder)
        found += [(relative / name).as_posix() for name in names if not name.startswith(".")]
    return sorted(found)


def _stamp(folder: Path, files: list[str]) -> str:
    """A fingerprint of a folder from names, sizes and times: reading every byte at each start would be slow."""
    stats = [(name, (folder / name).stat()) for name in files]
    return hashlib.sha256(repr([(name, s.st_size, s.st_mtime_ns) for name, s in stats]).encode()).hexdigest()


def _image_source(
    path: Path, name: str, members: tuple[str, ...], read_bytes: Callable[[str], bytes], fingerprint: str
) -> Source:
    files = tuple(member for member in members if member.lower().endswith(SUFFIXES) and "__MACOSX/" not in member)
    if not files:
        raise GanvizError(f"{path}: no images in it; expected files ending in {' '.join(SUFFIXES[:5])} ...")
    notes = []
    others = len(members) - len(files) - ("dataset.json" in members)
    if others:
        notes.append(f"{others} files that are not images were passed over")
    if "dataset.json" in members:
        files, labels, class_names, more = _json_labels(path, files, read_bytes("dataset.json"))
        notes += more
    else:
        labels, class_names = _folder_labels(files)

    def read(index: int) -> Image.Image:
        return Image.open(BytesIO(read_bytes(files[index])))

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
    path: Path, files: tuple[str, ...], raw: bytes
) -> tuple[tuple[str, ...], tuple[int, ...] | None, tuple[str, ...], list[str]]:
    """Labels from `dataset.json` as the StyleGAN tools write it: {"labels": [["00000/img00000000.png", 6], ...]}."""
    try:
        entries = json.loads(raw)["labels"]
        if entries is None:
            return files, None, (), []
        by_name = {str(name).replace("\\", "/"): label for name, label in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise GanvizError(f'{path}: dataset.json is not {{"labels": [[file, class], ...]}} ({error})') from error
    kept = tuple(name for name in files if name in by_name)
    notes = [f"{len(files) - len(kept)} images without a label were left out"] if len(kept) < len(files) else []
    if not kept:
        raise GanvizError(f"{path}: none of the files that dataset.json names is in it")
    labels = [by_name[name] for name in kept]
    if all(isinstance(label, list) and label for label in labels):
        # Attribute vectors: only one-hot ones are classes.
        if not all(sorted(label)[:-1] == [0] * (len(label) - 1) and max(label) == 1 for label in labels):
            return (
                files,
                None,
                (),
                ["dataset.json holds label vectors that are not classes; they are not used"],
            )
        labels = [label.index(1) for label in labels]
    if not all(type(label) is int and 0 <= label < 1 << 16 for label in labels):
        raise GanvizError(f"{path}: dataset.json has labels that are not whole numbers from 0")
    return kept, tuple(labels), tuple(str(k) for k in range(max(labels) + 1)), notes


def _npz_source(path: Path, name: str, class_names: tuple[str, ...]) -> Source:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "images" not in archive:
                raise GanvizError(f"{path}: expected an array `images`, found {', '.join(archive) or 'nothing'}")
            images = archive["images"]
            labels = archive["labels"] if "labels" in archive else None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise GanvizError(f"{path}: not a readable .npz of plain arrays ({error})") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (1, 3, 4)):
        raise GanvizError(
            f"{path}: expected `images` as uint8 (N, H, W) or (N, H, W, C), got {images.dtype} {images.shape}"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return _array_source(path, name, images, labels, class_names, digest)


def _array_source(
    path: Path,
    name: str,
    images: np.ndarray,
    labels: np.ndarray | None,
    class_names: tuple[str, ...],
    digest: str,
) -> Source:
    if not len(images):
        raise GanvizError(f"{path}: it holds no images")
    numbers = None
    if labels is not None:
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0:
            raise GanvizError(f"{path}: expected {len(images)} labels from 0, got {labels.dtype} {labels.shape}")
        numbers = tuple(int(label) for label in labels)
        if len(class_names) <= max(numbers):
            class_names = tuple(str(k) for k in range(max(numbers) + 1))
    grey = images.ndim == 3 or images.shape[3] == 1
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


def _idx_files(folder: Path) -> Iterator[Path]:
    """The IDX image files of a folder, with their usual names or only the usual ending."""
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(".gz")
        if name.endswith(("-images-idx3-ubyte", "-images.idx3-ubyte")):
            yield path


def _idx_source(folder: Path, name: str, split: str, class_names: tuple[str, ...]) -> Source:
    prefixes = ("t10k", "test") if split == "test" else ("train",)
    candidates = list(_idx_files(folder))
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
        if label_path.exists():
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
    except (OSError, EOFError) as error:
        raise GanvizError(f"{path}: cannot be read ({error})") from error
    start = 4 + 4 * dimensions
    if raw[:4] != bytes((0, 0, 8, dimensions)) or len(raw) < start:
        raise GanvizError(f"{path}: expected an IDX file of unsigned bytes with {dimensions} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", dimensions, 4))
    if len(raw) - start != math.prod(shape):
        raise GanvizError(f"{path}: expected {math.prod(shape)} bytes of data for {shape}, got {len(raw) - start}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


# --- preparation -----------------------------------------------------------------------------------------------


def _prepare(
    source: Source,
    resolution: int,
    channels: int | None,
    folder: Path,
    key: str,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Write `key`.npy and `key`.json; the JSON last, because it says that the array is whole."""
    count = len(source.files)
    if channels is None:
        channels = source.channels or _find_channels(source)
    sizes: Counter[str] = Counter()
    conversions: Counter[str] = Counter()
    skipped: list[str] = []
    kept: list[int] = []
    digest = hashlib.sha256()
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / f"{key}.npy") as temporary, open(temporary, "wb") as file:
        file.write(_npy_header((count, resolution, resolution, channels)))
        for index in range(count):
            try:
                image = source.read(index)
                pixels, conversion = to_pixels(image, channels)
            except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
                skipped.append(f"{source.files[index]}: cannot be read as an image ({error}), skipped")
                continue
            except Image.DecompressionBombError as error:
                skipped.append(f"{source.files[index]}: {error}, skipped")
                continue
            conversions[conversion] += 1
            sizes[f"{pixels.shape[1]} x {pixels.shape[0]}"] += 1
            square = fit(pixels, resolution).tobytes()
            file.write(square)
            digest.update(square)
            kept.append(index)
            if on_progress and (index % 64 == 63 or index == count - 1):
                on_progress(index + 1, count)
        if not kept:
            raise GanvizError(f"{source.name}: none of its {count} images can be read; first: {skipped[0]}")
        file.seek(0)
        file.write(_npy_header((len(kept), resolution, resolution, channels)))
    labels = None if source.labels is None else [source.labels[index] for index in kept]
    digest.update(repr(labels).encode())
    report = list(source.notes)
    report += [f"{n} images: {text}" for text, n in conversions.most_common() if text]
    report.append(f"{len(kept)} images of {_sizes_text(sizes)} brought to {resolution} x {resolution} x {channels}")
    report += skipped[:20]
    if len(skipped) > 20:
        report.append(f"... and {len(skipped) - 20} more files skipped")
    note: dict[str, Any] = {
        "shape": [len(kept), resolution, resolution, channels],
        "labels": labels,
        "class_names": source.class_names,
        "report": report,
        "digest": digest.hexdigest(),
        "files": [source.files[index] for index in kept],
    }
    with atomic_path(folder / f"{key}.json") as temporary:
        temporary.write_text(json.dumps(note), encoding="utf-8")


def _sizes_text(sizes: Counter[str]) -> str:
    if len(sizes) <= 3:
        return ", ".join(sizes)
    return f"{len(sizes)} sizes, most often {sizes.most_common(1)[0][0]}"


def _find_channels(source: Source) -> int:
    """1 when every image is grey, else 3; headers alone are read."""
    for index in range(len(source.files)):
        try:
            image = source.read(index)
        except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, zipfile.BadZipFile):
            continue
        if isinstance(image, Image.Image) and image.mode not in ("1", "L", "LA", "La") and image.mode[0] not in "IF":
            return 3
    return 1


def to_pixels(image: Image.Image | np.ndarray, channels: int) -> tuple[np.ndarray, str]:
    """An image of any mode as uint8 (H, W, channels), and what was done to it ("" for nothing).

    Transparency is laid over white; 16-bit grey keeps its upper byte; the camera's turn (EXIF) is applied.
    """
    if isinstance(image, np.ndarray):
        if image.ndim == 3 and image.shape[2] == channels:
            return image, ""
        image = Image.fromarray(image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image)
    image.load()
    mode = image.mode
    image = ImageOps.exif_transpose(image)
    if mode[0] == "I":
        pixels = np.clip(np.asarray(image, dtype=np.int64) >> 8, 0, 255).astype(np.uint8)
        image = Image.fromarray(pixels)
    elif mode == "F":
        raise ValueError("floating-point pixels have no agreed range")
    elif mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
        mode = "with transparency, laid over white," if mode != "P" else "palette with transparency, over white,"
    wanted = "L" if channels == 1 else "RGB"
    pixels = np.asarray(image.convert(wanted)).reshape(image.height, image.width, channels)
    names = {"L": "grey", "P": "palette", "1": "black and white"}
    done = "" if mode == wanted else f"{names.get(mode, mode)} to {'grey' if channels == 1 else 'RGB'}"
    return pixels, done


def fit(pixels: np.ndarray, resolution: int) -> np.ndarray:
    """uint8 (H, W, C) to (resolution, resolution, C): central square, area average or Lanczos; 28 px padded to 32."""
    height, width, channels = pixels.shape
    side = min(height, width)
    if side == 0:
        raise ValueError("empty image")
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    if side == 28 and resolution != 28:
        square = np.pad(square, ((2, 2), (2, 2), (0, 0)))
        side = 32
    if side == resolution:
        return square
    if side % resolution == 0:
        k = side // resolution
        blocks = square.reshape(resolution, k, resolution, k, channels).astype(np.uint32)
        return ((blocks.sum(axis=(1, 3)) + k * k // 2) // (k * k)).astype(np.uint8)
    image = Image.fromarray(square[:, :, 0] if channels == 1 else np.ascontiguousarray(square))
    resized = image.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return np.asarray(resized).reshape(resolution, resolution, channels)


# --- cache -----------------------------------------------------------------------------------------------------


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """A version 1.0 .npy header for uint8 in C order, always 128 bytes, so that the count can be corrected later."""
    text = repr({"descr": "|u1", "fortran_order": False, "shape": shape})
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def _read_cache(folder: Path, key: str, name: str) -> Dataset | None:
    """The prepared data set, or None where there is none that is whole."""
    try:
        note = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        images = np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        if images.dtype != np.uint8 or list(images.shape) != note["shape"]:
            return None
        labels = None if note["labels"] is None else np.asarray(note["labels"], dtype=np.int64)
        return Dataset(
            images=images,
            labels=labels,
            class_names=tuple(note["class_names"]),
            report=tuple(note["report"]),
            digest=note["digest"],
            name=name,
            files=tuple(note["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
