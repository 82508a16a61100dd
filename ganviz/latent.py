"""Latents as tensors: seeds, interpolation, truncation, and the evaluation of latent expressions.

Shapes: z (N, z_dim), w (N, num_ws, w_dim), label (N, num_classes). Everything here is a pure function.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ganviz.edits import Direction, Mix, Move
from ganviz.expression import Expression, Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum, Vector, space_of
from ganviz.recipe import Recipe
from ganviz.spec import Spec
from ganviz.streams import stream_of

if TYPE_CHECKING:
    from ganviz.models.base import StagedGenerator

STATISTICS_SEEDS = 4096


Remember = Callable[[Hashable, Callable[[], Tensor]], Tensor]
"""Gives what a part of a recipe came to before, or makes it: remember(part, make)."""


def forget(part: Hashable, make: Callable[[], Tensor]) -> Tensor:
    """Remembers nothing: makes every part anew."""
    return make()


def seeds(numbers: Iterable[int], z_dim: int, within: float | None = None) -> Tensor:
    """z (N, z_dim) in float32 on the CPU: row i is `numpy.random.RandomState(seed).randn(z_dim)`.

    The StyleGAN tools draw z so, hence seeds mean the same there. Seeds run from 0 to 2^32 - 1. With `within`,
    entries beyond -within..within are drawn anew, `randn(how many)` of the same stream, until none is left: the
    truncated normal distribution of BigGAN (Brock et al. 2018, section 3.1).
    """
    rows = [_drawn(number, z_dim, within) for number in numbers]
    return torch.from_numpy(np.stack(rows).astype(np.float32)) if rows else torch.empty(0, z_dim)


@lru_cache(maxsize=256)
def _drawn(seed: int, z_dim: int, within: float | None) -> np.ndarray:
    """z (z_dim,) of a seed; while a slider moves it is the same one at every tick."""
    stream = stream_of(seed)
    z = stream.randn(z_dim)
    beyond = np.abs(z) > within if within is not None else np.zeros(z_dim, bool)
    while beyond.any():
        z[beyond] = stream.randn(int(beyond.sum()))
        beyond = np.abs(z) > within
    z.setflags(write=False)
    return z


def conditions_of_seed(seed: int, spec: Spec) -> tuple[int, dict[str, int]]:
    """The class and the category of each categorical code that go with a seed.

    They are the next `randint(size)` of the stream that z was drawn from; 0 and {} where there are none.
    """
    stream = stream_of(seed)
    stream.randn(spec.z_dim)
    index = int(stream.randint(spec.num_classes)) if spec.num_classes else 0
    return index, {code.name: int(stream.randint(code.size)) for code in spec.codes if code.kind == "categorical"}


def lerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """(1 - t) a + t b, exactly a at 0 and b at 1."""
    return a if t == 0 else b if t == 1 else a + (b - a) * t


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Interpolation on the sphere (White 2016, arXiv:1609.04468), along the last dimension.

    The angle runs evenly from a to b and the length linearly; where the two are (anti)parallel, so that no arc is
    the right one, it is linear. Exactly a at 0 and b at 1.
    """
    if t == 0 or t == 1:
        return a if t == 0 else b
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / length_a.clamp_min(1e-12), b / length_b.clamp_min(1e-12)
    # The arc cosine of the dot product loses half of the digits where the two are nearly (anti)parallel.
    chord, total = (unit_a - unit_b).norm(dim=-1, keepdim=True), (unit_a + unit_b).norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(chord, total)
    sine = torch.sin(angle)
    safe = sine.clamp_min(1e-6)
    arc = (torch.sin((1 - t) * angle) * unit_a + torch.sin(t * angle) * unit_b) / safe
    arc = arc * lerp(length_a, length_b, t)
    return torch.where(sine > 1e-4, arc, lerp(a, b, t))


