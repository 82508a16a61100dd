"""Images a second of the trainers' loops, in float32 and in bfloat16, and of two processes against one.

What is compared runs by turns, on one thread a process and on images of noise; figures are medians of the turns. On a
machine that does other things as well, only the figures by processor time mean much.
"""

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from trainers.machine import pick_precision

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TRAININGS = {
    "DCGAN, 32 px": "dcgan --resolution 32 --base-channels 48 --max-channels 320 --batch 32",
    "DCGAN, 64 px": "dcgan --resolution 64 --base-channels 48 --max-channels 320 --batch 32",
    "InfoGAN, 32 px": "infogan --resolution 32 --fc-channels 192 --base-channels 32 --batch 16",
    "ProGAN, 32 px, the last resolution": "progan --resolution 32 --start-resolution 32 --batches none --batch 16",
    "StyleGAN, 32 px": "stylegan --resolution 32 --batch 16",
    "StyleGAN2, 64 px": "stylegan2 --resolution 64 --batch 16",
}
TURNS = 3
STEPS = 52  # of each turn, of which the first four are not counted; lazy penalties come every sixteen

SECTION = "Training"

pytestmark = [pytest.mark.benchmark, pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Noise of the size that the test's training asks for."""
    words = TRAININGS[request.getfixturevalue("name")].split()
    size = int(words[words.index("--resolution") + 1])
    images = np.random.default_rng(0).integers(0, 256, (640, size, size, 3), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", images=images)
    return tmp_path / "noise.npz"


@dataclass(frozen=True)
class Speed:
    """Images a second by the clock, and by the time that processors were at work."""

    clock: float
    work: float


class Trainings:
    """Starts trainings in processes of their own, and measures them."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._count = 0

    def __call__(self, options: list[str], processes: int = 1, together: bool = True) -> Speed:
        """Of one training in so many processes, or of as many trainings at once, added up."""
        port = _free_port()
        running = []
        for rank in range(processes):
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"}
            if together and processes > 1:
                world = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "RANK": rank, "LOCAL_RANK": rank}
                world |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
                environment |= {key: str(value) for key, value in world.items()}
            self._count += rank == 0 or not together
            run = self._data.with_name(f"run-{self._count}")
            images = STEPS * int(options[len(options) - options[::-1].index("--batch")])
            words = [*options, "--data", self._data, "--out", run, "--threads", "1", "--images", images]
            command = [sys.executable, str(HERE / "measure_training.py"), *map(str, words)]
            running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        found = [json.loads(process.communicate()[0]) for process in running]
        assert all(process.returncode == 0 for process in running)
        share = processes if together else 1  # every process counts the images of all
        clock = sum(one["images"] / one["clock"] for one in found) / share
        images = sum(one["images"] for one in found) / share
        return Speed(clock, images / sum(one["work"] for one in found))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _median(speeds: list[Speed]) -> Speed:
    return Speed(median(speed.clock for speed in speeds), median(speed.work for speed in speeds))


@pytest.mark.parametrize("name", TRAININGS)
def test_images_a_second_in_float32_and_in_bfloat16(report, name: str, data: Path):
    train, options = Trainings(data), TRAININGS[name].split()
    natively = pick_precision("auto", torch.device("cpu"))
    full, half = [], []
    for _ in range(TURNS):
        full.append(train([*options, "--precision", "float32"]))
        if natively:
            half.append(train([*options, "--precision", "bf16"]))
    in_full = _median(full)
    report(f"training a {name}, float32", in_full.clock, "images/s")
    if not natively:
        report(f"training a {name}: this processor multiplies no bfloat16; trainings are in float32")
        return
    in_half = _median(half)
    report(f"training a {name}, bfloat16", in_half.clock, "images/s")
    report(f"training a {name}, bfloat16 over float32", in_half.clock / in_full.clock, "times")
    report(f"training a {name}, the same by processor time", in_half.work / in_full.work, "times")


@pytest.mark.parametrize("name", ["DCGAN, 64 px", "StyleGAN2, 64 px"])
def test_two_processes_against_one(report, name: str, data: Path):
    """Weak scaling: each process has the batch that one alone has, so that two do twice the work in a step."""
    train, options = Trainings(data), [*TRAININGS[name].split(), "--precision", "float32"]
    doubled = [*options, "--batch", str(2 * int(options[options.index("--batch") + 1]))]
    one, two, apart = [], [], []
    for _ in range(TURNS):
        one.append(train(options))
        two.append(train(doubled, processes=2))
        apart.append(train(options, processes=2, together=False))
    alone, both, beside = _median(one), _median(two), _median(apart)
    report(f"training a {name}, one process with one thread", alone.clock, "images/s")
    report(f"training a {name}, two processes with one thread each", both.clock, "images/s")
    report(f"training a {name}, efficiency of two processes", both.clock / (2 * alone.clock), "of 1", "0.85 or more")
    # What two trainings that share nothing but the machine come to is the most that two processes could.
    report(f"training a {name}, two processes against two trainings at once", both.clock / beside.clock, "of 1")
    report(f"training a {name}, the same by processor time", both.work / beside.work, "of 1")
