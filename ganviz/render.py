"""The renderer: recipes in, frames out. The only caller of generators while exploring."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from ganviz import batches, catalog, checkpoint, places, readout
from ganviz.devices import (
    describe,
    disagreement,
    free,
    is_out_of_memory,
    lowered,
    pick_device,
    preview_dtype,
    to_pixels,
)
from ganviz.drawing import Drawing, Loaded, too_large
from ganviz.errors import GanvizError
from ganviz.expression import is_large
from ganviz.frames import Frame as Frame
from ganviz.jobs import Job, Progress
from ganviz.latent import as_vector, w_of
from ganviz.models.base import StagedGenerator
from ganviz.paces import Paces
from ganviz.recipe import ModelRef, Recipe
from ganviz.reuse import Reuse
from ganviz.synthesis import synthesise
from ganviz.trust import Trust, key_of
from ganviz.twins import NEAR, Twin, compare, pays_for_films, try_out

log = logging.getLogger(__name__)

BATCH = batches.USUAL


def load(model: str | Path, device: str = "auto") -> StagedGenerator:
    """Load a generator by file, run folder or name: float32, eval mode, no gradients."""
    return checkpoint.load(catalog.find(model), pick_device(device))


class Renderer:
    """Draws recipes on one device and keeps the models it used, least recently used leaving first.

    Not for two threads at once: the window has one compute thread that owns it.
    """

    def __init__(self, device: str = "auto", budget: int = 2 << 30, tell: Callable[[str], None] = log.warning) -> None:
        """A renderer on that device.

        budget  bytes of weights and of drawings to go on from; what is in use always stays
        tell    called with a line for the user where the device cannot do what it was asked for
        """
        self.tell = tell
        self.device = pick_device(device)
        self.budget = budget
        self._models: OrderedDict[str, Loaded] = OrderedDict()  # by digest
        self._paths: dict[str, Path] = {}  # by digest, of what was opened from anywhere
        self._names: dict[str, str] = {}  # digest by path, for models named without digest
        self._read_at: dict[str, int] = {}  # by digest, the file's time: a run's newest snapshot may be replaced
        self._paces = Paces(None)
        self._trust = Trust(None)
        self._cache: Path | None = None

    def keep_measurements(self) -> None:
        """Keep between runs how long models take here, what their previews are drawn with, and where they are right.

        Where it cannot be kept, it holds for this run.
        """
        try:
            self._cache = places.cache()
        except GanvizError as error:
            log.info("what is measured is not kept: %s", error)
            return
        self._paces = Paces(self._cache / "paces.json")
        self._trust = Trust(self._cache / "trust.json")

    def save_measurements(self) -> None:
        """Write what was measured since."""
        self._paces.save()

    def load(self, model: str | Path | ModelRef) -> StagedGenerator:
        """The generator of a MODEL or a reference, from memory if it is there; GanvizError if it cannot be had."""
        return self._loaded(model).generator

    def render(self, recipe: Recipe) -> Frame:
        """Draw one recipe, alone: the same recipe on the same device and build gives equal bytes."""
        return self.drawing(recipe).finish()

    def drawing(
        self, recipe: Recipe, within: float | None = None, *, moving: bool = False, aside: bool = False
    ) -> Drawing:
        """Draw one recipe step by step, with previews where the exact picture takes longer than `within` seconds.

        It goes on from what the drawing before has in common with it, and the next one from it; not so one `aside`.
        While a control is `moving`, previews may come from a twin in lower precision, where that shows more.
        """
        loaded = self._loaded(recipe.model)
        reuse = Reuse(loaded.generator.spec) if aside else loaded.reuse
        ref = loaded.generator.ref
        return Drawing(
            loaded, reuse, _named(recipe, ref), within, moving, self._fit_budget, lambda: self._make_room(loaded)
        )

    def learning(self, recipe: Recipe, within: float) -> Iterator[None] | None:
        """Work for when there is nothing else to do: what previews of a slow model are drawn with.

        None where exact pictures come `within` about that many seconds, or where everything is there.
        """
        loaded = self._loaded(recipe.model)
        if not 2 * within < loaded.seconds(0) < float("inf") or (loaded.readouts.is_learnt and loaded.tried):
            return None
        return self._learn(loaded)

    def _learn(self, loaded: Loaded) -> Iterator[None]:
        if not loaded.tried:
            loaded.tried = True
            dtype = preview_dtype(self.device)
            name = f"{str(dtype).removeprefix('torch.')} "

            def make() -> Twin:
                generator = lowered(loaded.generator, dtype)
                return Twin(generator, name, weight_bytes(generator))

            yield from try_out(loaded, make, name)
        if not loaded.readouts.is_learnt:
            yield from readout.learn(loaded.readouts, loaded.generator)

    def collapse(self, recipe: Recipe) -> Recipe:
        """The recipe with its latent as one vector, where that has been combined from very many others.

        Walks through pictures that were kept from walks would else grow without end. The picture stays the same.
        """
        if not is_large(recipe.latent):
            return recipe
        return recipe.edit(latent=as_vector(recipe, self.load(recipe.model)))

    def at_once(self, recipe: Recipe, batch: int = 0) -> int:
        """How many pictures like this one make a batch: `batch` if that fits; of 0 what is quickest, or the usual."""
        loaded = self._loaded(recipe.model)
        spec = loaded.generator.spec
        chosen = batches.fitting(spec, batch) if batch else batches.best(spec, loaded.pace, loaded.device)
        return min(loaded.most, chosen)

    def quickest(self, recipes: Sequence[Recipe]) -> Job[int]:
        """How many of these to draw at once; found out first, where there are enough of them and nobody knows yet."""
        loaded = self._loaded(recipes[0].model)
        if len(recipes) >= batches.WORTH_SETTLING and not batches.is_settled(loaded.pace):
            for _ in batches.settle(loaded):
                yield Progress(0, len(recipes), "measuring")
            self.save_measurements()
        return self.at_once(recipes[0])

    def quickest_film(self, recipes: Sequence[Recipe]) -> Job[int]:
        """The same, and whether a twin is quicker still is found out too, for `render_nearly`."""
        count = yield from self.quickest(recipes)
        loaded = self._loaded(recipes[0].model)
        known = loaded.pace.of(NEAR) < float("inf")
        if len(recipes) >= batches.WORTH_SETTLING and loaded.device == "cpu" and not known:
            for _ in compare(loaded, count):
                yield Progress(0, len(recipes), "measuring")
            self.save_measurements()
        return count

    def render_all(self, recipes: Sequence[Recipe], batch: int = 0) -> list[Frame]:
        """Draw many, in batches of `batch` or, where that is 0, of what is quickest."""
        return list(self.stream(recipes, batch))

    def render_nearly(self, recipes: Sequence[Recipe]) -> list[Frame]:
        """Draw many as `render_all` does, but by a twin in float32 where that is known to be quicker.

        For films: a number of a pixel may then differ by one, as it may in another batch.
        """
        return list(self.stream(recipes, nearly=True))

    def stream(self, recipes: Sequence[Recipe], batch: int = 0, *, nearly: bool = False) -> Iterator[Frame]:
        """Draw many, batch by batch, holding no more than a batch: for long walks.

        Those that follow one another with the same model and noise make a batch. `nearly`: see `render_nearly`.
        """
        start = 0
        while start < len(recipes):
            first = recipes[start]
            limit = self.at_once(first, batch)
            alike = [first]
            while len(alike) < limit and start + len(alike) < len(recipes):
                following = recipes[start + len(alike)]
                if not _alike(first, following):
                    break
                alike.append(following)
            start += len(alike)
            yield from self._draw_within_memory(alike, nearly)

    def _draw_within_memory(self, recipes: list[Recipe], nearly: bool = False) -> list[Frame]:
        """Draw a batch; in smaller ones where memory does not suffice, then on the processor."""
        try:
            return self._draw_alike(recipes, nearly=True) if nearly else self._draw_alike(recipes)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            loaded = self._loaded(recipes[0].model)
            if len(recipes) == 1 and not self._make_room(loaded):
                raise too_large(loaded.generator) from error
        half = max(1, len(recipes) // 2)
        if len(recipes) > 1:
            free(loaded.device)
            loaded.most = min(loaded.most, half)
            self.tell(f"{loaded.generator.ref.name}: memory does not suffice for {len(recipes)} pictures at once")
        frames: list[Frame] = []
        while len(frames) < len(recipes):
            frames += self._draw_within_memory(recipes[len(frames) : len(frames) + min(half, loaded.most)])
        return frames

    def _make_room(self, loaded: Loaded) -> bool:
        """Where memory did not suffice: let go of all else, then leave the device; False where neither is left."""
        others = [digest for digest, other in self._models.items() if other is not loaded]
        held = bool(others) or loaded.bytes > loaded.weights
        for digest in others:
            del self._models[digest]
        loaded.reuse.clear()
        loaded.drop_twins()
        if held or loaded.device == "cpu":
            free(loaded.device)
            return held
        before = loaded.device
        loaded.leave_device()
        free(before)
        self.tell(f"{loaded.generator.ref.name}: the memory of {before} does not suffice; the processor draws it")
        return True

    def _draw_alike(self, recipes: list[Recipe], nearly: bool = False) -> list[Frame]:
        loaded = self._loaded(recipes[0].model)
        generator = loaded.generator
        network = self._near(loaded) if nearly else generator
        began = time.perf_counter()
        try:
            with torch.inference_mode():
                w = torch.cat([w_of(recipe, generator) for recipe in recipes])
                if not torch.isfinite(w).all():
                    raise ValueError("its latent has numbers that are not finite")
                psi = torch.tensor([recipe.psi for recipe in recipes], dtype=torch.float64)
                pixels = to_pixels(synthesise(network, w, recipes[0].noise, recipes[0].units, psi))
        except ValueError as error:
            raise GanvizError(f"{generator.ref.name}: the recipe does not fit this model: {error}") from error
        ms = (time.perf_counter() - began) * 1000 / len(recipes)
        return [
            Frame(_named(recipe, generator.ref), image, exact=True, ms=ms)
            for recipe, image in zip(recipes, pixels, strict=True)
        ]

    def _near(self, loaded: Loaded) -> StagedGenerator:
        """What draws films of a model: its twin in float32 where that pays."""
        if loaded.device != "cpu" or not pays_for_films(loaded.pace):
            return loaded.generator
        if loaded.near is None:
            twin = lowered(loaded.generator)
            loaded.near = Twin(twin, "near", weight_bytes(twin))
            self._fit_budget()
        return loaded.near.generator

    def _loaded(self, model: str | Path | ModelRef) -> Loaded:
        """A model with what is known of it, which is the one used last from now on."""
        if isinstance(model, ModelRef) and model.digest:
            digest = model.digest
            if digest in self._models:
                self._models.move_to_end(digest)
                return self._models[digest]
            path = self._paths.get(digest)
            path = path if path is not None and path.is_file() else catalog.locate(model).path
        else:
            name = model.name if isinstance(model, ModelRef) else str(model)
            path = catalog.find(name)
            digest = self._names.get(str(path), "")
            if digest in self._models and self._read_at[digest] == path.stat().st_mtime_ns:
                self._models.move_to_end(digest)
                return self._models[digest]
        return self._keep(path)

    def _keep(self, path: Path) -> Loaded:
        generator = self._checked(checkpoint.load(path, self.device), path)
        digest = generator.ref.digest
        cache = self._cache / "readouts" / f"{digest[:32]}.npz" if self._cache is not None else None
        self._models[digest] = Loaded(
            generator,
            generator.device.type,
            weight_bytes(generator),
            self._paces.of(f"{digest[:32]} {describe(generator.device)}"),
            readout.Readouts(generator.spec, cache),
            Reuse(generator.spec),
        )
        self._read_at[digest] = path.stat().st_mtime_ns
        self._models.move_to_end(digest)
        self._paths[digest] = path
        self._names[str(path)] = digest
        self._fit_budget()
        return self._models[digest]

    def _checked(self, generator: StagedGenerator, path: Path) -> StagedGenerator:
        """The generator, or the same on the processor where the device's picture is not the processor's.

        That is looked at when a model is used on a device for the first time.
        """
        if generator.device.type == "cpu":
            return generator
        key = key_of(generator.ref.digest, generator.device)
        if self._trust.holds(key):
            return generator
        reference = checkpoint.load(path, "cpu")
        wrong = disagreement(generator, reference)
        if wrong == "":
            self._trust.note(key)
        if not wrong:
            return generator
        self.tell(f"{generator.ref.name}: {self.device} cannot be trusted with it ({wrong}); the processor draws it")
        return reference

    def _fit_budget(self) -> None:
        """Let go of what does not fit: drawings with models not in use, such models, the drawing with the last one."""
        if not self._exceeds():
            return  # nearly always, and asked after every picture
        others = list(self._models)[:-1]
        for digest in others:
            if self._exceeds():
                self._models[digest].reuse.clear()
                self._models[digest].drop_twins()
        for digest in others:
            if self._exceeds():
                del self._models[digest]
        if self._exceeds():
            next(reversed(self._models.values())).reuse.clear()

    def _exceeds(self) -> bool:
        return sum(loaded.bytes for loaded in self._models.values()) > self.budget


def weight_bytes(generator: torch.nn.Module) -> int:
    """Bytes that a network's parameters and buffers take."""
    return sum(t.numel() * t.element_size() for t in (*generator.parameters(), *generator.buffers()))


def _named(recipe: Recipe, ref: ModelRef) -> Recipe:
    """The recipe with its model's full reference; as it is where the weights are those it asks for."""
    return recipe if recipe.model.digest == ref.digest else recipe.edit(model=ref)


def _alike(a: Recipe, b: Recipe) -> bool:
    return a.model == b.model and a.noise == b.noise and a.units == b.units
