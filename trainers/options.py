"""What an option of a trainer is, what it may be, and configs out of options. No torch."""

from collections.abc import Mapping
from dataclasses import Field, field, fields, replace
from typing import Any

from ganviz.errors import GanvizError
from trainers.presets import OBJECTIVES, PRESETS

GROUPS = ("model", "growth", "objective", "optimisation", "data", "budget", "machine", "card")
"""The groups of the options, in the order that help and forms show them."""


def option(
    default: Any,
    help: str,
    group: str,
    *,
    choices: tuple[Any, ...] = (),
    low: float | None = None,
    high: float | None = None,
    fixed: bool = False,
) -> Any:
    """A field with what a flag or a form needs to know; `fixed` ones cannot change when a run is resumed."""
    metadata = {"help": help, "group": group, "choices": choices, "low": low, "high": high, "fixed": fixed}
    return field(default=default, metadata=metadata)


def defaults(kind: type[Any], arch: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What each option is where it is not given: the preset's value, or what the given objective needs."""
    preset = given.get("preset", "modern")
    if preset not in PRESETS[arch]:
        raise GanvizError(f"--preset: expected {' or '.join(PRESETS[arch])}, got {preset!r}")
    own = {item.name: item.default for item in fields(kind)}
    needs = OBJECTIVES[arch].get(given.get("objective", ""), {})
    return {**own, **PRESETS[arch][preset], **needs}


def make(kind: type[Any], arch: str, given: Mapping[str, Any]) -> Any:
    """A config from explicit options over the objective's needs over the preset's defaults."""
    return kind(**{**defaults(kind, arch, given), **given})


def resumed(stored: Any, given: Mapping[str, Any]) -> Any:
    """The stored config with the explicit options that may change on resuming."""
    for item in fields(stored):
        if item.name in given and item.metadata.get("fixed") and given[item.name] != getattr(stored, item.name):
            flag = item.name.replace("_", "-")
            began = getattr(stored, item.name)
            raise GanvizError(
                f"--{flag} {given[item.name]}: the run was started with {began} and this cannot change; "
                "leave it out, or start a new run"
            )
    return replace(stored, **given)


def from_json(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A config as its run folder keeps it; options that this version does not know are an error."""
    known = {item.name for item in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise GanvizError(f"the run has an option that this version does not know: {unknown[0]}; update ganviz")
    return kind(**values)


def check_norm(config: Any) -> None:
    """Gradient penalties measure D's slope at one image; batch norm would let the others in."""
    if config.d_norm == "batch" and (config.objective == "wgan-gp" or config.r1_gamma > 0):
        raise GanvizError(
            "--d-norm batch: gradient penalties need each image judged alone; use --d-norm none, or --r1-gamma 0"
        )


def check_parts(config: Any, processes: int = 1) -> None:
    """A step's parts are equal, and of at least two images: of one alone no batch norm can be taken."""
    parts = config.accumulate * processes
    who = f"--accumulate {config.accumulate}" + (f" in {processes} processes" if processes > 1 else "")
    for size in config.step_sizes:
        if size % parts or size < 2 * parts:
            raise GanvizError(f"{who}: expected equal parts of two images or more, got a step of {size}; see --batch")


def listed(text: str) -> tuple[str, ...]:
    """The parts of a list joined by commas; "none" and nothing are empty."""
    return () if text in ("", "none") else tuple(part.strip() for part in text.split(","))


def check(item: Field[Any], value: Any) -> None:
    flag = "--" + item.name.replace("_", "-")
    kind = type(item.default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise GanvizError(f"{flag}: expected {_kind_text(kind)}, got {value!r}")
    choices, low, high = item.metadata["choices"], item.metadata["low"], item.metadata["high"]
    if choices and value not in choices:
        raise GanvizError(f"{flag}: expected {', '.join(map(str, choices))}, got {value!r}")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        span = f"from {low}" if high is None else f"{low} to {high}"
        raise GanvizError(f"{flag}: expected {span}, got {value!r}")


def _kind_text(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "yes or no", str: "text"}[kind]
