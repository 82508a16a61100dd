"""Checkpoints: safetensors with a JSON header that says how to rebuild the network.

The header stands under the safetensors metadata key "ganviz":

    {"format": 1, "arch": ..., "config": {...}, "spec": {...}, "card": {...}, "digest": sha256}

`read_header` needs no torch, so a window can list models before torch is imported. A file is data: nothing in it
is run, and what does not fit the architecture that it names is an error that names the tensor.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open

from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.models import MODELS, build_generator
from ganviz.recipe import ModelRef
from ganviz.spec import Card, Spec

if TYPE_CHECKING:
    from ganviz.models.base import StagedGenerator

FORMAT = 1
KEY = "ganviz"
MAX_HEADER = 4 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """What a checkpoint says of itself, and where it lies."""

    path: Path
    arch: str
    config: dict[str, Any]
    spec: Spec
    card: Card
    digest: str

    @property
    def ref(self) -> ModelRef:
        return ModelRef(self.card.name or self.path.stem, self.digest)


def read_header(path: str | Path) -> Header:
    """Read a checkpoint's header alone, without torch.

    Raises GanvizError, naming the file, for whatever is not a whole ganviz checkpoint.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:  # safetensors calls a file that may not be read a missing one
            if not stream.read(1):
                raise GanvizError(f"{path}: expected a ganviz checkpoint (.safetensors), the file is empty")
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError as error:
        raise GanvizError(f"{path}: no such file") from error
    except OSError as error:
        raise GanvizError(f"{path}: cannot be read ({error.strerror or error})") from error
    except SafetensorError as error:
        raise GanvizError(f"{path}: {_what_it_is(path)}") from error
    if len(metadata.get(KEY, "")) > MAX_HEADER:
        raise GanvizError(f"{path}: the ganviz header is larger than {MAX_HEADER >> 20} MiB; the file is damaged")
    if KEY not in metadata:
        raise GanvizError(
            f"{path}: these are safetensors without a ganviz header, so the architecture is not known; "
            "expected a checkpoint that `ganviz train` wrote"
        )
    try:
        header = json.loads(metadata[KEY])
        version, arch = header["format"], header["arch"]
        config, digest = dict(header["config"]), str(header["digest"])
        if version != FORMAT:
            raise GanvizError(f"{path}: format {version} is not known, this version reads {FORMAT}; update ganviz")
        if arch not in MODELS:
            raise GanvizError(f"{path}: unknown architecture {arch!r}; this version knows {', '.join(MODELS)}")
        return Header(path, arch, config, Spec.from_json(header["spec"]), Card.from_json(header["card"]), digest)
    except GanvizError as error:
        raise error if str(path) in str(error) else GanvizError(f"{path}: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise GanvizError(f"{path}: the ganviz header is damaged ({type(error).__name__}: {error})") from error


def load(path: str | Path, device: str = "cpu") -> "StagedGenerator":
    """Load a generator: float32, eval mode, no gradients, on `device`.

    The returned module carries `spec`, `card` and `ref`. Digest, names and shapes are checked.
    """
    import torch

    header = read_header(path)
    kept_types = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)
    tensors: dict[str, Any] = {}
    try:
        with safe_open(header.path, framework="pt") as file:
            for name in file.keys():
                tensors[name] = file.get_tensor(name)
    except (SafetensorError, OSError, ValueError) as error:
        raise GanvizError(f"{path}: the weights cannot be read ({error}); fetch or train the file again") from error
    found = digest_of({name: _as_numpy(tensor) for name, tensor in tensors.items()})
    if found != header.digest:
        raise GanvizError(f"{path}: the weights do not match their checksum, the file is damaged; fetch it again")
    try:
        # Built without memory first: a hostile configuration can ask for any size, the shapes below settle it.
        with torch.device("meta"):
            generator = build_generator(header.arch, header.config)
    except GanvizError as error:
        raise GanvizError(f"{path}: {error}") from error
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GanvizError(
            f"{path}: no {header.arch} generator can be built from its configuration ({reason})"
        ) from error
    wanted = generator.state_dict()
    for name, tensor in wanted.items():
        if name not in tensors:
            raise GanvizError(f"{path}: the tensor {name} is missing; the file is not a whole {header.arch} generator")
        if tensors[name].shape != tensor.shape:
            raise GanvizError(
                f"{path}: {name} has shape {tuple(tensors[name].shape)}, "
                f"expected {tuple(tensor.shape)} from the file's own configuration"
            )
        if tensors[name].is_floating_point() != tensor.is_floating_point() or tensors[name].dtype not in kept_types:
            raise GanvizError(
                f"{path}: {name} has the type {tensors[name].dtype}, which no {header.arch} generator has"
            )
        if not torch.isfinite(tensors[name]).all():
            raise GanvizError(f"{path}: {name} holds numbers that are not finite; the training may have diverged")
    extra = sorted(set(tensors) - set(wanted))
    if extra:
        raise GanvizError(f"{path}: the tensor {extra[0]} belongs to nothing in a generator of {header.arch}")
    if generator.spec != header.spec:
        raise GanvizError(f"{path}: the header's description does not fit its own configuration; the file is damaged")
    # Copies: tensors of an open file change, or vanish under the program, when the file is written over.
    weights = {
        name: t.to(torch.float32 if t.is_floating_point() else t.dtype, copy=True) for name, t in tensors.items()
    }
    generator.load_state_dict(weights, assign=True)
    generator.requires_grad_(False)
    generator = generator.to(torch.device(device)).eval()
    generator.card = header.card
    generator.ref = header.ref
    return generator


