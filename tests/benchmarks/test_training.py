"""Images a second of the trainers' loops, in float32 and in bfloat16, and of two processes against one.

What is compared runs by turns, on one thread a process and on images of noise; a ratio is of the sums of all turns.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
TRAININGS = {
    "DCGAN, 32 px": "dcgan --resolution 32 --base-channels 48 --max-channels 320 --batch 32",
    "DCGAN, 64 px": "dcgan --resolution 64 --base-channels 48 --max-channels 320 --batch 32",
    "InfoGAN, 32 px": "infogan --resolution 32 --fc-channels 192 --base-channels 32 --batch 16",
    "ProGAN, 32 px, the last resolution": "progan --resolution 32 --start-resolution 32 --batches none --batch 16",
    "StyleGAN, 32 px": "stylegan --resolution 32 --batch 16",
    "StyleGAN2, 64 px": "stylegan2 --resolution 64 --batch 16",
}
TURNS = 3
MINUTES = 0.25  # of each turn

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


@pytest.fixture
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Noise of the size that the test's training asks for."""
    words = TRAININGS[request.getfixturevalue("name")].split()
    size = int(words[words.index("--resolution") + 1])
    images = np.random.default_rng(0).integers(0, 256, (640, size, size, 3), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", images=images)
    return tmp_path / "noise.npz"


class Trainings:
    """Starts trainings in processes of their own, and measures them by their logs."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._count = 0

    def __call__(self, options: list[str], processes: int = 1, together: bool = True) -> float:
        """Images a second of one training in so many processes, or of as many trainings at once, added up."""
        port = _free_port()
        runs, running = [], []
        for rank in range(processes):
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"}
            if together and processes > 1:
                world = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "RANK": rank, "LOCAL_RANK": rank}
                world |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
                environment |= {key: str(value) for key, value in world.items()}
            self._count += rank == 0 or not together
            runs.append(self._data.with_name(f"run-{self._count}"))
            limits = ["--threads", "1", "--minutes", str(MINUTES)]
            command = [sys.executable, "-c", _LOGGING, *options, "--data", self._data, "--out", runs[-1], *limits]
            running.append(subprocess.Popen([*map(str, command)], env=environment, stderr=subprocess.PIPE, text=True))
        for process in running:
            _, said = process.communicate()
            assert process.returncode == 0, said
        return sum(_speed(run) for run in dict.fromkeys(runs))


_LOGGING = (
    "import sys; from trainers import journal; journal.LOG_STEPS = 2; from trainers.__main__ import main; "
    "sys.exit(main(sys.argv[1:]))"
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _speed(run: Path) -> float:
    """Images a second from the first line of the log to the last."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert len(lines) > 4, "too few steps to measure; is the machine busy?"
    first, last = lines[0], lines[-1]
    return (last["images"] - first["images"]) / (last["clock"]["seconds"] - first["clock"]["seconds"])


@pytest.mark.parametrize("name", TRAININGS)
def test_images_a_second_in_float32_and_in_bfloat16(report, name: str, data: Path):
    train, options = Trainings(data), TRAININGS[name].split()
    full, half = 0.0, 0.0
    for _ in range(TURNS):
        full += train([*options, "--precision", "float32"]) / TURNS
        half += train([*options, "--precision", "bf16"]) / TURNS
    report(f"training a {name}, float32", full, "images/s")
    report(f"training a {name}, bfloat16", half, "images/s")
    report(f"training a {name}, bfloat16 over float32", half / full, "times")


@pytest.mark.parametrize("name", ["DCGAN, 64 px", "StyleGAN2, 64 px"])
def test_two_processes_against_one(report, name: str, data: Path):
    """Weak scaling: each process has the batch that one alone has, so that two do twice the work in a step."""
    train, options = Trainings(data), [*TRAININGS[name].split(), "--precision", "float32"]
    doubled = [*options, "--batch", str(2 * int(options[options.index("--batch") + 1]))]
    alone, two, apart = 0.0, 0.0, 0.0
    for _ in range(TURNS):
        alone += train(options) / TURNS
        two += train(doubled, processes=2) / TURNS
        apart += train(options, processes=2, together=False) / TURNS
    report(f"training a {name}, one process with one thread", alone, "images/s")
    report(f"training a {name}, two processes with one thread each", two, "images/s")
    report(f"training a {name}, efficiency of two processes", two / (2 * alone), "of 1", bar="0.85 or more")
    # What two trainings that share nothing but the machine come to: the most that two processes could.
    report(f"training a {name}, two processes against two trainings at once", two / apart, "of 1")
