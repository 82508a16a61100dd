import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from ganviz import journal, places
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Seed, Vector
from ganviz.history import History
from ganviz.journal import Journal, Work, abandoned
from ganviz.locks import try_lock
from ganviz.recipe import ModelRef, Recipe
from ganviz.session import Kept, Session

REF = ModelRef("faces", "ab" * 32)
VECTOR = Vector.of(np.linspace(-1, 1, 12).reshape(3, 4), "w")


@pytest.fixture(autouse=True)
def locks_are_let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test still holds at its end."""
    held: list[BinaryIO] = []

    def lock(path: Path) -> BinaryIO | None:
        file = try_lock(path)
        held.extend([] if file is None else [file])
        return file

    monkeypatch.setattr(journal, "try_lock", lock)
    yield
    for file in held:
        file.close()


def worked(steps: int = 5) -> History[Session]:
    """A history with a past, a future and an array in it."""
    history = History(Session(Recipe(REF)))
    for seed in range(1, steps + 1):
        history.edit(history.present.edit(recipe=history.present.recipe.edit(latent=Seed(seed))))
    kept = (Kept(Recipe(REF, Lerp(Seed(3), VECTOR, 0.5)), "smile"),)
    history.edit(history.present.edit(gallery=kept))
    history.mark_saved()
    history.undo()
    return history


def keep(history: History[Session], path: Path | None = None) -> Journal:
    made = Journal.begin()
    made.write(Work.of(history, path))
    return made


def test_a_history_comes_back_with_past_future_and_what_was_saved() -> None:
    history = worked()
    keep(history, Path("/tmp/mine.ganviz")).leave()
    found = abandoned()
    assert found is not None
    work = found.read()
    assert work == Work.of(history, Path("/tmp/mine.ganviz"))
    again = History(work.present)
    again.restore(work.past, work.present, work.future, work.saved)
    assert again.dirty and again.redo() == history.redo() and not again.dirty
    assert np.array_equal(again.present.gallery[0].recipe.latent.b.array, VECTOR.array)


def test_what_states_share_is_written_once_and_shared_again() -> None:
    history = worked(50)
    made = keep(history)
    data = json.loads((made.folder / "history.json").read_text())
    assert len(data["states"]) == 52 and len(data["parts"]["recipe"]) == 51 and len(data["parts"]["walk"]) == 1
    work = made.read()
    assert work.past[0].walk is work.past[9].walk


def test_arrays_that_no_state_names_any_more_are_removed() -> None:
    history = worked()
    made = keep(history)
    assert [path.stem for path in (made.folder / "arrays").iterdir()] == [VECTOR.digest]
    history.edit(Session(Recipe(REF, Seed(9))))
    made.write(Work.of(history, None))
    assert [path.stem for path in (made.folder / "arrays").iterdir()] == [VECTOR.digest]  # saved still
    history.mark_saved()
    made.write(Work.of(history, None))
    assert not list((made.folder / "arrays").iterdir())


def test_a_journal_is_nobody_else_s_while_its_window_lives() -> None:
    made = keep(worked())
    assert abandoned() is None
    made.leave()
    found = abandoned()
    assert found is not None and found.folder == made.folder
    assert abandoned() is None, "two starts at once must not both have it"


def test_the_newest_of_several_is_found_first_and_very_old_ones_are_removed(monkeypatch) -> None:
    monkeypatch.setattr(journal, "MOST_LEFT", 3)
    import os

    made = [keep(worked()) for _ in range(6)]
    for age, item in enumerate(made):
        os.utime(item.folder / "history.json", (1e9 - age, 1e9 - age))
        item.leave()
    found = abandoned()
    assert found is not None and found.folder == made[0].folder
    assert [item.folder.exists() for item in made] == [True, True, True, True, False, False]


def test_the_system_lets_go_of_a_lock_when_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = (
        "import sys; from ganviz.locks import try_lock; f = try_lock(sys.argv[1]); print('held', flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline().strip() == "held"
    assert try_lock(path) is None
    child.kill()
    child.wait()
    lock = try_lock(path)
    assert lock is not None
    lock.close()
    child.stdin.close()
    child.stdout.close()


def damage(folder: Path, change) -> None:
    path = folder / "history.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_damaged_states_are_left_out_and_the_rest_comes_back() -> None:
    history = worked()
    made = keep(history)
    damage(made.folder, lambda data: data["parts"]["recipe"].__setitem__(2, {"latent": "rm -rf"}))
    work = made.read()
    assert work.present == history.present and len(work.past) == len(history.past) - 1


def test_a_damaged_present_gives_the_state_after_or_before_it() -> None:
    history = worked()
    made = keep(history)
    damage(made.folder, lambda data: data["states"][data["present"]].update(recipe=10**9))
    assert made.read().present == history.future[0]
    damage(made.folder, lambda data: data.update(states=data["states"][: data["present"] + 1]))
    assert made.read().present == history.past[-1]


def test_states_whose_array_is_gone_are_left_out() -> None:
    history = worked()
    made = keep(history)
    next((made.folder / "arrays").iterdir()).write_bytes(b"nothing")
    work = made.read()
    assert work.present == history.present and work.future == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"ganviz": 99, "kind": "history"}',
        '{"ganviz": 1, "kind": "history"}',
        '{"ganviz": 1, "kind": "history", "states": [], "present": 0, "parts": {}}',
        '{"ganviz": 1, "kind": "history", "states": [{"recipe": -1}], "present": true, "parts": {}}',
        "[" * 100_000,
    ],
    ids=["empty", "a list", "cut off", "newer", "no states", "none", "numbers", "deep"],
)
def test_what_is_no_history_is_an_error_that_names_the_file(text: str) -> None:
    made = keep(worked())
    (made.folder / "history.json").write_text(text)
    with pytest.raises(GanvizError, match=r"history\.json"):
        made.read()


def test_what_cannot_be_read_is_set_aside_and_not_found_again() -> None:
    made = keep(worked())
    made.set_aside()
    assert abandoned() is None
    assert [path.name for path in (places.state() / "recovery-unread").iterdir()] == [made.folder.name]


def test_a_write_that_fails_leaves_what_was_there(monkeypatch) -> None:
    history = worked()
    made = keep(history)
    before = (made.folder / "history.json").read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    history.edit(Session(Recipe(REF, Seed(77))))
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(GanvizError, match="No space left"):
        made.write(Work.of(history, None))
    assert (made.folder / "history.json").read_bytes() == before
    assert sorted(path.name for path in made.folder.iterdir()) == ["arrays", "history.json", "lock"]
    monkeypatch.undo()
    made.write(Work.of(history, None))
    assert made.read().present == history.present


def test_a_state_that_no_file_can_hold_is_passed_over() -> None:
    history = worked()
    latent = Seed(0)
    for _ in range(200):
        latent = Lerp(latent, Seed(1), 0.5)
    history.edit(history.present.edit(recipe=Recipe(REF, latent)))
    history.edit(Session(Recipe(REF, Seed(4))))
    made = keep(history)
    work = made.read()
    assert work.present == history.present and work.past == history.past[:-1]
