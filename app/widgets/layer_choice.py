"""Which layers: one check box each, in groups by resolution."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.widgets.buttons import TextButton, Tick
from ganviz.mixing import GROUPS, layer_groups, style_resolutions
from ganviz.spec import Spec

FIRST = 18
"""Check boxes that are there from the start, enough for 1024 px; more are made when a model has more."""
GROUP_WIDTH, TICK_WIDTH = 84, 48


class LayerChoice(QWidget):
    """Check boxes for the style inputs of a model, with a button for each group. `changed(layers)` by hand only."""

    changed = Signal(tuple)

    def __init__(self, name: str, columns: int = 4) -> None:
        """`name` begins the object names: {name}-layer-0 ..., {name}-coarse, ...; `columns` boxes stand in a row."""
        super().__init__()
        self._name, self._columns = name, columns
        self._spec: Spec | None = None
        self._groups: dict[str, tuple[int, ...]] = {}
        self._chosen: set[int] = set()
        self.ticks: list[Tick] = []
        self.buttons: dict[str, TextButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._grids: dict[str, QGridLayout] = {}
        for group in GROUPS:
            button = TextButton(group.capitalize(), f"All {group} layers, or none of them", f"{name}-{group}")
            button.setCheckable(True)
            button.setFixedWidth(GROUP_WIDTH)
            button.clicked.connect(lambda _=False, group=group: self._toggle_group(group))
            grid = QGridLayout()
            grid.setSpacing(0)
            grid.setColumnStretch(columns + 1, 1)
            grid.setColumnMinimumWidth(0, GROUP_WIDTH + 8)
            grid.addWidget(button, 0, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self.buttons[group], self._grids[group] = button, grid
            column.addLayout(grid)
        for _ in range(FIRST):
            self._add_tick()

    def set_spec(self, spec: Spec) -> None:
        """Offer the layers of a model."""
        if spec is self._spec:
            return
        self._spec, self._groups = spec, layer_groups(spec)
        sizes = style_resolutions(spec)
        while len(self.ticks) < spec.num_ws:
            self._add_tick()
        for tick in self.ticks[spec.num_ws :]:
            tick.hide()
        before: QWidget | None = None
        for group, layers in self._groups.items():
            button, grid = self.buttons[group], self._grids[group]
            button.setVisible(bool(layers))
            if layers:
                span = f"{sizes[layers[0]]} px" if sizes[layers[0]] == sizes[layers[-1]] else _span(sizes, layers)
                button.setToolTip(f"All {group} layers ({span}), or none of them")
            if before is not None:
                QWidget.setTabOrder(before, button)
            before = button
            for place, k in enumerate(layers):
                tick = self.ticks[k]
                tick.setToolTip(f"Layer {k}, {sizes[k]} px, {group}")
                tick.setAccessibleName(f"Layer {k}, {sizes[k]} pixels, {group}")
                row, column = divmod(place, self._columns)
                grid.addWidget(tick, row, column + 1)
                tick.show()
                QWidget.setTabOrder(before, tick)
                before = tick

    def show_layers(self, layers: tuple[int, ...]) -> None:
        """Show a choice that came from elsewhere; no signal."""
        self._chosen = set(layers)
        for k, tick in enumerate(self.ticks):
            tick.setChecked(k in self._chosen)
        for group, button in self.buttons.items():
            members = set(self._groups.get(group, ()))
            button.setChecked(bool(members) and members <= self._chosen)

    def _add_tick(self) -> None:
        k = len(self.ticks)
        tick = Tick(str(k), f"Layer {k}", f"{self._name}-layer-{k}", self)
        tick.setFixedWidth(TICK_WIDTH)
        tick.toggled.connect(lambda on: self._toggled(k, on))
        tick.hide()
        self.ticks.append(tick)

    def _toggled(self, k: int, on: bool) -> None:
        if on != (k in self._chosen):
            self._chosen ^= {k}
            self.changed.emit(tuple(sorted(self._chosen)))

    def _toggle_group(self, group: str) -> None:
        members = set(self._groups.get(group, ()))
        whole = members <= self._chosen
        self._chosen = self._chosen - members if whole else self._chosen | members
        chosen = tuple(sorted(self._chosen))
        self.show_layers(chosen)
        self.changed.emit(chosen)


def _span(sizes: tuple[int, ...], layers: tuple[int, ...]) -> str:
    return f"{sizes[layers[0]]} to {sizes[layers[-1]]} px"
