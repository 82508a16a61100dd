"""Where everything stands: top bar, three columns, strip, status bar. Nothing here knows what any of it does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.actions import more_menu
from app.commands import BY_ID
from app.panels import PANELS, WORKSPACES
from app.panels.walk import WalkBar
from app.status import StatusBar
from app.widgets.buttons import IconButton, SegmentedTabs, TextButton, tip_text
from app.widgets.canvas import Canvas
from app.widgets.card_column import CardColumn
from app.widgets.elided import ElidedLabel
from app.widgets.import_page import ImportPage
from app.workspaces import Centre

if TYPE_CHECKING:
    from app.window import MainWindow

LEFT, RIGHT = 250, 340
TOP, STRIP = 44, 132
NARROW = 480
"""Pixels of the canvas's row below which the model's name gives way."""


@dataclass(slots=True)
class Parts:
    """The widgets that the window talks to."""

    whole: QWidget
    canvas: Canvas
    columns: QSplitter
    right: CardColumn
    centre: Centre
    middle: QStackedWidget
    importing: ImportPage
    workspaces: SegmentedTabs
    models: Any
    snapshots: Any
    neighbours: Any
    variations: Any
    view: SegmentedTabs
    timeline: Any
    latent: Any
    dimensions: Any
    gallery: Any
    walk: WalkBar
    status: StatusBar
    cards: dict[str, Any]
    panels: list[Any]
    name: QLabel
    recipe: QLabel
    smooth: IconButton
    tabs: SegmentedTabs
    pages: QStackedWidget
    page_names: list[str]
    areas: list[QWidget]
    needing_a_model: list[QWidget]
    sides: list[QWidget]
    enabled: bool | None = None

    def show_tab(self, name: str) -> None:
        """Bring a tab of the strip to the front."""
        self.tabs.setCurrentIndex(self.page_names.index(name))

    def show_import(self, shown: bool) -> None:
        """Bring the page for a model from elsewhere to the front, or the workspace again."""
        self.middle.setCurrentIndex(int(shown))
        for widget in (self.workspaces, self.pages):
            widget.setEnabled(not shown)

    def show_sides(self, shown: bool) -> None:
        """Show or hide what is about the picture: the cards, and the strip with its hairline."""
        for widget in self.sides:
            widget.setVisible(shown)

    def set_enabled(self, enabled: bool) -> None:
        """Grey what does nothing while no model is open."""
        if enabled == self.enabled:
            return
        self.enabled = enabled
        for widget in self.needing_a_model:
            widget.setEnabled(enabled)


def build(window: "MainWindow") -> Parts:
    """Make all widgets of the window."""
    panels = {panel.name: panel.make(window.document, window.compute) for panel in PANELS}
    canvas = Canvas()
    status = StatusBar()
    walk = WalkBar(window.document, window.compute)
    name, recipe = ElidedLabel(), ElidedLabel()
    smooth = IconButton("blur", "Smooth when fitted", "smooth", checkable=True)
    smooth.clicked.connect(lambda checked: window.set_setting("smooth", checked))

    cards = {panel.name: panels[panel.name] for panel in PANELS if panel.place == "right"}
    right = CardColumn(list(cards.values()))
    below = [panels[panel.name] for panel in PANELS if panel.place == "below"]
    view = SegmentedTabs(
        [("Picture", "The picture, as large as there is room"), ("Sheet", "Variations around it, to choose and breed")],
        "explore-view",
        "Picture or sheet",
        kind="workspace",
    )
    explore = _explore(window, canvas, name, recipe, smooth, view, panels["variations"], below)
    centre = Centre(explore, window.document, window.compute)
    importing = ImportPage()
    middle = QStackedWidget()
    middle.addWidget(centre)
    middle.addWidget(importing)
    left = panels["models"]
    left.setProperty("tone", "panel")
    left.setMinimumWidth(200)

    columns = QSplitter(Qt.Orientation.Horizontal)
    columns.setObjectName("columns")
    columns.setHandleWidth(1)
    columns.setChildrenCollapsible(False)
    for part in (left, middle, right):
        columns.addWidget(part)
    columns.setStretchFactor(1, 1)
    columns.setSizes([LEFT, 1440 - LEFT - RIGHT, RIGHT])

    bottom = [panel for panel in PANELS if panel.place == "bottom"]
    tabs = SegmentedTabs(
        [(panel.title, panel.tip) for panel in bottom], "strip-tabs", "What the strip shows", kind="plain"
    )
    pages = QStackedWidget()
    for panel in bottom:
        pages.addWidget(panels[panel.name])
    tabs.currentChanged.connect(pages.setCurrentIndex)
    tabs.setCurrentIndex([panel.name for panel in bottom].index("gallery"))  # where a newcomer's pictures go

    whole = QWidget()
    stack = QVBoxLayout(whole)
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(0)
    workspaces = SegmentedTabs(
        [(item.title, item.tip) for item in WORKSPACES], "workspaces", "Workspaces", kind="workspace"
    )
    workspaces.setUsesScrollButtons(True)  # in a narrow window there is no room for all
    for button, way in zip(workspaces.findChildren(QToolButton), ("left", "right"), strict=False):
        button.setToolTip(f"Workspaces further {way}")
        button.setAccessibleName(f"Workspaces further {way}")
    top = _top_bar(window, workspaces)
    stack.addWidget(top)
    stack.addWidget(hairline())
    stack.addWidget(window.recovery.bar)
    stack.addWidget(columns, 1)
    stack.addWidget(hairline())
    strip, below_it = _strip(window, tabs, walk, pages), hairline()
    stack.addWidget(strip)
    stack.addWidget(below_it)
    stack.addWidget(status)
    return Parts(
        whole=whole,
        canvas=canvas,
        columns=columns,
        right=right,
        centre=centre,
        middle=middle,
        importing=importing,
        workspaces=workspaces,
        models=left,
        snapshots=panels["snapshots"],
        neighbours=panels["neighbours"],
        variations=panels["variations"],
        view=view,
        timeline=panels["timeline"],
        latent=panels["latent"],
        dimensions=panels["dimensions"],
        gallery=panels["gallery"],
        walk=walk,
        status=status,
        cards=cards,
        panels=list(panels.values()),
        name=name,
        recipe=recipe,
        smooth=smooth,
        tabs=tabs,
        pages=pages,
        page_names=[panel.name for panel in bottom],
        areas=[top, left, centre, right, strip],
        needing_a_model=[*cards.values(), walk],
        sides=[right, strip, below_it],
    )


def hairline() -> QFrame:
    """A line of 1 px between two areas."""
    line = QFrame()
    line.setProperty("tone", "line")
    line.setFixedHeight(1)
    return line


def command_button(window: "MainWindow", id: str, *, icon_only: bool, kind: str = "plain") -> QToolButton | QPushButton:
    """A button for a command: named like it, enabled with it, running it when clicked."""
    command, action = BY_ID[id], window.actions_by_id[id]
    tip = command.text.rstrip("…")
    button: QToolButton | QPushButton
    if icon_only:
        button = IconButton(command.icon, tip, id, shortcut=command.shortcut)
    else:
        button = TextButton(tip, tip, id, icon=command.icon, kind=kind, shortcut=command.shortcut)
    button.clicked.connect(lambda: action.trigger())
    action.enabledChanged.connect(button.setEnabled)
    return button


def _top_bar(window: "MainWindow", workspaces: SegmentedTabs) -> QWidget:
    bar = QFrame()
    bar.setProperty("tone", "panel")
    bar.setFixedHeight(TOP)
    row = QHBoxLayout(bar)
    row.setContentsMargins(8, 0, 12, 0)
    row.setSpacing(4)
    for id in ("open", "save", "undo", "redo"):
        row.addWidget(command_button(window, id, icon_only=True))
    row.addSpacing(12)
    row.addWidget(workspaces)
    row.addStretch(1)
    randomise = command_button(window, "randomise", icon_only=False)
    randomise.setToolTip(tip_text("A random latent, as far away as Variation says", BY_ID["randomise"].shortcut))
    row.addWidget(randomise)
    row.addSpacing(4)
    export = command_button(window, "export-image", icon_only=False, kind="primary")
    export.setToolTip(tip_text("Export the picture as a PNG", BY_ID["export-image"].shortcut))
    row.addWidget(export)
    more = IconButton("dots-vertical", "More commands and settings", "more")
    more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    more.setMenu(more_menu(window, more))
    row.addWidget(more)
    return bar


class _CanvasBar(QFrame):
    """The row above the canvas. Where it is narrow the name gives way, which the list of models has too: the switch of
    views would be cut else."""

    def __init__(self, name: QLabel) -> None:
        super().__init__()
        self.setProperty("tone", "background")
        self._name = name
        self.row = QHBoxLayout(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        self._name.setVisible(not narrow)
        aside = 6 if narrow else 16
        self.row.setContentsMargins(aside, 8, aside, 4)


def _explore(
    window: "MainWindow",
    canvas: Canvas,
    name: QLabel,
    recipe: QLabel,
    smooth: IconButton,
    view: SegmentedTabs,
    sheet: QWidget,
    below: list[Any],
) -> QWidget:
    name.setObjectName("model-name")
    name.setFont(theme.text_font(bold=True))
    name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
    recipe.setObjectName("recipe")
    recipe.setFont(theme.text_font(tabular=True))
    recipe.setProperty("tone", "muted")
    recipe.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # it changes with every edit
    zoom = QLabel("Fit")
    zoom.setObjectName("zoom")
    zoom.setToolTip("Zoom of the picture")
    zoom.setFont(theme.caption_font(tabular=True))
    zoom.setProperty("tone", "muted")
    canvas.zoom_changed.connect(zoom.setText)
    wander = IconButton("gesture-swipe", "Drag on the picture wanders on the seed plane", "tool-latent", checkable=True)
    pan = IconButton("hand-back-right-outline", "Drag on the picture moves the picture", "tool-pan", checkable=True)
    tools = QButtonGroup(canvas)
    for button, tool in ((wander, "latent"), (pan, "pan")):
        tools.addButton(button)
        button.clicked.connect(lambda _=False, tool=tool: canvas.set_tool(tool))
    wander.setChecked(True)
    bar = _CanvasBar(name)
    row = bar.row
    row.setContentsMargins(16, 8, 16, 4)
    row.setSpacing(4)
    row.addWidget(name)
    row.addSpacing(4)
    row.addWidget(recipe, 1)
    row.addWidget(view)
    fit, actual = (command_button(window, id, icon_only=True) for id in ("zoom-fit", "zoom-actual"))
    for widget in (zoom, fit, actual, smooth, wander, pan):
        row.addWidget(widget)
    row.addSpacing(4)
    row.addWidget(command_button(window, "keep", icon_only=True))
    centre = QFrame()
    centre.setProperty("tone", "background")
    stack = QVBoxLayout(centre)
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(0)
    stack.addWidget(bar)
    pages = QStackedWidget()
    pages.addWidget(canvas)
    pages.addWidget(sheet)
    stack.addWidget(pages, 1)

    def show_view(index: int) -> None:
        pages.setCurrentIndex(index)
        for widget in (zoom, fit, actual, smooth, wander, pan):
            widget.setVisible(index == 0)

    view.currentChanged.connect(show_view)
    foot = QVBoxLayout()
    foot.setContentsMargins(16, 8, 16, 12)
    for panel in below:
        foot.addWidget(panel)
    stack.addLayout(foot)
    return centre


def _strip(window: "MainWindow", tabs: SegmentedTabs, walk: WalkBar, pages: QStackedWidget) -> QWidget:
    strip = QFrame()
    strip.setProperty("tone", "panel")
    strip.setFixedHeight(STRIP)
    head = QHBoxLayout()
    head.setContentsMargins(8, 0, 0, 0)
    head.setSpacing(16)
    head.addWidget(tabs)
    head.addStretch(1)
    head.addWidget(walk)
    head.addStretch(1)
    export = command_button(window, "export-video", icon_only=False)
    export.setToolTip(tip_text("Export the walk through the gallery as video", BY_ID["export-video"].shortcut))
    head.addWidget(export)
    stack = QVBoxLayout(strip)
    stack.setContentsMargins(4, 8, 12, 0)
    stack.setSpacing(2)
    stack.addLayout(head)
    stack.addWidget(pages, 1)
    return strip
