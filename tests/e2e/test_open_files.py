"""Somebody opens what cannot be opened: one clear line says so, and nothing is lost."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def bad(tmp_path, tiny_checkpoint):
    """A function that makes a bad file of a kind and returns its path."""

    def make(kind: str) -> str:
        path = tmp_path / {"photo": "cat.png", "session": "new.ganviz", "broken session": "x.ganviz"}.get(kind, kind)
        if kind == "cat.jpg":
            Image.new("RGB", (8, 8)).save(path)
        elif kind == "photo":
            Image.new("RGB", (8, 8)).save(path)
        elif kind == "empty.safetensors":
            path.write_bytes(b"")
        elif kind == "short.safetensors":
            path.write_bytes(tiny_checkpoint.read_bytes()[:5000])
        elif kind == "session":
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("session.json", json.dumps({"ganviz": 99, "kind": "session"}))
        elif kind == "broken session":
            path.write_bytes(b"PK but not really")
        elif kind == "empty-run":
            path.mkdir()
        return str(path)

    return make


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("cat.jpg", "cat.jpg"),
        ("photo", "carries no recipe"),
        ("empty.safetensors", "empty.safetensors"),
        ("short.safetensors", "short.safetensors"),
        ("session", "newer ganviz"),
        ("broken session", "x.ganviz"),
        ("empty-run", "empty-run"),
        ("nowhere/at/all.safetensors", "no such file"),
        ("no-such-model", "no-such-model"),
    ],
)
def test_the_line_names_the_file_and_the_picture_and_all_state_stay(story, bad, kind, said):
    story.find("psi").setValue(0.5)
    story.window.keep()
    story.settle()
    session, pixels = story.document.session, story.pixels().copy()
    given = "no-such-model" if kind == "no-such-model" else bad(kind)
    story.window.open(given)
    story.wait(lambda: story.message)
    assert said in story.message and "\n" not in story.message and "Traceback" not in story.message
    assert story.document.session == session
    assert np.array_equal(story.pixels(), pixels)
    assert story.find("status").text().startswith("exact")
    story.find("seed").setValue(9)
    story.settle()


def test_the_message_goes_once_something_was_opened(story, bad, tiny_conditional):
    story.window.open(bad("short.safetensors"))
    story.wait(lambda: story.message)
    story.window.open(str(tiny_conditional))
    story.wait(lambda: story.recipe.model.name == "tiny-classes")
    assert story.message == ""


def test_a_bad_argument_opens_the_window_with_a_line_in_it(begin):
    story = begin("no-such-model", wait=False)
    story.wait(lambda: story.message)
    assert "no-such-model" in story.message


def test_a_model_whose_weights_do_not_fit_its_description_is_refused(story, tmp_path, tiny_checkpoint):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    path = tmp_path / "wrong-shapes.safetensors"
    with safe_open(tiny_checkpoint, "np") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    name = max(tensors, key=lambda key: tensors[key].size)
    tensors[name] = tensors[name][..., :1].copy()
    save_file(tensors, path, metadata)
    story.window.open(str(path))
    story.wait(lambda: story.message)
    assert "wrong-shapes.safetensors" in story.message


def test_a_session_whose_model_is_not_here_waits_until_it_is_located(story, begin, tmp_path, make_checkpoint, home):
    away = make_checkpoint("away", z_dim=4)
    other = begin(away)
    path = tmp_path / "work.ganviz"
    other.find("seed").setValue(77)
    other.settle()
    other.save(path)
    other.window.stop()
    moved = tmp_path / "elsewhere.safetensors"
    shutil.move(away, moved)
    before = story.document.session
    story.window.open(str(path))
    story.wait(lambda: "away" in story.message)
    assert story.document.session == before
    story.window.opener.locate(str(moved))
    story.wait(lambda: story.recipe.model.name == "away")
    story.settle()
    assert story.find("seed").value() == 77


def test_a_run_folder_opens_its_newest_snapshot(story, tmp_path, make_checkpoint):
    snapshots = tmp_path / "my-run" / "snapshots"
    snapshots.mkdir(parents=True)
    shutil.copy(make_checkpoint("early", z_dim=5), snapshots / "00001000.safetensors")
    shutil.copy(make_checkpoint("late", z_dim=6), snapshots / "00002000.safetensors")
    story.canvas.dropped.emit(str(tmp_path / "my-run"))
    assert "my-run" in story.find("work").text()
    story.wait(lambda: story.recipe.model.name == "late")
    story.settle()
    assert story.find("dimensions-card").caption.text() == "6 offsets"
    assert not story.find("work").isVisible()