def save(path: str | Path, generator: "StagedGenerator", card: Card, half: bool = False) -> ModelRef:
    """Write `generator` with its card to `path`, atomically; `half` stores floating tensors as float16.

    Returns the reference by which recipes name the model.
    """
    import torch
    from safetensors.torch import save as to_bytes

    tensors = {}
    for name, tensor in generator.state_dict().items():
        kept = tensor.detach().to("cpu")
        if kept.is_floating_point():
            kept = kept.to(torch.float16 if half else torch.float32)
            if not torch.isfinite(kept).all():
                raise GanvizError(f"{path}: {name} holds numbers that are not finite; nothing was written")
        tensors[name] = kept.contiguous().clone()
    digest = digest_of({name: _as_numpy(tensor) for name, tensor in tensors.items()})
    header = {
        "format": FORMAT,
        "arch": generator.spec.arch,
        "config": asdict(generator.config),
        "spec": generator.spec.to_json(),
        "card": card.to_json(),
        "digest": digest,
    }
    raw = to_bytes(tensors, metadata={KEY: json.dumps(header, ensure_ascii=True, allow_nan=False)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(raw)  # safetensors itself would make it readable by its owner alone
    return ModelRef(card.name or Path(path).stem, digest)


def digest_of(tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, shapes, types and bytes, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        total.update(f"{name}\0{array.shape}\0{array.dtype.str}\0".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _as_numpy(tensor: Any) -> np.ndarray:
    """A tensor's bytes as numpy sees them; bfloat16, which numpy lacks, as 16-bit integers."""
    import torch

    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _what_it_is(path: Path) -> str:
    """A guess at what a file that is no checkpoint is, from its first bytes and its name."""
    with path.open("rb") as file:
        start = file.read(16)
    kinds = (
        (b"\xff\xd8\xff", "expected a ganviz checkpoint (.safetensors), this is a JPEG image"),
        (b"\x89PNG", "expected a ganviz checkpoint (.safetensors), this is a PNG image"),
        (b"GIF8", "expected a ganviz checkpoint (.safetensors), this is a GIF image"),
        (b"PK\x03\x04", "expected a ganviz checkpoint (.safetensors), this is a zip or a PyTorch file"),
        (b"\x80\x02", "expected a ganviz checkpoint (.safetensors), this is a pickle, which is never run"),
        (b"\x80\x03", "expected a ganviz checkpoint (.safetensors), this is a pickle, which is never run"),
        (b"\x80\x04", "expected a ganviz checkpoint (.safetensors), this is a pickle, which is never run"),
    )
    for magic, words in kinds:
        if start.startswith(magic):
            return words
    return "expected a ganviz checkpoint (.safetensors), the file is cut short, damaged or of another kind"
