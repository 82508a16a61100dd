"""A run folder: what a training leaves behind, written so that it is whole whenever it is interrupted.

config.json              the options, the data, the command
log.jsonl                one line every few steps; what the clock says stands apart under "clock"
previews/NNNNNNNN.png    sheets of the same seeds after so many images
snapshots/NNNNNNNN.safetensors   the averaged generator after so many images, a ganviz checkpoint; see thinning.py
state.safetensors        everything that going on needs: nets, optimisers, average, random state, counters
"""

import json
import math
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ganviz import checkpoint
from ganviz.errors import GanvizError
from ganviz.files import atomic_path, sweep
from ganviz.models.base import StagedGenerator
from ganviz.spec import Card
from trainers import distributed
from trainers.preview import preview_pixels
from trainers.thinning import superfluous

FORMAT = 1
STATE_KEY = "ganviz-run"


@dataclass(frozen=True)
class Run:
    """One run folder and what it was started with."""

    folder: Path
    arch: str
    config: Any
    data_source: str
    data_digest: str
    command: str

    # -- starting and finding ------------------------------------------------------------------------------------

    @classmethod
    def start(cls, folder: Path, arch: str, config: Any, data_source: str, data_digest: str, command: str) -> "Run":
        """Make a new run folder; one that already holds a run is refused."""
        check_unused(folder)
        try:
            for part in ("previews", "snapshots"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GanvizError(f"{folder}: cannot be made ({error.strerror or error}); choose another place") from error
        run = cls(folder, arch, config, data_source, data_digest, command)
        run.write_config()
        return run

    @classmethod
    def read(cls, folder: Path, config_kind: type[Any], arch: str) -> "Run":
        """Read a run folder's config.json."""
        from trainers.options import from_json

        path = folder / "config.json"
        try:
            with distributed.first_file(path) as there:
                stored = json.loads(there.read_text(encoding="utf-8"))
            if stored["format"] != FORMAT:
                raise GanvizError(f"{path}: format {stored['format']} is not known, expected {FORMAT}; update ganviz")
            if stored["arch"] != arch:
                raise GanvizError(f"{folder}: this run trains {stored['arch']}, not {arch}")
            data = stored["data"]
            # A run from before snapshots were thinned out keeps those that it has.
            config = from_json(config_kind, {"keep_all": True, **stored["config"]})
            return cls(folder, arch, config, str(data["source"]), str(data["digest"]), str(stored["command"]))
        except FileNotFoundError as error:
            raise GanvizError(f"{folder}: no run to resume, config.json is not there") from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise GanvizError(f"{path}: cannot be read ({error})") from error

    def tidy(self) -> None:
        """Remove what earlier sittings that were killed left half-written."""
        for folder in (self.folder, self.folder / "snapshots", self.folder / "previews"):
            sweep(folder)

    @property
    def never_saved(self) -> bool:
        """Whether the run was killed before its first snapshot, so that there is nothing to go on from."""
        return not (self.folder / "state.safetensors").exists() and self.newest_snapshot() is None

    def forget(self) -> None:
        """Remove what a sitting without a snapshot has logged: the run begins anew."""
        # Only names that this program gives: what the user put beside them stays.
        previews = [path for path in (self.folder / "previews").glob("*.png") if path.stem.isdecimal()]
        for path in (self.folder / "log.jsonl", *previews):
            path.unlink(missing_ok=True)

    def write_config(self) -> None:
        stored = {
            "format": FORMAT,
            "arch": self.arch,
            "config": asdict(self.config),
            "data": {"source": self.data_source, "digest": self.data_digest},
            "command": self.command,
        }
        with atomic_path(self.folder / "config.json") as temporary:
            temporary.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")

    # -- log -----------------------------------------------------------------------------------------------------

    def log(self, entry: Mapping[str, Any], clock: Mapping[str, float]) -> None:
        """Append one line; numbers that JSON has no word for become null."""
        clean = {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in entry.items()}
        line = json.dumps({**clean, "clock": {key: round(value, 3) for key, value in clock.items()}})
        path = self.folder / "log.jsonl"
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise GanvizError(
                f"{path}: cannot be written ({error.strerror or error}); make room, then go on with --resume"
            ) from error

    def trim_log(self, seen: int) -> None:
        """Drop lines after `seen` images, which a run that goes on from there writes again."""
        path = self.folder / "log.jsonl"
        if not path.exists():
            return
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise GanvizError(f"{path}: cannot be read ({error.strerror or error})") from error
        kept = []
        for line in lines:
            try:
                if json.loads(line)["images"] <= seen:
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # the last line of a run that was killed may be cut short
        with atomic_path(path) as temporary:
            temporary.write_text("".join(kept), encoding="utf-8")

    # -- snapshots and previews ----------------------------------------------------------------------------------

    def snapshot(self, generator: StagedGenerator, card: Card, half: bool) -> Path:
        """Save the averaged generator as a checkpoint named by the images seen; then let older ones go."""
        path = self.folder / "snapshots" / f"{card.images_seen:08d}.safetensors"
        checkpoint.save(path, generator, card, half=half)
        if not self.config.keep_all:
            # Only names that this program gives: what the user put beside them, or called otherwise, stays.
            there = {int(path.stem): path for path in self.snapshots() if len(path.stem) >= 8}
            for seen in superfluous(list(there)):
                with suppress(OSError):  # open elsewhere, on Windows; it goes the next time
                    there[seen].unlink()
        return path

    def snapshots(self) -> list[Path]:
        """By images seen; names are compared as numbers, and what the user put beside them is left out."""
        found = [path for path in (self.folder / "snapshots").glob("*.safetensors") if path.stem.isdecimal()]
        return sorted(found, key=lambda path: int(path.stem))

    def newest_snapshot(self) -> Path | None:
        """The one after the most images."""
        return next(reversed(self.snapshots()), None)

    def preview(self, generator: StagedGenerator, seen: int) -> Path:
        """Draw the same seeds as always, one column a class where there are classes."""
        path = self.folder / "previews" / f"{seen:08d}.png"
        with atomic_path(path) as temporary:
            Image.fromarray(preview_pixels(generator)).save(temporary)
        return path

    # -- resume state --------------------------------------------------------------------------------------------

    def save_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, Any]) -> None:
        header = json.dumps({"format": FORMAT, "data": self.data_digest, "counters": dict(counters)})
        with atomic_path(self.folder / "state.safetensors") as temporary:
            whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
            temporary.touch()
            mode = temporary.stat().st_mode  # the user's usual one; safetensors lets nobody else read
            try:
                save_file(whole, temporary, metadata={STATE_KEY: header})
            except SafetensorError as error:  # how a full disk shows itself
                raise GanvizError(
                    f"{self.folder / 'state.safetensors'}: cannot be written ({error}); "
                    "make room, then go on with --resume"
                ) from error
            temporary.chmod(mode)

    def load_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The tensors and counters of `save_state`."""
        path = self.folder / "state.safetensors"
        try:
            with distributed.first_file(path) as there:
                if not there.exists():
                    raise GanvizError(
                        f"{path}: not there, though the run has snapshots; go on from one of them with "
                        "--pretrained in another folder"
                    )
                with safe_open(there, framework="pt") as file:
                    header = json.loads((file.metadata() or {})[STATE_KEY])
                    tensors = {name: file.get_tensor(name) for name in file.keys()}
            if header["format"] != FORMAT:
                raise GanvizError(f"{path}: format {header['format']} is not known, expected {FORMAT}; update ganviz")
            if header["data"] != self.data_digest:
                raise GanvizError(f"{path}: the data set is not the one that this run began with; give the same --data")
            return tensors, dict(header["counters"])
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise GanvizError(f"{path}: the resume state is damaged ({error})") from error


def check_unused(folder: Path) -> None:
    """Raise GanvizError when the folder already holds a run."""
    if (folder / "config.json").exists():
        raise GanvizError(f"{folder}: it already holds a run; go on with --resume, or choose another folder")


# --- what goes into the state ------------------------------------------------------------------------------------


def module_tensors(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in module.state_dict().items()}


def optimiser_tensors(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Every number that an optimiser keeps for each parameter, by the parameter's position."""
    state = optimiser.state_dict()["state"]
    return {f"{prefix}.{k}.{name}": tensor for k, entries in state.items() for name, tensor in entries.items()}


