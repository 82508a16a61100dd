"""Files of directions: they come back whole, and what is foreign or hostile in them is refused."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganviz.direction_files import load_directions, pick, read_move, save_directions
from ganviz.directions import Found
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.recipe import ModelRef
from ganviz.spec import Spec

REF = ModelRef("tiny", "d1")
SPEC = Spec("stylegan2", z_dim=4, w_dim=8, num_ws=6, resolution=16, channels=3, truncation="w")


def some(model: ModelRef = REF) -> tuple[Found, ...]:
    random = np.random.RandomState(0)
    return (
        Found(Direction.of(random.randn(8), "w", name="PCA 1", origin="PCA", sigma=2.0, score=0.5), model, "9 samples"),
        Found(Direction.of(random.randn(6, 8), "w", name="smile", origin="labelled", layers=(0, 2)), model),
        Found(Direction.of(random.randn(4), "z", name="SeFa 1", origin="SeFa"), model, "closed form"),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_directions(tmp_path / "some.npz", some(), SPEC)
    return tmp_path / "some.npz"


def rewrite(file: Path, change=None, **members: bytes) -> None:
    """Write a file again with its header changed, and with other members."""
    with zipfile.ZipFile(file) as old:
        kept = {name: old.read(name) for name in old.namelist()}
    if change is not None:
        header = json.loads(np.load(io.BytesIO(kept["header.npy"])).tobytes())
        text = json.dumps(change(header)).encode()
        raw = io.BytesIO()
        np.save(raw, np.frombuffer(text, np.uint8))
        kept["header.npy"] = raw.getvalue()
    with zipfile.ZipFile(file, "w") as new:
        for name, data in {**kept, **members}.items():
            new.writestr(name, data)


def test_directions_come_back_as_they_were_written(file: Path) -> None:
    loaded = load_directions(file, REF, SPEC)
    assert loaded.found == some() and loaded.warning == ""
    assert all(
        np.array_equal(item.direction.array, other.direction.array)
        for item, other in zip(loaded.found, some(), strict=True)
    )


def test_numpy_reads_the_file_without_pickle(file: Path) -> None:
    with np.load(file, allow_pickle=False) as arrays:
        header = json.loads(arrays["header"].tobytes())
        assert header["model"] == {"name": "tiny", "digest": "d1"} and header["arch"] == "stylegan2"
        first = header["directions"][0]
        assert np.array_equal(arrays[first["vector"]], some()[0].direction.array)


def test_equal_directions_are_equal_files(file: Path, tmp_path: Path) -> None:
    save_directions(tmp_path / "again.npz", some(), SPEC)
    assert (tmp_path / "again.npz").read_bytes() == file.read_bytes()


def test_other_weights_of_the_same_form_are_let_through_with_a_warning(file: Path) -> None:
    newer = ModelRef("tiny-2", "d2")
    loaded = load_directions(file, newer, SPEC)
    assert "some.npz: found in other weights (tiny); in tiny-2 they may do other things" in loaded.warning
    assert {item.model for item in loaded.found} == {newer}
    assert [item.direction for item in loaded.found] == [item.direction for item in some()]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (replace(SPEC, arch="stylegan"), "arch is 'stylegan2' there and stylegan here"),
        (replace(SPEC, w_dim=16), "w_dim is 8 there and 16 here"),
        (replace(SPEC, num_ws=8), "num_ws is 6 there and 8 here"),
    ],
)
def test_another_kind_of_model_is_refused_with_the_reason(file: Path, spec: Spec, reason: str) -> None:
    with pytest.raises(GanvizError, match=f"some.npz: these directions were found in tiny, .* other: {reason}"):
        load_directions(file, ModelRef("other", "d3"), spec)


def test_directions_that_do_not_fit_their_own_header_are_refused(file: Path) -> None:
    def too_far(header):
        header["directions"][1]["layers"] = [0, 9]
        return header

    rewrite(file, too_far)
    with pytest.raises(GanvizError, match="smile: it is for style input 9"):
        load_directions(file, REF, SPEC)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: [],
        lambda header: {**header, "kind": "session"},
        lambda header: {**header, "ganviz": 99},
        lambda header: {**header, "directions": []},
        lambda header: {**header, "directions": {}},
        lambda header: {**header, "directions": [None]},
        lambda header: {**header, "directions": [{**header["directions"][0], "vector": "0" * 64}]},
        lambda header: {**header, "directions": [{**header["directions"][0], "sigma": "big"}]},
        lambda header: {**header, "directions": [{**header["directions"][0], "surprise": 1}]},
        lambda header: {**header, "directions": [header["directions"][0]] * 2000},
        lambda header: {**header, "model": {"name": "../../etc", "digest": ""}},
        lambda header: {**header, "model": None},
    ],
)
def test_a_header_that_is_not_as_expected_is_refused(file: Path, change) -> None:
    rewrite(file, change)
    with pytest.raises(GanvizError, match=r"some\.npz"):
        load_directions(file, REF, SPEC)


def test_numbers_that_were_changed_are_noticed(file: Path) -> None:
    digest = some()[0].direction.digest
    raw = io.BytesIO()
    np.save(raw, np.zeros(8, np.float32))
    rewrite(file, **{f"{digest}.npy": raw.getvalue()})
    with pytest.raises(GanvizError, match="do not match their checksum"):
        load_directions(file, REF, SPEC)


def test_a_pickle_inside_is_never_run(file: Path) -> None:
    raw = io.BytesIO()
    np.save(raw, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    rewrite(file, **{"header.npy": raw.getvalue()})
    with pytest.raises(GanvizError, match="the header is of another kind"):
        load_directions(file, REF, SPEC)


def test_other_files_are_named_and_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("other", "text", "empty"):
        with pytest.raises(GanvizError, match=rf"{name}\.npz: expected directions that ganviz wrote"):
            load_directions(tmp_path / f"{name}.npz", REF, SPEC)
    with pytest.raises(GanvizError, match="no such file"):
        load_directions(tmp_path / "none.npz", REF, SPEC)
    with pytest.raises(GanvizError, match="cannot be read"):
        load_directions(tmp_path, REF, SPEC)


def test_only_directions_of_one_model_are_written(tmp_path: Path) -> None:
    mixed = (*some(), *some(ModelRef("other", "d9")))
    for found in ((), mixed):
        with pytest.raises(GanvizError, match="all of one model"):
            save_directions(tmp_path / "mixed.npz", found, SPEC)
    assert list(tmp_path.iterdir()) == []


def test_a_direction_is_picked_by_its_name() -> None:
    assert pick(some(), "pca-1") == pick(some(), " PCA  1") == some()[0]
    with pytest.raises(GanvizError, match="no direction is called 'frown'; there are PCA 1, smile, SeFa 1"):
        pick(some(), "frown")


def test_a_move_is_read_from_file_name_and_amount(file: Path) -> None:
    move, warning = read_move(f"{file}:smile=-2.5", REF, SPEC)
    assert (move.direction, move.amount, warning) == (some()[1].direction, -2.5, "")
    for text in (f"{file}:smile", f"{file}=2", "smile=2", f"{file}:smile=big", f"{file}:smile=nan", ":a=1"):
        with pytest.raises(ValueError, match="expected FILE:NAME=AMOUNT"):
            read_move(text, REF, SPEC)
    with pytest.raises(GanvizError, match=r"some\.npz: no direction is called"):
        read_move(f"{file}:frown=1", REF, SPEC)
