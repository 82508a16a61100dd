"""How long the parts of drawing a picture take, by model and device, kept between runs.

They say what can be drawn within a frame's time. A file that is damaged, or that cannot be written, costs nothing
but the measurements.
"""

import json
import logging
import math
from pathlib import Path

from ganviz.errors import GanvizError
from ganviz.files import atomic_path

log = logging.getLogger(__name__)

KEPT = 64
"""Models and devices that are remembered; those used last."""
FASTER, SLOWER = 0.5, 0.15
"""How much of a new measurement counts: one that is faster more, since it was disturbed less."""
PARTS = 2048
"""More parts than any network has stages."""


class Pace:
    """Seconds that each part takes, by name."""

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self.seconds = dict(seconds or {})

    def note(self, part: str, seconds: float) -> None:
        """A part took so long this time."""
        before = self.seconds.get(part)
        if before is None:
            self.seconds[part] = seconds
        else:  # a single hiccup is no new pace
            share = FASTER if seconds < before else SLOWER
            self.seconds[part] = before + share * (min(seconds, 3 * before) - before)

    def of(self, part: str) -> float:
        """Seconds that a part takes; infinite where nobody knows yet."""
        return self.seconds.get(part, math.inf)


class Paces:
    """The paces of models on this machine, by key; `path` None keeps them for this run alone."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._paces: dict[str, Pace] = read(path) if path is not None else {}
        self._written = self._figures()

    def of(self, key: str) -> Pace:
        """The pace of a model on a device; a new one knows nothing yet."""
        pace = self._paces.pop(key, None) or Pace()
        self._paces[key] = pace  # the one used last stands last
        while len(self._paces) > KEPT:
            del self._paces[next(iter(self._paces))]
        return pace

    def save(self) -> None:
        """Write them, if they have changed noticeably since they were read or written."""
        figures = self._figures()
        if self.path is None or figures == self._written:
            return
        self._written = figures
        try:
            with atomic_path(self.path) as temporary:
                temporary.write_text(json.dumps({"ganviz": 1, "seconds": figures}), encoding="utf-8")
        except GanvizError as error:
            log.info("measured times are not kept: %s", error)

    def _figures(self) -> dict[str, dict[str, float]]:
        """With two digits, so that the file is not written anew for every tremor."""
        return {
            key: {part: float(f"{value:.2g}") for part, value in pace.seconds.items()}
            for key, pace in self._paces.items()
            if pace.seconds
        }


def read(path: Path) -> dict[str, Pace]:
    """The paces that a file holds; of what is not as it should be nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["seconds"]
        return {
            str(key): Pace(
                {
                    str(part): float(value)
                    for part, value in list(parts.items())[:PARTS]
                    if type(value) in (int, float) and 0 <= value < 3600
                }
            )
            for key, parts in list(found.items())[-KEPT:]
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        log.info("%s is damaged and is begun anew (%s)", path, error)
        return {}
