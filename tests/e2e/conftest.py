"""A window at work: built as the program builds it, with tiny models, waited for by condition."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.__main__ import build_window
from app.exporting import Wish
from app.saver import session_path
from app.window import MainWindow
from ganviz import cli
from ganviz.session import read_png

PATIENCE_MS = 120_000


class Story:
    """A window and the hands of somebody who uses it."""

    def __init__(self, window: MainWindow, qtbot: Any) -> None:
        self.window, self.qtbot = window, qtbot
        self.document, self.canvas = window.document, window.canvas

    def find(self, name: str) -> Any:
        """The one widget of that name."""
        found = self.window.findChildren(QWidget, name)
        assert len(found) == 1, f"{name}: {len(found)} widgets"
        return found[0]

    def wait(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    def settle(self) -> None:
        """Wait until what is on screen is what the document says."""
        self.wait(lambda: self.document.is_open and not self.window.behind)

    def save(self, path: Path) -> None:
        """Save the session, and wait until it is saved."""
        self.window.saver.save_to(str(path))
        self.wait(lambda: self.document.path == session_path(str(path)) and not self.document.dirty)

    @property
    def recipe(self) -> Any:
        return self.document.recipe

    @property
    def message(self) -> str:
        return self.canvas.message.text()

    def click(self, name: str) -> None:
        self.find(name).click()

    def drag(self, widget: QWidget, start: Any, *places: Any) -> None:
        """Press, move through places, release."""
        left = Qt.MouseButton.LeftButton
        self.qtbot.mousePress(widget, left, pos=start)
        for place in places:
            self.qtbot.mouseMove(widget, place)
        self.qtbot.mouseRelease(widget, left, pos=places[-1])

    def pixels(self) -> Any:
        """What is on screen."""
        return self.canvas.frame.pixels


@pytest.fixture
def begin(qtbot: Any, home: Path) -> Iterator[Callable[..., Story]]:
    """A function that opens the window on a model and waits for its picture; with `wait=False` it does not wait."""
    windows: list[MainWindow] = []

    def begin(model: Path | str | None = None, wait: bool = True) -> Story:
        window = build_window(str(model) if model is not None else None)
        windows.append(window)
        story = Story(window, qtbot)
        window.show()
        if wait:
            story.settle()
        return story

    yield begin
    for window in windows:
        window.stop()
        window.close()
        window.deleteLater()


@pytest.fixture
def come_back(begin: Callable[..., Story], tmp_path: Path) -> Callable[[Story], Story]:
    """A function that saves, exports, renders and reopens what a window shows: one picture to the last bit.

    It gives the second window, opened on the session file.
    """

    def come_back(story: Story) -> Story:
        story.settle()
        recipe, pixels = story.recipe, story.pixels().copy()
        story.save(tmp_path / "kept.ganviz")
        story.window.exporter.write_image(Wish(str(tmp_path / "kept.png"), None, "high", True), story.canvas.frame)
        story.wait((tmp_path / "kept.png").exists)
        assert read_png(tmp_path / "kept.png") == recipe
        for name in ("kept.ganviz", "kept.png"):
            assert cli.main(["render", str(tmp_path / name), "--out", str(tmp_path / "again.png")]) == 0
            for path in ("kept.png", "again.png"):
                with Image.open(tmp_path / path) as image:
                    drawn = np.asarray(image)
                assert np.array_equal(drawn.reshape(pixels.shape), pixels), (name, path)
        again = begin(tmp_path / "kept.ganviz")
        assert again.document.session == story.document.session
        assert again.recipe == recipe and np.array_equal(again.pixels(), pixels)
        return again

    return come_back


@pytest.fixture
def story(begin: Callable[..., Story], tiny_checkpoint: Path) -> Story:
    """The window on the tiny colour model, its picture on screen."""
    return begin(tiny_checkpoint)
