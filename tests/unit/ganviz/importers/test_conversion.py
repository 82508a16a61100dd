"""Every layout is recognised, converted whole, and refused by name where something is missing, odd or left over."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import checkpoint
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.importers import IMPORTERS, Asked, Importer
from ganviz.importers.conversion import convert, importers, opened, recognise
from ganviz.importers.reader import read
from ganviz.jobs import run
from ganviz.models import MODELS, resolve
from ganviz.recipe import ModelRef, Recipe
from ganviz.render import Renderer
from ganviz.spec import Card


def converted(layout, folder: Path, path: Path | None = None, half: bool = False):
    path = path or layout.make(folder)
    report = run(convert(path, folder / "out.safetensors", Asked(**layout.asked), half))
    return report, checkpoint.load(report.path)


def test_the_table_resolves_whole_and_names_families() -> None:
    for name in IMPORTERS.values():
        importer: Importer = resolve(name)()
        assert importer.arch in MODELS and importer.label


def test_no_importer_needs_torch_to_recognise_a_file(tmp_path: Path, layouts) -> None:
    import subprocess
    import sys

    path = layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path)
    code = (
        "import sys; from ganviz.importers.conversion import recognise; from ganviz.importers.reader import read; "
        "print(recognise(read(sys.argv[1])).arch, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["dcgan", "False"]


def test_every_layout_is_recognised_by_its_own_importer(tmp_path: Path, layout) -> None:
    source = read(layout.make(tmp_path))
    assert source.wants == layout.wants
    assert type(recognise(source)) is resolve(IMPORTERS[layout.importer])
    fitting = {type(importer).__name__ for importer in importers() if importer.recognises(source)}
    others = fitting - {resolve(IMPORTERS[layout.importer]).__name__}
    assert others <= {"PytorchDCGAN"}, "the one that takes any stack of convolutions, and is asked last"


def test_every_layout_becomes_a_checkpoint_that_draws(tmp_path: Path, layout) -> None:
    report, generator = converted(layout, tmp_path)
    facts = generator.card.facts
    assert facts["source_format"] == report.label and len(facts["source_sha256"]) == 64 and facts["mapped"]
    assert report.ref == generator.ref and generator.ref.name == "out"
    frame = Renderer("cpu").render(Recipe(ModelRef(str(report.path)), Seed(3)))
    spec = generator.spec
    assert frame.pixels.shape == (spec.resolution, spec.resolution, spec.channels)
    assert 5 < frame.pixels.std() < 125, "neither flat nor cut off throughout"


def test_half_precision_is_half_the_size_and_draws_almost_the_same(tmp_path: Path, layouts) -> None:
    layout = layouts.LAYOUTS["rosinality-stylegan2"]
    whole, full = converted(layout, tmp_path)
    size = whole.path.stat().st_size
    report, halved = converted(layout, tmp_path, half=True)
    assert report.path.stat().st_size < 0.8 * size
    z = torch.randn(2, full.spec.z_dim)
    assert torch.allclose(halved(z), full(z), atol=0.05)


def test_a_missing_tensor_is_named(tmp_path: Path, layout) -> None:
    large = [name for name, shape in layout.shapes.items() if len(shape) > 1]
    name = ([name for name in layout.shapes if name.endswith((".weight", ".weight_orig"))] or large)[-1]
    path = layout.make(tmp_path, **{name: None})
    with pytest.raises(GanvizError) as caught:
        converted(layout, tmp_path, path)
    assert str(path) in str(caught.value) and not (tmp_path / "out.safetensors").exists()


def test_a_tensor_that_no_rule_takes_is_named(tmp_path: Path, layout) -> None:
    path = layout.make(tmp_path, **{"wings.feather": np.ones((2, 3), np.float32)})
    with pytest.raises(GanvizError, match=r"wings\.feather"):
        converted(layout, tmp_path, path)


def test_a_shape_that_does_not_fit_is_named(tmp_path: Path, layout) -> None:
    name = next(name for name, shape in reversed(layout.shapes.items()) if len(shape) == 1 and shape[0] > 1)
    path = layout.make(tmp_path, **{name: np.ones(layout.shapes[name][0] + 1, np.float32)})
    with pytest.raises(GanvizError, match=str(path)):
        converted(layout, tmp_path, path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, layout) -> None:
    large = [name for name, shape in layout.shapes.items() if len(shape) > 1]
    name = next((name for name in large if "weight" in name and ".conv1." not in name), large[0])
    path = layout.make(tmp_path, **{name: np.full(layout.shapes[name], np.nan, np.float32)})
    with pytest.raises(GanvizError, match="not finite"):
        converted(layout, tmp_path, path)


def test_no_network_is_taken_for_one_whose_tensors_share_their_numbers(tmp_path: Path, layout, monkeypatch) -> None:
    monkeypatch.setattr("ganviz.importers.transfer.SHARED", 0)  # as if all of them were large
    report, _ = converted(layout, tmp_path)
    assert report.arch


def test_a_file_of_the_wrong_family_says_what_it_is(tmp_path: Path, layouts) -> None:
    path = layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path)
    with pytest.raises(GanvizError, match="DCGAN of the PyTorch examples' kind, which is read as dcgan only"):
        run(convert(path, tmp_path / "out.safetensors", Asked(arch="stylegan2")))
    with pytest.raises(GanvizError, match="unknown architecture 'vae'"):
        run(convert(path, tmp_path / "out.safetensors", Asked(arch="vae")))


def test_an_unknown_file_says_what_its_keys_look_like_and_what_is_known(tmp_path: Path) -> None:
    torch.save({"state_dict": {"backbone.stem.weight": torch.zeros(4, 3, 7, 7)}, "epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(GanvizError) as caught:
        run(convert(tmp_path / "a.pth", tmp_path / "out.safetensors"))
    message = str(caught.value)
    assert "a dictionary of state_dict, epoch" in message and "backbone.stem.weight (4, 3, 7, 7)" in message
    assert "known formats: " in message and "NVIDIA StyleGAN2 pickle" in message and "\n" not in message


def test_a_card_may_be_given_and_keeps_the_provenance(tmp_path: Path, layouts) -> None:
    path = layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path)
    card = Card(name="faces", licence="MIT", psi=0.7)
    report = run(convert(path, tmp_path / "out.safetensors", card=card))
    header = checkpoint.read_header(report.path)
    assert header.card.licence == "MIT" and header.card.psi == 0.7 and header.ref.name == "faces"
    assert re.fullmatch("[0-9a-f]{64}", header.card.facts["source_sha256"])


def test_opening_converts_into_the_cache_once(tmp_path: Path, home: Path, layouts) -> None:
    path = layouts.LAYOUTS["pytorch-dcgan"].make(tmp_path, "netG_epoch_24")
    first = run(opened(path))
    assert home in first.parents and checkpoint.read_header(first).ref.name == "netG_epoch_24"
    written = first.stat().st_mtime_ns
    assert run(opened(path)) == first and first.stat().st_mtime_ns == written
    first.write_bytes(first.read_bytes()[:100])
    assert run(opened(path)) == first and checkpoint.load(first).ref.name == "netG_epoch_24", "made again when damaged"
