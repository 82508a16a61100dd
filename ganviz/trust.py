"""Which models a device draws as the processor does: told by one picture of each, and remembered between runs.

Only that it was right is remembered. A device that was wrong, or had no memory, is looked at again at the next start:
that costs one picture more than what is done then anyway, and a repaired driver is used at once. A file that is
damaged, or that cannot be written, costs nothing but a look at the devices.
"""

import json
import logging
import platform
from pathlib import Path

import torch

from ganviz import __version__
from ganviz.devices import describe
from ganviz.errors import GanvizError
from ganviz.files import atomic_path

log = logging.getLogger(__name__)

KEPT = 256
"""Models and devices that are remembered; those that were looked at last."""
DRIVERS = ("/proc/driver/nvidia/version", "/sys/module/amdgpu/version")
"""Where Linux says which driver a GPU has."""


class Trust:
    """Models and devices that were right; `path` None remembers them for this run alone."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._right: list[str] = _read(path) if path is not None else []

    def holds(self, key: str) -> bool:
        """Whether a model was right on a device."""
        return key in self._right

    def note(self, key: str) -> None:
        """A model was right on a device."""
        self._right = [*(other for other in self._right if other != key), key][-KEPT:]
        if self.path is None:
            return
        try:
            with atomic_path(self.path) as temporary:
                temporary.write_text(json.dumps({"ganviz": 1, "right": self._right}), encoding="utf-8")
        except GanvizError as error:
            log.info("that a device is right is not kept: %s", error)


def key_of(digest: str, device: str | torch.device) -> str:
    """What a model on a device is remembered by: the network, the device, and all that computes with it.

    That is the driver, the system, torch with its libraries, and ganviz, whose code of a network may change.
    """
    said = [digest, describe(device), platform.platform(), f"ganviz {__version__}"]
    if torch.device(device).type == "cuda":
        said += [f"CUDA {torch.version.cuda}", f"HIP {torch.version.hip}", f"cuDNN {torch.backends.cudnn.version()}"]
        said += [Path(driver).read_text().splitlines()[0] for driver in DRIVERS if Path(driver).is_file()]
    return ", ".join(said)


def _read(path: Path) -> list[str]:
    """What a file remembers; of what is not as it should be nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["right"]
        return [str(key) for key in list(found)[-KEPT:]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.info("%s is damaged and is begun anew (%s)", path, error)
        return []
