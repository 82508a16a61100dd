from pathlib import Path

import pytest
import torch

from ganviz import checkpoint
from ganviz.errors import GanvizError
from ganviz.models.infogan import InfoGANConfig
from trainers.__main__ import main
from trainers.codes import draw_codes, sweep_codes
from trainers.configs import InfoGANTraining
from trainers.ema import recompute_statistics
from trainers.options import make
from trainers.preview import preview_pixels


def test_codes_are_drawn_evenly_over_their_range_and_repeat() -> None:
    codes = InfoGANConfig(categorical=(4, 2), continuous=1).codes
    drawn = draw_codes(codes, 4000, torch.Generator().manual_seed(0))
    assert list(drawn) == ["category-1", "category-2", "continuous-1"]
    assert torch.equal(drawn["category-1"].sum(dim=1), torch.ones(4000))
    assert (drawn["category-1"].mean(dim=0) - 0.25).abs().max() < 0.03
    numbers = drawn["continuous-1"]
    assert numbers.shape == (4000, 1) and -1 <= numbers.min() < -0.99 and 0.99 < numbers.max() <= 1
    wide = draw_codes(
        InfoGANConfig(categorical=(4, 2), continuous=1, code_range=2).codes, 4000, torch.Generator().manual_seed(0)
    )
    assert torch.allclose(wide["continuous-1"], 2 * numbers)
    again = draw_codes(codes, 4000, torch.Generator().manual_seed(0))
    assert all(torch.equal(value, again[name]) for name, value in drawn.items())


def test_a_sheet_shows_one_category_a_column() -> None:
    values = sweep_codes(InfoGANConfig(categorical=(10,), continuous=2).codes, 20, 10)
    assert values["category"].argmax(dim=1).tolist() == [*range(10), *range(10)]
    assert list(values) == ["category"]


def test_the_files_of_a_run_know_the_codes(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    sizes = "--resolution 16 --z-dim 4 --base-channels 4 --fc-channels 8 --batch 8 --threads 1 --precision float32"
    codes = "--categorical 3 --continuous 1 --code-names shape,lean --code-range 2 --images 32 --hold-out 4"
    assert main(["infogan", "--data", str(data), "--out", str(run), *sizes.split(), *codes.split()]) == 0
    generator = checkpoint.load(next((run / "snapshots").iterdir()))
    assert [(code.name, code.size) for code in generator.spec.codes] == [("shape", 3), ("lean", 1)]
    assert (generator.spec.codes[1].low, generator.spec.codes[1].high) == (-2, 2)
    assert generator.card.class_names == () and generator.card.images_seen == 32
    assert preview_pixels(generator).shape == (8 * 16, 3 * 16, 3), "one column a category"
    assert not torch.equal(generator.dense_norms[0].running_var, torch.ones(8)), "dense batch norms are set as well"


def test_real_images_can_be_asked_to_keep_their_category_when_warped(data: Path, tmp_path: Path) -> None:
    sizes = "--resolution 16 --z-dim 4 --base-channels 4 --fc-channels 8 --batch 8 --threads 1 --precision float32"
    weights = []
    for k, more in enumerate(["", "--consistency 0", "--consistency 2", "--categorical none --consistency 2"]):
        run = tmp_path / f"run{k}"
        words = [*sizes.split(), *more.split(), "--images", "16"]
        assert main(["infogan", "--data", str(data), "--out", str(run), *words]) == 0
        weights.append(checkpoint.load(next((run / "snapshots").iterdir())).ref.digest)
    assert weights[0] == weights[1] != weights[2], "off unless asked for"


def test_statistics_are_those_of_all_categories(tmp_path: Path) -> None:
    from ganviz.models.infogan import Generator

    torch.manual_seed(0)
    generator = Generator(InfoGANConfig(resolution=16, z_dim=4, base_channels=4, fc_channels=8, categorical=(3,)))
    with torch.no_grad():
        generator.dense[0].weight[:, 4:7] *= 100  # let the category matter
    recompute_statistics(generator, batches=4, batch=256)
    codes = draw_codes(generator.spec.codes, 4000, torch.Generator().manual_seed(5))
    x = generator.dense[0](generator.mapping(torch.randn(4000, 4), None, codes)[:, 0])
    deviation = generator.dense_norms[0].running_var.sqrt()
    assert ((x.mean(dim=0) - generator.dense_norms[0].running_mean).abs() < 0.1 * deviation).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"categorical": "ten"}, "--categorical: expected whole numbers or none, got 'ten'"),
        ({"categorical": "10,1"}, "--categorical: expected sizes from 2"),
        ({"code_names": "a,b"}, "--code-names: expected 3 different names"),
        ({"resolution": 128}, "--resolution: expected 16, 32, 64, got 128"),
        ({"r1_gamma": 1.0}, "--d-norm batch: gradient penalties"),
        ({"objective": "hinge", "label_smoothing": 0.1}, "--label-smoothing: hinge has no labels"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_values_name_the_flag(given: dict[str, object], message: str) -> None:
    with pytest.raises(GanvizError) as error:
        make(InfoGANTraining, "infogan", given)
    assert str(error.value).startswith(message)


def test_codes_may_be_left_out() -> None:
    config = make(InfoGANTraining, "infogan", {"categorical": "none", "continuous": 0})
    assert config.categories == () and config.names == ()
