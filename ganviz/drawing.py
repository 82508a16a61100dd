"""One recipe on its way to a picture: a preview as soon as time asks for one, then on to the exact picture.

A drawing is stepped, a stage of the network at a time, so that whoever steps it may turn to something newer in
between. What was drawn for the preview is not done again: the exact picture goes on from there, and is the same,
byte for byte, as one drawn in one go.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ganviz.devices import is_out_of_memory, to_pixels
from ganviz.errors import GanvizError
from ganviz.frames import Frame
from ganviz.latent import w_of
from ganviz.models.base import StagedGenerator, State
from ganviz.paces import Pace
from ganviz.readout import Readouts
from ganviz.recipe import MAX_BATCH, Recipe
from ganviz.reuse import Inputs, Parts, Reuse, chosen_stages
from ganviz.synthesis import change_of, check_layers, layer_noise
from ganviz.twins import Twin

SLACK = 1.25
"""An exact picture that takes this much longer than a frame has is worth more than a preview in time."""
SHORT_S = 0.01
"""Where the exact picture takes no longer, nothing newer need go first in between."""
BETTER_S, FINER = 0.1, 4
"""On a long way to the exact picture a better preview is shown after this time, with so many times the pixels a side:
each one costs the exact picture a little time."""


@dataclass(slots=True)
class Loaded:
    """A generator, with what is known of drawing with it.

    device      the kind that it is on
    weights     bytes that it takes
    """

    generator: StagedGenerator
    device: str
    weights: int
    pace: Pace
    readouts: Readouts
    reuse: Reuse
    parts: Parts = field(default_factory=Parts)
    twin: Twin | None = None
    near: Twin | None = None  # in float32, for films
    tried: bool = False  # whether a twin was tried out, or is about to be
    most: int = MAX_BATCH  # pictures drawn at once that memory suffices for, as far as is known
    chosen_stages: tuple[int, ...] = ()
    chosen_by: tuple[Pace, int] | None = None  # the pace that these were chosen by, and how many of its times

    @property
    def bytes(self) -> int:
        """What all of it takes."""
        return (
            self.weights + self.reuse.bytes + sum(twin.weights for twin in (self.twin, self.near) if twin is not None)
        )

    def seconds(self, first: int, last: int | None = None, prefix: str = "") -> float:
        """What stages `first` to before `last` take, by default with the exact picture at the end; or infinite.

        prefix  the name of a twin
        """
        stages = len(self.generator.spec.layers)
        total = sum(self.pace.of(f"{prefix}{k}") for k in range(first, stages if last is None else last))
        return total if last is not None else total + self.pace.of(f"{prefix}picture")

    @property
    def chosen(self) -> tuple[int, ...]:
        """The stages after which a state is kept; worked out anew once the times of all stages are known."""
        layers = range(len(self.generator.spec.layers))
        known = sum(str(k) in self.pace.seconds for k in layers)
        if self.chosen_by != (self.pace, known):
            self.chosen_by = (self.pace, known)
            measured = {k: self.pace.of(str(k)) for k in layers if str(k) in self.pace.seconds}
            self.chosen_stages = chosen_stages(self.generator.spec, measured)
        return self.chosen_stages

    def leave_device(self) -> None:
        """Go on on the processor, in place: whoever has the generator has it there."""
        self.generator.to("cpu")
        self.generator.w_statistics = None  # made again there
        self.device = "cpu"
        self.parts = Parts()
        self.pace = Pace()  # what was measured on the device says nothing any more

    def drop_twins(self) -> None:
        """Let go of the twins; that for films is made again when it is needed."""
        self.twin = self.near = None

    def note(self, part: str, began: float) -> None:
        """Measure what a part took; a device that works beside the processor is waited for."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        elif self.device == "mps":
            torch.mps.synchronize()
        self.pace.note(part, time.perf_counter() - began)

    def reach(self, first: int, within: float, twin: Twin | None = None) -> tuple[int, int]:
        """How many pixels a side can be shown in time from stage `first` on, and after which stage; 0 for none.

        The exact picture may take a little longer.
        """
        layers, name = self.generator.spec.layers, twin.name if twin is not None else ""
        if self.seconds(first, prefix=name) <= SLACK * within:
            return self.generator.spec.resolution, len(layers) - 1
        best = (0, first)
        for k in self.readouts.available:
            in_time = k >= first and self.seconds(first, k + 1, name) <= within
            if in_time and (twin is None or k in twin.stages):
                best = (layers[k].resolution, k)
        return best


