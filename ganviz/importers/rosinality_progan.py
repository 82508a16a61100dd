"""ProGAN of rosinality's progressive-gan-pytorch: `120000.model`, a whole pickled module.

It always holds its six resolutions up to 128 px, grown or not. Pixel norm stands before the activation; the label is
embedded and joins the normalised noise unnormalised. The embedding is put into the first layer here, which is the
same; so is the scale that the layers to RGB, in other networks of the kind, have.
"""

import math

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.reader import Source
from ganviz.importers.rosinality_stylegan import grown_steps, step_of
from ganviz.importers.transfer import Transfer, widths_of

FIRST = "progression.0.conv.0.conv.weight_orig"
KEYS = (FIRST, "label_embed.weight", "to_rgb.0.weight")


class RosinalityProGAN:
    label = "ProGAN of rosinality's progressive-gan-pytorch"
    arch = "progan"
    asks = ("resolution",)

    def recognises(self, source: Source) -> bool:
        return source.first(*KEYS) is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = source.first(*KEYS)
        assert found is not None
        name, weights = found
        transfer = Transfer(weights)
        steps = grown_steps(transfer, "progression.{}.conv.0.conv.bias")
        step, assumed = step_of(transfer, steps, "progression.{}.conv.0.conv.bias", asked.resolution)
        embedding = transfer.take("label_embed.weight", None, None)
        classes, width = embedding.shape
        tensors: dict[str, np.ndarray] = {"alpha": np.ones((), np.float32)}
        for k in range(step + 1):
            for part, place in enumerate((0, 3)):
                _take_conv(transfer, tensors, f"progression.{k}.conv.{place}.conv", f"convs.{2 * k + part}")
        noise = tensors["convs.0.weight"].shape[1] - width
        if noise < 1:
            raise GanvizError(f"{FIRST}: its inputs leave no noise beside the label's {width}")
        first = tensors["convs.0.weight"]
        labels = np.einsum("oekl,ce->ockl", first[:, noise:], embedding)
        tensors["convs.0.weight"] = np.concatenate([first[:, :noise], labels], axis=1)
        if width != classes:  # fan_in counts the inputs
            scale = math.sqrt((noise + classes) / (noise + width))
            tensors["convs.0.weight"] = tensors["convs.0.weight"] * np.float32(scale)
        for k in range(max(0, step - 1), step + 1):
            weight = transfer.take(f"to_rgb.{k}.weight", 3, None, 1, 1)
            tensors[f"to_rgb.{4 << k}.weight"] = weight * np.float32(math.sqrt(weight.shape[1]))
            tensors[f"to_rgb.{4 << k}.bias"] = transfer.take(f"to_rgb.{k}.bias", 3)
        above = [f"progression.{k}." for k in range(step + 1, steps)]
        below = [f"to_rgb.{k}." for k in range(steps) if k not in (step - 1, step)]
        transfer.skip(key for prefix in (*above, *below) for key in transfer.starting(prefix))
        transfer.done()
        config = {
            "resolution": 4 << step,
            "channels": 3,
            "z_dim": noise,
            "num_classes": classes,
            **widths_of([tensors[f"convs.{2 * k + 1}.bias"].shape[0] for k in range(step + 1)]),
            "pixel_norm": "before",
        }
        facts = {"mapped": name or "the whole module"} | ({"assumed": assumed} if assumed else {})
        return Converted("progan", config, tensors, facts=facts)


def _take_conv(transfer: Transfer, tensors: dict[str, np.ndarray], name: str, native: str) -> None:
    tensors[f"{native}.weight"] = transfer.take(f"{name}.weight_orig", None, None, None, None)
    tensors[f"{native}.bias"] = transfer.take(f"{name}.bias", None)
