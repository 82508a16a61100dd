"""StyleGAN3 as NVIDIA's stylegan3 writes it, T and R: `stylegan3-t-ffhq-1024x1024.pkl`.

A pickle of whole modules as StyleGAN2's. Filters are among the weights; where layers lie among the frequencies follows
from the arguments that the network was made from, and has to agree with what each layer keeps of itself.
"""

from collections.abc import Mapping
from typing import Any

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.inert import shown
from ganviz.importers.nvidia_stylegan2 import arguments_of, facts_of, find, take_mapping, within
from ganviz.importers.reader import Source
from ganviz.importers.transfer import Transfer

KEY = "synthesis.input.freqs"
ARGUMENTS = {
    "num_layers": "num_layers",
    "num_critical": "num_critical",
    "first_cutoff": "first_cutoff",
    "first_stopband": "first_stopband",
    "last_stopband_rel": "last_stopband_rel",
    "margin_size": "margin",
    "output_scale": "output_scale",
    "filter_size": "filter_size",
    "lrelu_upsampling": "upsampling",
}
"""The arguments that shapes do not say, and what the configuration calls them."""
CLAMP = 256.0
MAX_LAYERS = 64


class NvidiaStyleGAN3:
    label = "NVIDIA StyleGAN3 pickle"
    arch = "stylegan3"
    asks: tuple[str, ...] = ()

    def recognises(self, source: Source) -> bool:
        return find(source, KEY) is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = find(source, KEY)
        assert found is not None
        name, node, weights = found
        transfer = Transfer(weights)
        prefixes, side = _layers(transfer)
        given = {**arguments_of(node), **arguments_of_synthesis(node)}
        tensors, mapping = take_mapping(transfer, arguments_of(node))
        for leaf in ("weight", "affine.weight", "affine.bias", "freqs", "phases", "transform"):
            tensors[f"input.{leaf}"] = transfer.take(f"synthesis.input.{leaf}")
        for k, prefix in enumerate(prefixes):
            for leaf, dimensions in (("weight", 4), ("bias", 1), ("affine.weight", 2), ("affine.bias", 1)):
                tensors[f"layers.{k}.{leaf}"] = transfer.take(f"{prefix}.{leaf}", *[None] * dimensions)
            tensors[f"layers.{k}.magnitude"] = transfer.take(f"{prefix}.magnitude_ema").reshape(())
            for leaf in ("up_filter", "down_filter"):
                if f"{prefix}.{leaf}" in transfer:
                    tensors[f"layers.{k}.{leaf}"] = transfer.take(f"{prefix}.{leaf}")
        transfer.done()
        clamp = given.get("conv_clamp", CLAMP)
        config = {
            "resolution": side,
            "channels": tensors[f"layers.{len(prefixes) - 1}.bias"].shape[0],
            **mapping,
            "num_layers": len(prefixes) - 1,
            "widths": [tensors[f"layers.{k}.bias"].shape[0] for k in range(len(prefixes) - 1)],
            **{ours: _plain(given[theirs], theirs) for theirs, ours in ARGUMENTS.items() if theirs in given},
            "kernel": tensors["layers.0.weight"].shape[-1],
            "radial": any(key.endswith("down_filter") and value.ndim == 2 for key, value in tensors.items()),
            "clamp": 0.0 if clamp is None else _plain(clamp, "conv_clamp"),
        }
        _check_layers(config, node, [prefix.removeprefix("synthesis.") for prefix in prefixes])
        assumed = [] if given else ["what NVIDIA's own configurations have where shapes say nothing"]
        return Converted("stylegan3", config, tensors, facts=facts_of(source, name, assumed))


def arguments_of_synthesis(node: Any) -> Mapping[str, Any]:
    """What the synthesis network within a pickled generator was made from."""
    given = within(node, "synthesis").get("_init_kwargs")
    return given if isinstance(given, dict) else {}


def _layers(transfer: Transfer) -> tuple[list[str], int]:
    """The layers' prefixes in order, and the side of the last: L3_36_512 is the fourth, of 36 px and 512 maps."""
    found: dict[int, tuple[str, int]] = {}
    for key in transfer.starting("synthesis.L"):
        prefix = ".".join(key.split(".")[:2])
        parts = prefix.removeprefix("synthesis.L").split("_")
        if len(parts) != 3 or not all(part.isdecimal() and len(part) < 7 for part in parts):
            raise GanvizError(f"{key}: expected layers named like L3_36_512")
        found[int(parts[0])] = (prefix, int(parts[1]))
    if not 3 <= len(found) <= MAX_LAYERS or sorted(found) != list(range(len(found))):
        raise GanvizError(f"synthesis: expected 3 to {MAX_LAYERS} layers L0, L1, ..., got {sorted(found)[:20]}")
    return [found[k][0] for k in range(len(found))], found[len(found) - 1][1]


def _plain(value: Any, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise GanvizError(f"{name}: expected a number, got {shown(value)}")
    return value


def _check_layers(config: dict[str, Any], node: Any, names: list[str]) -> None:
    """GanvizError where the file's layers lie otherwise among the frequencies than the configuration makes them."""
    import torch

    from ganviz.models.stylegan3 import FilteredLayer, StyleGAN3Config, bands

    try:
        made = StyleGAN3Config(**config)
    except ValueError as error:
        raise GanvizError(f"it cannot be laid out as the file says: {error}") from error
    found = bands(made)
    for k, name in enumerate(names):
        side, width = (int(part) for part in name.split("_")[1:])
        if k >= len(found) or (found[k].side, found[k].width) != (side, width):
            raise GanvizError(f"{name}: the file's arguments do not make a layer of that size; they make {found[k]}")
        attributes = within(node, "synthesis", name)
        if not attributes:
            continue
        critical = k >= made.num_layers - made.num_critical
        with torch.device("meta"):
            layer = FilteredLayer(found[max(k - 1, 0)], found[k], made, k == made.num_layers, critical)
        ours = {"up_factor": layer.up, "down_factor": layer.down, "padding": [*layer.padding, *layer.padding]}
        for key, value in ours.items():
            if key in attributes and attributes[key] != value:
                raise GanvizError(f"{name}: expected {key} {value}, got {shown(attributes[key])}")