def too_large(generator: StagedGenerator) -> GanvizError:
    """What is said where memory does not suffice for one picture."""
    side = generator.spec.resolution
    return GanvizError(
        f"{generator.ref.name}: memory does not suffice for one picture of {side} px; close other programs"
    )


class Drawing:
    """Draws one recipe; `step()` does a part of the work and gives a Frame where one has come of it.

    reuse    what it goes on from, and leaves its states in
    within   seconds that the first picture should come in, if need be as a preview; None: no previews
    moving   whether this is one of many pictures, so that a preview may be drawn that the exact one gains nothing from
    ended    called at the end
    cramped  called where memory does not suffice; whether there is more now, so that it may be drawn from the start
    """

    def __init__(
        self,
        loaded: Loaded,
        reuse: Reuse,
        recipe: Recipe,
        within: float | None,
        moving: bool,
        ended: Callable[[], object],
        cramped: Callable[[], bool],
    ) -> None:
        self.recipe = recipe
        self.done = False
        self.shown = False  # whether a picture has come of it
        self._loaded = loaded
        self._within = within
        self._moving = moving
        self._reuse = reuse
        self._ended = ended
        self._cramped = cramped
        self._stage = -1  # the stage done last
        self._short = False  # whether so little is left that it is done in one step
        self._spent = 0.0  # seconds of work, without what was done between steps
        self._began = 0.0  # when this step began
        self._shown_at = 0.0
        self._side = 0  # pixels a side of what was shown last
        self._previews: dict[int, Tensor] = {}  # by stage, in the colours that they were read with
        self._steps = self._run()

    def step(self) -> Frame | None:
        """The next part of the work; nothing once it is done. GanvizError where the recipe does not fit the model."""
        self._began = time.perf_counter()
        try:
            with torch.inference_mode():
                frame = next(self._steps)
                while frame is None and self._short:
                    frame = next(self._steps)
                return frame
        except StopIteration:
            self.done = True
            return None
        except ValueError as error:
            name = self._loaded.generator.ref.name
            raise GanvizError(f"{name}: the recipe does not fit this model: {error}") from error
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._reuse.clear()
            if not self._cramped():
                raise too_large(self._loaded.generator) from error
            self._steps = self._run()
            return None
        finally:
            self._spent += time.perf_counter() - self._began

    def finish(self) -> Frame:
        """Go on to the exact picture and give it."""
        exact = None
        while not self.done:
            exact = self.step() or exact
        assert exact is not None and exact.exact
        return exact

    @property
    def left(self) -> float:
        """Seconds to the exact picture; infinite as long as nobody knows."""
        return self._loaded.seconds(self._stage + 1)

    @property
    def till_shown(self) -> float:
        """Seconds to the first picture, roughly."""
        if self.shown:
            return 0.0
        first = self._stage + 1
        found = [self.left]
        if self._within is not None:
            found += [self._loaded.seconds(first, k + 1) for k in self._loaded.readouts.available if k >= first]
        return min(found)

    def _run(self) -> Iterator[Frame | None]:
        generator, recipe = self._loaded.generator, self.recipe
        w = w_of(recipe, generator, self._loaded.parts.remember)
        # One sum says it for all but the largest numbers, in less time.
        if not math.isfinite(w.sum()) and not torch.isfinite(w).all():
            raise ValueError("its latent has numbers that are not finite")
        check_layers(generator, recipe.noise, recipe.units)
        if self._loaded.device != "cpu":
            w = w.to(generator.device)
        noise = recipe.noise
        if noise.mode == "random" and noise.average > 1:
            image = torch.zeros((), device=w.device)
            for seed in range(noise.seed, noise.seed + noise.average):
                inputs = Inputs(w, replace(noise, seed=seed, average=1), recipe.units, recipe.psi)
                image = image + (yield from self._image(inputs, Reuse(generator.spec), alone=False))
            image = image / noise.average
        else:
            noise = noise if noise.average == 1 else replace(noise, average=1)
            inputs = Inputs(w, noise, recipe.units, recipe.psi)
            image = yield from self._image(inputs, self._reuse, alone=True)
        began = time.perf_counter()
        pixels = to_pixels(image)[0]
        if noise.average == 1:
            self._loaded.note("picture", began)
        yield self._frame(pixels, exact=True)
        for stage, preview in self._previews.items():
            self._loaded.readouts.correct(stage, preview, image, w)
        self._ended()

    def _image(self, inputs: Inputs, reuse: Reuse, alone: bool) -> Generator[Frame | None, None, Tensor]:
        """Run the stages that have to be; the image (1, C, H, W) is returned. `alone`: not one of several."""
        generator = self._loaded.generator
        first, state = reuse.resume(inputs)
        self._stage = first - 1
        self._short = alone and self.left < min(SHORT_S, math.inf if self._within is None else self._within)
        if alone and self._moving:
            yield self._sketch(first, inputs)
        if state is None:
            state = generator.begin(inputs.w, inputs.psi)
        chosen = self._loaded.chosen if alone else ()
        for k in range(first, len(generator.spec.layers)):
            began = time.perf_counter()
            noise = layer_noise(inputs.noise, inputs.noise.seed, k)
            state = generator.step(k, state, inputs.w, noise, change_of(inputs.units, k))
            self._loaded.note(str(k), began)
            self._stage = k
            if alone:
                reuse.keep(inputs, k, state, chosen)
            yield self._glimpse(k, state, inputs.w)
        return generator.image(state)

    def _sketch(self, first: int, inputs: Inputs) -> Frame | None:
        """A preview by the twin, where that shows more in time than what is drawn from stage `first` on."""
        twin, within = self._loaded.twin, self._within
        if twin is None or within is None:
            return None
        side, last = self._loaded.reach(0, within - self._spent_now(), twin)
        if side <= self._loaded.reach(first, within)[0]:
            return None
        state = twin.generator.begin(inputs.w, inputs.psi)
        for k in range(last + 1):
            began = time.perf_counter()
            noise = layer_noise(inputs.noise, inputs.noise.seed, k)
            state = twin.generator.step(k, state, inputs.w, noise, change_of(inputs.units, k))
            self._loaded.note(f"{twin.name}{k}", began)
        began = time.perf_counter()
        if last < len(self._loaded.generator.spec.layers) - 1:
            readouts = self._loaded.readouts
            image = readouts.image(last, state, twin.generator)
            self._previews[last] = image
            return self._frame(to_pixels(readouts.coloured(last, image, inputs.w))[0], exact=False)
        pixels = to_pixels(twin.generator.image(state))[0]
        self._loaded.note(f"{twin.name}picture", began)
        return self._frame(pixels, exact=False)

    def _glimpse(self, stage: int, state: State, w: Tensor) -> Frame | None:
        """A preview after a stage, where it is time for one."""
        readouts, within = self._loaded.readouts, self._within
        if within is None or not readouts.can(stage):
            return None
        spent, left = self._spent_now(), self.left
        if self.shown:
            finer = self._loaded.generator.spec.layers[stage].resolution >= FINER * self._side
            if spent - self._shown_at < BETTER_S or left < BETTER_S or not finer:
                return None
        else:
            later = next((k for k in readouts.available if k > stage), None)
            better = self._loaded.seconds(stage + 1, later + 1) if later is not None else left
            if spent + better <= within or spent + left <= SLACK * within:
                return None
        image = readouts.image(stage, state, self._loaded.generator)
        self._previews[stage] = image
        return self._frame(to_pixels(readouts.coloured(stage, image, w))[0], exact=False)

    def _frame(self, pixels: np.ndarray, exact: bool) -> Frame:
        self.shown, self._shown_at, self._side = True, self._spent_now(), pixels.shape[0]
        return Frame(self.recipe, pixels, exact, self._shown_at * 1000, self._loaded.generator.spec.resolution)

    def _spent_now(self) -> float:
        return self._spent + time.perf_counter() - self._began
