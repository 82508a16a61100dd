"""The short notation in which people write seeds, classes and codes on a command line or into a field."""

import re
from decimal import Decimal

from ganviz.expression import SEED_LIMIT, WITHIN_LEAST, WITHIN_MOST, Seed
from ganviz.recipe import class_weights
from ganviz.spec import Card, Spec

MOST_SEEDS = 65_536

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_POINT = re.compile(rf"(\d+)@({_NUMBER})/({_NUMBER})")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def parse_seeds(text: str) -> tuple[Seed, ...]:
    """`0,3,8-15` as seeds; `1402@0.31/-0.12` is the point right of and below seed 1402 on the seed plane.

    `~1.5` behind a part cuts the normal distribution that its z is drawn from at 1.5, see `Seed.within`.
    Raises ValueError with the part that could not be read.
    """
    found: list[Seed] = []
    for part in (piece.strip() for piece in text.split(",")):
        place, cut, bound = part.partition("~")
        point, span = _POINT.fullmatch(place), _RANGE.fullmatch(place)
        within = _within(bound, part) if cut else None
        if point:
            _check(int(point[1]), part)
            found.append(Seed(int(point[1]), within=within).moved(float(point[2]), float(point[3])))
        elif span:
            first, last = int(span[1]), int(span[2] or span[1])
            _check(last, part)
            if last < first:
                raise ValueError(f"{part!r}: expected a range from low to high")
            if len(found) + last - first >= MOST_SEEDS:
                raise ValueError(f"{part!r}: expected at most {MOST_SEEDS} seeds in all")
            found.extend(Seed(number, within=within) for number in range(first, last + 1))
        else:
            raise ValueError(
                f"{part!r}: expected seeds like 0,3,8-15 or a point of the seed plane like 1402@0.31/-0.12"
            )
    return tuple(found)


def format_seed(seed: Seed) -> str:
    """The seed as `parse_seeds` reads it."""

    at = f"@{format_number(seed.right)}/{format_number(seed.down)}" if seed.on_plane else ""
    return f"{seed.seed}{at}" if seed.within is None else f"{seed.seed}{at}~{format_number(seed.within)}"


def format_number(value: float) -> str:
    """A number in plain decimals, with as many places as it takes to read the same number back."""
    text = format(Decimal(repr(float(value))), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def parse_label(text: str, spec: Spec, card: Card) -> tuple[float, ...]:
    """A class by its index or name (any case) as class weights. Raises ValueError saying what the model has."""
    if not spec.num_classes:
        raise ValueError("the model has no classes, leave --label out")
    names = [name.casefold() for name in card.class_names]
    if text.casefold() in names:
        return class_weights(names.index(text.casefold()), spec.num_classes)
    if text.isdecimal() and int(text) < spec.num_classes:
        return class_weights(int(text), spec.num_classes)
    named = f" or one of {', '.join(card.class_names)}" if card.class_names else ""
    raise ValueError(f"{text!r}: expected a class from 0 to {spec.num_classes - 1}{named}")


def parse_code(text: str, spec: Spec) -> tuple[str, tuple[float, ...]]:
    """`NAME=V`: a category's number for a categorical code, the value for a continuous one."""
    name, equals, value = text.partition("=")
    code = next((code for code in spec.codes if code.name == name), None)
    if not equals or code is None:
        known = ", ".join(code.name for code in spec.codes) or "none"
        raise ValueError(f"{text!r}: expected NAME=VALUE with one of the model's codes: {known}")
    if code.kind == "categorical":
        if not (value.isdecimal() and int(value) < code.size):
            raise ValueError(f"{text!r}: expected a category from 0 to {code.size - 1}")
        return name, class_weights(int(value), code.size)
    try:
        return name, (float(value),)
    except ValueError:
        raise ValueError(f"{text!r}: expected a number") from None


def _within(text: str, part: str) -> float:
    if not re.fullmatch(r"\d+(?:\.\d+)?", text) or not WITHIN_LEAST <= float(text) <= WITHIN_MOST:
        raise ValueError(f"{part!r}: expected a bound from {WITHIN_LEAST:g} to {WITHIN_MOST:g} behind ~")
    return float(text)


def _check(number: int, part: str) -> None:
    if number >= SEED_LIMIT:
        raise ValueError(f"{part!r}: expected seeds from 0 to {SEED_LIMIT - 1}")


def format_kimg(images: int) -> str:
    """How many images a training has seen, in thousands, with the digits that matter: 0.51, 12.8, 1,234."""
    thousands = images / 1000
    return f"{thousands:,.{2 if thousands < 9.995 else 1 if thousands < 99.95 else 0}f}"
