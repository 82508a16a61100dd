import json

import numpy as np
import pytest

from ganviz import codes, sheets
from ganviz.checkpoint import read_header
from ganviz.codes import Sweep, axes, rank, sheet, stack, values_of, with_code
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Progress, run
from ganviz.recipe import ModelRef, Recipe, class_weights
from ganviz.render import Renderer
from ganviz.session import Session, load_session, read_png, save_session, write_png
from ganviz.spec import Code, Spec

REF = ModelRef("m", "d")
BASE = Recipe(REF, Seed(5), psi=0.7)


def spec_of(*given: Code) -> Spec:
    return Spec("infogan", 6, 12, 1, 16, 1, codes=given)


CATEGORY, TILT, WIDTH = Code("category", "categorical", 3), Code("tilt", "continuous"), Code("width", "continuous")
SPEC = spec_of(CATEGORY, TILT, WIDTH)


def test_a_sweep_has_a_row_a_category_and_ten_columns_from_minus_2_to_2() -> None:
    made = sheet(Sweep(), BASE, SPEC)
    assert (made.rows, made.columns) == (3, 10)
    assert {cell.latent for cell in made.recipes} == {Seed(5)} and {cell.psi for cell in made.recipes} == {0.7}
    assert [dict(cell.codes)["tilt"][0] for cell in made.cells[:10]] == pytest.approx(np.linspace(-2, 2, 10), abs=1e-6)
    assert [dict(cell.codes)["category"] for cell in made.cells[::10]] == [class_weights(k, 3) for k in range(3)]
    assert all("width" not in dict(cell.codes) for cell in made.recipes)
    assert made.column_headings[0] == "-2.00" and made.row_headings == ("category 0", "category 1", "category 2")


def test_all_that_is_not_swept_stays_as_the_picture_has_it() -> None:
    base = with_code(with_code(BASE, "width", (1.5,)), "category", (0.5, 0.5, 0.0))
    made = sheet(Sweep(columns="tilt"), base, SPEC)
    assert {dict(cell.codes)["width"] for cell in made.recipes} == {(1.5,)}


@pytest.mark.parametrize(
    ("sweep", "spec", "expected"),
    [
        (Sweep(), SPEC, (CATEGORY, TILT)),
        (Sweep(columns="width"), SPEC, (CATEGORY, WIDTH)),
        (Sweep(rows="tilt"), SPEC, (TILT, WIDTH)),
        (Sweep(rows="width", columns="tilt"), SPEC, (WIDTH, TILT)),
        (Sweep(columns="category"), SPEC, (TILT, CATEGORY)),
        (Sweep(rows="tilt", columns="tilt"), SPEC, (CATEGORY, TILT)),
        (Sweep(rows="gone", columns="also"), SPEC, (CATEGORY, TILT)),
        (Sweep(), spec_of(TILT, WIDTH), (WIDTH, TILT)),
        (Sweep(), spec_of(CATEGORY), (None, CATEGORY)),
        (Sweep(rows="tilt"), spec_of(TILT), (None, TILT)),
    ],
)
def test_what_is_not_named_or_not_there_is_chosen(sweep, spec, expected) -> None:
    assert axes(sweep, spec) == expected
    made = sheet(sweep, BASE, spec)
    assert made.columns == len(values_of(expected[1], sweep))


def test_several_sweeps_stand_below_each_other_with_an_empty_row_between_them() -> None:
    narrow, wide = sheet(Sweep(steps=2), BASE, SPEC), sheet(Sweep(rows="width", columns="category"), BASE, SPEC)
    made = stack([narrow, wide])
    assert (made.rows, made.columns) == (3 + 1 + 10, 3)
    assert made.cells[:3] == (*narrow.cells[:2], None) and set(made.cells[9:12]) == {None}
    assert made.cells[12:15] == wide.cells[:3]
    assert made.row_headings == (*narrow.row_headings, "", *wide.row_headings)
    assert stack([wide]) == wide


