"""The panels: one file each, one line each here. The window asks this table, not the other way round.

A panel is a widget made with `(document, compute)`. It has `show_session(session)`, called whenever the session was
replaced, and `applies(spec)`, which says whether it has anything to offer for a model; where it does not, it is
hidden. It edits by calling the document and draws small pictures by asking compute.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Panel:
    """A row of the table. `place`: "left" column, "right" column (a card), "bottom" (a tab of the strip)."""

    name: str
    place: Literal["left", "right", "bottom"]
    title: str
    tip: str
    widget: str  # "module:Class", imported when the window is built

    def make(self, *arguments: Any) -> Any:
        """Build the panel."""
        module, name = self.widget.split(":")
        return getattr(import_module(module), name)(*arguments)


PANELS = (
    Panel("models", "left", "Models", "Models to open", "app.panels.models:ModelsPanel"),
    Panel("snapshots", "right", "Training", "The same latent over a training", "app.panels.snapshots:SnapshotsPanel"),
    Panel("latent", "right", "Latent", "Where the picture comes from", "app.panels.latent:LatentPanel"),
    Panel("condition", "right", "Class", "What the picture is of", "app.panels.condition:ConditionPanel"),
    Panel("truncation", "right", "Truncation", "Typical or varied", "app.panels.truncation:TruncationPanel"),
    Panel("dimensions", "right", "Latent dimensions", "Every dimension", "app.panels.dimensions:DimensionsPanel"),
    Panel("gallery", "bottom", "Gallery", "Pictures that you kept", "app.panels.gallery:GalleryPanel"),
    Panel("history", "bottom", "History", "Everything done so far", "app.panels.history:HistoryPanel"),
)
