"""What a run is carried out on: device and precision."""

import torch

from ganviz.errors import GanvizError


def pick_device(asked: str) -> str:
    if asked != "auto":
        try:
            torch.zeros(1, device=asked)
        except (RuntimeError, AssertionError) as error:
            raise GanvizError(f"--device {asked}: not usable here ({str(error).splitlines()[0]})") from error
        return asked
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def pick_precision(asked: str, device: torch.device) -> bool:
    """Whether to run the nets in bfloat16: asked for, or "auto" and the hardware multiplies it natively."""
    if asked != "auto":
        return asked == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    checks = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return device.type == "cpu" and any(check() for check in checks if check is not None)
