"""Two processes over gloo train as one does, agree on everything, and end together."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ganviz import checkpoint
from trainers import distributed
from trainers.__main__ import main
from trainers.parts import Parts
from trainers.run import default_threads

ROOT = Path(__file__).resolve().parents[3]
COMMON = "--resolution 16 --z-dim 4 --batch 8 --threads 1 --precision float32 --hold-out 4"
GROWING = "--base-channels 2 --max-channels 4"
STYLES = f"--w-dim 4 --mapping-layers 2 {GROWING}"
RUNS = {
    "dcgan": "dcgan --base-channels 4 --flip --augment color,cutout --r2 --r1-interval 2 --objective relativistic",
    "infogan": "infogan --base-channels 4 --fc-channels 8 --categorical 3 --critic-steps 2",
    "progan": f"progan {GROWING} --batches 4:16,8:4 --stable-images 48 --fade-images 48 --conditional",
    "stylegan": f"stylegan {STYLES} --mixing 0.9 --no-reuse-fakes",
    "stylegan2": f"stylegan2 {STYLES} --pl-weight 2 --pl-interval 2 --noise --augment translation --ada-target 0.2 "
    "--ada-images 300 --r1-interval 4",
}


def environment(rank: int, port: int) -> dict[str, str]:
    """What torchrun would say to this one of two processes."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(arguments: list[str], **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | options.pop("env", {})
    return subprocess.Popen([sys.executable, *arguments], env=environment, text=True, **options)


class Workers:
    """Two processes that have imported torch and wait for command lines; one that was killed is started again."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = [self._start(), self._start()]

    def _start(self) -> subprocess.Popen[str]:
        script = str(Path(__file__).with_name("one_of_several.py"))
        return started([script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, arguments: list[str], home: Path, *disturbances: dict[str, Any]) -> None:
        """Have both begin a training; see one_of_several.py for what may disturb each."""
        port = free_port()
        for rank in range(2):
            if self.running[rank].poll() is not None:
                self.running[rank] = self._start()
            words = {**environment(rank, port), "GANVIZ_HOME": str(home)}
            disturbance = dict(disturbances[rank]) if disturbances else {}
            words |= disturbance.pop("environment", {})
            request = {"arguments": arguments, "environment": words, "folder": str(home), **disturbance}
            pipe = self.running[rank].stdin
            assert pipe is not None
            pipe.write(json.dumps(request) + "\n")
            pipe.flush()

    def answer(self, rank: int) -> dict[str, Any]:
        pipe = self.running[rank].stdout
        assert pipe is not None
        return json.loads(pipe.readline())

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    both = Workers()
    yield both
    both.end()


@pytest.fixture
def pair(workers: Workers, home: Path) -> Callable[..., list[dict[str, Any]]]:
    """Run a training command line in both processes at once; their answers."""

    def run(arguments: list[str], *disturbances: dict[str, Any]) -> list[dict[str, Any]]:
        workers.ask(arguments, home, *disturbances)
        try:
            return [workers.answer(rank) for rank in range(2)]
        except BaseException:
            workers.end()  # whatever they wait for, the next test is not to wait with them
            raise

    return run


def options(name: str, data: Path) -> list[str]:
    arch, *rest = RUNS[name].split()
    return [arch, "--data", str(data), *COMMON.split(), *rest]


def state(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "state.safetensors")


def log_without_clock(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "clock"} for line in lines]


def assert_close(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        if not name.rpartition(".")[2].startswith(("running_", "w_avg", "num_")):  # these move a part at a time
            assert torch.allclose(tensor.float(), theirs[name].float(), rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_stay_equal_and_come_to_what_one_does_in_two_parts(
    name: str, data: Path, tmp_path: Path, pair: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one process in two parts comes to what the whole batch comes to is shown in test_parts.py."""
    from trainers import journal

    monkeypatch.setattr(journal, "LOG_STEPS", 3)
    command = [*options(name, data), "--images", "112"]
    first, second = pair([*command, "--out", str(tmp_path / "two" / "run")])
    assert (first["code"], second["code"]) == (0, 0), first["said"] + second["said"]
    assert first["steps"] == second["steps"] and len(set(first["steps"])) == len(first["steps"]) > 4
    assert second["said"] == "" and "explore it with" in first["said"]
    assert main([*command, "--out", str(tmp_path / "one" / "run"), "--accumulate", "2"]) == 0
    one, two = tmp_path / "one" / "run", tmp_path / "two" / "run"
    assert_close(state(two), state(one))
    for mine, theirs in zip(log_without_clock(two), log_without_clock(one), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-6)
    card = checkpoint.read_header(sorted((two / "snapshots").iterdir())[-1]).card
    assert card.command.startswith(f"torchrun --nproc-per-node 2 -m trainers {command[0]} --data tiny.npz")


