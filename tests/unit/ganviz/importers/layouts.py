"""Tiny files in the layouts of foreign checkpoints: their names, shapes and wrappings, and numbers made of the names.

The reference outputs in tests/data/importers were drawn by each home's own program from weights filled in this way.
"""

import pickle
import random
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
    if name.startswith(("style.", "mapping.fc")) and ".linear." not in name:  # these are used a hundredth as large
        return (60 if leaf == "weight" else 20) * x
    if ("to_rgb" in name and len(shape) > 3) or "torgb.weight" in name:
        return 0.2 * x
    if ".conv1.1.weight" in name or ".conv1.2.weight" in name:
        return np.broadcast_to(np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16, shape)
    if name.startswith("synthesis.L4_") and len(shape) == 4:  # what becomes a picture at a quarter of its size
        return 6 * x
    if leaf in ("weight_u", "weight_v"):
        return x / np.linalg.norm(x)
    if "running_means" in leaf:
        return 0.1 * x
    if leaf == "transform":
        return np.eye(3, dtype=np.float32)
    if leaf in ("up_filter", "down_filter"):  # symmetric, with a sum of 1
        line = np.abs(x) + np.abs(x[::-1])
        line = line if x.ndim == 1 else line + line[:, ::-1]
        return line / line.sum()
    if leaf == "resample_filter":
        return BILINEAR
    if leaf == "kernel" and shape == (4, 4):
        return 4 * BILINEAR
    if name.endswith(("affine.bias", "modulation.bias")):
        return 1 + 0.1 * x
    return 0.2 * x if leaf == "bias" else x


def filled(shapes: Shapes) -> "OrderedDict[str, np.ndarray]":
    made = OrderedDict((name, numbers(name, shape)) for name, shape in shapes.items())
    for name in shapes:
        if name.endswith(".weight_u"):  # as training leaves them, near the largest singular value
            stem = name.removesuffix("u")
            weight = made[f"{stem}orig"].reshape(shapes[name][0], -1)
            for _ in range(3):
                v = weight.T @ made[name]
                made[f"{stem}v"] = v / np.linalg.norm(v)
                u = weight @ made[f"{stem}v"]
                made[name] = u / np.linalg.norm(u)
    return made


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
    name: str = ""
    untrained: tuple[str, ...] = ()
    """Parts of the names of tensors that are still zero."""

    def weights(self) -> "OrderedDict[str, np.ndarray]":
        made = filled(self.shapes)
        return OrderedDict((k, 0 * v if any(part in k for part in self.untrained) else v) for k, v in made.items())

    def make(self, folder: Path, name: str = "model", **changed: np.ndarray | None) -> Path:
        """Write a file; `changed` replaces tensors, or drops them where None."""
        weights = {**self.weights(), **{key: value for key, value in changed.items() if value is not None}}
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


# -- rosinality's StyleGAN and ProGAN -------------------------------------------------------------------------------


def rosinality_stylegan(widths: tuple[int, ...] = (6, 6, 5, 4, 3), fused: int = 2, w_dim: int = 8) -> Shapes:
    """`fused`: the first of the resolutions that enlarge and convolve in one; the last one is not trained."""
    shapes: Shapes = {}

    def layer(prefix: str, part: int, width: int) -> None:
        shapes[f"{prefix}.noise{part}.weight_orig"] = (1, width, 1, 1)
        shapes[f"{prefix}.adain{part}.style.linear.bias"] = (2 * width,)
        shapes[f"{prefix}.adain{part}.style.linear.weight_orig"] = (2 * width, w_dim)

    for k, width in enumerate(widths):
        prefix, before = f"generator.progression.{k}", widths[max(k - 1, 0)]
        if k == 0:
            shapes[f"{prefix}.conv1.input"] = (1, width, 4, 4)
        elif k >= fused:
            shapes[f"{prefix}.conv1.0.weight"], shapes[f"{prefix}.conv1.0.bias"] = (before, width, 3, 3), (width,)
        else:
            shapes[f"{prefix}.conv1.1.conv.bias"] = (width,)
            shapes[f"{prefix}.conv1.1.conv.weight_orig"] = (width, before, 3, 3)
        for leaf in ("weight", "weight_flip") if k else ():
            shapes[f"{prefix}.conv1.{1 if k >= fused else 2}.{leaf}"] = (width, 1, 3, 3)
        layer(prefix, 1, width)
        shapes[f"{prefix}.conv2.conv.bias"] = (width,)
        shapes[f"{prefix}.conv2.conv.weight_orig"] = (width, width, 3, 3)
        layer(prefix, 2, width)
    for k, width in enumerate(widths):
        shapes[f"generator.to_rgb.{k}.conv.bias"] = (3,)
        shapes[f"generator.to_rgb.{k}.conv.weight_orig"] = (3, width, 1, 1)
    for k in range(1, 6, 2):
        shapes[f"style.{k}.linear.bias"], shapes[f"style.{k}.linear.weight_orig"] = (w_dim,), (w_dim, w_dim)
    return shapes


