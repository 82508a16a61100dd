import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from ganviz import checkpoint
from ganviz.errors import GanvizError
from ganviz.models.dcgan import DCGANConfig, Generator
from ganviz.spec import Card


def header_of(path: Path) -> dict:
    return json.loads(checkpoint.safe_open(path, framework="numpy").metadata()["ganviz"])


def rewrite(source: Path, target: Path, *, header: dict | None = None, **tensors: np.ndarray) -> Path:
    """A copy of a checkpoint with another header or other tensors, its checksum made to fit."""
    header = header or header_of(source)
    kept = {**load_file(source), **tensors}
    save_file(kept, target, metadata={"ganviz": json.dumps({**header, "digest": checkpoint.digest_of(kept)})})
    return target


def test_what_was_saved_loads_equal_and_draws_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = Generator(DCGANConfig(resolution=16, base_channels=8, z_dim=6, num_classes=2)).eval()
    card = Card(name="x", title="X", class_names=("a", "b"), facts={"swd": 1.5}, psi=0.7)
    ref = checkpoint.save(tmp_path / "x.safetensors", generator, card)
    loaded = checkpoint.load(tmp_path / "x.safetensors")
    z, label = torch.randn(3, 6), torch.eye(2)[[0, 1, 1]]
    assert torch.equal(loaded(z, label), generator(z, label))
    assert loaded.ref == ref and loaded.card == card and loaded.spec == generator.spec
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())


def test_half_precision_files_load_as_float32(tmp_path: Path) -> None:
    generator = Generator(DCGANConfig(resolution=16, base_channels=8, z_dim=6))
    checkpoint.save(tmp_path / "whole.safetensors", generator, Card())
    checkpoint.save(tmp_path / "half.safetensors", generator, Card(), half=True)
    loaded = checkpoint.load(tmp_path / "half.safetensors")
    assert next(loaded.parameters()).dtype == torch.float32
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.6 * sizes[1]


