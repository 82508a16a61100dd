"""The evaluate workspace: is the model any good, and has it learnt its training images by heart?"""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import evaluating, theme
from app.compute import Compute
from app.document import Document
from app.evaluating import Kept, Outcome, Plan
from app.panels.evaluate_figures import FiguresPart
from app.panels.evaluate_neighbours import NeighboursPart
from app.widgets.buttons import Choice, IconButton, SegmentedTabs, TextButton
from app.widgets.elided import ElidedLabel
from app.widgets.scrolled import scrolled
from app.widgets.wrapping import WrappingBar
from ganviz import catalog
from ganviz.session import Session
from ganviz.spec import Spec
from ganviz.training_data import find_data, remember_data, source_of

SAMPLES = (100, 200, 500, 1000, 2000, 5000, 10_000, 50_000)
USUAL = 1000
FEATURES = (
    ("auto", "Best features"),
    ("classifier", "A small classifier"),
    ("autoencoder", "A small autoencoder"),
    ("patches", "Fixed random filters"),
)
WEIGHTS = "Inception weights…"
OUTCOMES = 4
"""Neighbour reports that are held, of so many models."""
WRAPS = 620
"""Width below which samples, features and button go under the data."""
LEAST = (580, 430)
"""Width and height below which the page has bars to scroll by."""


