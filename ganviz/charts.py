"""Small charts as SVG text: they scale, print, and stand inside a page without a library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 34, 40
COLOURS = ("#2f6fb0", "#c8622c", "#3f8f5b", "#8a5fae")
INK, GRID = "currentColor", 'stroke="#888" stroke-opacity="0.3"'


@dataclass(frozen=True, slots=True)
class Line:
    """A curve through points x (n,), y (n,) with an interval low, high (n,) around it, or without one (empty)."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def line_chart(title: str, lines: Sequence[Line], x_label: str = "") -> str:
    """Curves over a common x, intervals as bands. Values that are not finite are left out."""
    points = [(x, y) for line in lines for x, y in zip(line.x, line.y, strict=True) if np.isfinite(y)]
    if not points:
        return _page(title, [], "")
    ends = [float(v) for line in lines for v in (*line.low, *line.high) if np.isfinite(v)]
    values = [y for _, y in points]
    if len(values) > 20:  # a single wild value does not flatten all the others
        values = [float(v) for v in np.percentile(values, (0.5, 99.5))]
    frame = _Frame([x for x, _ in points], [*values, *ends])
    parts = frame.axes(x_label)
    for k, line in enumerate(lines):
        colour = COLOURS[k % len(COLOURS)]
        if len(line.low):
            there = [*zip(line.x, line.high, strict=True)]
            back = [*zip(line.x, line.low, strict=True)][::-1]
            shape = " ".join(frame.at(x, y) for x, y in there + back)
            parts.append(f'<polygon points="{shape}" fill="{colour}" fill-opacity="0.18"/>')
        kept = [(x, y) for x, y in zip(line.x, line.y, strict=True) if np.isfinite(y)]
        shape = " ".join(frame.at(x, y) for x, y in kept)
        parts.append(f'<polyline points="{shape}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        if len(kept) <= 40:
            for x, y in kept:
                a, b = frame.at(x, y).split(",")
                parts.append(f'<circle cx="{a}" cy="{b}" r="2.5" fill="{colour}"/>')
    return _page(title, parts, _key([line.name for line in lines]))


def histogram(
    title: str, edges: Sequence[float], sets: Sequence[tuple[str, Sequence[float]]], x_label: str = ""
) -> str:
    """Shares (n,) of each set in bins with edges (n + 1,), drawn over one another."""
    top = max((max(shares) for _, shares in sets), default=1.0)
    frame = _Frame([float(edges[0]), float(edges[-1])], [0.0, float(top)])
    parts = frame.axes(x_label)
    for k, (_, shares) in enumerate(sets):
        colour = COLOURS[k % len(COLOURS)]
        steps = [frame.at(edges[0], 0)]
        for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
            steps += [frame.at(left, share), frame.at(right, share)]
        steps.append(frame.at(edges[-1], 0))
        parts.append(
            f'<polygon points="{" ".join(steps)}" fill="{colour}" fill-opacity="0.3" stroke="{colour}" '
            'stroke-width="1.2"/>'
        )
    return _page(title, parts, _key([name for name, _ in sets]))


def ticks(low: float, high: float) -> list[float]:
    """Round numbers, three to seven of them, that reach from at most `low` to at least `high`.

    Where these are all but the same there are two: closer than a thousandth they could not be told apart on an axis.
    """
    span = max(high - low, abs(high) * 1e-3, 1e-12)
    step = 10.0 ** np.floor(np.log10(span / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 5)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [float(f"{step * k:.10g}") for k in np.arange(first, max(last, first + 1) + 1)]


def short(value: float) -> str:
    """A number for an axis: 1.5k, 2M, 0.25."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.4g}{name}"
    return f"{value:.4g}" if abs(value) > 1e-12 else "0"


class _Frame:
    """The rectangle in which values are drawn."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        self.y_ticks = ticks(float(min(ys)), float(max(ys)))
        self.left, self.right = float(min(xs)), float(max(xs))
        self.right = self.right if self.right > self.left else self.left + 1
        self.x_ticks = [tick for tick in ticks(self.left, self.right) if self.left <= tick <= self.right]

    def at(self, x: float, y: float) -> str:
        """x,y in the picture; what lies above or below the frame is put at its edge."""
        low, high = self.y_ticks[0], self.y_ticks[-1]
        across = LEFT + (WIDTH - LEFT - RIGHT) * (x - self.left) / (self.right - self.left)
        down = TOP + (HEIGHT - TOP - BOTTOM) * (high - min(max(y, low), high)) / (high - low)
        return f"{across:.1f},{down:.1f}"

    def axes(self, x_label: str) -> list[str]:
        parts = []
        for tick in self.y_ticks:
            down = self.at(self.left, tick).split(",")[1]
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down}" y2="{down}" {GRID}/>')
            parts.append(_text(LEFT - 6, float(down) + 4, short(tick), "end"))
        for tick in self.x_ticks:
            across = self.at(tick, 0).split(",")[0]
            parts.append(_text(float(across), HEIGHT - BOTTOM + 16, short(tick), "middle"))
        if x_label:
            parts.append(_text(WIDTH - RIGHT, HEIGHT - 6, x_label, "end"))
        return parts


def _text(x: float, y: float, text: str, anchor: str, weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-weight="{weight}" fill="{INK}">{escape(text)}</text>'


def _key(names: Sequence[str]) -> str:
    if len(names) < 2:
        return ""
    parts, across = [], float(LEFT)
    for k, name in enumerate(names):
        parts.append(f'<rect x="{across:.0f}" y="22" width="10" height="4" fill="{COLOURS[k % len(COLOURS)]}"/>')
        parts.append(_text(across + 14, 28, name, "start"))
        across += 26 + 6.2 * len(name)
    return "".join(parts)


def _page(title: str, parts: Sequence[str], key: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{escape(title)}" color="#555">'
        f"{_text(LEFT, 14, title, 'start', 'bold')}{key}{''.join(parts)}</svg>"
    )
