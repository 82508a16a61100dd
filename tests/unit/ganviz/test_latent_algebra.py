"""What has to hold for every latent: the ends of interpolations, means and sums, truncation, mixing, and undo."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parent))
import properties as make

from ganviz import checkpoint, latent
from ganviz.edits import Direction, Mix, Move
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum
from ganviz.history import History
from ganviz.recipe import ModelRef, Recipe

REF = ModelRef("any")
seeds = st.integers(0, 2**32 - 1).map(Seed)
shares = st.floats(0, 1)
rows = st.lists(st.floats(-5, 5, width=32), min_size=6, max_size=6).map(torch.tensor)


@pytest.fixture(scope="module", params=["stylegan2", "dcgan", "infogan"])
def generator(request, tiny_stylegan2, tiny_checkpoint, tiny_infogan):
    """One of a kind: with a mapping network, without, and with codes."""
    paths = {"stylegan2": tiny_stylegan2, "dcgan": tiny_checkpoint, "infogan": tiny_infogan}
    return checkpoint.load(paths[request.param])


def w_of(generator, expression, **more):
    with torch.no_grad():
        return latent.w_of(Recipe(REF, expression, **more), generator)


def near(a, b, within: float = 1e-4) -> bool:
    return torch.allclose(a, b, atol=within, rtol=within)


@make.steady
@given(rows, rows)
def test_interpolations_begin_and_end_exactly(a, b):
    for way in (latent.lerp, latent.slerp):
        assert way(a, b, 0.0) is a and way(a, b, 1.0) is b


@make.steady
@given(rows, rows, shares)
def test_interpolations_read_the_same_from_either_end_and_keep_between_the_lengths(a, b, t):
    for way in (latent.lerp, latent.slerp):
        assert near(way(a, b, t), way(b, a, 1 - t), 1e-3)
    length = float(latent.slerp(a, b, t).norm())
    assert math.isfinite(length) and length <= max(float(a.norm()), float(b.norm())) * 1.001 + 1e-5


@make.steady
@given(rows, shares)
def test_between_a_latent_and_itself_is_nothing_else(a, t):
    assert near(latent.lerp(a, a, t), a) and near(latent.slerp(a, a, t), a, 1e-3)


@make.steady
@given(rows, rows, shares)
def test_spherical_interpolation_keeps_the_length_where_both_have_it(a, b, t):
    if float(a.norm()) > 0.1 and float(b.norm()) > 0.1:
        a, b = a / a.norm(), b / b.norm()
        if float((a + b).norm()) > 0.1:
            assert abs(float(latent.slerp(a, b, t).norm()) - 1) < 1e-3


@make.steady
@given(a=seeds, b=seeds, t=shares)
def test_expressions_agree_with_what_they_are_made_of(generator, a, b, t):
    at = {name: w_of(generator, Mapped(seed)) for name, seed in (("a", a), ("b", b))}
    assert near(w_of(generator, Mapped(Lerp(a, b, 0.0))), at["a"])
    assert near(w_of(generator, Slerp(a, b, 1.0)), w_of(generator, b))
    assert near(w_of(generator, Mean((a, b))), w_of(generator, Mean((b, a))))
    assert near(w_of(generator, Mean((a, a, a))), w_of(generator, a))
    assert near(w_of(generator, Sum(((1.0, a),))), w_of(generator, a))
    assert near(
        w_of(generator, Sum(((1 - t, Mapped(a)), (t, Mapped(b))))), w_of(generator, Lerp(Mapped(a), Mapped(b), t))
    )
    assert near(w_of(generator, Sum(((0.5, a), (0.5, b)))), w_of(generator, Mean((a, b))))
    assert near(w_of(generator, Sum(((1.0, a), (1.0, b), (-1.0, b)))), w_of(generator, a), 1e-3)
    assert near(w_of(generator, Offset(a, ())), w_of(generator, a))


@make.steady
@given(a=seeds, psi=st.floats(-1, 2), other=st.floats(-1, 2))
def test_truncation_is_a_line_through_the_mean(generator, a, psi, other):
    spec = generator.spec
    with torch.no_grad():
        w = w_of(generator, a)
        at = {value: latent.truncate(w, generator, value) for value in (0.0, 1.0, psi, other, psi * other)}
    assert torch.equal(at[1.0], w)
    assert near(at[psi], at[0.0] + psi * (w - at[0.0]))
    again = latent.truncate(at[psi], generator, other)
    assert near(again, at[psi * other], 1e-3), "twice is once by the product"
    assert torch.equal(latent.truncate(w, generator, psi, 0), w), "no style input is reached"
    assert near(latent.truncate(w, generator, psi, spec.num_ws), at[psi])
    assert near(w_of(generator, a, psi=psi), at[psi])


@make.steady
@given(a=seeds, b=seeds, amount=shares, data=st.data())
def test_mixing_takes_what_it_is_told_and_leaves_the_rest(generator, a, b, amount, data):
    count = generator.spec.num_ws
    chosen = tuple(sorted(data.draw(st.sets(st.integers(0, count - 1)))))
    rest = [k for k in range(count) if k not in chosen]
    first, second = w_of(generator, a), w_of(generator, b)
    mixed = w_of(generator, a, mixes=(Mix(b, chosen),))
    assert near(mixed[:, list(chosen)], second[:, list(chosen)]) and torch.equal(mixed[:, rest], first[:, rest])
    assert near(w_of(generator, a, mixes=(Mix(b, tuple(range(count))),)), second)
    assert near(w_of(generator, a, mixes=(Mix(a, chosen, amount),)), first)
    assert near(w_of(generator, a, mixes=(Mix(b, chosen, 0.0),)), first)
    if rest or chosen:
        both = w_of(generator, a, mixes=(Mix(b, chosen), Mix(b, tuple(rest))))
        assert near(both, second)


@make.steady
@given(a=seeds, amount=st.floats(-5, 5), scale=st.floats(0.1, 2))
def test_going_along_a_direction_and_back_is_where_it_began(generator, a, amount, scale):
    spec = generator.spec
    for space, size in (("z", spec.z_dim), ("w", spec.w_dim)):
        direction = Direction.of(np.full(size, scale, np.float32), space)
        there = w_of(generator, a, moves=(Move(direction, amount), Move(direction, -amount)))
        assert near(there, w_of(generator, a), 1e-3)
        assert torch.equal(w_of(generator, a, moves=(Move(direction, 0.0),)), w_of(generator, a))


class Undoing(RuleBasedStateMachine):
    """A history beside the plainest thing that could be one: a list and a place in it."""

    LIMIT = 6

    def __init__(self) -> None:
        super().__init__()
        self.history: History[int] = History(0, self.LIMIT)
        self.states, self.at, self.saved, self.counter = [0], 0, 0, 0

    @rule()
    def edit(self) -> None:
        self.counter += 1
        assert self.history.edit(self.counter)
        self.states = [*self.states[: self.at + 1], self.counter][-self.LIMIT - 1 :]
        self.at = len(self.states) - 1

    @rule(ticks=st.integers(1, 5), back=st.booleans())
    def drag(self, ticks: int, back: bool) -> None:
        began = self.history.present
        for _ in range(ticks):
            self.counter += 1
            self.history.edit(self.counter, "drag")
        if back:
            self.history.edit(began, "drag")
        self.history.seal()
        trimmed = [*self.states[: self.at + 1], self.counter][-self.LIMIT - 1 :]
        self.states = trimmed[:-1] if back else trimmed
        self.at = len(self.states) - 1

    @rule()
    def undo(self) -> None:
        self.at = max(0, self.at - 1)
        assert self.history.undo() == self.states[self.at]

    @rule()
    def redo(self) -> None:
        self.at = min(len(self.states) - 1, self.at + 1)
        assert self.history.redo() == self.states[self.at]

    @rule(share=shares)
    def jump(self, share: float) -> None:
        self.at = round(share * (len(self.states) - 1))
        assert self.history.jump(self.at) == self.states[self.at]

    @rule()
    def save(self) -> None:
        self.history.mark_saved()
        self.saved = self.history.present

    @precondition(lambda self: self.counter)
    @rule()
    def take_over(self) -> None:
        old, self.history = self.history, History(-1, self.LIMIT)
        self.history.restore(old.past, old.present, old.future, old.saved)

    @invariant()
    def is_what_the_list_says(self) -> None:
        history = self.history
        assert [*history.past, history.present, *history.future] == self.states
        assert history.can_undo == (self.at > 0) and history.can_redo == (self.at < len(self.states) - 1)
        assert history.dirty == (history.present != self.saved)


Undoing.TestCase.settings = make.steady
TestUndoing = Undoing.TestCase
