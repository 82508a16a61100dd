"""Imports run one way, and what must start quickly imports nothing slow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QT = {"PySide6", "qtawesome", "superqt", "pyqtgraph", "qtpy"}
FORBIDDEN = {"ganviz": {"app", "trainers", *QT}, "trainers": {"app", *QT}, "app": set()}


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    wrong = {str(path.relative_to(ROOT)): imported(path) & FORBIDDEN[package] for path in files}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_strings_in_tables_do_not_hide_an_import_the_wrong_way() -> None:
    for path in (ROOT / "ganviz").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(("app.", "trainers.")), path


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import ganviz", {"torch", *QT, "numpy"}),
        ("import ganviz.cli", {"torch", *QT}),
        ("import ganviz; ganviz.Recipe; ganviz.catalog; ganviz.session", {"torch", *QT}),
        ("import app.document, app.compute, app.window", {"torch"}),
        ("import app.__main__", {"torch", *QT}),
        ("import trainers.configs", {"torch", *QT}),
    ],
)
def test_importing_loads_nothing_heavy(statement: str, absent: set[str]) -> None:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert {name for name in printed.stdout.split() if name in absent} == set()


def test_every_name_of_the_package_resolves() -> None:
    import ganviz

    for name in dir(ganviz):
        assert getattr(ganviz, name) is not None
