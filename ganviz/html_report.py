"""A model on one page: card, samples, truncation, mixing or codes, neighbours, metrics, curves. One HTML file.

    page = run(make_page(renderer, header, data))
    # write page as UTF-8

Everything is inside: pictures as data, charts as SVG, no script, nothing loaded from elsewhere. Training images appear
in the figure of neighbours: the page says so, and `neighbours=0` leaves them out.
"""

import base64
import io
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganviz import catalog, sheets
from ganviz.charts import Line, histogram, line_chart
from ganviz.checkpoint import Header
from ganviz.codes import Sweep
from ganviz.codes import sheet as code_sheet
from ganviz.datasets import Dataset
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Job, Progress
from ganviz.latent import conditions_of_seed
from ganviz.metrics import about, results
from ganviz.metrics.features import Features, open_features
from ganviz.metrics.measuring import measure_model, prior_recipes
from ganviz.metrics.results import Measured
from ganviz.mixing import Source, layer_groups, matrix, psi_sheet
from ganviz.models import MODELS
from ganviz.neighbour_report import NeighbourReport, report_neighbours
from ganviz.neighbours import reduced
from ganviz.pictures import matched
from ganviz.recipe import Recipe, Sheet, class_weights
from ganviz.render import Renderer

log = logging.getLogger(__name__)

SAMPLES = 1000
GRID = 8
PSIS = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
SHOWN = 10
"""Samples in the figure of neighbours, the most suspicious ones first."""
LARGEST = 1600
"""Pixels a side at most of a picture on the page; larger sheets are reduced."""
LOG_CURVES = (
    ("loss", (("loss_d", "discriminator"), ("loss_g", "generator"))),
    ("mean score of the discriminator", (("score_real", "real"), ("score_fake", "generated"))),
    ("loss of Q", (("categorical", "categories"), ("continuous", "numbers"))),
)
MOST_LOG = 64 << 20

