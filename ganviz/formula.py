"""Arithmetic of latents as people write it: `mean(1,2,3) - mean(4,5,6) + 0.5*mean(7,8-15)`.

    formula := ["+" | "-"] term (("+" | "-") term)*
    term    := [number "*"] (seed | "mean(" seeds ")")
    seeds   := as `notation.parse_seeds` reads them: 0,3,8-15; 1402@0.31/-0.12 on the seed plane; 7~1.5 cut

Numbers that stand alone are seeds, before a `*` they are coefficients. Spaces mean nothing, except that within
`mean(...)` a range is written without any.
"""

import re
from collections.abc import Iterable

from ganviz.expression import Seed
from ganviz.notation import format_seed, parse_seeds

Terms = tuple[tuple[float, tuple[Seed, ...]], ...]
"""((signed weight, seeds that are averaged), ...)"""

MOST_TEXT = 20_000
MOST_TERMS = 64
MOST_ITEMS = 1024
MOST_WEIGHT = 1000.0

_TYPED = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*"})
"""Signs that programs and people put in place of those on the keyboard; one letter each, so that places stay."""
_SPACE = re.compile(r"\s*")
_SIGN = re.compile(r"[+-]")
_WEIGHT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*\*")
_SEED = re.compile(r"\d+(?:@[+-]?\d+(?:\.\d+)?/[+-]?\d+(?:\.\d+)?)?(?:~\d+(?:\.\d+)?)?(?![\w.@~])")
_MEAN = re.compile(r"mean\s*\(", re.IGNORECASE)
_ITEM = "a seed or mean(...)"


def parse_formula(text: str) -> Terms:
    """The terms of a formula, in order. Raises ValueError that names the place where it cannot be read."""
    if len(text) > MOST_TEXT:
        raise ValueError(f"expected at most {MOST_TEXT} characters, got {len(text)}")
    reader = _Reader(text.translate(_TYPED))
    terms: list[tuple[float, tuple[Seed, ...]]] = []
    while not terms or not reader.at_end:
        terms.append(reader.term(first=not terms))
        if len(terms) > MOST_TERMS or sum(len(seeds) for _, seeds in terms) > MOST_ITEMS:
            raise ValueError(f"expected at most {MOST_TERMS} terms with {MOST_ITEMS} seeds in all")
    return tuple(terms)


def format_formula(terms: Iterable[tuple[float, Iterable[Seed]]]) -> str:
    """The terms as `parse_formula` reads them; weights keep six digits after the point."""
    said = ""
    for weight, seeds in terms:
        names = [format_seed(seed) for seed in seeds]
        sign = "-" if weight < 0 else "+" if said else ""
        size = f"{abs(weight):.6f}".rstrip("0").rstrip(".")
        term = names[0] if len(names) == 1 else f"mean({','.join(names)})"
        said += f" {sign} " if said else sign
        said += term if size == "1" else f"{size}*{term}"
    return said


class _Reader:
    """A formula and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._skip_space()

    @property
    def at_end(self) -> bool:
        return self.at == len(self.text)

    def term(self, first: bool = False) -> tuple[float, tuple[Seed, ...]]:
        sign = self._take(_SIGN)
        if sign is None and not first:
            raise self._error("+ or - between terms")
        begin = self.at
        factor = self._take(_WEIGHT)
        weight = 1.0 if factor is None else float(factor[1])
        if weight > MOST_WEIGHT:
            raise self._error(f"a coefficient up to {MOST_WEIGHT:g}", begin)
        return (-weight if sign is not None and sign[0] == "-" else weight), self._item()

    def _item(self) -> tuple[Seed, ...]:
        if self._take(_MEAN) is not None:
            return self._mean()
        begin = self.at
        seed = self._take(_SEED)
        if seed is None:
            raise self._error(_ITEM)
        return self._seeds(seed[0], begin)

    def _mean(self) -> tuple[Seed, ...]:
        """What stands between the brackets, the first of which has been read."""
        begin = self.at
        end = self.text.find(")", begin)
        if end < 0:
            raise self._error(") after the seeds", len(self.text))
        found: list[Seed] = []
        for piece in self.text[begin:end].split(","):
            place = begin + len(piece) - len(piece.lstrip())
            found += self._seeds(piece.strip(), place)
            begin += len(piece) + 1
        self.at = end + 1
        self._skip_space()
        return tuple(found)

    def _seeds(self, piece: str, place: int) -> tuple[Seed, ...]:
        if not piece:
            raise self._error("a seed", place)
        try:
            return parse_seeds(piece)
        except ValueError as error:
            raise ValueError(f"at character {place + 1}, {error}") from None

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What stands here, if it is that; the space behind it is passed over."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
            self._skip_space()
        return found

    def _skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _error(self, wanted: str, place: int | None = None) -> ValueError:
        """What was expected where, and what stands there."""
        at = self.at if place is None else place
        rest = self.text[at : at + 20] + ("…" if len(self.text) > at + 20 else "")
        return ValueError(f"at character {at + 1}, expected {wanted}, got {repr(rest) if rest else 'the end'}")
