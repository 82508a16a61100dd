"""Where a map's plane is on screen: zoom, pan, and the grid of cells that pictures stand in. Plain numpy, no Qt."""

import numpy as np

from app.widgets.point_cloud import representatives

CELL = 44
"""Cells are of this to twice this size, in logical pixels."""
MARGIN = 36
EDGE = 6
"""Logical pixels around the pictures of a map that fits."""
FITTINGS = 4
ZOOM = (0.5, 400.0)
"""How much larger than fitted the map may be."""


class MapPlane:
    """The part of the plane that a widget shows. Its y runs up, the widget's down; points lie within -1 to 1."""

    def __init__(self) -> None:
        self.middle, self.zoom = np.zeros(2), 1.0
        self.width, self.height = 1, 1
        self.fitted = True  # as long as nobody has zoomed or moved it
        self.chosen, self.middles = np.zeros(0, int), np.zeros((0, 2))

    def fit(self, points: np.ndarray, pictures: bool = False) -> None:
        """Show all of the points (N, 2), as large as there is room; with `pictures`, the whole of their cells too."""
        self.fitted, self.middle, self.zoom = True, np.zeros(2), 1.0
        if not len(points):
            return
        self._fit_box(points.min(axis=0).astype(float), points.max(axis=0).astype(float), MARGIN)
        for _ in range(FITTINGS if pictures else 0):
            _, middles = representatives(points, self.cell())
            low, high = middles.min(axis=0) - self.cell() / 2, middles.max(axis=0) + self.cell() / 2
            corners = self.on_screen(np.array([low, high]))
            if (corners > 0).all() and (corners < (self.width, self.height)).all():
                break
            self._fit_box(low, high, EDGE)  # which may make the cells larger

    def _fit_box(self, low: np.ndarray, high: np.ndarray, margin: int) -> None:
        """Show a part of the plane, from one corner (2,) to the other."""
        room = np.maximum(1.0, np.array([self.width, self.height]) / 2 - margin)
        fitting = float((room / np.maximum((high - low) / 2, 1e-3)).min()) / (self.scale() / self.zoom)
        self.middle, self.zoom = (low + high) / 2, min(ZOOM[1], max(ZOOM[0], fitting))

    def centre(self, place: np.ndarray) -> None:
        """Bring a place (2,) to the middle."""
        self.fitted, self.middle = False, place.astype(np.float64)

    def scale(self) -> float:
        """Logical pixels of one unit."""
        return max(1.0, min(self.width, self.height) / 2 - MARGIN) * self.zoom

    def at(self, x: float, y: float) -> np.ndarray:
        """The place (2,) under a point of the widget."""
        return self.middle + np.array([x - self.width / 2, self.height / 2 - y]) / self.scale()

    def on_screen(self, places: np.ndarray) -> np.ndarray:
        """Where places (..., 2) are in the widget, in logical pixels."""
        scale = self.scale()
        return (places - self.middle) * np.array([scale, -scale]) + np.array([self.width / 2, self.height / 2])

    def zoom_by(self, factor: float, x: float, y: float) -> None:
        """Enlarge about a point of the widget."""
        before = self.at(x, y)
        self.fitted = False
        self.zoom = min(ZOOM[1], max(ZOOM[0], self.zoom * factor))
        self.middle = self.middle + before - self.at(x, y)

    def drag(self, grip: np.ndarray, x: float, y: float) -> None:
        """Bring the place that is held under a point of the widget."""
        self.fitted = False
        self.middle = self.middle + grip - self.at(x, y)

    def cell(self) -> float:
        """Side of a cell in units: a power of two, so that cells split rather than wander as one zooms."""
        return float(2.0 ** np.ceil(np.log2(CELL / self.scale())))

    def side(self) -> int:
        """Of a picture in a cell, in logical pixels."""
        return int(self.cell() * self.scale() * 0.94)

    def choose(self, points: np.ndarray) -> None:
        """Find the points (N, 2) that stand for the cells in view: `chosen` (M,) and the cells' `middles` (M, 2)."""
        chosen, middles = representatives(points, self.cell())
        where, margin = self.on_screen(middles), self.side()
        near = (where > -margin).all(axis=1) & (where < (self.width + margin, self.height + margin)).all(axis=1)
        self.chosen, self.middles = chosen[near], middles[near]

    def cell_at(self, x: float, y: float) -> int:
        """The point whose picture is under a point of the widget, -1 for none."""
        if not len(self.chosen):
            return -1
        away = np.abs(self.on_screen(self.middles) - (x, y)).max(axis=1)
        nearest = int(away.argmin())
        return int(self.chosen[nearest]) if away[nearest] <= self.side() / 2 else -1

    def place_of(self, point: int, points: np.ndarray) -> tuple[float, float]:
        """Where a point is on screen: where its picture stands, if it has one, else itself."""
        hits = np.flatnonzero(self.chosen == point)
        where = self.on_screen(self.middles[hits[0]] if len(hits) else points[point])
        return float(where[0]), float(where[1])


def nearest_ahead(points: np.ndarray, start: np.ndarray, way: np.ndarray) -> int:
    """The nearest of points (N, 2) that lies this way (2,) from a place, within 45 degrees; -1 for none."""
    offsets = points - start
    along, across = offsets @ way, np.abs(offsets @ way[::-1])
    ahead = (along > 1e-9) & (across <= along)
    return int(np.where(ahead, along + 2 * across, np.inf).argmin()) if ahead.any() else -1
