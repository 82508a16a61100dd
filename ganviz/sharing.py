"""A recipe as text that can be handed on: a command line or JSON; and reading such text again.

A third form is a Python program, see `ganviz.snippets`. What is pasted may come from anywhere: its size is capped,
nothing in it is evaluated, and a command line is taken apart by the parser of the command that it names, which does
not run.
"""

import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganviz import catalog
from ganviz.checkpoint import Header, read_header
from ganviz.errors import GanvizError
from ganviz.expression import Seed, describe_latent
from ganviz.layer_notation import format_layer_noises, format_layer_psis, format_mix, format_units
from ganviz.notation import format_number, format_seed
from ganviz.recipe import Noise, Recipe, Sheet, arrays_of, check_writable, class_weights
from ganviz.session import document_from_json, document_json, load_session, pack_arrays, read_png, unpack_arrays
from ganviz.spec import Spec

TEXT_LIMIT = 4 << 20
"""Characters of text that are looked at."""
MOST_PICTURES = 256
"""Pictures that a pasted text may stand for."""
COMMAND_LIMIT = 65536
PICTURE = "picture.png"
NOT_OF_RECIPES = ("model", "mixes", "over_time", "psi_sheet", "noise_sheet", "columns", "labels", "device", "out")
"""What `ganviz sample` takes beside what its recipes are made of."""
EXPECTED = "expected a recipe that was copied here, or a command line that begins with `ganviz sample`"


# -- as a command line ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that draws a picture. `reason` says why it needs the picture's file; "" where it does not."""

    text: str
    reason: str = ""


class Unsayable(Exception):
    """The options of `ganviz sample` have no words for this."""


def as_command(recipe: Recipe, header: Header, file: str = PICTURE) -> Command:
    """The command that draws the very pixels of a recipe of this model.

    Where the options of `ganviz sample` cannot say it, the one that draws `file` again, which has to hold the recipe.
    """
    try:
        options = _options(recipe, header)
        try:
            read = _sampled(_parsed([model_word(header), *options]), header)
        except GanvizError as error:
            raise Unsayable("something that its model does not have") from error
        if [_settled(item, header.spec) for item in read] != [_settled(recipe, header.spec)]:
            raise Unsayable("all digits of its numbers")
        return Command(_joined(["ganviz", "sample", model_word(header), *options, "--out", PICTURE]))
    except Unsayable as error:
        out = "again.png" if file == PICTURE else PICTURE
        return Command(_joined(["ganviz", "render", file, "--out", out]), str(error))


def model_word(header: Header) -> str:
    """What MODEL is in a command: the model's name where that means these weights and will go on doing so."""
    run = catalog.run_of(header.path)
    if run is None or run in catalog.bundled_runs():
        try:
            if read_header(catalog.find(header.ref.name)).digest == header.digest:
                return header.ref.name
        except GanvizError:
            pass
    return str(header.path)


def _options(recipe: Recipe, header: Header) -> list[str]:
    """The options of `ganviz sample` for a recipe; Unsayable where there are none."""
    spec = header.spec
    if not isinstance(recipe.latent, Seed):
        raise Unsayable(f"a latent that is no seed ({describe_latent(recipe.latent)})")
    if any(move.amount for move in recipe.moves):
        raise Unsayable("the directions that it goes along")
    if any(mix.layers and not isinstance(mix.latent, Seed) for mix in recipe.mixes):
        raise Unsayable("a style source that is no seed")
    if any(mix.layers and mix.label not in (None, recipe.label) for mix in recipe.mixes):
        raise Unsayable("a style source with a class of its own")
    plain = _settled(recipe, spec)
    words = ["--seeds", format_seed(recipe.latent), f"--psi={format_number(recipe.psi)}"]
    if recipe.cutoff is not None:
        words += ["--cutoff", str(recipe.cutoff)]
    if plain.label is not None:
        words += ["--label", str(_index(plain.label, "a blend of classes"))]
    for name, value in plain.codes:
        single = len(value) == 1  # a continuous code
        said = format_number(value[0]) if single else str(_index(value, f"a blend of the code {name}"))
        words += ["--code", f"{name}={said}"]
    if plain.noise.mode != "const":
        words += ["--noise", plain.noise.mode]
    if plain.noise.mode == "random":
        words += ["--noise-seed", str(plain.noise.seed)]
    if plain.noise.average > 1:
        words += ["--noise-average", str(plain.noise.average)]
    for option, texts in (
        ("--layer-psi", format_layer_psis(plain.psis)),
        ("--layer-noise", format_layer_noises(plain.noise.layers)),
        ("--mix", [format_mix(mix, spec) for mix in plain.mixes]),
        ("--unit", [format_units(edit, spec) for edit in plain.units]),
    ):
        words += [f"{option}={text}" for text in texts]
    return words


def _index(weights: tuple[float, ...], what: str) -> int:
    """The one entry that is 1 where all others are 0."""
    if weights and weights == class_weights(weights.index(max(weights)), len(weights)):
        return weights.index(1.0)
    raise Unsayable(what)


