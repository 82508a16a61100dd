"""BigGAN-deep of Hugging Face's pytorch-pretrained-BigGAN: `biggan-deep-256-pytorch_model.bin`.

A state dict converted from the authors' own, with the 51 statistics of truncation. Spectral norm divides each weight by
what its stored vectors u and v find to be its largest singular value; that is done once here. The last convolution
draws as many maps as it reads, of which the first three are the image; its norm is taken over all.
"""

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.reader import Source
from ganviz.importers.transfer import Transfer
from ganviz.spec import Card

KEYS = ("embeddings.weight", "generator.gen_z.weight_orig", "generator.conv_to_rgb.weight_orig")
EPS = 1e-4
"""Of its configurations, for batch norm and for spectral norm."""
PSI = 0.4
"""The truncation of its own examples."""
MAX_LAYERS = 32


class HuggingFaceBigGAN:
    label = "BigGAN-deep of Hugging Face's pytorch-pretrained-BigGAN"
    arch = "biggan"
    asks: tuple[str, ...] = ()

    def recognises(self, source: Source) -> bool:
        return source.first(*KEYS) is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = source.first(*KEYS)
        assert found is not None
        name, weights = found
        transfer = Transfer(weights)
        embedding = transfer.take("embeddings.weight", None, None)
        last = transfer.shape("generator.bn.weight", 1)[0]
        tensors = {"embedding.weight": embedding}
        first = _normed(transfer, "generator.gen_z", 2)
        if first.shape[0] % 16:
            raise GanvizError(f"generator.gen_z: expected a multiple of 16 outputs, got {first.shape[0]}")
        # Channels come last there, first here.
        tensors["first.weight"] = first.reshape(16, -1, first.shape[1]).transpose(1, 0, 2).reshape(first.shape)
        bias = transfer.take("generator.gen_z.bias", first.shape[0])
        tensors["first.bias"] = bias.reshape(16, -1).T.reshape(-1)
        widths, attention = [first.shape[0] // 16], 0
        count = len({key.split(".")[2] for key in transfer.starting("generator.layers.")})
        if not 2 <= count <= MAX_LAYERS:
            raise GanvizError(f"generator.layers: expected 2 to {MAX_LAYERS}, got {count}")
        blocks = 0
        for k in range(count):
            prefix = f"generator.layers.{k}"
            if f"{prefix}.gamma" in transfer:
                if blocks % 2 or attention:
                    raise GanvizError(f"{prefix}: expected one attention, before a pair of blocks")
                attention = 4 << (blocks // 2)
                _take_attention(transfer, tensors, prefix, f"stages.{k}")
            else:
                outputs = _take_block(transfer, tensors, prefix, f"stages.{k}", widths[-1])
                if blocks % 2:
                    widths.append(outputs)
                elif outputs != widths[-1]:
                    raise GanvizError(f"{prefix}: expected every other block to keep its {widths[-1]} maps")
                blocks += 1
        if blocks % 2 or widths[-1] != last:
            raise GanvizError(f"generator.layers: expected pairs of blocks that end in {last} maps, got {widths}")
        tensors["norm.means"], tensors["norm.variances"] = _statistics(transfer, "generator.bn", last)
        tensors["scale"] = transfer.take("generator.bn.weight", last)
        tensors["offset"] = transfer.take("generator.bn.bias", last)
        tensors["to_rgb.weight"] = _normed(transfer, "generator.conv_to_rgb", 4)[:3]
        tensors["to_rgb.bias"] = transfer.take("generator.conv_to_rgb.bias", None)[:3]
        transfer.done()
        config = {
            "widths": widths,
            "channels": 3,
            "z_dim": first.shape[1] - embedding.shape[0],
            "num_classes": embedding.shape[1],
            "embedding": embedding.shape[0],
            "attention": attention,
            "reduction": max(1, widths[0] // max(1, tensors["stages.0.convs.0.weight"].shape[0])),
            "statistics": tensors["norm.means"].shape[0],
            "eps": EPS,
        }
        facts = {"mapped": name or "the whole file", "assumed": f"batch norm's epsilon of {EPS:g}"}
        return Converted("biggan", config, tensors, Card(psi=PSI), facts)


def _normed(transfer: Transfer, name: str, dimensions: int) -> np.ndarray:
    """A weight over its largest singular value, as u and v say; v, which early files lack, follows from u."""
    weight = transfer.take(f"{name}.weight_orig", *[None] * dimensions)
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    u = transfer.take(f"{name}.weight_u", len(weight)).astype(np.float64)
    if f"{name}.weight_v" in transfer:
        v = transfer.take(f"{name}.weight_v", flat.shape[1]).astype(np.float64)
    else:
        v = flat.T @ u
        v = v / max(float(np.linalg.norm(v)), EPS)
    return (weight / (u @ flat @ v)).astype(np.float32)


def _statistics(transfer: Transfer, name: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    return transfer.take(f"{name}.running_means", None, width), transfer.take(f"{name}.running_vars", None, width)


def _take_block(transfer: Transfer, tensors: dict[str, np.ndarray], prefix: str, native: str, inputs: int) -> int:
    """One block's tensors; how many maps it gives."""
    width = inputs
    for k in range(4):
        norm, conv = f"{prefix}.bn_{k}", f"{prefix}.conv_{k}"
        means, variances = _statistics(transfer, norm, width)
        tensors[f"{native}.norms.{k}.means"], tensors[f"{native}.norms.{k}.variances"] = means, variances
        for part in ("scale", "offset"):
            tensors[f"{native}.norms.{k}.{part}.weight"] = _normed(transfer, f"{norm}.{part}", 2)
        tensors[f"{native}.convs.{k}.weight"] = _normed(transfer, conv, 4)
        width = tensors[f"{native}.convs.{k}.weight"].shape[0]
        tensors[f"{native}.convs.{k}.bias"] = transfer.take(f"{conv}.bias", width)
    return width


def _take_attention(transfer: Transfer, tensors: dict[str, np.ndarray], prefix: str, native: str) -> None:
    for theirs, ours in (("theta", "query"), ("phi", "key"), ("g", "value"), ("o_conv", "out")):
        tensors[f"{native}.{ours}.weight"] = _normed(transfer, f"{prefix}.snconv1x1_{theirs}", 4)
    tensors[f"{native}.gamma"] = transfer.take(f"{prefix}.gamma", 1).reshape(())
