"""MobileStyleGAN as OpenVINO networks: a graph that maps z to w and one that draws w.

The graphs are taken apart from their results backwards, operation by operation. What computes with shapes (shape of,
gather, concatenate) is worked out on the way. By the end every operation and every constant of both graphs has been
taken by one of the rules below, or the file is refused with the name of what is left.

The networks were made for speed, so that some factors stand inside others: what demodulates is in the weights, the
strength of noise in its planes (it is taken to be their root mean square here). Feature maps that the inverse Haar
transform reads are put into the native order, see `mobilestylegan.inverse_haar`.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.openvino_ir import Graph, Ref, read_graph
from ganviz.importers.openvino_walk import Walk
from ganviz.importers.reader import Source

SLOPE = 0.2
MAPPING_LR = 0.01
"""What native weights of the mapping network are stored by."""
MAX_LAYERS = 64
HALF = math.sqrt(0.5)
BANDS = {(1, 1): 0, (-1, 1): 1, (1, -1): 2, (-1, -1): 3}
"""Native place of a band by the signs of its second taps, down and across."""


class OpenVINO:
    """Two .xml files with their .bin: given either, the other is looked for beside it."""

    label = "OpenVINO network (MobileStyleGAN)"
    arch = "mobilestylegan"
    asks: tuple[str, ...] = ()

    def recognises(self, source: Source) -> bool:
        if source.kind != "other":
            return False
        try:
            with source.path.open("rb") as file:
                return b"<net " in file.read(4096)
        except OSError:
            return False

    def convert(self, source: Source, asked: Asked) -> Converted:
        given = read_graph(source.path)
        draws = bool(given.of_kind("Convolution"))
        beside = companion(source.path, "Mapping" if draws else "Synthesis")
        other = read_graph(beside)
        mapping, synthesis = (other, given) if draws else (given, other)
        layers = read_mapping(mapping)
        drawn = read_synthesis(synthesis)
        z_dim, w_dim = layers[0].weight.shape[1], drawn.head_style.weight.shape[1]
        config = {
            "widths": tuple(len(layer.bias) for layer in drawn.layers[::2]),
            "channels": len(drawn.head_bias) // 4,
            "z_dim": z_dim,
            "w_dim": w_dim,
            "mapping_layers": len(layers),
            "mapping_lr": MAPPING_LR,
        }
        tensors = {**native_mapping(layers), **native_synthesis(drawn)}
        facts = {
            "mapped": f"{source.path.name} and {beside.name}",
            "assumed": "the strength of noise is the root mean square of its planes",
        }
        return Converted(self.arch, config, tensors, facts=facts)


def companion(path: Path, other: str) -> Path:
    """The network that `path` cannot do without, "Mapping" or "Synthesis", beside it under the corresponding name."""
    own = {"Mapping": "Synthesis", "Synthesis": "Mapping"}[other]
    for old, new in ((own, other), (own.lower(), other.lower())):
        if old in path.stem:
            found = path.with_name(new.join(path.stem.rsplit(old, 1)) + path.suffix)
            if found.is_file():
                return found
            raise GanvizError(f"this is one of two networks; the other, {found.name}, is not beside it")
    raise GanvizError(f"expected a name with {own!r} in it, by which the {other.lower()} network beside it is known")


@dataclass(slots=True)
class Dense:
    """x (N, inputs) to x weight^T + bias: weight (outputs, inputs), bias (outputs,)."""

    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        if self.bias.shape != self.weight.shape[:1]:
            raise GanvizError(f"expected as many biases as outputs, got {self.bias.shape} and {self.weight.shape}")


@dataclass(slots=True)
class Styled:
    """A layer as the graph has it.

    style, up   what scales the feature maps read, and those that the inverse transform in front of it reads
    depthwise   (inputs, 1, 3, 3); None in the first layer, whose `weight` is (outputs, inputs, 3, 3)
    weight      (outputs, inputs)
    noise       the plane (H, W), its strength in it; None without noise
    const       (inputs, 4, 4), what the first layer begins with
    """

    style: Dense
    weight: np.ndarray
    bias: np.ndarray
    depthwise: np.ndarray | None = None
    noise: np.ndarray | None = None
    up: Dense | None = None
    const: np.ndarray | None = None


@dataclass(slots=True)
class Synthesis:
    """The whole drawing network, first layer first; `bands` is the order of its Haar bands, see `BANDS`."""

    layers: list[Styled]
    head_style: Dense
    head_weight: np.ndarray
    head_bias: np.ndarray
    bands: tuple[int, ...]


def read_mapping(graph: Graph) -> list[Dense]:
    """z, normalised, through layers of lrelu(x weight^T + bias) sqrt 2; first layer first."""
    walk = Walk(graph)
    ref = walk.start()
    layers: list[Dense] = []
    for _ in range(MAX_LAYERS):
        one, two = walk.expect(ref, "Multiply", 2).inputs
        if not (walk.is_constant(one) or walk.is_constant(two)):
            break
        ref, gain = (two, one) if walk.is_constant(one) else (one, two)
        walk.exactly(gain, math.sqrt(2))
        ref = _activated(walk, ref)
        one, two = walk.expect(ref, "Add", 2).inputs
        ref, bias = (two, one) if walk.kind(two) == "MatMul" else (one, two)
        ref, weight = _matrix(walk, ref)
        if walk.kind(bias) == "Reshape":
            bias = walk.reshaped(bias, 1, len(weight))
        layers.append(Dense(weight, walk.numbers(bias).reshape(-1)))
    else:
        raise GanvizError(f"{graph.name}: more than {MAX_LAYERS} layers; refused")
    # What is left is z times the inverse of its root mean square.
    z, inverse = (one, two) if walk.kind(one) == "Parameter" else (two, one)
    walk.expect(z, "Parameter", 0)
    ref, numerator = walk.either(inverse, "Multiply")
    walk.exactly(numerator, 1)
    for exponent in (-1, 0.5):
        ref, number = walk.either(ref, "Power")
        walk.exactly(number, exponent)
    ref, epsilon = walk.either(ref, "Add")
    if not 0 <= walk.number(epsilon) <= 1e-7:  # 1e-8, which half precision does not know
        raise GanvizError(f"{graph.nodes[epsilon[0]]}: expected next to nothing")
    mean = walk.expect(ref, "ReduceMean", 2)
    if walk.integers(mean.inputs[1]).ravel().tolist() not in ([1], [-1]):
        raise GanvizError(f"{mean}: expected the mean over z")
    ref, square = walk.either(mean.inputs[0], "Power")
    walk.exactly(square, 2)
    if ref != z:
        raise GanvizError(f"{mean}: expected the mean of z squared")
    walk.finish()
    if not layers:
        raise GanvizError(f"{graph.name}: expected a mapping network, found no layer in it")
    return layers[::-1]


def read_synthesis(graph: Graph) -> Synthesis:
    """From one style to wavelet coefficients to the picture."""
    walk = Walk(graph)
    bands, ref, channels = _haar(walk, walk.start())
    ref, bias = walk.either(ref, "Add")
    ref, weight = _convolution(walk, ref, "Convolution", 1)
    head_style, ref = _modulated(walk, ref)
    head_bias = walk.numbers(bias, 1, 4 * channels, 1, 1).reshape(-1)
    layers: list[Styled] = []
    while not layers or layers[-1].const is None:
        if len(layers) == MAX_LAYERS:
            raise GanvizError(f"{graph.name}: more than {MAX_LAYERS} layers; refused")
        layer, ref = _styled(walk, ref)
        layers.append(layer)
        if walk.kind(ref) == "Add":
            found, ref, inputs = _haar(walk, ref)
            if found != bands or len(layer.style.weight) != inputs:
                raise GanvizError(f"{graph.name}: a layer reads bands of another order or number than the others")
            layer.up, ref = _modulated(walk, ref)
    walk.finish()
    if len(layers) % 2 == 0 or any((layer.up is None) == k % 2 for k, layer in enumerate(layers[::-1])):
        raise GanvizError(f"{graph.name}: expected one layer at 4 px and two at every further size")
    return Synthesis(layers[::-1], head_style, weight[:, :, 0, 0], head_bias, bands)


def _styled(walk: Walk, ref: Ref) -> tuple[Styled, Ref]:
    """A layer, and what it reads."""
    ref = _activated(walk, ref)
    noise = bias = None
    while walk.kind(ref) == "Add":
        ref, number = walk.either(ref, "Add")
        found = walk.numbers(number, 1, None, None, None)
        if found.shape[1] == 1 and noise is None:
            noise = found[0, 0]
        elif found.shape[2:] == (1, 1) and bias is None:
            bias = found[0, :, 0, 0]
        else:
            raise GanvizError(f"{walk.graph.nodes[number[0]]}: expected one noise and one bias in a layer")
    size = walk.picture(ref)[2:]
    if walk.reads(ref, "GroupConvolution"):
        ref, weight = _convolution(walk, ref, "Convolution", 1)
        ref, kernels = _convolution(walk, ref, "GroupConvolution", 3)
        style, ref = _modulated(walk, ref)
        layer = Styled(style, weight[:, :, 0, 0], _given(bias, weight), kernels[:, 0], noise)
        if len(kernels) != weight.shape[1]:
            raise GanvizError(f"{walk.graph.name}: {len(kernels)} depthwise kernels before {weight.shape[1]} inputs")
    else:
        ref, weight = _convolution(walk, ref, "Convolution", 3)
        style, ref = _modulated(walk, ref)
        layer = Styled(style, weight, _given(bias, weight), None, noise, const=_repeated(walk, ref))
    if noise is not None and noise.shape != size:
        raise GanvizError(f"{walk.graph.name}: noise of shape {noise.shape} in a layer of {size} px")
    return layer, ref


def _activated(walk: Walk, ref: Ref) -> Ref:
    """Pass a leaky ReLU."""
    node = walk.expect(ref, "PReLU", 2)
    walk.exactly(node.inputs[1], SLOPE)
    return node.inputs[0]


def _given(bias: np.ndarray | None, weight: np.ndarray) -> np.ndarray:
    bias = np.zeros(len(weight), np.float32) if bias is None else bias
    return Dense(weight, bias).bias


def _matrix(walk: Walk, ref: Ref) -> tuple[Ref, np.ndarray]:
    """Pass a product with a constant matrix: what is multiplied, and the matrix (outputs, inputs)."""
    node = walk.expect(ref, "MatMul", 2)
    if node.attributes.get("transpose_a", "false") != "false":
        raise GanvizError(f"{node}: expected its first input as it is")
    weight = walk.numbers(node.inputs[1], None, None)
    return node.inputs[0], weight if node.attributes.get("transpose_b") == "true" else weight.T


def _modulated(walk: Walk, ref: Ref) -> tuple[Dense, Ref]:
    """Pass a product of feature maps with a style: what makes the style of w, and the maps."""
    node = walk.expect(ref, "Multiply", 2)
    one, two = node.inputs
    style, maps = (one, two) if walk.picture(one)[2:] == (1, 1) else (two, one)
    factor = 1.0
    if walk.kind(style) == "Multiply":
        style, number = walk.either(style, "Multiply")
        factor = walk.number(number)
    style = walk.reshaped(style, 1, walk.picture(maps)[1], 1, 1)
    ref, bias = walk.either(style, "Add")
    ref, weight = _matrix(walk, ref)
    walk.expect(ref, "Parameter", 0)
    return Dense(weight * factor, walk.numbers(bias).reshape(-1) * factor), maps


def _convolution(walk: Walk, ref: Ref, kind: str, size: int) -> tuple[Ref, np.ndarray]:
    """Pass a convolution of this size that keeps the picture's: what it reads, and its weights."""
    node = walk.expect(ref, kind, 2)
    pads = (size // 2, size // 2)
    plain = {"strides": (1, 1), "dilations": (1, 1), "pads_begin": pads, "pads_end": pads}
    wrong = [name for name, expected in plain.items() if node.integers(name) != expected]
    if wrong:
        raise GanvizError(f"{node}: expected {wrong[0]} {plain[wrong[0]]}, got {node.attributes.get(wrong[0])!r:.40}")
    if kind == "GroupConvolution":
        weight = walk.numbers(node.inputs[1], None, 1, 1, size, size)
    else:
        weight = walk.numbers(node.inputs[1], None, None, size, size)
    return node.inputs[0], weight


def _repeated(walk: Walk, ref: Ref) -> np.ndarray:
    """Pass a constant that is repeated for every image of a batch: (C, 4, 4)."""
    for _ in range(2):
        if walk.kind(ref) not in ("Tile", "Broadcast"):
            break
        node = walk.expect(ref, walk.kind(ref), 2)
        if walk.integers(node.inputs[1]).tolist() != [1, 1, 1, 1]:
            raise GanvizError(f"{node}: expected a network for one picture at a time")
        ref = node.inputs[0]
    return walk.numbers(ref, 1, None, 4, 4)[0]


def _haar(walk: Walk, ref: Ref) -> tuple[tuple[int, ...], Ref, int]:
    """Pass an inverse Haar transform: the native places of its four bands, what it reads, and how many maps it makes.

    One dimension after the other: the low band plus a high one of columns, twice, and the same of rows with these.
    """
    signs: dict[Ref, tuple[int, int]] = {}
    for across, columns in _filtered(walk, ref, (1, 2)):
        for down, band in _filtered(walk, columns, (2, 1)):
            signs[band] = (down, across)
    count = walk.picture(ref)[1]
    places: dict[int, int] = {}
    whole: set[Ref] = set()
    for band, sign in signs.items():
        if walk.kind(band) == "Squeeze":
            squeeze = walk.expect(band, "Squeeze", 2)
            split, part = _split(walk, squeeze.inputs[0], 2, (1, 1, 1))
            if walk.integers(squeeze.inputs[1]).ravel().tolist() != [2]:
                raise GanvizError(f"{squeeze}: expected one of three bands")
            band = walk.reshaped(split, 1, count, 3, *walk.picture(band)[2:])
            part += 1
        else:
            part = 0
        source, half = _split(walk, band, 1, (count, 3 * count))
        if half != min(part, 1):
            raise GanvizError(f"{walk.graph.nodes[band[0]]}: expected the low band first, then the three others")
        whole.add(source)
        places[part] = BANDS[sign]
    if len(whole) != 1 or sorted(places) != [0, 1, 2, 3] or places[0] != 0:
        raise GanvizError(f"{walk.graph.nodes[ref[0]]}: expected the inverse Haar transform of one input's four bands")
    return tuple(places[part] for part in range(4)), whole.pop(), count


def _filtered(walk: Walk, ref: Ref, stride: tuple[int, int]) -> list[tuple[int, Ref]]:
    """Pass a sum of two stretched inputs: for each the sign of its second tap, the first being 1, and the input."""
    found = []
    for part in walk.expect(ref, "Add", 2).inputs:
        node = walk.expect(part, "GroupConvolutionBackpropData", 2)
        taps = walk.numbers(node.inputs[1], None, 1, 1, *stride)
        plain = {"strides": stride, "dilations": (1, 1), "pads_begin": (0, 0), "pads_end": (0, 0)}
        signs = [sign for sign in (1, -1) if np.allclose(taps.reshape(-1, 2), (HALF, sign * HALF), rtol=1e-3)]
        if any(node.integers(name) != value for name, value in plain.items()) or len(signs) != 1:
            raise GanvizError(f"{node}: expected a filter of the inverse Haar transform")
        found.append((signs[0], node.inputs[0]))
    return found


def _split(walk: Walk, ref: Ref, axis: int, lengths: tuple[int, ...]) -> tuple[Ref, int]:
    """Pass a split of this kind: what is split, and which part `ref` is."""
    node = walk.expect(ref, "VariadicSplit", 3)
    along, sizes = (walk.integers(source).ravel().tolist() for source in node.inputs[1:])
    if along != [axis] or tuple(sizes) != lengths:
        raise GanvizError(f"{node}: expected a split in parts of {lengths} along dimension {axis}")
    return node.inputs[0], ref[1]


def native_mapping(layers: list[Dense]) -> dict[str, np.ndarray]:
    """The layers under their native names, by the scale that native weights are stored by."""
    tensors: dict[str, np.ndarray] = {}
    for k, layer in enumerate(layers):
        scale = MAPPING_LR / math.sqrt(layer.weight.shape[1])
        tensors[f"mapping_network.layers.{k}.weight"] = layer.weight / np.float32(scale)
        tensors[f"mapping_network.layers.{k}.bias"] = layer.bias / np.float32(MAPPING_LR)
    return tensors


def native_synthesis(synthesis: Synthesis) -> dict[str, np.ndarray]:
    """The drawing network under its native names, the maps that Haar transforms read in the native order."""
    tensors: dict[str, np.ndarray] = {}
    layers = synthesis.layers
    for k, layer in enumerate(layers):
        name = "first." if k == 0 else f"convs.{k - 1}."
        # The next layer's transform reads what this one draws.
        order = slice(None) if k % 2 or k == len(layers) - 1 else native_order(len(layer.bias), synthesis.bands)
        tensors[f"{name}bias"] = layer.bias[order]
        tensors[f"{name}weight" if k == 0 else f"{name}pointwise"] = layer.weight[order]
        tensors.update(_named(f"{name}affine", layer.style))
        if layer.const is not None:
            tensors[f"{name}const"] = layer.const
        if layer.depthwise is not None:
            tensors[f"{name}depthwise"] = layer.depthwise
        if layer.up is not None:
            read = native_order(len(layer.up.bias), synthesis.bands)
            tensors.update(_named(f"{name}up", Dense(layer.up.weight[read], layer.up.bias[read])))
        tensors.update(_noise(name, layer.noise))
    drawn = native_order(len(synthesis.head_bias), synthesis.bands)
    tensors.update(_named("head.affine", synthesis.head_style))
    tensors["head.weight"], tensors["head.bias"] = synthesis.head_weight[drawn], synthesis.head_bias[drawn]
    return tensors


def native_order(count: int, bands: tuple[int, ...]) -> np.ndarray:
    """Where native maps stand among `count` foreign ones: the low band, then for every map its three high ones."""
    maps = np.arange(count // 4)
    stretches = [maps] * 4
    for part, place in enumerate(bands):
        stretches[place] = maps if part == 0 else len(maps) + 3 * maps + part - 1
    return np.concatenate(stretches)


def _named(name: str, dense: Dense) -> dict[str, np.ndarray]:
    return {f"{name}.weight": dense.weight, f"{name}.bias": dense.bias}


def _noise(name: str, plane: np.ndarray | None) -> dict[str, np.ndarray]:
    """Strength and plane; a plane that adds nothing is left out, to be drawn anew."""
    strength = 0.0 if plane is None else float(np.sqrt(np.mean(np.square(plane, dtype=np.float64))))
    tensors: dict[str, np.ndarray] = {f"{name}noise.strength": np.array(strength, np.float32)}
    if plane is not None and strength:
        tensors[f"{name}noise.const"] = plane / np.float32(strength)
    return tensors
