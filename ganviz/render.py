"""The renderer: recipes in, frames out. The only caller of generators while exploring."""

import logging
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from ganviz import catalog, checkpoint, places, readout
from ganviz.devices import describe, lowered, pick_device, preview_dtype, to_pixels
from ganviz.drawing import Drawing, Loaded
from ganviz.errors import GanvizError
from ganviz.expression import is_large
from ganviz.frames import Frame as Frame
from ganviz.latent import as_vector, w_of
from ganviz.models.base import StagedGenerator
from ganviz.paces import Paces
from ganviz.recipe import ModelRef, Recipe
from ganviz.reuse import Reuse
from ganviz.spec import Spec
from ganviz.synthesis import synthesise
from ganviz.twins import Twin, try_out

log = logging.getLogger(__name__)

BATCH = 16
"""Pictures drawn at once in sheets and videos. Fixed, since the batch size can move a pixel by one level."""
BATCH_BYTES = 48 << 20
"""What the activations of a batch may take. On processors a picture takes least time where that is about what their
caches hold, see docs/performance.md. Fixed beforehand, since a stored sheet has to come out as the same bytes again."""
GPU_BATCH_BYTES = 512 << 20
"""The same on other devices, for the sake of their memory alone."""


def load(model: str | Path, device: str = "auto") -> StagedGenerator:
    """Load a generator by file, run folder or name: float32, eval mode, no gradients."""
    return checkpoint.load(catalog.find(model), pick_device(device))


class Renderer:
    """Draws recipes on one device and keeps the models it used, least recently used leaving first.

    Not for two threads at once: the window has one compute thread that owns it.
    """

    def __init__(self, device: str = "auto", budget: int = 2 << 30) -> None:
        """`budget`: bytes of weights and of drawings to go on from; what is in use always stays."""
        self.device = pick_device(device)
        self.budget = budget
        self._models: OrderedDict[str, Loaded] = OrderedDict()  # by digest
        self._paths: dict[str, Path] = {}  # by digest, of what was opened from anywhere
        self._names: dict[str, str] = {}  # digest by path, for models named without digest
        self._read_at: dict[str, int] = {}  # by digest, the file's time: a run's newest snapshot may be replaced
        self._paces = Paces(None)
        self._cache: Path | None = None

    def keep_measurements(self) -> None:
        """Keep between runs how long models take here, and what their previews are drawn with, where that can be."""
        try:
            self._cache = places.cache()
        except GanvizError as error:
            log.info("what is measured is not kept: %s", error)
            return
        self._paces = Paces(self._cache / "paces.json")

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
        return Drawing(loaded, reuse, _named(recipe, loaded.generator.ref), within, moving, self._fit_budget)

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

    def at_once(self, recipe: Recipe) -> int:
        """How many pictures like this one make a batch: BATCH, or a power of two below it."""
        return batch_of(self.load(recipe.model).spec, self.device)

    def render_all(self, recipes: Sequence[Recipe]) -> list[Frame]:
        """Draw many, in batches."""
        return list(self.stream(recipes))

    def stream(self, recipes: Sequence[Recipe]) -> Iterator[Frame]:
        """Draw many, batch by batch, holding no more than a batch: for long walks."""
        for start in range(0, len(recipes), BATCH):
            yield from self._draw([recipes[k] for k in range(start, min(start + BATCH, len(recipes)))])

    def _draw(self, recipes: list[Recipe]) -> list[Frame]:
        """Draw recipes in order, those that follow one another with the same model and noise as one batch."""
        frames: list[Frame] = []
        start = 0
        while start < len(recipes):
            end = start + 1
            limit = min(len(recipes), start + self.at_once(recipes[start]))
            while end < limit and _alike(recipes[start], recipes[end]):
                end += 1
            frames.extend(self._draw_alike(recipes[start:end]))
            start = end
        return frames

    def _draw_alike(self, recipes: list[Recipe]) -> list[Frame]:
        generator = self.load(recipes[0].model)
        began = time.perf_counter()
        try:
            with torch.inference_mode():
                w = torch.cat([w_of(recipe, generator) for recipe in recipes])
                if not torch.isfinite(w).all():
                    raise ValueError("its latent has numbers that are not finite")
                psi = torch.tensor([recipe.psi for recipe in recipes], dtype=torch.float64)
                pixels = to_pixels(synthesise(generator, w, recipes[0].noise, recipes[0].units, psi))
        except ValueError as error:
            raise GanvizError(f"{generator.ref.name}: the recipe does not fit this model: {error}") from error
        ms = (time.perf_counter() - began) * 1000 / len(recipes)
        return [
            Frame(_named(recipe, generator.ref), image, exact=True, ms=ms)
            for recipe, image in zip(recipes, pixels, strict=True)
        ]

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
        generator = checkpoint.load(path, self.device)
        digest = generator.ref.digest
        cache = self._cache / "readouts" / f"{digest[:32]}.npz" if self._cache is not None else None
        self._models[digest] = Loaded(
            generator,
            generator.device.type,
            weight_bytes(generator),
            self._paces.of(f"{digest[:32]} {describe(self.device)}"),
            readout.Readouts(generator.spec, cache),
            Reuse(generator.spec),
        )
        self._read_at[digest] = path.stat().st_mtime_ns
        self._models.move_to_end(digest)
        self._paths[digest] = path
        self._names[str(path)] = digest
        self._fit_budget()
        return self._models[digest]

    def _fit_budget(self) -> None:
        """Let go of what does not fit: drawings with models not in use, such models, the drawing with the last one."""
        others = list(self._models)[:-1]
        for digest in others:
            if self._exceeds():
                self._models[digest].reuse.clear()
                self._models[digest].twin = None
        for digest in others:
            if self._exceeds():
                del self._models[digest]
        if self._exceeds():
            next(reversed(self._models.values())).reuse.clear()

    def _exceeds(self) -> bool:
        return sum(loaded.bytes for loaded in self._models.values()) > self.budget


def batch_of(spec: Spec, device: str = "cpu") -> int:
    """How many pictures of a model are drawn at once: BATCH, or a power of two that takes about BATCH_BYTES."""
    most = BATCH_BYTES if device == "cpu" else GPU_BATCH_BYTES
    largest = max((layer.resolution**2 * layer.channels for layer in spec.layers), default=1)
    fits = most // (3 * 4 * largest)  # what a layer reads, what it gives, and one more on the way; float32
    return min(BATCH, 1 << max(0, fits.bit_length() - 1))


def weight_bytes(generator: torch.nn.Module) -> int:
    """Bytes that a network's parameters and buffers take."""
    return sum(t.numel() * t.element_size() for t in (*generator.parameters(), *generator.buffers()))


def _named(recipe: Recipe, ref: ModelRef) -> Recipe:
    """The recipe with its model's full reference; as it is where the weights are those it asks for."""
    return recipe if recipe.model.digest == ref.digest else recipe.edit(model=ref)


def _alike(a: Recipe, b: Recipe) -> bool:
    return a.model == b.model and a.noise == b.noise and a.units == b.units
