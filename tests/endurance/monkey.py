"""A monkey at the window: seeded random but valid actions, offscreen, over all bundled models and all workspaces.

    python tests/endurance/monkey.py --actions 50000 --seed 1 --strict

Watched meanwhile: exceptions on any thread, Qt's warnings, errors in the log, how long the UI thread is held up
(from the first picture on), and memory. Now and then the monkey rests: the picture has to catch up with the document
then, and its pixels are noted. At the end everything is undone, which must give the noted pixels of the first state
of the history, and redone, which must give the last picture's.

Before the first action is counted, all models are opened in all workspaces, and directions, their entanglement and a
t-SNE map are made: the pages, and the libraries that are loaded for these, stay, and are no growth.

Files, settings and the clipboard are the monkey's own; nothing is downloaded, nothing outside is opened. It prints a
report, and exits with 1 where something was wrong; `--strict` counts stalls and memory as well. Ctrl+C ends it early,
with everything undone and a report of what was done until then.

A stall is time on the wall less the time in which the UI thread was ready and other programs had the processor, and
less that in which the host of a virtual machine kept a processor to itself, where the system tells that (Linux). What
exceeds the bar only with that time is counted apart, as `waited`.
"""

import argparse
import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from pathlib import Path
from random import Random
from typing import Any

from watching import STALL_S, Stalls, in_use

REST_EVERY = 100
SAID_EVERY = 1000
PATIENCE_S = float(os.environ.get("MONKEY_PATIENCE_S", "300"))
ALLOWANCE = 0.10
"""By how much memory at the end may exceed that of the first tenth."""
LEVELS = 1
"""Pixels that were drawn after partial reuse may differ by this."""
SAID_BY_OFFSCREEN = ("This plugin does not support", "QPlatformDrag")


def prepare(folder: Path) -> None:
    """Give the process its own files and a pip that cannot download; before Qt and ganviz are imported."""
    (folder / "fake").mkdir(parents=True)
    (folder / "fake" / "pip.py").write_text("raise SystemExit('no downloads for monkeys')")
    (folder / "files").mkdir()
    os.environ.update(
        QT_QPA_PLATFORM="offscreen",
        OMP_WAIT_POLICY="passive",  # this and the next as the program sets them
        THP_MEM_ALLOC_ENABLE="1",
        GANVIZ_HOME=str(folder / "home"),
        HOME=str(folder / "files"),
        XDG_CONFIG_HOME=str(folder / "config"),
        PYTHONPATH=os.pathsep.join([str(folder / "fake"), os.environ.get("PYTHONPATH", "")]),
    )


