"""The short notation in which people say what is done to single layers: LAYERS=VALUE."""

import re

from ganviz.edits import LayerNoise, Mix, UnitEdit, ranges
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.mixing import format_layers, parse_layers, parse_noise_layers
from ganviz.notation import format_number, format_seed, parse_seeds
from ganviz.spec import Spec

NUMBER = r"[+-]?\d+(?:\.\d*)?"
MOST_PSIS = 64


def parse_mix(text: str, spec: Spec) -> Mix:
    """`coarse=1000` or `0-3=1000*0.5`: layers, the seed that their styles come from, and how much of it.

    Raises ValueError for what could not be read, as all of these do.
    """
    layers, value = _halves(text, "LAYERS=SEED or LAYERS=SEED*AMOUNT")
    seed, times, amount = value.partition("*")
    if times and not re.fullmatch(NUMBER, amount):
        raise ValueError(f"{text!r}: expected a number behind *")
    seeds = parse_seeds(seed)
    if len(seeds) != 1:
        raise ValueError(f"{text!r}: expected one seed, got {len(seeds)}; give the option again for another")
    return Mix(seeds[0], parse_layers(layers, spec), float(amount) if times else 1.0)


def parse_layer_psi(text: str, spec: Spec) -> tuple[tuple[int, float], ...]:
    """`fine=1` or `0,2-3=0.5`: layers and the psi that they have whatever the cutoff."""
    layers, psi = _halves(text, "LAYERS=PSI")
    if not re.fullmatch(NUMBER, psi):
        raise ValueError(f"{text!r}: expected a number behind =")
    return tuple((layer, float(psi)) for layer in parse_layers(layers, spec))


def parse_layer_noise(text: str, spec: Spec) -> tuple[LayerNoise, ...]:
    """`fine=0` or `0-2=1.5@7`: layers that add noise, its strength there (1 as learnt), and a seed of their own."""
    layers, value = _halves(text, "LAYERS=STRENGTH or LAYERS=STRENGTH@SEED")
    found = re.fullmatch(rf"({NUMBER})(?:@(\d+))?", value)
    seed = int(found[2]) if found and found[2] else None
    if not found or (seed is not None and seed >= SEED_LIMIT):
        raise ValueError(f"{text!r}: expected a strength behind =, and perhaps @ and a seed")
    return tuple(LayerNoise(layer, float(found[1]), seed) for layer in parse_noise_layers(layers, spec))


def parse_layer(text: str, spec: Spec) -> int:
    """A layer by its number or its name (any case), as an index into the spec's layers."""
    names = [layer.name.casefold() for layer in spec.layers]
    name = text.strip().casefold()
    if name in names:
        return names.index(name)
    if name.isdecimal() and int(name) < len(names):
        return int(name)
    known = ", ".join(layer.name for layer in spec.layers)
    raise ValueError(f"{text!r}: expected a layer from 0 to {len(names) - 1}, or one of {known}")


def parse_units(text: str, spec: Spec) -> UnitEdit:
    """`32x32:5,17=0` or `1:0-3=2+0.5`: a layer, units of it or `all`, what they are taken times, what is added."""
    place, value = _halves(text, "LAYER:UNITS=GAIN or LAYER:UNITS=GAIN+LIFT")
    name, colon, which = place.rpartition(":")
    found = re.fullmatch(rf"({NUMBER})([+-]\d+(?:\.\d*)?)?", value)
    if not (colon and name and found):
        raise ValueError(f"{text!r}: expected a layer and its units, as in 1:5,17=0, and a gain behind =")
    layer = parse_layer(name, spec)
    units = None if which.strip().lower() == "all" else _units(which, spec.layers[layer].channels)
    return UnitEdit(layer, units, float(found[1]), float(found[2] or 0))


def parse_psis(text: str) -> tuple[float, ...]:
    """`1,0.7,0,-1`, or `-1:1:5` for so many evenly from one to the other."""
    spread = re.fullmatch(rf"({NUMBER}):({NUMBER}):(\d+)", text.strip())
    if spread and 2 <= int(spread[3]) <= MOST_PSIS:
        first, last, count = float(spread[1]), float(spread[2]), int(spread[3])
        return tuple(round(first + (last - first) * k / (count - 1), 6) for k in range(count))
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_PSIS or not all(re.fullmatch(NUMBER, part) for part in parts):
        raise ValueError(f"{text!r}: expected psis like 1,0.7,0,-1 or -1:1:7, at most {MOST_PSIS}")
    return tuple(float(part) for part in parts)


def format_mix(mix: Mix, spec: Spec) -> str:
    """A mix with a seed as `parse_mix` reads it."""
    assert isinstance(mix.latent, Seed)
    amount = "" if mix.amount == 1 else f"*{format_number(mix.amount)}"
    return f"{format_layers(mix.layers, spec)}={format_seed(mix.latent)}{amount}"


def format_layer_psis(psis: tuple[tuple[int, float], ...]) -> list[str]:
    """Psi by layer as `parse_layer_psi` reads it, one text for each psi."""
    values = dict.fromkeys(psi for _, psi in psis)
    return [f"{ranges(tuple(k for k, own in psis if own == psi))}={format_number(psi)}" for psi in values]


def format_layer_noises(noises: tuple[LayerNoise, ...]) -> list[str]:
    """Noise by layer as `parse_layer_noise` reads it, one text for each kind."""
    kinds = dict.fromkeys((item.strength, item.seed) for item in noises)
    return [
        f"{ranges(tuple(item.layer for item in noises if (item.strength, item.seed) == (strength, seed)))}"
        f"={format_number(strength)}{'' if seed is None else f'@{seed}'}"
        for strength, seed in kinds
    ]


def format_units(edit: UnitEdit, spec: Spec) -> str:
    """An edit of units as `parse_units` reads it."""
    which = "all" if edit.units is None else ranges(edit.units)
    lift = format_number(edit.lift) if edit.lift else ""
    sign = "+" if edit.lift > 0 else ""
    return f"{spec.layers[edit.layer].name}:{which}={format_number(edit.gain)}{sign}{lift}"


def format_numbers(values: tuple[float, ...]) -> str:
    """Numbers as `parse_psis` reads them."""
    return ", ".join(f"{value:g}" for value in values)


def _units(text: str, channels: int) -> tuple[int, ...]:
    """`5,17` or `0-3` as units of a layer with so many channels."""
    found: set[int] = set()
    for part in (piece.strip() for piece in text.split(",")):
        span = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if not span or not int(span[1]) <= int(span[2] or span[1]) < channels:
            raise ValueError(f"{part!r}: expected units from 0 to {channels - 1}, like 5,17 or 0-3, or all")
        found.update(range(int(span[1]), int(span[2] or span[1]) + 1))
    return tuple(sorted(found))


def _halves(text: str, form: str) -> tuple[str, str]:
    layers, equals, value = (part.strip() for part in text.partition("="))
    if not (layers and equals and value):
        raise ValueError(f"{text!r}: expected {form}")
    return layers, value
