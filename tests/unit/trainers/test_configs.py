from dataclasses import asdict, fields

import pytest

from ganviz.errors import GanvizError
from ganviz.models import resolve
from trainers import TRAINERS
from trainers.configs import DCGANTraining
from trainers.options import from_json, make, resumed
from trainers.presets import OBJECTIVES, PRESETS


@pytest.mark.parametrize("arch", TRAINERS)
def test_every_option_says_what_it_is_for(arch: str) -> None:
    for item in fields(resolve(TRAINERS[arch].config)):
        assert item.metadata["help"] and item.metadata["group"]


@pytest.mark.parametrize("arch", TRAINERS)
def test_every_preset_is_a_valid_config_and_survives_json(arch: str) -> None:
    kind = resolve(TRAINERS[arch].config)
    for preset in PRESETS[arch]:
        config = make(kind, arch, {"preset": preset})
        assert from_json(kind, asdict(config)) == config


def test_the_classic_preset_is_the_paper() -> None:
    config = make(DCGANTraining, "dcgan", {"preset": "classic"})
    assert (config.lr_g, config.lr_d, config.beta1, config.beta2, config.batch) == (2e-4, 2e-4, 0.5, 0.999, 128)
    assert config.d_norm == "batch" and config.r1_gamma == 0 and config.ema_half_life == 0
    assert config.base_channels * 8 == config.max_channels == 1024


def test_explicit_options_stand_over_the_objective_and_the_preset() -> None:
    config = make(DCGANTraining, "dcgan", {"preset": "classic", "objective": "wgan", "lr_g": 3e-4, "batch": 8})
    assert config.lr_g == 3e-4 and config.batch == 8
    assert config.lr_d == OBJECTIVES["dcgan"]["wgan"]["lr_d"] and config.critic_steps == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 48}, "--resolution: expected 16, 32, 64, 128, 256, got 48"),
        ({"batch": 0}, "--batch: expected 2 to 4096, got 0"),
        ({"lr_g": float("nan")}, "--lr-g: expected 0 to 1, got nan"),
        ({"seed": "x"}, "--seed: expected a whole number, got 'x'"),
        ({"augment": "color,rain"}, "--augment: expected color, translation, cutout or none, got 'rain'"),
        ({"d_norm": "batch"}, "--d-norm batch: gradient penalties"),
        ({"preset": "best"}, "--preset: expected modern or classic, got 'best'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_values_name_the_flag_and_what_is_expected(given: dict[str, object], message: str) -> None:
    with pytest.raises(GanvizError) as error:
        make(DCGANTraining, "dcgan", given)
    assert str(error.value).startswith(message)


def test_a_resumed_run_may_get_a_new_budget_but_not_a_new_network() -> None:
    stored = make(DCGANTraining, "dcgan", {"images": 100})
    assert resumed(stored, {"images": 200}).images == 200
    with pytest.raises(GanvizError, match="--resolution 32: the run was started with 64"):
        resumed(stored, {"resolution": 32})


def test_an_option_of_a_newer_version_is_one_clear_line() -> None:
    with pytest.raises(GanvizError, match="does not know: warp_drive"):
        from_json(DCGANTraining, {"warp_drive": 1})
