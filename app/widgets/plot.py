"""Curves over the images seen, with levels to read them by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from ganviz.charts import ticks
from trainers.curves import thousands

LEFT, RIGHT, HEAD, FOOT = 44, 12, 50, 22
"""Room around the curves, in pixels."""
KEY_GAP = 10
FOOT_WORDS = 100
"""Room for what stands at either end below the curves, in pixels."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A named curve: x and y are float64 (n,), gaps where y is nan; `role` is the colour's token."""

    name: str
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    role: str = "accent"


@dataclass(frozen=True, slots=True)
class Level:
    """A dashed line at a value that means something, and what it means."""

    value: float
    text: str


def paint_card(painter: QPainter, title: str, whole: QRect) -> None:
    """The card that a chart stands on, with its title; the painter is left smooth, with the font of captions."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("line"), 1))
    painter.setBrush(theme.color("card"))
    painter.drawRoundedRect(QRectF(whole).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
    painter.setFont(theme.text_font(bold=True))
    painter.setPen(theme.color("text"))
    head = QRectF(12, 6, whole.width() - 24, 18)
    text = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(head.width()))
    painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    painter.setFont(theme.caption_font(tabular=True))


class CurvePlot(QWidget):
    """A title, a key with the newest values (or those under the mouse), and the curves. `unit` heads nothing else."""

    def __init__(self, name: str, title: str, tip: str, *, log: bool = False, x_name: str = "images seen") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setToolTip(tip)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._title, self._log, self._x_name = title, log, x_name
        self.empty = "nothing logged yet"  # what stands there while there are no curves
        self._curves: tuple[Curve, ...] = ()
        self._levels: tuple[Level, ...] = ()
        self._mouse: float | None = None
        self._bounds = (0.0, 1.0, 0.0, 1.0)  # x and y; the logarithm of y where it is drawn so
        self._marks: list[float] = []

    def show_curves(self, curves: Sequence[Curve], levels: Sequence[Level] = (), title: str = "") -> None:
        """Show these curves and levels; levels count for the range of y only where they are near."""
        self._curves = tuple(curve for curve in curves if len(curve.x))
        self._levels = tuple(levels)
        if title:
            self._title = title
            self.setAccessibleName(title)
        self._measure()
        self.setAccessibleDescription(", ".join(f"{c.name} {_short(_last(c.y))}" for c in self._curves))
        self.update()

    def curves(self) -> tuple[Curve, ...]:
        """What is shown."""
        return self._curves

    def levels(self) -> tuple[Level, ...]:
        """The lines that it is read by."""
        return self._levels

    def sizeHint(self) -> QSize:
        return QSize(280, 190)

    def minimumSizeHint(self) -> QSize:
        return QSize(190, 130)

    # -- where things are -----------------------------------------------------------------------------------------

    def _measure(self) -> None:
        values = [self._scaled(curve.y) for curve in self._curves]
        every = np.concatenate([y[np.isfinite(y)] for y in values]) if values else np.empty(0)
        if not len(every):
            return
        low, high = (float(end) for end in np.percentile(every, (0.5, 99.5)))
        for level in self._levels:
            value = float(self._scaled(np.array([level.value]))[0])
            reach = max(high - low, 0.5 * abs(value), 1e-3)
            if low - reach <= value <= high + reach:
                low, high = min(low, value), max(high, value)
        if self._log:
            low, high = float(np.floor(low)), float(max(np.ceil(high), np.floor(low) + 1))
            step = max(1, round((high - low) / 4))
            self._marks = [float(k) for k in np.arange(low, high + 0.5, step)]
        else:
            self._marks = ticks(low, high)
            low, high = self._marks[0], self._marks[-1]
        end = max(float(curve.x[-1]) for curve in self._curves)
        self._bounds = (0.0, end or 1.0, low, high)

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        return np.log10(np.maximum(y, 1e-12)) if self._log else y

    def _field(self) -> QRectF:
        return QRectF(LEFT, HEAD, max(1, self.width() - LEFT - RIGHT), max(1, self.height() - HEAD - FOOT))

    def _place(self, x: float, y: float) -> QPointF:
        area, (left, right, low, high) = self._field(), self._bounds
        across = area.x() + area.width() * (x - left) / (right - left)
        down = area.bottom() - area.height() * (min(max(y, low), high) - low) / (high - low)
        return QPointF(across, down)

    # -- hands ----------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self._field()
        inside = area.left() <= event.position().x() <= area.right() and bool(self._curves)
        share = (event.position().x() - area.left()) / area.width()
        self._mouse = self._bounds[0] + share * (self._bounds[1] - self._bounds[0]) if inside else None
        self.update()

    def leaveEvent(self, event) -> None:
        self._mouse = None
        self.update()

    # -- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_card(painter, self._title, self.rect())
        if self._curves:
            self._paint_grid(painter)
            self._paint_levels(painter)
            for curve in self._curves:
                self._paint_curve(painter, curve)
            self._paint_meanings(painter)
            self._paint_mouse(painter)
            self._paint_key(painter)
        else:
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, self.empty)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        area, (left, right, _, _) = self._field(), self._bounds
        aside = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for mark in self._marks:
            down = self._place(left, mark).y()
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(area.left(), down), QPointF(area.right(), down))
            painter.setPen(theme.color("muted"))
            text = f"{10.0**mark if self._log else mark:g}"
            painter.drawText(QRectF(0, down - 8, LEFT - 6, 16), aside, text.replace("-", "−"))
        below = QRectF(area.left(), area.bottom() + 4, area.width(), 14)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._x_name)
        text = thousands(float(f"{right:.3g}"))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_levels(self, painter: QPainter) -> None:
        area = self._field()
        painter.setPen(QPen(theme.color("muted"), 1, Qt.PenStyle.DashLine))
        for _, down in self._visible_levels():
            painter.drawLine(QPointF(area.left(), down), QPointF(area.right(), down))

    def _paint_meanings(self, painter: QPainter) -> None:
        """What the levels mean, over the curves on a ground that lets them be read."""
        for level, down in self._visible_levels():
            place = self._room_for(painter.fontMetrics().horizontalAdvance(level.text) + 8, down)
            painter.fillRect(place, theme.color("card", 0.8))
            painter.setPen(theme.color("muted"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, level.text)

    def _room_for(self, width: float, down: float) -> QRectF:
        """Where by the line at the height `down` a text of that width covers least of the curves."""
        area = self._field()
        heights = [top for top in (down - 16, down + 2) if area.top() < top and top + 14 < area.bottom()]
        places = [
            QRectF(across, top, width, 14)
            for across in (area.right() - width, area.left(), area.center().x() - width / 2)
            for top in heights or [down - 16]
        ]
        if down + 2 + 14 > area.bottom() and area.width() > width + 2 * FOOT_WORDS:
            places.append(QRectF(area.center().x() - width / 2, down + 3, width, 14))  # between the words of the foot
        lines = [self._points(curve) for curve in self._curves]
        return min(places, key=lambda place: sum(_covered(place, line) for line in lines))

    def _visible_levels(self) -> list[tuple[Level, float]]:
        left, _, low, high = self._bounds
        values = [(level, float(self._scaled(np.array([level.value]))[0])) for level in self._levels]
        return [(level, self._place(left, value).y()) for level, value in values if low <= value <= high]

    def _paint_curve(self, painter: QPainter, curve: Curve) -> None:
        painter.setPen(QPen(theme.color(curve.role), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        known, points = np.isfinite(self._scaled(curve.y)), self._points(curve)
        for part in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1):
            if not known[part[0]]:
                continue
            if len(part) == 1:
                painter.drawEllipse(points[part[0]], 1.5, 1.5)
            painter.drawPolyline(QPolygonF(points[part[0] : part[-1] + 1]))

    def _points(self, curve: Curve) -> list[QPointF]:
        """Where a curve runs; at the bottom where it has no value."""
        area, (left, right, low, high) = self._field(), self._bounds
        y = self._scaled(curve.y)
        across = area.x() + area.width() * (curve.x - left) / (right - left)
        known = np.clip(np.where(np.isfinite(y), y, low), low, high)
        down = area.bottom() - area.height() * (known - low) / (high - low)
        return [QPointF(*place) for place in zip(across.tolist(), down.tolist(), strict=True)]

    def _paint_mouse(self, painter: QPainter) -> None:
        if self._mouse is not None:
            area = self._field()
            across = self._place(self._mouse, self._bounds[2]).x()
            painter.setPen(QPen(theme.color("outline"), 1))
            painter.drawLine(QPointF(across, area.top()), QPointF(across, area.bottom()))

    def _paint_key(self, painter: QPainter) -> None:
        """Names and newest values, or those under the mouse."""
        texts = self._key_texts(painter.fontMetrics().horizontalAdvance)
        across = 12.0
        for curve, text in zip(self._curves, texts, strict=True):
            painter.setPen(QPen(theme.color(curve.role), 2))
            painter.drawLine(QPointF(across, 33), QPointF(across + 10, 33))
            painter.setPen(theme.color("muted"))
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRectF(across + 14, 25, width + 2, 16), Qt.AlignmentFlag.AlignVCenter, text)
            across += 14 + width + KEY_GAP
        if self._mouse is not None:
            painter.drawText(
                QRectF(0, 25, self.width() - 12, 16),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                f"at {thousands(float(f'{self._mouse:.3g}'))}",
            )

    def _key_texts(self, measured: Callable[[str], float]) -> list[str]:
        """What stands in the key beside each colour: the longest wording of which all fits, by the width of texts."""
        values = [
            _last(curve.y) if self._mouse is None else float(curve.y[int(np.argmin(np.abs(curve.x - self._mouse)))])
            for curve in self._curves
        ]
        names = [curve.name for curve in self._curves]
        room = self.width() - 24
        for digits in (2, 1):
            texts = [f"{name} {_short(value, digits)}" for name, value in zip(names, values, strict=True)]
            if sum(14 + measured(text) for text in texts) + KEY_GAP * (len(texts) - 1) <= room:
                return texts
        return names


def _covered(place: QRectF, line: Sequence[QPointF]) -> int:
    """How many pixels' width of a line, whose points go from left to right, a place hides."""
    x = np.arange(place.left(), place.right())
    x = x[(x >= line[0].x()) & (x <= line[-1].x())]
    y = np.interp(x, [point.x() for point in line], [point.y() for point in line])
    return int(((y > place.top()) & (y < place.bottom())).sum())


def _last(y: np.ndarray) -> float:
    known = y[np.isfinite(y)]
    return float(known[-1]) if len(known) else float("nan")


def _short(value: float, digits: int = 2) -> str:
    """A number in few digits, with a true minus; `digits` after the point."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}" if 0.01 <= abs(value) < 1000 or value == 0 else f"{value:.1e}"
    return text.replace("-", "−").replace("e+0", "e").replace("e−0", "e−")
