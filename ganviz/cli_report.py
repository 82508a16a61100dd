"""`ganviz report`: a model on one page, to send, to print, to keep beside a paper."""

from pathlib import Path

import click

from ganviz.cli_metrics import MetricNames
from ganviz.cli_parts import find_model, report
from ganviz.files import atomic_path
from ganviz.training_data import find_data, remember_data


@click.command("report", short_help="Write one self-contained HTML page about MODEL.")
@click.argument("model")
@click.option("--data", help="The training data: folder, zip, .npz or known name. Default: as the card says.")
@click.option("--samples", type=click.IntRange(min=20), default=1000, show_default=True, help="Pictures to measure.")
@click.option("--metric", "names", type=MetricNames(), help="Which metrics, with commas between. Default: all.")
@click.option("--k", "count", type=click.IntRange(0, 20), default=5, show_default=True, help="Neighbours; 0: none.")
@click.option("--features", default="auto", show_default=True, metavar="F", help="As for `ganviz metrics`.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .html to write.")
def report_page(
    model: str,
    data: str | None,
    samples: int,
    names: tuple[str, ...] | None,
    count: int,
    features: str,
    device: str,
    out: Path,
) -> None:
    """Write one self-contained HTML page about MODEL: card, samples, truncation, mixing or codes, neighbours, metrics.

    The page needs nothing else and loads nothing. It shows training images beside the samples, unless --k 0.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"--out: expected a name that ends in .html, got {out.name}")
    header = find_model(model)
    source = data or find_data(header)

    from ganviz.datasets import open_dataset
    from ganviz.html_report import Plan, make_page
    from ganviz.render import Renderer

    dataset = None if source is None else open_dataset(source, header.spec.resolution, header.spec.channels)
    if data is not None:
        remember_data(header, data)
    if dataset is None:
        click.echo(f"{header.ref.name}: its training data are not known here, so it is not measured; --data", err=True)
    page = report(make_page(Renderer(device), header, dataset, Plan(samples, names, count, features)), "report")
    with atomic_path(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    click.echo(str(out))
