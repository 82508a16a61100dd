"""Twins of generators in lower precision: tried out once, then used for previews where they show more in time."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ganviz.devices import decibels, to_pixels
from ganviz.models.base import StagedGenerator
from ganviz.sampling import Population, full_latents

if TYPE_CHECKING:
    from ganviz.drawing import Loaded

log = logging.getLogger(__name__)

AGREES_DB = 30.0
"""A preview that is this near the exact picture cannot be told from it while it moves."""
WORTH = 0.8
"""A twin is kept where it takes this share of the exact picture's time or less."""
TURNS = 3


@dataclass(frozen=True, slots=True)
class Twin:
    """A generator that draws nearly what another one draws, sooner.

    name     what its times are kept by, before the stage's number
    weights  bytes that it takes
    """

    generator: StagedGenerator
    name: str
    weights: int


def try_out(loaded: "Loaded", make: Callable[[], Twin], name: str) -> Iterator[None]:
    """Measure a twin, a stage at a time, and keep it where it pays; for when there is nothing else to do."""
    if _is_known(loaded, name) and loaded.seconds(0, prefix=name) > WORTH * loaded.seconds(0):
        return  # it did not pay the last time
    yield
    twin = make()
    device = loaded.generator.device
    for turn in range(TURNS):
        yield
        with torch.inference_mode():
            w = full_latents(loaded.generator, [turn], Population(1)).to(device)
            state = twin.generator.begin(w, 1.0)
        for k in range(len(loaded.generator.spec.layers)):
            yield
            began = time.perf_counter()
            with torch.inference_mode():
                state = twin.generator.step(k, state, w)
            if turn:  # the first one warms up
                loaded.note(f"{name}{k}", began)
        yield
        began = time.perf_counter()
        with torch.inference_mode():
            image = twin.generator.image(state)
            to_pixels(image)
        loaded.note(f"{name}picture", began)
    with torch.inference_mode():
        state = loaded.generator.begin(w, 1.0)
    for k in range(len(loaded.generator.spec.layers)):
        yield
        with torch.inference_mode():
            state = loaded.generator.step(k, state, w)
    with torch.inference_mode():
        near = decibels(image, loaded.generator.image(state))
    faster = loaded.seconds(0, prefix=name) <= WORTH * loaded.seconds(0)
    log.info("%s in %s: %.0f dB, %s", loaded.generator.ref.name, name, near, "faster" if faster else "not faster")
    if near >= AGREES_DB and faster:
        loaded.twin = twin


def _is_known(loaded: "Loaded", name: str) -> bool:
    return loaded.seconds(0, prefix=name) < float("inf")
