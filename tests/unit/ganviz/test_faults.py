"""Full and read-only disks, files that vanish, jobs that are cancelled wherever they can be, names of every kind."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganviz import checkpoint, datasets, jobs, neighbours, sheets, video
from ganviz.arithmetic import Arithmetic
from ganviz.direction_files import save_directions
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.files import sweep
from ganviz.history import History
from ganviz.journal import Journal, Work
from ganviz.recipe import Recipe, Sheet
from ganviz.render import Renderer
from ganviz.session import Session, load_session, read_png, save_session, write_png
from ganviz.spec import Card
from ganviz.walk import Walk, WalkRecipes

NOISE = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
RECIPE = Recipe("faces", Seed(3))
ODD = "größer 模型 🎨 'and' \"more\" %20"


class Disk:
    """A small disk of its own where the system lets us mount one, else a folder with a simulated fault."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = monkeypatch
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)]
        self.real = hasattr(os, "geteuid") and os.geteuid() == 0 and bool(shutil.which("mount"))
        self.real = self.real and subprocess.run(mount, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        if self.real:
            with pytest.raises(OSError), (self.folder / "ballast").open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        else:
            self._fail(errno.ENOSPC)

    def lock(self) -> None:
        if self.real:
            subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)
        else:
            self._fail(errno.EROFS)

    def _fail(self, number: int) -> None:
        def fsync(file: int) -> None:
            raise OSError(number, os.strerror(number))

        self._patch.setattr("os.fsync", fsync)

    def close(self) -> None:
        if self.real:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk", monkeypatch)
    yield made
    made.close()


def write_film(folder: Path, generator: Any) -> None:
    recipes = WalkRecipes([RECIPE, Recipe("faces", Seed(4))], Walk(4), has_mapping=False)
    jobs.run(video.export(Paints(), recipes, folder / "a.gif"))


def write_folder(folder: Path, generator: Any) -> None:
    recipes = WalkRecipes([RECIPE, Recipe("faces", Seed(4))], Walk(4), has_mapping=False)
    jobs.run(video.export(Paints(), recipes, f"{folder / 'frames'}/"))


class Paints:
    """Draws noise, which takes room."""

    def render_all(self, recipes: Any) -> list[Any]:
        from types import SimpleNamespace

        return [SimpleNamespace(recipe=recipe, pixels=NOISE, ms=0.0, exact=True) for recipe in recipes]

    render_nearly = render_all


WRITERS: dict[str, Callable[[Path, Any], object]] = {
    "session": lambda folder, g: save_session(folder / "a.ganviz", Session(RECIPE, arithmetic=Arithmetic())),
    "picture": lambda folder, g: write_png(folder / "a.png", NOISE, RECIPE),
    "checkpoint": lambda folder, g: checkpoint.save(folder / "a.safetensors", g, Card(name="a")),
    "directions": lambda folder, g: save_directions(folder / "a.npz", (), g.spec),
    "film": write_film,
    "folder of pictures": write_folder,
}


@pytest.mark.parametrize("fault", ["full", "read-only"])
@pytest.mark.parametrize("what", WRITERS)
def test_what_cannot_be_written_is_one_line_and_leaves_what_was_there(
    what: str, fault: str, disk: Disk, tiny_checkpoint: Path
) -> None:
    generator = checkpoint.load(tiny_checkpoint)
    old = {"a.ganviz": b"", "a.png": b"older", "a.safetensors": b"older", "a.npz": b"older", "a.gif": b"older"}
    for name, content in old.items():
        (disk.folder / name).write_bytes(content)
    disk.fill() if fault == "full" else disk.lock()
    with pytest.raises(GanvizError) as caught:
        WRITERS[what](disk.folder, generator)
    assert "\n" not in str(caught.value) and str(disk.folder) in str(caught.value)
    assert {path.name for path in disk.folder.iterdir()} - {"ballast"} == set(old)
    assert all((disk.folder / name).read_bytes() == content for name, content in old.items())


