from pathlib import Path

import pytest
import torch

from ganviz import checkpoint
from ganviz.errors import GanvizError
from ganviz.models.layers import nearest_up
from trainers.__main__ import main
from trainers.configs import ProGANTraining, StyleGANTraining
from trainers.growth import Phase, at_phase, phase_at
from trainers.options import make

SMALL = "--resolution 16 --z-dim 4 --base-channels 2 --max-channels 4 --batch 8 --threads 1 --precision float32".split()


def schedule(**changes: object) -> ProGANTraining:
    sizes = {"resolution": 16, "fade_images": 100, "stable_images": 200, "batches": "4:32,8:16", "batch": 8}
    return make(ProGANTraining, "progan", {**sizes, **changes})


@pytest.mark.parametrize(
    ("seen", "phase"),
    [
        (0, Phase(4, 1.0, 32)),
        (199, Phase(4, 1.0, 32)),
        (200, Phase(8, 0.0, 16)),
        (250, Phase(8, 0.5, 16)),
        (300, Phase(8, 1.0, 16)),
        (499, Phase(8, 1.0, 16)),
        (500, Phase(16, 0.0, 8)),
        (575, Phase(16, 0.75, 8)),
        (10_000, Phase(16, 1.0, 8)),
    ],
)
def test_resolutions_are_stable_then_fade_in_by_images_shown(seen: int, phase: Phase) -> None:
    assert phase_at(schedule(), seen) == phase


def test_without_a_fade_a_resolution_is_there_at_once() -> None:
    assert phase_at(schedule(fade_images=0), 200) == Phase(8, 1.0, 16)
    assert phase_at(schedule(start_resolution=16), 0) == Phase(16, 1.0, 8)


def test_reals_come_at_the_phases_resolution() -> None:
    image = torch.randn(2, 3, 16, 16)
    assert torch.equal(at_phase(image, Phase(16, 1.0, 8)), image)
    quarter = torch.nn.functional.avg_pool2d(image, 4)
    assert torch.allclose(at_phase(image, Phase(4, 1.0, 8)), quarter, atol=1e-6)
    assert torch.allclose(at_phase(image, Phase(8, 0.0, 8)), nearest_up(quarter), atol=1e-6)


def test_every_resolution_leaves_its_sheet_and_snapshot(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    phases = "--batches none --stable-images 32 --fade-images 32 --images 140".split()
    assert main(["progan", "--data", str(data), "--out", str(run), *SMALL, *phases]) == 0
    snapshots = sorted((run / "snapshots").glob("*.safetensors"))
    assert [path.stem for path in snapshots] == ["00000032", "00000096", "00000144"]
    assert [checkpoint.read_header(path).spec.resolution for path in snapshots] == [4, 8, 16]
    assert [path.stem for path in sorted((run / "previews").glob("*.png"))] == [path.stem for path in snapshots]
    assert checkpoint.read_header(snapshots[-1]).config["final_resolution"] == 16


def test_a_snapshot_in_mid_fade_holds_the_alpha_that_it_was_trained_with(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    phases = "--batches none --stable-images 32 --fade-images 32 --images 56".split()
    assert main(["progan", "--data", str(data), "--out", str(run), *SMALL, *phases]) == 0
    newest = checkpoint.load(run / "snapshots" / "00000056.safetensors")
    assert newest.spec.resolution == 8 and newest.alpha.item() == 0.5  # the last step began at 48
    assert newest.card.facts["resolution"] == "8 px, faded in by 50%"


def test_a_grown_average_draws_what_the_smaller_drew() -> None:
    from ganviz.models.progan import Discriminator, Generator, ProGANConfig
    from trainers.ema import Average
    from trainers.growth import grow

    torch.manual_seed(0)
    model = ProGANConfig(resolution=8, final_resolution=16, z_dim=4, base_channels=2, max_channels=4)
    generator, discriminator = Generator(model), Discriminator(model)
    average = Average(generator, 100, 0.5)
    z = torch.randn(2, 4)
    before = average.net(z)
    larger, critic = grow(generator, discriminator, average, 16, seed=3)
    assert (average.net(z) - nearest_up(before)).abs().max() < 1e-5
    assert not average.net.training and not any(p.requires_grad for p in average.net.parameters())
    assert larger.training and all(p.requires_grad for p in larger.parameters()) and critic.config.resolution == 16
    for mine, theirs in zip(average.net.parameters(), larger.parameters(), strict=True):
        assert torch.equal(mine, theirs), "new layers are the same in both, old ones were equal here"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batches": "4-32"}, "--batches: expected pairs like 4:128,8:64 or none, got '4-32'"),
        ({"batches": "4:1"}, "--batches: expected 2 to 4096 images a step"),
        ({"resolution": 16, "start_resolution": 32}, "--start-resolution: expected at most the resolution, 16"),
        ({"objective": "wgan"}, "--objective: expected non-saturating,"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_values_name_the_flag(given: dict[str, object], message: str) -> None:
    with pytest.raises(GanvizError) as error:
        make(ProGANTraining, "progan", given)
    assert str(error.value).startswith(message)


def test_an_objective_brings_the_penalty_that_it_needs() -> None:
    assert make(ProGANTraining, "progan", {}).drift == 1e-3
    other = make(ProGANTraining, "progan", {"objective": "non-saturating"})
    assert other.drift == 0 and other.r1_gamma > 0
    critic = make(StyleGANTraining, "stylegan", {"objective": "wgan-gp"})
    assert critic.r1_gamma == 0 and critic.drift == 1e-3


def test_options_of_both_parents_reach_the_growing_stylegan() -> None:
    config = make(StyleGANTraining, "stylegan", {})
    assert config.objective == "relativistic" and config.start_resolution == 8 and not config.progressive
    assert make(StyleGANTraining, "stylegan", {"preset": "classic"}).progressive
