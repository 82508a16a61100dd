"""InfoGAN of Natsu6767's InfoGAN-PyTorch: `model_epoch_100_MNIST`.

A dictionary of four networks and, under `params`, the sizes of the latent's parts, which stand in the order noise,
categories, continuous codes. The generator is a stack of transposed convolutions; grey data end in a sigmoid, colour
data in tanh.
"""

from typing import Any

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.inert import shown
from ganviz.importers.reader import Source
from ganviz.importers.stacks import Stack, find_stack, stages_of, take_stack
from ganviz.importers.transfer import Transfer

SIZES = ("num_z", "num_dis_c", "dis_c_dim", "num_con_c")
MAX_CODES = 64


class NatsuInfoGAN:
    label = "InfoGAN of Natsu6767's InfoGAN-PyTorch"
    arch = "infogan"
    asks = ("resolution", "statistics")

    def recognises(self, source: Source) -> bool:
        return _find(source) is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = _find(source)
        assert found is not None
        stack, params = found
        noise, categories, size, continuous = (_size(params, name) for name in SIZES)
        if categories > MAX_CODES or continuous > MAX_CODES:
            raise GanvizError(f"params: expected at most {MAX_CODES} codes, got {max(categories, continuous)}")
        if noise + categories * size + continuous != stack.inputs:
            raise GanvizError(
                f"params: {noise} noise, {categories} categories of {size} and {continuous} continuous codes do not "
                f"make the {stack.inputs} inputs of tconv1.weight"
            )
        stages, side, _ = stages_of(stack, asked.resolution)
        transfer = Transfer(stack.weights)
        tensors = take_stack(stack, transfer)
        transfer.done()
        output = "sigmoid" if stack.channels == 1 else "tanh"
        config = {
            "resolution": side,
            "channels": stack.channels,
            "z_dim": noise,
            "categorical": [size] * categories,
            "continuous": continuous,
            "stages": stages,
            "output": output,
        }
        left = ", ".join(key for key in source.tree if key != "netG")
        facts = {"mapped": "netG", "left_out": left, "assumed": f"ReLU and a final {output}, which have no weights"}
        return Converted("infogan", config, tensors, facts=facts)


def _find(source: Source) -> tuple[Stack, dict[Any, Any]] | None:
    tree = source.tree
    if not isinstance(tree, dict) or not isinstance(tree.get("params"), dict) or "netG" not in tree:
        return None
    weights = source.network("netG")
    if "tconv1.weight" not in weights or not set(SIZES) <= set(tree["params"]):
        return None
    stack = find_stack(weights)
    return None if stack is None else (stack, tree["params"])


def _size(params: dict[Any, Any], name: str) -> int:
    value = params[name]
    if type(value) is not int or not 0 <= value <= 65536:
        raise GanvizError(f"params: expected a whole number from 0 to 65536 as {name}, got {shown(value)}")
    return value
