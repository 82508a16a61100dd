"""Films and picture sequences of recipes: mp4, webm, gif, or a folder of PNG files.

Frames are drawn a few at a time; scaling them, and writing them to a file or through a pipe to ffmpeg, goes on beside
the drawing of the next ones. No side ever holds more than a few frames. Nothing is left under the final name, or beside
it, unless the film is whole.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np
from PIL import Image

from ganviz.beside import Beside
from ganviz.errors import GanvizError
from ganviz.ffmpeg import CODECS, Encoder, Quality, add_gif_comment, encoder, read_comment
from ganviz.files import atomic_folder, atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.recipe import Recipe
from ganviz.session import to_image, write_png
from ganviz.walk import WalkRecipes, check_fps

if TYPE_CHECKING:
    from ganviz.render import Frame

VERSION = 1
SIDE_LIMIT = 8192
BATCH_PIXELS = 16 * 64 * 64
"""Pixels drawn in one step, a fixed number so that films are repeatable ..."""
STEP_SECONDS = 0.1
"""... unless a step takes longer than this: then the following ones are half as large."""
KEYFRAME_LIMIT = 1024

Resample = Literal["lanczos", "nearest"]


class Draws(Protocol):
    """What export needs of a renderer."""

    def render_all(self, recipes: Sequence[Recipe]) -> "list[Frame]": ...

    def render_nearly(self, recipes: Sequence[Recipe]) -> "list[Frame]": ...


def export(
    renderer: Draws,
    recipes: Sequence[Recipe],
    path: str | os.PathLike[str],
    fps: float | None = None,
    size: int | None = None,
    quality: Quality = "high",
    resample: Resample = "lanczos",
    metadata: bool = True,
    licence: str = "",
    batch: int = 0,
) -> Job[Path]:
    """Draw `recipes`, one a frame, and write them to `path`; a job that returns the path.

    path      its suffix chooses the kind: .mp4, .webm, .gif; without one, a new folder of 00000.png, 00001.png, ...
    fps       frames a second; None takes the walk's own
    size      pixels a side; None is the model's. mp4 and webm repeat the last row and column to make odd sizes even
    quality   of mp4 and webm: "low", "medium" or "high"
    resample  how pictures are brought to that size: "lanczos", smooth, or "nearest", every pixel as it is
    metadata  carry the recipes in the file, for `read_video_metadata`; `licence` is the model's, and goes with them
    batch     so many pictures are drawn in one step, fewer where that takes long; 0: as few as the window can wait for

    The first and the last frame are drawn alone, so that before encoding they equal the pictures of their recipes to
    the byte. Raises GanvizError for a target, a size or a rate that cannot be, and when ffmpeg gives up.
    """
    suffix = suffix_of(path)
    target = Path(path)
    if fps is None:
        fps = recipes.walk.fps if isinstance(recipes, WalkRecipes) else 30.0
    _check(target, suffix, recipes, fps, size, quality, resample)
    yield Progress(0, len(recipes), "drawing frames")
    if not suffix:
        return (yield from _export_pictures(renderer, recipes, target, size, resample, metadata, licence, batch))
    codec = CODECS[suffix]
    drawn = _draw(renderer, recipes, batch, renderer.render_nearly)
    with atomic_path(target) as temporary:
        temporary.touch()  # A folder that cannot be written to is found out before anything is drawn.
        first = next(drawn)
        shaped = Shape(size, resample, even=codec.even)
        height, width = shaped.apply(first[0].pixels).shape[:2]
        comment = json.dumps(metadata_of(recipes, first[0].recipe, fps, licence), allow_nan=False) if metadata else ""
        done = 0
        with encoder(codec, target, temporary, (width, height), fps, quality, comment) as running, Beside() as beside:
            for frames in chain([first], drawn):
                yield from _give(beside, _encode, (running, frames, shaped))
                done += len(frames)
                yield Progress(done, len(recipes), "drawing frames")
            yield Progress(done, len(recipes), "closing the file")
            yield Offload(beside.finish)
            yield Offload(running.finish)
        if suffix == ".gif" and comment:
            add_gif_comment(temporary, comment)
    return target


def suffix_of(path: str | os.PathLike[str]) -> str:
    """The suffix in lower case that chooses the kind of film, "" for a folder; GanvizError when it is unknown."""
    text = os.fspath(path)
    if text.endswith(("/", os.sep)) or Path(path).is_dir():
        return ""
    suffix = Path(path).suffix.lower()
    if suffix and suffix not in CODECS:
        known = ", ".join(CODECS)
        raise GanvizError(f"{path}: cannot write {suffix} films; expected {known}, or a folder for PNG files")
    return suffix


@dataclass(frozen=True, slots=True)
class Shape:
    """How pixels are fitted to a film: side in pixels (None = as they are), resampling, even sizes."""

    size: int | None = None
    resample: Resample = "lanczos"
    even: bool = False

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """pixels uint8 (H, W, C) to uint8 (size, size, C), with the last row and column repeated where even."""
        height, width = pixels.shape[:2]
        size = self.size
        if size is not None and (size, size) != (height, width):
            whole = size % height == 0 and size % width == 0
            if self.resample == "nearest":
                if whole:
                    pixels = pixels.repeat(size // height, axis=0).repeat(size // width, axis=1)
                else:
                    pixels = _resized(pixels, size, Image.Resampling.NEAREST)
            else:
                pixels = _resized(pixels, size, Image.Resampling.LANCZOS)
        height, width = pixels.shape[:2]
        if self.even and (height % 2 or width % 2):
            pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        return pixels


def metadata_of(recipes: Sequence[Recipe], first: Recipe, fps: float, licence: str = "") -> dict[str, Any]:
    """What a film says of itself: its keyframes and its walk. Arrays are named, not carried.

    A sequence that is no walk has a keyframe a frame, left out over 1024. `first` is the first frame's recipe as it
    was drawn: its model's reference, which never is a path, stands in all of them.
    """
    data: dict[str, Any] = {"ganviz": VERSION, "kind": "walk", "model": first.model.to_json()}
    if licence:
        data["licence"] = licence
    keyframes = recipes.keyframes if isinstance(recipes, WalkRecipes) else recipes
    if len(keyframes) <= KEYFRAME_LIMIT:
        data["keyframes"] = [recipe.edit(model=first.model).to_json() for recipe in keyframes]
    if isinstance(recipes, WalkRecipes):
        data["walk"] = replace(recipes.walk, fps=fps).to_json()
        if recipes.frames is not None:
            data["frames"], data["easings"] = list(recipes.frames), list(recipes.easings)
    return data


def read_video_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `export` wrote into an mp4, webm or gif file: {"ganviz": 1, "kind": "walk", "keyframes": [...], ...}.

    `Recipe.from_json` and `Walk.from_json` read the parts. Raises GanvizError, naming the file, when it carries none.
    """
    path = Path(path)
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        raise GanvizError(f"{path}: expected a film that ganviz wrote ({', '.join(CODECS)})")
    if not path.is_file():
        raise GanvizError(f"{path}: no such file")
    comment = read_comment(path, codec)
    try:
        data = json.loads(comment)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("kind") != "walk" or not isinstance(data.get("ganviz"), int):
        raise GanvizError(f"{path}: this film carries no recipes; expected one that ganviz exported with its metadata")
    if data["ganviz"] > VERSION:
        raise GanvizError(
            f"{path}: written by a newer ganviz (format {data['ganviz']}, this one reads {VERSION}); update ganviz"
        )
    return data


