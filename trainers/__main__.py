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
from trainers.configs import GROUPS, check_parts, make, resumed

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

    def callback(data: str | None, out: Path, resume: bool, control: str, debug: bool, **options: Any) -> None:
        convert: dict[str, Any] = {item.name: type(item.default) for item in fields(kind)}
        given = {name: convert[name](value) for name, value in options.items() if value is not None}
        train(arch, kind, data, out, given, resume=resume, stdin=control == "stdin")

    return click.Command(
        arch,
        params=parameters,
        callback=callback,
        help=f"Train a {TRAINERS[arch].label}. Explicit options stand over the preset's.",
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
    stdin: bool,
) -> None:
    """Open the data, start or read the run folder, and run the trainer's loop."""
    from ganviz.datasets import open_dataset
    from trainers.control import Control, Display
    from trainers.run import Run

    folder = folder.expanduser()
    run: Run | None = None
    if resume:
        run = Run.read(folder, kind, arch)
        config = resumed(run.config, given)
        source = source or run.data_source
    else:
        config = make(kind, arch, given)
        if (folder / "config.json").exists():
            raise GanvizError(f"{folder}: it already holds a run; go on with --resume, or choose another folder")
    check_parts(config)
    if source is None:
        raise click.UsageError("Missing option '--data'.")
    source = os.path.expanduser(source)

    display = Display()
    control = Control(stdin)
    try:
        with control.signals():
            channels = config.channels if resume or "channels" in given else None

            def loading(done: int, total: int) -> None:
                if control.stopping:
                    raise KeyboardInterrupt
                display.loading(done, total)

            data = open_dataset(source, config.resolution, channels, on_progress=loading)
            if channels is None:
                config = replace(config, channels=data.images.shape[3])
            for line in data.report:
                display.line(line)
            if getattr(config, "conditional", False) and data.labels is None:
                raise GanvizError(
                    f"{source}: --conditional needs labels: folders named after the classes, or a dataset.json"
                )
            if run is None:
                where = source if not os.path.exists(source) else os.path.abspath(source)
                run = Run.start(
                    folder, arch, config, where, data.digest, command_text(arch, data.name, source, folder, given)
                )
            else:
                run = replace(run, config=config, command=resumed_command(arch, run, folder, given))
                if data.digest != run.data_digest:
                    raise GanvizError(f"{source}: not the data set that this run began with; give the same --data")
                run.write_config()
            before = run.newest_snapshot()
            loop = resolve(TRAINERS[arch].train)
            loop(config, data, run, control, display, resume)
        newest = run.newest_snapshot()
        if resume and newest == before and not control.stopping:
            display.line("the run had used up its budget; a larger --images or --minutes lets it go on")
        display.line(f"{newest}")
        display.line(f"explore it with: ganviz {shlex.quote(str(folder))}")
    finally:
        display.close()


def command_text(arch: str, data_name: str, source: str, folder: Path, given: dict[str, Any]) -> str:
    """The command to repeat the run, with file names in place of paths: a card travels, and paths tell user names."""
    data = (os.path.basename(os.path.abspath(source)) if os.path.exists(source) else "") or data_name
    return shlex.join(["ganviz", "train", arch, "--data", data, "--out", folder.resolve().name, *option_words(given)])


def resumed_command(arch: str, run: "Run", folder: Path, given: dict[str, Any]) -> str:
    """The run's command, and after it how it was gone on with where that changed an option."""
    words = option_words(given)
    if not words:
        return run.command
    newest = run.newest_snapshot()
    seen = int(newest.stem) if newest else 0
    again = shlex.join(["ganviz", "train", arch, "--out", folder.resolve().name, "--resume", *words])
    return f"{run.command}; stopped at {seen} images; {again}"


def option_words(given: dict[str, Any]) -> list[str]:
    """Explicit options as words of a command line, without what only describes the model."""
    words: list[str] = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        if name in ("title", "description", "licence", "name"):
            continue
        words += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return words


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 could not be done, 2 bad usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return cli.main(["train", *arguments], click.Group("ganviz", commands={"train": command()}))


if __name__ == "__main__":
    sys.exit(main())
