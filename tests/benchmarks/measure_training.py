"""Train as the command line says; print {"images", "clock", "work"}: images seen in the steps after the first few, the
seconds that they took, and the seconds that this process was at work. Run by test_training.py."""

import json
import sys
import time

from trainers.__main__ import main
from trainers.journal import Journal

WARM_UP = 4  # steps
marks: list[tuple[int, float, float]] = []
original = Journal.note


def note(self, *words):
    original(self, *words)
    marks.append((self.seen, time.perf_counter(), time.process_time()))


Journal.note = note
code = main(sys.argv[1:])
first, last = marks[WARM_UP - 1], marks[-1]
print(
    json.dumps(dict(zip(("images", "clock", "work"), (b - a for a, b in zip(first, last, strict=True)), strict=True)))
)
sys.exit(code)
