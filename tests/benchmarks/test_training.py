"""Images a second of the trainers' loops, by preset, size and precision."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainers.__main__ import main

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("precision", ["float32", "auto"])
@pytest.mark.parametrize("resolution", [32, 64])
def test_dcgan_images_a_second(report, resolution: int, precision: str, tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (320, resolution, resolution, 3), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", images=images)
    options = "--base-channels 48 --max-channels 320 --flip --augment color,translation,cutout --batch 32 --images 3200"
    sizes = ["--resolution", str(resolution), "--precision", precision]
    run = tmp_path / "run"
    assert main(["dcgan", "--data", str(tmp_path / "noise.npz"), "--out", str(run), *sizes, *options.split()]) == 0
    first, last = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()[:2]]
    speed = (last["images"] - first["images"]) / (last["clock"]["seconds"] - first["clock"]["seconds"])
    report(f"training a DCGAN, {resolution} px colour, {precision}", speed, "images/s")


OPTIONS = {
    "infogan": "--resolution 32 --fc-channels 192 --base-channels 32 --batch 16",
    "progan": "--resolution 32 --start-resolution 32 --batches none",
    "stylegan": "--resolution 32",
    "stylegan2": "--resolution 64",
}


@pytest.mark.parametrize("arch", OPTIONS)
def test_images_a_second(report, arch: str, tmp_path: Path):
    options = OPTIONS[arch].split()
    size = int(options[1])
    images = np.random.default_rng(0).integers(0, 256, (640, size, size, 3), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", images=images)
    run = tmp_path / "run"
    assert main([arch, "--data", str(tmp_path / "noise.npz"), "--out", str(run), *options, "--images", "3300"]) == 0
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    first, last = lines[0], lines[-1]
    speed = (last["images"] - first["images"]) / (last["clock"]["seconds"] - first["clock"]["seconds"])
    report(f"training a {arch}, {size} px colour", speed, "images/s")