@pytest.mark.parametrize("before", [1, 2], ids=["1 -> 2", "2 -> 1"])
def test_a_run_goes_on_in_another_number_of_processes(
    before: int, data: Path, tmp_path: Path, pair: Callable[..., Any]
) -> None:
    """In as many parts as before it draws what it would have drawn, so that only the order of sums differs."""
    command = [*options("stylegan2", data), "--r1-gamma-end", "-1"]  # which would depend on the budget
    straight, moved = tmp_path / "a" / "run", tmp_path / "b" / "run"
    assert main([*command, "--out", str(straight), "--accumulate", "2", "--images", "96"]) == 0
    begin = [*command, "--out", str(moved), "--images", "48"]
    go_on = [command[0], "--out", str(moved), "--resume", "--images", "96"]
    if before == 1:
        assert main([*begin, "--accumulate", "2"]) == 0
        answers = pair([*go_on, "--accumulate", "1"])
        assert [answer["code"] for answer in answers] == [0, 0], answers
        assert answers[0]["steps"] == answers[1]["steps"] and len(answers[0]["steps"]) == 6
    else:
        assert [answer["code"] for answer in pair(begin)] == [0, 0]
        assert main([*go_on, "--accumulate", "2"]) == 0
    assert_close(state(moved), state(straight))


def test_two_processes_go_on_bit_for_bit(data: Path, tmp_path: Path, pair: Callable[..., Any]) -> None:
    command = [*options("progan", data), "--images", "160"]
    straight, stopped = tmp_path / "a" / "run", tmp_path / "b" / "run"
    first, _ = pair([*command, "--out", str(straight)])
    assert [answer["code"] for answer in pair([*command, "--out", str(stopped)], {}, {"stop": 9})] == [0, 0]
    seen = [int(path.stem) for path in (stopped / "snapshots").iterdir()]
    assert max(seen) < 160, "a stop in the second process stops both"
    answers = pair([command[0], "--out", str(stopped), "--resume"])
    assert answers[0]["steps"] == answers[1]["steps"] == first["steps"][-len(answers[0]["steps"]) :]
    expected, found = state(straight), state(stopped)
    assert expected.keys() == found.keys() and all(
        torch.equal(tensor, found[name]) for name, tensor in expected.items()
    )
    assert log_without_clock(straight) == log_without_clock(stopped)


def test_a_loss_that_is_not_finite_in_one_process_stops_both_with_one_line(
    data: Path, tmp_path: Path, pair: Callable[..., Any]
) -> None:
    command = [*options("dcgan", data), "--out", str(tmp_path / "run"), "--images", "400"]
    first, second = pair(command, {}, {"nan": 3})
    assert (first["code"], second["code"]) == (1, 1)
    assert "training stopped after 32 images: the loss is no longer a finite number" in first["said"]
    assert second["said"] == "" and len(first["steps"]) == len(second["steps"]) == 4


def test_what_one_process_cannot_do_the_first_one_says(data: Path, tmp_path: Path, pair: Callable[..., Any]) -> None:
    command = [*options("dcgan", data), "--out", str(tmp_path / "run"), "--images", "16"]
    first, second = pair(command, {}, {"fail": 1})
    assert (first["code"], second["code"], second["said"]) == (1, 1, "")
    assert first["said"] == "ganviz: process 1: no such data here\n"
    assert not (tmp_path / "run").exists()
    first, second = pair([*command, "--batch", "6", "--accumulate", "2"])
    assert (first["code"], second["code"], second["said"]) == (1, 1, "")
    assert first["said"].startswith("ganviz: --accumulate 2 in 2 processes: expected equal parts of two images or more")
    first, second = pair([command[0], "--out", str(tmp_path / "none"), "--resume"])
    assert (first["code"], second["code"], second["said"]) == (1, 1, "")
    assert "no run to resume" in first["said"]


