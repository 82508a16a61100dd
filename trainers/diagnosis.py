"""What looks wrong with a training, in words, from the figures of its log. No torch.

The signs are those that practitioners look for: samples that become alike (Goodfellow 2016, section 5.1.1), a
discriminator so sure that it teaches nothing (Arjovsky & Bottou 2017, section 2), figures that grow without bound, and
data so few that they are learnt by heart (Karras et al. 2020, section 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

RECENT = 6
"""Lines of the log whose mean counts as now."""
FEWEST = 12
"""Lines without which nothing is said of a course."""
FEW_IMAGES = 2000

Kind = Literal["collapse", "discriminator", "divergence", "data"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that looks wrong: `text` says what and by which figures, `advice` what to try."""

    kind: Kind
    text: str
    advice: str


def findings(log: Mapping[str, np.ndarray], config: Any, training_images: int) -> tuple[Finding, ...]:
    """What looks wrong, the worst first.

    log              the figures of each line, float64 (n,) by name, nan where a line lacks one
    config           the run's options, or None
    training_images  how many images it learns from; 0: not known
    """
    found = (divergence(log), collapse(log), discriminator(log), few_images(config, training_images))
    return tuple(finding for finding in found if finding is not None)


def divergence(log: Mapping[str, np.ndarray]) -> Finding | None:
    """Figures that are no longer numbers, or that have grown far beyond what they were."""
    for name, said, factor, least in (
        ("loss_d", "The discriminator's loss", 20.0, 20.0),
        ("loss_g", "The generator's loss", 20.0, 20.0),
        ("gradient_g", "The generator's gradient", 100.0, 1e3),
        ("gradient_d", "The discriminator's gradient", 100.0, 1e3),
    ):
        values = np.abs(log.get(name, np.empty(0)))
        known = values[np.isfinite(values)]
        if len(known) < FEWEST:
            continue
        if not np.isfinite(values[-1]):
            return Finding("divergence", f"{said} is no longer a finite number.", LOWER_RATES)
        usual, now = float(np.median(known[:-RECENT])), float(known[-RECENT:].mean())
        if now > least and now > factor * usual:
            text = f"{said} has grown to {now:.3g}; it was {usual:.3g} for most of the time. The training diverges."
            return Finding("divergence", text, LOWER_RATES)
    return None


def collapse(log: Mapping[str, np.ndarray]) -> Finding | None:
    """Samples that differ less and less from one another."""
    smooth = _smooth(log.get("variety", np.empty(0)))
    if len(smooth) < FEWEST:
        return None
    peak, now = float(np.nanmax(smooth)), float(smooth[-1])
    if peak >= 0.3 and now < 0.5 * peak:
        text = (
            f"Samples become alike: they vary {now:.0%} as much as the data, and did {peak:.0%}. "
            "The generator collapses onto few pictures."
        )
    elif len(smooth) >= 5 * FEWEST and now < 0.15:
        text = f"Samples hardly differ: they vary {now:.0%} as much as the data. The generator draws few pictures."
    else:
        return None
    return Finding("collapse", text, "Go back to an earlier snapshot; try a lower --lr-g, --r1-gamma, or wgan-gp.")


def discriminator(log: Mapping[str, np.ndarray]) -> Finding | None:
    """A discriminator so sure that the generator learns nothing any more."""
    gradient = _smooth(log.get("gradient_g", np.empty(0)))
    real, fake = (log.get(name, np.empty(0)) for name in ("output_real", "output_fake"))
    if len(gradient) < FEWEST:
        return None
    usual, now = float(np.nanmax(gradient)), float(gradient[-1])
    sure = _now(real) > 0.95 and _now(fake) < 0.05
    if now < 0.02 * usual:
        text = f"The generator's gradient has vanished: {now:.2g}, once {usual:.2g}."
        if sure:
            text = f"The discriminator is sure of everything, and the generator's gradient has vanished: {now:.2g}."
    elif sure and len(real) >= FEWEST and np.nanmin(real[-FEWEST:]) > 0.95 and np.nanmax(fake[-FEWEST:]) < 0.05:
        text = f"The discriminator wins: it gives reals {_now(real):.0%} and samples {_now(fake):.0%}."
    else:
        return None
    advice = "Try a lower --lr-d, more --r1-gamma, --augment color,translation,cutout, or the non-saturating objective."
    return Finding("discriminator", text, advice)


def few_images(config: Any, training_images: int) -> Finding | None:
    """Data that will be known by heart."""
    if not 0 < training_images < FEW_IMAGES:
        return None
    helped = config is not None and (config.policies or config.ada_target)
    text = f"{training_images:,} images are few to learn from: they may be learnt by heart."
    if helped:
        return Finding("data", text, "Augmentation is on, which helps; look at the nearest training images.")
    return Finding("data", text, "Add pictures, or --flip and --augment color,translation,cutout.")


LOWER_RATES = "Go back to an earlier snapshot; try a lower --lr-g and --lr-d, or --precision float32."


def _smooth(values: np.ndarray) -> np.ndarray:
    """Means over RECENT lines, those that have the figure."""
    known = values[np.isfinite(values)]
    if len(known) < RECENT:
        return np.empty(0)
    return np.convolve(known, np.full(RECENT, 1 / RECENT), "valid")


def _now(values: np.ndarray) -> float:
    recent = values[-RECENT:]
    return float(np.nanmean(recent)) if np.isfinite(recent).any() else float("nan")