def truncate(
    w: Tensor,
    generator: "StagedGenerator",
    psi: float,
    cutoff: int | None = None,
    psis: Sequence[tuple[int, float]] = (),
) -> Tensor:
    """mean + psi (w - mean) on the first `cutoff` style inputs (None = all); w (N, num_ws, w_dim).

    `psis` holds (style input, psi) for those with one of their own, whatever the cutoff. Without a mapping network
    only the noise part moves, about 0. psi = 1 gives w itself, psi = 0 the mean.
    """
    spec = generator.spec
    if spec.truncation is None:
        return w
    each = [psi if cutoff is None or k < cutoff else 1.0 for k in range(spec.num_ws)]
    for k, own in psis:
        each[_style_input(k, spec)] = own
    moved = [k for k, factor in enumerate(each) if factor != 1]
    if not moved:
        return w
    result = w.clone()
    if spec.truncation == "z":
        result[..., : spec.z_dim] *= each[0]
        return result
    mean = w_mean(generator).to(w)[moved]
    factors = torch.tensor([each[k] for k in moved]).to(w)[:, None]
    result[:, moved] = mean + factors * (w[:, moved] - mean)
    return result


def _style_input(index: int, spec: Spec) -> int:
    """The index, where the model has such a style input; else ValueError."""
    if not 0 <= index < spec.num_ws:
        raise ValueError(f"expected style inputs 0 to {spec.num_ws - 1}, got {index}")
    return index


def w_mean(generator: "StagedGenerator") -> Tensor:
    """Mean of w (num_ws, w_dim): the network's own `w_avg` where it keeps one, else estimated, see `w_statistics`."""
    average = getattr(generator, "w_avg", None)
    if average is None:
        return w_statistics(generator)[0]
    return average.detach().float().expand(generator.spec.num_ws, -1)


