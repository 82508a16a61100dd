"""The metrics half of the evaluate workspace: which to measure, the figures in words, and over a run's snapshots."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.evaluating import Kept, describe
from app.widgets.buttons import Choice, Tick
from app.widgets.charts import IntervalPlot
from app.widgets.metric_table import MetricTable
from app.widgets.scrolled import scrolled
from ganviz.metrics import METRICS, about
from ganviz.metrics.results import Measured

COLUMNS = 3
OVER = ((1, "This model"), (8, "8 snapshots"), (16, "16 snapshots"))
NOTHING = (
    "Nothing is measured yet. Choose which figures, and press Measure: the model's samples are held against its "
    "training data. Results are kept beside the checkpoint."
)


class FiguresPart(QWidget):
    """Ticks above; below, in an area to scroll, one kept result as a table, then its figures over the run."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("evaluate-figures")
        self.ticks: dict[str, Tick] = {}
        self._kept = Kept()
        self._images_seen: float | None = None
        self.over = Choice(
            "evaluate-over", "Whether to measure this model alone, or snapshots of its run as well", whole=True
        )
        self.results = Choice("evaluate-results", "Which of the kept results is shown")
        self.features = QLabel()
        self.table = MetricTable("evaluate-table")
        self.notes = QLabel()
        self.empty = QLabel(NOTHING)
        self.heading = QLabel("Over the training")
        self.plots: list[IntervalPlot] = []
        self._plots = QGridLayout()
        self._lay_out()
        self.results.currentIndexChanged.connect(self._show)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(0)
        for k, (name, metric) in enumerate(METRICS.items()):
            tick = Tick(metric.label, metric.hint, f"evaluate-metric-{name}")
            tick.setChecked(metric.by_default)
            self.ticks[name] = tick
            grid.addWidget(tick, k // COLUMNS, k % COLUMNS)
        grid.addWidget(self.over, len(METRICS) // COLUMNS, len(METRICS) % COLUMNS, Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(COLUMNS, 1)
        for label, name in ((self.features, "evaluate-features-used"), (self.notes, "evaluate-notes")):
            label.setObjectName(name)
            label.setProperty("tone", "muted")
        self.empty.setObjectName("evaluate-nothing")
        self.empty.setProperty("tone", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in (self.features, self.notes, self.empty):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setFont(theme.text_font(bold=True))
        self._plots.setSpacing(12)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        column.addWidget(self.results)
        column.addWidget(self.features)
        column.addWidget(self.table)
        column.addWidget(self.notes)
        column.addWidget(self.heading)
        column.addLayout(self._plots)
        column.addWidget(self.empty, 1)
        column.addStretch(0)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(grid)
        whole.addWidget(scrolled(inside, "evaluate-figures-area"), 1)
        self.setMinimumWidth(420)

    # -- what is asked for ----------------------------------------------------------------------------------------

    def metrics(self) -> tuple[str, ...]:
        """The metrics that are ticked."""
        return tuple(name for name, tick in self.ticks.items() if tick.isChecked())

    def snapshots(self) -> int:
        """How many snapshots to measure; 1 for this model alone."""
        return int(self.over.currentData() or 1)

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_kept(self, kept: Kept, images_seen: float) -> None:
        """Show the newest of what is known of a model that has seen so many images."""
        self._kept, self._images_seen = kept, images_seen
        count = self.snapshots()
        self.over.clear()
        for number, text in OVER:
            if number == 1 or kept.snapshots > 1:
                self.over.addItem(text, number)
        self.over.setCurrentIndex(max(0, self.over.findData(count)))
        self.over.setVisible(kept.snapshots > 1)
        self.results.blockSignals(True)
        self.results.clear()
        for measured in kept.own:
            self.results.addItem(describe(measured))
        self.results.blockSignals(False)
        self._show()

    def shown(self) -> Measured | None:
        """The result on screen."""
        k = self.results.currentIndex()
        return self._kept.own[k] if 0 <= k < len(self._kept.own) else None

    def _show(self) -> None:
        measured = self.shown()
        self.empty.setVisible(measured is None)
        self.results.setVisible(len(self._kept.own) > 1)
        self.table.show_measured(measured)
        self.table.setVisible(measured is not None)
        self.features.setVisible(measured is not None)
        self.notes.setVisible(measured is not None and bool(measured.notes))
        if measured is not None:
            psi = f" at psi {measured.psi:g}" if measured.psi != 1 else ""
            self.features.setText(
                f"{measured.samples:,} samples{psi} beside {measured.reals:,} images of {measured.data}, compared by "
                f"{measured.features}. Figures compare only with those of the same data, features and numbers."
            )
            self.notes.setText("\n".join(measured.notes))
        self._show_series(self._kept.series_of(measured) if measured is not None else ())

    def _show_series(self, series: tuple[Measured, ...]) -> None:
        names = [name for name, _ in series[-1].ordered()] if series else []
        drawn = []
        for name in names:
            kept = [(item.images_seen, item.metrics[name]) for item in series if name in item.metrics]
            if len(kept) > 1:
                drawn.append((name, [(float(x), f.value, f.low, f.high) for x, f in kept]))
        while len(self.plots) < len(drawn):
            k = len(self.plots)
            self.plots.append(IntervalPlot(f"evaluate-plot-{k}", "Figure", "A figure over the training"))
            self._plots.addWidget(self.plots[k], k // 2, k % 2)
        for plot, (name, points) in zip(self.plots, drawn, strict=False):
            what = about(name)
            better = "" if what.better == "neither" else f"{what.better} is better; the band is the 95 % interval"
            title = what.label[:1].upper() + what.label[1:]
            plot.show_points(title, better, points, self._images_seen)
            plot.setToolTip(what.hint)
        for k, plot in enumerate(self.plots):
            plot.setVisible(k < len(drawn))
        self.heading.setVisible(bool(drawn))

    def minimumSizeHint(self) -> QSize:
        return QSize(420, 200)
