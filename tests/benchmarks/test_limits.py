"""What the machine itself can do: the figures of the networks are set beside these."""

import os
from collections.abc import Iterator

import pytest
import torch

SECTION = "The machine's own limits"
SIDE = 2048
MEGABYTES = 512

pytestmark = pytest.mark.benchmark


@pytest.fixture(params=sorted({1, os.cpu_count() or 1}), ids=lambda count: f"{count} threads")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_matrix_products(report, by_turns, threads: int) -> None:
    with torch.inference_mode():
        for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16), ("float16", torch.float16)):
            a, b = torch.randn(SIDE, SIDE).to(kind), torch.randn(SIDE, SIDE).to(kind)
            (times,) = by_turns(lambda _, a=a, b=b: a @ b, seconds=1.5)
            speed = 2 * SIDE**3 / min(times) / 1e6
            report(f"matrix product {SIDE} x {SIDE}, {name}, {threads} threads, peak", speed, "GFLOP/s")
        a, b = (torch.randint(-128, 128, (SIDE, SIDE), dtype=torch.int8) for _ in range(2))
        (times,) = by_turns(lambda _: torch._int_mm(a, b), seconds=1.5)
        report(f"the same in 8-bit integers, {threads} threads, peak", 2 * SIDE**3 / min(times) / 1e6, "GOP/s")


def test_memory_bandwidth(report, by_turns, threads: int) -> None:
    source = torch.ones(MEGABYTES * 250_000)
    target = torch.empty_like(source)
    reading, copying = by_turns(lambda _: source.sum(), lambda _: target.copy_(source), seconds=2)
    report(f"memory, reading {MEGABYTES} MB, {threads} threads, peak", MEGABYTES / min(reading), "GB/s")
    report(f"memory, copying them (read and written), {threads} threads", 2 * MEGABYTES / min(copying), "GB/s")
