"""In a process of its own: drag sliders of the real window, offscreen, and print how it kept up.

    measure_window.py MODEL FILM     all phases, and an export to FILM beside one of them
    measure_window.py MODEL          only a drag, and steps that are waited for: for a large model

prints {"phases": {name: {"gaps": [ms], "waits": [ms], "latencies": [ms], "ticks", "shown", "last": ms}},
"steps": {"first": [ms], "exact": [ms], "bare": [ms]}, "peak": bytes, "learnt": seconds until previews were learnt}.

A heartbeat of 2 ms on the UI thread runs from the first picture on; its gaps say for how long the thread was held
up, its waits how much of a gap the thread was ready to run but got no processor, because others had them (Linux;
0 elsewhere). A slider is moved at 60 Hz; each picture's latency counts from the `setValue` that asked for it to the
first `frameShown` of its recipe, a preview or not.

Steps: the mouse holds a slider's handle and moves it once, then nothing until the exact picture is there; by turns with
the bare network on the same thread. Nothing is polled meanwhile: a timer would be part of what is measured.
"""

import json
import math
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from app import theme
from app.__main__ import build_window
from app.panels import WORKSPACES
from ganviz import catalog
from ganviz.expression import Seed
from ganviz.recipe import Recipe
from ganviz.video import export
from ganviz.walk import Walk, WalkRecipes

SIZE = 1440, 1000
HEARTBEAT_MS, TICK_MS = 2, 16
PREVIEW_S = 0.033
STEPS, STEPS_S = 120, 20.0
"""Steps that are waited for: so many, or as many as there is time for."""
REST_S, SETTLED_S = 0.4, 0.04


class Meter:
    """Collects the gaps of the heartbeat and the latencies of pictures, phase by phase."""

    def __init__(self, window) -> None:
        self.window = window
        self.sent: dict[Recipe, float] = {}
        self.phases: dict[str, dict] = {}
        self.beat = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=HEARTBEAT_MS)
        self.beat.timeout.connect(self.on_beat)
        self.queue = open_queue()
        self.previous, self.waited = time.perf_counter(), self.queue()
        window.canvas.frameShown.connect(self.on_frame)
        self.begin("settling after the first picture")

    def begin(self, name: str) -> None:
        self.phase = self.phases.setdefault(
            name, {"gaps": [], "waits": [], "latencies": [], "ticks": 0, "shown": 0, "last": 0.0}
        )

    def on_beat(self) -> None:
        now, waited = time.perf_counter(), self.queue()
        self.phase["gaps"].append((now - self.previous) * 1000)
        self.phase["waits"].append(waited - self.waited)
        self.previous, self.waited = now, waited

    def on_frame(self, frame) -> None:
        if not self.beat.isActive():
            self.previous, self.waited = time.perf_counter(), self.queue()
            self.beat.start()
        self.phase["shown"] += 1
        asked = self.sent.pop(frame.recipe, None)
        if asked is not None:
            self.phase["latencies"].append((time.perf_counter() - asked) * 1000)

    def drag(self, name: str, widget: str, places: Sequence[float], seconds: float) -> None:
        """Move a slider to and fro at 60 Hz, then wait for its last picture.

        places   both ends, or all the stops of a slider that has some
        """
        self.begin(name)
        slider = self.window.findChild(QWidget, widget)
        ticks = int(seconds * 1000 / TICK_MS)
        loop = QEventLoop()
        timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)

        def tick() -> None:
            share = (1 - math.cos(self.phase["ticks"] / ticks * 6 * math.pi)) / 2
            began, before = time.perf_counter(), self.window.document.recipe
            if len(places) == 2:
                slider.setValue(places[0] + (places[1] - places[0]) * share)
            else:
                slider.setValue(places[round(share * (len(places) - 1))])
            if self.window.document.recipe != before:
                self.sent[self.window.document.recipe] = began
            self.phase["ticks"] += 1
            if self.phase["ticks"] >= ticks:
                timer.stop()
                loop.quit()

        timer.timeout.connect(tick)
        timer.start()
        loop.exec()
        ended = time.perf_counter()
        wait_until(lambda: not self.window.behind)
        self.phase["last"] = (time.perf_counter() - ended) * 1000

    def step(self, widget: str) -> dict[str, list[float]]:
        """Hold a slider, move it, wait for the exact picture, run the bare network; again and again."""
        self.beat.stop()
        slider, window = self.window.findChild(QWidget, widget), self.window
        found: dict[str, list[float]] = {"first": [], "exact": [], "bare": []}
        times: dict[str, float] = {}
        asked = 0.0
        loop, late = QEventLoop(), QTimer(singleShot=True, interval=60_000)
        late.timeout.connect(loop.quit)

        def on_shown(frame) -> None:
            if frame.recipe == window.document.recipe:
                times.setdefault("first", time.perf_counter() - asked)
                if frame.exact:
                    times.setdefault("exact", time.perf_counter() - asked)
                    loop.quit()

        window.canvas.frameShown.connect(on_shown)
        mouse(slider, QEvent.Type.MouseButtonPress, 0.5)
        until = time.perf_counter() + STEPS_S
        for k in range(STEPS):
            if k > 8 and time.perf_counter() > until:
                break
            wait_until(lambda: window.compute.is_idle and not window.behind)
            times.clear()
            late.start()
            asked = time.perf_counter()
            mouse(slider, QEvent.Type.MouseMove, 0.1 + 0.8 * ((k * 0.37) % 1))
            loop.exec()
            if "exact" not in times:
                raise TimeoutError("the picture did not come")
            taken: list[float] = []
            settled = time.perf_counter() + SETTLED_S  # the panels have followed and been painted
            wait_until(lambda settled=settled: time.perf_counter() > settled and window.compute.is_idle)

            def done(ms: float, taken: list[float] = taken) -> None:
                taken.append(ms)
                loop.quit()

            window.compute.ask(lambda renderer: bare(renderer, window.document.recipe), done)
            loop.exec()
            if k > 2:
                for name in ("first", "exact"):
                    found[name].append(times[name] * 1000)
                found["bare"].append(taken[0])
        mouse(slider, QEvent.Type.MouseButtonRelease, 0.5)
        self.previous, self.waited = time.perf_counter(), self.queue()
        self.beat.start()
        return found


