"""The command line of the trainers: `python -m trainers ARCH --data DATA --out RUN ...`, or `ganviz train`."""

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganviz import cli
from ganviz.errors import GanvizError
from ganviz.models import resolve
from trainers import TRAINERS
from trainers.options import GROUPS, check_parts, make, resumed

if TYPE_CHECKING:
    from trainers.run import Run


def command_for(arch: str) -> click.Command:
    """The click command of one trainer, its flags made from the config's fields. Imports no torch."""
    kind = resolve(TRAINERS[arch].config)
    parameters: list[click.Parameter] = [
        click.Option(["--data"], metavar="DATA", help="folder, zip, .npz, IDX folder, or a known name"),
        click.Option(["--out"], metavar="RUN", required=True, type=click.Path(path_type=Path), help="the run folder"),
        click.Option(["--resume"], is_flag=True, help="go on with the run in that folder"),
        click.Option(
            ["--film"],
            is_flag=True,
            help="at the end make training.mp4 of the previews; with --out alone, of the run in that folder",
        ),
        click.Option(
            ["--control"],
            type=click.Choice(["none", "stdin"]),
            default="none",
            help="read pause, resume, stop and detach from stdin; its end stops the run",
        ),
        click.Option(["--debug"], is_flag=True, help="show the traceback of an error"),
    ]
    for item in sorted(fields(kind), key=lambda item: GROUPS.index(item.metadata["group"])):
        flag = "--" + item.name.replace("_", "-")
        shown = f"{item.metadata['help']}  [{item.metadata['group']}; default: {item.default!r}]"
        if isinstance(item.default, bool):
            parameters.append(click.Option([f"{flag}/--no-{flag[2:]}"], default=None, help=shown))
        elif item.metadata["choices"]:
            choice = click.Choice([str(entry) for entry in item.metadata["choices"]])
            parameters.append(click.Option([flag], type=choice, default=None, help=shown))
        else:
            parameters.append(click.Option([flag], type=type(item.default), default=None, help=shown))

    def callback(
        data: str | None, out: Path, resume: bool, film: bool, control: str, debug: bool, **options: Any
    ) -> None:
        convert: dict[str, Any] = {item.name: type(item.default) for item in fields(kind)}
        given = {name: convert[name](value) for name, value in options.items() if value is not None}
        if film and data is None and not resume and not given:
            from trainers.film import make_film

            click.echo(f"{make_film(out.expanduser())}", err=True)
            return
        train(arch, kind, data, out, given, resume=resume, film=film, stdin=control == "stdin")

    return click.Command(
        arch,
        params=parameters,
        callback=callback,
        help=f"Train {TRAINERS[arch].label} on your own pictures. Explicit options stand over the preset's.",
    )


def command() -> click.Group:
    """All trainers as one group, to be run as `python -m trainers` or hung under `ganviz train`."""
    return click.Group(
        "train",
        commands={arch: command_for(arch) for arch in TRAINERS},
        help="Train a generator on your own pictures.",
    )


def train(
    arch: str,
    kind: type[Any],
    source: str | None,
    folder: Path,
    given: dict[str, Any],
    *,
    resume: bool,
    film: bool,
    stdin: bool,
) -> None:
    """Open the data, start or read the run folder, and run the trainer's loop, beside other processes if there are."""
    from trainers import distributed

    with distributed.joined():
        try:
            _train(arch, kind, source, folder.expanduser(), given, resume=resume, film=film, stdin=stdin)
        except distributed.LostTouch:
            raise
        except (GanvizError, click.UsageError) as error:
            if distributed.rank() > 0:  # the first process says it
                raise click.exceptions.Exit(1) from error
            raise


