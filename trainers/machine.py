"""The precision that a run is carried out in."""

import torch


def pick_precision(asked: str, device: torch.device) -> bool:
    """Whether to run the nets in bfloat16: asked for, or "auto" and the hardware multiplies it natively."""
    if asked != "auto":
        return asked == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    checks = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return device.type == "cpu" and any(check() for check in checks if check is not None)