class Faults(logging.Handler):
    """Everything that went wrong, with the last actions before it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self.count = 0
        self.trail: deque[str] = deque(maxlen=6)
        self._lock2 = threading.Lock()

    def note(self, what: str) -> None:
        with self._lock2:
            self.count += 1
            if len(self.found) < 50 and not self.found[-1:] == [what]:
                self.found.append(what)
                print(f"FAULT {self.count} after {list(self.trail)}:\n  {what}", file=sys.stderr, flush=True)

    def emit(self, record: logging.LogRecord) -> None:
        self.note("log: " + logging.Formatter().format(record))

    def hook_everything(self) -> None:
        from PySide6.QtCore import QtMsgType, qInstallMessageHandler

        def said(kind: Any, context: Any, text: str) -> None:
            if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and not text.startswith(SAID_BY_OFFSCREEN):
                self.note(f"Qt: {text}\n" + "".join(traceback.format_stack()[-6:-1]))

        sys.excepthook = lambda *error: self.note("".join(traceback.format_exception(*error)))
        threading.excepthook = lambda e: self.note("".join(traceback.format_exception(e.exc_value)))
        sys.unraisablehook = lambda e: self.note(f"{e.err_msg}: {e.exc_value!r} in {e.object!r}")
        qInstallMessageHandler(said)
        logging.getLogger().addHandler(self)


class Monkey:
    """Drives the window from its own event loop until so many actions are done."""

    def __init__(
        self, app: Any, window: Any, actions: int, seed: int, folder: Path, trail: Path, faults: Faults, reopen: bool
    ):
        from hands import Hands
        from PySide6.QtCore import QTimer

        self.app, self.window, self.actions, self.faults = app, window, actions, faults
        self.random = Random(seed)
        self.hands = Hands(window, self.random, folder, reopen, self._about_to)
        self.stalls = Stalls()
        self.done = 0
        self.memory: list[int] = []  # bytes, each REST_EVERY actions
        self.seen: dict[int, tuple[Any, Any]] = {}  # by id of a session: itself, and its picture
        self._doubted: list[tuple[Any, Any]] = []  # recipes, and pixels that have to be theirs
        self.trail = trail.open("w", buffering=1)
        self._timer = QTimer
        self._resting = False
        self._due = 0.0
        self.began = time.monotonic()

    def tour(self) -> None:
        """Do once what takes memory where it is first done, so that what is added afterwards is growth.

        Every model in every workspace, and a job of each kind that loads libraries of its own.
        """
        from PySide6.QtWidgets import QComboBox, QWidget

        from app.panels import WORKSPACES
        from ganviz import catalog

        window, hands, compute = self.window, self.hands, self.window.compute
        names = [workspace.name for workspace in WORKSPACES]

        def press(workspace: str, button: str) -> None:
            hands.visit(names.index(workspace))
            window.findChild(QWidget, button).click()
            self.wait(lambda: not compute.job_running)

        for header in catalog.bundled():
            hands.choose_model(header)
            self.rest()
            for index in range(len(names)):
                hands.visit(index)
                self.wait(lambda: compute.is_idle)
        press("directions", "directions-find")
        press("directions", "entanglement-measure")
        method = window.findChild(QComboBox, "map-method")
        method.setCurrentIndex(method.findData("tsne"))
        method.activated.emit(method.currentIndex())
        window.findChild(QWidget, "map-count").setValue(200)
        press("map", "map-make")
        hands.visit(0)
        self.rest()

    def tick(self) -> None:
        """One action; the next is on its way before it is done, since a dialog may run a loop of its own."""
        if self._resting:
            return
        self.stalls.end(self.hands.last)
        if self.done >= self.actions:
            self.app.exit()  # `quit` would close the window first
            return
        self.done += 1
        if self.done % REST_EVERY == 0:
            self._later(0)
            self._resting = True
            self.rest()
            self._resting = False
            self.note_memory()
            if self.done % SAID_EVERY == 0:
                took, memory = time.monotonic() - self.began, self.memory[-1] / 1e6
                said = f"{memory:.0f} MB ({in_use()}), {self.faults.count} faults, {len(self.stalls.found)} stalls"
                print(f"{self.done} actions in {took:.0f} s, {said}", file=sys.stderr, flush=True)
            self._later(0)
            return
        self._later(self.random.choice((0, 0, 0, 5, 20)))
        self.stalls.begin()
        said = self.hands.act()
        self.faults.trail.append(said)
        self.trail.write(f"{self.done} {said}\n")
        self.stalls.end(said)
        if self._due <= time.perf_counter():
            self.stalls.begin()  # what this action has posted is dealt with before the next tick

    def _about_to(self, what: str) -> None:
        """Write down what comes next, lest a crash is remembered by what went before it."""
        self.trail.write(f"{self.done} > {what}\n")

    def stop(self, *_: Any) -> None:
        """Do no more; the rest of the programme, and the report, follow."""
        self.actions = min(self.actions, self.done)

    def _later(self, ms: int) -> None:
        self._due = time.perf_counter() + ms / 1000
        self._timer.singleShot(ms, self.tick)

    def rest(self) -> None:
        """Close what is open, stop what plays, and wait for the picture, which is noted."""
        from PySide6.QtWidgets import QApplication

        for _ in range(20):
            over = QApplication.activePopupWidget() or QApplication.activeModalWidget()
            if over is None:
                break
            over.close()
        window = self.window
        window.stop_playing()
        if self.catch_up():
            session = window.document.session
            self.seen[id(session)] = (session, self.on_screen().copy())
        if len(self.seen) > 64:
            self._forget()

    def catch_up(self) -> bool:
        """Wait for the picture of the document's recipe; a fault where it does not come."""
        window = self.window
        if not self.wait(lambda: window.opener.is_idle):
            self.faults.note("something is being opened for ever")
        if not self.wait(lambda: not window.behind or window.parts.status.state() == "rendering failed"):
            shown, compute = window._shown, window.compute
            faulthandler.dump_traceback()
            self.faults.note(
                f"the picture never caught up with {window.document.recipe}\n  on screen: "
                f"{shown and shown.recipe}\n  idle {compute.is_idle}, canvas visible {window.canvas.isVisible()}, "
                f"unpainted {window.canvas._unshown is not None}, in {window.parts.centre.name}"
            )
        elif window.behind:
            self.faults.note(f"rendering failed for {window.document.recipe}")
        return not window.behind

    def on_screen(self) -> Any:
        """The pixels that were painted last; the canvas may have been given the frame of a state since gone by."""
        return self.window._shown.pixels

    def _forget(self) -> None:
        history = self.window.document.history
        there = {id(session) for session in (*history.past, history.present, *history.future)}
        self.seen = {key: value for key, value in self.seen.items() if key in there}

    def wait(self, condition: Any, seconds: float = PATIENCE_S) -> bool:
        from PySide6.QtCore import QEventLoop

        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
            time.sleep(0.002)
        return True

    def note_memory(self) -> None:
        from app.status import memory_bytes

        self.memory.append(memory_bytes())

    def undo_everything(self) -> dict[str, Any]:
        """Back to the first state of the history and forward again, comparing pictures with those that were noted."""
        window = self.window
        if window.compute.job_running:
            window.compute.cancel_job()
            self.wait(lambda: not window.compute.job_running)
        window.show_workspace("explore")
        self.rest()
        last, pixels = window.document.session, self.on_screen().copy()
        self._forget()
        compared = steps = 0
        while window.document.history.can_undo:
            window.actions_by_id["undo"].trigger()
            steps += 1
            if id(window.document.session) in self.seen:
                self.catch_up()
                compared += self._compare(window.document.session)
        self.catch_up()
        first = id(window.document.session) in self.seen
        if not first:  # so old that the monkey has not looked at it: a fresh renderer will say what it should be
            self._remember()
        for _ in range(steps):  # and no further: what had been undone before stays undone
            window.actions_by_id["redo"].trigger()
        self.catch_up()
        if window.document.session is not last:
            self.faults.note("redo did not come back to the last state")
        if not close(self.on_screen(), pixels):
            self.faults.note("redo did not give the last picture's pixels")
        self._remember()
        return {"undone": steps, "compared": compared, "first_was_seen": first}

    def _compare(self, session: Any) -> int:
        known = self.seen.get(id(session))
        if known is None:
            return 0
        if not close(self.on_screen(), known[1]):
            self.faults.note(f"undo gave other pixels for {session.recipe}")
        return 1

    def _remember(self) -> None:
        """Keep what is on screen for `compare_fresh`."""
        self._doubted.append((self.window.document.recipe, self.on_screen().copy()))

    def compare_fresh(self) -> None:
        """The pictures that were remembered against what a renderer gives that has drawn nothing else.

        After memory was looked at: the program itself never draws on this thread.
        """
        from ganviz.render import Renderer

        for recipe, pixels in self._doubted:
            if not close(pixels, Renderer("cpu").render(recipe).pixels):
                self.faults.note(f"a fresh renderer gives other pixels for {recipe}")


