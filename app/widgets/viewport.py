"""Where a picture lies in a view: fitted, or at a zoom and a place. Pure geometry in device pixels, no widgets.

Zoom counts device pixels per picture pixel, so that 1 is pixel-true on any screen.
"""

from dataclasses import dataclass, replace

ZOOMS = (1 / 8, 1 / 4, 1 / 2, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
KEEP = 48
"""Device pixels of the picture that panning leaves in view."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """A view of `width` x `height` device pixels on a picture of `across` x `down` pixels.

    `zoom` None fits the picture, leaving `margin` device pixels around it; else `left` and `top` are its corner.
    """

    width: int = 1
    height: int = 1
    across: int = 1
    down: int = 1
    margin: int = 0
    zoom: float | None = None
    left: int = 0
    top: int = 0

    @property
    def scale(self) -> float:
        """Device pixels per picture pixel, as drawn."""
        if self.zoom is not None:
            return self.zoom
        free_width, free_height = self.width - 2 * self.margin, self.height - 2 * self.margin
        return max(1 / 64, min(free_width / self.across, free_height / self.down))

    @property
    def rect(self) -> tuple[int, int, int, int]:
        """left, top, width and height of the picture."""
        width, height = round(self.across * self.scale), round(self.down * self.scale)
        if self.zoom is None:
            return (self.width - width) // 2, (self.height - height) // 2, width, height
        return self.left, self.top, width, height

    def fitted(self) -> "Viewport":
        """The whole picture, as large as it goes."""
        return replace(self, zoom=None)

    def zoomed(self, zoom: float, x: float, y: float) -> "Viewport":
        """At another zoom, what lies under (x, y) staying there."""
        left, top, width, _ = self.rect
        ratio = zoom * self.across / width
        moved = replace(self, zoom=zoom, left=round(x - (x - left) * ratio), top=round(y - (y - top) * ratio))
        return moved.kept_in_view()

    def stepped(self, steps: int, x: float, y: float) -> "Viewport":
        """So many pixel-true zooms further in or out; the same where there is no further one."""
        zoom = self.scale
        for _ in range(abs(steps)):
            if steps > 0:
                zoom = next((z for z in ZOOMS if z > zoom * 1.001), zoom)
            else:
                zoom = next((z for z in reversed(ZOOMS) if z < zoom * 0.999), zoom)
        return self if zoom == self.scale else self.zoomed(zoom, x, y)

    def panned(self, dx: float, dy: float) -> "Viewport":
        """Moved; a fitted picture first takes the pixel-true zoom nearest to what it has."""
        view = self
        if view.zoom is None:
            nearest = min(ZOOMS, key=lambda z: abs(z - self.scale))
            view = self.zoomed(nearest, self.width / 2, self.height / 2)
        return replace(view, left=round(view.left + dx), top=round(view.top + dy)).kept_in_view()

    def resized(self, width: int, height: int, margin: int) -> "Viewport":
        """The same view in a window of another size."""
        return replace(self, width=width, height=height, margin=margin).kept_in_view()

    def kept_in_view(self) -> "Viewport":
        """Pushed back so far that some of the picture shows."""
        left, top, width, height = self.rect
        return replace(
            self,
            left=min(self.width - KEEP, max(KEEP - width, left)),
            top=min(self.height - KEEP, max(KEEP - height, top)),
        )
