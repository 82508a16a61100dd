"""Somebody presses everything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MONKEY = Path(__file__).parents[1] / "endurance" / "monkey.py"
ACTIONS = 150


@pytest.mark.timeout(900)  # seconds where the machine is free, minutes where it is not
def test_scores_of_random_actions_bring_no_error_and_undo_brings_the_first_picture_back(tmp_path: Path):
    """Stalls and memory are not asserted here: that wants thousands of actions on a quiet machine."""
    report = tmp_path / "report.json"
    words = ["--actions", str(ACTIONS), "--seed", "7", "--no-sessions", "--report", str(report)]
    done = subprocess.run(
        [sys.executable, str(MONKEY), *words],
        env={**os.environ, "PYTHONPATH": str(MONKEY.parents[2])},
        capture_output=True,
        text=True,
        timeout=850,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["actions"] == ACTIONS and found["first_was_seen"] and found["undone"] > 10
