"""OpenVINO's intermediate representation as data: an XML graph of operations, and a file of numbers beside it.

The parser is the bare expat with no document types, so that nothing is expanded or fetched. Constants are views of
the blob, their offsets and sizes held against the bytes that are there.
"""

import math
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import numpy as np

from ganviz.errors import GanvizError

MAX_XML = 16 << 20
"""Bytes of a graph; one of a thousand operations has less than one megabyte."""
MAX_ELEMENTS = 300_000
MAX_NODES = 20_000
MAX_DEPTH = 24
MAX_DIMENSIONS = 8
MAX_SIZE = 1 << 20
TYPES = {"f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4"}
VERSIONS = ("10", "11")

Ref = tuple[int, int]
"""One output of an operation: the operation's number, and which of its outputs."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `attributes` are as the file has them; `inputs` come in order; `shapes` are its outputs'."""

    number: int
    kind: str
    name: str
    attributes: dict[str, str]
    inputs: tuple[Ref, ...]
    shapes: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r:.80}"

    def integers(self, attribute: str) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        return _integers(self.attributes.get(attribute, ""), f"{attribute} of {self}")


class Graph:
    """The operations of one network by number, and its constants."""

    def __init__(self, name: str, nodes: dict[int, Node], blob: memoryview) -> None:
        self.name = name
        self.nodes = nodes
        self._blob = blob

    @property
    def size(self) -> int:
        """Bytes of the blob."""
        return len(self._blob)

    def shape(self, ref: Ref) -> tuple[int, ...]:
        """The shape that an output claims."""
        shapes = self.nodes[ref[0]].shapes
        return shapes[ref[1]]

    def of_kind(self, kind: str) -> list[Node]:
        """All operations of a kind, in the file's order."""
        return [node for node in self.nodes.values() if node.kind == kind]

    def constant(self, node: Node) -> np.ndarray:
        """A constant's numbers, a view of the blob; GanvizError where it lies outside or has another size."""
        given = node.attributes
        dtype = TYPES.get(given.get("element_type", ""))
        if dtype is None:
            raise GanvizError(f"{node}: numbers of type {given.get('element_type')!r:.20} are not read")
        shape = node.integers("shape")
        _check_shape(shape)
        offset, size = _integer(given, "offset"), _integer(given, "size")
        wanted = math.prod(shape) * np.dtype(dtype).itemsize
        if size != wanted:
            raise GanvizError(f"{node}: expected {wanted} bytes for shape {shape}, it claims {size}")
        if not 0 <= offset <= len(self._blob) - size:
            raise GanvizError(f"{node}: lies outside of the blob of {len(self._blob):,} bytes; the file is cut short")
        return np.frombuffer(self._blob[offset : offset + size], dtype).reshape(shape)


def read_graph(xml: Path) -> Graph:
    """Read the graph `xml` and the blob beside it, which has its name with .bin; GanvizError names the file."""
    blob = xml.with_suffix(".bin")
    try:
        if xml.stat().st_size > MAX_XML:
            raise GanvizError(f"{xml}: the graph has more than {MAX_XML:,} bytes; refused")
        raw = xml.read_bytes()
        with blob.open("rb") as file:
            empty = not blob.stat().st_size
            data = memoryview(b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError as error:
        raise GanvizError(
            f"{error.filename}: not there; an OpenVINO network is an .xml with a .bin beside it"
        ) from error
    except OSError as error:
        raise GanvizError(f"{xml}: cannot be read ({error.strerror or error})") from error
    try:
        return _graph(_parsed(raw), data)
    except GanvizError as error:
        raise GanvizError(f"{xml}: {error}") from error


@dataclass(slots=True)
class _Element:
    """An element of the XML: its tag, attributes, children and text."""

    tag: str
    attributes: dict[str, str]
    children: "list[_Element]"
    text: str = ""

    def all(self, tag: str) -> "list[_Element]":
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: str) -> "_Element":
        return next(iter(self.all(tag)), _Element(tag, {}, []))


