"""StyleGAN of rosinality's style-based-gan-pytorch: `train_step-7.model`, `140000.model`.

The averaged generator under `g_running`, or its state dict alone. It always holds its nine resolutions up to 1024 px,
grown or not, and no mean of w. Weights are scaled by sqrt(2 / fan_in) everywhere, the noise strengths' too; a bias
stands before the blur; the instance norm's epsilon is torch's; both layers of a resolution share their noise.
"""

import math

import numpy as np

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.reader import Source
from ganviz.importers.transfer import Transfer, widths_of

CONST = "generator.progression.0.conv1.input"
STRENGTH = "generator.progression.{}.noise2.weight_orig"
KEYS = (CONST, "style.1.linear.weight_orig", STRENGTH.format(0))
BLUR = (np.outer([1, 2, 1], [1, 2, 1]) / 16).astype(np.float32)
EPS = 1e-5
"""Of torch's InstanceNorm2d."""
MAX_STEPS = 9


class RosinalityStyleGAN:
    label = "StyleGAN of rosinality's style-based-gan-pytorch"
    arch = "stylegan"
    asks = ("resolution",)

    def recognises(self, source: Source) -> bool:
        return source.first(*KEYS) is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        from ganviz.models.layers import seeded_noise

        found = source.first(*KEYS)
        assert found is not None
        name, weights = found
        transfer = Transfer(weights)
        steps = grown_steps(transfer, STRENGTH)
        step, assumed = step_of(transfer, steps, STRENGTH, asked.resolution)
        tensors: dict[str, np.ndarray] = {
            "alpha": np.ones((), np.float32),
            "const": transfer.take(CONST, 1, None, 4, 4),
        }
        layers = sum(key.endswith(".weight_orig") for key in transfer.starting("style."))
        w_dim = transfer.shape("style.1.linear.weight_orig", 2)[0]
        for k in range(layers):
            prefix = f"style.{2 * k + 1}.linear"
            tensors[f"mapping_network.layers.{k}.weight"] = transfer.take(f"{prefix}.weight_orig", w_dim, w_dim)
            tensors[f"mapping_network.layers.{k}.bias"] = transfer.take(f"{prefix}.bias", w_dim)
        for k in range(step + 1):
            plane = seeded_noise(0, k, 4 << k)
            for part in (1, 2):
                _take_layer(transfer, tensors, k, part)
                tensors[f"layers.{2 * k + part - 1}.noise.const"] = plane
        for k in range(max(0, step - 1), step + 1):
            weight = transfer.take(f"generator.to_rgb.{k}.conv.weight_orig", 3, None, 1, 1)
            tensors[f"to_rgb.{4 << k}.weight"] = weight * np.float32(math.sqrt(2))
            tensors[f"to_rgb.{4 << k}.bias"] = transfer.take(f"generator.to_rgb.{k}.conv.bias", 3)
        above = [f"generator.progression.{k}." for k in range(step + 1, steps)]
        below = [f"generator.to_rgb.{k}." for k in range(steps) if k not in (step - 1, step)]
        transfer.skip(key for prefix in (*above, *below) for key in transfer.starting(prefix))
        transfer.done()
        config = {
            "resolution": 4 << step,
            "channels": 3,
            "z_dim": w_dim,
            "w_dim": w_dim,
            "mapping_layers": layers,
            "mapping_lr": 1.0,
            **widths_of([tensors[f"layers.{2 * k + 1}.bias"].shape[0] for k in range(step + 1)]),
            "eps": EPS,
            "blurred_bias": True,
        }
        facts = {"mapped": name or "the whole file"} | ({"assumed": assumed} if assumed else {})
        return Converted("stylegan", config, tensors, facts=facts)


