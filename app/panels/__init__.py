"""The panels: one file each, one line each here. The window asks this table, not the other way round.

A workspace is a page of the centre, built from a class made with `(document, compute)` when it is first visited or,
more often, before that, while the hands are still. Made is not seen: asking for pictures, reading, looking wait for
`show_session` or for being shown. What it will need besides, it may make in `make_ahead()`, an iterator, a step each
`next`. It has `show_session(session)`, called when it comes to the front and when the session changes while it is
there, and `applies(spec)`; where it does not apply the window says what it `needs`. `complete()` says whether all that
it shows has been drawn, for whoever takes a picture of the window, and for tests. Where it has a signal
`said(text, kind)`, the window shows the text above it; with `export_wanted(sheet)` it asks for a sheet to be written as
a picture.

A panel is a widget made with `(document, compute)`. It has `show_session(session)`, called whenever the session was
replaced, and `applies(spec)`, which says whether it has anything to offer for a model; where it does not, it is
hidden. It edits by calling the document and draws small pictures by asking compute.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Panel:
    """A row of the table. `place`: "left" column, "right" column (a card), "bottom" (a tab of the strip),
    "below" the canvas, "over" it (a page that a switch above the canvas brings to the front)."""

    name: str
    place: Literal["left", "right", "bottom", "below", "over"]
    title: str
    tip: str
    widget: str  # "module:Class", imported when the window is built
    workspaces: tuple[str, ...] = ()  # where a card is shown; empty: in all of them

    def make(self, *arguments: Any) -> Any:
        """Build the panel."""
        return load(self.widget)(*arguments)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A row of the table of workspaces; the first one is the canvas itself.

    `needs` completes "This workspace needs ...", and is said where a model does not have it. `without_model`: there is
    something to do even where none is open. `alone`: cards and strip, which are about the picture, are away meanwhile.
    `object_name` is the page's where it is not the workspace's name.
    """

    name: str
    title: str
    tip: str
    widget: str = ""  # "module:Class", imported when it is first visited
    needs: str = ""
    without_model: bool = False
    alone: bool = False
    object_name: str = ""


def load(widget: str) -> Any:
    """The class that "module:Class" names."""
    module, name = widget.split(":")
    return getattr(import_module(module), name)


WORKSPACES: tuple[Workspace, ...] = (
    Workspace("explore", "Explore", "Look around in a model's latent space"),
    Workspace(
        "arithmetic",
        "Arithmetic",
        "Add and subtract what pictures have in common",
        "app.panels.arithmetic:ArithmeticPage",
    ),
    Workspace(
        "mix",
        "Mix",
        "Mix styles, and see what psi and noise do, in sheets",
        "app.panels.mix_sheets:MixPage",
        needs="a model that psi does something to, or with several style inputs, as the StyleGANs have",
    ),
    Workspace(
        "codes",
        "Codes",
        "Sweep over the codes that a model tells apart by itself",
        "app.panels.code_sweep:CodesPage",
        needs="a model with structured codes, as InfoGAN has them",
    ),
    Workspace(
        "directions",
        "Directions",
        "Find what a model varies, name it, and go along it",
        "app.panels.direction_page:DirectionsPage",
    ),
    Workspace(
        "map",
        "Map",
        "Thousands of pictures placed so that what is alike lies together",
        "app.panels.map_page:MapPage",
    ),
    Workspace(
        "layers",
        "Layers",
        "Look inside the network, and take out or boost what single units draw",
        "app.panels.layers:LayersPage",
        needs="a model that says what its layers are",
    ),
    Workspace(
        "compare",
        "Compare",
        "The picture against a kept one, another snapshot or another model",
        "app.panels.compare:ComparePage",
    ),
    Workspace(
        "evaluate",
        "Evaluate",
        "How good and how varied a model is, and whether it has learnt its data by heart",
        "app.panels.evaluate:EvaluatePage",
    ),
    Workspace(
        "train",
        "Train",
        "Train a model on your own pictures, and see what the two nets do",
        "app.panels.training:TrainPage",
        without_model=True,
        alone=True,
        object_name="training",
    ),
)


PANELS = (
    Panel("models", "left", "Models", "Models to open", "app.panels.models:ModelsPanel"),
    Panel("variations", "over", "Sheet", "Variations around the picture", "app.panels.variations:VariationsPanel"),
    Panel(
        "picture",
        "right",
        "Picture",
        "The picture, small",
        "app.panels.picture:PicturePanel",
        workspaces=("arithmetic", "mix", "codes", "map", "evaluate"),
    ),
    Panel("snapshots", "right", "Training", "The same latent over a training", "app.panels.snapshots:SnapshotsPanel"),
    Panel("latent", "right", "Latent", "Where the picture comes from", "app.panels.latent:LatentPanel"),
    Panel("condition", "right", "Class", "What the picture is of", "app.panels.condition:ConditionPanel"),
    Panel("codes", "right", "Codes", "What the model tells apart by itself", "app.panels.codes:CodesPanel"),
    Panel(
        "directions",
        "right",
        "Directions",
        "How far to go along what was found",
        "app.panels.directions:DirectionsPanel",
        workspaces=("explore", "directions"),
    ),
    Panel(
        "units",
        "right",
        "Units",
        "What was made weaker or stronger inside the network",
        "app.panels.units:UnitsPanel",
        workspaces=("explore", "layers"),
    ),
    Panel("truncation", "right", "Truncation", "Typical or varied", "app.panels.truncation:TruncationPanel"),
    Panel(
        "mix",
        "right",
        "Style mix",
        "Styles of some layers from other pictures",
        "app.panels.style_mix:StyleMixPanel",
        workspaces=("explore", "mix"),
    ),
    Panel(
        "noise",
        "right",
        "Noise",
        "What differs from picture to picture of the same latent",
        "app.panels.noise:NoisePanel",
        workspaces=("explore", "mix"),
    ),
    Panel(
        "project",
        "right",
        "Projection",
        "Look for a photo in the latent space",
        "app.panels.project:ProjectPanel",
        workspaces=("explore",),
    ),
    Panel(
        "dimensions",
        "right",
        "Latent dimensions",
        "Every dimension",
        "app.panels.dimensions:DimensionsPanel",
        workspaces=("explore",),
    ),
    Panel(
        "neighbours",
        "below",
        "Nearest training images",
        "New, or a picture out of the data",
        "app.panels.neighbours:NeighboursPanel",
    ),
    Panel("timeline", "bottom", "Timeline", "Pictures in time", "app.panels.timeline:TimelinePanel"),
    Panel("gallery", "bottom", "Gallery", "Pictures that you kept", "app.panels.gallery:GalleryPanel"),
    Panel("history", "bottom", "History", "Everything done so far", "app.panels.history:HistoryPanel"),
)
