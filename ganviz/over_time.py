"""One latent across a training: sheets with a column for each snapshot of a run. No torch."""

from collections.abc import Sequence

from ganviz.catalog import images_seen
from ganviz.checkpoint import Header
from ganviz.errors import GanvizError
from ganviz.notation import format_kimg
from ganviz.recipe import Recipe, Sheet

ROOM = 64
"""Pixels that a heading needs to name its unit."""


def spread(snapshots: Sequence[Header], count: int) -> list[Header]:
    """At most `count` of a run's snapshots, evenly spread in their order, with the last and, from two on, the first.

    Not evenly in images seen: snapshots are dense where a training changes most. Raises GanvizError where there is
    nothing to compare.
    """
    if len(snapshots) < 2:
        raise GanvizError(f"expected a run folder with at least two snapshots, got {len(snapshots)}")
    if count == 1:
        return [snapshots[-1]]
    count = min(count, len(snapshots))
    return [snapshots[round(k * (len(snapshots) - 1) / (count - 1))] for k in range(count)]


def sheet_over_time(
    recipes: Sequence[Recipe], snapshots: Sequence[Header], row_headings: Sequence[str] = (), labels: bool = False
) -> Sheet:
    """A row for each recipe, a column for each snapshot; columns are headed by the thousands of images seen."""
    unit = " kimg" if snapshots[-1].spec.resolution >= ROOM else "k"
    return Sheet(
        tuple(recipe.edit(model=header.ref) for recipe in recipes for header in snapshots),
        len(snapshots),
        column_headings=tuple(format_kimg(images_seen(header)) + unit for header in snapshots),
        row_headings=tuple(row_headings),
        labels=labels,
    )
