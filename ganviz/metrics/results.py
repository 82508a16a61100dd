"""What was measured, kept beside the checkpoint, so that it need not be measured again and can be drawn over time.

MODEL.metrics.json lies beside MODEL.safetensors; of models that ship with the program, or lie where nothing can be
written, in the user's own folder, by digest. No torch here.
"""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ganviz import catalog, places
from ganviz.checkpoint import Header
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.metrics import FIGURES, Figure

log = logging.getLogger(__name__)

FORMAT = 1
MOST = 100
"""Results that are kept of one checkpoint, the newest first."""
MAX_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of one checkpoint.

    model, digest   its name, and the weights' digest
    data            the data's name; data_digest is over its pixels
    samples, reals  how many pictures were drawn, and how many real ones they were held against
    psi             truncation that they were drawn with
    features        what they were compared by, in words; features_digest names the very weights
    metrics         figures by name, see FIGURES
    notes           what could not be measured as asked, and why
    images_seen     how long the model had been trained
    """

    model: str
    digest: str
    data: str
    data_digest: str
    samples: int
    reals: int
    psi: float
    features: str
    features_digest: str
    metrics: dict[str, Figure]
    notes: tuple[str, ...] = ()
    images_seen: int = 0

    @property
    def conditions(self) -> tuple[Any, ...]:
        """What has to agree for figures of two models, or of two snapshots, to compare."""
        return self.data_digest, self.samples, self.reals, self.psi, self.features_digest

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, data: Any) -> "Measured":
        """Rebuild from JSON that anybody may have written; GanvizError where it is not as expected."""
        try:
            known = {item.name: data[item.name] for item in fields(cls)}
            known["metrics"] = {
                str(name): Figure(**{end: float(figure[end]) for end in ("value", "low", "high")})
                for name, figure in data["metrics"].items()
            }
            known["notes"] = tuple(str(note) for note in data["notes"])
            for name in ("samples", "reals", "images_seen"):
                known[name] = int(known[name])
            known["psi"] = float(known["psi"])
            for name in ("model", "digest", "data", "data_digest", "features", "features_digest"):
                known[name] = str(known[name])[:1000]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise GanvizError(f"expected the figures of a model, got something else ({error})") from error
        if not all(math.isfinite(x) for f in known["metrics"].values() for x in (f.value, f.low, f.high)):
            raise GanvizError("expected the figures of a model as finite numbers")
        return cls(**known)

    def ordered(self) -> list[tuple[str, Figure]]:
        """The figures in the order in which they are shown."""
        known = list(FIGURES)

        def place(name: str) -> tuple[int, int]:
            if name in known:
                return known.index(name), 0
            scale = name.removeprefix("swd_")
            return known.index("swd"), (1 << 20) - int(scale) if scale.isdecimal() else 1 << 21

        return sorted(self.metrics.items(), key=lambda item: place(item[0]))


def keep(header: Header, measured: Measured) -> Path:
    """Put a result beside its checkpoint; figures that were measured under the same conditions are joined with it."""
    earlier = read(header)
    same = [item for item in earlier if item.conditions == measured.conditions]
    others = [item for item in earlier if item.conditions != measured.conditions]
    if same:
        notes = tuple(dict.fromkeys((*measured.notes, *same[0].notes)))
        measured = replace(measured, metrics={**same[0].metrics, **measured.metrics}, notes=notes)
    data = {"ganviz_metrics": FORMAT, "results": [item.to_json() for item in (measured, *others)][:MOST]}
    text = json.dumps(data, indent=1)
    beside, own = _beside(header), _own(header)
    if beside is not None:
        try:
            with atomic_path(beside) as temporary:
                temporary.write_text(text, encoding="utf-8")
            return beside
        except GanvizError as error:
            log.info("%s; kept in %s instead", error, own)
    with atomic_path(own) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return own


def read(header: Header) -> list[Measured]:
    """What is known of a checkpoint's very weights, newest first; damaged files are passed over with a warning."""
    found: list[Measured] = []
    for path in (_beside(header), _own(header)):
        if path is None or not path.is_file():
            continue
        try:
            if path.stat().st_size > MAX_BYTES:
                raise GanvizError("too large to be figures of a model")
            items = [Measured.from_json(item) for item in json.loads(path.read_text(encoding="utf-8"))["results"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError, GanvizError) as error:
            log.warning("%s: cannot be read (%s)", path, error)
            continue
        found += [item for item in items if item.digest == header.digest]
    return found


def over_time(run: Path) -> list[list[Measured]]:
    """What is known of a run's snapshots: series of comparable results in order of images seen, the longest first."""
    series: dict[tuple[Any, ...], list[Measured]] = {}
    for header in catalog.snapshots(run):
        for measured in read(header):
            kept = series.setdefault(measured.conditions, [])
            if not kept or kept[-1].digest != measured.digest:
                kept.append(replace(measured, images_seen=catalog.images_seen(header)))
    return sorted(series.values(), key=len, reverse=True)


def as_report(measured: Measured) -> dict[str, Any]:
    """One object for scripts: model, data, samples, features, metrics first, then the rest."""
    data = measured.to_json()
    first = ("model", "data", "samples", "features", "metrics")
    return {**{key: data[key] for key in first}, **{key: value for key, value in data.items() if key not in first}}


def table(results: Sequence[Measured]) -> str:
    """Plain lines for people: one a figure, with its interval."""
    from ganviz.metrics import about

    lines = []
    for measured in results:
        for name, figure in measured.ordered():
            what = about(name)
            better = "" if what.better == "neither" else f"{what.better} is better"
            ends = f"({figure.low:.4g} to {figure.high:.4g})"
            lines.append(f"{name:<11} {figure.value:>10.4g}  {ends:<24} {better:<17} {what.hint}".rstrip())
    return "\n".join(lines)


def _beside(header: Header) -> Path | None:
    """Beside the checkpoint; None for what ships with the program, which stays as it is."""
    if header.path.resolve().is_relative_to(places.resources().resolve()):
        return None
    return header.path.with_suffix(".metrics.json")


def _own(header: Header) -> Path:
    folder = places.state() / "metrics"
    folder.mkdir(exist_ok=True)
    return folder / f"{header.digest[:32]}.json"
