"""From a foreign file to a checkpoint: recognise, map, build, save. No torch before something is to be built."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganviz import places
from ganviz.catalog import CONVERTED
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.importers import IMPORTERS, NOTHING_SAID, Asked, Converted, Importer
from ganviz.importers.inert import Array, Record, cleaned, shown
from ganviz.importers.reader import Source, checksum, read
from ganviz.importers.unread import UNREAD
from ganviz.jobs import Job, Offload, Progress
from ganviz.models import MODELS, build_generator, resolve
from ganviz.recipe import ModelRef
from ganviz.spec import Card

if TYPE_CHECKING:
    from ganviz.models.base import StagedGenerator

REVISION = 1
"""Part of the names of what is kept in the cache: raised when an importer draws otherwise than before."""
AVERAGE_OVER = 10_000
"""How many z the mean of w is estimated from, where a file holds none."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a foreign file: where the checkpoint is, what it was taken for, and what is to be known of it.

    `asks`: the fields of `Asked` that would make a difference.
    """

    path: Path
    ref: ModelRef
    label: str
    arch: str
    tensors: int
    facts: dict[str, str]
    wants: tuple[str, ...]
    asks: tuple[str, ...]


def importers() -> Iterator[Importer]:
    """Every importer of the table."""
    for name in IMPORTERS.values():
        yield resolve(name)()


def recognise(source: Source, asked: Asked = NOTHING_SAID) -> Importer:
    """The importer for a file; GanvizError says what the file looks like and what is known."""
    if asked.arch is not None and asked.arch not in MODELS:
        raise GanvizError(f"--arch: unknown architecture {asked.arch!r}; known are {', '.join(MODELS)}")
    fitting = [importer for importer in importers() if importer.recognises(source)]
    for importer in fitting:
        if asked.arch in (None, importer.arch):
            return importer
    if fitting:
        raise GanvizError(f"{source.path}: this is {fitting[0].label}, which is read as {fitting[0].arch} only")
    for unread in UNREAD:
        if unread.recognises(source):
            raise GanvizError(f"{source.path}: this is {unread.label}, which is not read{unread.hint}")
    known = ", ".join(importer.label for importer in importers())
    wanted = f"; it also wanted {', '.join(source.wants)[:200]}, which was not run" if source.wants else ""
    raise GanvizError(f"{source.path}: {cleaned(_looks_like(source) + wanted)}; known formats: {known}")


def build(converted: Converted) -> "StagedGenerator":
    """The native generator with the foreign weights in it; GanvizError where names or shapes do not fit."""
    import torch

    from ganviz.models.layers import seeded_noise

    # Without memory first: the file says how large it would be, and only its own tensors may take any.
    try:
        with torch.device("meta"):
            generator: Any = build_generator(converted.arch, converted.config)
    except (TypeError, RuntimeError, OverflowError) as error:
        raise GanvizError(f"no {converted.arch} generator can be built of it ({str(error)[:200]})") from error
    given = dict(converted.tensors)
    weights: dict[str, torch.Tensor] = {}
    planes = 0
    for name, wanted in generator.state_dict().items():
        if name in given:
            array = np.array(given.pop(name), np.float32 if wanted.is_floating_point() else np.int64)
            if array.shape != tuple(wanted.shape):
                raise GanvizError(f"{name}: expected shape {tuple(wanted.shape)}, got {array.shape}")
            if not np.isfinite(array).all():
                raise GanvizError(f"{name} would hold numbers that are not finite; the training may have diverged")
            weights[name] = torch.from_numpy(array)
        elif name.endswith("noise.const"):
            weights[name] = torch.from_numpy(seeded_noise(0, planes, wanted.shape[-1]).copy())
            planes += 1
        elif name == "w_avg":
            weights[name] = torch.zeros(wanted.shape)
        else:
            raise GanvizError(f"nothing in the file becomes {name}, so the network is not a whole one of this kind")
    if given:
        raise GanvizError(f"{next(iter(given))} belongs to nothing in a generator of {converted.arch}")
    generator.load_state_dict(weights, assign=True)
    return generator.requires_grad_(False).eval()


def convert(
    path: str | Path,
    out: str | Path,
    asked: Asked = NOTHING_SAID,
    half: bool = False,
    card: Card | None = None,
    name: str = "",
) -> Job[Report]:
    """Convert the foreign file `path` to the checkpoint `out`.

    `card` takes the place of the importer's own; `name` is the model's, where it is not to be that of the file `out`.
    """
    path, out = Path(path), Path(out)
    yield Progress(0, 4, "read")
    source, digest = yield Offload(_read, (path,))
    importer = recognise(source, asked)
    yield Progress(1, 4, importer.label)
    from ganviz import checkpoint
    from ganviz.importers.statistics import measure_statistics

    try:
        converted = yield Offload(_mapped, (importer, source, asked))
        yield Progress(2, 4, "build")
        generator = yield Offload(build, (converted,))
        if asked.statistics == "batch":
            yield from measure_statistics(generator)
        if "w_avg" not in converted.tensors and hasattr(generator, "w_avg"):
            yield from _average(generator)
        yield Progress(3, 4, "save")
    except GanvizError as error:
        if str(path) in str(error):
            raise
        raise GanvizError(f"{path}: {importer.label}: {cleaned(str(error))}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        # No importer foresees every way in which a damaged file can contradict itself.
        reason = cleaned(f"{type(error).__name__}: {error}", 200)
        raise GanvizError(f"{path}: {importer.label}: its parts do not fit together ({reason})") from error
    facts = {"source_format": importer.label, "source_sha256": digest}
    facts |= {name: cleaned(said) for name, said in (_rest(source, converted.facts) | converted.facts).items()}
    if source.wants:
        facts["also_wanted"] = cleaned(", ".join(source.wants))
    kept = converted.card if card is None else card
    kept = replace(kept, name=name or kept.name, facts={**kept.facts, **facts})
    ref = yield Offload(checkpoint.save, (out, generator, kept), {"half": half})
    tensors = len(converted.tensors)
    return Report(out, ref, importer.label, converted.arch, tensors, facts, source.wants, importer.asks)


def _read(path: Path) -> tuple[Source, str]:
    """What the file holds, and its SHA-256."""
    return read(path), checksum(path)


def _mapped(importer: Importer, source: Source, asked: Asked) -> Converted:
    with np.errstate(all="ignore"):  # what overflows is refused when it is built
        return importer.convert(source, asked)


def _rest(source: Source, facts: dict[str, str]) -> dict[str, str]:
    """What stands in the file beside the network that was mapped."""
    tree, mapped = source.tree, facts.get("mapped")
    if not isinstance(tree, dict) or mapped not in tree:
        return {}
    rest = ", ".join(key if isinstance(key, str) else shown(key) for key in tree if key != mapped)
    return {"left_out": rest[:200]} if rest else {}


def place_of(digest: str) -> Path:
    """Where the checkpoint made of a foreign file of that SHA-256 is kept, in the user's cache."""
    folder = places.cache() / CONVERTED
    folder.mkdir(exist_ok=True)
    return folder / f"{digest}-{REVISION}.safetensors"


