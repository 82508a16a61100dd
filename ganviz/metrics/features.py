"""Which features pictures are compared by, and opening them.

    features = run(open_features("auto", data))
    vectors = run(features_of(features, data))       # of the data, kept in the cache

"auto" takes the user's Inception weights where they were named before, else a small classifier trained on the data's
labels, else a small autoencoder of the data, else, where there are too few pictures to learn from, fixed random
filters. Whatever it is says so in words, and a number is called FID only where it is Inception.
"""

import hashlib
import json
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ganviz import places
from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.jobs import Job, Offload, Progress
from ganviz.metrics.small_nets import Patches, Seen, SmallNet, as_input, resized, train

log = logging.getLogger(__name__)

Kind = Literal["inception", "classifier", "autoencoder", "patches"]
KINDS: tuple[Kind, ...] = ("inception", "classifier", "autoencoder", "patches")
LARGEST_SIDE = 64
"""Pixels a side at which small nets look at pictures; finer detail is for the sliced Wasserstein distance."""
FEWEST = 500
"""Pictures below which nothing is trained."""
FEWEST_A_CLASS = 20
BATCH = 32
FORMAT = 1


@dataclass(frozen=True)
class Features:
    """A network that looks at pictures.

    kind         what it is
    about        the same in words, for people
    digest       names the very weights; numbers compare where it is the same
    net          pictures (N, channels, side, side) in [-1, 1] to `Seen`; Inception brings them to its own size
    side         0: as large as they come
    mean, scale  (D,) what vectors are taken less and divided by: of the data's own, so that each number counts alike
    """

    kind: Kind
    about: str
    digest: str
    net: torch.nn.Module
    side: int
    channels: int
    mean: np.ndarray | float = 0.0
    scale: np.ndarray | float = 1.0

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Pictures uint8 (N, H, W, C): vectors float32 (N, D), and probabilities of classes (N, K) or None."""
        with torch.inference_mode():
            seen: Seen = self.net(as_input(pixels, self.side or pixels.shape[1], self.channels))
            classes = None if seen.logits is None else torch.softmax(seen.logits, dim=1).numpy()
        return ((seen.vector.numpy() - self.mean) / self.scale).astype(np.float32), classes

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Squared perceptual distance (N,) of two batches of images (N, C, H, W) in [-1, 1].

        In the manner of Zhang et al. 2018: of each layer's activations, scaled to unit length at each place, the
        squared difference, its mean over places, the sum over layers; all layers count alike.
        """
        both = resized(torch.cat([a, b]).cpu().float(), self.side or a.shape[2], self.channels)
        total = torch.zeros(len(a))
        for maps in self.net(both).maps:
            # A little is added, since a place where nothing answers has no direction.
            units = maps / (maps.square().sum(1, keepdim=True) + 0.1).sqrt()
            total = total + (units[: len(a)] - units[len(a) :]).square().sum(1).mean((1, 2))
        return total


def side_of(data: Dataset) -> int:
    """Pixels a side at which small nets look at this data."""
    return min(LARGEST_SIDE, data.images.shape[1])


def open_features(which: str, data: Dataset, steps: int | None = None) -> Job[Features]:
    """Job that opens features for a data set.

    which    "auto", one of KINDS, a file of Inception weights, or PACKAGE:FILE, one that an installed package holds
    steps    of training a small net, for tests; None: as many as are good
    """
    from ganviz.metrics import inception

    if which == "auto":
        remembered = inception.remembered()
        which = str(remembered) if remembered else _best_kind(data)
    if which == "inception":
        found = inception.remembered()
        if found is None:
            raise GanvizError(
                "features: no Inception weights are known here; name their file once, or PACKAGE:FILE of an installed "
                "package, as --features"
            )
        which = str(found)
    if which in ("classifier", "autoencoder"):
        return (yield from _learnt(which, data, steps))  # type: ignore[arg-type]
    if which == "patches":
        return (yield from _with_scale("patches", "fixed random filters (nothing learnt)", Patches, data))
    yield Progress(0, 0, "reading the Inception weights")
    path = inception.locate(which)
    net, digest = yield Offload(inception.load, (path,))
    inception.remember(path)
    return Features("inception", "Inception v3, as FID has it", digest, net, 0, 3)


def _best_kind(data: Dataset) -> Kind:
    if len(data) < FEWEST:
        return "patches"
    if data.labels is not None and data.num_classes > 1:
        counts = np.bincount(data.labels, minlength=data.num_classes)
        if counts[counts > 0].min() >= FEWEST_A_CLASS:
            return "classifier"
    return "autoencoder"


