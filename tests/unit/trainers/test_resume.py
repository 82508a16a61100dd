"""A run that was stopped goes on as if it had not been, whichever the trainer."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganviz import checkpoint
from trainers import losses
from trainers.__main__ import main
from trainers.control import Control
from trainers.run import Run

TINY = {
    "dcgan": "--z-dim 4 --base-channels 4",
    "infogan": "--z-dim 4 --base-channels 4 --fc-channels 8 --categorical 3,2 --channels 1",
    "progan": "--z-dim 4 --base-channels 2 --max-channels 4 --batches none --stable-images 64 --fade-images 64",
    "stylegan": "--z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4 --batches none",
    "stylegan2": "--z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4 --tail-channels 2",
}
RUNS = {
    "dcgan": "dcgan --d-minibatch-kernels 3 --feature-matching 0.1 --objective relativistic --r2 --r1-interval 2",
    "infogan": "infogan",
    "infogan, no norm": "infogan --likelihood gaussian --d-norm none --r1-gamma 0.5 --r1-interval 2 --r2 "
    "--objective relativistic --flip --augment color,translation,cutout --cooldown 0.5",
    "infogan, classic": "infogan --preset classic --d-minibatch-std --d-minibatch-kernels 3 --feature-matching 0.1",
    "infogan, wgan-gp": "infogan --objective wgan-gp --critic-steps 2 --drift 0.001",
    "progan": "progan --batches 4:16,8:4 --conditional",
    "progan, non-saturating": "progan --objective non-saturating --no-reuse-fakes --r1-interval 2 --accumulate 4",
    "stylegan": "stylegan --conditional --flip",
    "stylegan, growing": "stylegan --progressive --stable-images 64 --fade-images 64 --mixing 0.9",
    "stylegan2": "stylegan2 --augment color,translation,cutout --ada-target 0.2 --ada-images 500 --r1-interval 4 "
    "--conditional",
    "stylegan2, paths": "stylegan2 --pl-weight 2 --noise --top full --resample fir --objective non-saturating --no-r2 "
    "--accumulate 2",
}
IMAGES = 240


@pytest.fixture(params=RUNS)
def options(request: pytest.FixtureRequest, data: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command line without --out and --images."""
    from trainers import journal

    monkeypatch.setattr(journal, "LOG_STEPS", 3)
    arch, *rest = RUNS[request.param].split()
    common = "--resolution 16 --batch 8 --threads 1 --precision float32 --hold-out 4".split()
    return [arch, "--data", str(data), *common, *TINY[arch].split(), *rest]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(sorted((run / "snapshots").glob("*.safetensors"))[-1]).state_dict()


def log_without_clock(run: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "clock"} for line in lines]


def stop_after(monkeypatch: pytest.MonkeyPatch, polls: int) -> None:
    """Make every Control ask for a stop at its `polls`-th poll, as a signal would."""
    count = iter(range(1, 1_000_000))

    def poll(self: Control, wait: float = 0.0) -> None:
        if next(count) >= polls:
            self.stopping = True

    monkeypatch.setattr(Control, "poll", poll)


