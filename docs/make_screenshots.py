"""Make the pictures of these pages from the program itself: `python docs/make_screenshots.py [NAME ...]`.

Pictures of the window are `ganviz --screenshot` of sessions that are made here, all others sheets of the command line.
Models that are not bundled are passed over, and say so. Needs no screen; some minutes without a GPU.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganviz import catalog
from ganviz.arithmetic import Arithmetic, Term
from ganviz.checkpoint import read_header
from ganviz.directions import Directions
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.formula import parse_formula
from ganviz.mixing import Mixing, Source
from ganviz.recipe import ModelRef, Recipe, class_weights
from ganviz.session import Kept, Session, save_session
from ganviz.timeline import Keyframe, Timeline

IMAGES = Path(__file__).parent / "images" / "guide"
WIDEST = 1280
MOST_BYTES = 300_000
GLASSES = "mean(161,232,277) - mean(6,18,221) + mean(91,111,253)"
FACES = (15, 129, 253, 177, 409, 27)
MIX_ROWS, MIX_COLUMNS = (0, 36, 61), (26, 12, 83, 75)


@dataclass(frozen=True, slots=True)
class Window:
    """A picture of the window: a workspace, on a model or on a session that `made` makes of it."""

    model: str
    panel: str = "explore"
    made: Callable[[str], Session] | None = None
    theme: str = "light"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture that a command writes; `words` stand between `ganviz` and `--out`, MODEL in the second place."""

    words: tuple[str, ...]

    @property
    def model(self) -> str:
        return self.words[1]


def _words(seeds: tuple[int, ...]) -> str:
    return ",".join(map(str, seeds))


def face(model: str, seed: int) -> Recipe:
    header = read_header(catalog.find(model))
    return Recipe(header.ref, Seed(seed), psi=header.card.psi)


def _ref(model: str) -> ModelRef:
    return read_header(catalog.find(model)).ref


def kept(model: str) -> Session:
    """Six pictures in the gallery, four of them along the timeline."""
    faces = [face(model, seed) for seed in FACES]
    frames = tuple(Keyframe(recipe, 40 * place) for place, recipe in enumerate(faces[:4]))
    return Session(faces[0], tuple(Kept(recipe) for recipe in faces), timeline=Timeline(frames))


def glasses(model: str) -> Session:
    """The sum of the README in the trays."""
    terms = tuple(
        Term(weight, tuple(Recipe(_ref(model), seed) for seed in seeds)) for weight, seeds in parse_formula(GLASSES)
    )
    return Session(face(model, 91), arithmetic=Arithmetic(terms))


def varied(model: str) -> Session:
    """Eight principal components."""
    from ganviz.finding import find_pca
    from ganviz.jobs import run
    from ganviz.render import load

    return Session(face(model, 253), directions=Directions(run(find_pca(load(model, "cpu"), 8))))


def mixed(model: str) -> Session:
    """Faces under coarse styles of others."""
    rows, columns = (tuple(Source(Seed(seed)) for seed in seeds) for seeds in (MIX_ROWS, MIX_COLUMNS))
    return Session(face(model, MIX_ROWS[0]), mixing=Mixing(rows=rows, columns=columns))


def dressed(model: str) -> Session:
    """A picture of another class than the first."""
    return Session(Recipe(_ref(model), Seed(12), label=class_weights(9, 10)))


PICTURES: dict[str, Window | Sheet] = {
    "explorer-light": Window("faces-dcgan", made=kept),
    "explorer-dark": Window("faces-dcgan", made=kept, theme="dark"),
    "explore": Window("faces-dcgan"),
    "classes": Window("fashion-dcgan", made=dressed, theme="dark"),
    "timeline": Window("faces-dcgan", made=kept),
    "arithmetic": Window("faces-dcgan", "arithmetic", glasses),
    "directions": Window("faces-dcgan", "directions", varied),
    "layers": Window("faces-dcgan", "layers"),
    "over-time": Window("digits-dcgan"),
    "train": Window("faces-dcgan", "train"),
    "evaluate": Window("faces-dcgan", "evaluate"),
    "mix": Window("faces-stylegan", "mix", mixed),
    "codes": Window("digits-infogan", "codes"),
    "psi": Sheet(("sample", "faces-dcgan", "--seeds", "15,129,253", "--psi-sheet", "1.5,1,0.7,0.4,0", "--labels")),
    "seeds": Sheet(("sample", "faces-dcgan", "--seeds", "15,15@0.25/0,15@0.5/0,15@0.75/0,16", "--columns", "5")),
    "one-dimension": Sheet(("directions", "faces-dcgan", "--method", "pca", "--count", "4", "--seed", "253")),
    "neighbours": Sheet(("neighbours", "faces-dcgan", "--seeds", "15,129,253", "--k", "5")),
    "digits-over-time": Sheet(("sample", "digits-dcgan", "--seeds", "0-3", "--over-time", "8", "--labels")),
    "mixing": Sheet(
        (
            "mix",
            "faces-stylegan",
            "--rows",
            _words(MIX_ROWS),
            "--columns",
            _words(MIX_COLUMNS),
            "--layers",
            "fine",
            "--labels",
        )
    ),
    "sweep": Sheet(("codes", "digits-infogan", "--rank", "--labels")),
}


def make(name: str, picture: Window | Sheet) -> bool:
    """Make one picture; False where its model is not here."""
    try:
        catalog.find(picture.model)
    except GanvizError:
        print(f"{name}: {picture.model} is not here yet, passed over")
        return False
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder, "picture.png")
        if isinstance(picture, Window):
            opened = picture.model
            if picture.made is not None:
                opened = str(Path(folder, "made.ganviz"))
                save_session(opened, picture.made(picture.model))
            words = ["--screenshot", str(drawn), opened, "--panel", picture.panel, "--theme", picture.theme]
        elif picture.words[0] == "directions":
            words = [*picture.words, "--out", str(Path(folder, "found.npz")), "--sheet", str(drawn)]
        else:
            words = [*picture.words, "--out", str(drawn)]
        # Nothing of whoever makes the pictures is on them: neither paths nor models opened lately.
        home = {**os.environ, "HOME": "/home/you", "GANVIZ_HOME": str(Path(folder, "home"))}
        subprocess.run([sys.executable, "-m", "app", *words], check=True, env=home)
        keep(drawn, IMAGES / f"{name}.webp", enlarge=isinstance(picture, Sheet))
    return True


def keep(drawn: Path, path: Path, enlarge: bool) -> None:
    """Store a picture for the web: windows made narrower, small sheets twice as large, at most MOST_BYTES."""
    with Image.open(drawn) as image:
        small = image.convert("RGB")
    if enlarge and small.width <= WIDEST // 2:
        small = small.resize((small.width * 2, small.height * 2), Image.Resampling.NEAREST)
    if small.width > WIDEST:
        small = small.resize((WIDEST, round(small.height * WIDEST / small.width)), Image.Resampling.LANCZOS)
    for quality in (85, 75, 60, 45):
        small.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path.name}: {small.width} x {small.height}, {path.stat().st_size // 1000} kB")


def main(names: list[str]) -> int:
    unknown = set(names) - set(PICTURES)
    if unknown:
        print(f"no such picture: {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
        return 2
    IMAGES.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in names or PICTURES:
        try:
            make(name, PICTURES[name])
        except (GanvizError, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}")
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
