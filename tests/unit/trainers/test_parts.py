"""A step in parts comes to what the undivided step comes to."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganviz.errors import GanvizError
from ganviz.models import growing, stylegan2
from trainers.__main__ import main
from trainers.configs import ProGANTraining, StyleGANTraining
from trainers.options import check_parts, make
from trainers.parts import Parts, stream_seed

SIZES = "--resolution 16 --z-dim 4 --base-channels 2 --batch 8 --threads 1 --precision float32 --ema-half-life 0"
# Weights stay as they are, so that all steps can be compared. Averages over a batch that no penalty can be taken
# without are kept from moving: the mean path length by its decay.
RUNS = {
    "dcgan": "dcgan --flip --augment color,translation,cutout --r1-interval 2 --r2 --objective relativistic",
    "dcgan, wgan-gp": "dcgan --objective wgan-gp --conditional --critic-steps 2 --drift 0.1",
    "infogan": "infogan --fc-channels 8 --categorical 3,2 --d-norm none --r1-gamma 1 --likelihood gaussian",
    "progan": "progan --max-channels 4 --batches 4:16,8:4 --stable-images 24 --fade-images 24",
    "stylegan": "stylegan --w-dim 4 --mapping-layers 2 --max-channels 4 --conditional --mixing 0.9",
    "stylegan2": "stylegan2 --w-dim 4 --mapping-layers 2 --max-channels 4 --pl-weight 2 --pl-interval 2 "
    "--pl-decay 0.9999 --noise",
}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every net judge and draw each image by itself: no statistics of batches."""

    def fixed(self: nn.modules.batchnorm._BatchNorm, x: Tensor) -> Tensor:
        return nn.functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)

    def none(x: Tensor, group: int = 4) -> Tensor:
        return torch.zeros_like(x[:, :1])

    monkeypatch.setattr(nn.modules.batchnorm._BatchNorm, "forward", fixed)
    monkeypatch.setattr(growing, "minibatch_std", none)
    monkeypatch.setattr(stylegan2, "minibatch_std", none)


def record(monkeypatch: pytest.MonkeyPatch) -> list[list[Tensor]]:
    """The gradients of every step of every optimiser from now on."""
    steps: list[list[Tensor]] = []

    def step(self: torch.optim.Adam) -> None:
        steps.append([p.grad.clone() for group in self.param_groups for p in group["params"] if p.grad is not None])

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    return steps


def taped(monkeypatch: pytest.MonkeyPatch, draw: Callable[[str, torch.Generator, tuple], Tensor]) -> None:
    """Ask `draw` for every random number that has a generator of its own."""
    for name in ("rand", "randn", "randint"):
        original = getattr(torch, name)

        def drawn(*words, generator=None, name=name, original=original, **rest):
            if generator is None:
                return original(*words, **rest)
            return draw(name, generator, words)

        monkeypatch.setattr(torch, name, drawn)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", RUNS)
def test_the_gradients_of_two_parts_are_those_of_the_whole_batch(
    name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arch, *rest = RUNS[name].split()
    options = [arch, "--data", str(data), *SIZES.split(), "--lr-g", "0", "--lr-d", "0", *rest, "--images", "64"]
    tapes: dict[int, list[Tensor]] = defaultdict(list)
    originals = {name: getattr(torch, name) for name in ("rand", "randn", "randint")}

    def note(name: str, generator: torch.Generator, words: tuple) -> Tensor:
        tapes[id(generator)].append(originals[name](*words, generator=generator))
        return tapes[id(generator)][-1]

    with monkeypatch.context() as patch:
        parted = record(patch)
        taped(patch, note)
        assert main([*options, "--out", str(tmp_path / "parted"), "--accumulate", "2"]) == 0
    first, second = tapes.values()
    both = iter([torch.cat(pair) for pair in zip(first, second, strict=True)])
    with monkeypatch.context() as patch:
        whole = record(patch)
        taped(patch, lambda *_: next(both))
        assert main([*options, "--out", str(tmp_path / "whole")]) == 0
    assert next(both, None) is None and len(parted) == len(whole) > 4
    for mine, theirs in zip(parted, whole, strict=True):
        scale = max(gradient.abs().max() for gradient in theirs)
        for a, b in zip(mine, theirs, strict=True):
            assert (a - b).abs().max() <= 2e-5 * scale
    assert any(gradient.abs().max() > 0 for gradient in whole[-1])


def test_each_part_has_a_stream_of_its_own_that_repeats() -> None:
    parts = Parts(3, seed=5)
    parts.begin(7)
    one = [torch.rand(2, generator=stream) for stream in parts.streams]
    parts.begin(8)
    two = [torch.rand(2, generator=stream) for stream in parts.streams]
    again = Parts(3, seed=5)
    again.begin(8)
    assert not torch.equal(one[0], one[1]) and not torch.equal(one[1], one[2]) and not torch.equal(one[1], two[1])
    assert torch.equal(torch.rand(2, generator=again.streams[2]), two[2]), "the others begin anew at each step"
    assert torch.equal(torch.rand(2, generator=again.streams[0]), one[0]), "the first one runs on"
    assert len({stream_seed(s, n, k) for s in range(4) for n in range(1, 4) for k in range(50)}) == 600


def test_the_parts_of_a_batch_are_equal_and_in_order() -> None:
    shares = [share.tolist() for _, share in Parts(2, 0).of(np.arange(6))]
    assert shares == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(("batch", "accumulate"), [("8", "3"), ("8", "8")], ids=["unequal parts", "parts of one image"])
def test_parts_that_cannot_be_are_one_line_and_leave_no_folder(
    batch: str, accumulate: str, data: Path, small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [*small, "--batch", batch, "--accumulate", accumulate]
    assert main(["dcgan", "--data", str(data), "--out", str(tmp_path / "r"), *options]) == 1
    line = capsys.readouterr().err.strip()
    assert line.startswith(f"ganviz: --accumulate {accumulate}: expected equal parts of two images or more, got a step")
    assert not (tmp_path / "r").exists()


def test_a_net_that_grows_needs_parts_of_every_step_size_that_it_comes_to() -> None:
    growing_net = make(ProGANTraining, "progan", {"resolution": 16, "batches": "4:32,8:6", "accumulate": 4})
    assert growing_net.step_sizes == (32, 6, 16)
    with pytest.raises(GanvizError, match="got a step of 6"):
        check_parts(growing_net)
    check_parts(make(StyleGANTraining, "stylegan", {"batches": "32:6", "accumulate": 4}))
