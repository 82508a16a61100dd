"""StyleGAN2 of rosinality's stylegan2-pytorch, and the many projects with its layout: `550000.pt`.

A dictionary with the averaged generator under `g_ema`, or its state dict alone; files converted from NVIDIA's carry
the mean of w as `latent_avg`. Numbers and layout are NVIDIA's own under other names, but for a leading dimension.
"""

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.reader import Source
from ganviz.importers.transfer import Transfer, check_side, widths_of

KEYS = ("conv1.conv.modulation.weight", "to_rgb1.conv.weight", "style.1.weight", "input.input")
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 16
"""Of every upsampling: the bilinear one at four times its gain."""


class RosinalityStyleGAN2:
    label = "StyleGAN2 of rosinality's stylegan2-pytorch"
    arch = "stylegan2"
    asks: tuple[str, ...] = ()

    def recognises(self, source: Source) -> bool:
        found = source.first(*KEYS)
        return found is not None and "iwt.ll" not in found[1]  # those are SWAGANs

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = source.first(*KEYS)
        assert found is not None
        name, weights = found
        transfer = Transfer(weights)
        doublings = sum(key.endswith(".conv.weight") for key in transfer.starting("to_rgbs."))
        if not 1 <= doublings <= 8:
            raise GanvizError(f"to_rgbs: expected 1 to 8 of them, got {doublings}")
        side = 4 << doublings
        check_side(side, "to_rgbs")
        tensors = {"const": transfer.take("input.input", 1, None, 4, 4)}
        mapping_layers = sum(key.endswith(".weight") for key in transfer.starting("style."))
        w_dim = transfer.shape("style.1.weight", 2)[0]
        for k in range(mapping_layers):
            tensors[f"mapping_network.layers.{k}.weight"] = transfer.take(f"style.{k + 1}.weight", w_dim, w_dim)
            tensors[f"mapping_network.layers.{k}.bias"] = transfer.take(f"style.{k + 1}.bias", w_dim)
        for k in range(2 * doublings + 1):
            _take_conv(transfer, tensors, k, 4 << (k + 1) // 2)
        for j in range(doublings + 1):
            _take_head(transfer, tensors, j)
        if name and "latent_avg" in source.network(""):
            tensors["w_avg"] = Transfer(source.network("")).take("latent_avg").reshape(-1)
        transfer.done()
        widths = [tensors[f"convs.{2 * j}.bias"].shape[0] for j in range(doublings + 1)]
        config = {
            "resolution": side,
            "channels": 3,
            "z_dim": w_dim,
            "w_dim": w_dim,
            "mapping_layers": mapping_layers,
            **widths_of(widths),
        }
        assumed = "the mapping network's learning rate of 0.01 of the others'"
        return Converted(
            "stylegan2", config, tensors, facts={"mapped": f"{name or 'the whole file'}", "assumed": assumed}
        )


def _take_conv(transfer: Transfer, tensors: dict[str, np.ndarray], k: int, size: int) -> None:
    """Layer k, whose maps are `size` pixels a side."""
    prefix = "conv1" if k == 0 else f"convs.{k - 1}"
    tensors[f"convs.{k}.conv.weight"] = transfer.take(f"{prefix}.conv.weight", 1, None, None, 3, 3)[0]
    tensors[f"convs.{k}.conv.affine.weight"] = transfer.take(f"{prefix}.conv.modulation.weight")
    tensors[f"convs.{k}.conv.affine.bias"] = transfer.take(f"{prefix}.conv.modulation.bias")
    tensors[f"convs.{k}.noise.strength"] = transfer.take(f"{prefix}.noise.weight", 1).reshape(())
    tensors[f"convs.{k}.bias"] = transfer.take(f"{prefix}.activate.bias").reshape(-1)
    if f"{prefix}.conv.blur.kernel" in transfer:
        transfer.constant(f"{prefix}.conv.blur.kernel", FILTER)
    if f"noises.noise_{k}" in transfer:
        tensors[f"convs.{k}.noise.const"] = transfer.take(f"noises.noise_{k}", 1, 1, size, size)[0, 0]


def _take_head(transfer: Transfer, tensors: dict[str, np.ndarray], j: int) -> None:
    """The head at the j-th resolution."""
    prefix = "to_rgb1" if j == 0 else f"to_rgbs.{j - 1}"
    tensors[f"heads.{j}.conv.weight"] = transfer.take(f"{prefix}.conv.weight", 1, 3, None, 1, 1)[0]
    tensors[f"heads.{j}.conv.affine.weight"] = transfer.take(f"{prefix}.conv.modulation.weight")
    tensors[f"heads.{j}.conv.affine.bias"] = transfer.take(f"{prefix}.conv.modulation.bias")
    tensors[f"heads.{j}.bias"] = transfer.take(f"{prefix}.bias", 1, 3, 1, 1).reshape(3)
    if f"{prefix}.upsample.kernel" in transfer:
        transfer.constant(f"{prefix}.upsample.kernel", FILTER)