def test_a_model_without_codes_says_so() -> None:
    with pytest.raises(GanvizError, match="structured codes"):
        sheet(Sweep(), BASE, spec_of())


def test_a_sweep_is_drawn_and_carried_by_its_picture(tiny_infogan, tmp_path) -> None:
    header = read_header(tiny_infogan)
    renderer = Renderer("cpu")
    renderer.load(tiny_infogan)
    made = sheet(Sweep(steps=4), Recipe(header.ref, Seed(3)), header.spec)
    pixels = run(sheets.draw(renderer, made))
    assert pixels.shape == (3 * 16, 4 * 16, 1)
    rows = pixels.reshape(3, 16, 4 * 16)
    assert not np.array_equal(rows[0], rows[1])
    write_png(tmp_path / "a.png", pixels, made)
    again = read_png(tmp_path / "a.png")
    assert again == made and np.array_equal(run(sheets.draw(renderer, again)), pixels)


def test_the_ranking_puts_the_code_first_that_moves_the_picture_most(tiny_infogan) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(tiny_infogan)
    with_weight = {}
    for strong in (1, 2):
        # A continuous code is one column of the first layer: without it nothing moves.
        weight = generator.dense[0].weight.detach().clone()
        generator.dense[0].weight.data[:, 6 + 3 + (2 - strong)] = 0
        found = run(rank(renderer, Recipe(generator.ref), Sweep(steps=4), noises=2))
        generator.dense[0].weight.data = weight
        with_weight[strong] = {item.code.name: item.change for item in found}
        assert [item.change for item in found] == sorted((item.change for item in found), reverse=True)
    names = [code.name for code in generator.spec.codes]
    assert with_weight[1][names[1]] > 0 == with_weight[1][names[2]]
    assert with_weight[2][names[2]] > 0 == with_weight[2][names[1]]
    assert with_weight[1][names[0]] > 0


def test_the_ranking_is_what_its_definition_says_and_tells_how_far_it_is(tiny_infogan) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(tiny_infogan)
    said = []
    found = {
        item.code.name: item.change
        for item in run(rank(renderer, BASE.edit(model=generator.ref), Sweep(), 1), said.append)
    }
    assert said[-1].total == 3 and all(isinstance(step, Progress) for step in said)
    name = generator.spec.codes[0].name
    pixels = [
        renderer.render(with_code(Recipe(generator.ref, Seed(0), psi=0.7), name, class_weights(k, 3))).pixels.astype(
            float
        )
        for k in range(3)
    ]
    expected = (np.abs(pixels[1] - pixels[0]).mean() + np.abs(pixels[2] - pixels[1]).mean()) / 2
    assert found[name] == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize("sweep", [Sweep(), Sweep("a", "b", -1.5, 3.0, 7)])
def test_a_sweep_survives_json_and_sessions(sweep, tmp_path) -> None:
    assert Sweep.from_json(json.loads(json.dumps(sweep.to_json()))) == sweep
    save_session(tmp_path / "a.ganviz", Session(BASE, codes=sweep))
    assert load_session(tmp_path / "a.ganviz").codes == sweep


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 1}, "2 to 100 steps"),
        ({"steps": 10**9}, "2 to 100 steps"),
        ({"steps": 2.5}, "whole number"),
        ({"low": 2, "high": -2}, "low to high"),
        ({"high": 1e9}, "range"),
        ({"rows": 3}, "names of codes"),
        ({"columns": "x" * 1000}, "names of codes"),
        ({"more": 1}, "more"),
    ],
)
def test_a_sweep_that_is_none_is_refused_with_a_reason(change: dict, words: str) -> None:
    with pytest.raises(GanvizError, match=words):
        Sweep.from_json({**Sweep().to_json(), **change})


def test_codes_stay_in_one_order_whatever_is_set_last() -> None:
    once = codes.with_code(codes.with_code(BASE, "tilt", (1.0,)), "category", (1.0, 0.0, 0.0))
    other = codes.with_code(codes.with_code(BASE, "category", (1.0, 0.0, 0.0)), "tilt", (1.0,))
    assert once == other
