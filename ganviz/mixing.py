"""Styles across resolutions: groups of layers, and the sheets of the StyleGAN paper (Karras et al. 2018).

matrix        figure 3: styles of some layers taken from another latent, one row a picture, one column a source
psi_sheet     figure 8: one row a latent, one column a psi
noise_sheet   figure 4: one picture under several noise inputs, and how far each place of it varies

Sheets are pure functions of recipes, the same for window, command line and Python. No torch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ganviz.edits import Mix, index, listed, only, ranges
from ganviz.errors import GanvizError
from ganviz.expression import (
    SEED_LIMIT,
    Budget,
    Expression,
    Seed,
    Vector,
    describe_latent,
    expression_from_json,
    expression_to_json,
    walk_nodes,
)
from ganviz.reading import number, numbers
from ganviz.recipe import Cell, Composite, Recipe, Sheet
from ganviz.spec import Spec

GROUPS = ("coarse", "middle", "fine")
DEVIATION_SEEDS = 16
"""The deviation is taken over at least so many noise inputs, shown or not."""
MOST_SOURCES = 64
SPAN = re.compile(r"(\d+)(?:-(\d+))?")


def style_resolutions(spec: Spec) -> tuple[int, ...]:
    """For each style input the resolution of the first layer that reads it, whose feature maps it scales.

    StyleGAN2's inputs are shared by a resolution's head and the convolution that doubles it; both scale the maps
    before they are doubled. For inputs that no layer names it is the image's own resolution.
    """
    found: dict[int, int] = {}
    for layer in spec.layers:
        for k in layer.ws:
            found.setdefault(k, layer.resolution)
    return tuple(found.get(k, spec.resolution) for k in range(spec.num_ws))


def layer_groups(spec: Spec) -> dict[str, tuple[int, ...]]:
    """Style inputs by group: coarse 4-8 px, middle 16-32 px, fine 64 px and more (Karras et al. 2018, section 3.1).

    Below 128 px, where the paper's bounds leave little or nothing to be fine, the octaves from 4 px to the image's
    size are cut into thirds: coarse 4-8, middle 16, fine 32-64 at 64 px; 4, 8-16 and 32 at 32 px. Where that leaves a
    group empty, since a network begins at a high resolution, the style inputs themselves are cut into thirds. At
    1024 px coarse is 0-3, middle 4-7, fine 8-17, as in the StyleGAN tools.
    """
    return _grouped(dict(enumerate(style_resolutions(spec))), spec)


def noise_groups(spec: Spec) -> dict[str, tuple[int, ...]]:
    """The layers that add noise (indices into the spec's) by the same bounds, each by its own resolution."""
    return _grouped({k: layer.resolution for k, layer in enumerate(spec.layers) if layer.noise}, spec)


def _grouped(sizes: Mapping[int, int], spec: Spec) -> dict[str, tuple[int, ...]]:
    octaves = max(1, (spec.resolution // 4).bit_length())
    low, high = 4 << min(2, round(octaves / 3)), 4 << min(4, round(2 * octaves / 3))
    groups = (
        tuple(k for k, size in sizes.items() if size < low),
        tuple(k for k, size in sizes.items() if low <= size < high),
        tuple(k for k, size in sizes.items() if high <= size),
    )
    if not all(groups):
        every = tuple(sizes)
        first, second = round(len(every) / 3), round(2 * len(every) / 3)
        groups = (every[:first], every[first:second], every[second:])
    return dict(zip(GROUPS, groups, strict=True))


def parse_layers(text: str, spec: Spec) -> tuple[int, ...]:
    """`coarse`, `middle`, `fine`, `all`, `0-3` or `0,2,5`, and several of them with commas, as style inputs.

    Raises ValueError with the part that could not be read, or names what the model does not have.
    """
    return _parsed(text, layer_groups(spec))


def parse_noise_layers(text: str, spec: Spec) -> tuple[int, ...]:
    """The same for the layers that add noise."""
    groups = noise_groups(spec)
    if not any(groups.values()):
        raise ValueError("the model has no layers that add noise")
    return _parsed(text, groups)


def _parsed(text: str, groups: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    known = tuple(sorted(k for group in groups.values() for k in group))
    groups = {**groups, "all": known}
    found: set[int] = set()
    for part in (piece.strip().lower() for piece in text.split(",")):
        span = SPAN.fullmatch(part)
        chosen = groups.get(part, ())
        if span and int(span[1]) <= int(span[2] or span[1]) <= known[-1]:
            chosen = tuple(range(int(span[1]), int(span[2] or span[1]) + 1))
        if not chosen or not set(chosen) <= set(known):
            numbers = f"layers from {known[0]} to {known[-1]} like 0-3 or 0,2,5"
            raise ValueError(f"{part!r}: expected coarse, middle, fine or all, or {numbers}")
        found.update(chosen)
    return tuple(sorted(found))


def format_layers(layers: tuple[int, ...], spec: Spec) -> str:
    """Style inputs as `parse_layers` reads them, by the names of their groups where they are whole ones."""
    if tuple(layers) == tuple(range(spec.num_ws)):
        return "all"
    whole = {name: group for name, group in layer_groups(spec).items() if group and set(group) <= set(layers)}
    if layers and set(layers) == {k for group in whole.values() for k in group}:
        return ",".join(whole)
    return ranges(layers)


# -- sources ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row or a column of a matrix takes its styles from; without a label of its own, the base's."""

    latent: Expression
    label: tuple[float, ...] | None = None

    @property
    def name(self) -> str:
        """What headings call it."""
        return describe_latent(self.latent)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"latent": expression_to_json(self.latent)}
        if self.label is not None:
            data["label"] = list(self.label)
        return data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray], budget: Budget) -> "Source":
        only(data, {"latent", "label"}, "source of styles")
        label = data.get("label")
        return cls(
            expression_from_json(data.get("latent"), arrays, budget),
            None if label is None else numbers(label, "source's label"),
        )


def source_of(recipe: Recipe) -> Source:
    """A picture as a source: its latent and class, without what was mixed into it."""
    return Source(recipe.latent, recipe.label)


def fits(latent: Expression, spec: Spec) -> bool:
    """Whether a latent can be drawn with a model: seeds with every one, vectors where their shapes are its own."""
    shapes: dict[str, set[tuple[int, ...]]] = {"z": {(spec.z_dim,)}, "w": {(spec.w_dim,), (spec.num_ws, spec.w_dim)}}
    if not spec.has_mapping:
        shapes["w"].add((spec.z_dim,))
    vectors = (node for node in walk_nodes(latent) if isinstance(node, Vector))
    return all(node.array is not None and node.array.shape in shapes[node.space] for node in vectors)


def drawn_from(base: Recipe, source: Source) -> Recipe:
    """The base with a source's latent and class and nothing mixed.

    Its directions in w stay, since they are gone along after mixing; those in z belong to the base's own latent.
    """
    moves = tuple(move for move in base.moves if move.direction.space == "w")
    return base.edit(latent=source.latent, label=_label(base, source), mixes=(), moves=moves)


def _label(base: Recipe, source: Source) -> tuple[float, ...] | None:
    """The source's label, where it has as many classes as the base."""
    if source.label is None or base.label is None or len(source.label) != len(base.label):
        return base.label
    return source.label


# -- sheets -----------------------------------------------------------------------------------------------------------


def matrix(
    base: Recipe, rows: Sequence[Source], columns: Sequence[Source], layers: tuple[int, ...], amount: float = 1.0
) -> Sheet:
    """The style-mixing matrix: a picture of each column's source above, of each row's source at the left.

    In between the row's source keeps its styles but for those of `layers`, which are taken from the column's, or
    blended with them in w where `amount` is not 1. Truncation, directions in w, noise and units are the base's.
    """
    cells: list[Cell] = [None, *(drawn_from(base, column) for column in columns)]
    for row in rows:
        kept = drawn_from(base, row)
        cells.append(kept)
        for column in columns:
            cells.append(kept.edit(mixes=(Mix(column.latent, layers, amount, _label(base, column)),)))
    return Sheet(
        tuple(cells),
        len(columns) + 1,
        column_headings=("", *(column.name for column in columns)),
        row_headings=("", *(row.name for row in rows)),
    )


def psi_sheet(recipes: Sequence[Recipe], psis: Sequence[float]) -> Sheet:
    """One row a recipe, one column a psi; layers with a psi of their own, and the cutoff, stay as they are."""
    return Sheet(
        tuple(recipe.edit(psi=psi) for recipe in recipes for psi in psis),
        len(psis),
        column_headings=tuple(f"psi {psi:.3g}" for psi in psis),
        row_headings=tuple(describe_latent(recipe.latent) for recipe in recipes),
    )


def noise_sheet(recipes: Sequence[Recipe], seeds: Sequence[int]) -> Sheet:
    """One row a recipe, one column a noise seed, and last the standard deviation of each place over noise inputs.

    The deviation is taken over these seeds and, where they are fewer than 16, the numbers that follow the last.
    """
    others = ((seeds[-1] + k) % SEED_LIMIT for k in range(1, DEVIATION_SEEDS + len(seeds) + 1))
    more = list(dict.fromkeys(seed for seed in others if seed not in seeds))[: max(0, DEVIATION_SEEDS - len(seeds))]
    cells: list[Cell] = []
    for recipe in recipes:

        def with_noise(seed: int, recipe: Recipe = recipe) -> Recipe:
            return recipe.edit(noise=replace(recipe.noise, mode="random", seed=seed, average=1))

        cells += [with_noise(seed) for seed in seeds]
        cells.append(Composite("deviation", tuple((1.0, with_noise(seed)) for seed in (*seeds, *more))))
    return Sheet(
        tuple(cells),
        len(seeds) + 1,
        column_headings=(*(f"noise {seed}" for seed in seeds), "deviation"),
        row_headings=tuple(describe_latent(recipe.latent) for recipe in recipes),
    )


# -- what a session keeps ---------------------------------------------------------------------------------------------


def _seeds(*seeds: int) -> tuple[Source, ...]:
    return tuple(Source(Seed(seed)) for seed in seeds)


@dataclass(frozen=True, slots=True)
class Mixing:
    """The mixing workspace: rows and columns of its sheets. The seeds are those that the StyleGAN tools show.

    layers   as people write them, so that "coarse" means each model's own coarse layers
    psis     columns of the truncation sheet, those of figure 8
    noises   columns of the noise sheet, by their seeds
    """

    rows: tuple[Source, ...] = _seeds(85, 100, 75, 458)
    columns: tuple[Source, ...] = _seeds(55, 821, 1789, 293)
    layers: str = "coarse"
    amount: float = 1.0
    psis: tuple[float, ...] = (1.0, 0.7, 0.5, 0.0, -0.5, -1.0)
    noises: tuple[int, ...] = (0, 1, 2, 3)

    def edit(self, **changes: Any) -> "Mixing":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return ()  # they are made of the present picture

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        nodes = (node for source in (*self.rows, *self.columns) for node in walk_nodes(source.latent))
        return {node.digest: node.array for node in nodes if isinstance(node, Vector) and node.array is not None}

    def sheet(self, base: Recipe, spec: Spec, kind: Literal["matrix", "psi", "noise"]) -> Sheet:
        """One of its sheets, drawn as `base` is; ValueError for layers or sources that are not of its model."""
        rows = [source for source in self.rows if fits(source.latent, spec)]
        columns = [source for source in self.columns if fits(source.latent, spec)]
        if kind == "matrix":
            return matrix(base, rows, columns, parse_layers(self.layers, spec), self.amount)
        pictures = [drawn_from(base, row) for row in rows]
        if kind == "psi":
            return psi_sheet(pictures, self.psis)
        return noise_sheet(pictures, self.noises)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": [source.to_json() for source in self.rows],
            "columns": [source.to_json() for source in self.columns],
            "layers": self.layers,
            "amount": self.amount,
            "psis": list(self.psis),
            "noises": list(self.noises),
        }

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray], budget: Budget) -> "Mixing":
        only(data, {"rows", "columns", "layers", "amount", "psis", "noises"}, "mixing")

        def sources(name: str) -> tuple[Source, ...]:
            items = listed(data.get(name), f"{name} of the matrix")
            if not 1 <= len(items) <= MOST_SOURCES:
                raise GanvizError(f"{name} of the matrix: expected 1 to {MOST_SOURCES}, got {len(items)}")
            return tuple(Source.from_json(item, arrays, budget) for item in items)

        layers = data.get("layers", "coarse")
        if not isinstance(layers, str) or len(layers) > 200:
            raise GanvizError("layers of the matrix: expected text like coarse or 0-3")
        psis = numbers(data.get("psis"), "psis of the sheet")
        noises = listed(data.get("noises"), "noises of the sheet")
        if not (1 <= len(psis) <= MOST_SOURCES and 1 <= len(noises) <= MOST_SOURCES):
            raise GanvizError(f"mixing: expected 1 to {MOST_SOURCES} psis and as many noise seeds")
        return cls(
            sources("rows"),
            sources("columns"),
            layers,
            number(data.get("amount", 1.0), "amount of the mix"),
            psis,
            tuple(index(seed, "noise seed", SEED_LIMIT) for seed in noises),
        )
