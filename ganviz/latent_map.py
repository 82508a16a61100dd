"""The map of a latent space: thousands of seeds as points of a plane, where what is alike lies together. No torch.

How points are placed stands in `ganviz.placing`. A map keeps seeds, so that every point is a recipe.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from ganviz.edits import only
from ganviz.errors import GanvizError
from ganviz.expression import SEED_LIMIT, Budget, Seed, array_digest
from ganviz.reading import whole
from ganviz.recipe import Recipe, arrays_of, class_weights
from ganviz.spec import Code, Spec

By = Literal["latents", "images"]
Method = Literal["pca", "tsne"]
FEWEST, MOST = 16, 20_000
"""Points of a map."""
COLOUR_LIMIT = 200
PERPLEXITY = 30.0
"""How many neighbours t-SNE tries to keep (van der Maaten and Hinton 2008 take 5 to 50)."""


@dataclass(frozen=True, slots=True)
class MapSettings:
    """What a map is made of.

    count, first   the seeds: so many from the first on (mod 2^32)
    by             what lies together when it is alike: latents (w, or z without a mapping network) or images
    method         "pca", the plane of the largest variance, or "tsne", which keeps neighbours together
    own_classes    each point has the class and the categories that go with its seed, else all those of the base
    seed           of t-SNE's random start
    """

    count: int = 2000
    first: int = 0
    by: By = "images"
    method: Method = "pca"
    own_classes: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not FEWEST <= self.count <= MOST or not 0 <= self.first < SEED_LIMIT or not 0 <= self.seed < SEED_LIMIT:
            raise GanvizError(f"map: expected {FEWEST} to {MOST} points of seeds from 0 to {SEED_LIMIT - 1}")
        if self.by not in get_args(By) or self.method not in get_args(Method):
            raise GanvizError(
                f"map: expected latents or images, by pca or tsne, got {self.by!r:.20}, {self.method!r:.20}"
            )

    def edit(self, **changes: Any) -> "MapSettings":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "first": self.first,
            "by": self.by,
            "method": self.method,
            "own_classes": self.own_classes,
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, data: Any) -> "MapSettings":
        only(data, set(cls.__slots__), "map's settings")
        given = {name: whole(data[name], f"map's {name}") for name in ("count", "first", "seed") if name in data}
        own = data.get("own_classes", True)
        if not isinstance(own, bool):
            raise GanvizError("map's settings: expected true or false as own_classes")
        return cls(by=data.get("by", "images"), method=data.get("method", "pca"), own_classes=own, **given)


@dataclass(frozen=True, slots=True)
class LatentMap:
    """Points that were placed: float32 (N, 2), within -1 to 1, x to the right and y up.

    base       the recipe that each point is drawn as, apart from its seed
    sizes      (name, size) of what each seed has of its own: "" for the class, else a categorical code
    indices    float32 (N, len(sizes)): which class or category it is; None where all are the base's

    Arrays are compared by their digests.
    """

    settings: MapSettings
    base: Recipe
    points: np.ndarray = field(compare=False, repr=False)
    sizes: tuple[tuple[str, int], ...] = ()
    indices: np.ndarray | None = field(default=None, compare=False, repr=False)
    digest: str = ""

    @classmethod
    def of(
        cls,
        settings: MapSettings,
        base: Recipe,
        points: np.ndarray,
        sizes: tuple[tuple[str, int], ...] = (),
        indices: np.ndarray | None = None,
    ) -> "LatentMap":
        """Keep read-only copies of the arrays; ValueError where they do not fit the settings."""
        kept = _kept(points, (settings.count, 2))
        own = _kept(indices, (settings.count, len(sizes))) if sizes and indices is not None else None
        return cls(settings, base, kept, sizes if own is not None else (), own, array_digest(kept))

    def seed(self, place: int) -> int:
        """The seed of a point."""
        return (self.settings.first + place) % SEED_LIMIT

    def recipe(self, place: int) -> Recipe:
        """What a point is drawn from."""
        recipe = self.base.edit(latent=Seed(self.seed(place)))
        if self.indices is None:
            return recipe
        codes = dict(recipe.codes)
        for column, (name, size) in enumerate(self.sizes):
            weights = class_weights(int(self.indices[place, column]), size)
            if name:
                codes[name] = weights
            else:
                recipe = recipe.edit(label=weights)
        return recipe.edit(codes=tuple(sorted(codes.items())))

    def nearest(self, x: float, y: float) -> int:
        """The point nearest to a place of the plane."""
        return int(np.square(self.points - (x, y)).sum(axis=1).argmin())

    def within(self, left: float, bottom: float, right: float, top: float) -> tuple[int, ...]:
        """The points in a box, in order."""
        x, y = self.points.T
        inside = (x >= min(left, right)) & (x <= max(left, right)) & (y >= min(bottom, top)) & (y <= max(bottom, top))
        return tuple(int(k) for k in np.flatnonzero(inside))

    def along(self, path: Sequence[tuple[float, float]], count: int) -> tuple[int, ...]:
        """The points nearest to `count` places spread evenly along a path, each once where several are the same."""
        corners = np.asarray(path, dtype=np.float64).reshape(-1, 2)
        lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        reached = np.concatenate([[0.0], lengths.cumsum()])
        places = np.linspace(0, reached[-1], max(count, 1))
        way = [np.interp(places, reached, corners[:, axis]) for axis in (0, 1)]
        found = [self.nearest(float(x), float(y)) for x, y in zip(*way, strict=True)]
        return tuple(k for n, k in enumerate(found) if n == 0 or k != found[n - 1])

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Its own arrays by digest, without those of the base."""
        found = {self.digest: self.points}
        if self.indices is not None:
            found[array_digest(self.indices)] = self.indices
        return found

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "settings": self.settings.to_json(),
            "base": self.base.to_json(),
            "points": self.digest,
        }
        if self.indices is not None:
            data["own"] = {"indices": array_digest(self.indices), "sizes": [list(size) for size in self.sizes]}
        return data

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray], budget: Budget | None = None) -> "LatentMap":
        """Rebuild from untrusted JSON and arrays."""
        only(data, {"settings", "base", "points", "own"}, "map")
        settings = MapSettings.from_json(data.get("settings"))
        base = Recipe.from_json(data.get("base"), arrays, budget)
        points = arrays.get(data["points"]) if isinstance(data.get("points"), str) else None
        if points is None or points.shape != (settings.count, 2) or np.abs(points).max() > 2:
            raise GanvizError(f"map: expected {settings.count} points within -1 to 1; the file may be cut short")
        if "own" not in data:
            return cls.of(settings, base, points)
        sizes, indices = _read_own(data["own"], arrays, settings.count)
        return cls.of(settings, base, points, sizes, indices)


