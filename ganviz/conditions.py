"""Class and codes of several pictures added up: what arithmetic does to them beside the latents. No torch."""

from collections.abc import Sequence

from ganviz.recipe import Recipe, class_weights
from ganviz.spec import Code, Spec

Codes = tuple[tuple[str, tuple[float, ...]], ...]
Shares = Sequence[tuple[float, Recipe]]
"""Pictures with their signed weights."""


def label_of(recipe: Recipe, spec: Spec) -> tuple[float, ...] | None:
    """A picture's class weights; class 0 where it has none of this model, None where the model has no classes."""
    if not spec.num_classes:
        return None
    fitting = recipe.label is not None and len(recipe.label) == spec.num_classes
    return recipe.label if fitting else class_weights(0, spec.num_classes)


def code_of(recipe: Recipe, code: Code) -> tuple[float, ...]:
    """A picture's value of a code; category 0 or continuous 0 where it has none of this model."""
    value = dict(recipe.codes).get(code.name, ())
    if len(value) == code.size:
        return value
    return class_weights(0, code.size) if code.kind == "categorical" else (0.0,) * code.size


def label_sum(shares: Shares, spec: Spec) -> tuple[float, ...] | None:
    """The class weights added up: none below 0, all together 1."""
    if not spec.num_classes:
        return None
    return _mixed([(weight, label_of(recipe, spec) or ()) for weight, recipe in shares])


def code_sums(shares: Shares, spec: Spec) -> Codes:
    """The codes added up, categories like classes."""
    found = []
    for code in spec.codes:
        values = [(weight, code_of(recipe, code)) for weight, recipe in shares]
        found.append((code.name, _mixed(values) if code.kind == "categorical" else _total(values)))
    return tuple(sorted(found))


def _total(values: Sequence[tuple[float, tuple[float, ...]]]) -> tuple[float, ...]:
    """Weighted sum, rounded so that what cancels is 0 and what adds up to 1 is 1."""
    columns = zip(*(value for _, value in values), strict=True)
    weights = [weight for weight, _ in values]
    return tuple(
        round(sum(weight * entry for weight, entry in zip(weights, column, strict=True)), 6) + 0.0 for column in columns
    )


def _mixed(values: Sequence[tuple[float, tuple[float, ...]]]) -> tuple[float, ...]:
    """Weights of classes added up: none below 0, all together 1; where nothing is left, those of the first."""
    total = [max(0.0, entry) for entry in _total(values)]
    size = sum(total)
    return tuple(round(entry / size, 6) for entry in total) if size > 0 else values[0][1]
