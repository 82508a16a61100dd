"""Sheets: grids of pictures, edge to edge, with headings on request."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganviz.comparing import difference_map
from ganviz.errors import GanvizError
from ganviz.jobs import Job, Progress
from ganviz.pictures import matched
from ganviz.recipe import Cell, Composite, Sheet, recipes_of
from ganviz.render import Renderer

MOST_PIXELS = 80_000_000
"""Readers of PNG files refuse, or warn of, pictures that are much larger."""
PAPER = 255
INK = 40
TEXT, SMALLEST_TEXT = 11, 9
BAND = 16
"""Height of a line of headings in pixels; the text in it is TEXT pixels high."""
MARGIN = 64
"""Width of the column that holds row headings."""


def planned(renderer: Renderer, sheet: Sheet) -> Job[Sheet]:
    """The sheet with the batch that it is to be drawn by, which is written with it: what is quickest here, measured."""
    if sheet.batch:
        return sheet
    return replace(sheet, batch=(yield from renderer.quickest(sheet.recipes)))


def draw(renderer: Renderer, sheet: Sheet) -> Job[np.ndarray]:
    """Draw all cells: pixels uint8 (rows * H, columns * W, C), more with headings.

    Cells are drawn in their order by the sheet's batch, so that a stored sheet drawn again gives equal bytes. All cells
    have the size of the first; pictures of another model's size are scaled to it.
    """
    recipes = sheet.recipes
    coloured = any(isinstance(cell, Composite) and cell.kind == "difference" for cell in sheet.cells)
    grid: np.ndarray | None = None
    waiting = deque(place for place, cell in enumerate(sheet.cells) if cell is not None)
    drawn: deque[np.ndarray] = deque()  # pictures whose cell is not complete yet
    yield Progress(0, len(recipes))
    done = 0
    while done < len(recipes):
        start, done = done, min(done + renderer.at_once(recipes[done], sheet.batch), len(recipes))
        drawn.extend(frame.pixels for frame in renderer.render_all(recipes[start:done], sheet.batch))
        while waiting and len(drawn) >= len(recipes_of(sheet.cells[waiting[0]])):
            place = waiting.popleft()
            picture = _picture(sheet.cells[place], drawn)
            if grid is None:
                height, width, channels = picture.shape
                channels = 3 if coloured else channels
                total = len(sheet.cells) * height * width
                if total > MOST_PIXELS:
                    raise GanvizError(
                        f"the sheet would have {total / 1e6:.0f} megapixels, at most {MOST_PIXELS / 1e6:.0f} can be "
                        "written and read again; draw fewer pictures"
                    )
                grid = np.full((sheet.rows * height, sheet.columns * width, channels), PAPER, np.uint8)
            row, column = divmod(place, sheet.columns)
            grid[row * height : (row + 1) * height, column * width : (column + 1) * width] = matched(
                picture, height, width, channels
            )
        yield Progress(done, len(recipes))
    assert grid is not None
    return with_headings(grid, sheet) if sheet.labels else grid


def compose(composite: Composite, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """A composite's pixels uint8 (H, W, C) from those of its terms, brought to the size of the first."""
    if composite.kind == "difference":
        return difference_map(*pictures)
    height, width, channels = pictures[0].shape
    stack = np.stack([matched(picture, height, width, channels) for picture in pictures]).astype(np.float32)
    if composite.kind == "sum":
        weights = np.array([weight for weight, _ in composite.terms], np.float32)
        image = np.tensordot(weights, stack / 127.5 - 1, axes=1)
        return np.clip(np.round((image + 1) * 127.5), 0, 255).astype(np.uint8)
    deviation = stack.std(0).mean(2, keepdims=True)
    return np.round(deviation * (255 / max(float(deviation.max()), 1e-6))).astype(np.uint8).repeat(channels, axis=2)


def _picture(cell: Cell, drawn: deque[np.ndarray]) -> np.ndarray:
    """The pixels of a cell, taken from the front of what was drawn."""
    if isinstance(cell, Composite):
        return compose(cell, [drawn.popleft() for _ in cell.terms])
    return drawn.popleft()


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
    """Text centred on (x, y), made to fit: smaller, then without its first words, then cut off, with dots."""
    pen = ImageDraw.Draw(page)
    text, size = fitted(text, width - 2, lambda text, size: pen.textlength(text, ImageFont.load_default(size)))
    pen.text((x, y), text, fill=(INK,) * 3, font=ImageFont.load_default(size), anchor="mm")


def fitted(text: str, width: int, length: Callable[[str, int], float]) -> tuple[str, int]:
    """What of a heading is written into so many pixels, and how high; `length` tells how long a text is at a size."""
    words = text.split(" ")
    for left in (" ".join(words[k:]) for k in range(len(words))):
        for size in range(TEXT, SMALLEST_TEXT - 1, -1):
            if length(left, size) <= width:
                return left, size
    cut = words[-1]
    while cut and length(f"{cut}...", SMALLEST_TEXT) > width:
        cut = cut[:-1]
    return (f"{cut}..." if cut else ""), SMALLEST_TEXT