def test_a_journal_on_a_full_disk_keeps_its_last_state_and_goes_on_when_there_is_room(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANVIZ_HOME", str(disk.folder))
    history = History(Session(RECIPE))
    journal = Journal.begin()
    journal.write(Work.of(history, None))
    with monkeypatch.context() as patch:
        disk._patch = patch
        disk.fill()
        for seed in range(40):
            history.edit(Session(Recipe("faces", Seed(seed))))
        with pytest.raises(GanvizError, match="No space"):
            journal.write(Work.of(history, None))
        assert journal.read().present == Session(RECIPE)
    (disk.folder / "ballast").unlink(missing_ok=True)
    journal.write(Work.of(history, None))
    assert journal.read().present == history.present
    journal.remove()


def test_a_data_set_is_prepared_once_the_full_disk_has_room(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for k in range(4):
        Image.fromarray(NOISE).save(data / f"{k}.png")
    with monkeypatch.context() as patch:
        disk._patch = patch
        disk.fill()
        with pytest.raises(GanvizError):
            datasets.open_dataset(data, 64, cache=disk.folder)
    (disk.folder / "ballast").unlink(missing_ok=True)
    assert len(datasets.open_dataset(data, 64, cache=disk.folder)) == 4
    assert not list(disk.folder.rglob(".*"))


# --- jobs ----------------------------------------------------------------------------------------------------------


def small_sheet(renderer: Renderer, model: str, folder: Path) -> Any:
    return sheets.draw(renderer, Sheet(tuple(Recipe(model, Seed(k)) for k in range(6)), 3, labels=True))


def small_film(renderer: Renderer, model: str, folder: Path) -> Any:
    recipes = WalkRecipes([Recipe(model, Seed(1)), Recipe(model, Seed(2))], Walk(6), has_mapping=False)
    return video.export(renderer, recipes, folder / "walk.mp4", batch=2)


def small_folder(renderer: Renderer, model: str, folder: Path) -> Any:
    recipes = WalkRecipes([Recipe(model, Seed(1)), Recipe(model, Seed(2))], Walk(6), has_mapping=False)
    return video.export(renderer, recipes, f"{folder / 'walk'}/", batch=2)


def small_index(renderer: Renderer, model: str, folder: Path) -> Any:
    data = folder.parent / "data.npz"
    if not data.exists():
        np.savez(data, images=np.random.default_rng(1).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8))
    return neighbours.open_index(str(data), 16, 3)


JOBS = {"sheet": small_sheet, "film": small_film, "folder of pictures": small_folder, "index": small_index}


def cancelled_at(job: Any, step: int) -> bool:
    """Take a job to its `step`-th yield and close it there; False where it ended before that."""
    answer: Any = None
    try:
        for _ in range(step):
            said = job.send(answer)
            answer = said() if isinstance(said, jobs.Offload) else None
    except StopIteration:
        return False
    job.close()
    return True


@pytest.mark.parametrize("what", JOBS)
def test_a_job_cancelled_at_any_yield_leaves_nothing_and_can_be_done_again(
    what: str, tmp_path: Path, home: Path, tiny_checkpoint: Path
) -> None:
    renderer, folder = Renderer("cpu"), tmp_path / "out"
    folder.mkdir()
    step = 1
    while cancelled_at(JOBS[what](renderer, str(tiny_checkpoint), folder), step):
        assert not list(folder.iterdir()), f"cancelled at yield {step}"
        assert not list(home.rglob("*.part*")), f"cancelled at yield {step}"
        step += 1
        shutil.rmtree(home / "cache", ignore_errors=True)
    assert step > 2
    shutil.rmtree(folder)
    folder.mkdir()
    assert jobs.run(JOBS[what](renderer, str(tiny_checkpoint), folder)) is not None


# --- names and places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["odd", "deep"])
def test_files_of_any_name_and_depth_are_written_and_read_back(
    where: str, tmp_path: Path, tiny_checkpoint: Path
) -> None:
    folder = tmp_path / ODD if where == "odd" else tmp_path.joinpath(*["d" * 200] * 8)
    folder.mkdir(parents=True)
    session, picture, model = (folder / f"{ODD}{suffix}" for suffix in (".ganviz", ".png", ".safetensors"))
    save_session(session, Session(RECIPE))
    write_png(picture, NOISE, RECIPE)
    checkpoint.save(model, checkpoint.load(tiny_checkpoint), Card(name="a"))
    assert load_session(session) == Session(RECIPE) and read_png(picture) == RECIPE
    frame = Renderer("cpu").render(Recipe(str(model), Seed(1)))
    assert frame.pixels.shape == (16, 16, 3)
    film = folder / f"{ODD}.mp4"
    recipes = WalkRecipes([RECIPE, Recipe("faces", Seed(4))], Walk(3), has_mapping=False)
    jobs.run(video.export(Paints(), recipes, film))
    assert len(video.read_video_metadata(film)["keyframes"]) == 2
    data = folder / "data" / "é"
    data.mkdir(parents=True)
    Image.fromarray(NOISE).save(data / f"{ODD}.png")
    assert len(datasets.open_dataset(folder / "data", 16)) == 1


def test_a_path_longer_than_any_may_be_is_one_line(tmp_path: Path) -> None:
    path = tmp_path.joinpath(*["d" * 200] * 30)
    for attempt in (
        lambda: save_session(path / "a.ganviz", Session(RECIPE)),
        lambda: load_session(path / "a.ganviz"),
        lambda: read_png(path / "a.png"),
        lambda: checkpoint.read_header(path / "a.safetensors"),
        lambda: datasets.open_dataset(path, 16),
    ):
        with pytest.raises(GanvizError) as caught:
            attempt()
        assert "\n" not in str(caught.value)


def test_images_that_vanish_while_they_are_read_are_passed_over_and_reported(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for k in range(3):
        Image.fromarray(NOISE).save(data / f"{k}.png")
    with datasets.open_source(data) as source:
        (data / "1.png").unlink()
        folder = tmp_path / "cache"
        folder.mkdir()
        datasets._prepare(source, 16, 3, folder, "key", None)
        found = datasets._read_cache(folder, "key", source)
    assert found is not None and found.files == ("0.png", "2.png")
    assert any("1.png" in line and "skipped" in line for line in found.report)


def test_folders_that_cannot_be_read_are_passed_over_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "closed").mkdir(parents=True)
    Image.fromarray(NOISE).save(data / "0.png")
    scan = os.scandir

    def refuse(path: Any = ".") -> Any:  # root reads every folder
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = datasets.open_dataset(data, 16)
    assert len(found) == 1 and any("closed" in line and "cannot be read" in line for line in found.report)


def test_a_model_that_vanishes_is_one_line_and_pictures_of_it_still_come(tmp_path: Path, tiny_checkpoint: Path) -> None:
    path = Path(shutil.copy(tiny_checkpoint, tmp_path / "gone.safetensors"))
    renderer = Renderer("cpu")
    before = renderer.render(Recipe(str(path), Seed(1)))
    path.unlink()
    assert np.array_equal(renderer.render(before.recipe).pixels, before.pixels)
    with pytest.raises(GanvizError, match=r"gone\.safetensors"):
        checkpoint.read_header(path)


def test_what_a_killed_program_left_half_written_is_swept_away_once_it_is_old(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".0123456789ab.part.png", ".ba9876543210.part", ".profile"))
    for path in (old, young, other):
        path.write_bytes(b"x")
    os.utime(old, (1e9, 1e9))
    os.utime(other, (1e9, 1e9))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((young.name, other.name))
    sweep(tmp_path / "missing")
