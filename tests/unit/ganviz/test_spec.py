import pytest

from ganviz.errors import GanvizError
from ganviz.spec import NAME_LIMIT, Card, Code, Layer, Spec

SPEC = Spec(
    "x", 4, 6, 1, 16, 3, num_classes=2, codes=(Code("slant", "continuous"),), layers=(Layer("4x4", 4, 8, (0,)),)
)


def test_spec_and_card_survive_json() -> None:
    card = Card("n", "t", "l", "d", 0.7, ("a", "b"), "data", "command", 10, {"swd": 1.5})
    assert Spec.from_json(SPEC.to_json()) == SPEC
    assert Card.from_json(card.to_json()) == card
    assert Card.from_json({}) == Card()


@pytest.mark.parametrize(
    "change",
    [
        {"title": 7},
        {"name": ["x"]},
        {"psi": float("nan")},
        {"psi": "much"},
        {"psi": True},
        {"facts": [1]},
        {"images_seen": "many"},
        {"class_names": "abc"},
        {"class_names": [1]},
    ],
    ids=str,
)
def test_a_card_with_odd_entries_is_refused_by_name(change: dict) -> None:
    with pytest.raises(GanvizError, match="card: expected"):
        Card.from_json({**Card().to_json(), **change})


def test_names_are_short_lines_without_separators() -> None:
    card = Card.from_json({"name": "../../evil/x:y\n" + "z" * 1000, "title": "two\nlines\x1b[0m"})
    assert card.name.startswith("..-..-evil-x-y") and len(card.name) <= NAME_LIMIT
    assert card.title == "two lines [0m"


@pytest.mark.parametrize(
    "change",
    [
        {"z_dim": 0},
        {"w_dim": 1.5},
        {"resolution": 1 << 40},
        {"num_classes": -1},
        {"truncation": "q"},
        {"arch": 3},
        {"layers": [{"name": "a", "resolution": "big", "channels": 1}]},
        {"layers": [{"name": "a", "resolution": 4, "channels": 1, "ws": [5]}]},
        {"codes": [{"name": "c", "kind": "odd"}]},
        {"codes": [{"name": "c", "kind": "continuous", "low": "x"}]},
        {"wings": 2},
    ],
    ids=str,
)
def test_a_spec_that_no_model_has_is_refused(change: dict) -> None:
    with pytest.raises(GanvizError, match="description"):
        Spec.from_json({**SPEC.to_json(), **change})
