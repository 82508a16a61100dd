"""The status bar: device, state of the picture, speed, memory; and the one place where long work shows."""

import time
from collections import deque

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QWidget

from app import theme
from app.widgets.buttons import IconButton
from ganviz.jobs import Progress
from ganviz.memory import memory_bytes

DEVICES = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)"}
GAP = 8
"""Pixels between what stands side by side."""
GAP_S = 0.5
"""Frames further apart than this are not part of one movement."""
MEMORY_S = 1.0
"""Memory is looked at this often at most: the system takes its time to answer."""


class _Dot(QLabel):
    """A dot in the colour of a token. It changes twice with every picture, for which the style sheet is too slow."""

    def __init__(self) -> None:
        super().__init__("●")
        self.role = "muted"
        self.setFont(theme.caption_font())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color(self.role))
        painter.drawText(self.contentsRect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())


class _AtTheEnd(QWidget):
    """A dot and a text at the right end of the room that the longest text so far has taken.

    The text changes twice with every picture. In a layout, the whole window would be laid out anew each time.
    """

    def __init__(self, dot: _Dot, label: QLabel) -> None:
        super().__init__()
        self._dot, self._label = dot, label
        for widget in (dot, label):
            widget.setParent(self)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        dot.setFixedWidth(dot.sizeHint().width())

    def say(self, text: str) -> None:
        """Show another text."""
        if text != self._label.text():
            self._label.setText(text)
            self._arrange()

    def _arrange(self) -> None:
        wide = self._label.sizeHint().width()
        taken = wide + GAP + self._dot.width()
        if taken > self.minimumWidth():
            self.setMinimumWidth(taken)
        self._label.setGeometry(self.width() - wide, 0, wide, self.height())
        self._dot.setGeometry(self.width() - taken, 0, self._dot.width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()


class StatusBar(QFrame):
    """One line at the foot of the window. `cancelled` when the user stops the long work."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "panel")
        self._device = ""
        self._state = ""
        self._ms: float | None = None
        self._shown: deque[float] = deque(maxlen=30)
        self._fps: float | None = None
        self._memory, self._looked = 0, float("-inf")
        self._job = ""
        self._part_began = 0.0  # the part of the work that is counted now, which may be one of several
        self._progress, self._told = Progress(0, 0), 0.0  # the last one, and when it came
        self.device = self._label("device", "Device that draws the pictures")
        self.work = self._label("work", "What is being done")
        self.bar = QProgressBar()
        self.bar.setObjectName("progress")
        self.bar.setAccessibleName("Progress")
        self.bar.setToolTip("How far the work in progress has come")
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(200)
        self.cancel_button = IconButton("close-circle-outline", "Cancel the work in progress", "cancel", size=16)
        self.cancel_button.clicked.connect(self.cancelled)
        self.dot = _Dot()
        self.status = self._label("status", "State of the picture, time of one frame, frames a second, memory in use")
        self._state_line = _AtTheEnd(self.dot, self.status)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(GAP)
        row.addWidget(self.device)
        row.addStretch(1)
        for widget in (self.work, self.bar, self.cancel_button):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._state_line)
        self.setFixedHeight(28)
        self._end_job()
        self.set_device("")
        self.set_state("no model")
        self._tick = QTimer(self, interval=1000)
        self._tick.timeout.connect(self._say)
        self._tick.start()

    @staticmethod
    def _label(name: str, tip: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setAccessibleName(tip)
        label.setToolTip(tip)
        label.setFont(theme.caption_font(tabular=True))
        label.setProperty("tone", "muted")
        return label

    # -- the picture ----------------------------------------------------------------------------------------------

    def set_device(self, device: str) -> None:
        """Name the device; empty while torch is being imported."""
        self._device = device
        self.device.setText(f"{DEVICES.get(device, device)} · float32" if device else "starting …")

    def set_unavailable(self) -> None:
        """There is nothing that could draw."""
        self.device.setText("no compute")

    def set_state(self, state: str) -> None:
        """ "exact", "preview", "rendering", "rendering failed" or "no model"."""
        if state != self._state:
            self._state = state
            tone = {"preview": "warning", "rendering": "accent", "rendering failed": "danger"}
            self.dot.role = tone.get(state, "muted")
            self.dot.update()
            self._say()

    def state(self) -> str:
        """What `set_state` was told last."""
        return self._state

    def frame_shown(self, ms: float) -> None:
        """A frame that took `ms` to draw is on screen; 0 where nobody measured it, as on the way to a photo."""
        now = time.monotonic()
        if self._shown and now - self._shown[-1] > GAP_S:
            self._shown.clear()
        self._shown.append(now)
        self._ms = ms or None
        if len(self._shown) > 2:
            self._fps = (len(self._shown) - 1) / max(1e-3, self._shown[-1] - self._shown[0])
        self._say()

    def _say(self) -> None:
        said = [self._state]
        if self._ms is not None:
            said.append(f"{self._ms:.0f} ms" if self._ms >= 10 else f"{self._ms:.1f} ms")
            fps = self._fps if self._fps is not None else 1000 / max(0.1, self._ms)
            said.append(f"{fps:.0f} fps" if fps >= 1 else f"{fps:.1f} fps")
        now = time.monotonic()
        if now - self._looked >= MEMORY_S:
            self._memory, self._looked = memory_bytes(), now
        said.append(f"{self._memory / 1e6:,.0f} MB")
        self._state_line.say(" · ".join(said))

    # -- long work ------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Say what is being done that has no bar; empty for nothing. Long work has the place first."""
        if not self._job:
            self.work.setText(text)
            self.work.setVisible(bool(text))

    def begin_job(self, name: str) -> None:
        """Long work has begun."""
        self._job = name
        self._progress, self._told = Progress(0, 0), time.monotonic()
        self.bar.setRange(0, 0)
        self.work.setText(f"{name} …")
        for widget in (self.work, self.bar, self.cancel_button):
            widget.show()
        self.cancel_button.setEnabled(True)

    def show_progress(self, progress: Progress) -> None:
        """It has come this far."""
        if not self._job:
            return
        if progress.total != self._progress.total or progress.done < self._progress.done:
            self._part_began = self._told
        self._progress, self._told = progress, time.monotonic()
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.work.setText(f"{self._job} · {self._left(progress)}")

    def _left(self, progress: Progress) -> str:
        spent = self._told - self._part_began
        if not progress.total:
            return progress.note or "working"
        if progress.done < 1 or spent < 1:
            return f"{progress.done} of {progress.total}"
        left = spent / progress.done * (progress.total - progress.done)
        return f"{progress.done} of {progress.total} · {duration(left)} left"

    def end_job(self) -> None:
        """It is over, one way or another."""
        self._end_job()

    def _end_job(self) -> None:
        self._job = ""
        for widget in (self.work, self.bar, self.cancel_button):
            widget.hide()
        self.cancel_button.setEnabled(False)


def duration(seconds: float) -> str:
    """A time for people: 8 s, 2:05 min, 1:30 h."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
