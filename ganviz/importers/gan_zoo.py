"""What facebookresearch's pytorch_GAN_zoo trains: progressive GANs and DCGANs, with their configuration beside them.

A dictionary of `config` (an object, of which only the attributes are read), `netG`, `netD` and the averaged generator
`avgG`. In its progressive GAN a layer is (W x + b) sqrt(2 / fan_in), the bias scaled too; the scale is put into the
biases here. The blending factor alpha runs the other way round: 1 is the old picture alone.
"""

import math
from typing import Any

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.inert import Array, Record, shown
from ganviz.importers.pytorch_dcgan import convert_stack
from ganviz.importers.reader import Source
from ganviz.importers.stacks import find_stack
from ganviz.importers.transfer import Transfer, widths_of
from ganviz.spec import Card

TANH = ("MSE", "DCGAN")
"""Losses whose generators end in tanh; the others' are linear."""


class ZooPGAN:
    label = "progressive GAN of pytorch_GAN_zoo"
    arch = "progan"
    asks = ("classes",)

    def recognises(self, source: Source) -> bool:
        return {"formatLayer.weight", "toRGBLayers.0.weight"} <= set(_generator(source)[1])

    def convert(self, source: Source, asked: Asked) -> Converted:
        name, weights = _generator(source)
        settings = _settings(source)
        transfer = Transfer(weights)
        scales = sum(key.endswith(".weight") for key in transfer.starting("toRGBLayers.")) - 1
        if not 0 <= scales <= 8:
            raise GanvizError(f"toRGBLayers: expected 1 to 9 of them, got {scales + 1}")
        first = transfer.take("groupScale0.0.weight", None, None, 3, 3).shape[0]
        inputs = transfer.shape("formatLayer.weight", 2)[-1]
        tensors = _first_layer(transfer, first, inputs)
        _take_conv(transfer, tensors, "groupScale0.0", "convs.1")
        for k in range(scales):
            _take_conv(transfer, tensors, f"scaleLayers.{k}.0", f"convs.{2 * k + 2}")
            _take_conv(transfer, tensors, f"scaleLayers.{k}.1", f"convs.{2 * k + 3}")
        for k in range(max(0, scales - 1), scales + 1):  # the last two resolutions draw, those below have drawn once
            _take_conv(transfer, tensors, f"toRGBLayers.{k}", f"to_rgb.{4 << k}", gain=math.sqrt(2))
        transfer.skip(key for k in range(scales - 1) for key in transfer.starting(f"toRGBLayers.{k}."))
        transfer.done()
        classes, names = _classes(settings, inputs, asked)
        alpha = settings.get("alpha", 0)
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
            raise GanvizError(f"config: expected alpha from 0 to 1, got {shown(alpha)}")
        tensors["alpha"] = np.array(1 - alpha, np.float32)
        widths = [first, *(tensors[f"convs.{2 * k + 3}.bias"].shape[0] for k in range(scales))]
        config = {
            "resolution": 4 << scales,
            "channels": tensors[f"to_rgb.{4 << scales}.bias"].shape[0],
            "z_dim": inputs - classes,
            "num_classes": classes,
            **widths_of(widths),
            "normalised": "all" if classes else "noise",
            "first_bias": "element",
            "output": _output(settings),
        }
        return Converted("progan", config, tensors, Card(class_names=names), _facts(source, name, settings))


class ZooDCGAN:
    label = "DCGAN of pytorch_GAN_zoo"
    arch = "dcgan"
    asks = ("classes", "resolution", "statistics")

    def recognises(self, source: Source) -> bool:
        return {"formatLayer.weight", "main.outlayer.weight"} <= set(_generator(source)[1])

    def convert(self, source: Source, asked: Asked) -> Converted:
        name, weights = _generator(source)
        settings = _settings(source)
        stack = find_stack(weights)
        if stack is None:
            raise GanvizError("the convolutions do not follow one another as a DCGAN's do")
        classes, names = _classes(settings, stack.inputs, asked)
        made = convert_stack(name, stack, Asked(resolution=asked.resolution, classes=classes))
        config = {**made.config, "output": _output(settings)}
        return Converted("dcgan", config, made.tensors, Card(class_names=names), _facts(source, name, settings))


def _generator(source: Source) -> tuple[str, dict[str, Array]]:
    """The averaged generator, or the plain one: its name and its weights, without the ".module" of newer files."""
    if isinstance(source.tree, dict) and isinstance(source.tree.get("config"), Record):
        for name in ("avgG", "netG"):
            weights = source.network(name)
            if weights:
                return name, {key.replace(".module.", "."): value for key, value in weights.items()}
    return "", {}


def _settings(source: Source) -> dict[str, Any]:
    return source.tree["config"].fields()


def _output(settings: dict[str, Any]) -> str:
    return "tanh" if settings.get("lossCriterion") in TANH else "linear"


def _facts(source: Source, name: str, settings: dict[str, Any]) -> dict[str, str]:
    leak = settings.get("leakyReluLeak", 0.2)
    if leak != 0.2:
        raise GanvizError(f"config: expected a leakyReluLeak of 0.2, got {shown(leak)}")
    left = ", ".join(key if isinstance(key, str) else shown(key) for key in source.tree if key not in (name, "config"))
    return {"mapped": f"{name}, as config says", "left_out": left}


def _classes(settings: dict[str, Any], inputs: int, asked: Asked) -> tuple[int, tuple[str, ...]]:
    """How many of the inputs are a class, and the classes' names: those of the one attribute trained on."""
    attributes = settings.get("attribKeysOrder")
    names: tuple[str, ...] = ()
    if not isinstance(attributes, dict) or not attributes:
        classes = asked.classes or 0
    elif len(attributes) > 1:
        raise GanvizError(f"config: conditioned on {len(attributes)} attributes at once; only one is read")
    else:
        attribute = next(iter(attributes.values()))
        values = attribute.get("values") if isinstance(attribute, dict) else None
        names = tuple(map(str, values)) if isinstance(values, list | tuple) else ()
        classes = len(names)
    if not 0 <= classes < inputs:
        raise GanvizError(f"the first layer takes {inputs} numbers; {classes} classes leave no noise")
    return classes, names


def _first_layer(transfer: Transfer, width: int, inputs: int) -> dict[str, np.ndarray]:
    """The fully-connected layer as the convolution over a single pixel that it is here, which runs backwards.

    The latter counts 16 inputs for one, hence the 4; the bias belongs to each element.
    """
    weight = transfer.take("formatLayer.weight", 16 * width, inputs).reshape(width, 4, 4, inputs)
    bias = transfer.take("formatLayer.bias", 16 * width).reshape(width, 4, 4)
    turned = 4 * weight.transpose(0, 3, 1, 2)[:, :, ::-1, ::-1]
    return {"convs.0.weight": turned, "first_bias": bias * np.float32(math.sqrt(2 / inputs))}


def _take_conv(transfer: Transfer, tensors: dict[str, np.ndarray], name: str, native: str, gain: float = 1.0) -> None:
    weight = transfer.take(f"{name}.weight", None, None, None, None)
    scale = math.sqrt(2 / max(1, math.prod(weight.shape[1:])))
    tensors[f"{native}.weight"] = weight * np.float32(gain)
    tensors[f"{native}.bias"] = transfer.take(f"{name}.bias", weight.shape[0]) * np.float32(scale)