def _settled(recipe: Recipe, spec: Spec) -> Recipe:
    """The recipe with everything said that goes without saying: equal ones draw the same pixels."""
    noise, sizes = recipe.noise, {code.name: code.size for code in spec.codes if code.kind == "categorical"}
    first = {name: class_weights(0, size) for name, size in sizes.items()}
    random = noise.mode == "random"
    return replace(
        recipe,
        label=recipe.label or (class_weights(0, spec.num_classes) if spec.num_classes else None),
        codes=tuple(sorted({**first, **dict(recipe.codes)}.items())),
        noise=Noise(
            noise.mode,
            noise.seed if random else 0,
            tuple(sorted(noise.layers, key=lambda item: item.layer)),
            noise.average if random else 1,
        ),
        psis=tuple(sorted(recipe.psis)),
        mixes=tuple(replace(mix, label=None) for mix in recipe.mixes if mix.layers),
        moves=tuple(move for move in recipe.moves if move.amount),
    )


def _joined(words: list[str]) -> str:
    """Words as the shell of this machine reads them."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


# -- as JSON ----------------------------------------------------------------------------------------------------------


def as_json(recipe: Recipe, licence: str = "") -> str:
    """What a picture's metadata says, its arrays included; `read_shared` reads it."""
    check_writable(recipe)
    data, arrays = document_json(recipe, licence), arrays_of(recipe)
    if arrays:
        packed = pack_arrays(arrays)
        if packed is None:
            raise GanvizError("the vectors of this recipe are too long for text; save the session instead")
        data["arrays"] = packed
    return json.dumps(data, indent=1, allow_nan=False)


# -- reading ----------------------------------------------------------------------------------------------------------


def read_shared(text: str) -> tuple[Recipe, ...]:
    """The recipes of a text that was copied: JSON of a recipe or a sheet, or a command line.

    Raises GanvizError. Models named by a command line are looked for here; those of JSON are only named.
    """
    text = text[: TEXT_LIMIT + 1].strip("\ufeff \t\r\n")
    if len(text) > TEXT_LIMIT:
        raise GanvizError(f"pasted text: expected at most {TEXT_LIMIT >> 20} million characters")
    found = _from_json(text) if text.startswith("{") else _from_command(text)
    recipes = found.recipes if isinstance(found, Sheet) else found if isinstance(found, tuple) else (found,)
    _check_count(len(recipes))
    return recipes


def _from_json(text: str) -> Recipe | Sheet:
    try:
        data = json.loads(text)
        packed = data.pop("arrays", None)
        arrays = unpack_arrays(packed) if isinstance(packed, str) else {}
        if "ganviz" not in data and "latent" in data:
            return Recipe.from_json(data, arrays)  # the recipe alone, as it stands in a session
        return document_from_json(data, arrays)
    except GanvizError as error:
        raise GanvizError(f"pasted text: {error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GanvizError(f"pasted text: {EXPECTED}; this is damaged or other JSON") from error


def _from_command(text: str) -> tuple[Recipe, ...] | Recipe | Sheet:
    from ganviz.cli_parts import find_model

    if len(text) > COMMAND_LIMIT or "\x00" in text:
        raise GanvizError(f"pasted text: {EXPECTED}")
    text = re.sub(r"[\\^]\r?\n", " ", text)  # lines that go on, as in a manual
    try:
        words = shlex.split(text.removeprefix("$ "), comments=True, posix=os.name != "nt")
    except ValueError as error:
        raise GanvizError(f"pasted text: {EXPECTED} ({error})") from error
    words = [word.strip('"') for word in words] if os.name == "nt" else words
    if len(words) < 3 or Path(words[0]).stem != "ganviz":
        raise GanvizError(f"pasted text: {EXPECTED}")
    if any(re.match(r"[\\/]{2}|\w+://", part) for word in words for part in word.split("=")):
        raise GanvizError("pasted text: expected models and files of this machine, not of another one")
    if words[1] == "sample":
        given = _parsed(words[2:])
        return _sampled(given, find_model(given["model"]))
    if words[1] == "render":
        path = Path(words[2])
        return load_session(path).recipe if path.suffix.lower() == ".ganviz" else read_png(path)
    raise GanvizError(f"pasted text: {EXPECTED}; this one is `ganviz {words[1]:.40}`")


def _parsed(words: list[str]) -> dict[str, Any]:
    """What `ganviz sample` makes of its words, without running it."""
    import click

    from ganviz.cli import sample

    if {"-h", "--help"} & set(words):
        raise GanvizError(f"pasted text: {EXPECTED}")
    if not any(word.partition("=")[0] == "--out" for word in words):
        words = [*words, "--out", PICTURE]
    try:
        given = dict(sample.make_context("ganviz sample", list(words)).params)
    except click.ClickException as error:
        raise GanvizError(f"pasted text: {error.format_message()}") from error
    for name in ("over_time", "psi_sheet", "noise_sheet"):
        if given[name]:
            raise GanvizError(f"pasted text: --{name.replace('_', '-')} makes a sheet, expected single pictures")
    if not given["seeds"]:
        raise GanvizError("pasted text: `ganviz sample` needs --seeds")
    _check_count(len(given["seeds"]))
    return given


def _sampled(given: dict[str, Any], header: Header) -> tuple[Recipe, ...]:
    """The recipes that `ganviz sample` would draw with what it was given."""
    import click

    from ganviz.cli_mix import with_mixes
    from ganviz.cli_parts import seed_recipes

    options = {name: value for name, value in given.items() if name not in NOT_OF_RECIPES}
    try:
        return tuple(with_mixes(header, seed_recipes(header, options.pop("seeds"), **options), given["mixes"]))
    except click.ClickException as error:
        raise GanvizError(f"pasted text: {error.format_message()}") from error


def _check_count(pictures: int) -> None:
    if not 1 <= pictures <= MOST_PICTURES:
        raise GanvizError(f"pasted text: expected at most {MOST_PICTURES} pictures, got {pictures}")
