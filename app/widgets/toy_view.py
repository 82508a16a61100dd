"""The game of the two nets in one dimension: densities, the discriminator's answer, and where samples are taken."""

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

if TYPE_CHECKING:
    from trainers.toy import Moment

SIDE, HEAD, GAP = 58, 30, 22
LINES = 96
"""Height of the part that shows which latent becomes which number, in pixels."""
PUSH = 34
"""Longest arrow, in pixels."""


class ToyView(QWidget):
    """Shows one moment. Above: both densities, what the discriminator answers and what the best one would.

    Below, as in the paper's figure: lines from latents z to numbers x = G(z), and which way the generator's loss pushes
    each of them.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName("The game in one dimension")
        self.setToolTip(
            "Densities of data and samples, the discriminator's answer to each number and the best one's; below, where "
            "the generator takes latents, and which way it is pushed"
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._moment: Moment | None = None
        self._critic = False
        self._reach = 4.0

    @property
    def moment(self) -> "Moment | None":
        """What is shown."""
        return self._moment

    def show_moment(self, moment: "Moment | None", critic: bool, reach: float = 4.0) -> None:
        """Show a moment of a game; `critic` where the discriminator's answer is a height."""
        self._moment, self._critic, self._reach = moment, critic, reach
        if moment is not None:
            self.setAccessibleDescription(
                f"step {moment.step}, Wasserstein distance {moment.wasserstein:.2f}, "
                f"Jensen-Shannon divergence {moment.jensen_shannon:.2f}"
            )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 240)

    # -- painting -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setFont(theme.caption_font(tabular=True))
        if self._moment is None:
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.text_font())
            room = QRectF(self.rect()).adjusted(32, 0, -32, 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
        else:
            self._paint_key(painter)
            self._paint_densities(painter, self._moment)
            self._paint_lines(painter, self._moment)
        painter.end()

    def _upper(self) -> QRectF:
        return QRectF(SIDE, HEAD + 8, self.width() - 2 * SIDE, max(40, self.height() - HEAD - 8 - GAP - LINES - 12))

    def _across(self, x: float) -> float:
        area = self._upper()
        return area.x() + area.width() * (x + self._reach) / (2 * self._reach)

    def _paint_key(self, painter: QPainter) -> None:
        answer = "critic, scaled to slope 1" if self._critic else "D(x)"
        best = "best critic" if self._critic else "best D = p data / (p data + p model)"
        across = float(SIDE)
        for name, role, dashed in (
            ("data", "text", False),
            ("model", "accent", False),
            (answer, "warning", False),
            (best, "warning", True),
        ):
            painter.setPen(QPen(theme.color(role), 2, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
            painter.drawLine(QPointF(across, HEAD / 2 + 2), QPointF(across + 16, HEAD / 2 + 2))
            painter.setPen(theme.color("muted"))
            width = painter.fontMetrics().horizontalAdvance(name)
            painter.drawText(QRectF(across + 21, 2, width + 4, HEAD), Qt.AlignmentFlag.AlignVCenter, name)
            across += 21 + width + 18

    def _paint_densities(self, painter: QPainter, moment: "Moment") -> None:
        area = self._upper()
        x = np.linspace(-self._reach, self._reach, len(moment.data))
        top = max(1.25 * float(moment.data.max()), min(float(moment.model.max()), 3 * float(moment.data.max())), 1e-6)
        if self._critic:
            span = max(float(np.abs(moment.best).max()), float(np.abs(moment.answer).max()), 0.5)
            low, high, marks = -span, span, (-span, 0.0, span)
        else:
            low, high, marks = 0.0, 1.0, (0.0, 0.5, 1.0)
        painter.setPen(QPen(theme.color("line"), 1))
        for share in (0.0, 0.5, 1.0):
            down = area.bottom() - share * area.height()
            painter.drawLine(QPointF(area.left(), down), QPointF(area.right(), down))
        painter.setPen(theme.color("muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        for share, mark in zip((0.0, 0.5, 1.0), marks, strict=True):
            down = area.bottom() - share * area.height()
            painter.drawText(
                QRectF(0, down - 8, SIDE - 6, 16), Qt.AlignmentFlag.AlignRight | middle, f"{share * top:.2f}"
            )
            place = QRectF(area.right() + 6, down - 8, SIDE - 6, 16)
            painter.setPen(theme.color("warning"))
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | middle, f"{mark:.1f}".replace("-", "−"))
            painter.setPen(theme.color("muted"))
        painter.save()
        painter.setClipRect(area.adjusted(0, -2, 0, 2))
        for values, role, alpha in ((moment.data, "text", 0.10), (moment.model, "accent", 0.22)):
            line = self._curve(x, values, 0.0, top)
            path = QPainterPath(QPointF(line[0].x(), area.bottom()))
            for point in line:
                path.lineTo(point)
            path.lineTo(line[-1].x(), area.bottom())
            painter.fillPath(path, theme.color(role, alpha))
            painter.setPen(QPen(theme.color(role), 1.6))
            painter.drawPolyline(QPolygonF(line))
        painter.setPen(QPen(theme.color("warning"), 1.4, Qt.PenStyle.DashLine))
        # Where there is neither density, no answer is better than another.
        somewhere = moment.data + moment.model > 1e-3
        for part in np.split(np.arange(len(x)), np.flatnonzero(np.diff(somewhere)) + 1):
            if somewhere[part[0]]:
                painter.drawPolyline(QPolygonF(self._curve(x[part], moment.best[part], low, high)))
        painter.setPen(QPen(theme.color("warning"), 2))
        painter.drawPolyline(QPolygonF(self._curve(x, moment.answer, low, high)))
        painter.restore()

    def _curve(self, x: np.ndarray, y: np.ndarray, low: float, high: float) -> list[QPointF]:
        area = self._upper()
        across = area.x() + area.width() * (x + self._reach) / (2 * self._reach)
        down = area.bottom() - area.height() * (y - low) / (high - low)
        return [QPointF(*place) for place in zip(across.tolist(), down.tolist(), strict=True)]

    def _paint_lines(self, painter: QPainter, moment: "Moment") -> None:
        area = self._upper()
        upper, lower = area.bottom() + GAP, area.bottom() + GAP + LINES - 26
        painter.setPen(QPen(theme.color("outline"), 1))
        for down in (upper, lower):
            painter.drawLine(QPointF(area.left(), down), QPointF(area.right(), down))
        painter.setPen(theme.color("muted"))
        aside = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, upper - 8, SIDE - 6, 16), aside, "x = G(z)")
        painter.drawText(QRectF(0, lower - 8, SIDE - 6, 16), aside, "z")
        for x in range(-math.floor(self._reach), math.floor(self._reach) + 1, 2):
            place = QRectF(self._across(x) - 20, area.bottom() + 2, 40, 14)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{x}".replace("-", "−"))
        painter.save()
        painter.setClipRect(QRectF(area.left() - 4, area.bottom(), area.width() + 8, GAP + LINES))
        for z, x, push in zip(moment.z, moment.x, moment.push, strict=True):
            start, end = QPointF(self._across(float(z)), lower), QPointF(self._across(float(x)), upper)
            painter.setPen(QPen(theme.color("accent", 0.55), 1))
            painter.drawLine(start, end)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(end, 2.5, 2.5)
            self._paint_arrow(painter, end, PUSH * math.tanh(float(push)))
        painter.restore()
        painter.setPen(theme.color("muted"))
        foot = QRectF(area.left(), lower + 6, area.width(), 16)
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, "arrows: which way, and how strongly, G is pushed")

    @staticmethod
    def _paint_arrow(painter: QPainter, at: QPointF, length: float) -> None:
        if abs(length) < 1.5:
            return
        tip = QPointF(at.x() + length, at.y())
        painter.setPen(QPen(theme.color("good"), 2))
        painter.drawLine(at, tip)
        size = min(6.0, abs(length)) * (1 if length > 0 else -1)
        painter.setBrush(theme.color("good"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(
            QPolygonF([tip, QPointF(tip.x() - size, tip.y() - 4), QPointF(tip.x() - size, tip.y() + 4)])
        )


EMPTY = (
    "Two nets play against each other over numbers instead of pictures. One, G, makes numbers of noise; the other, D, "
    "says which are real.\nChoose what they play for, then Play; or All five, to see how they differ."
)
