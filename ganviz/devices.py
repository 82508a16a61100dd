"""What the devices can do: which one is used, in which precision, in how large batches, and whether it is right.

    device = pick_device("auto")                     # "cuda", "mps" or "cpu"
    dtype = preview_dtype(device)                    # what previews are drawn in; float32 where nothing else pays
    twin = lowered(generator, dtype)                 # draws the same pictures, faster, nearly the same
    image = twin.synthesis(w)                        # also begin, step and image, stage by stage
    pixels = to_pixels(image)                        # bytes are made on the device

The exact picture of a recipe is what the generator itself draws. A twin is for previews, and in float32 for films,
where a pixel may differ by one level. `w` comes from the generator's own mapping, always in float32.

On CUDA and MPS nothing of this has been run: there was no such device. It is kept plain, and tested with fakes.
"""

import math
import platform
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganviz.errors import GanvizError
from ganviz.models.base import StagedGenerator
from ganviz.models.lowered import Lowered

AT_ONCE = 1 << 18
"""Numbers that are made pixels of at once: as many as stay in the processor's caches on their way."""
AGREES_DB = 40.0
"""A device's picture agrees with the processor's from here; float32 reaches 100 dB, one that is grey not 20."""


def pick_device(device: str = "auto") -> str:
    """The best of "cuda", "mps" and "cpu" that is there, or the one asked for; GanvizError when that does not work."""
    if device != "auto":
        try:
            if torch.device(device).type not in ("cpu", "cuda", "mps"):
                raise RuntimeError("no pictures can be drawn on it")
            torch.zeros(1, device=device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).splitlines()[0][:200]
            raise GanvizError(
                f"device {device}: expected auto, cpu, or a cuda or mps that works here ({reason})"
            ) from error
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def preview_dtype(device: str | torch.device) -> torch.dtype:
    """The precision that previews are drawn in: half of float32's bits where the device computes in them faster.

    bfloat16 on processors with instructions for it (of Intel and AMD since 2022), and on GPUs that have it; else
    float16 on GPUs; else float32.
    """
    kind = torch.device(device).type
    if kind == "cpu":
        return torch.bfloat16 if _multiplies_bfloat16() else torch.float32
    if kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


def describe(device: str | torch.device) -> str:
    """A device and what computes on it, in one line, which measured times are kept by."""
    kind = torch.device(device).type
    if kind == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        name = f"{_processor()}, {torch.get_num_threads()} threads" if kind == "cpu" else platform.machine()
    return f"{kind}: {name}, torch {torch.__version__}"


def lowered(generator: StagedGenerator, dtype: torch.dtype = torch.float32) -> StagedGenerator:
    """A twin that draws the same pictures faster: activations and weights in `dtype`, channels last in memory.

    What a picture does not change is computed once: scaled weights, folded batch norm. It shares the mapping network
    and whatever else stays as it is with the generator, takes w in float32 and gives images in float32. Its states
    are in `dtype`: they belong to the twin alone. It cannot be trained.
    """
    return Lowered(generator, dtype)


def to_pixels(image: Tensor) -> np.ndarray:
    """image (N, C, H, W) in [-1, 1] to pixels uint8 (N, H, W, C): round((x + 1) * 127.5), clamped."""
    if image.device.type != "cpu" or image.numel() <= AT_ONCE:
        return _levels(image).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    count, channels, height, width = image.shape
    pixels = np.empty((count, height, width, channels), np.uint8)
    rows = max(1, AT_ONCE // (channels * width))
    for picture, drawn in zip(pixels, image, strict=True):
        for top in range(0, height, rows):
            part = _levels(drawn[:, top : top + rows]).numpy()
            for channel in range(channels):
                picture[top : top + rows, :, channel] = part[channel]
    return pixels


def _levels(image: Tensor) -> Tensor:
    """Grey levels 0 to 255 in uint8 of what lies in [-1, 1]."""
    return (image.float() + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def decibels(image: Tensor, expected: Tensor) -> float:
    """Peak signal-to-noise ratio of images in [-1, 1], in dB: infinite where they are equal, -inf where not finite."""
    error = (image.double().cpu() - expected.double().cpu()).square().mean().item()
    if not math.isfinite(error):
        return -math.inf
    return 10 * math.log10(4 / error) if error else math.inf


def disagreement(generator: StagedGenerator, reference: StagedGenerator) -> str | None:
    """What is wrong with the picture that a device draws, beside the processor's in float32; "" where it is right.

    None where memory does not suffice to tell. Some devices draw even grey, or noise, without any error.
    """
    z = torch.from_numpy(np.random.RandomState(0).randn(1, reference.spec.z_dim).astype(np.float32))
    with torch.inference_mode():
        expected = reference(z)
        try:
            found = generator(z).float().cpu()
        except (RuntimeError, NotImplementedError) as error:
            if is_out_of_memory(error):
                return None  # which is seen to where it draws
            return str(error).splitlines()[0][:200]
    near = decibels(found, expected)
    return "" if near >= AGREES_DB else f"its picture is another one: {near:.0f} dB, expected {AGREES_DB:.0f} or more"


def free(device: str | torch.device) -> None:
    """Give back what torch keeps of a device's memory for later."""
    kind = torch.device(device).type
    if kind == "cuda":
        torch.cuda.empty_cache()
    elif kind == "mps":
        torch.mps.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device's memory, or the machine's, did not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in said or "can't allocate memory" in said)


def _multiplies_bfloat16() -> bool:
    """Whether the processor has instructions that multiply bfloat16 and sum in float32, and torch makes use of them."""
    able = torch.cpu.get_capabilities()
    return torch.backends.mkldnn.is_available() and bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = info.read_text().splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), "") or (
        platform.processor() or platform.machine()
    )