def test_a_resumed_run_equals_the_straight_one_bit_for_bit(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight, stopped = tmp_path / "a" / "run", tmp_path / "b" / "run"
    assert main([*options, "--images", str(IMAGES), "--out", str(straight)]) == 0
    with monkeypatch.context() as patch:
        stop_after(patch, 11)  # in mid-fade where the net grows, and between two lines of the log
        assert main([*options, "--images", str(IMAGES), "--out", str(stopped)]) == 0
    before = weights(stopped)
    torch.manual_seed(99)  # what else happened in the process must not matter
    assert main([options[0], "--out", str(stopped), "--resume"]) == 0
    after = weights(stopped)
    expected = weights(straight)
    assert any(not torch.equal(tensor, before.get(name, torch.empty(0))) for name, tensor in expected.items())
    for name, tensor in expected.items():
        assert torch.isfinite(tensor).all() and torch.equal(tensor, after[name]), name
    assert log_without_clock(straight) == log_without_clock(stopped)
    states = [load_file(run / "state.safetensors") for run in (straight, stopped)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_a_run_that_was_killed_before_its_first_snapshot_begins_anew(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainers.journal.LOG_STEPS", 3)
    straight, killed = tmp_path / "a" / "run", tmp_path / "b" / "run"
    common = "--resolution 16 --batch 8 --threads 1 --precision float32 --images 64".split()
    options = ["dcgan", "--data", str(data), *common, *TINY["dcgan"].split()]
    assert main([*options, "--out", str(straight)]) == 0
    (killed / "snapshots").mkdir(parents=True)
    (killed / "previews").mkdir()
    (killed / "previews" / "00000008.png").write_bytes(b"of the sitting that is lost")
    (killed / "previews" / "mine.png").write_bytes(b"the user's own")
    (killed / "log.jsonl").write_text('{"images": 8, "loss_d": 1.0}\n')
    (killed / "config.json").write_bytes((straight / "config.json").read_bytes())
    capsys.readouterr()
    assert main(["dcgan", "--out", str(killed), "--resume"]) == 0
    assert "begins anew" in capsys.readouterr().err
    assert all(torch.equal(tensor, weights(killed)[name]) for name, tensor in weights(straight).items())
    assert log_without_clock(straight) == log_without_clock(killed)
    previews = [sorted(path.name for path in (run / "previews").iterdir()) for run in (straight, killed)]
    assert [*previews[0], "mine.png"] == previews[1]

    (killed / "state.safetensors").unlink()
    assert main(["dcgan", "--out", str(killed), "--resume", "--images", "128"]) == 1
    assert "though the run has snapshots" in capsys.readouterr().err
    assert sorted((killed / "snapshots").iterdir()), "what is there is never written over"


@pytest.mark.parametrize("arch", TINY)
def test_a_loss_that_is_not_finite_stops_with_one_line_and_keeps_the_last_snapshot(
    arch: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    common = "--resolution 16 --batch 8 --threads 1 --precision float32 --objective non-saturating --images 16".split()
    assert main([arch, "--data", str(data), "--out", str(run), *common, *TINY[arch].split()]) == 0
    before = (run / "state.safetensors").read_bytes()
    broken = losses.Objective(lambda real, fake: losses.logistic(real, fake) * float("nan"), losses.non_saturating)
    monkeypatch.setitem(losses.OBJECTIVES, "non-saturating", broken)
    capsys.readouterr()
    assert main([arch, "--out", str(run), "--resume", "--images", "64"]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "no longer a finite number" in line and "00000016.safetensors" in line
    assert (run / "state.safetensors").read_bytes() == before
    assert len(list((run / "snapshots").iterdir())) == 1


@pytest.mark.parametrize("arch", TINY)
def test_bfloat16_trains_too(arch: str, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    common = "--resolution 16 --batch 8 --threads 1 --precision bf16 --images 32 --augment color".split()
    assert main([arch, "--data", str(data), "--out", str(run), *common, *TINY[arch].split()]) == 0
    assert all(torch.isfinite(tensor).all() for tensor in weights(run).values())


@pytest.mark.parametrize("arch", TINY)
def test_a_run_that_was_killed_amid_its_first_save_goes_on_from_there(
    arch: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    common = "--resolution 16 --batch 8 --threads 1 --precision float32 --images 64".split()
    options = [arch, "--data", str(data), *common, *TINY[arch].split()]
    straight, killed = tmp_path / "a" / "run", tmp_path / "b" / "run"
    assert main([*options, "--out", str(straight)]) == 0

    def killing(*args: object) -> None:
        raise KeyboardInterrupt  # nothing catches it, as nothing catches a kill

    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        patch.setattr(Run, "snapshot", killing)
        with suppress(KeyboardInterrupt):
            main([*options, "--out", str(killed)])
    assert not list((killed / "snapshots").iterdir()) and (killed / "state.safetensors").exists()
    capsys.readouterr()
    assert main([arch, "--out", str(killed), "--resume"]) == 0
    assert "begins anew" not in capsys.readouterr().err
    assert all(torch.equal(tensor, weights(killed)[name]) for name, tensor in weights(straight).items())