def test_the_header_is_read_without_the_weights(tiny_checkpoint: Path) -> None:
    header = checkpoint.read_header(tiny_checkpoint)
    assert (header.arch, header.spec.resolution, header.card.licence) == ("dcgan", 16, "CC0")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\xff\xd8\xff\xe0" + b"x" * 400, "this is a JPEG image"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 400, "this is a PNG image"),
        (b"\x80\x04\x95" + b"x" * 400, "pickle, which is never run"),
        (b"PK\x03\x04" + b"x" * 400, "PyTorch file"),
        (struct.pack("<Q", 1 << 60) + b"{}", "another kind"),
        (struct.pack("<Q", 2) + b"{}", "without a ganviz header"),
    ],
    ids=["empty", "jpeg", "png", "pickle", "zip", "huge header", "no header"],
)
def test_a_file_of_another_kind_is_named_with_what_was_expected(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    with pytest.raises(GanvizError, match=words) as caught:
        checkpoint.load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_checkpoint_cut_short_anywhere_is_one_clear_error(tmp_path: Path, tiny_checkpoint: Path) -> None:
    whole = tiny_checkpoint.read_bytes()
    path = tmp_path / "cut.safetensors"
    for length in (1, 7, 8, 9, 100, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(GanvizError, match=str(path)):
            checkpoint.load(path)


def test_changed_weights_are_noticed(tmp_path: Path, tiny_checkpoint: Path) -> None:
    raw = bytearray(tiny_checkpoint.read_bytes())
    raw[-5] ^= 1
    path = tmp_path / "bad.safetensors"
    path.write_bytes(raw)
    with pytest.raises(GanvizError, match="checksum"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format 99"),
        ({"arch": "vae"}, "unknown architecture 'vae'"),
        ({"config": {"resolution": 17}}, "resolution: expected"),
        ({"config": {"resolution": 16, "wings": 2}}, "wings"),
        ({"spec": {"arch": "dcgan"}}, "description"),
        ({"card": 3}, "card: expected an object"),
    ],
    ids=["format", "arch", "resolution", "unknown field", "spec", "card"],
)
def test_a_wrong_header_is_one_clear_error(tmp_path: Path, tiny_checkpoint: Path, change: dict, words: str) -> None:
    header = {**header_of(tiny_checkpoint), **change}
    path = rewrite(tiny_checkpoint, tmp_path / "odd.safetensors", header=header)
    with pytest.raises(GanvizError, match=words) as caught:
        checkpoint.load(path)
    assert str(path) in str(caught.value)


def test_wrong_shapes_missing_and_left_over_tensors_are_named(tmp_path: Path, tiny_checkpoint: Path) -> None:
    wrong = rewrite(tiny_checkpoint, tmp_path / "a.safetensors", **{"convs.0.weight": np.zeros((2, 2), np.float32)})
    with pytest.raises(GanvizError, match=r"convs\.0\.weight has shape \(2, 2\), expected \(8, 16, 4, 4\)"):
        checkpoint.load(wrong)
    extra = rewrite(tiny_checkpoint, tmp_path / "b.safetensors", stray=np.zeros(2, np.float32))
    with pytest.raises(GanvizError, match="stray"):
        checkpoint.load(extra)


def test_a_configuration_that_claims_a_giant_takes_no_memory(tmp_path: Path, tiny_checkpoint: Path) -> None:
    header = header_of(tiny_checkpoint)
    header["config"] = {**header["config"], "base_channels": 65536, "max_channels": 65536}
    path = rewrite(tiny_checkpoint, tmp_path / "giant.safetensors", header=header)
    with pytest.raises(GanvizError, match="has shape"):
        checkpoint.load(path)


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    generator = Generator(DCGANConfig(resolution=16, base_channels=8, z_dim=6))
    with torch.no_grad():
        generator.convs[0].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(GanvizError, match="finite"):
        checkpoint.save(tmp_path / "nan.safetensors", generator, Card())
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    generator = Generator(DCGANConfig(resolution=16, base_channels=8, z_dim=6))
    with pytest.raises(GanvizError, match="does not exist"):
        checkpoint.save(tmp_path / "missing" / "x.safetensors", generator, Card())


def test_loading_a_checkpoint_does_not_import_the_compiler(tiny_checkpoint):
    code = (
        "import sys; from ganviz import checkpoint; checkpoint.load(sys.argv[1]); print('torch._dynamo' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tiny_checkpoint)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (np.zeros((8, 16, 4, 4), np.int32), "convs.0.weight has the type torch.int32"),
        (np.zeros((8, 16, 4, 4), bool), "convs.0.weight has the type torch.bool"),
        (np.full((8, 16, 4, 4), np.nan, np.float32), "not finite"),
    ],
    ids=["int32", "bool", "nan"],
)
def test_weights_of_another_type_or_not_finite_are_named(tmp_path, tiny_checkpoint, tensor, words: str) -> None:
    path = rewrite(tiny_checkpoint, tmp_path / "odd.safetensors", **{"convs.0.weight": tensor})
    with pytest.raises(GanvizError, match=words) as caught:
        checkpoint.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("change", [{"resolution": 16.0}, {"channels": 3.0}])
def test_a_configuration_of_the_wrong_types_is_one_clear_error(tmp_path: Path, tiny_checkpoint: Path, change) -> None:
    header = header_of(tiny_checkpoint)
    header["config"] = {**header["config"], **change}
    path = rewrite(tiny_checkpoint, tmp_path / "odd.safetensors", header=header)
    with pytest.raises(GanvizError, match=str(path)):
        checkpoint.load(path)


def test_a_checkpoint_is_as_readable_as_other_files(tmp_path: Path) -> None:
    generator = Generator(DCGANConfig(resolution=16, base_channels=8, z_dim=6))
    checkpoint.save(tmp_path / "x.safetensors", generator, Card())
    (tmp_path / "plain").touch()
    assert (tmp_path / "x.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


LOADED = """
import sys, torch
from ganviz.models import MODELS, build_generator
with torch.device("meta"):
    for arch in MODELS:
        build_generator(arch, {})
print([name for name in ("sympy", "torch.fx.experimental.symbolic_shapes") if name in sys.modules])
"""


def test_no_family_needs_torchs_compiler_to_be_built_before_its_weights_are_read() -> None:
    """Importing it takes longer than anything else in loading a model."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=500)
    assert done.stdout.strip() == "[]", done.stderr
