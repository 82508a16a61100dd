import json
from pathlib import Path

import pytest
import torch

from ganviz import checkpoint
from trainers import losses
from trainers.__main__ import main
from trainers.configs import DCGANTraining
from trainers.optimisers import penalty_weight, rate_factor
from trainers.options import make


def weights(run: Path) -> dict[str, torch.Tensor]:
    newest = sorted((run / "snapshots").glob("*.safetensors"))[-1]
    return checkpoint.load(newest).state_dict()


def state(run: Path) -> bytes:
    return (run / "state.safetensors").read_bytes()


def log_without_clock(run: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "clock"} for line in lines]


@pytest.mark.parametrize("conditional", [False, True], ids=["plain", "conditional"])
@pytest.mark.parametrize("objective", losses.OBJECTIVES)
def test_two_steps_are_finite_for_every_objective(
    objective: str, conditional: bool, data: Path, small: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    steps = 2 * (5 if objective.startswith("wgan") else 1)
    options = ["--objective", objective, "--images", str(8 * steps), *(["--conditional"] if conditional else [])]
    assert main(["dcgan", "--data", str(data), "--out", str(run), *small, *options]) == 0
    header = checkpoint.read_header(next((run / "snapshots").iterdir()))
    assert header.spec.num_classes == (3 if conditional else 0)
    assert header.card.images_seen == 8 * steps and header.card.data == "tiny"
    assert header.card.class_names == (("0", "1", "2") if conditional else ())
    assert all(torch.isfinite(tensor).all() for tensor in weights(run).values())


@pytest.mark.parametrize("preset", ["modern", "classic"])
def test_both_presets_train(preset: str, data: Path, small: list[str], tmp_path: Path) -> None:
    assert (
        main(["dcgan", "--data", str(data), "--out", str(tmp_path / "r"), *small, "--preset", preset, "--images", "16"])
        == 0
    )


@pytest.mark.parametrize(
    "extra",
    [
        "--flip --augment color,translation,cutout --r1-interval 2 --cooldown 0.5 --r1-gamma-end 0.1",
        "--objective wgan-gp --conditional --no-reuse-fakes",
        "--objective wgan --preset classic",
    ],
    ids=["modern", "wgan-gp", "wgan"],
)
def test_a_resumed_run_equals_the_straight_one_bit_for_bit(
    extra: str, data: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers import journal

    monkeypatch.setattr(journal, "LOG_STEPS", 3)
    options = ["dcgan", "--data", str(data), *small, *extra.split(), "--hold-out", "4"]
    straight, stopped = tmp_path / "a" / "run", tmp_path / "b" / "run"
    assert main([*options, "--images", "400", "--out", str(straight)]) == 0
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        assert main([*options, "--images", "400", "--out", str(stopped)]) == 0
    assert weights(straight).keys() == weights(stopped).keys()
    assert not all(torch.equal(tensor, weights(stopped)[name]) for name, tensor in weights(straight).items())
    torch.manual_seed(99)  # what else happened in the process must not matter
    assert main(["dcgan", "--out", str(stopped), "--resume"]) == 0
    for name, tensor in weights(straight).items():
        assert torch.equal(tensor, weights(stopped)[name]), name
    assert log_without_clock(straight) == log_without_clock(stopped)


def stop_after(monkeypatch: pytest.MonkeyPatch, polls: int) -> None:
    """Make every Control ask for a stop at its `polls`-th poll, as a signal would."""
    from trainers.control import Control

    count = iter(range(1, 1_000_000))

    def poll(self: Control, wait: float = 0.0) -> None:
        if next(count) >= polls:
            self.stopping = True

    monkeypatch.setattr(Control, "poll", poll)


def test_a_loss_that_is_not_finite_stops_with_one_line_and_keeps_the_last_snapshot(
    data: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    options = ["dcgan", "--data", str(data), "--out", str(run), *small]
    assert main([*options, "--images", "16"]) == 0
    before = weights(run), state(run)
    broken = losses.Objective(lambda real, fake: losses.logistic(real, fake) * float("nan"), losses.non_saturating)
    monkeypatch.setitem(losses.OBJECTIVES, "non-saturating", broken)
    capsys.readouterr()
    assert main(["dcgan", "--out", str(run), "--resume", "--images", "64"]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "no longer a finite number" in line and "00000016.safetensors" in line
    assert state(run) == before[1]
    assert len(list((run / "snapshots").iterdir())) == 1


def test_the_learning_rate_rises_stays_and_falls() -> None:
    config = make(DCGANTraining, "dcgan", {"warmup": 640, "cooldown": 0.4, "lr_end": 0.1, "batch": 64})
    assert rate_factor(config, 0.0, 0) == pytest.approx(0.1)
    assert rate_factor(config, 0.5, 10_000) == 1
    assert rate_factor(config, 0.8, 10_000) == pytest.approx(0.55)
    assert rate_factor(config, 1.0, 10_000) == pytest.approx(0.1)


def test_gamma_moves_linearly_over_the_budget() -> None:
    config = make(DCGANTraining, "dcgan", {"r1_gamma": 1.0, "r1_gamma_end": 0.2})
    assert penalty_weight(config, 0.5) == pytest.approx(0.6)
    assert penalty_weight(make(DCGANTraining, "dcgan", {"r1_gamma": 1.0}), 0.5) == 1.0
