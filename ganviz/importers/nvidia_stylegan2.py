"""StyleGAN2 as NVIDIA's stylegan2-ada-pytorch and stylegan3 write it: `network-snapshot-025000.pkl`.

A pickle of whole modules, each with the source text of its class, which is dropped, and with the arguments that it was
made from, which say what shapes do not. State dicts exported from it are read too, with the arguments assumed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.inert import Array, Record, shown
from ganviz.importers.reader import Source
from ganviz.importers.transfer import Transfer, check_side, widths_of

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64
MAPPING_LR = 0.01
CLAMP = 256.0


class NvidiaStyleGAN2:
    label = "NVIDIA StyleGAN2 pickle"
    arch = "stylegan2"
    asks: tuple[str, ...] = ()

    def recognises(self, source: Source) -> bool:
        return find(source, "synthesis.b4.const") is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = find(source, "synthesis.b4.const")
        assert found is not None
        name, node, weights = found
        transfer = Transfer(weights)
        side = max(_block_size(key) for key in transfer.starting("synthesis.b"))
        check_side(side, "synthesis")
        blocks = [4 << step for step in range((side // 4).bit_length())]
        if any(f"synthesis.b{size}.torgb.weight" not in transfer for size in blocks):
            raise GanvizError("synthesis: a torgb is missing; only generators of the architecture 'skip' are read")
        arguments, assumed = arguments_of(node), []
        tensors, mapping = take_mapping(transfer, arguments)
        tensors["const"] = transfer.take("synthesis.b4.const", None, 4, 4)[None]
        noise = "synthesis.b4.conv1.noise_strength" in transfer
        k = 0
        for step, size in enumerate(blocks):
            for part in ("conv0", "conv1") if size > 4 else ("conv1",):
                _take_conv(transfer, tensors, f"synthesis.b{size}.{part}", k, size, noise)
                k += 1
            _take_head(transfer, tensors, f"synthesis.b{size}.torgb", step)
            filter_name = f"synthesis.b{size}.resample_filter"
            if filter_name in transfer:
                transfer.constant(filter_name, FILTER)
        transfer.done()
        clamp = CLAMP
        attributes = within(node, "synthesis", "b4", "conv1")
        if attributes:
            _check_attributes(attributes)
            _check_activation(within(node, "mapping", "fc0"))
            clamp = float(attributes.get("conv_clamp") or 0)
        else:
            assumed.append("activations limited to 256")
        if not arguments:
            assumed.append("the mapping network's learning rate of 0.01 of the others'")
        config = {
            "resolution": side,
            "channels": tensors["heads.0.bias"].shape[0],
            **mapping,
            **widths_of([tensors[f"convs.{2 * step}.bias"].shape[0] for step in range(len(blocks))]),
            "noise": noise,
            "clamp": clamp,
        }
        return Converted("stylegan2", config, tensors, facts=facts_of(source, name, assumed))


def find(source: Source, key: str) -> tuple[str, Any, dict[str, Array]] | None:
    """The first network with `key` and a mapping network: its name in the file, its node there, its weights."""
    found = source.first(key, "mapping.fc0.weight")
    return None if found is None else (found[0], source.node(found[0]), found[1])


def facts_of(source: Source, name: str, assumed: list[str]) -> dict[str, str]:
    """What to keep of where the weights stood, and of what had to be assumed."""
    facts = {"mapped": name or "the whole file"}
    others = [key for key in source.tree if key != name] if name and isinstance(source.tree, dict) else []
    if others:
        facts["left_out"] = ", ".join(map(str, others))[:200]
    if assumed:
        facts["assumed"] = "; ".join(assumed)
    return facts


def arguments_of(node: Any) -> Mapping[str, Any]:
    """What a pickled module was made from; empty where it is not kept."""
    fields = node.fields() if isinstance(node, Record) else {}
    given = fields.get("_init_kwargs")
    return given if isinstance(given, dict) else {}


def within(node: Any, *path: str) -> Mapping[str, Any]:
    """The attributes of a module within a pickled module; empty where there is none."""
    for name in path:
        modules = node.fields().get("_modules") if isinstance(node, Record) else None
        node = modules.get(name) if isinstance(modules, dict) else None
    return node.fields() if isinstance(node, Record) else {}


def take_mapping(transfer: Transfer, arguments: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The mapping network's tensors, and what the configuration says of it."""
    layers = sum(key.startswith("mapping.fc") and key.endswith(".weight") for key in transfer.weights)
    if not 1 <= layers <= 64:
        raise GanvizError(f"mapping: expected 1 to 64 layers, got {layers}")
    w_dim = transfer.shape("mapping.fc0.weight", 2)[0]
    classes = 0
    tensors: dict[str, np.ndarray] = {}
    if "mapping.embed.weight" in transfer:
        tensors["mapping_network.embedding.weight"] = transfer.take("mapping.embed.weight", w_dim, None)
        tensors["mapping_network.embedding.bias"] = transfer.take("mapping.embed.bias", w_dim)
        classes = tensors["mapping_network.embedding.weight"].shape[1]
    inputs = transfer.shape("mapping.fc0.weight", 2)[1]
    z_dim = inputs - (w_dim if classes else 0)
    if z_dim < 1:
        raise GanvizError(f"mapping.fc0.weight: {inputs} inputs leave no noise beside the label's {w_dim}")
    for k in range(layers):
        width = inputs if k == 0 else w_dim
        tensors[f"mapping_network.layers.{k}.weight"] = transfer.take(f"mapping.fc{k}.weight", w_dim, width)
        tensors[f"mapping_network.layers.{k}.bias"] = transfer.take(f"mapping.fc{k}.bias", w_dim)
    if "mapping.w_avg" in transfer:
        tensors["w_avg"] = transfer.take("mapping.w_avg", w_dim)
    given = arguments.get("mapping_kwargs")
    rate = given.get("lr_multiplier", MAPPING_LR) if isinstance(given, dict) else MAPPING_LR
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise GanvizError(f"mapping: expected a learning rate above 0 and at most 1, got {shown(rate)}")
    config = {
        "z_dim": z_dim,
        "w_dim": w_dim,
        "mapping_layers": layers,
        "mapping_lr": float(rate),
        "num_classes": classes,
    }
    return tensors, config


