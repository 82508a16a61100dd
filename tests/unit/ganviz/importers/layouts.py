"""Tiny files in the layouts of foreign checkpoints: their names, shapes and wrappings, and numbers made of the names.

The reference outputs in tests/data/importers were drawn by each home's own program from weights filled in this way.
"""

import pickle
import sys
import types
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

Shapes = dict[str, tuple[int, ...]]
BILINEAR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64


def numbers(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor's numbers, from its name alone; of such a size that pictures keep within their range."""
    x = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)
    leaf = name.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return np.full(shape, 7, np.int64)
    if leaf in ("running_var", "running_vars", "magnitude_ema"):
        return (0.5 + np.abs(x)).astype(np.float32)
    if len(shape) == 4 and name.startswith(("main.", "formatLayer", "tconv")):
        return 0.25 * x
    if leaf in ("noise_strength",) or (".noise" in name and leaf.startswith("weight")):
        return 0.2 * x
    if name.startswith(("style.", "mapping.fc")):  # these are used a hundredth as large
        return (60 if leaf == "weight" else 20) * x
    if name.startswith("to_rgb") and len(shape) == 5 or "torgb.weight" in name:
        return 0.2 * x
    if leaf == "resample_filter":
        return BILINEAR
    if leaf == "kernel":
        return 4 * BILINEAR
    if name.endswith(("affine.bias", "modulation.bias")):
        return 1 + 0.1 * x
    return 0.2 * x if leaf == "bias" else x


def filled(shapes: Shapes) -> "OrderedDict[str, np.ndarray]":
    return OrderedDict((name, numbers(name, shape)) for name, shape in shapes.items())


def tensors(weights: dict[str, np.ndarray]) -> "OrderedDict[str, torch.Tensor]":
    return OrderedDict((name, torch.from_numpy(np.array(value))) for name, value in weights.items())


@dataclass
class Layout:
    """A kind of file: its weights, how they are wrapped, and what the tests should find in it."""

    importer: str
    shapes: Shapes
    write: Callable[[dict[str, np.ndarray], Path], None]
    suffix: str = ".pth"
    asked: dict[str, Any] = field(default_factory=dict)
    wants: tuple[str, ...] = ()

    def make(self, folder: Path, name: str = "model", **changed: np.ndarray | None) -> Path:
        """Write a file; `changed` replaces tensors, or drops them where None."""
        weights = {**filled(self.shapes), **{key: value for key, value in changed.items() if value is not None}}
        for key in (key for key, value in changed.items() if value is None):
            del weights[key]
        path = folder / f"{name}{self.suffix}"
        self.write(weights, path)
        return path


# -- the Sequential of the PyTorch examples -------------------------------------------------------------------------


def norm(prefix: str, width: int) -> Shapes:
    shapes: Shapes = {f"{prefix}.{leaf}": (width,) for leaf in ("weight", "bias", "running_mean", "running_var")}
    return {**shapes, f"{prefix}.num_batches_tracked": ()}


def dcgan(prefix: str = "main.", widths: tuple[int, ...] = (16, 8, 4, 2), z_dim: int = 7, channels: int = 3) -> Shapes:
    shapes: Shapes = {}
    for k, (before, width) in enumerate(zip((z_dim, *widths), (*widths, channels), strict=True)):
        shapes[f"{prefix}{3 * k}.weight"] = (before, width, 4, 4)
        if k < len(widths):
            shapes.update(norm(f"{prefix}{3 * k + 1}", width))
    return shapes


def write_state_dict(weights: dict[str, np.ndarray], path: Path) -> None:
    torch.save(tensors(weights), path)


# -- rosinality's StyleGAN2 -----------------------------------------------------------------------------------------


