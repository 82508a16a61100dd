"""Columns in docstrings, a name and what is said of it, become lists on the pages. An extension of griffe."""

import re
from typing import Any

from griffe import Extension, Object

COLUMNS = re.compile(r"(\S+(?: \S+)*) {2,}(\S.*)")


class Columns(Extension):
    """Rewrites each docstring as it is read."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = "\n\n".join(listed(block) for block in obj.docstring.value.split("\n\n"))


def listed(block: str) -> str:
    """A block whose lines are all of columns, or go on with one, as a list; any other as it is."""
    items: list[list[str]] = []
    for line in block.splitlines():
        found = COLUMNS.fullmatch(line)
        if found is not None:
            items.append([", ".join(f"`{name}`" for name in found[1].split(", ")) + ": " + found[2]])
        elif items and line.startswith("    "):
            items[-1].append(line.strip())
        else:
            return block
    return "\n".join("- " + " ".join(item) for item in items)
