"""Curves of a run's log as a picture: losses and scores over the images seen."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganviz.charts import ticks
from ganviz.errors import GanvizError

PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("loss", (("loss_d", "discriminator"), ("loss_g", "generator"))),
    ("mean score of the discriminator", (("score_real", "real"), ("score_fake", "generated"))),
    ("loss of Q", (("categorical", "categories"), ("continuous", "numbers"))),
)
"""Each panel's title, and the entries of the log that it shows with their names; shown where the log has them."""
COLOURS = ((31, 119, 180), (214, 96, 40))
PAPER, INK, GRID = (255, 255, 255), (60, 60, 60), (228, 228, 228)
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 250, 48, 14, 46, 34
"""Of a panel, and its margins, in pixels of the finished picture."""
FINE = 2
"""Drawn this much larger and reduced, which makes lines smooth."""
POINTS = 200
"""A curve has at most so many points, each the mean of those it stands for."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log.jsonl; GanvizError where it is none."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise GanvizError(f"{path}: expected the log of a training run ({error})") from error
    if not all(isinstance(line, dict) and isinstance(line.get("images"), int) for line in lines) or len(lines) < 2:
        raise GanvizError(f"{path}: expected at least two lines of a training log, each with the images seen")
    return lines


def draw_curves(lines: Sequence[Mapping[str, Any]]) -> Image.Image:
    """The panels that the log has entries for, side by side."""
    shown = [(title, [entry for entry in entries if entry[0] in lines[0]]) for title, entries in PANELS]
    shown = [(title, entries) for title, entries in shown if entries]
    page = Image.new("RGB", (FINE * WIDTH * len(shown), FINE * HEIGHT), PAPER)
    seen = np.array([line["images"] for line in lines], dtype=np.float64)
    for k, (title, entries) in enumerate(shown):
        curves = {
            name: (thinned(seen), thinned(np.array([line.get(key, np.nan) for line in lines], dtype=np.float64)))
            for key, name in entries
        }
        page.paste(draw_panel(title, curves), (FINE * WIDTH * k, 0))
    return page.resize((WIDTH * len(shown), HEIGHT), Image.Resampling.LANCZOS)


def draw_panel(title: str, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Image.Image:
    """One panel: curves as (images seen, value) by name, with axes and a key, FINE times enlarged."""
    page = Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), PAPER)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(11 * FINE)
    every = np.concatenate([y[np.isfinite(y)] for _, y in curves.values()])
    y_ticks = ticks(*(float(end) for end in np.percentile(every, (0.5, 99.5)))) if len(every) else ticks(0, 1)
    x_ticks = ticks(0.0, max(float(x[-1]) for x, _ in curves.values()))
    low, high, end = y_ticks[0], y_ticks[-1], max(float(x[-1]) for x, _ in curves.values())

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * x / end
        down = TOP + (HEIGHT - TOP - BOTTOM) * (high - min(max(y, low), high)) / (high - low)
        return FINE * across, FINE * down

    for tick in y_ticks:
        left, down = place(0, tick)
        pen.line([(left, down), place(end, tick)], GRID, FINE)
        pen.text((left - 5 * FINE, down), f"{tick:g}", INK, font, "rm")
    for tick in (tick for tick in x_ticks if tick <= end):
        across, down = place(tick, low)
        pen.text((across, down + 5 * FINE), thousands(tick), INK, font, "mt")
    pen.text((FINE * LEFT, FINE * 8), title, INK, ImageFont.load_default(12 * FINE), "lt")
    pen.text((FINE * (WIDTH - RIGHT), FINE * (HEIGHT - 4)), "images seen", INK, font, "rb")
    key = float(FINE * LEFT)
    for colour, (name, (x, y)) in zip(COLOURS, curves.items(), strict=False):
        kept = np.isfinite(y)
        pen.line([place(*point) for point in zip(x[kept], y[kept], strict=True)], colour, 3, "curve")
        pen.line([(key, FINE * 33), (key + 14 * FINE, FINE * 33)], colour, 2 * FINE)
        pen.text((key + 19 * FINE, FINE * 33), name, INK, font, "lm")
        key += 33 * FINE + pen.textlength(name, font)
    return page


def thinned(values: np.ndarray) -> np.ndarray:
    """Means of neighbouring values, at most POINTS of them."""
    size = -(-len(values) // POINTS)
    return np.array([values[start : start + size].mean() for start in range(0, len(values), size)])


def thousands(count: float) -> str:
    """A number of images, short: 800, 40k, 1.2M."""
    if count >= 1e6:
        return f"{count / 1e6:g}M"
    return f"{count / 1e3:g}k" if count >= 1e3 else f"{count:g}"