def grown_steps(transfer: Transfer, name: str) -> int:
    """How many resolutions the file holds, by a tensor that each has."""
    steps = sum(name.format(k) in transfer for k in range(MAX_STEPS + 1))
    if not 1 <= steps <= MAX_STEPS or any(name.format(k) not in transfer for k in range(steps)):
        raise GanvizError(f"{name.format('*')}: expected 1 to {MAX_STEPS} of them, from 0 on")
    return steps


def step_of(transfer: Transfer, steps: int, name: str, resolution: int | None) -> tuple[int, str]:
    """The resolution that was trained last, as the power of 2 over 4 px, and what was assumed ("" where nothing).

    Whatever has trained at a resolution has moved the tensor `name` there away from zero, where it starts.
    """
    sides = [4 << k for k in range(steps)]
    if resolution is not None:
        if resolution not in sides:
            raise GanvizError(f"--resolution: the file holds {', '.join(map(str, sides))} px, got {resolution}")
        return sides.index(resolution), ""
    moved = [k for k in range(steps) if transfer.take(name.format(k)).any()]
    if not moved:
        raise GanvizError(
            f"the file holds {', '.join(map(str, sides))} px and nothing in it says which was trained last; "
            "say it with --resolution"
        )
    assumed = f"trained up to {sides[moved[-1]]} px, the last where anything moved; --resolution says otherwise"
    return moved[-1], assumed


def _take_layer(transfer: Transfer, tensors: dict[str, np.ndarray], k: int, part: int) -> None:
    """One of the two layers at the k-th resolution."""
    prefix, native = f"generator.progression.{k}", f"layers.{2 * k + part - 1}"
    strength = transfer.take(f"{prefix}.noise{part}.weight_orig", 1, None, 1, 1)[0]
    width = strength.shape[0]
    tensors[f"{native}.noise.strength"] = strength * np.float32(math.sqrt(2 / max(width, 1)))
    style = transfer.take(f"{prefix}.adain{part}.style.linear.weight_orig", 2 * width, None)
    tensors[f"{native}.style.affine.weight"] = style * np.float32(math.sqrt(2))
    bias = transfer.take(f"{prefix}.adain{part}.style.linear.bias", 2 * width)
    tensors[f"{native}.style.affine.bias"] = bias - np.repeat(
        np.array([1, 0], np.float32), width
    )  # here it is scale + 1
    if (k, part) == (0, 1):
        tensors[f"{native}.bias"] = np.zeros(width, np.float32)  # the constant has none
    elif part == 2:
        _take_conv(transfer, tensors, f"{prefix}.conv2.conv", native)
    elif f"{prefix}.conv1.0.weight" in transfer:
        _take_fused(transfer, tensors, f"{prefix}.conv1.0", native)
        _check_blur(transfer, f"{prefix}.conv1.1", width)
    else:
        _take_conv(transfer, tensors, f"{prefix}.conv1.1.conv", native)
        _check_blur(transfer, f"{prefix}.conv1.2", width)


def _take_conv(transfer: Transfer, tensors: dict[str, np.ndarray], name: str, native: str) -> None:
    tensors[f"{native}.conv.weight"] = transfer.take(f"{name}.weight_orig", None, None, 3, 3)
    tensors[f"{native}.bias"] = transfer.take(f"{name}.bias", None)


def _take_fused(transfer: Transfer, tensors: dict[str, np.ndarray], name: str, native: str) -> None:
    """Upsampling and convolution in one, which spreads four shifted copies of a kernel, over 4.

    Without the 4 that is the convolution of the image enlarged pixel by pixel, run backwards.
    """
    weight = transfer.take(f"{name}.weight", None, None, 3, 3)
    tensors[f"{native}.conv.weight"] = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1] / 4
    tensors[f"{native}.bias"] = transfer.take(f"{name}.bias", None)


def _check_blur(transfer: Transfer, name: str, width: int) -> None:
    for leaf in ("weight", "weight_flip"):
        if f"{name}.{leaf}" in transfer:
            transfer.constant(f"{name}.{leaf}", np.broadcast_to(BLUR, (width, 1, 3, 3)))
