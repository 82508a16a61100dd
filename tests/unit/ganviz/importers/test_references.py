"""What each home's own program drew from these weights, mapped, truncated and drawn here: equal to 1e-4 of its size."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import checkpoint, latent
from ganviz.importers import Asked
from ganviz.importers.conversion import convert
from ganviz.jobs import run

DATA = Path(__file__).parents[3] / "data" / "importers"


def agrees(found: torch.Tensor, expected: np.ndarray) -> None:
    error = (found.detach() - torch.from_numpy(expected)).abs().max().item()
    assert found.shape == expected.shape and error <= 1e-4 * np.abs(expected).max(), error


def drawn(generator, w: torch.Tensor, noise: str = "const") -> torch.Tensor:
    """The first 16 rows and columns, not cut off at [-1, 1] as a picture is."""
    if not any(isinstance(module, torch.nn.BatchNorm2d) for module in generator.modules()):
        generator.train()
    return generator.synthesis(w, noise)[:, :, :16, :16]


def loaded(layout, folder: Path, **asked):
    report = run(convert(layout.make(folder), folder / "out.safetensors", Asked(**{**layout.asked, **asked})))
    return checkpoint.load(report.path)


def test_pictures_match_their_home(tmp_path: Path, layout) -> None:
    with np.load(DATA / f"{layout.name}.npz", allow_pickle=False) as file:
        expected = dict(file)
    generator = loaded(layout, tmp_path)
    spec = generator.spec
    z = latent.seeds([0, 1], spec.z_dim)
    label = torch.eye(spec.num_classes)[[1, 2]] if spec.num_classes else None
    codes, start = {}, 0
    for code in spec.codes:
        codes[code.name] = torch.from_numpy(expected["codes"])[:, start : start + code.size]
        start += code.size
    w = generator.mapping(z, label, codes)
    agrees(drawn(generator, w), expected["image"])
    if "w" in expected:
        agrees(w, expected["w"])
    if "image_quiet" in expected:
        agrees(drawn(generator, w, "none"), expected["image_quiet"])
    if "w_cut" in expected:
        generator.w_statistics = None
        if "w_avg" in expected:
            generator.w_avg = torch.from_numpy(expected["w_avg"])
        cut = latent.truncate(w, generator, psi=0.5, cutoff=2)
        agrees(cut, expected["w_cut"])
        agrees(drawn(generator, cut), expected["image_cut"])


@pytest.mark.parametrize("psi", [1.0, 0.4, 0.5, 0.73, 0.7])
def test_biggan_draws_by_the_statistics_of_its_truncation(tmp_path: Path, layouts, psi: float) -> None:
    generator = loaded(layouts.LAYOUTS["hf-biggan"], tmp_path)
    with np.load(DATA / "hf-biggan.npz", allow_pickle=False) as file:
        expected = file["image" if psi == 1 else f"image_at_{100 * psi:03.0f}"]
    w = generator.mapping(latent.seeds([0, 1], 5), torch.eye(3)[[1, 2]])
    image = generator.synthesis(latent.truncate(w, generator, psi), psi=psi)
    agrees(image[:, :, :16, :16], expected)
    each = generator.synthesis(latent.truncate(w, generator, psi), psi=torch.tensor([0.2, psi], dtype=torch.float64))
    agrees(each[1:, :, :16, :16], expected[1:])


def test_batch_statistics_match_the_look_of_training(tmp_path: Path, layouts) -> None:
    generator = loaded(layouts.LAYOUTS["pytorch-dcgan"], tmp_path, statistics="batch")
    with np.load(DATA / "pytorch-dcgan.npz", allow_pickle=False) as file:
        expected = file["image_batch"]
    agrees(drawn(generator, generator.mapping(latent.seeds([0, 1], 7))), expected)