def _parsed(raw: bytes) -> _Element:
    """The document's root; what is no part of a plain document is refused."""
    root = _Element("", {}, [])
    path = [root]
    left = MAX_ELEMENTS
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal left
        left -= 1
        if len(path) > MAX_DEPTH or left < 0:
            raise GanvizError(f"the XML has more than {MAX_ELEMENTS:,} elements, or {MAX_DEPTH} in each other; refused")
        element = _Element(tag, attributes, [])
        path[-1].children.append(element)
        path.append(element)

    def end(_: str) -> None:
        path.pop()

    def text(piece: str) -> None:
        if path[-1].tag == "dim" and len(path[-1].text) < 40:
            path[-1].text += piece[:40]

    def refuse(*_: object) -> int:
        raise GanvizError("the XML has a document type, which no OpenVINO network has; refused")

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise GanvizError(f"the XML is damaged or cut short ({error})") from error
    return root.children[0]


def _graph(root: _Element, blob: memoryview) -> Graph:
    version = root.attributes.get("version")
    if root.tag != "net" or version not in VERSIONS:
        said = f"{root.tag!r:.20}, version {version!r:.20}"
        raise GanvizError(f"expected an OpenVINO network ('net', version {' or '.join(VERSIONS)}), got {said}")
    layers = root.first("layers").all("layer")
    if len(layers) > MAX_NODES:
        raise GanvizError(f"the network has {len(layers):,} operations; more than {MAX_NODES:,} is refused")
    sources: dict[
        tuple[int, int], tuple[int, int]
    ] = {}  # by operation and port read, the operation and port it is from
    for edge in root.first("edges").all("edge"):
        ends = [_integer(edge.attributes, key) for key in ("from-layer", "from-port", "to-layer", "to-port")]
        if (ends[2], ends[3]) in sources:
            raise GanvizError(f"two edges end in the same input of operation {ends[2]}; the file is damaged")
        sources[ends[2], ends[3]] = (ends[0], ends[1])
    outputs: dict[tuple[int, int], Ref] = {}
    shapes: dict[int, tuple[tuple[int, ...], ...]] = {}
    for layer in layers:
        number = _integer(layer.attributes, "id")
        if number in shapes:
            raise GanvizError(f"two operations have the number {number}; the file is damaged")
        ports = layer.first("output").all("port")
        shapes[number] = tuple(_dimensions(port) for port in ports)
        outputs.update({(number, _integer(port.attributes, "id")): (number, k) for k, port in enumerate(ports)})
    nodes = {}
    for layer in layers:
        number = _integer(layer.attributes, "id")
        kind, name = layer.attributes.get("type", ""), layer.attributes.get("name", "")
        inputs = []
        for port in layer.first("input").all("port"):
            source = outputs.get(sources.get((number, _integer(port.attributes, "id")), (-1, -1)))
            if source is None:
                raise GanvizError(f"{kind} {name!r:.80} has an input that comes from nowhere; the file is damaged")
            inputs.append(source)
        nodes[number] = Node(number, kind, name, layer.first("data").attributes, tuple(inputs), shapes[number])
    return Graph(root.attributes.get("name", ""), nodes, blob)


def _dimensions(port: _Element) -> tuple[int, ...]:
    shape = tuple(_integer({"dim": dim.text}, "dim") for dim in port.all("dim"))
    _check_shape(shape)
    return shape


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) > MAX_DIMENSIONS or not all(0 <= size <= MAX_SIZE for size in shape):
        raise GanvizError(f"an operation has the shape {shape!r:.80}, which no network has")


def _integer(given: dict[str, str], key: str) -> int:
    numbers = _integers(given.get(key, ""), key)
    if len(numbers) > 1:
        raise GanvizError(f"{key}: expected a whole number, got {given[key]!r:.80}")
    return numbers[0] if numbers else -1


def _integers(text: str, what: str) -> tuple[int, ...]:
    """Whole numbers between commas; none for an empty text."""
    words: Sequence[str] = [word.strip() for word in text.split(",")] if text.strip() else []
    if not all(len(word) < 19 and word.removeprefix("-").isdecimal() for word in words):
        raise GanvizError(f"{what}: expected whole numbers, got {text!r:.80}")
    return tuple(int(word) for word in words)
