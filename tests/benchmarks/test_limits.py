"""What the machine itself can do: the figures of the networks are set beside these."""

import os
from collections.abc import Callable, Iterator

import pytest
import torch

SECTION = "The machine's own limits"
SIDE, PROBE = 2048, 512
EMULATED = 4.0
"""A kind of numbers that takes so many times as long as float32 is emulated here: only the small product is measured,
since the large one would take minutes."""
MEGABYTES = 512

pytestmark = pytest.mark.benchmark


@pytest.fixture(params=sorted({1, os.cpu_count() or 1}), ids=lambda count: f"{count} threads")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_matrix_products(report, by_turns, threads: int) -> None:
    slowest = 0.0
    with torch.inference_mode():
        for kind in (torch.float32, torch.bfloat16, torch.float16, torch.int8):
            name = str(kind).removeprefix("torch.")
            (probe,) = by_turns(product(PROBE, kind), seconds=0, least=2)
            slowest = slowest or EMULATED * min(probe)  # what float32 takes, so many times
            side = PROBE if min(probe) > slowest else SIDE
            times = probe if side == PROBE else by_turns(product(side, kind), seconds=1.5)[0]
            how = "no instructions for it, emulated" if side == PROBE else "peak"
            unit = "GOP/s" if kind is torch.int8 else "GFLOP/s"
            speed = 2 * side**3 / min(times) / 1e6
            report(f"matrix product {side} x {side}, {name}, {threads} threads, {how}", speed, unit)


def product(side: int, kind: torch.dtype) -> Callable[[int], torch.Tensor]:
    """A function that multiplies two matrices of a kind."""
    if kind is torch.int8:
        a, b = (torch.randint(-128, 128, (side, side), dtype=kind) for _ in range(2))
        return lambda _: torch._int_mm(a, b)
    a, b = torch.randn(side, side).to(kind), torch.randn(side, side).to(kind)
    return lambda _: a @ b


def test_memory_bandwidth(report, by_turns, threads: int) -> None:
    source = torch.ones(MEGABYTES * 250_000)
    target = torch.empty_like(source)
    reading, copying = by_turns(lambda _: source.sum(), lambda _: target.copy_(source), seconds=2)
    report(f"memory, reading {MEGABYTES} MB, {threads} threads, peak", MEGABYTES / min(reading), "GB/s")
    report(f"memory, copying them (read and written), {threads} threads", 2 * MEGABYTES / min(copying), "GB/s")
