"""Whatever is written is read back as it was, whichever of the ways out it took."""

import json
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import properties as make

from ganviz.formula import format_formula, parse_formula
from ganviz.history import History
from ganviz.journal import Journal, Work
from ganviz.layer_notation import parse_psis
from ganviz.notation import format_number, format_seed, parse_seeds
from ganviz.recipe import Recipe, Sheet, arrays_of
from ganviz.session import Session, load_session, read_png, save_session, write_png
from ganviz.sharing import as_json, read_shared

PIXELS = np.zeros((4, 4, 3), np.uint8)


def through_json(data: object) -> object:
    return json.loads(json.dumps(data, allow_nan=False))


@make.steady
@given(make.recipes)
def test_a_recipe_is_what_its_json_says(recipe: Recipe) -> None:
    again = Recipe.from_json(through_json(recipe.to_json()), arrays_of(recipe))
    assert again == recipe and hash(again) == hash(recipe)
    assert {k: v.tolist() for k, v in arrays_of(again).items()} == {k: v.tolist() for k, v in arrays_of(recipe).items()}


@make.steady
@given(make.sheets())
def test_a_sheet_is_what_its_json_says(sheet: Sheet) -> None:
    assert Sheet.from_json(through_json(sheet.to_json()), arrays_of(*sheet.recipes)) == sheet


@make.steady
@given(make.sessions)
def test_a_session_is_what_its_json_says(session: Session) -> None:
    assert Session.from_json(through_json(session.to_json()), session.arrays) == session


@make.steady
@given(session=make.sessions)
def test_a_session_file_holds_all_of_its_session(tmp_path_factory, session: Session) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ganviz"
    save_session(path, session)
    assert load_session(path) == session
    first = path.read_bytes()
    save_session(path, load_session(path))
    assert path.read_bytes() == first


@make.steady
@given(recipe=make.recipes)
def test_a_picture_brings_its_recipe_back(tmp_path_factory, recipe: Recipe) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    write_png(path, PIXELS, recipe)
    assert read_png(path) == recipe


@make.steady
@given(make.recipes)
def test_a_copied_recipe_is_pasted_as_it_was(recipe: Recipe) -> None:
    assert read_shared(as_json(recipe)) == (recipe,)


def test_a_history_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    """A fixture's user folder for all examples: each journal is removed by the example that made it."""

    @make.steady
    @given(st.lists(make.sessions, min_size=1, max_size=4), st.integers(0, 3))
    def holds(states: list[Session], back: int) -> None:
        history = History(states[0])
        for state in states[1:]:
            history.edit(state)
        for _ in range(back):
            history.undo()
        work = Work.of(history, tmp_path / "größer.ganviz")
        journal = Journal.begin()
        try:
            journal.write(work)
            assert journal.read() == work
        finally:
            journal.remove()

    holds()


@make.steady
@given(st.lists(make.seeds, min_size=1, max_size=6))
def test_seeds_are_read_as_they_are_written(seeds: list) -> None:
    assert parse_seeds(",".join(map(format_seed, seeds))) == tuple(seeds)


@make.steady
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_are_written(value: float) -> None:
    assert float(format_number(value)) == value


@make.steady
@given(
    st.lists(
        st.tuples(
            st.floats(-9, 9).map(lambda value: round(value, 3) or 1.0), st.lists(make.seeds, min_size=1, max_size=3)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_formula_is_read_as_it_is_written(terms: list) -> None:
    said = format_formula([(weight, tuple(seeds)) for weight, seeds in terms])
    again = parse_formula(said)
    assert [(weight, tuple(seeds)) for weight, seeds in again] == [(weight, tuple(seeds)) for weight, seeds in terms]


@make.steady
@given(st.text(max_size=30))
def test_no_text_is_more_than_an_error_to_those_who_read_what_people_type(text: str) -> None:
    for read in (parse_seeds, parse_formula, parse_psis):
        try:
            read(text)
        except ValueError as error:
            assert str(error) and "\n" not in str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("model", "latent", "seed", "sum", "by", "recipe", "offset", "x")), inner)
    ),
    max_leaves=12,
)


@make.steady
@given(JSON)
def test_no_json_is_more_than_an_error_to_those_who_read_files(data: object) -> None:
    from ganviz.errors import GanvizError

    for read in (Recipe.from_json, Sheet.from_json, Session.from_json):
        try:
            read(data)
        except GanvizError as error:
            assert str(error)