MATCHES_WIDTH = 840
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the page may load: nothing but what it carries, so that the browser itself holds it to that."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5b636d; --paper: #ffffff; --line: #d9dde2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --soft: #a3abb5; --paper: #16191d; --line: #343a42; } svg { color: #b7bec7; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 900px; margin: 40px auto; padding: 0 20px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 40px 0 8px; }
p, figcaption { color: var(--soft); margin: 4px 0 12px; } p.verdict { color: var(--ink); font-weight: 600; }
figure { margin: 0 0 16px; } img { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 16px; }
td, th { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.match > div { display: flex; gap: 12px; align-items: flex-start; } .match img { flex: 0 1 auto; min-width: 0; }
code { font-size: 13px; overflow-wrap: anywhere; } .charts { display: flex; flex-wrap: wrap; gap: 12px; }
@media (max-width: 600px) {
  body { margin: 24px auto; padding: 0 16px; } .match > div { gap: 6px; }
  .metrics tr { display: grid; grid-template-columns: 1fr auto auto; border-bottom: 1px solid var(--line); }
  .metrics td, .metrics th { border: 0; } .metrics td:last-child { grid-column: 1 / -1; padding-top: 0; } }
@media print { body { margin: 0 auto; } h2 { break-after: avoid; } figure, svg { break-inside: avoid; } }
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes onto the page besides card and samples.

    samples     pictures that metrics and neighbours are taken from
    metrics     names in METRICS; None: all of them; () none
    neighbours  training images told beside each sample; 0: no neighbours
    features    see `open_features`
    """

    samples: int = SAMPLES
    metrics: tuple[str, ...] | None = None
    neighbours: int = 5
    features: str = "auto"


def make_page(renderer: Renderer, header: Header, data: Dataset | None, plan: Plan | None = None) -> Job[str]:
    """Job that draws and measures a model and puts it on one page; the HTML is its result.

    data    at the model's own resolution; None leaves out neighbours and metrics, and says so
    """
    plan = plan or Plan()
    renderer.load(header.path)
    parts = [_head(header), _card(header)]
    for title, words, sheet in _figures(header):
        pixels = yield from sheets.draw(renderer, sheet)
        parts.append(_section(title, words, picture(pixels, title)))
        yield Progress(0, 0, title.lower())
    if data is None:
        parts.append(_section("Neighbours and metrics", "The training data are not known here: not measured.", ""))
    else:
        opened = None
        if plan.neighbours or plan.metrics != ():
            opened = yield from open_features(plan.features, data)
        if plan.neighbours and opened is not None:
            parts.append((yield from _neighbours(renderer, header, data, plan, opened)))
        if plan.metrics != () and opened is not None:
            measured = yield from measure_model(renderer, header, data, plan.metrics, plan.samples, features=opened)
            results.keep(header, measured)
            parts.append(_metrics(measured))
    parts += _curves(header)
    title = escape(header.card.title or header.ref.name)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def picture(pixels: np.ndarray, words: str, scale: int = 0) -> str:
    """uint8 (H, W, C) as an <img> that carries its own bytes; small ones are enlarged in whole steps, large reduced."""
    return f"<figure>{_image(pixels, words, scale)}</figure>"


def _image(pixels: np.ndarray, words: str, scale: int = 0) -> str:
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    largest = max(image.size)
    if largest > LARGEST:
        factor = LARGEST / largest
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    shown = image.width * (scale or max(1, 800 // max(image.width, 1)) if image.width < 400 else 1)
    return f'<img src="data:image/png;base64,{data}" width="{shown}" alt="{escape(words)}">'


def recipe_of(header: Header, number: int) -> Recipe:
    """A seed at the card's psi, its class and categories drawn from it."""
    spec = header.spec
    index, categories = conditions_of_seed(number, spec)
    sizes = {code.name: code.size for code in spec.codes}
    return Recipe(
        header.ref,
        Seed(number),
        label=class_weights(index, spec.num_classes) if spec.num_classes else None,
        codes=tuple(sorted((name, class_weights(category, sizes[name])) for name, category in categories.items())),
        psi=header.card.psi,
    )


def _figures(header: Header) -> list[tuple[str, str, Sheet]]:
    """Title, words and sheet of each figure that the model's spec has a meaning for."""
    spec, card = header.spec, header.card
    many = [recipe_of(header, number) for number in range(GRID * GRID)]
    found = [
        ("Samples", f"Seeds 0 to {len(many) - 1} in order, none left out, psi {card.psi:g}.", Sheet(tuple(many), GRID))
    ]
    if spec.num_classes:
        names = [card.class_names[k] if k < len(card.class_names) else str(k) for k in range(min(spec.num_classes, 20))]
        cells = tuple(
            many[seed].edit(label=class_weights(k, spec.num_classes)) for k in range(len(names)) for seed in range(GRID)
        )
        found.append(
            ("Classes", f"A row each: {', '.join(names)}; the columns are seeds 0 to {GRID - 1}.", Sheet(cells, GRID))
        )
    if spec.truncation:
        words = f"From left to right psi {', '.join(f'{psi:g}' for psi in PSIS)}; seeds 0 to 3 down."
        found.append(("Truncation", words, psi_sheet(many[:4], PSIS)))
    if spec.has_mapping:
        rows, columns = ([Source(Seed(number)) for number in numbers] for numbers in ((0, 1, 2, 3), (4, 5, 6, 7, 8)))
        for group, layers in layer_groups(spec).items():
            if layers:
                words = f"Each row's picture (left) with the {group} styles of each column's (top)."
                found.append((f"Mixing: {group}", words, matrix(many[0], rows, columns, layers)))
    for code in spec.codes:
        if code.kind == "continuous":
            sweep = Sweep(columns=code.name, low=2 * code.low, high=2 * code.high)
            words = f"{code.name} from {2 * code.low:g} to {2 * code.high:g} along the columns, all else of seed 0."
            found.append((f"Code {code.name}", words, code_sheet(sweep, many[0], spec)))
    return found


def _head(header: Header) -> str:
    card = header.card
    return f"<h1>{escape(card.title or header.ref.name)}</h1><p>{escape(card.description)}</p>"


def _card(header: Header) -> str:
    spec, card = header.spec, header.card
    rows: list[tuple[str, Any]] = [
        ("name", f"{header.ref.name} ({header.digest[:12]})"),
        ("family", MODELS[header.arch].label),
        ("picture", f"{spec.resolution} x {spec.resolution} px, {'grey' if spec.channels == 1 else 'colour'}"),
        ("latent", f"z {spec.z_dim}, w {spec.num_ws} x {spec.w_dim}"),
        ("classes", ", ".join(card.class_names) or spec.num_classes or ""),
        ("codes", ", ".join(f"{code.name} ({code.kind}, {code.size})" for code in spec.codes)),
        ("data", card.data),
        ("images seen", f"{card.images_seen:,}" if card.images_seen else ""),
        ("licence", card.licence or "not stated"),
        *((name, value) for name, value in card.facts.items() if isinstance(value, str | int | float)),
    ]
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows if value)
    command = f"<p><code>{escape(card.command)}</code></p>" if card.command else ""
    return f"<table>{lines}</table>{command}"


def _section(title: str, words: str, inside: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(words)}</p>{inside}</section>"


