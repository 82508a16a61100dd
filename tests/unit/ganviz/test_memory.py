import os
import subprocess
import sys

import pytest

from ganviz.memory import give_back, memory_bytes

PIECES, SIZE = 4000, 50_000


def test_what_was_freed_is_given_back_where_the_c_library_can():
    pieces = [bytearray(SIZE) for _ in range(PIECES)]
    last = bytearray(SIZE)  # what lies above free room keeps the library from returning it by itself
    del pieces
    before = memory_bytes()
    if give_back():
        assert memory_bytes() < before - PIECES * SIZE / 2
    assert len(last) == SIZE


FILL = """
import resource, sys, threading
from ganviz.memory import keep_freed
kept = keep_freed()
faults = []
def fill():
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        piece = bytearray(b"x" * 80_000_000)
        del piece
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
thread = threading.Thread(target=fill)
thread.start()
thread.join()
print(int(kept), faults[-1])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how often pages were fetched")
@pytest.mark.parametrize("own", [False, True])
def test_what_was_freed_is_kept_for_what_comes_next_unless_somebody_decided_otherwise(own):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MALLOC_", "GLIBC_"))}
    environment |= {"MALLOC_ARENA_MAX": "2"} if own else {}
    run = subprocess.run([sys.executable, "-c", FILL], env=environment, capture_output=True, text=True, check=True)
    kept, fetched = map(int, run.stdout.split())
    assert kept <= (not own)
    if kept:
        assert fetched < 1000, "80 MB are 20,000 pages"
