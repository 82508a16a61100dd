"""The short notation in which people say what is done to single layers: LAYERS=VALUE."""

import re

from ganviz.edits import LayerNoise, Mix
from ganviz.expression import SEED_LIMIT
from ganviz.mixing import parse_layers, parse_noise_layers
from ganviz.notation import parse_seeds
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


def format_numbers(values: tuple[float, ...]) -> str:
    """Numbers as `parse_psis` reads them."""
    return ", ".join(f"{value:g}" for value in values)


def _halves(text: str, form: str) -> tuple[str, str]:
    layers, equals, value = (part.strip() for part in text.partition("="))
    if not (layers and equals and value):
        raise ValueError(f"{text!r}: expected {form}")
    return layers, value
