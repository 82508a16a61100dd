import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganviz.expression import SEED_LIMIT, Seed
from ganviz.formula import MOST_TEXT, format_formula, parse_formula

SEEDS = st.builds(Seed, st.integers(0, SEED_LIMIT - 1), within=st.sampled_from([None, 0.5, 2.0])) | st.builds(
    lambda seed, right, down: Seed(seed, right / 1000, down / 1000),
    st.integers(0, 100_000),
    st.integers(-500, 500),
    st.integers(-500, 500),
)
WEIGHTS = st.integers(1, 5_000_000).map(lambda millionths: millionths / 1e6)
TERMS = st.lists(
    st.tuples(
        st.tuples(st.sampled_from((1.0, -1.0)), WEIGHTS | st.just(1.0)).map(lambda pair: pair[0] * pair[1]),
        st.lists(SEEDS, min_size=1, max_size=5).map(tuple),
    ),
    min_size=1,
    max_size=6,
).map(tuple)


def numbers(*seeds: int) -> tuple[Seed, ...]:
    return tuple(map(Seed, seeds))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("7", ((1, numbers(7)),)),
        ("-7", ((-1, numbers(7)),)),
        ("mean(1,2) - mean(4,5) + mean(7)", ((1, numbers(1, 2)), (-1, numbers(4, 5)), (1, numbers(7)))),
        ("0.5*mean(1,2)+.5*3", ((0.5, numbers(1, 2)), (0.5, numbers(3)))),
        ("2*7-3", ((2, numbers(7)), (-1, numbers(3)))),
        ("8-15", ((1, numbers(8)), (-1, numbers(15)))),
        ("mean(8-10, 12)", ((1, numbers(8, 9, 10, 12)),)),
        (" Mean ( 5 )−2 × 6 ", ((1, numbers(5)), (-2, numbers(6)))),
        ("7~1.5 - 2*mean(3~2)", ((1, (Seed(7, within=1.5),)), (-2, (Seed(3, within=2.0),)))),
        ("1402@0.25/-0.5 - mean(0@0.1/0)", ((1, (Seed(1402, 0.25, -0.5),)), (-1, (Seed(0, 0.1, 0),)))),
    ],
)
def test_formulas_are_read_as_people_write_them(text, terms) -> None:
    assert parse_formula(text) == terms


@given(TERMS)
def test_any_formula_that_is_written_is_read_back(terms) -> None:
    assert parse_formula(format_formula(terms)) == terms


@given(TERMS, st.data())
def test_spaces_between_the_parts_mean_nothing(terms, data) -> None:
    text = format_formula(terms)
    for sign in "+-*(),":
        if "@" not in text and data.draw(st.booleans()):
            text = text.replace(sign, f" {sign} ")
    assert parse_formula(text) == terms


@given(st.text(alphabet="mean()0123456789+-*.,@/~ xé", max_size=40))
def test_whatever_is_typed_is_either_read_or_refused_with_its_place(text) -> None:
    try:
        terms = parse_formula(text)
    except ValueError as error:
        assert "expected" in str(error)
    else:
        assert parse_formula(format_formula(terms)) or not terms


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at character 1, expected a seed or mean(...), got the end"),
        ("mean(1,2", "at character 9, expected ) after the seeds, got the end"),
        ("mean(1,,2)", "at character 8, expected a seed, got ',2)'"),
        ("mean()", "at character 6, expected a seed, got ')'"),
        ("mean(1,x)", "at character 8, 'x': expected seeds like"),
        ("mean(9-1)", "at character 6, '9-1': expected a range from low to high"),
        ("mean(1) mean(2)", "at character 9, expected + or - between terms, got 'mean(2)'"),
        ("1 + - 2", "at character 5, expected a seed or mean(...), got '- 2'"),
        ("1 + smile", "at character 5, expected a seed or mean(...), got 'smile'"),
        ("0.5", "at character 1, expected a seed or mean(...), got '0.5'"),
        ("3*", "at character 3, expected a seed or mean(...), got the end"),
        ("2000*3", "at character 1, expected a coefficient up to 1000"),
        ("4294967296", "at character 1, '4294967296': expected seeds from 0 to"),
        ("1" + "+1" * 70, "expected at most 64 terms"),
        ("mean(0-2000)", "1024 seeds in all"),
        ("1" * (MOST_TEXT + 1), "characters"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_formula(text)
    assert said in str(caught.value)
