import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import ffmpeg
from trainers.__main__ import main
from trainers.film import make_film, rate

ROOT = Path(__file__).resolve().parents[3]
COLOURS = ((250, 20, 20), (20, 250, 20), (20, 20, 250))


def previews(folder: Path, sizes: list[tuple[int, int]], mode: str = "RGB") -> Path:
    (folder / "previews").mkdir(parents=True)
    for k, size in enumerate(sizes):
        image = Image.new("RGB", size, COLOURS[k % 3]).convert(mode)
        image.save(folder / "previews" / f"{(k + 1) * 100:08d}.png")
    return folder


def frames(film: Path) -> np.ndarray:
    """All frames of a film, uint8 (N, H, W, 3)."""
    command = [ffmpeg.program(), "-i", film, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    result = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=True)
    found = re.search(r"Video: .*?, (\d+)x(\d+)", result.stderr.decode())
    assert found
    return np.frombuffer(result.stdout, np.uint8).reshape(-1, int(found[2]), int(found[1]), 3)


def test_each_sheet_is_a_frame_in_order_and_the_last_one_stands(tmp_path: Path) -> None:
    run = previews(tmp_path, [(128, 128)] * 3)
    (run / "previews" / "notes.png").touch()
    shown = frames(make_film(run))
    assert shown.shape == (3 + 12, 1024, 1024, 3)
    for k in range(3):
        assert np.abs(shown[k].mean(axis=(0, 1)) - COLOURS[k]).max() < 12
    assert np.abs(shown[-1].mean(axis=(0, 1)) - COLOURS[2]).max() < 12
    assert [path.name for path in run.iterdir() if path.is_file()] == ["training.mp4"]


def test_sheets_of_a_growing_net_come_at_the_size_of_the_largest(tmp_path: Path) -> None:
    assert frames(make_film(previews(tmp_path, [(32, 32), (64, 64), (512, 512)]))).shape[1:] == (1024, 1024, 3)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_odd_sheets_get_even_sides(mode: str, tmp_path: Path) -> None:
    assert frames(make_film(previews(tmp_path, [(1025, 513)], mode))).shape[1:] == (514, 1026, 3)


def test_long_films_are_faster() -> None:
    assert [rate(count) for count in (1, 60, 300, 10_000)] == [6, 6, 15, 30]


def test_a_run_makes_its_film_at_the_end_and_a_finished_one_on_request(
    data: Path, small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["dcgan", "--data", str(data), "--out", str(run), *small, "--images", "16", "--film"]) == 0
    film = run / "training.mp4"
    assert str(film) in capsys.readouterr().err and len(frames(film)) == 13
    film.write_bytes(b"older")
    data.unlink()  # a film needs no data, and no torch
    code = "import sys; from trainers.__main__ import main; assert main(sys.argv[1:]) == 0; assert 'torch' not in "
    code += "sys.modules"
    command = [sys.executable, "-c", code, "dcgan", "--out", str(run), "--film"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert len(frames(film)) == 13


def test_a_resumed_run_that_has_used_its_budget_still_makes_its_film(
    data: Path, small: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert main(["dcgan", "--data", str(data), "--out", str(run), *small, "--images", "16"]) == 0
    assert main(["dcgan", "--out", str(run), "--resume", "--film"]) == 0
    assert (run / "training.mp4").is_file()


@pytest.mark.parametrize("damage", ["no previews", "no PNG"])
def test_what_is_no_film_is_one_line_and_leaves_none(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if damage == "no PNG":
        previews(tmp_path, [(16, 16)])
        (tmp_path / "previews" / "00000200.png").write_bytes(b"not an image")
    assert main(["dcgan", "--out", str(tmp_path), "--film"]) == 1
    said = capsys.readouterr().err
    assert ("00000200.png: not a readable PNG" if damage == "no PNG" else "previews/*.png") in said
    assert len(said.splitlines()) == 1 and not list(tmp_path.glob("*.mp4"))