def restore_module(prefix: str, module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    start = prefix + "."
    mine = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
    try:
        module.load_state_dict(mine)
    except RuntimeError as error:
        raise GanvizError(
            f"the resume state does not fit the network {prefix}: {str(error).splitlines()[-1]}"
        ) from error


def restore_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix + "."):
            _, k, entry = name.split(".")
            state.setdefault(int(k), {})[entry] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def state_tensors(
    modules: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer], random: torch.Generator
) -> dict[str, Tensor]:
    """All tensors of a state: nets and optimisers under their names, and the random generator."""
    tensors = {"random": random.get_state()}
    for prefix, module in modules.items():
        tensors.update(module_tensors(prefix, module))
    for prefix, optimiser in optimisers.items():
        tensors.update(optimiser_tensors(prefix, optimiser))
    return tensors


def restore_state(
    tensors: Mapping[str, Tensor],
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    random: torch.Generator,
) -> None:
    """Put back what `state_tensors` took."""
    for prefix, module in modules.items():
        restore_module(prefix, module, tensors)
    for prefix, optimiser in optimisers.items():
        restore_optimiser(prefix, optimiser, tensors)
    random.set_state(tensors["random"])


def data_order(count: int, seed: int, seen: int, batch: int) -> np.ndarray:
    """Positions (batch,) of the images `seen` .. `seen + batch` in an endless shuffled stream of `count` images.

    Each round is a permutation of its own; the stream depends on nothing but seed and position, so a resumed run
    needs no other memory of it.
    """
    positions = np.arange(seen, seen + batch)
    rounds = positions // count
    chosen = np.empty(batch, dtype=np.int64)
    for k in np.unique(rounds):
        order = _permutation(count, seed, int(k))
        chosen[rounds == k] = order[positions[rounds == k] % count]
    return chosen


