"""Taking a graph apart from its result backwards, so that no operation is missed and none is left."""

import math

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers.openvino_ir import Graph, Node, Ref

MAX_STEPS = 40
"""Operations that a shape may be computed by, one after the other."""
MAX_SHAPE = 8
"""Whole numbers that it may have on the way."""
SHARED = 1 << 20
"""Bytes of constants that may lie over one another, as small ones do."""


class Walk:
    """A walk through a graph from its result backwards, which notes what it has passed."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._taken: set[int] = set()
        self._shapes: dict[Ref, np.ndarray] = {}
        self._allowance = graph.size + SHARED

    def start(self) -> Ref:
        """What the network gives; it has to be one thing."""
        results = self.graph.of_kind("Result")
        if len(results) != 1 or len(results[0].inputs) != 1:
            raise GanvizError(f"expected a network with one result, got {len(results)}")
        self._taken.add(results[0].number)
        return results[0].inputs[0]

    def node(self, ref: Ref) -> Node:
        """The operation behind an output, passed."""
        self._taken.add(ref[0])
        return self.graph.nodes[ref[0]]

    def kind(self, ref: Ref) -> str:
        """What comes next, without passing it."""
        return self.graph.nodes[ref[0]].kind

    def expect(self, ref: Ref, kind: str, inputs: int) -> Node:
        """Pass an operation, which has to be of this kind."""
        node = self.graph.nodes[ref[0]]
        if node.kind != kind or len(node.inputs) != inputs:
            raise GanvizError(f"{node}: expected {kind} here, as MobileStyleGAN has it")
        return self.node(ref)

    def picture(self, ref: Ref) -> tuple[int, ...]:
        """The shape (1, C, H, W) of feature maps."""
        shape = self.graph.shape(ref)
        if len(shape) != 4 or shape[0] != 1:
            raise GanvizError(f"{self.graph.nodes[ref[0]]}: expected feature maps of one picture, got shape {shape}")
        return shape

    def reads(self, ref: Ref, kind: str) -> bool:
        """Whether the operation behind an output reads one of this kind."""
        return any(self.kind(source) == kind for source in self.graph.nodes[ref[0]].inputs)

    def is_constant(self, ref: Ref) -> bool:
        """Whether numbers stand here, in half precision perhaps and widened when read."""
        return self.kind(ref) == "Const" or (self.kind(ref) == "Convert" and self.reads(ref, "Const"))

    def numbers(self, ref: Ref, *shape: int | None) -> np.ndarray:
        """A constant in float32; `shape`, where given, is the one that it must have, None for any size."""
        if self.kind(ref) == "Convert":
            ref = self.expect(ref, "Convert", 1).inputs[0]
        node = self.expect(ref, "Const", 0)
        found = self.graph.constant(node)
        fits = len(found.shape) == len(shape) and all(
            want in (None, have) for have, want in zip(found.shape, shape, strict=True)
        )
        if found.dtype.kind != "f" or (shape and not fits):
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise GanvizError(f"{node}: expected numbers of shape ({wanted}), got {found.dtype} {found.shape}")
        self._allowance -= found.nbytes
        if self._allowance < 0:
            raise GanvizError(f"{node}: the constants are more than the blob holds, so they overlap; refused")
        return np.asarray(found, np.float32)

    def number(self, ref: Ref) -> float:
        """A constant of a single number."""
        found = self.numbers(ref)
        if found.size != 1:
            raise GanvizError(f"{self.graph.nodes[ref[0]]}: expected a single number, got shape {found.shape}")
        return float(found.reshape(()))

    def exactly(self, ref: Ref, expected: float) -> None:
        """A constant that always is this number."""
        found = self.number(ref)
        if not math.isclose(found, expected, rel_tol=1e-3):
            raise GanvizError(f"{self.graph.nodes[ref[0]]}: expected {expected:.6g}, got {found:.6g}")

    def either(self, ref: Ref, kind: str) -> tuple[Ref, Ref]:
        """The inputs of an operation of two, the constant last."""
        one, two = self.expect(ref, kind, 2).inputs
        one, two = (two, one) if self.is_constant(one) else (one, two)
        if not self.is_constant(two):
            raise GanvizError(f"{self.graph.nodes[ref[0]]}: expected a constant among its inputs")
        return one, two

    def integers(self, ref: Ref, steps: int = MAX_STEPS) -> np.ndarray:
        """Whole numbers that are computed of shapes and constants alone; all operations that do are passed."""
        if ref not in self._shapes:
            self._shapes[ref] = self._integers(self.node(ref), steps)
        return self._shapes[ref]

    def _integers(self, node: Node, steps: int) -> np.ndarray:
        if steps < 0:
            raise GanvizError(f"{node}: a shape is computed in more than {MAX_STEPS} steps; refused")
        if node.kind == "Const":
            found = self.graph.constant(node)
            if found.dtype.kind != "i" or found.size > MAX_SHAPE:
                raise GanvizError(f"{node}: expected a few whole numbers, got {found.dtype} {found.shape}")
            return found.astype(np.int64)
        if node.kind == "ShapeOf" and len(node.inputs) == 1:
            if self.kind(node.inputs[0]) in ("Concat", "Broadcast"):
                self.integers(node.inputs[0], steps - 1)
            return np.array(self.graph.shape(node.inputs[0]), np.int64)
        parts = [self.integers(source, steps - 1) for source in node.inputs]
        try:
            match node.kind, parts:
                case "Concat", [_, *_]:
                    found = np.concatenate(parts)
                case "Gather", [values, index, axis] if not axis.any():
                    found = values[index]
                case "Unsqueeze", [values, axes] if not axes.any():
                    found = values[None]
                case "Squeeze", [values, axes] if not axes.any():
                    found = values[0]
                case "Broadcast", [values, shape] if shape.size == 1 and 0 < int(shape[0]) <= MAX_SHAPE:
                    found = np.broadcast_to(values, tuple(shape))
                case _:
                    raise GanvizError(f"{node}: expected what computes a shape")
        except (ValueError, IndexError, TypeError) as error:
            raise GanvizError(f"{node}: does not compute a shape ({error})") from error
        if found.size > MAX_SHAPE:
            raise GanvizError(f"{node}: expected a shape, got {found.size} numbers")
        return found

    def reshaped(self, ref: Ref, *shape: int) -> Ref:
        """Pass a reshape to `shape`, whose first size, the number of images, may also be left open."""
        node = self.expect(ref, "Reshape", 2)
        found = tuple(int(size) for size in self.integers(node.inputs[1]).ravel())
        known = math.prod(shape)
        filled = tuple(known // max(1, -math.prod(found)) if size == -1 else size for size in found)
        if filled != shape:
            raise GanvizError(f"{node}: expected a reshape to {shape}, got {found}")
        return node.inputs[0]

    def finish(self) -> None:
        """GanvizError unless every operation has been passed."""
        left = [node for number, node in self.graph.nodes.items() if number not in self._taken]
        if left:
            some = ", ".join(map(str, left[:4])) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
            raise GanvizError(f"{self.graph.name}: no rule takes {some}, so this is not MobileStyleGAN as it is known")
