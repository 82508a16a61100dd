"""Films and picture sequences, drawn by a stand-in for the renderer and read back by decoding them."""

import itertools
import os
import re
import subprocess
import threading
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import imageio_ffmpeg
import numpy as np
import psutil
import pytest
from PIL import Image

from ganviz import ffmpeg, video
from ganviz.errors import GanvizError
from ganviz.expression import Seed, Vector
from ganviz.jobs import Offload, Progress, run
from ganviz.recipe import ModelRef, Recipe
from ganviz.session import read_png
from ganviz.video import Shape, export, read_video_metadata
from ganviz.walk import Walk, WalkRecipes

MODEL = ModelRef("toy", "ab" * 32)
FILMS = (".mp4", ".webm", ".gif")
# Largest mean difference, in levels, between a soft picture and its encoded self; GIF dithers.
CLOSE = {".mp4": 3.0, ".webm": 3.0, ".gif": 5.0}


@dataclass(frozen=True)
class Drawn:
    recipe: Recipe
    pixels: np.ndarray


class Painter:
    """Draws a colour ramp that brightens with psi; remembers how many recipes each call was given."""

    def __init__(self, side: int = 32, channels: int = 3) -> None:
        self.side, self.channels = side, channels
        self.calls: list[int] = []

    def render_all(self, recipes) -> list[Drawn]:
        self.calls.append(len(recipes))
        return [Drawn(recipe.edit(model=MODEL), self.paint(recipe)) for recipe in recipes]

    def render_nearly(self, recipes) -> list[Drawn]:
        return self.render_all(recipes)

    def paint(self, recipe: Recipe) -> np.ndarray:
        down, right = np.mgrid[0 : self.side, 0 : self.side] / max(1, self.side - 1)
        picture = np.stack([60 + 120 * right, 60 + 120 * down, 40 + 180 * recipe.psi * np.ones_like(down)], axis=-1)
        return picture[:, :, : self.channels].round().astype(np.uint8)


def walk(frames: int = 12, fps: float = 30.0) -> WalkRecipes:
    keyframes = [Recipe("somewhere/toy.safetensors", Seed(1), psi=0.0), Recipe("somewhere/toy.safetensors", Seed(2))]
    return WalkRecipes(keyframes, Walk(frames, fps), has_mapping=False)


