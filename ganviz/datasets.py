"""Data sets: whatever people keep pictures in, as one uint8 array.

A source (see sources.py) is prepared once: cropped, scaled, converted. The array is kept memory-mapped in the
user's cache, so that memory does not grow with the data and the second start is quick. No torch here.
"""

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ganviz import places
from ganviz.errors import GanvizError
from ganviz.files import atomic_path, sweep
from ganviz.jobs import Job, Offload, Progress
from ganviz.pictures import fit, to_pixels
from ganviz.sources import UNREADABLE, Source, open_source

CACHE_FORMAT = 1
TOLD = 16
"""Images from one call of `on_progress` to the next."""


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
    with open_source(path_or_name, split) as source:
        folder = _cache_folder(cache)
        found = _prepared(source, resolution, channels, folder)
        if found is None:
            key = _cache_key(source, resolution, channels)
            _prepare(source, resolution, channels, folder, key, on_progress)
            found = _read_cache(folder, key, source)
        if found is None:
            raise GanvizError(f"{folder}: the prepared data set cannot be read back; is the disk full?")
        return found


def opening(path_or_name: str, resolution: int, channels: int | None = None) -> Job[Dataset]:
    """Job that opens a data set; where it has to be prepared first, cancelling the job ends that within some images."""
    stopping = threading.Event()

    def said(done: int, total: int) -> None:
        if stopping.is_set():
            raise GanvizError(f"{path_or_name}: no longer wanted")

    yield Progress(0, 0, "opening the data")
    asked = Offload(open_dataset, (path_or_name, resolution, channels), {"on_progress": said}, stopping.set)
    return (yield asked)


def open_prepared(path_or_name: str | os.PathLike[str], resolution: int, channels: int) -> Dataset | None:
    """The data set as `open_dataset` gives it, where it was prepared before; None where that is still to be done."""
    with open_source(path_or_name) as source:
        return _prepared(source, resolution, channels, _cache_folder(None))


def _prepared(source: Source, resolution: int, channels: int | None, folder: Path) -> Dataset | None:
    found = _read_cache(folder, _cache_key(source, resolution, channels), source)
    if found is None and channels is not None:
        # What was prepared without saying how many channels may have come to just as many.
        found = _read_cache(folder, _cache_key(source, resolution, None), source)
        found = found if found is not None and found.images.shape[3] == channels else None
    return found


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
    sweep(folder)  # a data set may be large, and so is what is left of one that was never finished
    with atomic_path(folder / f"{key}.npy") as temporary, open(temporary, "wb") as file:
        file.write(_npy_header((count, resolution, resolution, channels)))
        for index in range(count):
            try:
                image = source.read(index)
                pixels, conversion = to_pixels(image, channels)
                square = fit(pixels, resolution).tobytes()
            except UNREADABLE as error:
                # Pillow's own words for this one name a buffer, not the file.
                why = (
                    "unknown format"
                    if isinstance(error, UnidentifiedImageError)
                    else str(error) or type(error).__name__
                )
                skipped.append(f"{source.files[index]}: not a readable image ({why}), skipped")
                continue
            conversions[conversion] += 1
            sizes[f"{pixels.shape[1]} x {pixels.shape[0]}"] += 1
            file.write(square)
            digest.update(square)
            kept.append(index)
            if on_progress and (index % TOLD == TOLD - 1 or index == count - 1):
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
        except UNREADABLE:
            continue
        if isinstance(image, Image.Image) and image.mode not in ("1", "L", "LA", "La") and image.mode[0] not in "IF":
            return 3
    return 1


# --- cache -----------------------------------------------------------------------------------------------------


def _cache_folder(given: Path | None) -> Path:
    """The folder of prepared arrays, made if it is not there."""
    try:
        folder = (given or places.cache()) / "datasets"
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GanvizError(
            f"{error.filename}: cannot be made, and prepared data sets are kept there ({error.strerror}); "
            "set GANVIZ_HOME to a folder that can be written"
        ) from error
    return folder


def _cache_key(source: Source, resolution: int, channels: int | None) -> str:
    text = f"{source.fingerprint}-{resolution}-{channels or 'auto'}-{CACHE_FORMAT}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """A version 1.0 .npy header for uint8 in C order, always 128 bytes, so that the count can be corrected later."""
    text = repr({"descr": "|u1", "fortran_order": False, "shape": shape})
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def _read_cache(folder: Path, key: str, source: Source) -> Dataset | None:
    """The prepared data set, or None where there is none that is whole.

    What things are called comes from the source: equal pixels may have been prepared under another name.
    """
    try:
        note = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        images = np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        if images.dtype != np.uint8 or list(images.shape) != note["shape"]:
            return None
        labels = None if note["labels"] is None else np.asarray(note["labels"], dtype=np.int64)
        return Dataset(
            images=images,
            labels=labels,
            class_names=source.class_names,
            report=tuple(note["report"]),
            digest=note["digest"],
            name=source.name,
            files=tuple(note["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