def write_rosinality_stylegan(weights: dict[str, np.ndarray], path: Path) -> None:
    torch.save({"generator": tensors(weights), "discriminator": {}, "g_running": tensors(weights)}, path)


def rosinality_progan(widths: tuple[int, ...] = (6, 5, 4), classes: int = 3, noise: int = 5) -> Shapes:
    shapes: Shapes = {"label_embed.weight": (classes, classes)}
    for k, width in enumerate(widths):
        before = (noise + classes, *widths)[k]
        for place, inputs in ((0, before), (3, width)):
            kernel = 4 if (k, place) == (0, 0) else 3
            shapes[f"progression.{k}.conv.{place}.conv.bias"] = (width,)
            shapes[f"progression.{k}.conv.{place}.conv.weight_orig"] = (width, inputs, kernel, kernel)
    for k, width in enumerate(widths):
        shapes[f"to_rgb.{k}.weight"], shapes[f"to_rgb.{k}.bias"] = (3, width, 1, 1), (3,)
    return shapes


def write_module(weights: dict[str, np.ndarray], path: Path) -> None:
    """A whole module of classes that are nowhere to be found when it is read."""

    class Generator:
        pass

    def make(name: str, state: dict[str, Any]) -> Any:
        made = Generator()
        made.__dict__.update(state)
        return made

    with pretended("model", Generator=Generator):
        torch.save(modules(tensors(weights), {}, make), path, _use_new_zipfile_serialization=False)


# -- pytorch_GAN_zoo and InfoGAN-PyTorch ----------------------------------------------------------------------------


def zoo_pgan(widths: tuple[int, ...] = (6, 5, 4), inputs: int = 10) -> Shapes:
    shapes: Shapes = {}

    def conv(prefix: str, before: int, width: int, kernel: int) -> None:
        shapes[f"{prefix}.module.weight"] = (width, before, kernel, kernel)
        shapes[f"{prefix}.module.bias"] = (width,)

    for k, (before, width) in enumerate(pairwise(widths)):
        conv(f"scaleLayers.{k}.0", before, width, 3)
        conv(f"scaleLayers.{k}.1", width, width, 3)
    for k, width in enumerate(widths):
        conv(f"toRGBLayers.{k}", width, 3, 1)
    shapes["formatLayer.module.weight"] = (16 * widths[0], inputs)
    shapes["formatLayer.module.bias"] = (16 * widths[0],)
    conv("groupScale0.0", widths[0], widths[0], 3)
    return shapes


def zoo_dcgan(widths: tuple[int, ...] = (8, 4, 2), z_dim: int = 6) -> Shapes:
    shapes: Shapes = {"formatLayer.weight": (z_dim, widths[0], 4, 4)}
    for k, width in enumerate(widths):
        if k > 0:
            shapes[f"main.convTranspose{k}.weight"] = (widths[k - 1], width, 4, 4)
        shapes.update(norm(f"main.batchNorm{k}", width))
    return {**shapes, "main.outlayer.weight": (widths[-1], 3, 4, 4)}


def write_zoo(settings: dict[str, Any]) -> Callable[[dict[str, np.ndarray], Path], None]:
    def write(weights: dict[str, np.ndarray], path: Path) -> None:
        class BaseConfig:
            pass

        config = BaseConfig()
        config.__dict__.update(settings)
        with pretended("models.utils.config", BaseConfig=BaseConfig):
            tree = {"config": config, "netG": tensors(weights), "netD": {}, "avgG": tensors(weights)}
            torch.save(tree, path, _use_new_zipfile_serialization=False)

    return write


def natsu_mnist(widths: tuple[int, ...] = (8, 6, 4), inputs: int = 12) -> Shapes:
    shapes: Shapes = {}
    for k, (kernel, before, width) in enumerate(zip((1, 7, 4, 4), (inputs, *widths), (*widths, 1), strict=True)):
        shapes[f"tconv{k + 1}.weight"] = (before, width, kernel, kernel)
        if k < len(widths):
            shapes.update(norm(f"bn{k + 1}", width))
    return shapes


