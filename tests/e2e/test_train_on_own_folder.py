"""Someone has a folder of pictures: they train on it, look at a sheet of the run, and go on training."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.__main__ import main
from ganviz import catalog
from ganviz.checkpoint import read_header


def test_a_folder_of_pictures_becomes_a_model_that_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pets"
    for k in range(24):
        path = folder / ("cat", "dog")[k % 2] / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(k).integers(0, 256, (40, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).convert("P" if k == 5 else "RGB").save(path)
    (folder / "cat" / "broken.png").write_bytes(b"\x89PNG\r\n")
    run = tmp_path / "runs" / "pets"

    options = "--resolution 16 --base-channels 4 --z-dim 8 --batch 8 --threads 1 --conditional --licence CC0"
    train = ["train", "dcgan", "--out", str(run)]
    assert main([*train, "--data", str(folder), *options.split(), "--images", "32"]) == 0
    report = capsys.readouterr().err
    assert "broken.png: not a readable image" in report and "palette to RGB" in report

    card = read_header(catalog.find(run)).card
    assert card.class_names == ("cat", "dog") and card.images_seen == 32 and card.licence == "CC0"
    sheet = tmp_path / "dogs.png"
    drawn = ["sample", str(run), "--seeds", "0-3", "--columns", "2", "--label", "dog", "--out", str(sheet)]
    assert main(drawn) == 0
    with Image.open(sheet) as image:
        assert image.size == (32, 32)

    assert main([*train, "--resume", "--images", "48"]) == 0
    assert read_header(catalog.find(run)).card.images_seen == 48
