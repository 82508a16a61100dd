"""Twins of generators in lower precision: tried out once, then used for previews where they show more in time."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganviz.devices import decibels, to_pixels
from ganviz.models.base import StagedGenerator
from ganviz.readout import features
from ganviz.sampling import Population, full_latents

if TYPE_CHECKING:
    from ganviz.drawing import Loaded

log = logging.getLogger(__name__)

AGREES_DB = 30.0
"""A preview that is this near the exact picture cannot be told from it while it moves."""
WORTH = 0.8
"""A twin is kept where it takes this share of the exact picture's time or less."""
ALIKE = 0.1
"""Activations of a twin that differ by less than this share from its generator's are read as those are."""
TURNS = 3


@dataclass(frozen=True, slots=True)
class Twin:
    """A generator that draws nearly what another one draws, sooner.

    name     what its times are kept by, before the stage's number
    weights  bytes that it takes
    stages   after which previews may be taken of it: its states are as good there as its generator's
    """

    generator: StagedGenerator
    name: str
    weights: int
    stages: frozenset[int] = frozenset()


def try_out(loaded: "Loaded", make: Callable[[], Twin], name: str) -> Iterator[None]:
    """Measure a twin, a stage at a time, and keep it where it pays; for when there is nothing else to do."""
    yield
    twin = make()
    held: dict[int, Tensor] = {}  # what the readouts would read of its states
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
            if k in loaded.readouts.stages:
                held[k] = features(state, loaded.generator.spec)
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
    stages = set()
    for k in range(len(loaded.generator.spec.layers)):
        yield
        with torch.inference_mode():
            state = loaded.generator.step(k, state, w)
            if k in held and held[k].shape == (own := features(state, loaded.generator.spec)).shape:
                if float((held[k] - own).norm()) <= ALIKE * float(own.norm()):
                    stages.add(k)
    with torch.inference_mode():
        near = decibels(image, loaded.generator.image(state))
    faster = loaded.seconds(0, prefix=name) <= WORTH * loaded.seconds(0)
    log.info("%s in %s: %.0f dB, %s", loaded.generator.ref.name, name, near, "faster" if faster else "not faster")
    if near >= AGREES_DB and faster:
        loaded.twin = replace(twin, stages=frozenset(stages))
