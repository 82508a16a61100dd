import base64
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import session
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Seed, Vector, array_digest
from ganviz.recipe import ModelRef, Recipe, Sheet
from ganviz.session import (
    PNG_ARRAYS_LIMIT,
    Kept,
    Session,
    load_session,
    read_png,
    save_session,
    unpack_arrays,
    write_png,
)
from ganviz.walk import Walk

REF = ModelRef("faces", "ab" * 32)
VECTOR = Vector.of(np.linspace(-1, 1, 12).reshape(3, 4), "w")
RECIPE = Recipe(REF, Lerp(Seed(3), VECTOR, 0.5), psi=0.7)
SESSION = Session(RECIPE, (Kept(Recipe(REF, Seed(1)), "smile"), Kept(RECIPE)), Walk(frames=90, loop=True))
PIXELS = np.random.RandomState(0).randint(0, 256, (16, 16, 3), np.uint8)


def repack(path: Path, change) -> Path:
    """Rewrite the JSON inside a session file."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    data = json.loads(members["session.json"])
    change(data)
    members["session.json"] = json.dumps(data).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_a_session_survives_saving_with_its_arrays(tmp_path: Path) -> None:
    save_session(tmp_path / "a.ganviz", SESSION)
    loaded = load_session(tmp_path / "a.ganviz")
    assert loaded == SESSION
    assert np.array_equal(loaded.recipe.latent.b.array, VECTOR.array)


def test_equal_sessions_are_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        save_session(tmp_path / f"{name}.ganviz", SESSION)
    assert (tmp_path / "a.ganviz").read_bytes() == (tmp_path / "b.ganviz").read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.update(ganviz=2), "newer ganviz"),
        (lambda data: data.update(kind="film"), "expected a session"),
        (lambda data: data.pop("ganviz"), "version mark"),
        (lambda data: data.update(gallery=3), "list of kept pictures"),
        (lambda data: data["recipe"].update(psi="much"), "psi"),
        (lambda data: data.update(walk={"frames": 10**12}), "frames"),
    ],
    ids=["newer", "kind", "no version", "gallery", "psi", "walk"],
)
def test_a_session_that_is_not_one_is_refused_with_a_reason(tmp_path: Path, change, words: str) -> None:
    path = tmp_path / "a.ganviz"
    save_session(path, SESSION)
    with pytest.raises(GanvizError, match=words) as caught:
        load_session(repack(path, change))
    assert str(path) in str(caught.value)


def test_files_of_other_kinds_and_cut_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ganviz"
    save_session(path, SESSION)
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2], whole[:-30], b"\xff\xd8\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(GanvizError, match=str(path)):
            load_session(path)
    with pytest.raises(GanvizError, match="no such file"):
        load_session(tmp_path / "missing.ganviz")


def test_an_array_that_lies_about_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ganviz"
    save_session(path, SESSION)
    name = f"arrays/{VECTOR.digest}.npy"
    objects, huge, other = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(other, np.zeros((3, 4), np.float32))
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(path) as file:
        text = file.read("session.json")
    for content in (objects.getvalue(), huge.getvalue(), other.getvalue(), b"no array"):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("session.json", text)
            file.writestr(name, content)
        with pytest.raises(GanvizError, match=str(path)):
            load_session(path)


def test_arrays_packed_into_a_picture_may_not_unpack_to_far_more_than_a_picture_holds(tmp_path: Path) -> None:
    arrays = [np.full(500_000, value, np.float32) for value in range(1, 4)]  # 2 MB each, packed a few kB
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for array in arrays:
            raw = io.BytesIO()
            np.save(raw, array)
            file.writestr(f"{array_digest(array)}.npy", raw.getvalue())
    text = base64.b64encode(packed.getvalue()).decode()
    assert len(text) < PNG_ARRAYS_LIMIT
    with pytest.raises(GanvizError, match="its arrays are larger than 1 MiB"):
        unpack_arrays(text)


def test_a_picture_s_recipe_may_be_no_longer_than_a_session_s(tmp_path: Path, monkeypatch) -> None:
    write_png(tmp_path / "a.png", PIXELS, Recipe(REF, Seed(1)))
    monkeypatch.setattr(session, "JSON_LIMIT", 100)
    with pytest.raises(GanvizError, match=r"a\.png: the recipe inside is larger than"):
        read_png(tmp_path / "a.png")


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ganviz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("session.json", "[" * 200_000)
    with pytest.raises(GanvizError, match="damaged"):
        load_session(path)


def test_a_target_that_cannot_be_written_keeps_what_was_there(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.ganviz"
    save_session(path, SESSION)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(GanvizError, match="No space left"):
        save_session(path, SESSION)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["a.ganviz"]


@pytest.mark.parametrize("document", [RECIPE, Sheet((RECIPE, None, Recipe(REF)), 2)], ids=["recipe", "sheet"])
def test_a_picture_carries_what_it_was_drawn_from(tmp_path: Path, document) -> None:
    write_png(tmp_path / "a.png", PIXELS, document, licence="CC0")
    assert read_png(tmp_path / "a.png") == document
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), PIXELS)
        chunk = json.loads(image.text["ganviz"])
    assert chunk["ganviz"] == 1 and chunk["kind"] in ("recipe", "sheet")
    assert chunk["model"] == {"name": "faces", "digest": "ab" * 32} and chunk["licence"] == "CC0"
    assert str(tmp_path) not in json.dumps(chunk)


def test_metadata_can_be_left_out(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", PIXELS[:, :, :1], RECIPE, metadata=False)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "L" and image.text == {}
    with pytest.raises(GanvizError, match="carries no recipe"):
        read_png(tmp_path / "a.png")


def test_large_arrays_go_into_a_session_beside_the_picture(tmp_path: Path) -> None:
    recipe = Recipe(REF, Vector.of(np.random.RandomState(0).randn(400, 400), "w"))
    write_png(tmp_path / "a.png", PIXELS, recipe)
    assert (tmp_path / "a.ganviz").is_file()
    assert read_png(tmp_path / "a.png") == recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "damaged"),
        ('{"ganviz": 7, "kind": "recipe"}', "newer"),
        ("[1]", "version mark"),
        ("[" * 100_000, "damaged"),
    ],
    ids=["cut", "newer", "list", "nested"],
)
def test_a_picture_with_damaged_metadata_is_refused(tmp_path: Path, text: str, words: str) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("ganviz", text)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    with pytest.raises(GanvizError, match=words):
        read_png(tmp_path / "a.png")


def test_other_pictures_and_cut_ones_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg")
    write_png(tmp_path / "b.png", PIXELS, RECIPE)
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[:60])
    (tmp_path / "c.png").write_bytes(b"")
    for name in ("a.jpg", "b.png", "c.png", "missing.png"):
        with pytest.raises(GanvizError, match=name):
            read_png(tmp_path / name)


def test_a_neighbour_matters_only_to_pictures_whose_arrays_are_in_it(tmp_path: Path, caplog) -> None:
    write_png(tmp_path / "a.png", PIXELS, Recipe(REF))
    (tmp_path / "a.ganviz").write_bytes(b"damaged")
    assert read_png(tmp_path / "a.png") == Recipe(REF)


def test_a_picture_s_arrays_never_replace_another_session(tmp_path: Path) -> None:
    save_session(tmp_path / "mine.ganviz", SESSION)
    recipe = Recipe(REF, Vector.of(np.random.RandomState(0).randn(400, 400), "w"))
    with pytest.raises(GanvizError, match="holds other work"):
        write_png(tmp_path / "mine.png", PIXELS, recipe)
    assert load_session(tmp_path / "mine.ganviz") == SESSION and not (tmp_path / "mine.png").exists()
    for _ in range(2):
        write_png(tmp_path / "other.png", PIXELS, recipe)
    assert read_png(tmp_path / "other.png") == recipe


def test_a_session_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    latent = Seed(0)
    for _ in range(70):
        latent = Lerp(latent, Seed(1), 0.5)
    with pytest.raises(GanvizError, match="combined from too many"):
        save_session(tmp_path / "a.ganviz", Session(Recipe(REF, latent)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [b"-" * 300 + b"1", b"[" * 300, b"(4,)", b"1" * 39, b"0, 0, 0"])
def test_an_array_s_header_is_matched_never_evaluated(tmp_path: Path, shape: bytes) -> None:
    path = tmp_path / "a.ganviz"
    save_session(path, SESSION)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + b"), } \n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 48
    with zipfile.ZipFile(path) as file:
        text = file.read("session.json")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("session.json", text)
        file.writestr(f"arrays/{VECTOR.digest}.npy", content)
    with pytest.raises(GanvizError, match=str(path)):
        load_session(path)


def test_every_recipe_of_a_session_is_changed_those_of_its_workspaces_too() -> None:
    from ganviz.timeline import Keyframe, Timeline

    old, new = ModelRef("old", "a"), ModelRef("new", "b")
    session = Session(
        Recipe(old), (Kept(Recipe(old, Seed(2)), "note"),), timeline=Timeline((Keyframe(Recipe(old, Seed(3)), 4),))
    )
    moved = session.map(lambda recipe: recipe.edit(model=new))
    assert {recipe.model for recipe in moved.recipes} == {new}
    assert moved.timeline.keyframes[0].frame == 4
    assert session.map(lambda recipe: recipe) is session


def test_a_session_with_parts_of_a_newer_version_is_refused_rather_than_cut() -> None:
    data = Session(Recipe("m")).to_json()
    with pytest.raises(GanvizError, match="newer ganviz"):
        Session.from_json({**data, "hologram": {}})
    for version in (True, 0, -1):
        with pytest.raises(GanvizError, match="version mark"):
            Session.from_json({**data, "ganviz": version})