def close(a: Any, b: Any) -> bool:
    """Whether two pictures are the same but for one level."""
    import numpy as np

    return a.shape == b.shape and int(np.abs(a.astype(int) - b.astype(int)).max()) <= LEVELS


def keep_trainings_short() -> list[Any]:
    """Have trainings that the monkey starts end after a few images; the list of those that were started."""
    import subprocess
    from types import SimpleNamespace

    import app.training

    started: list[Any] = []

    def start(command: list[str], **options: Any) -> Any:
        started.append(subprocess.Popen([*command, "--images", "64"], **options))
        return started[-1]

    app.training.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": start})
    return started


def play(folder: Path, trail: Path, actions: int, seed: int, reopen: bool) -> dict[str, Any]:
    """Let the monkey loose; the report."""
    from hands import drop
    from PySide6.QtCore import qInstallMessageHandler
    from PySide6.QtGui import QCursor, QDesktopServices, QDrag
    from PySide6.QtWidgets import QApplication

    from app import theme
    from app.__main__ import build_window

    faults = Faults()
    faults.hook_everything()
    app = QApplication(["monkey"])
    theme.apply(app, "dark")
    window = build_window("faces-dcgan")
    monkey = Monkey(app, window, actions, seed, folder / "files", trail, faults, reopen)
    signal.signal(signal.SIGINT, monkey.stop)

    def let_go(drag: Any, *_: Any) -> Any:
        """In place of a drag's own loop, which waits for a real mouse: drop it on whatever is somewhere there."""
        targets = [widget for widget in window.findChildren(type(window.canvas).__mro__[1]) if widget.acceptDrops()]
        targets = [widget for widget in targets if widget.isVisible() and not widget.visibleRegion().isEmpty()]
        if targets:
            target = monkey.random.choice(targets)
            drop(target, target.visibleRegion().boundingRect().center(), drag.mimeData())
        from PySide6.QtCore import Qt

        return Qt.DropAction.CopyAction

    trainings = keep_trainings_short()
    QDrag.exec = let_go
    QDesktopServices.openUrl = staticmethod(lambda url: True)
    QCursor.setPos(-10, -10)
    window.show()
    if not monkey.wait(lambda: window.document.is_open and not window.behind):
        raise SystemExit(f"the first picture never came: {faults.found}")
    monkey.rest()
    monkey.tour()
    monkey.began = time.monotonic()
    monkey._later(0)
    app.exec()
    report: dict[str, Any] = {
        "actions": monkey.done,
        "seed": seed,
        "seconds": round(time.monotonic() - monkey.began),
        **monkey.undo_everything(),
    }
    gc.collect()
    monkey.note_memory()
    monkey.compare_fresh()
    tenth = max(1, len(monkey.memory) // 10)
    report["memory_mb"] = [round(bytes / 1e6) for bytes in monkey.memory[:: max(1, len(monkey.memory) // 20)]]
    report["first_tenth_mb"] = round(max(monkey.memory[:tenth]) / 1e6)
    report["end_mb"] = round(monkey.memory[-1] / 1e6)
    report["memory_grew"] = round(monkey.memory[-1] / max(monkey.memory[:tenth]) - 1, 3)
    report["worst_ms"] = round(monkey.stalls.worst * 1000)
    report["stalls"] = monkey.stalls.found
    report["waited"] = monkey.stalls.waited
    report["waited_count"] = len(monkey.stalls.waited)
    report["faults"] = faults.found
    report["done"] = dict(monkey.hands.tally.most_common())
    report["visited"] = dict(monkey.hands.visited.most_common())
    report["widgets"] = len(monkey.hands.touched)
    report["touched"] = dict(monkey.hands.touched.most_common())
    window.ask_on_close = False
    window.close()
    for training in trainings:
        training.kill()  # one that was told to go on without the window too
    qInstallMessageHandler(None)  # Qt may still have something to say when Python is gone
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description="Send random but valid actions to the window.")
    parser.add_argument("--actions", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="write the whole report here, as JSON, and beside it what was done")
    parser.add_argument("--strict", action="store_true", help="stalls and memory count as well")
    parser.add_argument("--no-sessions", action="store_true", help="open no session, so that the history stays whole")
    options = parser.parse_args()
    faulthandler.enable()
    with tempfile.TemporaryDirectory(prefix="monkey-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        prepare(folder)
        from ganviz.memory import keep_freed

        keep_freed()  # as the program does, before there are threads
        trail = options.report.with_suffix(".trail") if options.report else folder / "trail"
        report = play(folder, trail, options.actions, options.seed, not options.no_sessions)
    if options.report:
        options.report.write_text(json.dumps(report, indent=1))
    wrong = list(report["faults"])
    if options.strict and report["stalls"]:
        wrong.append(f"{len(report['stalls'])} stalls over {STALL_S * 1000:.0f} ms, the worst {report['worst_ms']} ms")
    if options.strict and report["memory_grew"] > ALLOWANCE:
        wrong.append(f"memory grew by {report['memory_grew']:.0%} after the first tenth")
    print(
        json.dumps(
            {key: value for key, value in report.items() if key not in ("touched", "stalls", "waited")}, indent=1
        )
    )
    for stall in sorted(report["stalls"], key=lambda stall: -stall["ms"])[:8]:
        print("stall:", json.dumps(stall))
    print("\n".join(["WRONG:", *wrong]) if wrong else "nothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # what is left of Qt is not taken apart in an order that anybody chose
