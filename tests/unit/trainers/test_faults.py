"""A training is killed, its data change under it, its disk is full."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainers.__main__ import main

ENDURANCE = Path(__file__).parents[2] / "endurance"
TINY = "--resolution 16 --z-dim 4 --base-channels 4 --batch 8 --threads 1 --precision float32".split()


@pytest.mark.timeout(900)  # seconds where the machine is free, minutes where it is not
def test_a_training_that_is_killed_again_and_again_ends_where_an_undisturbed_one_does(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ENDURANCE / "kill_trainer.py"), "--kills", "3"],
        env={**os.environ, "PYTHONPATH": str(ENDURANCE.parents[1])},
        capture_output=True,
        text=True,
        timeout=850,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["equal"] and report["kills"] == 3 and report["lost"] == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 24 small images."""
    made = tmp_path / "pictures"
    made.mkdir()
    random = np.random.default_rng(0)
    for k in range(24):
        Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(made / f"{k}.png")
    return made


def test_a_data_folder_that_changes_during_training_disturbs_only_going_on(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers.run import Run

    out = tmp_path / "run"
    log = Run.log

    def change(self: Run, *entry: object) -> None:
        (folder / "0.png").unlink(missing_ok=True)
        (folder / "new.png").write_bytes(b"no image yet")
        log(self, *entry)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", change)
        patch.setattr("trainers.journal.LOG_STEPS", 2)
        assert main(["dcgan", "--data", str(folder), *TINY, "--images", "64", "--out", str(out)]) == 0
    assert not (folder / "0.png").exists() and len(list((out / "snapshots").iterdir())) == 1
    assert main(["dcgan", "--out", str(out), "--resume", "--images", "96"]) == 1
    said = capfd.readouterr().err
    assert "not the data set that this run began with" in said and "Traceback" not in said
    assert main(["dcgan", "--out", str(out), "--resume", "--images", "96", "--data", str(folder)]) == 1


def test_going_on_sweeps_away_what_a_kill_left_half_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(["dcgan", "--data", str(folder), *TINY, "--images", "16", "--out", str(out)]) == 0
    left = out / "snapshots" / ".0123456789ab.part.safetensors"
    left.write_bytes(b"half")
    os.utime(left, (1e9, 1e9))
    assert main(["dcgan", "--out", str(out), "--resume", "--images", "24"]) == 0
    assert not left.exists()
