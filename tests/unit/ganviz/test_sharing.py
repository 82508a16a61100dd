"""A recipe goes out as text and comes back; the text draws the same pixels."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganviz
from ganviz import catalog, cli, places
from ganviz.checkpoint import read_header
from ganviz.edits import Direction, LayerNoise, Mix, Move, UnitEdit
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Mean, Offset, Seed, Sum, Vector
from ganviz.recipe import Noise, Recipe, Sheet
from ganviz.render import Renderer
from ganviz.session import Session, document_json, save_session
from ganviz.sharing import MOST_PICTURES, TEXT_LIMIT, as_command, as_json, model_word, read_shared
from ganviz.snippets import as_python

ROOT = Path(__file__).parents[3]
ARRAY = np.linspace(-1, 1, 8, dtype=np.float32)


@pytest.fixture(autouse=True)
def bundle(
    tmp_path: Path, monkeypatch, tiny_checkpoint: Path, tiny_conditional: Path, tiny_infogan: Path, tiny_stylegan2: Path
) -> Path:
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    for path in (tiny_checkpoint, tiny_conditional, tiny_infogan, tiny_stylegan2):
        shutil.copyfile(path, folder / path.name)
    monkeypatch.setattr(places, "resources", lambda: tmp_path / "resources")
    monkeypatch.chdir(tmp_path)
    return folder


def header(name: str):
    return read_header(catalog.find(name))


def recipe(name: str, latent=Seed(3), **about) -> Recipe:  # noqa: B008
    return Recipe(header(name).ref, latent, **about)


STYLES = {
    "noise": Noise("random", 7, (LayerNoise(4, 0.0), LayerNoise(1, 1.5, 9), LayerNoise(0, 1.5, 9)), 3),
    "psis": ((5, -0.25), (4, -0.25), (0, 1.3)),
    "mixes": (Mix(Seed(1000), (0, 1)), Mix(Seed(7), ()), Mix(Seed(9).moved(0.25, 0.5), (2, 5), 0.5)),
    "units": (UnitEdit(1, (0, 2, 3), 0.5), UnitEdit(0, None, 2.0, -0.125), UnitEdit(1, (2,), 3.0)),
}
SAYABLE = [
    ("tiny", {}),
    ("tiny", {"latent": Seed(1402).moved(0.31, -0.12), "psi": -0.5}),
    ("tiny", {"latent": Seed(4294967295, within=0.7), "units": (UnitEdit(0, (1,), 0.0),)}),
    ("tiny", {"psi": 0.1 + 0.2, "noise": Noise("const", 5)}),
    ("tiny-classes", {"label": (0.0, 0.0, 1.0)}),
    ("tiny-classes", {}),
    ("tiny-codes", {"codes": (("category", (0.0, 1.0, 0.0)), ("continuous-1", (-1.25,)))}),
    ("tiny-codes", {"codes": (("continuous-2", (0.5,)),)}),
    ("tiny-styles", {"cutoff": 2, "psi": 0.7}),
    ("tiny-styles", {"noise": Noise("none")}),
    ("tiny-styles", STYLES),
]
UNSAYABLE = [
    ("tiny", {"latent": Offset(Seed(3), ((0, 1.0),))}, "no seed"),
    ("tiny", {"latent": Vector.of(ARRAY)}, "no seed"),
    ("tiny", {"latent": Sum(((1.0, Mean((Seed(1), Seed(2)))), (-0.5, Seed(3))))}, "no seed"),
    ("tiny", {"moves": (Move(Direction.of(ARRAY, "z", name="smile", sigma=2.0, score=0.9), 1.5),)}, "directions"),
    ("tiny-classes", {"label": (0.5, 0.5, 0.0)}, "blend of classes"),
    ("tiny-codes", {"codes": (("category", (0.25, 0.75, 0.0)),)}, "blend of the code category"),
    ("tiny-styles", {"mixes": (Mix(Lerp(Seed(1), Seed(2), 0.5), (0,)),)}, "style source"),
    ("tiny-styles", {"psi": 0.7, "latent": Vector.of(np.linspace(-1, 1, 48).reshape(6, 8), "w")}, "no seed"),
]


# -- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "about"), SAYABLE)
def test_the_command_draws_the_same_pixels_and_reads_back_as_the_picture(name, about) -> None:
    given = recipe(name, **about)
    command = as_command(given, header(name))
    words = shlex.split(command.text)
    assert command.reason == "" and words[:3] == ["ganviz", "sample", name]
    assert cli.main(words[1:]) == 0
    renderer = Renderer("cpu")
    expected = renderer.render(given).pixels
    with Image.open("picture.png") as image:
        assert np.array_equal(np.asarray(image), expected.squeeze())
    [back] = read_shared(command.text)
    assert np.array_equal(renderer.render(back).pixels, expected)
    assert as_command(back, header(name)) == command


def test_a_plain_picture_has_a_plain_command() -> None:
    plain = as_command(recipe("tiny", psi=0.7), header("tiny")).text
    assert plain == "ganviz sample tiny --seeds 3 --psi=0.7 --out picture.png"
    styles = as_command(recipe("tiny-styles", mixes=(Mix(Seed(1000), (0, 1)),)), header("tiny-styles")).text
    assert "--mix=coarse=1000" in styles


@pytest.mark.parametrize(("name", "about", "reason"), UNSAYABLE)
def test_what_the_command_line_cannot_say_is_drawn_from_its_file(name, about, reason) -> None:
    given = recipe(name, **about)
    command = as_command(given, header(name))
    assert command.text == "ganviz render picture.png --out again.png" and reason in command.reason
    save_session("kept.ganviz", Session(given))
    command = as_command(given, header(name), "kept.ganviz")
    assert cli.main(shlex.split(command.text)[1:]) == 0
    with Image.open("picture.png") as image:
        assert np.array_equal(np.asarray(image), Renderer("cpu").render(given).pixels.squeeze())
    assert read_shared(command.text) == (given,)


def test_what_does_not_read_back_alike_is_not_said() -> None:
    odd = recipe("tiny", latent=Seed(3, 0.75, 0.0))  # the same point is called Seed(4, -0.25)
    assert "digits" in as_command(odd, header("tiny")).reason
    missing = recipe("tiny", mixes=(Mix(Seed(1), (0,)),))
    assert "does not have" in as_command(missing, header("tiny")).reason


def test_a_model_is_named_only_where_its_name_means_these_weights(tmp_path, make_run, bundle) -> None:
    assert model_word(header("tiny")) == "tiny"
    other = make_run(tmp_path / "tiny", (64, 128)) / "snapshots" / "00000064.safetensors"
    assert model_word(read_header(other)) == str(other)
    spaced = tmp_path / "a folder" / "mine.safetensors"
    spaced.parent.mkdir()
    shutil.copyfile(bundle / "tiny.safetensors", spaced)
    (bundle / "tiny.safetensors").unlink()
    given = Recipe(read_header(spaced).ref, Seed(3))
    command = as_command(given, read_header(spaced))
    assert shlex.split(command.text)[2] == str(spaced)
    assert read_shared(command.text) == (given,)


# -- Python -----------------------------------------------------------------------------------------------------------


def test_the_programs_run_elsewhere_and_draw_the_same_pixels(tmp_path) -> None:
    recipes = [recipe(name, **about) for name, about in SAYABLE]
    recipes += [recipe(name, **about) for name, about, _ in UNSAYABLE]
    models = [str(path) for path in (places.resources() / "models").iterdir()]
    (places.state() / "recent.json").write_text(json.dumps(models), encoding="utf-8")
    programs = [as_python(item) for item in recipes]
    for k, program in enumerate(programs):
        compile(program, f"program {k}", "exec")
        assert max(len(line) for line in program.splitlines() if "array(" not in line) <= 120
    (tmp_path / "all.json").write_text(json.dumps(programs), encoding="utf-8")
    runner = (
        "import json, os, torch\n"
        "torch.set_num_threads(1)\n"
        "for k, program in enumerate(json.load(open('all.json'))):\n"
        "    exec(compile(program, 'program', 'exec'), {'__name__': '__main__'})\n"
        "    os.rename('picture.png', f'{k}.png')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", runner], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    renderer = Renderer("cpu")
    for k, item in enumerate(recipes):
        with Image.open(tmp_path / f"{k}.png") as image:
            assert np.array_equal(np.asarray(image), renderer.render(item).pixels.squeeze()), programs[k]
        assert read_written(tmp_path / f"{k}.png") == item


def read_written(path: Path) -> Recipe | Sheet:
    return ganviz.session.read_png(path)


def test_a_program_is_readable() -> None:
    given = recipe("tiny", psi=0.7, units=(UnitEdit(1, (0, 2), 0.5),))
    assert as_python(given) == (
        "import ganviz\n\n"
        "recipe = ganviz.Recipe(\n"
        f'    model=ganviz.ModelRef("tiny", digest="{given.model.digest}"),\n'
        "    latent=ganviz.Seed(3),\n"
        "    psi=0.7,\n"
        "    units=(ganviz.UnitEdit(1, units=(0, 2), gain=0.5),),\n"
        ")\n"
        "frame = ganviz.Renderer().render(recipe)  # frame.pixels: uint8 (H, W, C)\n"
        'ganviz.session.write_png("picture.png", frame.pixels, recipe)\n'
    )
    assert "ganviz.recipe.class_weights(2, 10)" in as_python(given.edit(label=(0.0, 0.0, 1.0, *[0.0] * 7)))


def test_vectors_that_are_too_long_for_text_are_refused() -> None:
    long = recipe("tiny", latent=Vector.of(np.random.RandomState(0).randn(200_000)))
    for write in (as_python, as_json):
        with pytest.raises(GanvizError, match="too long"):
            write(long)
    with pytest.raises(GanvizError, match="not here"):
        as_python(recipe("tiny", latent=Vector("0" * 64)))


# -- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "about"), [*SAYABLE, *((name, about) for name, about, _ in UNSAYABLE)])
def test_json_comes_back_as_the_very_recipe(name, about) -> None:
    given = recipe(name, **about)
    [back] = read_shared(f"\ufeff  {as_json(given, 'CC0')}\n")
    assert back == given
    assert np.array_equal(Renderer("cpu").render(back).pixels, Renderer("cpu").render(given).pixels)


def test_a_recipe_alone_and_a_sheet_are_read_too() -> None:
    given = recipe("tiny", psi=0.5)
    assert read_shared(json.dumps(given.to_json())) == (given,)
    sheet = Sheet((given, None, given.edit(psi=1.0)), 3)
    assert read_shared(json.dumps(document_json(sheet))) == (given, given.edit(psi=1.0))


# -- what is pasted by strangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        "{}",
        "[]",
        '{"ganviz": 99, "kind": "recipe"}',
        '{"ganviz": 1, "kind": "session"}',
        '{"ganviz": 1, "kind": "recipe", "recipe": {"model": {"name": "/etc/passwd"}, "latent": {"seed": 1}}}',
        '{"ganviz": 1, "kind": "recipe", "recipe": {"model": {"name": "a"}, "latent": {"vector": "0", "space": "z"}}}',
        '{"ganviz": 1, "kind": "recipe", "arrays": "!", "recipe": {"model": {"name": "a"}, "latent": {"seed": 1}}}',
        '{"ganviz": 1, "kind": "recipe", "recipe": {"model": {"name": "a"}, "latent": {"seed": 1}, "psi": NaN}}',
        '{"model": {"name": "a"}, "latent": ' + '{"mapped": ' * 100_000 + "1" + "}" * 100_001,
        "{" + " " * TEXT_LIMIT + "}",
        "ganviz",
        "ganviz sample",
        "ganviz sample tiny",
        "ganviz sample tiny --seeds x",
        "ganviz sample tiny --seeds 3 --help",
        "ganviz sample tiny --seeds 3 --psi nan",
        "ganviz sample tiny --seeds 3 --no-such-option",
        "ganviz sample tiny --seeds 3 --psi-sheet 1,0",
        f"ganviz sample tiny --seeds 0-{MOST_PICTURES}",
        "ganviz sample no-such-model --seeds 3",
        "ganviz sample //server/share/model.safetensors --seeds 3",
        "ganviz sample tiny --seeds 3 --direction //server/share/a.npz:PCA=1",
        "ganviz sample https://example.org/model --seeds 3",
        "ganviz sample tiny --seeds '3",
        "ganviz render missing.png --out a.png",
        "ganviz train dcgan --data faces --out run",
        "rm -rf / ; ganviz sample tiny --seeds 3",
        "ganviz sample tiny --seeds 3\x00",
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(text, tmp_path) -> None:
    with pytest.raises(GanvizError) as caught:
        read_shared(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resources"], "nothing was run"


def test_a_command_line_from_a_manual_is_read() -> None:
    text = "$ ganviz sample tiny --seeds 3,8 \\\n    --psi 0.5 --out sheet.png   # two faces\n"
    assert [(item.latent, item.psi) for item in read_shared(text)] == [(Seed(3), 0.5), (Seed(8), 0.5)]
    assert read_shared("/opt/bin/ganviz sample tiny --seeds 3")[0].latent == Seed(3)
