"""Recipes, sessions and histories of every shape, for the tests that try many of them."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from ganviz.comparing import Comparison
from ganviz.edits import Direction, LayerNoise, Mix, Move, UnitEdit
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum, Vector
from ganviz.recipe import Composite, ModelRef, Noise, Recipe, Sheet
from ganviz.session import Kept, Session
from ganviz.timeline import Keyframe, Timeline
from ganviz.walk import EASINGS, Walk

steady = settings(derandomize=True, deadline=None, max_examples=60)
"""The same examples each time, however long a loaded machine takes over one."""

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: value + 0.0)  # no negative zero, which is equal to 0
halves = st.floats(-0.5, 0.5).map(lambda value: round(value, 6) + 0.0)
seeds = st.builds(
    Seed, st.integers(0, 2**32 - 1), halves, halves, st.none() | st.floats(0.1, 4).map(lambda value: round(value, 3))
)
small = st.lists(st.floats(-4, 4, width=32), min_size=2, max_size=6)
vectors = st.builds(lambda row, space: Vector.of(np.array(row, np.float32), space), small, st.sampled_from("zw"))
offsets = st.dictionaries(st.integers(0, 100), numbers.filter(bool), max_size=4).map(lambda d: tuple(sorted(d.items())))


def _combined(inner: Any) -> Any:
    return st.one_of(
        inner.map(Mapped),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: Mean(tuple(items))),
        st.lists(st.tuples(numbers, inner), min_size=1, max_size=3).map(lambda terms: Sum(tuple(terms))),
        st.builds(Lerp, inner, inner, numbers),
        st.builds(Slerp, inner, inner, numbers),
        st.builds(Offset, inner, offsets),
    )


latents = st.recursive(seeds | vectors, _combined, max_leaves=6)
layers = st.sets(st.integers(0, 20), max_size=4).map(lambda found: tuple(sorted(found)))
weights = st.none() | st.lists(numbers, min_size=1, max_size=4).map(tuple)
directions = st.builds(
    lambda row, space, name, origin, sigma, layers: Direction.of(
        np.array(row, np.float32), space, name=name, origin=origin, sigma=sigma, layers=layers
    ),
    small,
    st.sampled_from("zw"),
    st.text(max_size=8),
    st.sampled_from(("PCA", "SeFa", "labelled", "arithmetic", "other")),
    numbers,
    st.none() | layers,
)
noises = st.builds(
    Noise,
    st.sampled_from(("const", "none", "random")),
    st.integers(0, 2**32 - 1),
    st.lists(st.builds(LayerNoise, st.integers(0, 20), numbers, st.none() | st.integers(0, 99)), max_size=2).map(tuple),
    st.integers(1, 16),
)
refs = st.builds(ModelRef, st.sampled_from(("faces", "größer", "模型 1")), st.sampled_from(("", "ab" * 32, "cd" * 32)))


def some(items: Any) -> Any:
    """A short tuple of them."""
    return st.lists(items, max_size=2).map(tuple)


recipes = st.builds(
    Recipe,
    model=refs,
    latent=latents,
    label=weights,
    codes=st.dictionaries(st.text(min_size=1, max_size=5), st.lists(numbers, max_size=3).map(tuple), max_size=2).map(
        lambda found: tuple(found.items())
    ),
    psi=numbers,
    cutoff=st.none() | st.integers(0, 20),
    noise=noises,
    psis=some(st.tuples(st.integers(0, 20), numbers)),
    mixes=some(st.builds(Mix, latents, layers, numbers, weights)),
    moves=some(st.builds(Move, directions, numbers, st.none() | layers)),
    units=some(st.builds(UnitEdit, st.integers(0, 20), st.none() | layers, numbers, numbers)),
)
cells = st.one_of(
    st.none(),
    recipes,
    st.lists(st.tuples(numbers, recipes), min_size=2, max_size=2).map(
        lambda terms: Composite("difference", tuple(terms))
    ),
)


@st.composite
def sheets(draw: Any) -> Sheet:
    """A sheet with at least one picture."""
    found = draw(st.lists(cells, min_size=1, max_size=5).filter(lambda items: any(item is not None for item in items)))
    columns = draw(st.integers(1, len(found)))
    return Sheet(tuple(found), columns, tuple(f"é {k}" for k in range(len(found))), labels=draw(st.booleans()))


walks = st.builds(
    Walk,
    st.integers(2, 1000),
    st.floats(1, 120),
    st.sampled_from((None, "z", "w")),
    st.sampled_from((None, "linear", "slerp", "cubic")),
    st.sampled_from(tuple(EASINGS)),
    st.booleans(),
)
timelines = st.dictionaries(
    st.integers(0, 999), st.tuples(recipes, st.none() | st.sampled_from(tuple(EASINGS))), max_size=3
).map(lambda found: Timeline(tuple(Keyframe(recipe, at, easing) for at, (recipe, easing) in sorted(found.items()))))
sessions = st.builds(
    Session,
    recipe=recipes,
    gallery=some(st.builds(Kept, recipes, st.text(max_size=20))),
    walk=walks,
    timeline=timelines,
    comparison=st.builds(Comparison) | st.builds(Comparison, recipes),
)
