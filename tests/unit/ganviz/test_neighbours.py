import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import cli, neighbours
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.neighbours import build
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.session import read_png
from ganviz.sources import KNOWN
from ganviz.training_data import TITLES, find_data, remember_data, title_of


@pytest.fixture
def images() -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (300, 16, 16, 3)).astype(np.uint8)


def brute(queries: np.ndarray, images: np.ndarray) -> np.ndarray:
    gaps = queries[:, None].astype(float) - images[None]
    return np.sqrt((gaps**2).reshape(len(queries), len(images), -1).mean(2))


def test_the_nearest_images_are_those_of_a_plain_search(make_data, images: np.ndarray) -> None:
    index = run(build(make_data(images)))
    queries = np.random.RandomState(1).randint(0, 256, (5, 16, 16, 3)).astype(np.uint8)
    found, distances = index.nearest(queries, 4)
    expected = brute(queries, images)
    assert np.array_equal(found, np.argsort(expected, axis=1, kind="stable")[:, :4])
    assert distances == pytest.approx(np.sort(expected, axis=1)[:, :4], rel=1e-12)


def test_products_of_narrow_integers_are_exact_either_way(monkeypatch, images: np.ndarray) -> None:
    narrow = torch.from_numpy(neighbours.as_signed(images))
    fast = neighbours.products(narrow[:3], narrow)
    monkeypatch.delattr(torch, "_int_mm")
    slow = neighbours.products(narrow[:3], narrow)
    assert torch.equal(fast.to(torch.int64), slow)
    exact = narrow.numpy().astype(np.int64)
    assert np.array_equal(slow.numpy(), exact[:3] @ exact.T)


def test_equal_images_are_all_found_the_first_one_first(make_data, images: np.ndarray) -> None:
    index = run(build(make_data(np.concatenate([images, images[:50]]))))
    near = index.look_up(images[7], 3)
    assert [(item.index, item.distance) for item in near[:2]] == [(7, 0.0), (307, 0.0)]


def test_the_index_is_built_once_and_found_by_the_datas_digest(make_data, images, monkeypatch) -> None:
    data = make_data(images)
    first = run(build(data))

    def unexpected(*_: object) -> None:
        raise AssertionError("built anew")

    monkeypatch.setattr(neighbours, "as_signed", unexpected)
    again = run(build(data))
    monkeypatch.undo()
    assert len(again) == len(first)
    assert again.look_up(images[3])[0].index == 3


def test_a_damaged_cache_is_made_again(make_data, images: np.ndarray) -> None:
    data = make_data(images)
    run(build(data))
    neighbours.cache_path(data, "pixels").write_bytes(b"short")
    neighbours.cache_path(data, "norms").write_bytes(b"odd")
    assert run(build(data)).look_up(images[3])[0].index == 3


def test_data_that_cannot_be_searched_are_one_clear_error(make_data, images: np.ndarray) -> None:
    with pytest.raises(GanvizError, match="at least two"):
        run(build(make_data(images[:1])))
    with pytest.raises(ValueError, match="pixels"):
        run(build(make_data(images))).nearest(images[:1, :8])


def test_training_data_are_found_by_what_was_chosen_once(tiny_checkpoint: Path, tmp_path: Path) -> None:
    header = read_header(tiny_checkpoint)
    assert find_data(header) is None
    (tmp_path / "faces").mkdir()
    remember_data(header, str(tmp_path / "faces"))
    assert find_data(header) == str(tmp_path / "faces")
    (tmp_path / "faces").rmdir()
    assert find_data(header) is None


def test_the_command_writes_the_figure_and_the_report(tiny_checkpoint: Path, tmp_path: Path, capsys) -> None:
    recipes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in (*range(100, 200), 0)]
    np.savez(tmp_path / "data.npz", images=np.stack([frame.pixels for frame in Renderer("cpu").render_all(recipes)]))
    words = ["neighbours", str(tiny_checkpoint), "--data", str(tmp_path / "data.npz"), "--seeds", "0,1", "--k", "3"]
    words += ["--out", str(tmp_path / "n.png"), "--json", str(tmp_path / "n.json")]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "likely a copy" in said
    assert "1 of 2 samples are new" in said
    report = json.loads((tmp_path / "n.json").read_text())
    assert list(report)[:4] == ["samples", "data", "metric", "model"]
    assert [sample["verdict"] for sample in report["samples"]] == ["copy", "new"]
    assert {"index", "file", "distance", "percentile"} < set(report["samples"][0]["neighbours"][0])
    assert report["samples"][0]["neighbours"][0]["index"] == 100
    assert len(read_png(tmp_path / "n.png").recipes) == 2
    assert cli.main([*words[:2], *words[4:]]) == 0, "the data are remembered"