def _train(
    arch: str,
    kind: type[Any],
    source: str | None,
    folder: Path,
    given: dict[str, Any],
    *,
    resume: bool,
    film: bool,
    stdin: bool,
) -> None:
    from ganviz.datasets import open_dataset
    from trainers import distributed
    from trainers.control import Control, Display
    from trainers.film import make_film
    from trainers.run import Run, check_unused
    from trainers.status import Reporter

    leading = distributed.rank() == 0
    run: Run | None = None
    if resume:
        run = Run.read(folder, kind, arch)
        config = resumed(run.config, given)
        source = source or run.data_source
    else:
        config = make(kind, arch, given)
        distributed.everyone(lambda: check_unused(folder) if leading else None)
    check_parts(config, distributed.size())
    distributed.check_device(config.device)
    if source is None:
        raise click.UsageError("Missing option '--data'.")
    source = os.path.expanduser(source)

    display = Display(quiet=not leading)
    control = Control(stdin and leading)
    try:
        with control.signals():
            channels = config.channels if resume or "channels" in given else None

            def loading(done: int, total: int) -> None:
                if control.stopping:
                    raise KeyboardInterrupt
                display.loading(done, total)

            data = distributed.in_turn(lambda: open_dataset(source, config.resolution, channels, on_progress=loading))
            if channels is None:
                config = replace(config, channels=data.images.shape[3])
            for line in data.report:
                display.line(line)
            if getattr(config, "conditional", False) and data.labels is None:
                raise GanvizError(
                    f"{source}: --conditional needs labels: folders named after the classes, or a dataset.json"
                )
            digest = distributed.first_text(data.digest if run is None else run.data_digest)
            distributed.everyone(lambda: check_digest(source, data.digest, digest))
            if run is None:
                where = source if not os.path.exists(source) else os.path.abspath(source)
                words = command_text(arch, data.name, source, folder, given)
                facts = (folder, arch, config, where, digest, words)
                run = distributed.everyone(lambda: Run.start(*facts) if leading else Run(*facts))
            else:
                run = replace(run, config=config, command=resumed_command(arch, run, folder, given))
            trained_on = max(0, len(data) - config.hold_out)
            reporter = Reporter(folder, trained_on, lambda: control.stopping, quiet=not leading)
            distributed.everyone(reporter.begin)
            with reporter:
                if resume:
                    distributed.everyone(run.write_config if leading else lambda: None)
                    if leading:
                        run.tidy()
                    lost = leading and run.never_saved
                    if distributed.first_text("lost" if lost else "kept") == "lost":
                        resume = False
                        display.line(
                            "the run was stopped before its first snapshot: it begins anew, as its config.json says"
                        )
                        distributed.everyone(run.forget if leading else lambda: None)
                control.orders, control.pausing = folder if leading else None, reporter.pausing
                before = run.newest_snapshot()
                loop = resolve(TRAINERS[arch].train)
                loop(config, data, run, control, display, resume)
        newest = run.newest_snapshot()
        if resume and newest == before and not control.stopping:
            display.line("the run had used up its budget; a larger --images or --minutes lets it go on")
        if film and leading:
            display.line(f"{make_film(folder)}")
        display.line(f"{newest}")
        display.line(f"explore it with: ganviz {shlex.quote(str(folder))}")
    finally:
        display.close()


def check_digest(source: str, digest: str, expected: str) -> None:
    """Raise GanvizError when the data are others than those that a run began with."""
    if digest != expected:
        raise GanvizError(f"{source}: not the data set that this run began with; give the same --data")


def command_text(arch: str, data_name: str, source: str, folder: Path, given: dict[str, Any]) -> str:
    """The command to repeat the run, with file names in place of paths: a card travels, and paths tell user names."""
    data = (os.path.basename(os.path.abspath(source)) if os.path.exists(source) else "") or data_name
    return shlex.join([*launcher(), arch, "--data", data, "--out", folder.resolve().name, *option_words(given)])


def resumed_command(arch: str, run: "Run", folder: Path, given: dict[str, Any]) -> str:
    """The run's command, and after it how it was gone on with where that changed an option."""
    words = option_words(given)
    if not words:
        return run.command
    newest = run.newest_snapshot()
    seen = int(newest.stem) if newest else 0
    again = shlex.join([*launcher(), arch, "--out", folder.resolve().name, "--resume", *words])
    return f"{run.command}; stopped at {seen} images; {again}"


def launcher() -> list[str]:
    """What a training in as many processes is started with."""
    from trainers import distributed

    if distributed.size() == 1:
        return ["ganviz", "train"]
    machines, processes = distributed.size() // distributed.local_size(), distributed.local_size()
    several = ["--nnodes", str(machines)] if machines > 1 else []
    return ["torchrun", *several, "--nproc-per-node", str(processes), "-m", "trainers"]


def option_words(given: dict[str, Any]) -> list[str]:
    """Explicit options as words of a command line, without what only describes the model."""
    words: list[str] = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        if name in ("title", "description", "licence", "name"):
            continue
        if name == "pretrained" and os.path.exists(value):
            value = os.path.basename(os.path.abspath(value))
        words += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return words


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 could not be done, 2 bad usage, 130 interrupted."""
    # As `ganviz train` has it: threads that spin while they wait take the processor from the very ones that they wait
    # for. Read when torch is imported, and left alone where somebody has said otherwise.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    arguments = list(sys.argv[1:] if argv is None else argv)
    return cli.main(["train", *arguments], click.Group("ganviz", commands={"train": command()}))


if __name__ == "__main__":
    sys.exit(main())