def w_statistics(generator: "StagedGenerator") -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of w, (num_ws, w_dim) each; the network's own `w_avg` where it keeps one.

    Estimated once per generator from seeds 0 to 4095 of class 0.
    """
    known = generator.w_statistics
    if known is None:
        spec = generator.spec
        with torch.inference_mode(False), torch.no_grad():  # plain tensors, for those who need gradients later
            # Sums rather than all w at once, which for a large network would take hundreds of megabytes.
            total = torch.zeros(spec.num_ws, spec.w_dim, dtype=torch.float64)
            squares = torch.zeros_like(total)
            for start in range(0, STATISTICS_SEEDS, 256):
                w = generator.mapping(seeds(range(start, start + 256), spec.z_dim)).double().cpu()
                total += w.sum(0)
                squares += w.square().sum(0)
            mean = total / STATISTICS_SEEDS
            deviation = ((squares / STATISTICS_SEEDS - mean.square()).clamp_min(0)).sqrt()
            average = getattr(generator, "w_avg", None)
            if average is not None:
                mean = average.detach().expand(spec.num_ws, -1)
            known = (mean.float().to(generator.device), deviation.float().to(generator.device))
        generator.w_statistics = known
    return known


def conditions(recipe: Recipe, spec: Spec) -> tuple[Tensor | None, dict[str, Tensor]]:
    """A recipe's label (1, num_classes) or None, and its codes (1, size) by name, checked against the spec.

    A categorical code may be given as its weights; raises ValueError for what the model does not have.
    """
    label = None
    if recipe.label is not None:
        if len(recipe.label) != spec.num_classes:
            have = f"{spec.num_classes} classes" if spec.num_classes else "no classes"
            raise ValueError(f"label: the recipe has {len(recipe.label)} class weights, the model has {have}")
        label = torch.tensor([recipe.label], dtype=torch.float32)
    sizes = {code.name: code.size for code in spec.codes}
    for name, value in recipe.codes:
        if sizes.get(name) != len(value):
            known = ", ".join(f"{code.name} ({code.size})" for code in spec.codes) or "none"
            raise ValueError(f"code {name!r} with {len(value)} values does not fit the model's codes: {known}")
    return label, {name: torch.tensor([value], dtype=torch.float32) for name, value in recipe.codes}


def w_of(recipe: Recipe, generator: "StagedGenerator", remember: Remember = forget) -> Tensor:
    """w (1, num_ws, w_dim) of a recipe: expression, moves in z, mapping, truncation, mixes, moves in w.

    `remember` may keep what parts of recipes of this one model came to: each step of the way is one.
    """
    spec = generator.spec
    label, codes = conditions(recipe, spec)
    moves = [move for move in recipe.moves if move.amount != 0]
    in_z = tuple(move for move in moves if move.direction.space == "z")
    given = (recipe.label, recipe.codes, in_z)
    part: Hashable = ("latent", recipe.latent, given)
    w = remember(part, lambda: _evaluate_w(recipe.latent, generator, label, codes, in_z, _beside(given, remember)))
    w = truncate(w, generator, recipe.psi, recipe.cutoff, recipe.psis)
    part = (part, recipe.psi, recipe.cutoff, recipe.psis)
    for mix in recipe.mixes:
        part = (part, mix)
        w = remember(part, partial(_mixed, w, mix, recipe, generator, label, codes, remember))
    for move in moves:
        if move.direction.space == "w":
            part = (part, move)
            w = remember(part, partial(_moved, w, move, spec))
    return w


def _beside(given: Hashable, remember: Remember) -> Remember:
    """Remembers parts of a latent, each together with the conditions and moves that it goes with."""
    return lambda part, make: remember((part, given), make)


def _mixed(
    w: Tensor,
    mix: Mix,
    recipe: Recipe,
    generator: "StagedGenerator",
    label: Tensor | None,
    codes: dict[str, Tensor],
    remember: Remember,
) -> Tensor:
    """w with some of its style inputs those of another latent (Karras et al. 2018, section 3.1)."""
    weights = recipe.label
    if mix.label is not None:
        weights = mix.label
        label, _ = conditions(recipe.edit(label=mix.label), generator.spec)
    given = (weights, recipe.codes, ())
    source = remember(
        ("latent", mix.latent, given),
        lambda: _evaluate_w(mix.latent, generator, label, codes, remember=_beside(given, remember)),
    )
    source = truncate(source, generator, recipe.psi, recipe.cutoff, recipe.psis)
    chosen = [_style_input(k, generator.spec) for k in mix.layers]
    result = w.clone()
    result[:, chosen] = lerp(w[:, chosen], source[:, chosen], mix.amount)
    return result


def _moved(w: Tensor, move: Move, spec: Spec) -> Tensor:
    """w moved along a direction of w, on the style inputs that the move reaches."""
    array = _direction(move.direction, {(spec.w_dim,), (spec.num_ws, spec.w_dim)}).to(w)
    chosen = [_style_input(k, spec) for k in (range(spec.num_ws) if move.reach is None else move.reach)]
    result = w.clone()
    result[:, chosen] += move.amount * (array if array.ndim == 1 else array[chosen])
    return result


def _direction(direction: Direction, shapes: set[tuple[int, ...]]) -> Tensor:
    if direction.array is None:
        raise ValueError(f"direction {direction.name!r}: its array was not loaded with the recipe")
    if direction.array.shape not in shapes:
        wanted = " or ".join(map(str, sorted(shapes)))
        raise ValueError(f"direction {direction.name!r}: expected an array {wanted}, got {direction.array.shape}")
    return torch.from_numpy(direction.array.copy())


def as_vector(recipe: Recipe, generator: "StagedGenerator") -> Vector:
    """What a recipe's latent evaluates to, in the space that it lives in; drawing it gives the same picture."""
    spec, latent = generator.spec, recipe.latent
    with torch.no_grad():
        if not spec.has_mapping:
            return Vector.of(z_of(latent, spec, generator.normalise)[0].cpu().numpy(), "w")
        if space_of(latent, True) == "z":
            return Vector.of(z_of(latent, spec)[0].numpy(), "z")
        label, codes = conditions(recipe, spec)
        return Vector.of(_evaluate_w(latent, generator, label, codes)[0].cpu().numpy(), "w")


def z_of(
    latent: Expression,
    spec: Spec,
    normalise: Callable[[Tensor], Tensor] | None = None,
    remember: Remember = forget,
) -> Tensor:
    """z (1, z_dim) of an expression that lives in z, see `recipe.space_of`.

    `normalise` is what a family without a mapping network makes of its noise. It is done to each seed and vector
    before they are combined, so that everything is combined in w. `remember` may keep what the latent is made of:
    while a slider moves a dimension, that is the same at every tick.
    """
    match latent:
        case Seed():
            corners = latent.corners()
            z = seeds([seed for seed, _ in corners], spec.z_dim, latent.within)
            z = z if normalise is None else normalise(z)
            return _blend(z, [weight for _, weight in corners]) if latent.on_plane else z
        case Vector(space="w") if not spec.has_mapping:
            size = spec.w_dim if latent.array is not None and latent.array.shape[-1] == spec.w_dim else spec.z_dim
            return _array(latent, (1, size))[:, 0, : spec.z_dim]  # the recipe's own conditions follow
        case Vector():
            z = _array(latent, (spec.z_dim,))
            return z if normalise is None else normalise(z)
        case Mapped(base):
            return z_of(base, spec, normalise, remember)
        case _:

            def value(part: Expression) -> Tensor:
                return remember(("z", part), lambda: z_of(part, spec, normalise, remember))

            return _combine(latent, value, torch.ones(1, spec.z_dim))