def _check(
    target: Path,
    suffix: str,
    recipes: Sequence[Recipe],
    fps: float,
    size: int | None,
    quality: Quality,
    resample: Resample,
) -> None:
    if len(recipes) < 1:
        raise GanvizError(f"{target}: expected at least one frame to write, got none")
    check_fps(fps)
    most = CODECS[suffix].top_fps if suffix else fps
    if fps > most:
        raise GanvizError(
            f"{target}: {suffix} plays at most {most:g} frames a second, got {fps:g}; choose .mp4 for more"
        )
    if size is not None and not (type(size) is int and 1 <= size <= SIDE_LIMIT):
        raise GanvizError(f"{target}: expected a size of 1 to {SIDE_LIMIT} pixels, got {size!r:.40}")
    for name, value, known in (
        ("quality", quality, ("low", "medium", "high")),
        ("resample", resample, get_args(Resample)),
    ):
        if value not in known:
            raise GanvizError(f"{target}: {name}: expected one of {', '.join(known)}; got {value!r:.40}")


def _export_pictures(
    renderer: Draws,
    recipes: Sequence[Recipe],
    target: Path,
    size: int | None,
    resample: Resample,
    metadata: bool,
    licence: str,
    batch: int,
) -> Job[Path]:
    shaped = Shape(size, resample)
    digits = max(5, len(str(len(recipes) - 1)))
    done = 0
    with atomic_folder(target) as folder, Beside() as beside:
        for frames in _draw(renderer, recipes, batch, renderer.render_all):  # pictures carry their recipes
            paths = [folder / f"{number:0{digits}d}.png" for number in range(done, done + len(frames))]
            yield from _give(beside, _write_pictures, (paths, frames, shaped, licence, metadata))
            done += len(frames)
            yield Progress(done, len(recipes), "drawing frames")
        yield Offload(beside.finish)
    return target


def _give(beside: Beside, function: Callable[..., None], arguments: tuple[Any, ...]) -> Job[None]:
    """Have this called beside the drawing; where that is behind, wait for it on the side thread."""
    if beside.has_room:
        beside.give(function, *arguments)
    else:
        yield Offload(beside.give, (function, *arguments))


def _encode(running: Encoder, frames: "list[Frame]", shaped: Shape) -> None:
    for frame in frames:
        running.write(shaped.apply(frame.pixels))


def _write_pictures(paths: list[Path], frames: "list[Frame]", shaped: Shape, licence: str, metadata: bool) -> None:
    for path, frame in zip(paths, frames, strict=True):
        write_png(path, shaped.apply(frame.pixels), frame.recipe, licence, metadata)


def _draw(
    renderer: Draws, recipes: Sequence[Recipe], batch: int, between: "Callable[[Sequence[Recipe]], list[Frame]]"
) -> "Iterator[list[Frame]]":
    """Frames in order, a few at a time as `between` draws them; the first and the last one alone."""
    first = renderer.render_all([recipes[0]])
    yield first
    last = len(recipes) - 1
    height, width = first[0].pixels.shape[:2]
    step = batch or max(1, min(16, BATCH_PIXELS // (height * width)))
    start = 1
    while start < last:
        began = time.perf_counter()
        frames = between([recipes[k] for k in range(start, min(start + step, last))])
        if time.perf_counter() - began > STEP_SECONDS:
            step = max(1, step // 2)
        start += len(frames)
        yield frames
    if last > 0:
        yield renderer.render_all([recipes[last]])


def _resized(pixels: np.ndarray, size: int, how: Image.Resampling) -> np.ndarray:
    resized = np.asarray(to_image(pixels).resize((size, size), how))
    return resized[:, :, None] if resized.ndim == 2 else resized
