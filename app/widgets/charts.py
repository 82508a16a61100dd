"""Small charts on a card: shares in bins, and a figure with its interval over a training."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.plot import paint_card
from ganviz.charts import short, ticks

LEFT, RIGHT, HEAD, FOOT = 44, 12, 48, 34
"""Room around the field, in pixels."""


class Chart(QWidget):
    """A title, a key, and axes; what stands in the field is painted by the chart itself."""

    def __init__(self, name: str, title: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._title, self._x_name = title, ""
        self._x = (0.0, 1.0)
        self._y_marks = [0.0, 1.0]

    def sizeHint(self) -> QSize:
        return QSize(300, 180)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 150)

    def _set_axes(self, x: Sequence[float], y: Sequence[float], x_name: str) -> None:
        low, high = float(min(x)), float(max(x))
        self._x, self._x_name = (low, high if high > low else low + 1.0), x_name
        self._y_marks = ticks(float(min(y)), float(max(y)))

    def _place(self, x: float, y: float) -> QPointF:
        width, height = self.width() - LEFT - RIGHT, self.height() - HEAD - FOOT
        low, high = self._y_marks[0], self._y_marks[-1]
        across = LEFT + width * (x - self._x[0]) / (self._x[1] - self._x[0])
        return QPointF(across, HEAD + height * (high - min(max(y, low), high)) / (high - low))

    def _paint_frame(self, painter: QPainter, key: Sequence[tuple[str, str]]) -> None:
        """Card, title, key as (name, colour's token), axes."""
        paint_card(painter, self._title, self.rect())
        middle = Qt.AlignmentFlag.AlignVCenter
        across = 12.0
        for name, role in key:
            if role:
                painter.setPen(QPen(theme.color(role), 3))
                painter.drawLine(QPointF(across, 34), QPointF(across + 10, 34))
                across += 15
            painter.setPen(theme.color("muted"))
            width = painter.fontMetrics().horizontalAdvance(name)
            painter.drawText(QRectF(across, 26, width + 2, 16), middle, name)
            across += width + 14
        for mark in self._y_marks:
            down = self._place(self._x[0], mark).y()
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(LEFT, down), QPointF(self.width() - RIGHT, down))
            painter.setPen(theme.color("muted"))
            painter.drawText(
                QRectF(0, down - 8, LEFT - 6, 16),
                Qt.AlignmentFlag.AlignRight | middle,
                short(mark).replace("-", "−"),
            )
        below = self.height() - FOOT + 3
        for mark in ticks(*self._x):
            if self._x[0] <= mark <= self._x[1]:
                text = short(mark).replace("-", "−")
                width = painter.fontMetrics().horizontalAdvance(text) + 2
                place = QRectF(self._place(mark, 0).x() - width / 2, below, width, 14)
                place.moveRight(min(place.right(), self.width() - 4.0))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
        painter.drawText(
            QRectF(LEFT, below + 14, self.width() - LEFT - RIGHT, 14), Qt.AlignmentFlag.AlignRight, self._x_name
        )


class Histogram(Chart):
    """Shares in bins of two sets over one another: the samples' and the real images'."""

    SETS = (("samples", "accent"), ("real images", "warning"))

    def __init__(self, name: str, title: str, tip: str) -> None:
        super().__init__(name, title, tip)
        self._edges = np.zeros(0)
        self._shares: tuple[np.ndarray, ...] = ()

    def shares(self) -> tuple[np.ndarray, ...]:
        """What is shown, (bins,) a set."""
        return self._shares

    def show_shares(self, edges: np.ndarray, samples: np.ndarray, real: np.ndarray, x_name: str) -> None:
        """Edges (bins + 1,), shares of either set (bins,)."""
        self._edges, self._shares = edges, (samples, real)
        self._set_axes((float(edges[0]), float(edges[-1])), (0.0, float(max(samples.max(), real.max()))), x_name)
        middles = (edges[:-1] + edges[1:]) / 2
        means = [
            f"{set_name} {float(middles @ part):.3g}"
            for (set_name, _), part in zip(self.SETS, self._shares, strict=True)
        ]
        self.setAccessibleDescription(f"{x_name}; means: {', '.join(means)}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_frame(painter, self.SETS)
        for (_, role), part in zip(self.SETS, self._shares, strict=bool(self._shares)):
            points = [self._place(self._edges[0], 0)]
            for left, right, share in zip(self._edges[:-1], self._edges[1:], part, strict=True):
                points += [self._place(left, share), self._place(right, share)]
            points.append(self._place(self._edges[-1], 0))
            painter.setPen(QPen(theme.color(role), 1.4))
            painter.setBrush(theme.color(role, 0.25))
            painter.drawPolygon(QPolygonF(points))
        painter.end()


class IntervalPlot(Chart):
    """One figure over the images seen, with a band for its interval; `chosen` is the model that is looked at."""

    def __init__(self, name: str, title: str, tip: str) -> None:
        super().__init__(name, title, tip)
        self._points: tuple[tuple[float, float, float, float], ...] = ()  # x, value, low, high
        self._chosen: float | None = None
        self._key = ""

    def points(self) -> tuple[tuple[float, float, float, float], ...]:
        """What is shown: (images seen, value, low, high)."""
        return self._points

    def show_points(
        self, title: str, key: str, points: Sequence[tuple[float, float, float, float]], chosen: float | None
    ) -> None:
        """Points in order of images seen; `key` says which way is better."""
        self._title, self._key, self._points, self._chosen = title, key, tuple(points), chosen
        self.setAccessibleName(title)
        self._set_axes([p[0] for p in points], [end for p in points for end in p[1:]], "images seen")
        self.setAccessibleDescription(f"from {points[0][1]:.3g} to {points[-1][1]:.3g} over {len(points)} snapshots")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_frame(painter, [(self._key, "")])
        if self._points:
            there = [self._place(x, high) for x, _, _, high in self._points]
            back = [self._place(x, low) for x, _, low, _ in reversed(self._points)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 0.2))
            painter.drawPolygon(QPolygonF(there + back))
            painter.setPen(QPen(theme.color("accent"), 1.6))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            places = [self._place(x, value) for x, value, _, _ in self._points]
            painter.drawPolyline(QPolygonF(places))
            for place, point in zip(places, self._points, strict=True):
                own = point[0] == self._chosen
                painter.setBrush(theme.color("card" if own else "accent"))
                painter.drawEllipse(place, 4.5 if own else 2.0, 4.5 if own else 2.0)
        painter.end()
