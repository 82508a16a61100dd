"""training.mp4: how the pictures of the same seeds came to be, a frame for each preview sheet of a run. No torch."""

from pathlib import Path

import numpy as np
from PIL import Image

from ganviz.errors import GanvizError
from ganviz.ffmpeg import CODECS, encoder
from ganviz.files import atomic_path
from ganviz.video import Shape

NAME = "training.mp4"
LONGER_SIDE = 1024
"""Smaller sheets are enlarged by a whole number up to so many pixels, every pixel as it is."""
SECONDS = 20.0
"""About the length of a film of a long run; short ones have 6 frames a second."""
LAST = 2.0
"""Seconds for which the last sheet stands."""


def make_film(folder: Path) -> Path:
    """Write the preview sheets of a run folder, in order, as a film beside them; returns its path.

    Sheets of a net that grew are enlarged to the size of the largest one. Replaces an older film once it is whole.
    """
    sheets = [path for path in (folder / "previews").glob("*.png") if path.stem.isdecimal()]
    sheets.sort(key=lambda path: int(path.stem))
    if not sheets:
        raise GanvizError(f"{folder}: expected a run folder with previews/*.png to make a film of, found none")
    sizes = [_size(sheet) for sheet in sheets]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    factor = max(1, LONGER_SIDE // max(width, height))
    size = (factor * width, factor * height)
    fps = rate(len(sheets))
    stay = round(LAST * fps)
    shaped = Shape(even=True)
    codec = CODECS[".mp4"]
    rows, columns = shaped.apply(np.zeros((size[1], size[0], 1), np.uint8)).shape[:2]
    with atomic_path(folder / NAME) as temporary:
        with encoder(codec, folder / NAME, temporary, (columns, rows), fps, "medium") as running:
            for sheet in [*sheets, *sheets[-1:] * stay]:
                running.write(shaped.apply(_pixels(sheet, size)))
            running.finish()
    return folder / NAME


def rate(count: int) -> float:
    """Frames a second of a film of so many sheets, 6 to 30."""
    return float(min(max(round(count / SECONDS), 6), 30))


def _size(sheet: Path) -> tuple[int, int]:
    try:
        with Image.open(sheet, formats=("PNG",)) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise GanvizError(f"{sheet}: not a readable PNG ({error}); take it away, or draw it again") from error


def _pixels(sheet: Path, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W, 3) of `size` (width, height): every pixel as it is where the sides are whole multiples."""
    try:
        with Image.open(sheet, formats=("PNG",)) as image:
            whole = size[0] % image.width == 0 and size[1] % image.height == 0
            how = Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS
            return np.asarray(image.convert("RGB").resize(size, how))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise GanvizError(f"{sheet}: not a readable PNG ({error}); take it away, or draw it again") from error