@dataclass(frozen=True, slots=True)
class Maps:
    """What a session keeps of the map workspace: the settings for the next map, the map on show, and its colours.

    colour   what points are coloured by: "" for nothing, "class", "code NAME", or "direction DIGEST"
    """

    settings: MapSettings = field(default_factory=MapSettings)
    made: LatentMap | None = None
    colour: str = ""

    def edit(self, **changes: Any) -> "Maps":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return () if self.made is None else (self.made.base,)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {} if self.made is None else {**arrays_of(self.made.base), **self.made.arrays}

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"settings": self.settings.to_json(), "colour": self.colour}
        return data if self.made is None else {**data, "made": self.made.to_json()}

    @classmethod
    def from_json(cls, data: Any, arrays: Mapping[str, np.ndarray], budget: Budget | None = None) -> "Maps":
        only(data, {"settings", "made", "colour"}, "maps")
        colour = data.get("colour", "")
        if not isinstance(colour, str) or len(colour) > COLOUR_LIMIT:
            raise GanvizError("maps: expected a short text as colour")
        made = LatentMap.from_json(data["made"], arrays, budget) if "made" in data else None
        return cls(MapSettings.from_json(data.get("settings", {})), made, colour)


def own_conditions(spec: Spec) -> tuple[tuple[str, int], ...]:
    """(name, size) of what goes with each seed: "" and the number of classes, then the categorical codes."""
    categorical: list[Code] = [code for code in spec.codes if code.kind == "categorical"]
    classes = (("", spec.num_classes),) if spec.num_classes else ()
    return (*classes, *((code.name, code.size) for code in categorical))


def _kept(array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    kept = np.array(array, dtype=np.float32, order="C")
    if kept.shape != shape or not np.isfinite(kept).all():
        raise ValueError(f"map: expected finite numbers {shape}, got {kept.shape}")
    kept.setflags(write=False)
    return kept


def _read_own(
    data: Any, arrays: Mapping[str, np.ndarray], count: int
) -> tuple[tuple[tuple[str, int], ...], np.ndarray]:
    """What each seed has of its own, from untrusted JSON."""
    only(data, {"indices", "sizes"}, "map's own conditions")
    sizes = []
    for item in data.get("sizes") if isinstance(data.get("sizes"), list) else ():
        fits = isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and len(item[0]) < 200
        if not fits or not 1 <= whole(item[1], "size of a condition") <= 65536:
            raise GanvizError("map's own conditions: expected pairs of a name and a size")
        sizes.append((item[0], item[1]))
    indices = arrays.get(data["indices"]) if isinstance(data.get("indices"), str) else None
    if not sizes or len(sizes) > 64 or indices is None or indices.shape != (count, len(sizes)):
        raise GanvizError("map's own conditions: expected a number for each point and condition")
    if (indices < 0).any() or (indices >= [size for _, size in sizes]).any() or (indices % 1).any():
        raise GanvizError("map's own conditions: expected whole numbers of classes and categories that there are")
    return tuple(sizes), indices
