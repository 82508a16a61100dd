from pathlib import Path

import pytest
import torch

from ganviz import checkpoint, latent
from trainers.__main__ import main
from trainers.configs import StyleGAN2Training, StyleGANTraining
from trainers.options import make
from trainers.stylegan import make_nets

SMALL = "--resolution 16 --z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4 --batch 8".split()


@pytest.mark.parametrize("arch", ["stylegan", "stylegan2"])
def test_snapshots_carry_the_mean_of_w(arch: str, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = [*SMALL, "--threads", "1", "--precision", "float32", "--images", "200", "--w-decay", "0.8"]
    assert main([arch, "--data", str(data), "--out", str(run), *options]) == 0
    generator = checkpoint.load(next((run / "snapshots").iterdir()))
    with torch.no_grad():
        w = generator.mapping(latent.seeds(range(512), 4))[:, 0]
    assert generator.w_avg.any()
    assert (generator.w_avg - w.mean(dim=0)).norm() < 0.5 * w.std(dim=0).norm()
    flat = generator.synthesis(latent.truncate(generator.mapping(torch.randn(2, 4)), generator, 0.0))
    assert torch.allclose(flat[0], flat[1], atol=1e-5)


def test_path_lengths_are_logged_where_they_are_asked_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from trainers import journal

    monkeypatch.setattr(journal, "LOG_STEPS", 2)
    run = tmp_path / "run"
    options = [*SMALL, "--threads", "1", "--precision", "float32", "--images", "32", "--pl-weight", "2"]
    assert main(["stylegan2", "--data", str(data), "--out", str(run), *options]) == 0
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 2 and all(line["path_length"] > 0 for line in lines)


@pytest.mark.parametrize(
    ("kind", "arch"), [(StyleGANTraining, "stylegan"), (StyleGAN2Training, "stylegan2")], ids=["1", "2"]
)
def test_the_classic_presets_are_the_papers(kind: type, arch: str) -> None:
    with torch.device("meta"):
        config = make(kind, arch, {"preset": "classic", "resolution": 64})
        generator, _ = make_nets(config, 0, 64)
    assert (config.objective, config.mixing, config.r1_gamma, config.r2) == ("non-saturating", 0.9, 10, False)
    assert generator.config.w_dim == 512 and len(generator.mapping_network.layers) == 8
    assert generator.spec.layers[0].channels == 512
    # As wide at 64 px as the papers' nets for 1024 px are there.
    assert generator.spec.layers[-1].channels == (256 if arch == "stylegan" else 512)