def rosinality_stylegan2(widths: tuple[int, ...] = (6, 5, 4), w_dim: int = 8, layers: int = 2) -> Shapes:
    shapes: Shapes = {}
    for k in range(1, layers + 1):
        shapes.update({f"style.{k}.weight": (w_dim, w_dim), f"style.{k}.bias": (w_dim,)})
    shapes["input.input"] = (1, widths[0], 4, 4)

    def conv(prefix: str, inputs: int, outputs: int, kernel: int) -> None:
        shapes[f"{prefix}.weight"] = (1, outputs, inputs, kernel, kernel)
        shapes.update({f"{prefix}.modulation.weight": (inputs, w_dim), f"{prefix}.modulation.bias": (inputs,)})

    def styled(prefix: str, inputs: int, outputs: int, up: bool) -> None:
        conv(f"{prefix}.conv", inputs, outputs, 3)
        if up:
            shapes[f"{prefix}.conv.blur.kernel"] = (4, 4)
        shapes.update({f"{prefix}.noise.weight": (1,), f"{prefix}.activate.bias": (outputs,)})

    def head(prefix: str, inputs: int, up: bool) -> None:
        shapes[f"{prefix}.bias"] = (1, 3, 1, 1)
        if up:
            shapes[f"{prefix}.upsample.kernel"] = (4, 4)
        conv(f"{prefix}.conv", inputs, 3, 1)

    styled("conv1", widths[0], widths[0], up=False)
    head("to_rgb1", widths[0], up=False)
    for j, (before, width) in enumerate(pairwise(widths)):
        styled(f"convs.{2 * j}", before, width, up=True)
        styled(f"convs.{2 * j + 1}", width, width, up=False)
    for j, width in enumerate(widths[1:]):
        head(f"to_rgbs.{j}", width, up=True)
    for k in range(2 * len(widths) - 1):
        shapes[f"noises.noise_{k}"] = (1, 1, 4 << (k + 1) // 2, 4 << (k + 1) // 2)
    return shapes


def write_rosinality_stylegan2(weights: dict[str, np.ndarray], path: Path) -> None:
    import argparse

    torch.save(
        {
            "g": tensors(weights),
            "d": {"final_linear.1.bias": torch.zeros(1)},
            "g_ema": tensors(weights),
            "g_optim": {"state": {}, "param_groups": [{"lr": 0.002}]},
            "args": argparse.Namespace(size=16, lr=0.002),
            "ada_aug_p": 0.25,
        },
        path,
    )


# -- NVIDIA's pickles of modules that bring their own source --------------------------------------------------------

SOURCE = "import os\nos.system('echo this must never run > ganviz-ran-it')\nraise SystemExit('this must never run')\n"


class Persistent:
    """Pickles as NVIDIA's persistent classes do."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name, self.state = class_name, state

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": SOURCE,
            "class_name": self.class_name,
            "state": self.state,
        }
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,), None


@contextmanager
def pretended(name: str, **members: Any) -> Iterator[types.ModuleType]:
    """A module of that name with those members, importable while the block runs."""
    made = types.ModuleType(name)
    for key, value in members.items():
        if isinstance(value, type) or callable(value):
            value.__module__ = name
            value.__qualname__ = key
            value.__name__ = key
        setattr(made, key, value)
    parts = name.split(".")
    outer = {".".join(parts[:k]): types.ModuleType(".".join(parts[:k])) for k in range(1, len(parts))}
    saved = {key: sys.modules.get(key) for key in (*outer, name)}
    sys.modules.update({**outer, name: made})
    try:
        yield made
    finally:
        for key, value in saved.items():
            if value is None:
                del sys.modules[key]
            else:
                sys.modules[key] = value


def modules(
    weights: dict[str, torch.Tensor],
    attributes: dict[str, dict[str, Any]],
    make: Callable[[str, dict[str, Any]], Any],
    buffers: tuple[str, ...] = (),
    prefix: str = "",
) -> Any:
    """A tree of modules from a flat state dict, attributes by the modules' names; `make(name, state)` makes one."""
    state: dict[str, Any] = {
        "training": False,
        "_parameters": OrderedDict(),
        "_buffers": OrderedDict(),
        "_non_persistent_buffers_set": set(),
        "_modules": OrderedDict(),
        **attributes.get(prefix.rstrip("."), {}),
    }
    children: dict[str, dict[str, torch.Tensor]] = {}
    for name, value in weights.items():
        head, dot, rest = name.partition(".")
        if dot:
            children.setdefault(head, {})[rest] = value
        elif head in buffers:
            state["_buffers"][head] = value
        else:
            state["_parameters"][head] = torch.nn.Parameter(value, requires_grad=value.is_floating_point())
    for head, inner in children.items():
        state["_modules"][head] = modules(inner, attributes, make, buffers, f"{prefix}{head}.")
    return make(prefix.rstrip("."), state)


def nvidia_stylegan2(
    widths: tuple[int, ...] = (8, 8, 4), w_dim: int = 8, z_dim: int = 7, layers: int = 2, classes: int = 3
) -> Shapes:
    shapes: Shapes = {}

    def layer(prefix: str, inputs: int, outputs: int, size: int) -> None:
        shapes[f"{prefix}.weight"], shapes[f"{prefix}.noise_strength"] = (outputs, inputs, 3, 3), ()
        shapes[f"{prefix}.bias"], shapes[f"{prefix}.resample_filter"] = (outputs,), (4, 4)
        shapes[f"{prefix}.noise_const"] = (size, size)
        shapes.update({f"{prefix}.affine.weight": (inputs, w_dim), f"{prefix}.affine.bias": (inputs,)})

    for j, width in enumerate(widths):
        size, prefix = 4 << j, f"synthesis.b{4 << j}"
        if j == 0:
            shapes[f"{prefix}.const"] = (width, 4, 4)
        shapes[f"{prefix}.resample_filter"] = (4, 4)
        if j > 0:
            layer(f"{prefix}.conv0", widths[j - 1], width, size)
        layer(f"{prefix}.conv1", width, width, size)
        shapes[f"{prefix}.torgb.weight"], shapes[f"{prefix}.torgb.bias"] = (3, width, 1, 1), (3,)
        shapes[f"{prefix}.torgb.affine.weight"], shapes[f"{prefix}.torgb.affine.bias"] = (width, w_dim), (width,)
    return {**shapes, **nvidia_mapping(z_dim, w_dim, layers, classes)}


def nvidia_mapping(z_dim: int, w_dim: int, layers: int, classes: int) -> Shapes:
    shapes: Shapes = {"mapping.w_avg": (w_dim,)}
    if classes:
        shapes.update({"mapping.embed.weight": (w_dim, classes), "mapping.embed.bias": (w_dim,)})
    for k in range(layers):
        inputs = w_dim if k else z_dim + (w_dim if classes else 0)
        shapes.update({f"mapping.fc{k}.weight": (w_dim, inputs), f"mapping.fc{k}.bias": (w_dim,)})
    return shapes


NVIDIA_BUFFERS = ("w_avg", "resample_filter", "noise_const", "magnitude_ema", "up_filter", "down_filter", "transform")


def write_nvidia(attributes: dict[str, dict[str, Any]]) -> Callable[[dict[str, np.ndarray], Path], None]:
    """How NVIDIA's training loop writes a snapshot, for modules with these attributes."""

    def write(weights: dict[str, np.ndarray], path: Path) -> None:
        class EasyDict(dict):  # as dnnlib.util has it
            pass

        def _reconstruct_persistent_obj(meta: Any) -> None:
            raise AssertionError("read by something that imports what it reads")

        given = {name: {**inner} for name, inner in attributes.items()}

        def make(name: str, state: dict[str, Any]) -> Persistent:
            return Persistent(name.rpartition(".")[2] or "Generator", state)

        buffers = (*NVIDIA_BUFFERS, "freqs", "phases")
        with (
            pretended("torch_utils.persistence", _reconstruct_persistent_obj=_reconstruct_persistent_obj),
            pretended("dnnlib.util", EasyDict=EasyDict),
        ):
            generator = modules(tensors(weights), given, make, buffers)
            snapshot = {
                "training_set_kwargs": EasyDict(path="data.zip", resolution=16),
                "G": generator,
                "D": Persistent("Discriminator", {"_parameters": {}, "_buffers": {}, "_modules": {}}),
                "G_ema": generator,
                "augment_pipe": None,
            }
            path.write_bytes(pickle.dumps(snapshot))

    return write


def nvidia_stylegan2_attributes() -> dict[str, dict[str, Any]]:
    layer = {"activation": "lrelu", "conv_clamp": 256, "up": 1, "act_gain": np.sqrt(2)}
    return {
        "": {"_init_kwargs": {"z_dim": 7, "mapping_kwargs": {"num_layers": 2, "lr_multiplier": 0.02}}},
        "synthesis.b4.conv1": layer,
        "mapping.fc0": {"activation": "lrelu"},
    }


LAYOUTS: dict[str, Layout] = {
    "pytorch-dcgan": Layout("pytorch-dcgan", dcgan(), write_state_dict),
    "rosinality-stylegan2": Layout("rosinality-stylegan2", rosinality_stylegan2(), write_rosinality_stylegan2, ".pt"),
    "nvidia-stylegan2": Layout(
        "nvidia-stylegan2", nvidia_stylegan2(), write_nvidia(nvidia_stylegan2_attributes()), ".pkl"
    ),
}