def _take_conv(transfer: Transfer, tensors: dict[str, np.ndarray], prefix: str, k: int, size: int, noise: bool) -> None:
    tensors[f"convs.{k}.conv.weight"] = transfer.take(f"{prefix}.weight", None, None, 3, 3)
    tensors[f"convs.{k}.conv.affine.weight"] = transfer.take(f"{prefix}.affine.weight")
    tensors[f"convs.{k}.conv.affine.bias"] = transfer.take(f"{prefix}.affine.bias")
    tensors[f"convs.{k}.bias"] = transfer.take(f"{prefix}.bias", None)
    if noise:
        tensors[f"convs.{k}.noise.strength"] = transfer.take(f"{prefix}.noise_strength").reshape(())
        tensors[f"convs.{k}.noise.const"] = transfer.take(f"{prefix}.noise_const", size, size)
    if f"{prefix}.resample_filter" in transfer:
        transfer.constant(f"{prefix}.resample_filter", FILTER)


def _take_head(transfer: Transfer, tensors: dict[str, np.ndarray], prefix: str, j: int) -> None:
    tensors[f"heads.{j}.conv.weight"] = transfer.take(f"{prefix}.weight", None, None, 1, 1)
    tensors[f"heads.{j}.conv.affine.weight"] = transfer.take(f"{prefix}.affine.weight")
    tensors[f"heads.{j}.conv.affine.bias"] = transfer.take(f"{prefix}.affine.bias")
    tensors[f"heads.{j}.bias"] = transfer.take(f"{prefix}.bias", None)


def _block_size(key: str) -> int:
    """8 of "synthesis.b8.conv0.weight"; 0 where there is no such number."""
    digits = key.removeprefix("synthesis.b").partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 6 else 0


def _check_attributes(attributes: Mapping[str, Any]) -> None:
    """GanvizError where a layer is of a kind that is not drawn here."""
    _check_activation(attributes)
    clamp = attributes.get("conv_clamp")
    if clamp is not None and (isinstance(clamp, bool) or not isinstance(clamp, int | float) or not 0 < clamp < 1e6):
        raise GanvizError(f"synthesis: expected a positive number as conv_clamp, got {shown(clamp)}")


def _check_activation(attributes: Mapping[str, Any]) -> None:
    activation = attributes.get("activation", "lrelu")
    if activation != "lrelu":
        raise GanvizError(f"expected the activation 'lrelu', got {shown(activation)}")
