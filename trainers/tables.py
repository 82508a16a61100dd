"""Figures of a model as tables in Markdown, ready to stand on its card."""

from collections.abc import Mapping, Sequence
from typing import Any


def tables(figures: Mapping[str, Any]) -> str:
    """What `trainers.measure` found, as Markdown: one short section for each kind of figure that there is."""
    parts = [_distances(figures["swd"], figures["samples"])]
    diversity, near = figures["diversity"], figures["neighbours"]
    parts.append(
        f"- Mean difference of two drawn images {diversity['drawn']:.1f} grey levels, of two real ones "
        f"{diversity['real']:.1f}.\n"
        f"- Nearest training image (root mean square, grey levels): median {near['drawn']['median']:.1f} and smallest "
        f"{near['drawn']['smallest']:.1f} for {near['samples']} drawn images, {near['real']['median']:.1f} and "
        f"{near['real']['smallest']:.1f} from real images to the nearest other one; "
        f"{near['below the 1st percentile of real']:.1%} of the drawn ones are nearer than 99 % of the real ones are, "
        f"{near['copies']:.1%} are called copies (docs/metrics.md)."
    )
    if "codes" in figures:
        parts += _codes(figures["codes"])
    if "swap" in figures:
        parts += [_swap(figures["swap"], part) for part in figures["swap"]["all"]]
    if "psi" in figures:
        psi = figures["psi"]
        rows = [
            ["distance from the image of psi 0", *(f"{value:.1f}" for value in psi["distance"].values())],
            ["difference of two images", *(f"{value:.1f}" for value in psi["spread"].values())],
        ]
        parts.append(table(["psi", *psi["distance"]], rows))
    if "growth" in figures:
        growth = figures["growth"]
        jumps = ", ".join(f"{name} px {jump:.1e}" for name, jump in growth["largest jump"].items())
        parts.append(f"Largest change of a pixel (of -1 to 1) as the next resolution enters at alpha 0: {jumps}.")
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _distances(found: Mapping[str, Any], samples: int) -> str:
    """Two rows and their ratio for each way of comparing."""
    rows = []
    names = {
        "whole": (f"{samples:,} drawn images to all real ones", "one half of the real images to the other"),
        "thousand": ("1,000 drawn images to the second 1,000 real ones", "the first 1,000 real ones to the second"),
    }
    for kind, part in found.items():
        drawn, real, ratio = ([f"{value:.2f}" for value in part[row].values()] for row in ("drawn", "real", "ratio"))
        rows.append([names[kind][0], *drawn, ""])
        rows.append([names[kind][1], *real, ""])
        rows.append(["ratio", *ratio, f"**{part['mean ratio']:.2f}**"])
    levels = [f"{level} px" for level in found["whole"]["drawn"]]
    return "Sliced Wasserstein distance x 1000, psi 1:\n\n" + table(["", *levels, "mean ratio"], rows)


def _codes(found: Mapping[str, Any]) -> list[str]:
    parts = []
    judge = f"a classifier that is right on {found['accuracy of the classifier']:.1%} of held-out real images"
    if "agreement" in found:
        agreed = found["agreement"]
        head = ["category", *(str(k) for k in range(len(agreed["class"])))]
        rows = [
            ["class", *(str(k) for k in agreed["class"])],
            ["agreement", *(f"{share:.0%}" for share in agreed["share of each"])],
        ]
        parts.append(
            f"{agreed['share']:.1%} of the images are of the class that their category is matched with, says {judge}:"
            f"\n\n{table(head, rows)}"
        )
    sweeps = {name: part for name, part in found.items() if isinstance(part, Mapping) and "class kept" in part}
    if sweeps:
        measures = list(next(iter(sweeps.values()))["spearman"])
        rows = [
            [name, *(f"{part['spearman'][measure]:+.2f}" for measure in measures), f"{part['class kept']:.0%}"]
            for name, part in sweeps.items()
        ]
        parts.append(
            "Rank correlation with the code along sweeps from -2 to 2, and the share of sweeps in which the class "
            f"stays from end to end:\n\n{table(['code', *measures, 'class kept'], rows)}"
        )
    return parts


def _swap(found: Mapping[str, Any], part: str) -> str:
    """Change by octave in grey levels; in brackets the share of what a change of all layers does."""
    whole = found["all"][part]
    rows = [
        [
            group,
            *(f"{value:.1f} ({value / max(whole[octave], 1e-9):.0%})" for octave, value in found[group][part].items()),
        ]
        for group in found
    ]
    head = ["styles swapped", *(f"{octave} px" for octave in whole)]
    return f"Mean absolute change of {part} by octave, in grey levels and as a share of that of all:\n\n" + table(
        head, rows
    )
