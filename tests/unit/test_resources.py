"""What ships with the program: known data sets, bundled models, and the papers that go with them."""

from pathlib import Path

import pytest

from ganviz import places, sources
from ganviz.checkpoint import read_header
from ganviz.datasets import open_dataset
from ganviz.errors import GanvizError
from ganviz.sources import open_source

DATA = places.resources() / "data"
MODELS = places.resources() / "models"
MEGABYTE = 1_000_000


def test_digits_are_whole_and_labelled() -> None:
    data = open_dataset("digits", 32)
    assert data.images.shape == (10_000, 32, 32, 1) and data.name == "digits"
    assert data.class_names == sources.DIGIT_CLASSES and data.labels is not None
    assert all(800 < (data.labels == digit).sum() < 1200 for digit in range(10))


def test_faces_are_there_at_64_pixels_in_colour() -> None:
    with open_source("faces") as source:
        assert len(source.files) == 5600 and source.name == "faces" and source.labels is None
        assert (source.files[0], source.files[-1]) == ("00000.avif", "05599.avif")
        image = source.read(5599)
        assert not hasattr(image, "shape") and image.size == (64, 64) and image.mode == "RGB"


def test_fashion_mnist_comes_from_its_package_or_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "FASHION_FOLDER", tmp_path / "nothing")
    with pytest.raises(GanvizError, match=r"fashion-mnist: not found .* Debian package dataset-fashion-mnist"):
        with open_source("fashion-mnist"):
            pass


def test_the_data_are_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 12 * MEGABYTE


def test_each_bundled_model_is_small_and_has_a_card_a_sheet_and_a_licence() -> None:
    paths = sorted(MODELS.glob("*.safetensors"))
    assert paths
    for path in paths:
        card = read_header(path).card
        assert path.stat().st_size <= 4 * MEGABYTE and card.licence and card.command
        text = path.with_suffix(".md").read_text(encoding="utf-8")
        assert "ganviz train" in text
        for picture in (f"{path.stem}.png", f"{path.stem}-curves.png"):
            assert f"({picture})" in text and (MODELS / picture).is_file()


def test_every_file_has_a_row_about_its_licence() -> None:
    rows = (places.resources() / "LICENSES.md").read_text(encoding="utf-8")
    for path in [*DATA.iterdir(), *MODELS.iterdir()]:
        if path.suffix != ".md":
            stem = path.stem.removesuffix("-curves")
            assert f"`{path.parent.name}/{path.name}`" in rows or f"`models/{stem}.safetensors`" in rows, path.name