def mouse(slider: QWidget, kind: QEvent.Type, share: float) -> None:
    """The left button goes down, moves or comes up at a share of a slider's width."""
    place = QPointF(share * slider.width(), slider.height() / 2)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    buttons = none if kind == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, place, slider.mapToGlobal(place), button, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(slider, event)


def bare(renderer, recipe: Recipe) -> float:
    """Milliseconds of one eager float32 forward pass of a recipe's network."""
    import torch

    from ganviz import latent

    generator = renderer.load(recipe.model)
    z = latent.seeds([0], generator.spec.z_dim)
    began = time.perf_counter()
    with torch.inference_mode():
        generator(z)
    return (time.perf_counter() - began) * 1000


def open_queue() -> Callable[[], float]:
    """A function that gives the milliseconds for which this thread has waited for a processor so far."""
    if not sys.platform.startswith("linux"):
        return lambda: 0.0
    file = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
    return lambda: int(os.pread(file, 100, 0).split()[1]) / 1e6


def wait_until(ready, seconds: float = 60) -> None:
    """Run the event loop until `ready()`."""
    loop = QEventLoop()
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: ready() and loop.quit())
    timer.start()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()
    if not ready():
        raise TimeoutError("the window did not get there")


def settle(window, seconds: float = 150) -> float:
    """Wait until a large model has learnt to draw its previews, which it does when there is nothing else to do.

    Gives the seconds that this took; after `seconds` the measuring goes on without.
    """
    began = time.perf_counter()
    recipe = window.document.recipe
    while True:
        wait_until(lambda: window.compute.is_idle and not window.behind, seconds)
        answers: list[bool] = []
        window.compute.ask(lambda renderer: renderer.learning(recipe, PREVIEW_S) is None, answers.append)
        wait_until(lambda answers=answers: bool(answers), seconds)
        taken = time.perf_counter() - began
        if answers[0] or taken > seconds:
            return taken
        pause = time.perf_counter() + 1
        wait_until(lambda pause=pause: time.perf_counter() > pause)


def main(model: str, film: str = "") -> None:
    application = QApplication([])
    window = build_window(model)
    window.resize(*SIZE)
    meter = Meter(window)
    window.show()
    wait_until(lambda: window.canvas.frame is not None)
    learnt = settle(window)
    meter.drag("dragging a latent slider", "latent-slider-0", (-3, 3), 6)
    steps = meter.step("latent-slider-2")
    if film:
        drag_more(window, meter, film)
    meter.beat.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"phases": meter.phases, "steps": steps, "peak": peak, "learnt": learnt}))
    window.ask_on_close = False
    window.close()
    application.processEvents()


def drag_more(window, meter: Meter, film: str) -> None:
    meter.drag("dragging psi", "psi", (0, 1.5), 4)

    reference = window.document.recipe.model
    recipes = WalkRecipes([Recipe(reference, Seed(k)) for k in range(5)], Walk(100_000), False)
    window.compute.start_job(lambda renderer: export(renderer, recipes, film))
    meter.drag("dragging a latent slider during an export", "latent-slider-1", (-3, 3), 6)
    window.compute.cancel_job()
    wait_until(lambda: not window.compute.job_running)

    window.open(str(catalog.bundled_runs()[0]))
    snapshot = window.parts.snapshots.slider
    wait_until(lambda: snapshot.isVisible() and window.compute.is_idle and not window.behind)
    meter.drag("going through a run for the first time", "snapshot", snapshot.stops(), 4)
    meter.drag("going through a run again", "snapshot", snapshot.stops(), 4)
    look_around(window, meter)


def look_around(window, meter: Meter) -> None:
    """Every workspace for the first time, then the other theme and back, with all of them made."""
    wait_until(lambda: window.ahead.is_done)  # which takes some seconds in which nothing moves, as between two models
    meter.begin("the first look at every workspace, made ahead")
    for workspace in WORKSPACES[1:]:
        window.show_workspace(workspace.name)
        rest()
    meter.begin("changing the theme, all workspaces made")
    for name in ("light", "dark"):
        theme.apply(QApplication.instance(), name)
        rest()
        wait_until(lambda: theme.current().complete)
    window.show_workspace("explore")


def rest() -> None:
    """What was asked for comes on screen, and what comes after it."""
    until = time.perf_counter() + REST_S
    wait_until(lambda: time.perf_counter() > until)


if __name__ == "__main__":
    main(*sys.argv[1:])
