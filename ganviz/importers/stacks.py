"""Reading a stack of transposed convolutions off the shapes of its weights: what DCGANs of all homes have in common.

Activations have no weights, so their places in a Sequential do not matter; strides have none either, and follow from
the kernel as the networks of this kind have them. Where a kernel leaves a choice, the picture's size decides.
"""

import re
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers.inert import Array
from ganviz.importers.transfer import Transfer

MAX_CONVS = 32
EPS = 1e-5
"""Of torch's batch norm."""
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
AFFINE = ("weight", "bias")
# (stride, padding, output_padding), the usual one first
STRIDES: dict[int, tuple[tuple[int, int, int], ...]] = {
    1: ((1, 0, 0),),
    2: ((2, 0, 0),),
    3: ((1, 1, 0), (2, 1, 1), (2, 1, 0)),
    4: ((2, 1, 0), (1, 0, 0), (1, 1, 0)),
    5: ((2, 2, 1), (1, 2, 0)),
    6: ((2, 2, 0),),
    7: ((1, 3, 0),),
    8: ((4, 2, 0),),
}


@dataclass(slots=True)
class Part:
    """One convolution by the prefix of its names, with the norm behind it."""

    conv: str
    shape: tuple[int, ...]
    norm: str | None = None


@dataclass(slots=True)
class Stack:
    """The convolutions in order, among the weights that they are of; what is left over there, `take_stack` leaves."""

    weights: dict[str, Array]
    parts: list[Part] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.parts[0].shape[0]

    @property
    def channels(self) -> int:
        return self.parts[-1].shape[1]


def find_stack(weights: dict[str, Array]) -> Stack | None:
    """The stack that these weights are, in the file's order or in that of the numbers in their names; else None."""
    if not 3 <= len(weights) <= MAX_CONVS * 8:
        return None
    return _parse(weights) or _parse(dict(sorted(weights.items(), key=lambda pair: _natural(pair[0]))))


def stages_of(stack: Stack, resolution: int | None) -> tuple[list[dict[str, Any]], int, str]:
    """The stages as a configuration lists them, the picture's side, and what had to be assumed ("" where nothing).

    Raises GanvizError where no strides give the `resolution` that was asked for.
    """
    kernels = [part.shape[2] for part in stack.parts]
    for part in stack.parts:
        if part.shape[2] != part.shape[3]:
            raise GanvizError(f"{part.conv}.weight: expected a square kernel, got {part.shape[2]}x{part.shape[3]}")
    choices = [_choices(kernels, k) for k in range(len(kernels))]
    ways = sorted(
        product(*(range(len(options)) for options in choices[:12])), key=lambda way: (sum(map(bool, way)), way)
    )
    chosen = None
    for way in ways[:4096]:
        steps = [options[way[k] if k < len(way) else 0] for k, options in enumerate(choices)]
        if resolution is None or _side(kernels, steps) == resolution:
            chosen = steps
            break
    if chosen is None:
        usual = _side(kernels, [options[0] for options in choices])
        raise GanvizError(
            f"--resolution: no strides of kernels {kernels} give {resolution} pixels a side; usual ones give {usual}"
        )
    side = _side(kernels, chosen)
    open_ended = sorted({kernel for kernel in kernels[1:] if kernel == 3 or kernel == 5})
    assumed = ""
    if resolution is None and open_ended:
        assumed = (
            f"kernels of {' and '.join(map(str, open_ended))} can have several strides; taken for {side} px, "
            "--resolution says otherwise"
        )
    stages = []
    for k, (part, (stride, padding, extra)) in enumerate(zip(stack.parts, chosen, strict=True)):
        stages.append(
            {
                "channels": part.shape[1],
                "kernel": part.shape[2],
                "stride": stride,
                "padding": padding,
                "extra": extra,
                "bias": f"{part.conv}.bias" in stack.weights,
                "norm": part.norm is not None,
            }
        )
        if k == len(stack.parts) - 1 and part.norm is not None:
            raise GanvizError(f"{part.norm}: batch norm behind the last convolution is not read")
    return stages, side, assumed


def take_stack(stack: Stack, transfer: Transfer, eps: float = EPS) -> dict[str, np.ndarray]:
    """The native tensors of the stack.

    Batch norms of another `eps` get it into their variances, which comes to the same.
    """
    tensors: dict[str, np.ndarray] = {}
    for k, part in enumerate(stack.parts):
        tensors[f"convs.{k}.weight"] = transfer.take(f"{part.conv}.weight", *part.shape)
        if f"{part.conv}.bias" in transfer:
            tensors[f"convs.{k}.bias"] = transfer.take(f"{part.conv}.bias", part.shape[1])
        if part.norm is None:
            continue
        width = part.shape[1]
        for leaf in AFFINE:
            name = f"{part.norm}.{leaf}"
            plain = np.full(width, 1.0 if leaf == "weight" else 0.0, np.float32)
            tensors[f"norms.{k}.{leaf}"] = transfer.take(name, width) if name in transfer else plain
        tensors[f"norms.{k}.running_mean"] = transfer.take(f"{part.norm}.running_mean", width)
        tensors[f"norms.{k}.running_var"] = transfer.take(f"{part.norm}.running_var", width) + np.float32(eps - EPS)
        tensors[f"norms.{k}.num_batches_tracked"] = np.zeros((), np.int64)
        transfer.skip([f"{part.norm}.num_batches_tracked"])
    return tensors


def _parse(weights: dict[str, Array]) -> Stack | None:
    groups: dict[str, dict[str, Array]] = {}
    for name, array in weights.items():
        prefix, _, leaf = name.rpartition(".")
        groups.setdefault(prefix, {})[leaf] = array
    stack = Stack(weights)
    taken = 0
    for prefix, group in groups.items():
        shape = group["weight"].shape if "weight" in group else None
        if shape is not None and len(shape) == 4 and set(group) <= {"weight", "bias"}:
            if stack.parts and stack.channels != shape[0]:
                return None
            stack.parts.append(Part(prefix, shape))
            taken += len(group)
        elif "running_mean" in group and set(group) <= {*STATISTICS, *AFFINE} and stack.parts:
            if group["running_mean"].shape != (stack.channels,) or stack.parts[-1].norm is not None:
                return None
            stack.parts[-1].norm = prefix
            taken += len(group)
    found = 2 <= len(stack.parts) <= MAX_CONVS and stack.channels in (1, 3)
    return stack if found and 2 * taken > len(weights) else None


def _choices(kernels: list[int], k: int) -> tuple[tuple[int, int, int], ...]:
    """The strides that convolution k may have: over a single pixel it spreads that pixel out."""
    kernel = kernels[k]
    if all(before == 1 for before in kernels[:k]):
        return ((1, 0, 0),)
    return STRIDES.get(kernel, ((1, kernel // 2, 0),) if kernel % 2 else ((2, kernel // 2 - 1, 0),))


def _side(kernels: list[int], steps: list[tuple[int, int, int]]) -> int:
    side = 1
    for kernel, (stride, padding, extra) in zip(kernels, steps, strict=True):
        side = (side - 1) * stride - 2 * padding + kernel + extra
    return side


def _natural(name: str) -> list[Any]:
    """A sorting key by which 10 comes after 9; weights before biases does not matter."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
