"""The tests write networks as OpenVINO's model optimiser wrote them, from native ones, and read them again."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganviz import latent
from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.openvino import OpenVINO
from ganviz.importers.reader import read
from ganviz.models.mobilestylegan import Generator, MobileStyleGANConfig, StyledLayer

DATA = Path(__file__).parents[3] / "data" / "importers"
CONFIG = MobileStyleGANConfig(widths=(8, 12, 6), z_dim=5, w_dim=4, mapping_layers=2)
VERSIONS = {"ShapeOf": "opset3", "Broadcast": "opset3", "Gather": "opset7"}
"""Of operations that are not as they were in the first set."""
LOW, HIGH = (0.70710677, 0.70710677), (0.70710677, -0.70710677)


class Network:
    """An OpenVINO network being written: operations are added in order, each gives a reference to its output."""

    def __init__(self, name: str, half: bool = False) -> None:
        self.name, self.half = name, half
        self.layers: list[str] = []
        self.edges: list[str] = []
        self.shapes: dict[tuple[int, int], tuple[int, ...]] = {}
        self.outputs: dict[int, int] = {}  # number of an operation's first output port, which come after its inputs
        self.blob = b""

    def add(self, kind: str, inputs: list, *shapes: tuple[int, ...], name: str = "", **data: object) -> tuple[int, int]:
        number = len(self.layers)
        ports = "".join(f'<port id="{k}">{self._dims(ref)}</port>' for k, ref in enumerate(inputs))
        for k, (source, output) in enumerate(inputs):
            port = self.outputs[source] + output
            self.edges.append(f'<edge from-layer="{source}" from-port="{port}" to-layer="{number}" to-port="{k}"/>')
        gives = ""
        for k, shape in enumerate(shapes):
            self.shapes[number, k] = shape
            gives += f'<port id="{len(inputs) + k}" precision="FP32">{self._dims((number, k))}</port>'
        self.outputs[number] = len(inputs)
        attributes = "".join(f' {key}="{value}"' for key, value in data.items())
        self.layers.append(
            f'<layer id="{number}" name="{name or f"{kind}_{number}"}" type="{kind}" '
            f'version="{VERSIONS.get(kind, "opset1")}">'
            f"<data{attributes}/><input>{ports}</input><output>{gives}</output></layer>"
        )
        return number, 0

    def _dims(self, ref: tuple[int, int]) -> str:
        return "".join(f"<dim>{size}</dim>" for size in self.shapes[ref])

    def constant(self, values: object, name: str = "") -> tuple[int, int]:
        array = np.asarray(values.detach() if isinstance(values, torch.Tensor) else values)
        whole = array.dtype.kind == "i"
        stored = array.astype("<i8" if whole else "<f2" if self.half else "<f4")
        shape = ", ".join(map(str, array.shape))
        data = {"shape": shape, "offset": len(self.blob), "size": stored.nbytes}
        self.blob += stored.tobytes()
        kind = {"<i8": "i64", "<f2": "f16", "<f4": "f32"}[stored.dtype.str]
        ref = self.add("Const", [], array.shape, name=name, element_type=kind, **data)
        return self.add("Convert", [ref], array.shape, destination_type="f32") if kind == "f16" else ref

    def binary(self, kind: str, one: tuple, two: tuple) -> tuple[int, int]:
        return self.add(kind, [one, two], np.broadcast_shapes(self.shapes[one], self.shapes[two]))

    def linear(self, x: tuple, weight: object, bias: object) -> tuple[int, int]:
        weight = self.constant(weight)
        shape = (1, self.shapes[weight][0])
        ref = self.add("MatMul", [x, weight], shape, transpose_a="false", transpose_b="true")
        return self.binary("Add", ref, self.constant(bias))

    def reshape(self, x: tuple, like: tuple, *shape: int) -> tuple[int, int]:
        """A reshape to (images of `like`, *shape), computed as exporters write it."""
        count = self.add("ShapeOf", [like], (len(self.shapes[like]),), output_type="i64")
        count = self.add("Gather", [count, self.constant(0), self.constant(0)], (), batch_dims=0)
        count = self.add("Unsqueeze", [count, self.constant([0])], (1,))
        parts = [count, *(self.constant([size]) for size in shape)]
        target = self.add("Concat", parts, (len(parts),), axis=0)
        size = int(np.prod(self.shapes[x]))
        filled = tuple(size // -int(np.prod(shape)) if part == -1 else part for part in shape)
        return self.add("Reshape", [x, target], (1, *filled), special_zero="true")

    def convolution(
        self, kind: str, x: tuple, weight: torch.Tensor, *, stride: tuple = (1, 1), size: tuple | None = None
    ):
        kernel = weight.shape[-2:]
        pad = 0 if kind.endswith("Data") else kernel[0] // 2
        ref = self.constant(weight)
        shape = (1, weight.shape[0], *(size or self.shapes[x][2:]))
        pads = f"{pad}, {pad}"
        strides = ", ".join(map(str, stride))
        return self.add(kind, [x, ref], shape, strides=strides, dilations="1, 1", pads_begin=pads, pads_end=pads)

    def modulated(
        self, x: tuple, style: tuple, affine: torch.nn.Linear, order: object = slice(None), scale: float = 0.25
    ):
        made = self.linear(style, affine.weight[order] / scale, affine.bias[order][None] / scale)
        made = self.reshape(made, style, -1, 1, 1)
        return self.binary("Multiply", self.binary("Multiply", made, self.constant([[[[scale]]]])), x)

    def enlarged(self, x: tuple) -> tuple[int, int]:
        _, total, height, width = self.shapes[x]
        count = total // 4
        lengths = self.constant([count, 3 * count])
        split = self.add(
            "VariadicSplit", [x, self.constant(1), lengths], (1, count, height, width), (1, 3 * count, height, width)
        )
        high = self.reshape((split[0], 1), x, count, 3, height, width)
        bands = self.add(
            "VariadicSplit", [high, self.constant(2), self.constant([1, 1, 1])], *[(1, count, 1, height, width)] * 3
        )
        one, two, three = (
            self.add("Squeeze", [(bands[0], k), self.constant([2])], (1, count, height, width)) for k in range(3)
        )

        def stretched(band: tuple, taps: tuple, stride: tuple) -> tuple[int, int]:
            weight = torch.tensor(taps).view(1, 1, 1, *stride).expand(count, 1, 1, *stride)
            size = tuple(a * b for a, b in zip(self.shapes[band][2:], stride, strict=True))
            return self.convolution("GroupConvolutionBackpropData", band, weight, stride=stride, size=size)

        left = self.binary("Add", stretched(split, LOW, (2, 1)), stretched(one, HIGH, (2, 1)))
        right = self.binary("Add", stretched(two, LOW, (2, 1)), stretched(three, HIGH, (2, 1)))
        return self.binary("Add", stretched(left, LOW, (1, 2)), stretched(right, HIGH, (1, 2)))

    def activated(self, x: tuple, bias: torch.Tensor, noise: torch.Tensor | None = None) -> tuple[int, int]:
        if noise is not None:
            x = self.binary("Add", x, self.constant(noise[None, None]))
        x = self.binary("Add", x, self.constant(bias[None, :, None, None]))
        return self.binary("PReLU", x, self.constant([0.2]))

    def text(self) -> str:
        layers, edges = "".join(self.layers), "".join(self.edges)
        return (
            f'<?xml version="1.0" ?>\n<net name="{self.name}" version="10"><layers>{layers}</layers>'
            f'<edges>{edges}</edges><meta_data><MO_version value="x"/></meta_data></net>'
        )

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}.xml"
        path.write_text(self.text())
        path.with_suffix(".bin").write_bytes(self.blob)
        return path


def foreign(count: int) -> list[int]:
    """Where each of the native maps that a transform reads stands in the foreign order, turned round."""
    maps = range(count // 4)
    native = [*maps, *(count // 4 + 3 * m + band for band in range(3) for m in maps)]
    return sorted(range(count), key=lambda k: native[k])


def write_mapping(generator: Generator, half: bool = False) -> Network:
    net = Network("MappingNetwork", half)
    z = net.add("Parameter", [], (1, CONFIG.z_dim), shape=f"1, {CONFIG.z_dim}", element_type="f32")
    square = net.binary("Power", z, net.constant([[2.0]]))
    mean = net.add("ReduceMean", [square, net.constant([1])], (1, 1), keep_dims="true")
    mean = net.binary("Add", mean, net.constant([[1e-8]]))
    for exponent in (0.5, -1.0):
        mean = net.binary("Power", mean, net.constant([[exponent]]))
    x = net.binary("Multiply", z, net.binary("Multiply", net.constant([[1.0]]), mean))
    for layer in generator.mapping_network.layers:
        scale = layer.scale / 2**0.5
        weight = net.constant(layer.weight * scale)
        x = net.add("MatMul", [x, weight], (1, len(layer.bias)), transpose_a="false", transpose_b="true")
        bias = net.reshape(net.constant(layer.bias * 0.01), x, len(layer.bias))
        x = net.binary("PReLU", net.binary("Add", x, bias), net.constant([0.2]))
        x = net.binary("Multiply", x, net.constant([[2**0.5]]))
    net.add("Result", [x])
    return net


def write_synthesis(generator: Generator, half: bool = False) -> Network:
    net = Network("SynthesisNetwork", half)
    style = net.add("Parameter", [], (1, CONFIG.w_dim), shape=f"1, {CONFIG.w_dim}", element_type="f32", name="style")
    first = generator.first
    x = net.constant(first.const[None], name="m.input.input")
    ones = net.add("Concat", [net.constant([1]) for _ in range(4)], (4,), axis=0)
    ones = net.add("ShapeOf", [ones], (1,), output_type="i64")
    ones = net.add("Broadcast", [net.constant([1]), ones], (4,), mode="numpy")
    x = net.add("Broadcast", [x, ones], net.shapes[x], mode="bidirectional")
    order = foreign(CONFIG.widths[0])
    x = net.convolution("Convolution", net.modulated(x, style, first.affine), first.weight[order])
    x = net.activated(x, first.bias[order], first.noise.const * first.noise.strength)
    convs: list[StyledLayer] = list(generator.convs)
    for k, layer in enumerate(convs):
        if layer.up is not None:
            x = net.enlarged(net.modulated(x, style, layer.up, foreign(len(layer.up.bias))))
        x = net.convolution("GroupConvolution", net.modulated(x, style, layer.affine), layer.depthwise[:, None])
        order = slice(None) if k % 2 == 0 or k == len(convs) - 1 else foreign(len(layer.bias))
        x = net.convolution("Convolution", x, layer.pointwise[order][:, :, None, None])
        x = net.activated(x, layer.bias[order], None if k == 1 else layer.noise.const * layer.noise.strength)
    order = foreign(len(generator.head.bias))
    x = net.modulated(x, style, generator.head.affine)
    x = net.convolution("Convolution", x, generator.head.weight[order][:, :, None, None])
    x = net.binary("Add", x, net.constant(generator.head.bias[order][None, :, None, None]))
    net.add("Result", [net.enlarged(x)])
    return net


def numbered() -> Generator:
    """A generator whose numbers are the same on every machine."""
    generator = Generator(CONFIG).requires_grad_(False).eval()
    chance = np.random.RandomState(3)
    for name, tensor in sorted(generator.state_dict().items()):
        numbers = chance.randn(*tensor.shape)
        scale = 100 if name.startswith("mapping") and "weight" in name else 0.4
        shift = 1 if name.endswith(("affine.bias", "up.bias")) else 0
        tensor.copy_(torch.tensor(scale * numbers + shift))
    generator.convs[1].noise.strength.zero_()  # whose planes are not written
    return generator


@pytest.fixture(scope="module")
def native() -> Generator:
    return numbered()


@pytest.fixture
def networks(native: Generator, tmp_path: Path) -> Path:
    """The drawing network's graph, beside the mapping network's."""
    write_mapping(native).write(tmp_path)
    return write_synthesis(native).write(tmp_path)


def build(made: Converted) -> Generator:
    """The native generator, with what the file does not hold left as it was."""
    generator = Generator(MobileStyleGANConfig(**made.config)).requires_grad_(False).eval()
    weights = {name: torch.from_numpy(np.array(array)) for name, array in made.tensors.items()}
    missing, unknown = generator.load_state_dict(weights, strict=False)
    assert not unknown and set(missing) <= {"w_avg", "convs.1.noise.const"}, (missing, unknown)
    return generator


def converted(path: Path) -> Converted:
    source = read(path)
    assert OpenVINO().recognises(source)
    return OpenVINO().convert(source, Asked())


@pytest.mark.parametrize("given", ["SynthesisNetwork", "MappingNetwork"])
def test_either_of_two_networks_brings_the_other_and_draws_as_it_did(native, networks: Path, given: str) -> None:
    made = converted(networks.with_stem(given))
    assert made.arch == "mobilestylegan" and made.config["widths"] == CONFIG.widths
    assert "w_avg" not in made.tensors, "it is estimated, the networks have none"
    generator = build(made)
    z = torch.randn(3, CONFIG.z_dim)
    w = generator.mapping(z)
    assert torch.allclose(w, native.mapping(z), atol=1e-6)
    assert torch.allclose(generator.synthesis(w), native.synthesis(w), atol=1e-5)
    for layer, expected in zip(generator.convs, native.convs, strict=True):
        rms = (expected.noise.const * expected.noise.strength).square().mean().sqrt()
        assert torch.allclose(layer.noise.strength, rms), "so that other noise is as strong"


def test_pictures_match_what_the_openvino_runtime_draws(networks: Path) -> None:
    with np.load(DATA / "openvino-mobilestylegan.npz", allow_pickle=False) as file:  # OpenVINO 2026.4, in float32
        w, image = (torch.from_numpy(file[name]) for name in ("w", "image"))
    generator = build(converted(networks)).train()  # nothing is cut off
    assert torch.allclose(generator.mapping(latent.seeds(range(3), CONFIG.z_dim))[:, 0], w, atol=1e-5)
    drawn = generator.synthesis(generator.broadcast(w))
    assert (drawn - image).abs().max() <= 1e-5 * image.abs().max()


def test_networks_in_half_precision_are_read(native, tmp_path: Path) -> None:
    write_mapping(native, half=True).write(tmp_path)
    path = write_synthesis(native, half=True).write(tmp_path)
    generator = build(converted(path))
    w = native.mapping(torch.randn(2, CONFIG.z_dim))
    assert F.mse_loss(generator.synthesis(w), native.synthesis(w)) < 1e-4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name="style"', 'name="style" note="1"', None),
        ('type="PReLU"', 'type="Relu"', "expected PReLU"),
        ('strides="1, 1"', 'strides="2, 2"', "expected strides"),
        ('strides="2, 1"', 'strides="2, 2"', "inverse Haar"),
        ('type="Tile"', "", None),
        ('type="Squeeze"', 'type="Softmax"', r"band|Squeeze|Split"),
        ("</layers>", '<layer id="900" name="spare" type="Sigmoid"/></layers>', "no rule takes Sigmoid 'spare'"),
        ("</layers>", '<layer id="1" name="again" type="Sigmoid"/></layers>', "two operations have the number 1"),
        ('version="10"', 'version="6"', "version"),
        ("<layers>", "<layer>", "damaged"),
        ("<dim>8</dim>", "<dim>99999999999</dim>", "no network has"),
        ("<dim>8</dim>", "<dim>eight</dim>", "whole numbers"),
        ('offset="0"', 'offset="999999"', "cut short"),
        ('from-layer="0"', 'from-layer="700"', "comes from nowhere"),
        ('transpose_b="true"', 'transpose_b="false"', "biases"),
        ('<?xml version="1.0" ?>\n', '<?xml version="1.0" ?>\n<!DOCTYPE net [<!ENTITY a "b">]>\n', "document type"),
    ],
)
def test_what_is_not_such_a_network_is_refused_by_name(networks: Path, old: str, new: str, said: str | None) -> None:
    text = networks.read_text()
    networks.write_text(text.replace(old, new, 1))
    if said is None:
        converted(networks)
        return
    with pytest.raises(GanvizError, match=said) as caught:
        converted(networks)
    assert "\n" not in str(caught.value)


def test_a_constant_that_no_rule_takes_is_named(native, tmp_path: Path) -> None:
    write_mapping(native).write(tmp_path)
    net = write_synthesis(native)
    net.constant(np.ones(3, np.float32), name="left.over")
    with pytest.raises(GanvizError, match=r"no rule takes Const 'left\.over'"):
        converted(net.write(tmp_path))


def test_filters_of_another_wavelet_are_refused(native, tmp_path: Path, monkeypatch) -> None:
    write_mapping(native).write(tmp_path)
    monkeypatch.setitem(globals(), "HIGH", (0.6, -0.8))
    with pytest.raises(GanvizError, match="inverse Haar"):
        converted(write_synthesis(native).write(tmp_path))


def test_a_network_without_its_other_half_says_which_is_missing(networks: Path) -> None:
    networks.with_stem("MappingNetwork").unlink()
    with pytest.raises(GanvizError, match=r"MappingNetwork\.xml, is not beside it"):
        converted(networks)
    alone = networks.rename(networks.with_stem("faces"))
    networks.with_suffix(".bin").rename(alone.with_suffix(".bin"))
    with pytest.raises(GanvizError, match="'Synthesis' in it"):
        converted(alone)


def test_a_graph_without_its_numbers_names_the_file(networks: Path) -> None:
    networks.with_suffix(".bin").unlink()
    with pytest.raises(GanvizError, match=r"SynthesisNetwork\.bin: not there"):
        converted(networks)


def test_constants_that_lie_over_one_another_do_not_take_more_memory_than_the_file(networks: Path, monkeypatch) -> None:
    monkeypatch.setattr("ganviz.importers.openvino_walk.SHARED", 0)
    converted(networks)
    text = networks.read_text()
    blob = networks.with_suffix(".bin")
    blob.write_bytes(blob.read_bytes()[:5000])
    networks.write_text(re.sub(r'offset="\d+"', 'offset="0"', text))
    with pytest.raises(GanvizError, match=r"expected|overlap"):
        converted(networks)


def test_a_bomb_of_elements_is_refused(networks: Path, monkeypatch) -> None:
    networks.write_text("<net version='10'>" + "<a>" * 100)
    with pytest.raises(GanvizError, match="in each other"):
        converted(networks)
    monkeypatch.setattr("ganviz.importers.openvino_ir.MAX_ELEMENTS", 3000)
    networks.write_text("<net version='10'>" + "<a/>" * 3001 + "</net>")
    with pytest.raises(GanvizError, match="3,000 elements"):
        converted(networks)


def test_shapes_that_are_computed_endlessly_are_refused(native, tmp_path: Path) -> None:
    write_mapping(native).write(tmp_path)
    path = write_synthesis(native).write(tmp_path)
    text = path.read_text()
    number = re.search(r'<layer id="(\d+)" name="Concat_', text)[1]
    # A concatenation that reads itself.
    text = re.sub(
        rf'<edge from-layer="\d+" from-port="\d+" to-layer="{number}" to-port="0"/>',
        f'<edge from-layer="{number}" from-port="4" to-layer="{number}" to-port="0"/>',
        text,
    )
    path.write_text(text)
    with pytest.raises(GanvizError, match="more than 40 steps"):
        converted(path)


def test_damaged_networks_end_in_a_clear_message(networks: Path) -> None:
    text, blob = networks.read_text(), networks.with_suffix(".bin").read_bytes()
    chance = random.Random(5)
    words = re.findall(r'"[^"]*"|<[^>]*>', text)
    refused = 0
    for _ in range(50):
        damaged = text
        for _ in range(chance.randint(1, 3)):
            old, new = chance.choice(words), chance.choice([*words[:200], '"-1"', '"7"', ""])
            place = chance.randrange(max(1, damaged.count(old)))
            pieces = damaged.split(old)
            damaged = old.join(pieces[: place + 1]) + new + old.join(pieces[place + 1 :])
        networks.write_text(damaged)
        networks.with_suffix(".bin").write_bytes(blob[: chance.choice([len(blob), len(blob) - 1, len(blob) // 2])])
        try:
            converted(networks)
        except GanvizError as error:
            refused += 1
            assert "\n" not in str(error)
        except AssertionError:
            refused += 1  # no network any more, not even by its first bytes
    assert refused > 30
