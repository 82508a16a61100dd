"""A slider over stops rather than a range, with a film of small pictures above its track."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip

from app import theme
from app.widgets.image import thumbnail
from app.widgets.slider import TRACK, FloatSlider
from ganviz.notation import format_kimg

FILM = 32
"""Height of the film; its pictures are at most as large."""
CELL = 28
"""Least width of a picture with its gap. Where there are more stops than fit, only some have one."""
GAP = 3
BELOW = 26
"""Height of the track's part of the widget."""
MARKS = 64
"""Beyond so many stops their marks on the track would run into one another."""


class FilmSlider(FloatSlider):
    """A slider whose value is always one of its stops, numbers of images seen, which stand at equal distances.

    Snapshots of a training lie closer together at its beginning, where more happens; on a common scale one could not
    tell them apart. `setValue` goes to the nearest stop.

    Signal `needed(list)`: all stops whose pictures are missing, in place of what was asked for before.
    """

    needed = Signal(list)

    def __init__(self, name: str, label: str, tip: str) -> None:
        self._stops: list[float] = [0.0]
        self._pixels: dict[float, np.ndarray] = {}
        self._pixmaps: dict[float, QPixmap] = {}
        self._stale: set[float] = set()
        self._asked: set[float] = set()
        self._failed: set[float] = set()  # stops that cannot be drawn; asked for again only after `invalidate`
        self._film = FILM  # its height
        super().__init__(0, 0, name=name, label=label, tip=tip)
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # -- stops ----------------------------------------------------------------------------------------------------

    def stops(self) -> list[float]:
        """Where the value may be, rising."""
        return list(self._stops)

    def set_stops(self, stops: Sequence[float]) -> None:
        """Take other stops, at least one; the value goes to the nearest, in silence."""
        if list(stops) == self._stops:
            return
        self._stops = sorted(map(float, stops))
        self._low, self._high = self._stops[0], self._stops[-1]
        self._default = self._high
        for kept in (self._pixels, self._pixmaps):
            for stop in [stop for stop in kept if stop not in self._stops]:
                del kept[stop]
        for some in (self._stale, self._asked, self._failed):
            some.intersection_update(self._stops)
        self._value = self._limited(self._value)
        self._tell_base()
        self._asking.start()
        self.update()

    def index(self) -> int:
        """Which of the stops the value is."""
        return self._stops.index(self._value)

    def _limited(self, value: float) -> float:
        """The nearest stop, the lower one of two that are equally near."""
        after = bisect_left(self._stops, value)
        around = self._stops[max(0, after - 1) : after + 1]
        return min(around, key=lambda stop: abs(stop - value))

    def _tell_base(self) -> None:
        self._own = True
        self.setRange(0, len(self._stops) - 1)
        QAbstractSlider.setValue(self, self._stops.index(self._limited(self._value)))
        self._own = False

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        if change == QAbstractSlider.SliderChange.SliderValueChange and not self._own:
            self.setValue(self._stops[self.sliderPosition()])
        self.update()

    def step_by(self, steps: float, *, fine: bool = False) -> None:
        """Move by so many stops; there is nothing finer."""
        self.setValue(self._stops[min(len(self._stops) - 1, max(0, self.index() + round(steps)))])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._take(self._value_at(event.position().x() - self._grip))

    def _value_at(self, x: float) -> float:
        last, inset = len(self._stops) - 1, self._inset()
        place = (x - inset) / max(1.0, self.width() - 2 * inset) * last
        return self._stops[min(last, max(0, round(place)))]

    def _x_of(self, value: float) -> float:
        last, inset = len(self._stops) - 1, self._inset()
        place = self._stops.index(self._limited(value)) / last if last else 0.0
        return inset + place * (self.width() - 2 * inset)

    def _inset(self) -> float:
        """Where the track begins: below the middle of the first picture."""
        return self.width() / self._places() / 2

    # -- the film -------------------------------------------------------------------------------------------------

    def set_film(self, shown: bool) -> None:
        """Whether there is a film, or the track alone."""
        height = FILM if shown else 0
        if height != self._film:
            self._film = height
            self.updateGeometry()
            self._asking.start()

    def clear_film(self) -> None:
        """Forget all pictures: those to come are of something else."""
        for kept in (self._pixels, self._pixmaps, self._stale, self._asked, self._failed):
            kept.clear()
        self.update()

    def set_picture(self, stop: float, pixels: np.ndarray) -> None:
        """The picture of a stop, uint8 (H, W, C)."""
        if stop in self._stops:
            self._pixels[stop] = pixels
            self._pixmaps.pop(stop, None)
            for some in (self._stale, self._asked, self._failed):
                some.discard(stop)
            self.update()

    def set_failed(self, stop: float) -> None:
        """There will be no picture of this stop: it keeps its placeholder."""
        self._failed.add(stop)
        self._asked.discard(stop)

    def invalidate(self) -> None:
        """Ask again for all pictures; the old ones stay until then."""
        self._stale.update(self._pixels)
        self._asked.clear()
        self._failed.clear()
        self._asking.start()

    def complete(self) -> bool:
        """Whether every place of the film has its picture, or is known to get none."""
        return not self._missing() and not self._asking.isActive()

    def shown_stops(self) -> list[float]:
        """The stops that have a place on the film: all, or as many as fit, with the first and the last."""
        last, places = len(self._stops) - 1, self._places()
        if not self._film or not last:
            return self.stops() if self._film else []
        return [self._stops[round(k * last / (places - 1))] for k in range(places)]

    def _places(self) -> int:
        return max(2, min(len(self._stops), self.width() // CELL))

    def _missing(self) -> list[float]:
        return [s for s in self.shown_stops() if (s not in self._pixels or s in self._stale) and s not in self._failed]

    def _ask(self) -> None:
        missing = self._missing()
        if self.isVisible() and not self._asked.issuperset(missing):
            self._asked = set(missing)
            self.needed.emit(missing)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._asking.start()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._asking.start()

    # -- looks ----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(240, self._film + BELOW)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self._film + BELOW)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos().x()), self)
            return True
        return super().event(event)

    def tip_at(self, x: float) -> str:
        """What to say where the mouse rests."""
        return f"{format_kimg(int(self._value_at(x)))} kimg\n{self.toolTip()}"

    def _middle(self) -> float:
        return self._film + BELOW / 2

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = self.shown_stops()
        width = self.width() / max(1, len(shown))
        side = int(min(FILM, width - GAP))
        for place, stop in enumerate(shown):
            left = round((place + 0.5) * width - side / 2)
            self._paint_picture(painter, QRectF(left, round((FILM - side) / 2), side, side), stop)
        if 2 < len(self._stops) <= MARKS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.tokens().outline))
            for stop in self._stops:
                painter.drawEllipse(QPointF(self._x_of(stop), self._middle() + TRACK / 2 + 6), 1, 1)
        painter.end()

    def _paint_picture(self, painter: QPainter, box: QRectF, stop: float) -> None:
        pixmap = self._pixmap(stop, int(box.width()))
        painter.setPen(Qt.PenStyle.NoPen)
        if pixmap is not None:
            painter.drawPixmap(box.topLeft(), pixmap)
        else:
            painter.setBrush(theme.color("line"))
            painter.drawRoundedRect(box, 4, 4)
        if stop == self._value:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-0.5, -0.5, 0.5, 0.5), 4, 4)

    def _pixmap(self, stop: float, side: int) -> QPixmap | None:
        if stop not in self._pixels:
            return None
        ratio = self.devicePixelRatioF()
        pixmap = self._pixmaps.get(stop)
        if pixmap is None or pixmap.devicePixelRatio() != ratio or round(pixmap.width() / ratio) != side:
            pixmap = self._pixmaps[stop] = thumbnail(self._pixels[stop], side, ratio)
        return pixmap
