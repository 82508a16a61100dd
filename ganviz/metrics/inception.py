"""The Inception network that FID and IS are defined by, with weights that the user has.

Szegedy et al. 2015, "Rethinking the Inception Architecture", as the TensorFlow graph of 2015-12-05 has it: 1008
classes, average pools that leave the border out, a maximum pool in the last block. The weights are not part of this
program; the file that PyTorch tools call pt_inception-2015-12-05 or weights-inception-2015-12-05 fits, and is read as
data.
"""

import importlib.util
import json
import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganviz import places
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.metrics.small_nets import Seen

log = logging.getLogger(__name__)

SIDE = 299
CLASSES = 1008
MARK = "Mixed_7c.branch_pool.conv.weight"


class Conv(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self,
        channels: int,
        out: int,
        kernel: int | tuple[int, int] = 1,
        stride: int = 1,
        pad: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, pad, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


def average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class Square(nn.Module):
    """35 x 35: 1 x 1, 5 x 5, two 3 x 3, and a pool."""

    def __init__(self, channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(channels, 64)
        self.branch5x5_1, self.branch5x5_2 = Conv(channels, 48), Conv(48, 64, 5, pad=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(channels, 64), Conv(64, 96, 3, pad=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, pad=1)
        self.branch_pool = Conv(channels, pooled)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat(
            [self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), double, self.branch_pool(average(x))], 1
        )


class Shrink35(nn.Module):
    """35 x 35 to 17 x 17."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = Conv(channels, 384, 3, 2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(channels, 64), Conv(64, 96, 3, pad=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, 2)], 1)


class Long(nn.Module):
    """17 x 17: 7 x 7 taken apart into rows and columns."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        row: tuple[tuple[int, int], tuple[int, int]] = ((1, 7), (0, 3))
        column: tuple[tuple[int, int], tuple[int, int]] = ((7, 1), (3, 0))
        self.branch1x1 = Conv(channels, 192)
        self.branch7x7_1, self.branch7x7_2 = Conv(channels, inner), Conv(inner, inner, row[0], pad=row[1])
        self.branch7x7_3 = Conv(inner, 192, column[0], pad=column[1])
        self.branch7x7dbl_1, self.branch7x7dbl_2 = Conv(channels, inner), Conv(inner, inner, column[0], pad=column[1])
        self.branch7x7dbl_3, self.branch7x7dbl_4 = (
            Conv(inner, inner, row[0], pad=row[1]),
            Conv(inner, inner, column[0], pad=column[1]),
        )
        self.branch7x7dbl_5 = Conv(inner, 192, row[0], pad=row[1])
        self.branch_pool = Conv(channels, 192)

    def forward(self, x: Tensor) -> Tensor:
        double = x
        for k in range(1, 6):
            double = getattr(self, f"branch7x7dbl_{k}")(double)
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        return torch.cat([self.branch1x1(x), single, double, self.branch_pool(average(x))], 1)


class Shrink17(nn.Module):
    """17 x 17 to 8 x 8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = Conv(channels, 192), Conv(192, 320, 3, 2)
        self.branch7x7x3_1, self.branch7x7x3_2 = Conv(channels, 192), Conv(192, 192, (1, 7), pad=(0, 3))
        self.branch7x7x3_3, self.branch7x7x3_4 = Conv(192, 192, (7, 1), pad=(3, 0)), Conv(192, 192, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, F.max_pool2d(x, 3, 2)], 1)


class Wide(nn.Module):
    """8 x 8: 3 x 3 spread into a row and a column side by side; the very last block pools by maximum."""

    def __init__(self, channels: int, last: bool) -> None:
        super().__init__()
        self.last = last
        self.branch1x1 = Conv(channels, 320)
        self.branch3x3_1 = Conv(channels, 384)
        self.branch3x3_2a, self.branch3x3_2b = Conv(384, 384, (1, 3), pad=(0, 1)), Conv(384, 384, (3, 1), pad=(1, 0))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(channels, 448), Conv(448, 384, 3, pad=1)
        self.branch3x3dbl_3a = Conv(384, 384, (1, 3), pad=(0, 1))
        self.branch3x3dbl_3b = Conv(384, 384, (3, 1), pad=(1, 0))
        self.branch_pool = Conv(channels, 192)

    def forward(self, x: Tensor) -> Tensor:
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = F.max_pool2d(x, 3, 1, 1) if self.last else average(x)
        parts = [self.branch1x1(x), self.branch3x3_2a(single), self.branch3x3_2b(single)]
        parts += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double), self.branch_pool(pooled)]
        return torch.cat(parts, 1)


class Inception(nn.Module):
    """image (N, 3, H, W) in [-1, 1] to the 2048 numbers of FID, and the logits without bias that IS is taken from."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = Conv(3, 32, 3, 2), Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, pad=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80), Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = Square(192, 32), Square(256, 64), Square(288, 64)
        self.Mixed_6a = Shrink35(288)
        self.Mixed_6b, self.Mixed_6c = Long(768, 128), Long(768, 160)
        self.Mixed_6d, self.Mixed_6e = Long(768, 160), Long(768, 192)
        self.Mixed_7a = Shrink17(768)
        self.Mixed_7b, self.Mixed_7c = Wide(1280, False), Wide(2048, True)
        self.fc = nn.Linear(2048, CLASSES)

    def forward(self, image: Tensor) -> Seen:
        # Levels 0 to 255, as the graph takes them, less 128 over 128.
        x = (enlarged((image + 1) * 127.5) - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        maps = [x]
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        maps.append(x)
        x = F.max_pool2d(x, 3, 2)
        for names in (("5b", "5c", "5d"), ("6a", "6b", "6c", "6d", "6e"), ("7a", "7b", "7c")):
            for name in names:
                x = getattr(self, f"Mixed_{name}")(x)
            maps.append(x)
        vector = x.mean((2, 3))
        return Seen(vector, vector @ self.fc.weight.T, tuple(maps))


def enlarged(image: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, 299, 299) as TensorFlow 1 does it: bilinear, corner on corner, no smoothing."""
    if image.shape[2:] == (SIDE, SIDE):
        return image
    rows, columns = (_bilinear(size).to(image) for size in image.shape[2:])
    return rows @ image @ columns.T


def _bilinear(size: int) -> Tensor:
    """Weights (299, size): what each new row takes of the old ones."""
    place = np.arange(SIDE, dtype=np.float64) * (size / SIDE)
    first = np.minimum(place.astype(int), size - 1)
    second = np.minimum(first + 1, size - 1)
    weights = np.zeros((SIDE, size))
    np.add.at(weights, (np.arange(SIDE), first), 1 - (place - first))
    np.add.at(weights, (np.arange(SIDE), second), place - first)
    return torch.from_numpy(weights.astype(np.float32))


def load(path: Path) -> tuple[Inception, str]:
    """The network with the weights of a file, and the file's sha256; GanvizError where they are not these."""
    from ganviz.importers.reader import checksum, read

    networks = [weights for _, weights in read(path).networks if MARK in weights]
    if not networks:
        raise GanvizError(f"{path}: expected weights of the Inception network of FID (with {MARK}), they are not in it")
    given = networks[0]
    with torch.device("meta"):
        net = Inception()
    weights: dict[str, Tensor] = {}
    for name, wanted in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(0)
            continue
        if name not in given:
            raise GanvizError(f"{path}: the tensor {name} is missing; expected the whole Inception network of FID")
        shape = tuple(given[name].shape)
        if shape != tuple(wanted.shape):
            hint = "; that is another Inception, whose numbers are not FID" if name.startswith("fc") else ""
            raise GanvizError(f"{path}: {name}: expected shape {tuple(wanted.shape)}, got {shape}{hint}")
        array = given[name].numpy().astype(np.float32)
        if not np.isfinite(array).all():
            raise GanvizError(f"{path}: {name} holds numbers that are not finite; the file is damaged")
        weights[name] = torch.from_numpy(array)
    net.load_state_dict(weights, assign=True)
    return net.eval().requires_grad_(False), checksum(path)


def locate(which: str) -> Path:
    """The file that a user means: a path, or PACKAGE:FILE inside an installed package, which is not imported."""
    path = Path(which).expanduser()
    if path.is_file():
        return path
    package, colon, inside = which.partition(":")
    if not colon or not package.isidentifier():
        raise GanvizError(
            f"{which}: expected auto, inception, classifier, autoencoder, patches, a file of Inception weights, or "
            "PACKAGE:FILE; there is no such file"
        )
    found = importlib.util.find_spec(package)  # of a name without dots this runs nothing of the package
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / inside
        if path.is_file() and path.resolve().is_relative_to(Path(folder).resolve()):
            return path
    why = f"it has no file {inside}" if found else "it is not installed here"
    raise GanvizError(f"{which}: expected a file of Inception weights in the package {package}; {why}")


def remember(path: Path) -> None:
    """Keep where the weights lie, for "auto" from now on."""
    with atomic_path(_file()) as temporary:
        temporary.write_text(json.dumps(str(path.resolve())), encoding="utf-8")


def remembered() -> Path | None:
    """Where the user's weights lie; None where none were named, or they are gone."""
    try:
        said = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Path(said) if isinstance(said, str) and Path(said).is_file() else None


def _file() -> Path:
    return places.state() / "inception.json"
