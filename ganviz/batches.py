"""How many pictures are drawn at once: as many as a device is quickest with, which is found by measurement.

What was found is kept between runs, with the other times of a model on a device (`ganviz.paces`). Nothing here draws
for its own sake but `settle`, which whoever is about to draw many pictures steps through before.
"""

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from ganviz.devices import is_out_of_memory, to_pixels
from ganviz.paces import Pace
from ganviz.recipe import UNSAID_BATCH
from ganviz.sampling import Population, full_latents
from ganviz.spec import Spec

if TYPE_CHECKING:
    from ganviz.drawing import Loaded

USUAL = UNSAID_BATCH
"""Pictures drawn at once as long as nothing has been measured."""
MOST = 64
BATCH_BYTES = 512 << 20
"""What the activations of a batch may take; of nets that draw very large pictures fewer are drawn at once."""
CACHE_BYTES = 48 << 20
"""The same on processors where nothing has been measured: what their caches hold, see docs/performance.md."""
WORTH_SETTLING = 32
"""Pictures from which on it pays to find out first: what is drawn for that is thrown away."""
GAIN = 0.97
"""A larger batch, which needs more memory and makes one wait longer, has to take this share of the time or less."""
SECONDS = 0.2
"""A batch that would take longer than this is not tried."""


def fitting(spec: Spec, most: int = MOST, room: int = 0) -> int:
    """`most`, or the power of two below it whose activations take about `room` bytes, of 0 BATCH_BYTES."""
    largest = max((layer.resolution**2 * layer.channels for layer in spec.layers), default=1)
    # What a layer reads, what it gives, and one more on the way; float32.
    fits = (room or BATCH_BYTES) // (3 * 4 * largest)
    return min(most, 1 << max(0, fits.bit_length() - 1))


def usual(spec: Spec, device: str = "cpu") -> int:
    """How many are drawn at once as long as nothing has been measured."""
    return fitting(spec, USUAL, min(CACHE_BYTES, BATCH_BYTES) if torch.device(device).type == "cpu" else 0)


def best(spec: Spec, pace: Pace, device: str = "cpu") -> int:
    """The batch that was quickest when they were measured, or the usual one."""
    chosen, least = 0, math.inf
    for count in candidates(spec):
        seconds = pace.of(_part(count))
        if seconds < (GAIN * least if chosen else math.inf):
            chosen, least = count, seconds
    return chosen or usual(spec, device)


def is_settled(pace: Pace) -> bool:
    """Whether batches were measured."""
    return pace.of(_part(1)) < math.inf


def candidates(spec: Spec) -> list[int]:
    """1, 2, 4, ... up to what fits."""
    return [1 << power for power in range(fitting(spec).bit_length())]


def settle(loaded: "Loaded") -> Iterator[None]:
    """Measure batches, from one picture on and twice as many each time, until that gains nothing or takes too long."""
    generator, pace = loaded.generator, loaded.pace
    before = math.inf  # seconds a picture, in the batch before
    for count in candidates(generator.spec):
        if count > 1 and before * count > SECONDS:
            return
        with torch.inference_mode():
            w = full_latents(generator, list(range(count)), Population(count)).to(generator.device)
        took = []
        for _ in range(3):  # the first one warms up
            yield
            began = time.perf_counter()
            try:
                with torch.inference_mode():
                    to_pixels(generator.synthesis(w))  # which waits for a device beside the processor
            except (RuntimeError, MemoryError) as error:
                if is_out_of_memory(error):
                    return
                raise
            took.append(time.perf_counter() - began)
        seconds = min(took[1:]) / count
        pace.note(_part(count), seconds)
        if seconds > before:
            return
        before = seconds


def _part(count: int) -> str:
    return f"batch {count}"