def kept_before(path: str | Path) -> Path | None:
    """The checkpoint that a foreign file was converted to before, by what the file holds; None where there is none."""
    target = place_of(checksum(Path(path)))
    return target if _is_whole(target) else None


def keep(report: Report) -> Path:
    """Move a conversion to where `opened` looks for it; what was there before of the same file is replaced."""
    target = place_of(report.facts["source_sha256"])
    os.replace(report.path, target)
    return target


def opened(path: str | Path) -> Job[Path]:
    """The checkpoint that a foreign file was or now is converted to, in the user's cache, by what the file holds."""
    path = Path(path)
    target = place_of(checksum(path))
    if not _is_whole(target):
        yield from convert(path, target, name=path.stem)
    return target


def _is_whole(target: Path) -> bool:
    """Whether a conversion is there and reads; one that does not is made again."""
    try:
        return target.is_file() and bool(read_header(target).digest)
    except GanvizError:
        return False


def _average(generator: Any) -> Job[None]:
    """Set the mean of w, of the first class, from 10,000 z of one stream, that of seed 0."""
    import torch

    stream = np.random.RandomState(0)
    total = torch.zeros(generator.spec.w_dim, dtype=torch.float64)
    with torch.inference_mode():
        for start in range(0, AVERAGE_OVER, 500):
            yield Progress(start, AVERAGE_OVER, "mean of w")
            z = torch.from_numpy(stream.randn(500, generator.spec.z_dim).astype(np.float32))
            total += generator.mapping(z)[:, 0].double().sum(0)
    generator.w_avg = (total / AVERAGE_OVER).float()


def _looks_like(source: Source) -> str:
    """What an unknown file is, by its first keys."""
    if source.kind == "other":
        return f"expected a checkpoint, this is {source.what}"
    node = source.tree
    if isinstance(node, Record):
        return f"an object of the class {node.name} whose weights have names like {_names(source.network(''))}"
    if not isinstance(node, dict):
        kind = {"LongText": "text", "NoneType": "nothing", "Name": "name"}.get(type(node).__name__, type(node).__name__)
        return f"what it holds is of the kind {kind} rather than a dictionary of weights"
    inner = [network for network in source.networks if network[0]]
    if inner and not any(isinstance(value, Array) for value in node.values()):
        within = _names(inner[0][1])
        keys = [key if isinstance(key, str) else shown(key) for key in list(node)[:8]]
        return f"a dictionary of {', '.join(keys)} with weights named like {within}"
    return f"weights of names that are not known, like {_names(source.network(''))}"


def _names(weights: dict[str, Array]) -> str:
    some = [f"{name} {array.shape}" for name, array in list(weights.items())[:4]]
    return ", ".join(some)[:400] or "none"
