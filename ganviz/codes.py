"""Sweeps over structured codes (Chen et al. 2016, InfoGAN, figure 2), and which code moves the picture most.

In a sweep the noise stays fixed: down the rows one code changes, a category a row, along the columns another one, a
continuous code over -2 to 2, twice as far as it went in training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ganviz.edits import TEXT, only
from ganviz.errors import GanvizError
from ganviz.expression import Budget, Seed
from ganviz.jobs import Job, Progress
from ganviz.reading import number, whole
from ganviz.recipe import Cell, Recipe, Sheet, class_weights
from ganviz.spec import Code, Spec

if TYPE_CHECKING:
    from ganviz.render import Renderer

MOST_STEPS = 100
MOST_VALUE = 1000.0
NOISES = 8
"""Noises that a ranking is averaged over."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Which codes change, and how far.

    rows, columns    names of codes; None is what fits best: a categorical code down, a continuous one across
    low, high        the range of continuous codes, covered in so many `steps`
    """

    rows: str | None = None
    columns: str | None = None
    low: float = -2.0
    high: float = 2.0
    steps: int = 10

    def edit(self, **changes: Any) -> "Sweep":
        """A copy with some fields replaced."""
        return replace(self, **changes)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """None: a sweep is of the present picture."""
        return ()

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"low": self.low, "high": self.high, "steps": self.steps}
        for name in ("rows", "columns"):
            if getattr(self, name) is not None:
                data[name] = getattr(self, name)
        return data

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Sweep":
        """Rebuild from untrusted JSON; GanvizError says what in it was not as expected."""
        only(data, {"rows", "columns", "low", "high", "steps"}, "sweep")
        names = (data.get("rows"), data.get("columns"))
        if not all(name is None or (isinstance(name, str) and len(name) <= TEXT) for name in names):
            raise GanvizError("sweep: expected names of codes for its rows and columns")
        low, high = number(data.get("low", -2.0), "sweep's low end"), number(data.get("high", 2.0), "sweep's high end")
        steps = whole(data.get("steps", 10), "sweep's steps")
        check_range(low, high, steps)
        return cls(names[0], names[1], low, high, steps)


def check_range(low: float, high: float, steps: int) -> None:
    """Raise GanvizError unless a sweep can go over this range."""
    if not (low < high and max(abs(low), abs(high)) <= MOST_VALUE):
        raise GanvizError(
            f"sweep: expected a range from low to high within {MOST_VALUE:g} of 0, got {low:g} to {high:g}"
        )
    if not 2 <= steps <= MOST_STEPS:
        raise GanvizError(f"sweep: expected 2 to {MOST_STEPS} steps, got {steps}")


def axes(sweep: Sweep, spec: Spec) -> tuple[Code | None, Code]:
    """The codes of rows and columns. What is not named, or not there in this model, is chosen: across the first
    continuous code, down the first categorical one, else any other; None where there is but one code.
    """
    if not spec.codes:
        raise GanvizError(f"sweep: expected a model with structured codes, as InfoGAN has them; {spec.arch} has none")
    named = {code.name: code for code in spec.codes}
    rows = named.get(sweep.rows or "")
    across = [code for code in spec.codes if code is not rows] or list(spec.codes)
    columns = named.get(sweep.columns or "") or min(across, key=lambda code: code.kind == "categorical")
    down = [code for code in spec.codes if code is not columns]
    if rows is None or rows is columns:
        rows = min(down, key=lambda code: code.kind == "continuous", default=None)
    return rows, columns


def values_of(code: Code, sweep: Sweep) -> tuple[tuple[float, ...], ...]:
    """What a code goes through: every category, or the steps of the range."""
    if code.kind == "categorical":
        return tuple(class_weights(k, code.size) for k in range(code.size))
    return tuple(
        (round(float(value), 6) + 0.0,) * code.size for value in np.linspace(sweep.low, sweep.high, sweep.steps)
    )


def with_code(recipe: Recipe, name: str, value: tuple[float, ...]) -> Recipe:
    """The recipe with one code set."""
    return recipe.edit(codes=tuple(sorted({**dict(recipe.codes), name: value}.items())))


def sheet(sweep: Sweep, base: Recipe, spec: Spec) -> Sheet:
    """A row for each value of one code, a column for each of the other; all else is as in `base`."""
    rows, columns = axes(sweep, spec)
    across = values_of(columns, sweep)
    starts = [base] if rows is None else [with_code(base, rows.name, value) for value in values_of(rows, sweep)]
    cells = tuple(with_code(start, columns.name, value) for start in starts for value in across)
    return Sheet(
        cells,
        len(across),
        column_headings=_headings(columns, sweep),
        row_headings=() if rows is None else _headings(rows, sweep, named=True),
    )


def stack(blocks: Sequence[Sheet]) -> Sheet:
    """Sheets below each other with an empty row between them; of headings only those of the rows stay."""
    if len(blocks) == 1:
        return blocks[0]
    columns = max(block.columns for block in blocks)
    cells: list[Cell] = []
    titles: list[str] = []
    for k, block in enumerate(blocks):
        if k:
            cells += [None] * columns
            titles.append("")
        for row in range(block.rows):
            line = block.cells[row * block.columns : (row + 1) * block.columns]
            cells += [*line, *([None] * (columns - len(line)))]
        titles += [block.row_headings[row] if block.row_headings else "" for row in range(block.rows)]
    return Sheet(tuple(cells), columns, row_headings=tuple(titles))


def _headings(code: Code, sweep: Sweep, named: bool = False) -> tuple[str, ...]:
    """Each value, short enough for a narrow column; `named`: categories with the code's name before them."""
    if code.kind == "categorical":
        return tuple(f"{code.name} {k}" if named else str(k) for k in range(code.size))
    return tuple(f"{value[0]:+.2f}" for value in values_of(code, sweep))


@dataclass(frozen=True, slots=True)
class Change:
    """How much a code moves the picture: mean absolute change of a pixel, 0 to 255, from one step to the next."""

    code: Code
    change: float


def rank(renderer: "Renderer", base: Recipe, sweep: Sweep, noises: int = NOISES) -> Job[tuple[Change, ...]]:
    """Every code of a model by how much it moves the picture, the most first.

    A step is that of the sweep for continuous codes and the next category for categorical ones. Averaged over the
    noise of the seeds 0, 1, ..., each with the categories that go with it and the other continuous codes at 0; model,
    psi and class are those of `base`.
    """
    from ganviz.latent import conditions_of_seed

    spec = renderer.load(base.model).spec
    plain = Recipe(base.model, label=base.label, psi=base.psi, cutoff=base.cutoff)
    changes = []
    for done, code in enumerate(spec.codes):
        total = 0.0
        for seed in range(noises):
            yield Progress(done * noises + seed, len(spec.codes) * noises, code.name)
            start = plain.edit(latent=Seed(seed))
            sizes = {item.name: item.size for item in spec.codes}
            for name, category in conditions_of_seed(seed, spec)[1].items():
                start = with_code(start, name, class_weights(category, sizes[name]))
            frames = renderer.render_all([with_code(start, code.name, value) for value in values_of(code, sweep)])
            pixels = np.stack([frame.pixels for frame in frames]).astype(np.float32)
            total += float(np.abs(np.diff(pixels, axis=0)).mean()) if len(pixels) > 1 else 0.0
        changes.append(Change(code, total / noises))
    return tuple(sorted(changes, key=lambda item: -item.change))
