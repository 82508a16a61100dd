"""A sheet on screen: a grid of pictures that fill in as they are drawn; click one, drag it, or select several."""

import numpy as np
from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.compute import Compute
from app.document import Document
from app.widgets.sheet_grid import SMALLEST, SheetGrid
from ganviz.recipe import Recipe, Sheet


class SheetView(QScrollArea):
    """Shows a Sheet; pictures come from the compute thread as they are ready.

    Signals
    chosen(recipe)          a cell was clicked, or Enter pressed on it; of a composite, nothing
    selection_changed()     where `selectable`: Ctrl or Shift and click, or Space, select cells; a plain click too
                            where the sheet is there for `picking`
    kept(recipe)            "Keep in the gallery" was chosen for a cell
    """

    chosen = Signal(object)
    selection_changed = Signal()
    kept = Signal(object)

    def __init__(
        self,
        document: Document,
        compute: Compute,
        name: str,
        label: str,
        empty: str = "",
        parent: QWidget | None = None,
        *,
        selectable: bool = False,
        picking: bool = False,
        smallest: int = SMALLEST,
    ) -> None:
        """`label` is its accessible name; `empty` is what it says while there is no sheet; `smallest` is the side of
        a cell, in pixels, below which there are bars instead."""
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(False)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.grid = SheetGrid(self, document, compute, name, label, empty, selectable or picking)
        self.grid.picking, self.grid.smallest = picking, smallest
        self.setFocusProxy(self.grid)
        self.setWidget(self.grid)
        self.grid.setAutoFillBackground(False)  # which setWidget turned on
        self.setMinimumSize(160, 120)
        self.kept.connect(document.keep)

    # -- what is shown --------------------------------------------------------------------------------------------

    @property
    def sheet(self) -> Sheet | None:
        """The sheet on show."""
        return self.grid.sheet

    def set_sheet(self, sheet: Sheet | None) -> None:
        """Show a sheet, or none; pictures that both have stay."""
        self.grid.set_sheet(sheet)

    def set_current(self, recipe: Recipe | None) -> None:
        """Mark the cells with this recipe, as the one on the canvas."""
        self.grid.set_current(recipe)

    def selected(self) -> tuple[Recipe, ...]:
        """The selected cells, in the sheet's order."""
        return self.grid.selected()

    def select(self, places: set[int]) -> None:
        """Select the cells at these places."""
        self.grid.select(places)

    def picked(self) -> tuple[Recipe, ...]:
        """The selected cells, or where none is, the one that the keyboard is at."""
        return self.grid.picked()

    def complete(self) -> bool:
        """Whether every picture is here, or known never to come."""
        return self.grid.complete()

    def picture(self, place: int) -> np.ndarray | None:
        """Pixels uint8 (h, w, C) of the cell at a place, if they are here."""
        sheet = self.grid.sheet
        return None if sheet is None else self.grid.pixels_of(sheet.cells[place])

    def cell_rect(self, place: int) -> QRect:
        """Where a cell is, in the coordinates of `grid`."""
        return self.grid.cell_rect(place)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.grid.arrange()
