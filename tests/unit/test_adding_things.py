"""What CONTRIBUTING.md says of adding things is done, word by word, in a copy of the sources."""

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ganviz import latent

ROOT = Path(__file__).parents[2]
ADDED = ROOT / "tests" / "data" / "adding"
SHAPES = """
def toy() -> Shapes:
    shapes: Shapes = {}
    for k, (before, width) in enumerate(((7, 8), (8, 4), (4, 3))):
        shapes[f"toy.{k}.filter"] = (before, width, 4, 4)
        if k < 2:
            shapes.update({f"toy.{k}.{leaf}": (width,) for leaf in ("scale", "shift", "running_mean", "running_var")})
    return {**shapes, "toy.2.offset": (3,)}
"""
CARD = """
def test_the_card_goes_on_and_undo_goes_back(story):
    story.click("next-seed-go")
    assert story.recipe.latent.seed == 1
    story.click("undo")
    assert story.recipe.latent.seed == 0
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources, to be changed."""
    tree = tmp_path / "tree"
    for name in ("app", "ganviz", "trainers", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "resources").symlink_to(ROOT / "resources")
    return tree


@pytest.fixture
def tests_of(copy: Path) -> Callable[..., int]:
    """Runs tests of the copy, in a process of its own, none of which may fail; how many passed."""

    def tests_of(*words: str) -> int:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *words]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
        environment["PYTHONPATH"] = str(copy)
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.rpartition(" passed")[0].split()[-1])

    return tests_of


def insert(path: Path, line: str, before: str) -> None:
    """Put a line into a file, before the first one that begins so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(k for k, text in enumerate(lines) if text.startswith(before))
    path.write_text("\n".join([*lines[:at], line, *lines[at:], ""]), encoding="utf-8")


def drawn_at_home(numbers: Callable[[str, tuple[int, ...]], np.ndarray]) -> np.ndarray:
    """What the made-up program draws of seeds 0 and 1, with tensors of such numbers: (2, 3, 16, 16) in [-1, 1]."""

    def of(name: str, *shape: int) -> torch.Tensor:
        return torch.from_numpy(numbers(f"toy.{name}", shape))

    x = latent.seeds([0, 1], 7)[:, :, None, None]
    for k, (before, width) in enumerate(((7, 8), (8, 4))):
        x = F.conv_transpose2d(x, of(f"{k}.filter", before, width, 4, 4), stride=min(k + 1, 2), padding=min(k, 1))
        mean, var, scale, shift = (
            of(f"{k}.{leaf}", width) for leaf in ("running_mean", "running_var", "scale", "shift")
        )
        x = F.relu(F.batch_norm(x, mean, var, scale, shift))
    return torch.tanh(F.conv_transpose2d(x, of("2.filter", 4, 3, 4, 4), of("2.offset", 3), 2, 1)).numpy()


def test_a_panel_is_one_file_and_one_line(copy: Path, tests_of: Callable[..., int]) -> None:
    shutil.copy(ADDED / "next_seed.py", copy / "app" / "panels")
    line = '    Panel("next_seed", "right", "Next seed", "Seed by seed", "app.panels.next_seed:NextSeedPanel"),'
    insert(copy / "app" / "panels" / "__init__.py", line, '    Panel("truncation"')
    (copy / "tests" / "e2e" / "test_next_seed.py").write_text(CARD)
    assert tests_of("tests/unit/app/test_panels.py", "tests/e2e/test_next_seed.py", "-k", "next_seed") >= 3


def test_an_importer_is_one_file_one_line_and_a_layout(copy: Path, tests_of: Callable[..., int]) -> None:
    shutil.copy(ADDED / "toy_dcgan.py", copy / "ganviz" / "importers")
    line = '    "toy-dcgan": "ganviz.importers.toy_dcgan:ToyDCGAN",'
    insert(copy / "ganviz" / "importers" / "__init__.py", line, '    "pytorch-dcgan"')
    layouts = copy / "tests" / "unit" / "ganviz" / "importers" / "layouts.py"
    insert(layouts, SHAPES, "LAYOUTS")
    insert(layouts, '    "toy-dcgan": Layout("toy-dcgan", toy(), write_state_dict),', '    "pytorch-dcgan": Layout(')
    numbers = runpy.run_path(str(layouts))["numbers"]
    np.savez(copy / "tests" / "data" / "importers" / "toy-dcgan.npz", image=drawn_at_home(numbers))
    assert tests_of("tests/unit/ganviz/importers", "-k", "toy") >= 8
