"""What lies between two recipes, beside their latents: numbers are blended, what cannot be is that of the nearer one.

An edit that only one side has is at rest on the other: a move of 0, a mix of which nothing is taken, a gain of 1.
"""

from dataclasses import replace
from typing import Any

from ganviz.edits import LayerNoise, Mix, Move, UnitEdit
from ganviz.recipe import Noise, Recipe, class_weights


def blend(a: Recipe, b: Recipe, t: float) -> Recipe:
    """The recipe at t, between 0 and 1, of the way from a to b, with the latent of the nearer one."""
    near = a if t < 0.5 else b
    return near.edit(
        psi=mix_numbers(a.psi, b.psi, t),
        psis=_psis(a, b, t),
        label=_labels(a.label, b.label, t),
        codes=_codes(dict(a.codes), dict(b.codes), t),
        noise=_noise(a.noise, b.noise, t),
        mixes=_mixes(a.mixes, b.mixes, t),
        moves=_moves(a.moves, b.moves, t),
        units=_units(a.units, b.units, t),
    )


def mix_numbers(a: float, b: float, t: float) -> float:
    """(1 - t) a + t b, exactly a where both are equal."""
    return a if a == b else (1 - t) * a + t * b


def _each(a: tuple[float, ...], b: tuple[float, ...], t: float) -> tuple[float, ...]:
    return tuple(mix_numbers(x, y, t) for x, y in zip(a, b, strict=True))


def _labels(a: tuple[float, ...] | None, b: tuple[float, ...] | None, t: float) -> tuple[float, ...] | None:
    """None is class 0, of as many classes as the other label has."""
    if a is None and b is None:
        return None
    return _each(
        a if a is not None else class_weights(0, len(b or ())),
        b if b is not None else class_weights(0, len(a or ())),
        t,
    )


def _codes(
    a: dict[str, tuple[float, ...]], b: dict[str, tuple[float, ...]], t: float
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """A code that only one side gives is at its default on the other: category 0, or 0 for one number."""

    def default(size: int) -> tuple[float, ...]:
        return class_weights(0, size) if size > 1 else (0.0,) * size

    return tuple(
        (name, _each(a.get(name) or default(len(b[name])), b.get(name) or default(len(a[name])), t))
        for name in dict.fromkeys((*a, *b))
    )


def _psis(a: Recipe, b: Recipe, t: float) -> tuple[tuple[int, float], ...]:
    """A style input that has a psi of its own on one side only has, on the other, the psi that reaches it there."""
    own_a, own_b = dict(a.psis), dict(b.psis)

    def psi(recipe: Recipe, own: dict[int, float], layer: int) -> float:
        reached = recipe.cutoff is None or layer < recipe.cutoff
        return own.get(layer, recipe.psi if reached else 1.0)

    layers = sorted(own_a.keys() | own_b.keys())
    return tuple((layer, mix_numbers(psi(a, own_a, layer), psi(b, own_b, layer), t)) for layer in layers)


def _noise(a: Noise, b: Noise, t: float) -> Noise:
    near = a if t < 0.5 else b
    first, second = {item.layer: item for item in a.layers}, {item.layer: item for item in b.layers}
    layers = []
    for layer in sorted(first.keys() | second.keys()):
        one, other = first.get(layer, LayerNoise(layer)), second.get(layer, LayerNoise(layer))
        seed = (one if t < 0.5 else other).seed
        layers.append(LayerNoise(layer, mix_numbers(one.strength, other.strength, t), seed))
    return replace(near, layers=tuple(layers))


def _paired(a: tuple[Any, ...], b: tuple[Any, ...], key: Any) -> list[tuple[Any, Any]]:
    """Edits of both sides, those that are alike but for their amount together, in the order of a, then of b."""
    waiting = list(b)
    pairs: list[tuple[Any, Any]] = []
    for item in a:
        partner = next((other for other in waiting if key(other) == key(item)), None)
        if partner is not None:
            waiting.remove(partner)
        pairs.append((item, partner))
    return [*pairs, *((None, item) for item in waiting)]


def _mixes(a: tuple[Mix, ...], b: tuple[Mix, ...], t: float) -> tuple[Mix, ...]:
    def amount(mix: Mix | None) -> float:
        return 0.0 if mix is None else mix.amount

    pairs = _paired(a, b, lambda mix: (mix.latent, mix.layers, mix.label))
    return tuple(replace(x or y, amount=mix_numbers(amount(x), amount(y), t)) for x, y in pairs)


def _moves(a: tuple[Move, ...], b: tuple[Move, ...], t: float) -> tuple[Move, ...]:
    def amount(move: Move | None) -> float:
        return 0.0 if move is None else move.amount

    pairs = _paired(a, b, lambda move: (move.direction.digest, move.direction.space, move.reach))
    return tuple(replace(x or y, amount=mix_numbers(amount(x), amount(y), t)) for x, y in pairs)


def _units(a: tuple[UnitEdit, ...], b: tuple[UnitEdit, ...], t: float) -> tuple[UnitEdit, ...]:
    pairs = _paired(a, b, lambda edit: (edit.layer, edit.units))
    done = []
    for x, y in pairs:
        present = x or y
        one = x or UnitEdit(present.layer, present.units, 1.0, 0.0)
        other = y or UnitEdit(present.layer, present.units, 1.0, 0.0)
        gain, lift = mix_numbers(one.gain, other.gain, t), mix_numbers(one.lift, other.lift, t)
        done.append(UnitEdit(present.layer, present.units, gain, lift))
    return tuple(done)
