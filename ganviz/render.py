"""The renderer: recipes in, frames out. The only caller of generators while exploring."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ganviz import catalog, checkpoint
from ganviz.devices import pick_device, to_pixels
from ganviz.errors import GanvizError
from ganviz.expression import is_large
from ganviz.latent import as_vector, w_of
from ganviz.models.base import StagedGenerator
from ganviz.recipe import ModelRef, Recipe
from ganviz.spec import Spec
from ganviz.synthesis import synthesise

BATCH = 16
"""Pictures drawn at once in sheets and videos. Fixed, since the batch size can move a pixel by one level."""
BATCH_BYTES = 512 << 20
"""What the activations of a batch may take; of nets that draw very large pictures fewer are drawn at once."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawn picture: pixels uint8 (H, W, C), C 1 or 3; exact is False for a preview; ms is the time it took."""

    recipe: Recipe
    pixels: np.ndarray = field(compare=False, repr=False)
    exact: bool = True
    ms: float = field(default=0.0, compare=False)


def load(model: str | Path, device: str = "auto") -> StagedGenerator:
    """Load a generator by file, run folder or name: float32, eval mode, no gradients."""
    return checkpoint.load(catalog.find(model), pick_device(device))


class Renderer:
    """Draws recipes on one device and keeps the models it used, least recently used leaving first.

    Not for two threads at once: the window has one compute thread that owns it.
    """

    def __init__(self, device: str = "auto", budget: int = 2 << 30) -> None:
        """`budget`: bytes of weights to keep; the model in use always stays."""
        self.device = pick_device(device)
        self.budget = budget
        self._models: OrderedDict[str, StagedGenerator] = OrderedDict()  # by digest
        self._paths: dict[str, Path] = {}  # by digest, of what was opened from anywhere
        self._names: dict[str, str] = {}  # digest by path, for models named without digest
        self._read_at: dict[str, int] = {}  # by digest, the file's time: a run's newest snapshot may be replaced

    def load(self, model: str | Path | ModelRef) -> StagedGenerator:
        """The generator of a MODEL or a reference, from memory if it is there; GanvizError if it cannot be had."""
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

    def render(self, recipe: Recipe) -> Frame:
        """Draw one recipe, alone: the same recipe on the same device and build gives equal bytes."""
        return self._draw([recipe])[0]

    def collapse(self, recipe: Recipe) -> Recipe:
        """The recipe with its latent as one vector, where that has been combined from very many others.

        Walks through pictures that were kept from walks would else grow without end. The picture stays the same.
        """
        if not is_large(recipe.latent):
            return recipe
        return recipe.edit(latent=as_vector(recipe, self.load(recipe.model)))

    def at_once(self, recipe: Recipe) -> int:
        """How many pictures like this one make a batch: BATCH, or a power of two below it."""
        return batch_of(self.load(recipe.model).spec)

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

    def _keep(self, path: Path) -> StagedGenerator:
        generator = checkpoint.load(path, self.device)
        digest = generator.ref.digest
        self._models[digest] = generator
        self._read_at[digest] = path.stat().st_mtime_ns
        self._models.move_to_end(digest)
        self._paths[digest] = path
        self._names[str(path)] = digest
        while len(self._models) > 1 and sum(map(weight_bytes, self._models.values())) > self.budget:
            self._models.popitem(last=False)
        return generator


def batch_of(spec: Spec) -> int:
    """How many pictures of a model are drawn at once: BATCH, or a power of two that takes about BATCH_BYTES."""
    largest = max((layer.resolution**2 * layer.channels for layer in spec.layers), default=1)
    fits = BATCH_BYTES // (3 * 4 * largest)  # what a layer reads, what it gives, and one more on the way; float32
    return min(BATCH, 1 << max(0, fits.bit_length() - 1))


def weight_bytes(generator: torch.nn.Module) -> int:
    """Bytes that a network's parameters and buffers take."""
    return sum(t.numel() * t.element_size() for t in (*generator.parameters(), *generator.buffers()))


def _named(recipe: Recipe, ref: ModelRef) -> Recipe:
    """The recipe with its model's full reference; as it is where the weights are those it asks for."""
    return recipe if recipe.model.digest == ref.digest else recipe.edit(model=ref)


def _alike(a: Recipe, b: Recipe) -> bool:
    return a.model == b.model and a.noise == b.noise and a.units == b.units
