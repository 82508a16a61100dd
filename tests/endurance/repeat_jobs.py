"""Each kind of long work several times over in the window, offscreen: what stays of it in memory.

    python tests/endurance/repeat_jobs.py --times 5 [--only projection,map]

A line for each time: megabytes that the process holds, Python objects that the collector knows, Qt objects of the
window, steps of the history. The first time brings what it needs (libraries, pages, caches); from the second on,
nothing should be added but a step of the history.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from monkey import prepare
from PIL import Image

PATIENCE_S = 600


class Window:
    """The window on a bundled model, and what is done with it."""

    def __init__(self, model: str, folder: Path) -> None:
        from PySide6.QtWidgets import QApplication

        from app import theme
        from app.__main__ import build_window

        self.app = QApplication(["repeat"])
        theme.apply(self.app, "dark")
        self.window, self.folder = build_window(model), folder
        self.window.ask_on_close = False
        self.window.show()
        self.settle()

    def wait(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("it never ended")
            self.app.processEvents()
            time.sleep(0.002)

    def settle(self) -> None:
        """Wait until nothing is left to do."""
        window = self.window
        self.wait(lambda: window.document.is_open and not window.compute.job_running)
        self.wait(lambda: not window.behind and window.compute.is_idle and window.background.is_idle)

    def find(self, name: str) -> Any:
        from PySide6.QtWidgets import QWidget

        return self.window.findChild(QWidget, name)

    def choose(self, name: str, value: object) -> None:
        choice = self.find(name)
        choice.setCurrentIndex(choice.findData(value))
        choice.activated.emit(choice.currentIndex())

    def press(self, workspace: str, button: str) -> None:
        self.window.show_workspace(workspace)
        self.settle()
        self.find(button).click()
        self.settle()

    def randomise(self) -> None:
        self.window.actions_by_id["randomise"].trigger()
        self.settle()

    # -- what is repeated ------------------------------------------------------------------------------------------

    def edits(self) -> None:
        for _ in range(5):
            self.randomise()

    def workspaces(self) -> None:
        from app.panels import WORKSPACES

        for workspace in WORKSPACES:
            self.window.show_workspace(workspace.name)
            self.randomise()

    def models(self) -> None:
        from ganviz import catalog

        present = self.window.document.recipe.model.digest
        headers = catalog.bundled()
        for header in [*headers, *(header for header in headers if header.digest == present)]:
            self.window.parts.models.chosen.emit(str(header.path))
            self.wait(lambda: self.window.opener.is_idle)
            self.settle()

    def projection(self) -> None:
        photo = self.folder / "photo.png"
        if not photo.exists():
            noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3), np.uint8)
            Image.fromarray(noise).save(photo)
        self.window.parts.cards["project"].use_photo(str(photo))
        self.wait(self.find("project-start").isEnabled)
        self.find("project-steps").setValue(60)
        self.press("explore", "project-start")

    def directions(self) -> None:
        self.press("directions", "directions-find")

    def entanglement(self) -> None:
        if not self.window.document.session.directions.found:
            self.directions()
        self.press("directions", "entanglement-measure")

    def map(self) -> None:
        self.window.show_workspace("map")
        self.choose("map-method", "tsne")
        self.find("map-count").setValue(200)
        self.press("map", "map-make")

    def units(self) -> None:
        self.window.show_workspace("layers")
        self.find("layers-tabs").setCurrentIndex(1)
        self.press("layers", "layers-rank")

    def film(self) -> None:
        from app.exporting import Wish

        for _ in range(2):
            self.window.document.keep()
            self.randomise()
        self.window.exporter.write_video(Wish(str(self.folder / "film.mp4"), None, "high", True))
        self.settle()


KINDS = ("edits", "workspaces", "models", "projection", "directions", "entanglement", "map", "units", "film")


def main() -> int:
    parser = argparse.ArgumentParser(description="What stays in memory of long work that is done several times.")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--model", default="faces-stylegan")
    parser.add_argument("--only", default=",".join(KINDS), help="some of these, with commas between")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="repeat-", ignore_cleanup_errors=True) as name:
        prepare(Path(name))
        from PySide6.QtCore import QObject

        from ganviz.memory import keep_freed, memory_bytes

        keep_freed()  # as the program does, before there are threads
        done = Window(options.model, Path(name))
        for kind in options.only.split(","):
            for time_ in range(1, options.times + 1):
                getattr(done, kind)()
                gc.collect()
                steps = len(done.window.document.history.past)
                counts = (
                    f"{len(gc.get_objects())} objects, {len(done.window.findChildren(QObject))} of Qt, {steps} steps"
                )
                print(f"{kind} {time_}: {memory_bytes() / 1e6:.0f} MB, {counts}", flush=True)
        done.window.close()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