_last_orders: dict[tuple[int, int, int], np.ndarray] = {}


def _permutation(count: int, seed: int, k: int) -> np.ndarray:
    key = (count, seed, k)
    if key not in _last_orders:
        while len(_last_orders) > 1:
            _last_orders.pop(next(iter(_last_orders)))
        _last_orders[key] = np.random.default_rng([seed, k]).permutation(count)
    return _last_orders[key]


def held_out(count: int, hold_out: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices to train on and to keep apart: every count/hold_out-th image is kept apart, as sorted int64 arrays."""
    if hold_out >= count:
        raise GanvizError(f"--hold-out: the data set has {count} images, so at most {count - 1}, got {hold_out}")
    apart = np.arange(hold_out, dtype=np.int64) * count // max(hold_out, 1)
    return np.setdiff1d(np.arange(count), apart), apart


# --- time --------------------------------------------------------------------------------------------------------


class Clock:
    """Seconds of training, over all sittings and without pauses."""

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self._began = time.monotonic()
        self._paused: float | None = None

    @property
    def seconds(self) -> float:
        return self._before + (self._paused or time.monotonic()) - self._began

    def pause(self) -> None:
        if self._paused is None:
            self._paused = time.monotonic()

    def go_on(self) -> None:
        if self._paused is not None:
            self._began += time.monotonic() - self._paused
            self._paused = None


def share_done(config: Any, seen: int, seconds: float) -> float:
    """How much of the budget is used, 0 to 1; 0 for ever where there is none."""
    shares = [0.0]
    if config.images:
        shares.append(seen / config.images)
    if config.minutes:
        shares.append(seconds / (60 * config.minutes))
    return min(max(shares), 1.0)


def default_threads(asked: int) -> int:
    """Unless a number was asked for, all processors but one, so that the rest of the machine stays usable; where
    several processes train on this machine, their share of the processors."""
    cores, sharing = os.cpu_count() or 2, distributed.local_size()
    return asked or max(1, cores - 1 if sharing == 1 else cores // sharing)
