"""What a run folder says of the process that trains in it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ganviz.errors import GanvizError
from trainers import status
from trainers.__main__ import main
from trainers.control import Control
from trainers.status import Reporter, give_order, read_status, take_order

HOLD = """
import sys
from pathlib import Path
from trainers.status import Reporter
reporter = Reporter(Path(sys.argv[1]), 24)
reporter.begin()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_that_nobody_trained_in_says_nothing(tmp_path: Path) -> None:
    assert read_status(tmp_path).state == "none" and not status.is_held(tmp_path)
    assert read_status(tmp_path / "missing").state == "none"


def test_a_training_says_what_it_does_and_how_it_ended(tmp_path: Path) -> None:
    stopping = False
    reporter = Reporter(tmp_path, 24, lambda: stopping)
    reporter.begin()
    with reporter:
        assert read_status(tmp_path) == status.Status("training", "", 24, read_status(tmp_path).pid)
        reporter.pausing(True)
        assert read_status(tmp_path).state == "paused" and read_status(tmp_path).going
        reporter.pausing(False)
        assert read_status(tmp_path).state == "training"
    assert read_status(tmp_path).state == "finished" and not status.is_held(tmp_path)
    reporter.begin()
    stopping = True
    with reporter:
        pass
    assert read_status(tmp_path).state == "stopped"
    reporter.begin()
    with pytest.raises(GanvizError), reporter:
        raise GanvizError("the loss is no longer a finite number")
    assert read_status(tmp_path).state == "failed"
    assert read_status(tmp_path).message == "the loss is no longer a finite number"


def test_one_that_is_killed_is_known_to_be_gone_and_another_may_begin(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert read_status(tmp_path) == status.Status("training", "", 24, process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert read_status(tmp_path) == status.Status("killed", "", 24, process.pid)
    reporter = Reporter(tmp_path, 24)
    reporter.begin()
    with reporter:
        assert read_status(tmp_path).state == "training"


def test_two_do_not_train_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "PATIENCE", 0.0)
    first, second = Reporter(tmp_path, 1), Reporter(tmp_path, 1)
    first.begin()
    with first:
        with pytest.raises(GanvizError, match="another process trains in this folder"):
            second.begin()
        assert read_status(tmp_path).state == "training"
        Reporter(tmp_path, 1, quiet=True).begin()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "dancing", "message": "", "training_images": 1, "pid": 1}'])
def test_a_damaged_status_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text(text)
    assert read_status(tmp_path).state == "none"


def test_orders_in_the_folder_are_taken_once(tmp_path: Path) -> None:
    give_order(tmp_path, "pause")
    give_order(tmp_path, "stop")
    assert take_order(tmp_path) == "stop" and take_order(tmp_path) == ""
    control = Control()
    control.orders = tmp_path
    give_order(tmp_path, "pause")
    control.poll()
    assert control.paused and not (tmp_path / "order").exists()


def test_a_run_obeys_orders_in_its_folder_and_leaves_a_status(
    data: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    polls = iter(range(1, 1_000_000))
    poll = Control.poll
    said = []

    def polled(self: Control, wait: float = 0.0) -> None:
        words = {3: "pause", 5: "resume", 7: "stop"}
        word = words.get(next(polls))
        if word:
            said.append(read_status(run).state)
            give_order(run, word)  # type: ignore[arg-type]
            self._look_next = 0.0
        poll(self, 0.0)

    monkeypatch.setattr(Control, "poll", polled)
    arguments = ["dcgan", "--data", str(data), "--out", str(run), *small, "--images", "800"]
    assert main([*arguments, "--hold-out", "4"]) == 0
    assert said == ["training", "paused", "training"]
    assert read_status(run).state == "stopped" and read_status(run).training_images == 20
    assert int(next((run / "snapshots").iterdir()).stem) < 800
    assert main(["dcgan", "--out", str(run), "--resume", "--images", "80"]) == 0
    assert read_status(run).state == "finished"
    assert json.loads((run / "status.json").read_text())["pid"]