def _learnt(kind: Literal["classifier", "autoencoder"], data: Dataset, steps: int | None) -> Job[Features]:
    """The small net for this data, trained now or found in the cache by the data's digest."""
    side, channels = side_of(data), data.images.shape[3]
    labels = data.labels if kind == "classifier" else None
    if kind == "classifier" and (labels is None or data.num_classes < 2):
        raise GanvizError(f"{data.name}: a classifier needs labelled pictures; ask for autoencoder or patches instead")
    if side < 8 or len(data) < 20:
        raise GanvizError(f"{data.name}: too few or too small pictures to learn from; ask for patches instead")
    classes = data.num_classes if labels is not None else 0
    path = _folder() / f"{kind}-{data.digest[:32]}-{side}-{steps or 'full'}-{FORMAT}.safetensors"
    kept = yield Offload(_read_net, (path, side, channels, classes))
    if kept is None:
        net, quality = yield from train(data.images, labels, classes, side, steps)
        mean, scale = yield from _scale_of(net, data, side)
        _write_net(path, net, mean, scale, quality)
        kept = (net, mean, scale, quality)
    net, mean, scale, quality = kept
    what = (
        f"right on {quality:.1%} of held-out pictures"
        if classes
        else f"which rebuilds {quality:.0%} of held-out pictures' variance"
    )
    digest = hashlib.sha256(path.name.encode()).hexdigest()
    return Features(kind, f"a small {kind} trained on {data.name}, {what}", digest, net, side, channels, mean, scale)


def _with_scale(kind: Kind, about: str, build: Any, data: Dataset) -> Job[Features]:
    side, channels = side_of(data), data.images.shape[3]
    net = build(side, channels).eval()
    mean, scale = yield from _scale_of(net, data, side)
    digest = hashlib.sha256(f"{kind}-{data.digest}-{side}-{FORMAT}".encode()).hexdigest()
    return Features(kind, about, digest, net, side, channels, mean, scale)


def _scale_of(net: torch.nn.Module, data: Dataset, side: int) -> Job[tuple[np.ndarray, np.ndarray]]:
    """Mean and deviation (D,) of the vectors of up to 2,000 pictures, evenly spread."""
    plain = Features("patches", "", "", net, side, data.images.shape[3])
    rows = np.linspace(0, len(data) - 1, min(2000, len(data))).astype(int)
    parts = []
    for start in range(0, len(rows), BATCH):
        yield Progress(start, len(rows), "looking at the data")
        parts.append((yield Offload(plain.look, (np.asarray(data.images[rows[start : start + BATCH]]),)))[0])
    vectors = np.concatenate(parts).astype(np.float64)
    deviation = vectors.std(axis=0)
    # What never changes in the data would make the least change in a drawn picture count without end.
    return vectors.mean(axis=0), np.maximum(deviation, 0.01 * float(np.median(deviation)) + 1e-6)


def features_of(
    features: Features, data: Dataset, rows: Sequence[int] | None = None
) -> Job[tuple[np.ndarray, np.ndarray | None]]:
    """Job: vectors (N, D) and class probabilities (N, K) or None of a data set; those of the whole are cached.

    rows    only these pictures
    """
    path = _folder() / f"{features.digest[:24]}-{data.digest[:24]}-{data.images.shape[1]}.npz"
    if rows is None:
        kept = _read_vectors(path, len(data))
        if kept is not None:
            return kept
    chosen = np.arange(len(data)) if rows is None else np.asarray(rows)
    vectors, classes = [], []
    for start in range(0, len(chosen), BATCH):
        part = np.asarray(data.images[chosen[start : start + BATCH]])
        seen, probabilities = yield Offload(features.look, (part,))
        vectors.append(seen)
        classes.append(probabilities)
        yield Progress(min(start + BATCH, len(chosen)), len(chosen), "looking at the data")
    found = np.concatenate(vectors), None if classes[0] is None else np.concatenate(classes)
    if rows is None:
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            if found[1] is None:
                np.savez(file, vectors=found[0])
            else:
                np.savez(file, vectors=found[0], classes=found[1])
    return found


def _folder() -> Path:
    folder = places.cache() / "features"
    folder.mkdir(exist_ok=True)
    return folder


def _read_vectors(path: Path, count: int) -> tuple[np.ndarray, np.ndarray | None] | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            vectors, classes = file["vectors"], file["classes"] if "classes" in file else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return (vectors, classes) if len(vectors) == count and np.isfinite(vectors).all() else None


def _write_net(path: Path, net: SmallNet, mean: np.ndarray, scale: np.ndarray, quality: float) -> None:
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    tensors |= {"own.mean": torch.from_numpy(mean), "own.scale": torch.from_numpy(scale)}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={"ganviz": json.dumps({"quality": quality})}))


def _read_net(path: Path, side: int, channels: int, classes: int) -> tuple[SmallNet, Any, Any, float] | None:
    """What `_write_net` wrote; None where it is not there or not whole."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            quality = float(json.loads((file.metadata() or {})["ganviz"])["quality"])
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}
        mean, scale = (tensors.pop(name).numpy() for name in ("own.mean", "own.scale"))
        with torch.device("meta"):
            net = SmallNet(side, channels, classes)
        net.load_state_dict(tensors, assign=True)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        log.warning("%s: cannot be read and is made again (%s)", path, error)
        return None
    return net.eval().requires_grad_(False), mean, scale, quality
