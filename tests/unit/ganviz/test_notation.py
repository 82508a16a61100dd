import pytest

from ganviz.expression import Seed
from ganviz.notation import format_kimg, format_seed, parse_code, parse_label, parse_seeds
from ganviz.spec import Card, Code, Spec

SPEC = Spec("x", 4, 7, 1, 16, 1, num_classes=3, codes=(Code("digit", "categorical", 10), Code("slant", "continuous")))
CARD = Card(class_names=("Ant", "Bee", "Ankle boot"))


def test_seeds_are_lists_of_numbers_and_ranges() -> None:
    assert [seed.seed for seed in parse_seeds("0, 3,8-11,4294967295")] == [0, 3, 8, 9, 10, 11, 4294967295]


def test_a_point_of_the_plane_is_written_behind_its_seed() -> None:
    (point,) = parse_seeds("1402@0.31/-0.12")
    assert point == Seed(1402, 0.31, -0.12)
    assert parse_seeds(format_seed(point)) == (point,)
    assert parse_seeds(format_seed(Seed(5, 1e-5))) == (Seed(5, 1e-5),)


def test_a_bound_of_the_normal_distribution_is_written_behind_its_seeds() -> None:
    assert parse_seeds("3-4~1.5,7") == (Seed(3, within=1.5), Seed(4, within=1.5), Seed(7))
    point = Seed(1402, 0.25, 0.5, within=0.04)
    assert format_seed(point) == "1402@0.25/0.5~0.04"
    assert parse_seeds(format_seed(point)) == (point,)


NO_SEEDS = ["", "a", "1,,2", "5-3", "-1", "4294967296", "0-99999999", "1@2", "1@x/y", "1.5", "1~", "1~0", "1~-1", "~2"]


@pytest.mark.parametrize("text", NO_SEEDS)
def test_what_is_no_seed_is_quoted_back(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["2", "ankle boot", "Ankle Boot"])
def test_a_class_goes_by_index_or_name(text: str) -> None:
    assert parse_label(text, SPEC, CARD) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("text", ["3", "-1", "cow", ""])
def test_an_unknown_class_lists_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 2 or one of Ant, Bee, Ankle boot"):
        parse_label(text, SPEC, CARD)


def test_a_model_without_classes_says_so() -> None:
    with pytest.raises(ValueError, match="no classes"):
        parse_label("0", Spec("x", 4, 4, 1, 16, 1), Card())


def test_codes_are_named_and_checked() -> None:
    assert parse_code("digit=1", SPEC) == ("digit", (0.0, 1.0) + (0.0,) * 8)
    assert parse_code("slant=-1.5", SPEC) == ("slant", (-1.5,))
    for text in ("digit=10", "digit", "wings=1", "slant=x"):
        with pytest.raises(ValueError, match="expected"):
            parse_code(text, SPEC)


@pytest.mark.parametrize(
    ("images", "text"),
    [(0, "0.00"), (512, "0.51"), (9_994, "9.99"), (9_999, "10.0"), (99_968, "100"), (1_234_000, "1,234")],
)
def test_images_seen_are_told_in_thousands(images: int, text: str) -> None:
    assert format_kimg(images) == text