def natsu_celeba(widths: tuple[int, ...] = (8, 6, 5, 4), inputs: int = 12) -> Shapes:
    shapes: Shapes = {}
    for k, (before, width) in enumerate(zip((inputs, *widths), (*widths, 3), strict=True)):
        shapes[f"tconv{k + 1}.weight"] = (before, width, 4 if k else 2, 4 if k else 2)
        if k < 2:
            shapes.update(norm(f"bn{k + 1}", width))
    return shapes


def write_natsu(params: dict[str, Any]) -> Callable[[dict[str, np.ndarray], Path], None]:
    def write(weights: dict[str, np.ndarray], path: Path) -> None:
        others = {name: {} for name in ("discriminator", "netD", "netQ", "optimD", "optimG")}
        torch.save({"netG": tensors(weights), **others, "params": params}, path)

    return write


MNIST = {"dataset": "MNIST", "num_z": 7, "num_dis_c": 1, "dis_c_dim": 3, "num_con_c": 2}
CELEBA = {"dataset": "CelebA", "num_z": 6, "num_dis_c": 2, "dis_c_dim": 3, "num_con_c": 0}


def nvidia_stylegan3(form: str) -> tuple[Shapes, dict[str, dict[str, Any]]]:
    """Names and shapes, and the attributes that the modules keep, of a tiny T (16 px) or R (32 px)."""
    widths, downs = (8, 8, 4, 4, 3), (2, 2, 2, 2, 1)
    if form == "t":
        sides, ups, paddings = (24, 24, 24, 16, 16), (2, 2, 2, 2, 1), ((9, 8), (9, 8), (9, 8), (1, 0), (0, 0))
    else:
        sides, ups, paddings = (24, 40, 40, 32, 32), (2, 4, 2, 2, 1), ((11, 10), (10, 7), (11, 10), (3, 2), (0, 0))
    kernel, w_dim = 3 if form == "t" else 1, 8
    arguments = {
        **{"z_dim": 7, "c_dim": 3, "w_dim": 8, "img_resolution": 16 if form == "t" else 32, "img_channels": 3},
        **{"channel_base": 64 if form == "t" else 128, "channel_max": 8, "num_layers": 4, "num_critical": 2},
        **{"margin_size": 4, "mapping_kwargs": {}},
    }
    if form == "r":
        arguments |= {"conv_kernel": 1, "use_radial_filters": True}
    shapes: Shapes = {"synthesis.input.weight": (8, 8), "synthesis.input.transform": (3, 3)}
    shapes |= {"synthesis.input.freqs": (8, 2), "synthesis.input.phases": (8,)}
    shapes |= {"synthesis.input.affine.weight": (4, w_dim), "synthesis.input.affine.bias": (4,)}
    attributes: dict[str, dict[str, Any]] = {"": {"_init_kwargs": arguments}}
    for k, (side, width) in enumerate(zip(sides, widths, strict=True)):
        name = f"synthesis.L{k}_{side}_{width}"
        before, last = widths[max(k - 1, 0)], k == len(sides) - 1
        size = 1 if last else kernel
        shapes |= {f"{name}.weight": (width, before, size, size), f"{name}.bias": (width,)}
        shapes[f"{name}.magnitude_ema"] = ()
        if not last:
            shapes[f"{name}.up_filter"] = (6 * ups[k],)
            radial = form == "r" and k < 2
            shapes[f"{name}.down_filter"] = (6 * downs[k],) * (2 if radial else 1)
        shapes |= {f"{name}.affine.weight": (before, w_dim), f"{name}.affine.bias": (before,)}
        attributes[name] = {"up_factor": ups[k], "down_factor": downs[k], "padding": [*paddings[k], *paddings[k]]}
    return {**shapes, **nvidia_mapping(7, w_dim, 2, 3)}, attributes


# -- Hugging Face's BigGAN ------------------------------------------------------------------------------------------


