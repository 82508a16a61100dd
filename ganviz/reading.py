"""Checks of values that came out of untrusted JSON: what was expected, what came, said in one line."""

from typing import Any

from ganviz.errors import GanvizError


def expect(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        wanted = {"dict": "an object", "list": "a list"}.get(kind.__name__, kind.__name__)
        raise GanvizError(f"{name}: expected {wanted}, got {type(value).__name__}")
    return value


def number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise GanvizError(f"{name}: expected a finite number, got {value!r:.40}")
    return float(value)


def whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1 << 53:
        raise GanvizError(f"{name}: expected a whole number, got {value!r:.40}")
    return value


def numbers(value: Any, name: str, count: int | None = None) -> tuple[float, ...]:
    expect(value, list, name)
    if len(value) > 65536 or (count is not None and len(value) != count):
        raise GanvizError(f"{name}: expected {count or 'at most 65536'} numbers, got {len(value)}")
    return tuple(number(item, name) for item in value)