class EvaluatePage(QFrame):
    """Which half, data, samples and features above; the half below. One job at a time, which its button cancels.

    `said(text, kind)` is for the window.
    """

    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._of = ""  # digest of the model that is shown
        self._source: str | None = None
        self._asking = ""  # digest of the model whose results are being read
        self._running = ""  # what is going on: "measure", "compare", "walk", "page"
        self._outcomes: dict[str, Outcome] = {}
        self.halves = SegmentedTabs(
            [
                ("Metrics", "How good and how varied the pictures are, in numbers"),
                ("Neighbours", "Whether samples are copies of training images"),
            ],
            "evaluate-halves",
            "What to evaluate",
            kind="workspace",
        )
        self.page_button = TextButton(
            "HTML report…", "Save one page with card, samples, neighbours, metrics and curves", "evaluate-page"
        )
        self.data = ElidedLabel()
        self.choose = TextButton("Choose data…", "Say where this model's training data are", "evaluate-choose")
        self.other = IconButton("folder-search-outline", "Compare with other data", "evaluate-other", size=16)
        self.samples = Choice("evaluate-samples", "How many pictures to draw; more give closer intervals", whole=True)
        self.features = Choice("evaluate-features", "What pictures are compared by", whole=True)
        self.start_button = TextButton("Measure", "", "evaluate-start", kind="primary")
        self.state = ElidedLabel()
        self.figures, self.neighbours = FiguresPart(), NeighboursPart()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for count in SAMPLES:
            self.samples.addItem(f"{count:,} samples", count)
        self.samples.setCurrentIndex(SAMPLES.index(USUAL))
        for which, text in FEATURES:
            self.features.addItem(text, which)
        self.features.addItem(WEIGHTS, "")
        for label, name in ((self.data, "evaluate-data"), (self.state, "evaluate-state")):
            label.setObjectName(name)
            label.setFont(theme.text_font(tabular=True))
            label.setProperty("tone", "muted")
        # From outside inwards: what is put somewhere else, with all that is in it, is styled anew each time.
        page = QWidget()
        page.setMinimumSize(*LEAST)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(page, "evaluate-area"))
        whole = QVBoxLayout(page)
        whole.setContentsMargins(16, 12, 16, 12)
        whole.setSpacing(10)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.halves)
        top.addWidget(self.state, 1)
        top.addWidget(self.page_button)
        what = WrappingBar(WRAPS, shares=(2, 5))
        what.first.addWidget(self.data, 1)
        what.first.addWidget(self.other)
        what.first.addWidget(self.choose)
        what.second.addStretch(1)
        what.second.addWidget(self.samples)
        what.second.addWidget(self.features)
        what.second.addWidget(self.start_button)
        self._stack.addWidget(self.figures)
        self._stack.addWidget(self.neighbours)
        whole.addLayout(top)
        whole.addWidget(what)
        whole.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.halves.currentChanged.connect(self._half_chosen)
        self.choose.clicked.connect(self.ask_for_data)
        self.other.clicked.connect(self.ask_for_data)
        self.features.activated.connect(self._features_chosen)
        self.start_button.clicked.connect(self.start)
        self.page_button.clicked.connect(self.ask_for_page)
        self.neighbours.sample_chosen.connect(self._go)
        self.neighbours.walk_wanted.connect(self.walk)
        self.neighbours.walk_kept.connect(self.keep_walk)
        for tick in self.figures.ticks.values():
            tick.toggled.connect(self._show)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always."""
        return True

    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return not self._asking and not self._running

    # -- following the document -----------------------------------------------------------------------------------

    def show_session(self, session: Session) -> None:
        """Follow the document: another model has other data and other results."""
        digest = session.recipe.model.digest
        if digest == self._of:
            return
        self._of = digest
        self._source = find_data(self._document.header)
        self.figures.show_kept(Kept(), 0)
        self.neighbours.show_outcome(self._outcomes.get(digest))
        self._read()
        self._show()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self._of and self._document.is_open and self._source is None:
            self._source = find_data(self._document.header)  # it may have been chosen under the picture meanwhile
            self._show()

    def _read(self) -> None:
        """Have what is kept of the model read."""
        header, digest = self._document.header, self._of
        self._asking = digest

        def done(kept: Kept) -> None:
            if digest == self._of:
                self._asking = ""
                self.figures.show_kept(kept, catalog.images_seen(header))

        def failed(message: str) -> None:
            done(Kept())
            self.said.emit(message, "warning")

        self._compute.ask(lambda renderer: evaluating.read_kept(header), done, failed)

    # -- what to measure ------------------------------------------------------------------------------------------

    def ask_for_data(self) -> None:
        """Ask where the training data are: a zip, an .npz, or an image in the folder of all."""
        chooser = self._chooser("Training data: a zip, an .npz, or a file in the folder of images", "data-chooser")
        chooser.fileSelected.connect(self.use_data)
        chooser.open()

    def use_data(self, path: str) -> None:
        """Measure against these data from now on, whenever this model is open."""
        self._source = source_of(path)
        remember_data(self._document.header, self._source)
        self._show()

    def _features_chosen(self, k: int) -> None:
        if self.features.itemText(k) == WEIGHTS:
            self.features.setCurrentIndex(0)
            chooser = self._chooser("Weights of the Inception network, as torch-fidelity has them", "weights-chooser")
            chooser.fileSelected.connect(self.use_weights)
            chooser.open()

    def use_weights(self, path: str) -> None:
        """Compare by the Inception network with weights from this file."""
        k = self.features.findData(path)
        if k < 0:
            k = self.features.count() - 1
            self.features.insertItem(k, f"Inception: {Path(path).name}", path)
        self.features.setCurrentIndex(k)

    def plan(self) -> Plan:
        """What the page says."""
        return Plan(
            self._source or "",
            int(self.samples.currentData()),
            str(self.features.currentData()),
            self.figures.metrics(),
            self.figures.snapshots(),
        )

    # -- jobs -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Measure, or compare; cancel what is going on."""
        if self._running:
            self._compute.cancel_job()
        elif self.halves.currentIndex() == 0:
            self._begin("measure", "Measuring", evaluating.measure, self._measured)
        else:
            self._begin("compare", "Comparing with the training data", evaluating.compare, self._compared)

    def _begin(self, which: str, what: str, make: Any, done: Any, *more: Any) -> None:
        """Start a job made by `make(renderer, header, *arguments)`; `done(result, digest)` takes what it brings."""
        header, digest = self._document.header, self._of
        arguments = more or (self.plan(),)

        def ended(result: Any) -> None:
            self._end()
            done(result, digest)

        def failed(message: str) -> None:
            self._end()
            self.said.emit(message, "error")
            self._read()

        def cancelled() -> None:
            self._end()
            self._read()

        self._running = which
        if not self._compute.start_job(
            lambda renderer: make(renderer, header, *arguments),
            what,
            done=ended,
            failed=failed,
            cancelled=cancelled,
            progress=self._progress,
        ):
            self._running = ""
        self._show()

    def _progress(self, progress: Any) -> None:
        of = f" {progress.done:,} of {progress.total:,}" if progress.total else ""
        self.state.setText(f"{progress.note}{of}")

    def _end(self) -> None:
        self._running = ""
        self.state.setText("")
        self._show()

    def _measured(self, measured: Any, digest: str) -> None:
        self.said.emit(f"{measured.model} is measured; the figures are kept beside it", "good")
        self._read()

    def _compared(self, outcome: Outcome, digest: str) -> None:
        self._outcomes.pop(digest, None)
        self._outcomes[digest] = outcome
        while len(self._outcomes) > OUTCOMES:
            self._outcomes.pop(next(iter(self._outcomes)))
        if digest == self._of:
            self.neighbours.show_outcome(outcome)

    def walk(self) -> None:
        """Walk from the chosen sample to the training image nearest to it."""
        row, outcome = self.neighbours.chosen(), self.neighbours.outcome
        if row is None or outcome is None or self._running:
            return

        def done(found: Any, digest: str) -> None:
            if self.neighbours.chosen() is row:
                self.neighbours.show_walk(found)

        what = "Walking to the training image"
        self._begin("walk", what, evaluating.walk, done, row.sample, outcome.source)

    def keep_walk(self, found: Any) -> None:
        """Put a walk to a training image into the timeline, one step that undo takes back."""
        from ganviz.neighbour_walk import placed

        timeline, walk = placed(found, self._document.session.walk)
        self._document.seal()
        self._document.edit(recipe=found.recipes[0], timeline=timeline, walk=walk)
        self.said.emit("The walk is in the timeline under the picture; undo takes it back", "good")

    def ask_for_page(self) -> None:
        """Ask where to save the page."""
        chooser = self._chooser("Save the report", "page-chooser")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setFileMode(QFileDialog.FileMode.AnyFile)
        chooser.setNameFilter("Web pages (*.html)")
        chooser.setDefaultSuffix("html")
        chooser.selectFile(f"{self._document.recipe.model.name}.html")
        chooser.fileSelected.connect(self.save_page)
        chooser.open()

    def save_page(self, path: str) -> None:
        """Write the page by a job."""

        def done(out: Path, digest: str) -> None:
            self.said.emit(f"The report is in {out}", "good")
            if digest == self._of:
                self._read()

        self._begin("page", "Writing the report", evaluating.write_page, done, self.plan(), Path(path))

    def _chooser(self, title: str, name: str) -> QFileDialog:
        chooser = QFileDialog(self, title)
        chooser.setObjectName(name)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        return chooser

    # -- looks ----------------------------------------------------------------------------------------------------

    def _go(self, recipe: Any) -> None:
        """Look at a sample; going along the list is one step."""
        if recipe.model.digest == self._document.recipe.model.digest:
            self._document.edit(merge="look at samples", recipe=recipe)

    def _half_chosen(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._show()

    def _show(self) -> None:
        measuring = self.halves.currentIndex() == 0
        known = self._source is not None
        if known:
            self.data.setText(f"Against {Path(str(self._source)).name}")
            self.data.setToolTip(f"The training data: {self._source}")
        elif self._of:
            said = self._document.header.card.data
            self.data.setText(f"The training data{f' ({said})' if said else ''} are not known here.")
        self.other.setVisible(known)
        self.choose.setVisible(not known)
        self.start_button.setText("Cancel" if self._running else "Measure" if measuring else "Compare")
        self.start_button.setAccessibleName(self.start_button.text())
        tip = "Measure what is ticked" if measuring else "Look the samples up in the training data"
        self.start_button.setToolTip("Stop this work" if self._running else tip)
        able = known and (not measuring or bool(self.figures.metrics()))
        self.start_button.setEnabled(bool(self._running) or able)
        self.page_button.setEnabled(not self._running)
        self.neighbours.set_busy(bool(self._running))