def biggan(widths: tuple[int, ...] = (64, 32, 16, 8, 4), attention: int = 2, classes: int = 3) -> Shapes:
    """`widths` at 4 px, 8 px, ...; spectral norm keeps u and v beside each weight."""
    layers = [pair for before, after in pairwise(widths) for pair in ((before, before), (before, after))]
    shapes: Shapes = {"embeddings.weight": (5, classes)}
    condition, ch = 10, layers[-1][1]

    def normed(name: str, shape: tuple[int, ...], bias: bool) -> None:
        if bias:
            shapes[f"{name}.bias"] = shape[:1]
        shapes[f"{name}.weight_orig"] = shape
        shapes[f"{name}.weight_u"] = shape[:1]
        shapes[f"{name}.weight_v"] = (int(np.prod(shape[1:])),)

    def stored(name: str, width: int) -> None:
        shapes[f"{name}.running_means"], shapes[f"{name}.running_vars"] = (51, width), (51, width)

    normed("generator.gen_z", (16 * layers[0][0], condition), True)
    place = 0
    for k, (inputs, outputs) in enumerate(layers):
        if k == attention:
            name = f"generator.layers.{place}"
            shapes[f"{name}.gamma"] = (1,)
            for part, rows, columns in (
                *(("theta", inputs // 8, inputs), ("phi", inputs // 8, inputs)),
                *(("g", inputs // 2, inputs), ("o_conv", inputs, inputs // 2)),
            ):
                normed(f"{name}.snconv1x1_{part}", (rows, columns, 1, 1), False)
            place += 1
        name, inner = f"generator.layers.{place}", inputs // 4
        for part, (before, after, kernel) in enumerate(
            ((inputs, inner, 1), (inner, inner, 3), (inner, inner, 3), (inner, outputs, 1))
        ):
            stored(f"{name}.bn_{part}", before)
            normed(f"{name}.bn_{part}.scale", (before, condition), False)
            normed(f"{name}.bn_{part}.offset", (before, condition), False)
            normed(f"{name}.conv_{part}", (after, before, kernel, kernel), True)
        place += 1
    shapes |= {"generator.bn.weight": (ch,), "generator.bn.bias": (ch,)}
    stored("generator.bn", ch)
    normed("generator.conv_to_rgb", (ch, ch, 3, 3), True)
    return shapes


LAYOUTS: dict[str, Layout] = {
    "hf-biggan": Layout("hf-biggan", biggan(), write_state_dict, ".bin"),
    "rosinality-stylegan": Layout(
        "rosinality-stylegan",
        rosinality_stylegan(),
        write_rosinality_stylegan,
        ".model",
        untrained=("progression.4.noise",),
    ),
    "rosinality-progan": Layout(
        "rosinality-progan", rosinality_progan(), write_module, ".model", wants=("model.Generator",)
    ),
    "gan-zoo-pgan": Layout(
        "gan-zoo-pgan",
        zoo_pgan(),
        write_zoo({"lossCriterion": "WGANGP", "alpha": 0.25, "leakyReluLeak": 0.2, "attribKeysOrder": None}),
    ),
    "gan-zoo-pgan-classes": Layout(
        "gan-zoo-pgan",
        zoo_pgan(),
        write_zoo(
            {
                "lossCriterion": "MSE",
                "alpha": 0,
                "leakyReluLeak": 0.2,
                "attribKeysOrder": {"kind": {"order": 0, "values": ["ant", "bee", "cat"]}},
            }
        ),
    ),
    "gan-zoo-dcgan": Layout("gan-zoo-dcgan", zoo_dcgan(), write_zoo({"lossCriterion": "DCGAN"})),
    "natsu-infogan": Layout("natsu-infogan", natsu_mnist(), write_natsu(MNIST), ""),
    "natsu-infogan-celeba": Layout("natsu-infogan", natsu_celeba(), write_natsu(CELEBA), ""),
    "nvidia-stylegan3-t": Layout(
        "nvidia-stylegan3", nvidia_stylegan3("t")[0], write_nvidia(nvidia_stylegan3("t")[1]), ".pkl"
    ),
    "nvidia-stylegan3-r": Layout(
        "nvidia-stylegan3", nvidia_stylegan3("r")[0], write_nvidia(nvidia_stylegan3("r")[1]), ".pkl"
    ),
    "pytorch-dcgan": Layout("pytorch-dcgan", dcgan(), write_state_dict),
    "rosinality-stylegan2": Layout("rosinality-stylegan2", rosinality_stylegan2(), write_rosinality_stylegan2, ".pt"),
    "nvidia-stylegan2": Layout(
        "nvidia-stylegan2", nvidia_stylegan2(), write_nvidia(nvidia_stylegan2_attributes()), ".pkl"
    ),
}
for _name, _layout in LAYOUTS.items():
    _layout.name = _name


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """A file with a few changes at random: bytes and bits flipped, stretches removed, repeated, swapped, zeroed."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        start = chance.randrange(len(data))
        length = chance.choice((1, 2, 4, 8, 64, 512))
        match chance.randrange(7):
            case 0:
                data[start] = chance.randrange(256)
            case 1:
                data[start] ^= 1 << chance.randrange(8)
            case 2:
                del data[start : start + length]
            case 3:
                data[start:start] = data[start : start + length]
            case 4:
                other = chance.randrange(len(data))
                data[start : start + length] = data[other : other + length]
            case 5:
                data[start : start + length] = bytes(length)
            case 6:
                data[start : start + 4] = chance.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"cos\nsystem\n"))
        data = data or bytearray(b"\x80")
    return bytes(data)