def test_the_second_machine_needs_data_alone_and_keeps_nothing(
    data: Path, tmp_path: Path, pair: Callable[..., Any]
) -> None:
    """Two machines stood in for by two folders, with a cache of prepared data in each."""
    machines = []
    for rank in range(2):
        folder = tmp_path / f"machine-{rank}"
        folder.mkdir()
        words = {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1", "GANVIZ_HOME": str(folder / "home")}
        machines.append({"folder": str(folder), "environment": words})
    command = [*options("dcgan", data), "--out", "run"]
    first, second = pair([*command, "--images", "32"], *machines)
    assert (first["code"], second["code"]) == (0, 0), first["said"]
    first, second = pair([command[0], "--out", "run", "--resume", "--images", "64"], *machines)
    assert (first["code"], second["code"]) == (0, 0), first["said"]
    assert first["steps"] == second["steps"] and len(first["steps"]) == 4
    run = tmp_path / "machine-0" / "run"
    assert checkpoint.read_header(run / "snapshots" / "00000064.safetensors").card.command.startswith(
        "torchrun --nnodes 2 --nproc-per-node 1 -m trainers dcgan"
    )
    assert [path.name for path in (tmp_path / "machine-1").iterdir()] == ["home"]


def wait_for_log(run: Path, *processes: subprocess.Popen[str]) -> None:
    while not (run / "log.jsonl").exists():
        for process in processes:
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
        threading.Event().wait(0.05)  # leave the processor to the training


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a child")
def test_ctrl_c_on_torchrun_leaves_a_whole_snapshot(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = ["--nproc-per-node", "2", "--master-port", str(free_port()), "-m", "trainers"]
    command = ["-m", "torch.distributed.run", *arguments, *options("dcgan", data), "--out", str(run)]
    process = started(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for_log(run, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert "explore it with" in said, said
    assert checkpoint.load(sorted((run / "snapshots").iterdir())[-1]).card.images_seen > 0
    assert (run / "state.safetensors").exists()


def test_alone_everything_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (distributed.rank(), distributed.size(), distributed.local_size()) == (0, 1, 1)
    assert distributed.agree(True, False, 3.5) == (True, False, 3.5)
    net = torch.nn.Linear(1, 1)
    noted = [{"a": torch.tensor(1.0), "b": torch.tensor(5)}, {"a": torch.tensor(2.0), "b": torch.tensor(6)}]
    assert distributed.average(net, noted) == {"a": 1.5, "b": 5.5}, "over the parts"


def test_processes_on_one_machine_share_its_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert default_threads(0) == 7 and default_threads(3) == 3
    monkeypatch.setattr(distributed, "local_size", lambda: 3)
    assert default_threads(0) == 2 and default_threads(3) == 3


def test_each_process_takes_its_own_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    together = Parts(4, 0)
    together.begin(2)
    expected = [(torch.rand(1, generator=stream).item(), share.tolist()) for stream, share in together.of(np.arange(8))]
    found = []
    monkeypatch.setattr(distributed, "size", lambda: 2)
    for rank in range(2):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts = Parts(2, 0)
        parts.begin(2)
        found += [(torch.rand(1, generator=stream).item(), share.tolist()) for stream, share in parts.of(np.arange(8))]
    assert found == expected


def test_when_a_process_is_killed_the_other_says_so_and_ends(
    data: Path, tmp_path: Path, workers: Workers, home: Path
) -> None:
    """The first one is killed, which the others meet at."""
    run = tmp_path / "run"
    workers.ask([*options("dcgan", data), "--out", str(run)], home)
    wait_for_log(run, *workers.running)
    workers.running[0].kill()
    workers.running[0].communicate(timeout=300)
    answer = workers.answer(1)
    last = answer["said"].strip().splitlines()[-1]
    assert answer["code"] == 1 and "--resume" in last
    assert last.startswith("ganviz: process 1 of 2 lost touch with the others")
