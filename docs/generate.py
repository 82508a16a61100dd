"""What the pages take from the program itself: the command line, the decisions, and CONTRIBUTING.md. A mkdocs hook."""

import re
import sys
from pathlib import Path
from typing import Any

import click
from mkdocs.structure.files import File, Files

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from ganviz.cli import cli  # noqa: E402
from trainers.__main__ import command as training  # noqa: E402


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that nobody writes."""
    pages = {
        "command-line.md": command_line(),
        "decisions.md": decisions(),
        "contributing.md": contributing(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_config(config: Any) -> Any:
    """The decisions stand one by one under the page that lists them, folded away."""
    config.nav[-1]["Contribute"][-1] = {
        "Decisions": [{"All of them": "decisions.md"}, *({title(path): f"adr/{path.name}"} for path in adrs())]
    }
    return config


def command_line() -> str:
    """The help of every command, as the program prints it."""
    parts = [
        "# Command line\n",
        "As the program prints it (`ganviz COMMAND --help`). MODEL is a checkpoint file, a run folder or a name that\n"
        "`ganviz models` lists.\n",
    ]
    groups: list[tuple[str, click.Command]] = [("ganviz", cli), ("ganviz train", training())]
    for name, group in groups:
        parts += [f"## {name}\n", helped(name, group)]
        assert isinstance(group, click.Group)
        for word, command in sorted(group.commands.items()):
            parts += [f"## {name} {word}\n", helped(f"{name} {word}", command)]
            if isinstance(command, click.Group):
                for inner, inner_command in sorted(command.commands.items()):
                    parts += [f"## {name} {word} {inner}\n", helped(f"{name} {word} {inner}", inner_command)]
    return "\n".join(parts)


def helped(name: str, command: click.Command) -> str:
    """A command's help as a block of text."""
    with click.Context(command, info_name=name, terminal_width=80, help_option_names=["-h", "--help"]) as context:
        return f"```text\n{command.get_help(context)}\n```\n"


def adrs() -> list[Path]:
    return sorted((HERE / "adr").glob("[0-9]*.md"))


def title(path: Path) -> str:
    """The first heading of a page."""
    return path.read_text("utf-8").splitlines()[0].removeprefix("# ")


def decisions() -> str:
    lines = [f"- [{title(path)}](adr/{path.name})" for path in adrs()]
    return "\n".join(["# Decisions\n", "Why things are as they are, and what was turned down.\n", *lines, ""])


def contributing() -> str:
    """CONTRIBUTING.md, its links seen from this folder."""
    text = (HERE.parent / "CONTRIBUTING.md").read_text("utf-8")
    return re.sub(r"\]\(docs/", "](", text)
