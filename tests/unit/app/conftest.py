"""Widgets are tested as they are worn: dressed in a theme, on an offscreen screen."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from app import theme


@pytest.fixture(autouse=True)
def dressed(qapp):
    """Every test starts in the dark theme."""
    theme.apply(qapp, "dark")
    return qapp


@pytest.fixture
def picture():
    """A function from a seed to uint8 pixels (16, 16, 3) that differ by seed."""

    def make(seed: int, side: int = 16, channels: int = 3) -> np.ndarray:
        return np.random.RandomState(seed % 2**32).randint(0, 256, (side, side, channels)).astype(np.uint8)

    return make


class Heard:
    """Notes what some signals carried, in order."""

    def __init__(self, **signals) -> None:
        self.said: list[tuple] = []
        for name, signal in signals.items():
            signal.connect(lambda *carried, name=name: self.said.append((name, *carried)))

    @property
    def names(self) -> list[str]:
        return [entry[0] for entry in self.said]

    def of(self, name: str) -> list[tuple]:
        """What each emission of one signal carried."""
        return [entry[1:] for entry in self.said if entry[0] == name]


@pytest.fixture
def heard():
    """Listen to signals: `ears = heard(began=slider.began, ...)`."""
    return Heard


def turn_wheel(widget: QWidget, steps: int) -> QWheelEvent:
    """Send the wheel to a widget and return the event."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event


@pytest.fixture
def turn():
    """Turn the wheel over a widget: turn(widget, steps) returns the event."""
    return turn_wheel