def decoded(path: Path) -> tuple[dict[str, float], np.ndarray]:
    """What the file says of itself, and its frames, uint8 (frames, H, W, 3)."""
    command = [ffmpeg.program(), "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    result = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=True)
    said = result.stderr.decode()
    hours, minutes, seconds = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said).groups()
    width, height, fps = re.search(r"Video: .*?, (\d+)x(\d+).*? ([\d.]+) fps", said).groups()
    facts = {"fps": float(fps), "duration": 3600 * int(hours) + 60 * int(minutes) + float(seconds)}
    return facts, np.frombuffer(result.stdout, np.uint8).reshape(-1, int(height), int(width), 3)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def files_in(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize("suffix", FILMS)
@pytest.mark.parametrize(("frames", "fps"), [(12, 30.0), (50, 12.5), (2, 24.0)])
def test_a_film_has_the_frames_the_rate_and_the_size_asked_for(tmp_path, suffix, frames, fps):
    path = tmp_path / f"walk{suffix}"
    assert run(export(Painter(), walk(frames), path, fps)) == path
    facts, pictures = decoded(path)
    assert pictures.shape == (frames, 32, 32, 3)
    assert facts["duration"] == pytest.approx(frames / fps, abs=0.02)
    if suffix != ".gif":  # its delays are hundredths of a second, so only their sum is exact
        assert facts["fps"] == pytest.approx(fps, abs=0.01)
    assert files_in(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", FILMS)
def test_the_colours_of_a_film_are_those_of_its_pictures(tmp_path, suffix):
    path, painter, recipes = tmp_path / f"walk{suffix}", Painter(), walk()
    run(export(painter, recipes, path))
    _, pictures = decoded(path)
    for k in (0, 6, -1):
        assert difference(pictures[k], painter.paint(recipes[k])) < CLOSE[suffix]


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_film_names_the_colour_matrix_that_it_was_made_with(tmp_path, suffix):
    path = tmp_path / f"walk{suffix}"
    run(export(Painter(), walk(), path))
    said = subprocess.run([ffmpeg.program(), "-i", path], capture_output=True, text=True, check=False).stderr
    assert "yuv420p(tv, bt709, progressive)" in said


@pytest.mark.parametrize("suffix", FILMS)
def test_grey_pictures_become_grey_films(tmp_path, suffix):
    path, painter, recipes = tmp_path / f"walk{suffix}", Painter(channels=1), walk()
    run(export(painter, recipes, path))
    _, pictures = decoded(path)
    assert difference(pictures[0], painter.paint(recipes[0]).repeat(3, axis=2)) < CLOSE[suffix]


@pytest.mark.parametrize("side", [1, 3, 33])
def test_odd_sizes_become_even_where_players_need_it_by_repeating_the_edge(tmp_path, side):
    painter, recipes = Painter(side), walk()
    for suffix in (".mp4", ".webm"):
        run(export(painter, recipes, tmp_path / f"walk{suffix}"))
        _, pictures = decoded(tmp_path / f"walk{suffix}")
        assert pictures.shape[1:3] == (side + 1, side + 1)
    run(export(painter, recipes, tmp_path / "walk.gif"))
    assert decoded(tmp_path / "walk.gif")[1].shape[1:3] == (side, side)
    shaped = Shape(even=True).apply(painter.paint(recipes[0]))
    assert (shaped[:, -1] == shaped[:, -2]).all() and (shaped[-1] == shaped[-2]).all()
    assert (shaped[:side, :side] == painter.paint(recipes[0])).all()


@pytest.mark.parametrize("suffix", FILMS)
def test_a_size_can_be_asked_for(tmp_path, suffix):
    path = tmp_path / f"walk{suffix}"
    run(export(Painter(), walk(), path, size=80))
    assert decoded(path)[1].shape[1:3] == (80, 80)


def test_pictures_are_enlarged_smoothly_or_pixel_by_pixel():
    pixels = Painter(8).paint(Recipe(MODEL))
    assert (Shape(24, "nearest").apply(pixels) == pixels.repeat(3, axis=0).repeat(3, axis=1)).all()
    assert difference(Shape(24).apply(pixels), Shape(24, "nearest").apply(pixels)) > 0.5
    assert Shape(20).apply(pixels).shape == (20, 20, 3)
    assert set(np.unique(Shape(20, "nearest").apply(pixels))) <= set(np.unique(pixels))
    assert Shape(4).apply(pixels[:, :, :1]).shape == (4, 4, 1)
    assert Shape(8).apply(pixels) is pixels and Shape().apply(pixels) is pixels


def test_a_gif_repeats_for_ever_and_keeps_its_time(tmp_path):
    path = tmp_path / "walk.gif"
    run(export(Painter(), walk(30, fps=30.0), path))
    with Image.open(path) as film:
        assert film.n_frames == 30 and film.info["loop"] == 0
        delays = []
        for k in range(film.n_frames):
            film.seek(k)
            delays.append(film.info["duration"])
    assert sum(delays) == pytest.approx(1000, abs=15) and set(delays) <= {30, 40}


@pytest.mark.parametrize("name", ["frames", "frames/", "made/"])
def test_without_a_suffix_the_frames_become_numbered_pictures_with_their_recipes(tmp_path, name):
    (tmp_path / "made").mkdir()
    painter, recipes = Painter(33, channels=1), walk(40)
    folder = run(export(painter, recipes, f"{tmp_path}/{name}", licence="CC0"))
    assert files_in(folder) == [f"{k:05d}.png" for k in range(40)]
    for k in (0, 17, 39):
        with Image.open(folder / f"{k:05d}.png") as picture:
            assert (np.asarray(picture) == painter.paint(recipes[k])[:, :, 0]).all()
        assert read_png(folder / f"{k:05d}.png") == recipes[k].edit(model=MODEL)


@pytest.mark.parametrize(
    ("side", "calls"), [(64, [1, 16, 16, 16, 10, 1]), (128, [1, *[4] * 14, 2, 1]), (512, [1] * 60)]
)
def test_the_end_frames_are_drawn_alone_and_the_rest_in_steps_of_so_many_pixels(tmp_path, monkeypatch, side, calls):
    monkeypatch.setattr(video, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    painter = Painter(side)
    run(export(painter, walk(60), tmp_path / "walk.mp4", size=16))
    assert painter.calls == calls


def test_where_it_was_measured_a_step_has_that_many(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    painter = Painter(128)
    run(export(painter, walk(60), tmp_path / "walk.mp4", size=16, batch=32))
    assert painter.calls == [1, 32, 26, 1]


def test_slow_drawing_is_done_in_ever_smaller_steps(tmp_path, monkeypatch):
    seconds = itertools.count()  # every step seems to take one
    monkeypatch.setattr(video, "time", SimpleNamespace(perf_counter=lambda: next(seconds)))
    painter = Painter(64)
    run(export(painter, walk(40), tmp_path / "walk.mp4"))
    assert painter.calls == [1, 16, 8, 4, 2, *[1] * 9]


@pytest.mark.parametrize(("name", "nearly"), [("walk.mp4", [16, 16, 6]), ("walk", [])])
def test_pictures_of_a_folder_carry_their_recipes_and_are_never_drawn_nearly(tmp_path, name, nearly):
    class Watched(Painter):
        def render_nearly(self, recipes):
            found.append(len(recipes))
            return super().render_nearly(recipes)

    found: list[int] = []
    run(export(Watched(), walk(40), tmp_path / name))
    assert found == nearly, "all but the first and the last frame, or none"


@pytest.mark.parametrize("name", ["walk.mp4", "walk"])
def test_the_next_pictures_are_drawn_while_those_before_are_written(tmp_path, monkeypatch, name):
    drawn = threading.Event()

    class Waited(Painter):
        def render_all(self, recipes):
            if len(self.calls) == 3:
                drawn.set()
            return super().render_all(recipes)

    def wait_for_the_fourth_step(whole):
        return lambda *arguments: drawn.wait(30) and whole(*arguments)

    monkeypatch.setattr(video, "_encode", wait_for_the_fourth_step(video._encode))
    monkeypatch.setattr(video, "_write_pictures", wait_for_the_fourth_step(video._write_pictures))
    run(export(Waited(), walk(80), tmp_path / name))
    assert drawn.is_set() and (tmp_path / name).exists()


@pytest.mark.parametrize("frames", [1, 2])
def test_very_short_lists_of_recipes_are_films_too(tmp_path, frames):
    run(export(Painter(), [Recipe(MODEL, Seed(k)) for k in range(frames)], tmp_path / "short.mp4", 10))
    assert len(decoded(tmp_path / "short.mp4")[1]) == frames


@pytest.mark.parametrize("suffix", FILMS)
def test_a_film_carries_its_keyframes_and_its_walk_but_no_path(tmp_path, suffix):
    path, recipes = tmp_path / f"walk{suffix}", walk(24, fps=30)
    run(export(Painter(), recipes, path, fps=15, licence="CC BY; so = it \\ says #1"))
    data = read_video_metadata(path)
    assert (data["ganviz"], data["kind"], data["licence"]) == (1, "walk", "CC BY; so = it \\ says #1")
    assert data["model"] == MODEL.to_json()
    assert [Recipe.from_json(item) for item in data["keyframes"]] == [
        key.edit(model=MODEL) for key in recipes.keyframes
    ]
    assert Walk.from_json(data["walk"]) == Walk(24, 15.0)
    assert b"somewhere" not in path.read_bytes()


@pytest.mark.parametrize("suffix", FILMS)
def test_metadata_longer_than_any_command_line_is_carried_whole(tmp_path, suffix):
    keyframes = [Recipe(MODEL, Seed(k), label=(1.0, *[0.0] * 199)) for k in range(300)]
    run(export(Painter(8), keyframes, tmp_path / f"long{suffix}", 30))
    data = read_video_metadata(tmp_path / f"long{suffix}")
    assert [Recipe.from_json(item) for item in data["keyframes"]] == keyframes
    assert len(decoded(tmp_path / f"long{suffix}")[1]) == 300


def test_arrays_are_named_in_a_film_and_not_carried(tmp_path):
    point = Vector.of(np.arange(100, dtype=np.float32), "z")
    run(export(Painter(), [Recipe(MODEL, point), Recipe(MODEL)], tmp_path / "walk.mp4", 30))
    latent = read_video_metadata(tmp_path / "walk.mp4")["keyframes"][0]["latent"]
    assert latent == {"vector": point.digest, "space": "z"}


@pytest.mark.parametrize("suffix", FILMS)
def test_metadata_can_be_left_out(tmp_path, suffix):
    path = tmp_path / f"walk{suffix}"
    run(export(Painter(), walk(), path, metadata=False, licence="CC0"))
    with pytest.raises(GanvizError, match=f"walk{suffix}: this film carries no recipes"):
        read_video_metadata(path)
    assert b"ganviz" not in path.read_bytes() and b"CC0" not in path.read_bytes()
    folder = run(export(Painter(), walk(), tmp_path / "frames", metadata=False))
    with pytest.raises(GanvizError, match="carries no recipe"):
        read_png(folder / "00000.png")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.mp4", None, "no such file"),
        ("empty.mp4", b"", "expected a film"),
        ("junk.webm", b"\x00\xffnonsense" * 100, "expected a film"),
        ("junk.gif", b"GIF89a", "expected a film"),
        ("walk.avi", b"RIFF", "expected a film that ganviz wrote"),
    ],
)
def test_what_is_no_film_is_said_to_be_none(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(GanvizError, match=f"{name}: .*{message}|{name}: {message}"):
        read_video_metadata(tmp_path / name)


@pytest.mark.parametrize("suffix", [*FILMS, ""])
def test_a_cancelled_export_leaves_nothing_and_no_process(tmp_path, suffix):
    before = set(psutil.Process().children(recursive=True))
    job = export(Painter(), walk(500), tmp_path / f"walk{suffix}")
    done = 0
    answer = None
    while done < 100:
        step = job.send(answer)
        answer = step() if isinstance(step, Offload) else None
        done = step.done if isinstance(step, Progress) else done
    assert files_in(tmp_path)  # the temporary file or folder
    job.close()
    assert files_in(tmp_path) == []
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize("suffix", [*FILMS, ""])
def test_cancelling_keeps_what_stood_under_the_name_before(tmp_path, suffix):
    path = tmp_path / f"walk{suffix}"
    path.mkdir() if not suffix else path.write_bytes(b"precious")
    job = export(Painter(), walk(500), path)
    next(job)
    next(job)
    job.close()
    assert files_in(tmp_path) == [path.name]
    assert not suffix or path.read_bytes() == b"precious"


@pytest.mark.parametrize("suffix", [*FILMS, ""])
def test_an_error_while_drawing_leaves_nothing(tmp_path, suffix):
    class Broken(Painter):
        def render_all(self, recipes):
            if len(self.calls) == 3:
                raise GanvizError("the model is gone")
            return super().render_all(recipes)

    with pytest.raises(GanvizError, match="the model is gone"):
        run(export(Broken(), walk(200), tmp_path / f"walk{suffix}"))
    assert files_in(tmp_path) == []


def test_progress_counts_up_to_every_frame_and_names_what_is_done(tmp_path):
    seen: list[Progress] = []
    run(export(Painter(64), walk(100), tmp_path / "walk.mp4"), seen.append)
    assert seen[0] == Progress(0, 100, "drawing frames") and seen[-1] == Progress(100, 100, "closing the file")
    counts = [step.done for step in seen]
    assert counts == sorted(counts) and max(np.diff(counts)) <= 16


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("missing/walk.mp4", {}, "missing/walk.mp4: cannot write, the folder .* does not exist"),
        ("missing/frames/", {}, "cannot write, the folder .* does not exist"),
        ("full/", {}, "already holds files"),
        ("walk.avi", {}, r"walk.avi: cannot write .avi films; expected .mp4, .webm, .gif, or a folder"),
        ("walk.gif", {"fps": 60}, "walk.gif: .gif plays at most 50 frames a second, got 60"),
        ("walk.mp4", {"fps": 0}, "fps: expected 0.01 to 1000"),
        ("walk.mp4", {"size": 0}, "walk.mp4: expected a size of 1 to 8192 pixels, got 0"),
        ("walk.mp4", {"size": 64.0}, "expected a size"),
        ("walk.mp4", {"quality": "best"}, "quality: expected one of low, medium, high; got 'best'"),
        ("walk.mp4", {"resample": "cubic"}, "resample: expected one of lanczos, nearest"),
        ("walk.mp4", {"recipes": []}, "expected at least one frame"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_drawn(tmp_path, name, changes, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "holiday.jpg").write_bytes(b"precious")
    painter = Painter()
    given = {"recipes": walk(), "path": f"{tmp_path}/{name}", **changes}
    with pytest.raises(GanvizError, match=message):
        run(export(painter, **given))
    assert painter.calls == [] and files_in(tmp_path) == ["full"]


DEATHS = ["exit 3", "head -c 3500 >/dev/null; exit 3", "cat >/dev/null; exit 3"] if os.name != "nt" else []


@pytest.mark.parametrize(
    "when", DEATHS or [pytest.param("", marks=pytest.mark.xfail(reason="needs a shell", run=False))]
)
def test_an_encoder_that_dies_is_an_error_with_its_last_words(tmp_path, monkeypatch, when):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho 'warming up' >&2\necho 'no space left on device' >&2\n{when}\n")
    program.chmod(0o755)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(program))
    with pytest.raises(GanvizError, match=r"walk\.mp4: the film was not written, .*: no space left on device"):
        run(export(Painter(64), walk(100), tmp_path / "walk.mp4"))
    assert files_in(tmp_path) == ["ffmpeg"]


@pytest.mark.parametrize("failure", [RuntimeError("No ffmpeg exe could be found."), None])
def test_a_missing_ffmpeg_says_what_to_install(tmp_path, monkeypatch, failure):
    def missing() -> str:
        if failure is not None:
            raise failure
        return str(tmp_path / "no-ffmpeg-here")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", missing)
    with pytest.raises(GanvizError, match="films need ffmpeg" if failure else "walk.mp4: ffmpeg cannot be started"):
        run(export(Painter(), walk(), tmp_path / "walk.mp4"))
    assert files_in(tmp_path) == []
    assert len(files_in(run(export(Painter(), walk(), tmp_path / "frames")))) == 12


def test_names_that_look_like_something_else_are_only_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["-y.mp4", "50%d.gif", "with space, ümlaut.mp4", *(["http:x.webm"] if os.name != "nt" else [])]
    for name in names:
        run(export(Painter(), walk(), name))
        assert read_video_metadata(name)["kind"] == "walk"
    assert files_in(tmp_path) == sorted(names)


@pytest.mark.parametrize(("suffix", "length"), [(".mp4", 900), (".gif", 200)])
def test_memory_does_not_grow_with_the_length(tmp_path, suffix, length):
    def peaks(frames: int) -> tuple[int, int]:
        """Most bytes held at once: by this process's own objects, and by the encoder beside it."""
        beside = [0]

        def look(_: Progress) -> None:
            for child in psutil.Process().children():
                beside.append(child.memory_info().rss)

        tracemalloc.start()
        run(export(Painter(64), walk(frames), tmp_path / f"walk{suffix}"), look)
        own = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return own, max(beside)

    peaks(30)  # what is loaded once
    short, long = peaks(100), peaks(length)
    assert long[0] - short[0] < 2 << 20
    assert long[1] - short[1] < 30 << 20


def test_the_end_frames_of_a_real_walk_are_the_pictures_of_its_end_recipes(tmp_path, tiny_checkpoint):
    from ganviz.render import Renderer

    renderer = Renderer("cpu")
    keyframes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in (1, 5, 9)]
    recipes = WalkRecipes(keyframes, Walk(40), has_mapping=False)
    folder = run(export(renderer, recipes, tmp_path / "frames"))
    for name, keyframe in (("00000.png", keyframes[0]), ("00039.png", keyframes[-1])):
        with Image.open(folder / name) as picture:
            assert (np.asarray(picture) == renderer.render(keyframe).pixels).all()
    for suffix in FILMS:
        run(export(renderer, recipes, tmp_path / f"walk{suffix}", size=64))
        pictures = decoded(tmp_path / f"walk{suffix}")[1]
        assert pictures.shape == (40, 64, 64, 3)
        assert (
            difference(pictures[-1], Shape(64).apply(renderer.render(keyframes[-1]).pixels)) < 12
        )  # noise, the worst case
        assert read_video_metadata(tmp_path / f"walk{suffix}")["model"]["name"] == "tiny"