def test_the_command_asks_for_data_that_it_does_not_know(tiny_checkpoint: Path, tmp_path: Path, capsys) -> None:
    assert cli.main(["neighbours", str(tiny_checkpoint), "--seeds", "0", "--out", str(tmp_path / "n.png")]) == 1
    assert "--data" in capsys.readouterr().err


@pytest.fixture
def blobs() -> np.ndarray:
    """Soft pictures that a few numbers describe well, as pictures of one kind of thing are."""
    chance = np.random.RandomState(3)
    parts = np.repeat(np.repeat(chance.randn(20, 4, 4, 1), 4, 1), 4, 2).reshape(20, -1)
    soft = 128 + 40 * chance.randn(400, 20) @ parts / 4 + 3 * chance.randn(400, 256)
    return soft.clip(0, 255).astype(np.uint8).reshape(400, 16, 16, 1)


@pytest.mark.parametrize("kind", ["like the data", "copies", "noise"])
def test_outlines_leave_the_search_exact(make_data, blobs: np.ndarray, monkeypatch, kind: str) -> None:
    monkeypatch.setattr(neighbours, "SMALL", 0)
    if kind == "noise":  # of which outlines know next to nothing
        blobs = np.random.RandomState(4).randint(0, 256, blobs.shape).astype(np.uint8)
    images = np.concatenate([blobs, blobs[:9]])  # equal ones, of which the first has to come first
    index = run(build(make_data(images)))
    between = ((blobs[:40].astype(int) + blobs[40:80]) // 2).astype(np.uint8)
    queries = blobs[:40] if kind == "copies" else between
    scanned = []
    monkeypatch.setattr(index, "_scan", lambda *given: scanned.append(1) or type(index)._scan(index, *given))
    found = [index.nearest(query[None], 5) for query in queries]
    expected = brute(queries, images)
    assert np.array_equal(np.concatenate([one for one, _ in found]), np.argsort(expected, 1, kind="stable")[:, :5])
    assert np.concatenate([one for _, one in found]) == pytest.approx(np.sort(expected, 1)[:, :5], rel=1e-12)
    assert bool(scanned) == (kind == "noise")


def test_bounds_of_outlines_are_never_above_the_distance(make_data, blobs: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr(neighbours, "SMALL", 0)
    flat = np.zeros((1, 16, 16, 1), np.uint8)
    index = run(build(make_data(np.concatenate([blobs, flat, ~flat]))))
    for query in (*blobs[:20], blobs[0] ^ 1, flat[0], ~flat[0]):
        bounds = index._outlines.bounds(torch.from_numpy(neighbours.as_signed(query[None]))[0]).numpy()
        exact = np.square(query[None].astype(float) - index.data.images).sum((1, 2, 3))
        assert (bounds <= exact).all()
        assert bounds.max() > 0


def test_a_whole_scan_in_several_steps_is_the_same_search(make_data, images: np.ndarray, monkeypatch) -> None:
    doubled = np.concatenate([images, images[:50]])
    index = run(build(make_data(doubled)))
    whole = index.nearest(images[:8], 7)
    monkeypatch.setattr(neighbours, "SCAN_BYTES", 10 * 768)
    parts = index.nearest(images[:8], 7)
    assert np.array_equal(parts[0], whole[0]) and np.array_equal(parts[1], whole[1])


def test_damaged_outlines_are_made_again(make_data, blobs: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr(neighbours, "SMALL", 0)
    data = make_data(blobs)
    run(build(data))
    for what in ("basis", "outlines", "norms"):
        neighbours.cache_path(data, what).write_bytes(b"short")
        assert run(build(data)).look_up(blobs[3])[0].index == 3
    assert neighbours.is_built(data)
    neighbours.cache_path(data, "outlines").unlink()
    assert not neighbours.is_built(data)


def test_data_are_called_within_a_sentence_as_people_know_them():
    assert set(TITLES) == set(KNOWN)
    assert title_of("faces") == "the bundled faces" and title_of("/home/me/my photos.zip") == "my photos.zip"
