"""Formats that are recognised by their keys but not read yet: the error then says what a file is."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ganviz.importers.inert import Record
from ganviz.importers.reader import Source


@dataclass(frozen=True, slots=True)
class Unread:
    """A format: what people call it, how its files are told, and what a user may do instead."""

    label: str
    test: Callable[[Source], bool]
    hint: str = ""

    def recognises(self, source: Source) -> bool:
        return source.kind != "other" and self.test(source)


def _has(*names: str) -> Callable[[Source], bool]:
    return lambda source: source.first(*names) is not None


def _top(source: Source) -> dict[Any, Any]:
    return source.tree if isinstance(source.tree, dict) else {}


def _is_tensorflow(source: Source) -> bool:
    nodes = source.tree if isinstance(source.tree, tuple | list) else [source.tree]
    names = ("dnnlib.tflib.network.Network", "tfutil.Network", "network.Network")
    return any(isinstance(node, Record) and node.name in names for node in nodes[:8])


def _is_mmgeneration(source: Source) -> bool:
    names = source.network("state_dict")
    return "meta" in _top(source) and any(name.startswith(("generator_ema.", "generator.")) for name in names)


def _is_akanimax(source: Source) -> bool:
    node = _top(source).get("shadow_generator", _top(source).get("generator"))
    return isinstance(node, dict) and {"conf", "state_dict"} <= set(node)


def _is_discriminator(source: Source) -> bool:
    """Strided convolutions that end in a single number, each as wide at its input as the one before at its output."""
    for _, weights in source.networks:
        shapes = [array.shape for array in weights.values() if len(array.shape) == 4]
        chained = all(after[1] == before[0] for before, after in pairwise(shapes))
        if len(shapes) >= 3 and chained and shapes[-1][0] == 1 and shapes[0][1] in (1, 3):
            return True
    return False


UNREAD: tuple[Unread, ...] = (
    Unread(
        "a TensorFlow-era pickle (StyleGAN, StyleGAN2 or ProGAN)",
        _is_tensorflow,
        "; convert it with legacy.py of stylegan2-ada-pytorch, whose pickles are read",
    ),
    Unread("a checkpoint of lucidrains' stylegan2-pytorch", _has("GE.initial_conv.weight", "SE.net.0.weight")),
    Unread("a checkpoint of mmgeneration", _is_mmgeneration),
    Unread("a checkpoint of akanimax' pro_gan_pytorch", _is_akanimax),
    Unread("a BigGAN of ajbrock's BigGAN-PyTorch", _has("linear.weight", "blocks.0.0.conv1.u0")),
    Unread("an R3GAN", _has("Model.MainLayers.0.Layers.0.Basis")),
    Unread("a SWAGAN of rosinality's stylegan2-pytorch", _has("iwt.ll", "conv1.conv.modulation.weight")),
    Unread("a StyleGAN of pytorch_GAN_zoo", _has("mean_w", "adain00.styleModulator.module.weight")),
    Unread("a discriminator, which draws nothing", _is_discriminator, "; the generator is in another file, often netG"),
)
