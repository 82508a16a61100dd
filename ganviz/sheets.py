"""Sheets: grids of pictures, edge to edge, with headings on request."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganviz.errors import GanvizError
from ganviz.jobs import Job, Progress
from ganviz.recipe import Sheet
from ganviz.render import BATCH, Renderer
from ganviz.session import to_image

MOST_PIXELS = 80_000_000
"""Readers of PNG files refuse, or warn of, pictures that are much larger."""
PAPER = 255
INK = 40
TEXT = 11
BAND = 16
"""Height of a line of headings in pixels; the text in it is TEXT pixels high."""
MARGIN = 64
"""Width of the column that holds row headings."""


def draw(renderer: Renderer, sheet: Sheet) -> Job[np.ndarray]:
    """Draw all cells: pixels uint8 (rows * H, columns * W, C), more with headings.

    Cells are drawn in batches in their order, so that drawing a stored sheet again gives equal bytes. All cells
    have the size of the first; pictures of another model's size are scaled to it.
    """
    filled = [place for place, cell in enumerate(sheet.cells) if cell is not None]
    recipes = sheet.recipes
    grid: np.ndarray | None = None
    yield Progress(0, len(filled))
    for start in range(0, len(filled), BATCH):
        places = filled[start : start + BATCH]
        frames = renderer.render_all(recipes[start : start + BATCH])
        for place, frame in zip(places, frames, strict=True):
            picture = frame.pixels
            if grid is None:
                height, width, channels = picture.shape
                total = len(sheet.cells) * height * width
                if total > MOST_PIXELS:
                    raise GanvizError(
                        f"the sheet would have {total / 1e6:.0f} megapixels, at most {MOST_PIXELS / 1e6:.0f} can be "
                        "written and read again; draw fewer pictures"
                    )
                grid = np.full((sheet.rows * height, sheet.columns * width, channels), PAPER, np.uint8)
            row, column = divmod(place, sheet.columns)
            grid[row * height : (row + 1) * height, column * width : (column + 1) * width] = _fit(
                picture, height, width, channels
            )
        yield Progress(start + len(places), len(filled))
    assert grid is not None
    return with_headings(grid, sheet) if sheet.labels else grid


def with_headings(grid: np.ndarray, sheet: Sheet) -> np.ndarray:
    """The grid with its headings: one above each cell, or above the columns and left of the rows."""
    height, width = grid.shape[0] // sheet.rows, grid.shape[1] // sheet.columns
    pixels = grid if grid.shape[2] == 3 else grid.repeat(3, axis=2)
    band = BAND if sheet.headings else 0
    left = MARGIN if sheet.row_headings else 0
    top = BAND if sheet.column_headings else 0
    page = Image.new("RGB", (left + grid.shape[1], top + sheet.rows * (height + band)), (PAPER,) * 3)
    for row in range(sheet.rows):
        strip = Image.fromarray(pixels[row * height : (row + 1) * height])
        page.paste(strip, (left, top + row * (height + band) + band))
    for place, text in enumerate(sheet.headings[: len(sheet.cells)]):
        row, column = divmod(place, sheet.columns)
        _write(page, text, left + column * width + width // 2, top + row * (height + band) + band // 2, width)
    for column, text in enumerate(sheet.column_headings[: sheet.columns]):
        _write(page, text, left + column * width + width // 2, top // 2, width)
    for row, text in enumerate(sheet.row_headings[: sheet.rows]):
        _write(page, text, left // 2, top + row * (height + band) + band + height // 2, left)
    return np.asarray(page)


def _write(page: Image.Image, text: str, x: int, y: int, width: int) -> None:
    """Text centred on (x, y), shortened to fit: without its first words, then cut off."""
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(TEXT)
    while text and pen.textlength(text, font) > width - 2:
        words = text.split(" ", 1)
        text = words[1] if len(words) == 2 else text[:-1]
    pen.text((x, y), text, fill=(INK,) * 3, font=font, anchor="mm")


def _fit(picture: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    if picture.shape == (height, width, channels):
        return picture
    image = to_image(picture).convert("L" if channels == 1 else "RGB").resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(height, width, channels)
