"""`ganviz metrics`: how good, and how varied, in numbers with intervals; of a run, over its snapshots."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ganviz import catalog
from ganviz.checkpoint import Header
from ganviz.cli_parts import find_model, report
from ganviz.errors import GanvizError
from ganviz.files import atomic_path
from ganviz.metrics import METRICS, about, results
from ganviz.metrics.results import Measured
from ganviz.training_data import find_data, remember_data


class MetricNames(click.ParamType):
    """Names of metrics with commas between them."""

    name = "metrics"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
        unknown = [name for name in names if name not in METRICS and name != "fd"]
        if unknown or not names:
            self.fail(f"expected some of {','.join(METRICS)}, got {value!r}", param, ctx)
        return names


def training_data(header: Header, data: str | None) -> str:
    """The data to hold a model against: what was said, else what is known of it; GanvizError asks for it."""
    source = data or find_data(header)
    if source is None:
        said = f" ({header.card.data})" if header.card.data else ""
        raise GanvizError(f"{header.ref.name}: its training data{said} are not known here; name them with --data")
    return source


@click.command(short_help="Measure MODEL against real images.")
@click.argument("model")
@click.option(
    "--data", help="Real images: folder, zip, .npz or known name. Default: what the card says, if known here."
)
@click.option(
    "--metric", "names", type=MetricNames(), help=f"Some of {','.join(METRICS)}, with commas between. Default: all."
)
@click.option("--samples", type=click.IntRange(min=20), default=5000, show_default=True, help="Pictures to draw.")
@click.option("--psi", type=float, default=1.0, show_default=True, help="Truncation; papers measure without, at 1.")
@click.option(
    "--features",
    default="auto",
    show_default=True,
    metavar="F",
    help="What pictures are compared by: auto, classifier, autoencoder, patches, or Inception weights as a file or "
    "PACKAGE:FILE.",
)
@click.option("--over-time", type=click.IntRange(min=2), metavar="N", help="Measure N of a run's snapshots.")
@click.option("--plot", type=click.Path(path_type=Path), help="With --over-time: draw the curves into this .svg file.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures into this file.")
def metrics(
    model: str,
    data: str | None,
    names: tuple[str, ...] | None,
    samples: int,
    psi: float,
    features: str,
    over_time: int | None,
    plot: Path | None,
    device: str,
    json_path: Path | None,
) -> None:
    """Measure MODEL against real images: quality, variety, detail, smoothness, collapse.

    Numbers are told with a 95 % interval and kept beside the checkpoint. They compare only between models that were
    measured with the same data, features, psi and number of samples. A Fréchet distance is called FID only with
    Inception features; with others it is FD.
    """
    if plot is not None and (over_time is None or plot.suffix.lower() != ".svg"):
        raise click.UsageError("--plot: expected a name that ends in .svg, and --over-time with it")
    header = find_model(model)
    source = training_data(header, data)
    headers = [header] if over_time is None else snapshots_of(model, header, over_time)

    from ganviz.datasets import open_dataset
    from ganviz.metrics.features import open_features
    from ganviz.metrics.measuring import check_names, measure_model
    from ganviz.render import Renderer

    asked = check_names(names)
    spec = header.spec
    dataset = open_dataset(source, spec.resolution, spec.channels)
    if data is not None:
        remember_data(header, data)
    opened = report(open_features(features, dataset), "features")
    renderer = Renderer(device)
    found: list[Measured] = []
    for k, item in enumerate(headers):
        what = "metrics" if len(headers) == 1 else f"metrics {k + 1}/{len(headers)}"
        if item.spec.resolution != spec.resolution:
            click.echo(f"{item.path.stem}: {item.spec.resolution} px, passed over", err=True)
            continue
        measured = report(measure_model(renderer, item, dataset, asked, samples, psi, opened), what)
        results.keep(item, measured)
        found.append(replace(measured, images_seen=catalog.images_seen(item)))
    newest = found[-1]
    if json_path is not None:
        whole = results.as_report(newest)
        if over_time is not None:
            whole["over_time"] = [{"images_seen": m.images_seen, **results.as_report(m)} for m in found]
        with atomic_path(json_path) as temporary:
            temporary.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    _print(newest, found if over_time else [])
    if plot is not None:
        with atomic_path(plot) as temporary:
            temporary.write_text(curves(found), encoding="utf-8")
        click.echo(str(plot))
    if json_path is not None:
        click.echo(str(json_path))


def snapshots_of(model: str, header: Header, count: int) -> list[Header]:
    """`count` of the snapshots of the run that a model is of; GanvizError where it is of none."""
    from ganviz.over_time import spread

    run = catalog.run_of(header.path)
    try:
        return spread(catalog.snapshots(run) if run else [], count)
    except GanvizError as error:
        raise GanvizError(f"{model}: --over-time: {error}") from error


def curves(found: list[Measured]) -> str:
    """One SVG page with a small chart a figure, over the images seen."""
    from ganviz.charts import HEIGHT, WIDTH

    charts = figure_charts(found)
    rows = -(-len(charts) // 2)
    placed = "".join(
        f'<svg x="{WIDTH * (k % 2)}" y="{HEIGHT * (k // 2)}"{chart[len("<svg") :]}' for k, chart in enumerate(charts)
    )
    width, height = WIDTH * min(2, len(charts)), HEIGHT * rows
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{placed}</svg>'
    )


def figure_charts(found: list[Measured]) -> list[str]:
    """A chart with its interval for each figure that all of these results have, as SVG."""
    from ganviz.charts import Line, line_chart

    seen = [float(measured.images_seen) for measured in found]
    charts = []
    for name, _ in found[-1].ordered():
        figures = [measured.metrics.get(name) for measured in found]
        kept = [(x, figure) for x, figure in zip(seen, figures, strict=True) if figure is not None]
        line = Line(
            name,
            [x for x, _ in kept],
            [figure.value for _, figure in kept],
            [figure.low for _, figure in kept],
            [figure.high for _, figure in kept],
        )
        what = about(name)
        better = "" if what.better == "neither" else f" ({what.better} is better)"
        charts.append(line_chart(f"{what.label}{better}", [line], "images seen"))
    return charts


def _print(newest: Measured, series: list[Measured]) -> None:
    psi = f", psi {newest.psi:g}" if newest.psi != 1 else ""
    click.echo(f"{newest.model}: {newest.samples:,} samples{psi} beside {newest.reals:,} images of {newest.data}")
    click.echo(f"features: {newest.features}")
    click.echo(results.table([newest]))
    for note in newest.notes:
        click.echo(note)
    if series:
        names = [name for name, _ in newest.ordered()][:6]
        click.echo("\n" + "images seen".rjust(12) + "".join(name.rjust(11) for name in names))
        for measured in series:
            values = (f"{measured.metrics[name].value:11.4g}" if name in measured.metrics else "" for name in names)
            click.echo(f"{measured.images_seen:12,}" + "".join(values))