def _neighbours(renderer: Renderer, header: Header, data: Dataset, plan: Plan, features: Features) -> Job[str]:
    recipes = prior_recipes(header, plan.samples)
    report = yield from report_neighbours(renderer, recipes, data, k=plan.neighbours, features=features)
    rows = []
    for sample in report.closest(SHOWN):
        side = min(data.images.shape[1], 128)
        cells = []
        for match in sample.matches:
            image = matched(np.asarray(data.images[match.near.index]), side, side, data.images.shape[3])
            cells.append(image[:, ::-1] if match.near.flipped else image)
        drawn = reduced(renderer.render(sample.recipe).pixels, side)
        scale = max(1, MATCHES_WIDTH // (side * (len(cells) + 1)))
        said = f"seed {sample.seed}"
        rows.append(
            f'<figure class="match"><div>{_image(drawn, said, scale)}'
            f"{_image(np.concatenate(cells, axis=1), f'nearest to {said}', scale)}</div>"
            f"<figcaption>{said}: {escape(sample.reason)}</figcaption></figure>"
        )
    charts = "".join(_distances(report, metric) for metric in ("pixel", "feature"))
    authentic = ""
    if report.authenticity is not None:
        authentic = f" Authentic: {report.authenticity:.1%} (of real images {report.reals.authenticity or 0:.1%})."
    heading, _, facts = report.reason.partition(": ")
    heading = {"new": "Not memorised"}.get(heading, heading.capitalize())
    words = (
        f"The {SHOWN} most suspicious of {plan.samples:,} samples at psi 1, left, with the nearest images of "
        f"{report.data} beside them, mirrored and moved by up to 2 px where that is nearer."
    )
    inside = (
        f'<p class="verdict">{escape(heading)}</p><p>{escape(facts[:1].upper() + facts[1:])}.{authentic}</p>'
        f'{"".join(rows)}<div class="charts">{charts}</div>'
        f"<p>Distances to the nearest training image, of samples, and of real images to the nearest other one. "
        f"Features: {escape(report.features)}.</p>"
    )
    return _section("Neighbours", words, inside)


def _distances(report: NeighbourReport, metric: Any) -> str:
    edges, drawn, real = report.histogram(metric)
    label = "grey levels" if metric == "pixel" else "of features"
    return histogram(
        f"distance by {metric}s" if metric == "pixel" else "distance by features",
        edges.tolist(),
        [("samples", drawn.tolist()), ("real images", real.tolist())],
        label,
    )


def _metrics(measured: Measured) -> str:
    rows = []
    for name, figure in measured.ordered():
        what = about(name)
        better = "" if what.better == "neither" else f", {what.better} is better"
        rows.append(
            f'<tr><th>{escape(what.label)}</th><td class="number">{figure.value:.4g}</td>'
            f'<td class="number">{figure.low:.4g} to {figure.high:.4g}</td><td>{escape(what.hint + better)}</td></tr>'
        )
    words = (
        f"{measured.samples:,} samples at psi {measured.psi:g} beside {measured.reals:,} images of {measured.data}. "
        f"Features: {measured.features}. Intervals are 95 %."
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in measured.notes)
    return _section("Metrics", words, f'<table class="metrics">{"".join(rows)}</table>{notes}')


def _curves(header: Header) -> list[str]:
    """Of a run: metrics over its snapshots where there are any, and the curves of its log."""
    run = catalog.run_of(header.path)
    if run is None:
        return []
    parts = []
    from ganviz.cli_metrics import figure_charts

    series = [part for part in results.over_time(run) if len(part) > 1]
    if series:
        charts = "".join(figure_charts(series[0]))
        words = f"{len(series[0])} snapshots, {series[0][0].samples:,} samples each."
        parts.append(_section("Metrics over the training", words, f'<div class="charts">{charts}</div>'))
    charts = "".join(log_charts(run / "log.jsonl"))
    if charts:
        parts.append(_section("Training", "From the run's log.", f'<div class="charts">{charts}</div>'))
    return parts


def log_charts(path: Path) -> list[str]:
    """The curves of a run's log as SVG; none where it cannot be read."""
    try:
        if path.stat().st_size > MOST_LOG:
            raise GanvizError("too large")
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        lines = [line for line in lines if isinstance(line, dict) and isinstance(line.get("images"), int)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError, GanvizError) as error:
        log.warning("%s: the log cannot be read (%s)", path, error)
        return []
    charts = []
    for title, entries in LOG_CURVES:
        curves = [Line(name, *_thinned(lines, key)) for key, name in entries if any(key in line for line in lines)]
        if curves:
            charts.append(line_chart(title, curves, "images seen"))
    return charts


def _thinned(lines: Sequence[dict[str, Any]], key: str, most: int = 200) -> tuple[list[float], list[float]]:
    """Images seen and values of one entry, at most so many, each the mean of those it stands for."""
    kept = [(line["images"], line[key]) for line in lines if isinstance(line.get(key), int | float)]
    size = -(-len(kept) // most) or 1
    groups = [np.array(kept[start : start + size], dtype=np.float64) for start in range(0, len(kept), size)]
    return [float(group[:, 0].mean()) for group in groups], [float(group[:, 1].mean()) for group in groups]
