import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganviz import checkpoint
from ganviz.datasets import Dataset
from ganviz.models import infogan, progan, stylegan2
from ganviz.models.base import StagedGenerator
from ganviz.spec import Card
from trainers import measure


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that take a moment."""
    monkeypatch.setattr(measure, "LOOKED_AT", 12)
    monkeypatch.setattr(measure, "SWEEPS", 4)
    monkeypatch.setattr(measure.code_checks, "STEPS", 3)
    monkeypatch.setattr(measure, "swap_figures", partial(measure.swap_figures, pairs=4))
    monkeypatch.setattr(measure, "psi_figures", partial(measure.psi_figures, count=4))
    torch.manual_seed(0)


def saved(folder: Path, generator: StagedGenerator, name: str = "tiny") -> Path:
    path = folder / f"{name}.safetensors"
    checkpoint.save(path, generator.eval(), Card(name="tiny", psi=0.7))
    return path


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def pictures(channels: int, count: int = 40, labels: bool = False) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, channels), dtype=np.uint8)
    numbers = np.arange(count) % 3 if labels else None
    names = ("a", "b", "c") if labels else ()
    return Dataset(images, numbers, names, (), f"digest{channels}" * 6, "noise", tuple(map(str, range(count))))


def test_a_style_model_gets_distances_neighbours_swaps_and_truncation(tmp_path: Path) -> None:
    config = stylegan2.StyleGAN2Config(
        resolution=16, z_dim=4, w_dim=4, mapping_layers=1, base_channels=4, max_channels=4, mapping_lr=1.0
    )
    path = saved(tmp_path, stylegan2.Generator(config))
    figures = json.loads(json.dumps(measure.measure(path, pictures(3), tmp_path, samples=12)))
    assert figures["swd"]["whole"]["mean ratio"] > 0 and "thousand" not in figures["swd"]
    assert set(figures["swap"]) == {"coarse", "middle", "fine", "all"} and figures["psi"]["spread"]["0"] == 0
    text = measure.tables(figures)
    assert "| ratio |" in text and "| coarse |" in text and "| psi | 0 |" in text
    assert figures["neighbours"]["samples"] == 12 and figures["diversity"]["real"] > 0
    assert "codes" not in figures and "growth" not in figures
    names = {file.stem for file in tmp_path.glob("*.png")}
    assert names == {"sheet", "neighbours", "swap", "psi"}
    rows, columns = measure.SHOWN, 2 * (1 + measure.NEIGHBOURS)
    assert size_of(tmp_path / "neighbours.png") == (columns * 16 + 2 * 4 + 16, rows * 16)


def test_codes_are_judged_by_a_classifier_of_the_labels(tmp_path: Path) -> None:
    config = infogan.InfoGANConfig(
        resolution=16, z_dim=4, categorical=(3,), continuous=1, base_channels=4, fc_channels=8
    )
    path = saved(tmp_path, infogan.Generator(config))
    whole = measure.measure(path, pictures(1, labels=True), tmp_path, samples=12)
    figures = whole["codes"]
    assert "| category | 0 | 1 | 2 |" in measure.tables(whole) and "| continuous-1 |" in measure.tables(whole)
    assert 1 / 3 <= figures["agreement"]["share"] <= 1 and sorted(figures["agreement"]["class"]) == [0, 1, 2]
    assert set(figures["continuous-1"]["spearman"]) == {"slant", "ink", "width", "thickness"}
    assert size_of(tmp_path / "sweep-continuous-1.png") == (3 * 16, 3 * 16)


def test_a_growing_run_has_a_sheet_for_each_resolution_and_does_not_jump(tmp_path: Path) -> None:
    snapshots = tmp_path / "run" / "snapshots"
    snapshots.mkdir(parents=True)
    for k, resolution in enumerate((4, 8, 8, 16)):
        config = progan.ProGANConfig(
            resolution=resolution, final_resolution=16, z_dim=4, base_channels=2, max_channels=4
        )
        path = saved(snapshots, progan.Generator(config), f"{k:08}")
    line = {"images": 1, "loss_d": 1.0, "loss_g": 1.0}
    (tmp_path / "run" / "log.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps({**line, 'images': 2})}\n")
    figures = measure.measure(path, pictures(3), tmp_path, samples=12)
    assert set(figures["growth"]["images seen"]) == {"4", "8", "16"}
    assert set(figures["growth"]["largest jump"]) == {"4 to 8", "8 to 16"}
    assert max(figures["growth"]["largest jump"].values()) < 1e-5 and "4 to 8 px" in measure.tables(figures)
    names = {file.stem for file in tmp_path.glob("*.png")}
    assert names >= {"resolution-4", "resolution-8", "resolution-16", "curves"}


def test_a_training_image_among_the_samples_is_found_though_mirrored(tmp_path: Path) -> None:
    data = pictures(3)
    drawn = np.random.default_rng(1).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    drawn[13] = data.images[5][:, ::-1]
    figures = measure.nearest_images(drawn, data, tmp_path)
    assert figures["closest seeds"][0] == 13 and figures["drawn"]["smallest"] == 0
    assert figures["below the 1st percentile of real"] >= 1 / 20


def test_the_command_writes_the_figures_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = stylegan2.StyleGAN2Config(resolution=16, z_dim=4, w_dim=4, mapping_layers=1, base_channels=4)
    path = saved(tmp_path, stylegan2.Generator(config))
    np.savez(tmp_path / "data.npz", images=pictures(3).images)
    monkeypatch.setattr(measure, "measure", lambda path, data, folder, samples, say: {"images": len(data)})
    monkeypatch.setattr(measure, "tables", lambda figures: f"{figures['images']} images")
    out = tmp_path / "figures"
    words = [str(path), "--data", str(tmp_path / "data.npz"), "--out", str(out)]
    assert measure.cli.main(words, measure.command) == 0
    assert json.loads((out / "figures.json").read_text()) == {"images": 40}
    assert (out / "figures.md").read_text() == "40 images"
    assert capsys.readouterr().out.strip() == str(out / "figures.json")
    assert measure.cli.main([*words[:-1], str(tmp_path / "no" / "where")], measure.command) == 1
    assert "where: cannot be made" in capsys.readouterr().err
