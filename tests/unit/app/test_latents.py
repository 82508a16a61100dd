import numpy as np
import pytest

from app.latents import anchor, moved, with_anchor
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum, Vector

A, B, C = Seed(1), Seed(2), Seed(3)
VECTOR = Vector.of(np.ones(4, np.float32))


@pytest.mark.parametrize(
    ("latent", "seed"),
    [
        (A, A),
        (Offset(A, ((0, 1.0),)), A),
        (Mapped(B), B),
        (Sum(((0.4, A), (-0.9, B))), B),
        (Mean((A, B)), A),
        (Lerp(A, B, 0.2), A),
        (Slerp(A, B, 0.7), B),
        (Offset(Slerp(A, Mapped(C), 0.7), ((0, 1.0),)), C),
        (VECTOR, None),
    ],
)
def test_the_anchor_is_the_seed_that_weighs_most_and_replacing_it_moves_only_that(latent, seed):
    assert anchor(latent) == seed
    new = Seed(99)
    changed = with_anchor(latent, new)
    assert anchor(changed) == new
    if seed is not None:
        assert with_anchor(changed, seed) == latent


def test_moving_goes_along_the_seed_plane_and_keeps_moved_dimensions():
    assert moved(Seed(10), 1.0, 1.0) == Seed(111)
    assert moved(Offset(Seed(10), ((3, 0.5),)), 0.25, 0) == Offset(Seed(10, 0.25), ((3, 0.5),))
    assert moved(VECTOR, 1, 0) == Seed(1)


def test_there_and_back_is_where_it_began():
    latent = Seed(7)
    for step in (0.3, 0.9, -1.2):
        latent = moved(latent, step, -step)
    assert latent == Seed(7)
