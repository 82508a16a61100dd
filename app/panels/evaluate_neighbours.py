"""The neighbours half of the evaluate workspace: has the model learnt its training images by heart?"""

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from app import theme
from app.evaluating import Outcome, Row, tone, walk_words, words
from app.widgets.buttons import SegmentedTabs, TextButton
from app.widgets.charts import Histogram
from app.widgets.match_list import MatchList
from app.widgets.picture_grid import PictureGrid

if TYPE_CHECKING:
    from ganviz.neighbour_walk import NeighbourWalk

NOTHING = (
    "No samples have been compared yet. Press Compare: each is looked up in the training data, mirrored and moved by "
    "up to two pixels as well, and judged by how near real images are to one another."
)
WALK_HEIGHT = 60


class NeighboursPart(QWidget):
    """The verdict beside the histogram; below, the most suspicious samples, and the walk from the chosen one.

    `sample_chosen(recipe)` where one is to be looked at; `walk_wanted()` for the chosen one; `walk_kept(walk)` where
    the one on screen is to go into the timeline.
    """

    sample_chosen = Signal(object)
    walk_wanted = Signal()
    walk_kept = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("evaluate-neighbours")
        self._outcome: Outcome | None = None
        self._busy = False
        self.verdict, self.facts = QLabel(), QLabel()
        self.ways = SegmentedTabs(
            [
                ("Pixels", "Distances pixel by pixel, mirrored and moved where that is nearer"),
                ("Features", "Distances of what a network sees in the pictures"),
            ],
            "evaluate-distances",
            "Which distances the histogram shows",
            kind="plain",
        )
        self.histogram = Histogram(
            "evaluate-histogram",
            "Distance to the nearest image",
            "Where the samples' distances lie left of those between real images, they are copies",
        )
        self.list = MatchList(
            "evaluate-closest", "The closest samples with their nearest training images", "The closest samples first"
        )
        self.walk_button = TextButton(
            "Walk to the neighbour",
            "Look for the nearest training image in the latent space, and walk there from the chosen sample",
            "evaluate-walk",
        )
        self.keep_button = TextButton(
            "To the timeline",
            "Put this walk into the timeline in place of what is there, to play and export it; undo takes it back",
            "evaluate-walk-timeline",
        )
        self._walk: NeighbourWalk | None = None
        self.walk_said = QLabel()
        self.walk = PictureGrid("evaluate-walk-pictures", "The walk, and the training image itself at its end", 8)
        self.empty = QLabel(NOTHING)
        self._stack = QStackedLayout(self)
        self._lay_out()
        self.ways.currentChanged.connect(self._show_histogram)
        self.list.chosen.connect(self._chosen)
        self.walk_button.clicked.connect(self.walk_wanted)
        self.keep_button.clicked.connect(lambda: self.walk_kept.emit(self._walk))

    def _lay_out(self) -> None:
        for label, name in (
            (self.verdict, "evaluate-verdict"),
            (self.facts, "evaluate-facts"),
            (self.walk_said, "evaluate-walk-said"),
            (self.empty, "evaluate-none-compared"),
        ):
            label.setObjectName(name)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.facts, self.walk_said, self.empty):
            label.setProperty("tone", "muted")
        self.verdict.setFont(theme.text_font(15, bold=True))
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        said = QVBoxLayout()
        said.setSpacing(6)
        said.addWidget(self.verdict)
        said.addWidget(self.facts)
        said.addStretch(1)
        said.addWidget(self.ways)
        above = QHBoxLayout()
        above.setSpacing(16)
        above.addLayout(said, 1)
        self.histogram.setFixedSize(300, 168)
        above.addWidget(self.histogram)
        hands = QHBoxLayout()
        hands.setSpacing(12)
        hands.addWidget(self.walk_button)
        hands.addWidget(self.keep_button)
        hands.addWidget(self.walk_said, 1)
        self.walk.setFixedHeight(WALK_HEIGHT)
        full = QWidget()
        whole = QVBoxLayout(full)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(above)
        whole.addWidget(self.list, 1)
        whole.addLayout(hands)
        whole.addWidget(self.walk)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(full)

    # -- what is shown --------------------------------------------------------------------------------------------

    @property
    def outcome(self) -> Outcome | None:
        """What is on screen."""
        return self._outcome

    def chosen(self) -> Row | None:
        """The row that is chosen."""
        k = self.list.currentRow()
        return self._outcome.rows[k] if self._outcome is not None and k >= 0 else None

    def show_outcome(self, outcome: Outcome | None) -> None:
        """Show a report; None: there is none yet."""
        if outcome is self._outcome and outcome is not None:
            return
        self._outcome = outcome
        self.show_walk(None)
        self._stack.setCurrentIndex(0 if outcome is None else 1)
        if outcome is None:
            self.list.show_rows([])
            return
        report = outcome.report
        heading, _, facts = report.reason.partition(": ")
        self.verdict.setText({"new": "Not memorised"}.get(heading, heading.capitalize()))
        self.verdict.setProperty("tone", tone(report.verdict))
        theme.restyle(self.verdict)
        lines = [facts[:1].upper() + facts[1:] + "."]
        if report.authenticity is not None:
            share, real = f"{report.authenticity:.0%}", f"{report.reals.authenticity or 0:.0%}"
            lines.append(f"Authentic: {share} of the samples, {real} of the real images.")
        if report.features:
            lines.append(f"Features: {report.features}.")
        self.facts.setText("\n".join(lines))
        self.ways.setTabEnabled(1, report.feature is not None)
        if report.feature is None:
            self.ways.setCurrentIndex(0)
        self.list.show_rows([_shown(row) for row in outcome.rows])
        self._show_histogram()
        self._show_hands()

    def show_walk(self, found: "NeighbourWalk | None") -> None:
        """Show a walk's pictures, the training image last, and what they say."""
        self._walk = found
        self.walk.clear()
        self.walk.setVisible(found is not None)
        self.walk_said.setText(walk_words(found) if found is not None else "Choose a sample to look at it.")
        if found is not None:
            pictures: list[Any] = [*found.pixels, found.target]
            for k, pixels in enumerate(pictures):
                self.walk.set_picture(k, np.asarray(pixels))
        self._show_hands()

    def _show_histogram(self) -> None:
        if self._outcome is None:
            return
        pixel = self.ways.currentIndex() == 0
        edges, samples, real = self._outcome.report.histogram("pixel" if pixel else "feature")
        self.histogram.show_shares(edges, samples, real, "grey levels" if pixel else "of features")

    def _chosen(self, k: int) -> None:
        if self._outcome is not None:
            self.show_walk(None)
            self.walk_said.setText("")
            self.sample_chosen.emit(self._outcome.rows[k].sample.recipe)

    def set_busy(self, busy: bool) -> None:
        """While something is going on no walk can begin."""
        self._busy = busy
        self._show_hands()

    def _show_hands(self) -> None:
        self.walk_button.setEnabled(self.chosen() is not None and not self._busy)
        self.keep_button.setEnabled(self._walk is not None)


def _shown(row: Row) -> tuple[Any, str, str, str]:
    sample = row.sample
    reason = sample.reason.partition(": ")[2]
    seed = "" if sample.seed is None else f"seed {sample.seed} · "
    return (row.pixels, row.neighbours), words(sample.verdict), tone(sample.verdict), seed + reason
