"""Following a run by what it leaves in its folder, in small reads, however long it has been going on. No torch."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganviz.errors import GanvizError
from ganviz.models import resolve
from trainers import TRAINERS
from trainers.diagnosis import Finding, findings
from trainers.options import from_json
from trainers.status import Status, read_status

CHUNK = 1 << 17
"""Bytes of the log that one look reads at most."""
LARGEST_CONFIG = 1 << 20
POINTS = 300
"""A curve has at most so many points, each the mean of those that it stands for."""
CURVES = (
    *("loss_d", "loss_g", "output_real", "output_fake", "score_real", "score_fake"),
    *("gradient_d", "gradient_g", "variety"),
)
"""The entries of the log that are kept, where it has them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run was started with: its config.json."""

    arch: str
    config: Any
    source: str
    command: str


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment.

    plan        None while there is no run in the folder yet
    curves      by name (images seen, values), float64 (n,) each, n up to POINTS
    seen        images that D was shown, by the last line of the log
    seconds     of training up to there; `speed` images a second; `memory_mb` of the process; nan where not said
    left        seconds to the end of the budget; None where there is no budget, or nothing to tell it by
    previews    preview sheets, by images seen
    snapshots   images seen of each snapshot
    has_state   whether there is a state that --resume goes on from
    findings    what looks wrong
    whole       whether the log was read to its end; else look again at once
    """

    folder: Path
    status: Status = field(default_factory=Status)
    plan: Plan | None = None
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    seen: int = 0
    seconds: float = 0.0
    speed: float = float("nan")
    memory_mb: float = float("nan")
    share: float = 0.0
    left: float | None = None
    previews: tuple[Path, ...] = ()
    snapshots: tuple[int, ...] = ()
    has_state: bool = False
    findings: tuple[Finding, ...] = ()
    whole: bool = True


class Watcher:
    """Reads what is new in a run folder each time that it is asked to look. Not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._plan: Plan | None = None
        self._plan_stamp: tuple[int, int] | None = None
        self._forget()

    def look(self) -> View:
        """The run now. Whatever cannot be read is left out; GanvizError where config.json is no run's."""
        self._read_plan()
        whole = self._read_log()
        status = read_status(self.folder)
        last = self._last
        seen, clock = _number(last, "images", 0), last.get("clock", {})
        seconds = _number(clock, "seconds", 0.0)
        speed = _number(clock, "images_per_second", float("nan"))
        share = self._share(seen, seconds)
        log = {name: np.array(values) for name, values in self._values.items()}
        images = np.array(self._images)
        return View(
            folder=self.folder,
            status=status,
            plan=self._plan,
            curves={name: (thinned(images), thinned(values)) for name, values in log.items() if len(images)},
            seen=int(seen),
            seconds=seconds,
            speed=speed,
            memory_mb=_number(clock, "memory_mb", float("nan")),
            share=share,
            left=seconds * (1 - share) / share if share > 0 else None,
            previews=tuple(path for _, path in numbered(self.folder / "previews", ".png")),
            snapshots=tuple(seen for seen, _ in numbered(self.folder / "snapshots", ".safetensors")),
            has_state=(self.folder / "state.safetensors").exists(),
            findings=findings(log, self._plan.config if self._plan else None, status.training_images),
            whole=whole,
        )

    # -- config.json ----------------------------------------------------------------------------------------------

    def _read_plan(self) -> None:
        path = self.folder / "config.json"
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp != self._plan_stamp:
                with open(path, encoding="utf-8") as file:
                    stored = json.loads(file.read(LARGEST_CONFIG))
                self._plan, self._plan_stamp = read_plan(stored), stamp
        except FileNotFoundError:
            self._plan = self._plan_stamp = None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise GanvizError(f"{path}: expected the config of a training run ({error})") from error

    def _share(self, seen: float, seconds: float) -> float:
        if self._plan is None:
            return 0.0
        config, shares = self._plan.config, [0.0]
        if config.images:
            shares.append(seen / config.images)
        if config.minutes:
            shares.append(seconds / (60 * config.minutes))
        return min(max(shares), 1.0)

    # -- log.jsonl ------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._offset = 0
        self._identity = 0
        self._rest = b""
        self._images: list[float] = []
        self._values: dict[str, list[float]] = {}
        self._last: dict[str, Any] = {}

    def _read_log(self) -> bool:
        """Read on in the log; whether that was all of it."""
        try:
            with open(self.folder / "log.jsonl", "rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._identity or found.st_size < self._offset:
                    # A run that goes on from its last state puts a shorter log in the place of this one.
                    self._forget()
                    self._identity = found.st_ino
                file.seek(self._offset)
                text = file.read(CHUNK)
        except OSError:
            self._forget()
            return True
        self._offset += len(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            self._take(line)
        return self._offset >= found.st_size

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            images = float(entry["images"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # what a killed process has left of a line
        self._last = entry
        self._images.append(images)
        for name in CURVES:
            if name in entry or name in self._values:
                values = self._values.setdefault(name, [float("nan")] * (len(self._images) - 1))
                values.append(_number(entry, name, float("nan")))


def read_plan(stored: Any) -> Plan:
    """A config.json's contents. Raises what comes of others: ValueError, KeyError, TypeError, GanvizError."""
    arch = str(stored["arch"])
    kind = resolve(TRAINERS[arch].config)
    config = from_json(kind, {"keep_all": True, **stored["config"]})
    return Plan(arch, config, str(stored["data"]["source"]), str(stored["command"]))


def numbered(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    """Files named by images seen, in that order; no other ones."""
    found: list[tuple[int, Path]] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            stem, ending = os.path.splitext(entry.name)
            if ending == suffix and stem.isdecimal() and len(stem) < 20:
                found.append((int(stem), Path(entry.path)))
    return sorted(found)


def thinned(values: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Means of neighbouring values, at most `points` of them; what is not a number is left out of them."""
    size = -(-len(values) // points) if len(values) else 1
    if size <= 1:
        return values
    padded = np.full(-(-len(values) // size) * size, np.nan)
    padded[: len(values)] = values
    rows = padded.reshape(-1, size)
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    sums = np.where(known, rows, 0.0).sum(axis=1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _number(entry: Any, name: str, default: float) -> float:
    value = entry.get(name) if isinstance(entry, dict) else None
    return float(value) if isinstance(value, int | float) else default
