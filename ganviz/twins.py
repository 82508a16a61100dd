"""Twins of generators: tried out once, then used where they pay.

In lower precision they are for previews, where they show more in time. In float32 they are for the frames of films,
which nobody draws again to the byte; sheets and pictures carry what they are drawn by, and the generator draws them.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ganviz.devices import decibels, lowered, to_pixels
from ganviz.models.base import StagedGenerator
from ganviz.paces import Pace
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
EXACT, NEAR = "film, exactly", "film, nearly"
"""What the times of a generator and its twin in float32 are kept by: seconds a picture, in the quickest batch."""
WORTH_BUILDING = 0.95
"""Films are drawn by the twin where that takes this share of the time or less."""


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


def pays_for_films(pace: Pace) -> bool:
    """Whether a twin in float32 draws films in clearly less time, as far as that was measured."""
    return pace.of(NEAR) <= WORTH_BUILDING * pace.of(EXACT) < math.inf


def compare(loaded: "Loaded", count: int) -> Iterator[None]:
    """Measure a twin in float32 beside its generator, by turns, drawing `count` pictures at once."""
    generator = loaded.generator
    yield
    networks = {EXACT: generator, NEAR: lowered(generator)}
    with torch.inference_mode():
        w = full_latents(generator, list(range(count)), Population(count)).to(generator.device)
    took: dict[str, list[float]] = {EXACT: [], NEAR: []}
    drawn = {}
    for _ in range(1 + TURNS):
        for part, network in networks.items():
            yield
            began = time.perf_counter()
            with torch.inference_mode():
                drawn[part] = to_pixels(network.synthesis(w))
            took[part].append(time.perf_counter() - began)
    exact, near = (min(took[part][1:]) / count for part in (EXACT, NEAR))  # the first one warms up
    if np.abs(drawn[EXACT].astype(np.int16) - drawn[NEAR]).max() > 1:
        near = exact  # a twin that draws something else is of no use, however fast
    loaded.pace.note(EXACT, exact)
    loaded.pace.note(NEAR, near)