def _evaluate_w(
    latent: Expression,
    generator: "StagedGenerator",
    label: Tensor | None,
    codes: Mapping[str, Tensor],
    moves: Sequence[Move] = (),
    remember: Remember = forget,
) -> Tensor:
    """w (1, num_ws, w_dim) of an expression, its z moved first, where `moves` in z are given."""
    spec = generator.spec

    def shifted(z: Tensor) -> Tensor:
        for move in moves:
            z = z + move.amount * _direction(move.direction, {(spec.z_dim,)}).to(z)
        return z

    if not spec.has_mapping:
        noise = shifted(z_of(latent, spec, generator.normalise, remember)).to(generator.device)
        return generator.concatenate_conditions(noise, label, codes)

    def mapped(z: Tensor) -> Tensor:
        return generator.mapping(
            z,
            None if label is None else label.expand(len(z), -1),
            {name: value.expand(len(z), -1) for name, value in codes.items()} or None,
        )

    if space_of(latent, True) == "z":
        return mapped(shifted(z_of(latent, spec, remember=remember)))
    match latent:  # in w: what it is made of is moved in z, part by part
        case Seed():
            corners = latent.corners()
            w = mapped(shifted(seeds([seed for seed, _ in corners], spec.z_dim, latent.within)))
            return torch.einsum("n,nkd->kd", torch.tensor([weight for _, weight in corners]).to(w), w)[None]
        case Vector():
            if moves:
                raise ValueError("a direction in z needs a latent that comes from z, this one is a vector in w")
            return _array(latent, (spec.num_ws, spec.w_dim)).to(generator.device)
        case Mapped(base):
            return _evaluate_w(base, generator, label, codes, moves, remember)
        case _:
            unit = w_statistics(generator)[1][None] if isinstance(latent, Offset) else None

            def value(part: Expression) -> Tensor:
                return remember(("w", part), lambda: _evaluate_w(part, generator, label, codes, moves, remember))

            return _combine(latent, value, unit)


def _combine(latent: Expression, value: Callable[[Expression], Tensor], unit: Tensor | None) -> Tensor:
    """The inner nodes, the same in z and w; `unit` (1, ..., size) is what an offset of 1 moves by."""
    match latent:
        case Mean(items):
            return torch.stack([value(item) for item in items]).mean(0)
        case Sum(terms):
            return torch.stack([weight * value(item) for weight, item in terms]).sum(0)
        case Lerp(a, b, t):
            return lerp(value(a), value(b), t)
        case Slerp(a, b, t):
            return slerp(value(a), value(b), t)
        case Offset(base, values):
            moved = value(base).clone()
            assert unit is not None
            for dimension, amount in values:
                if not 0 <= dimension < moved.shape[-1]:
                    raise ValueError(f"offset: expected a dimension from 0 to {moved.shape[-1] - 1}, got {dimension}")
                moved[..., dimension] += amount * unit.to(moved)[..., dimension]
            return moved
    raise TypeError(f"not a latent expression: {latent!r}")


def _blend(z: Tensor, weights: list[float]) -> Tensor:
    """The corners z (N, z_dim) blended, the weights over their root sum of squares: as long as the corners are."""
    shares = torch.tensor(weights, dtype=torch.float32)
    return (shares[:, None] * z).sum(0, keepdim=True) / shares.norm()


def _array(vector: Vector, shape: tuple[int, ...]) -> Tensor:
    """A vector's array as (1, *shape); in w one row may stand for all style inputs."""
    if vector.array is None:
        raise ValueError(f"latent: the array {vector.digest[:12]}... was not loaded with the recipe")
    array = torch.from_numpy(vector.array.copy())
    if array.ndim < len(shape):
        array = array.expand(*shape) if array.shape[-1] == shape[-1] else array
    if array.shape != shape:
        raise ValueError(f"latent: the model reads arrays of shape {shape}, got {tuple(array.shape)}")
    return array[None]
