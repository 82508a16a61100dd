"""What torch, pickle and safetensors write comes back as the same numbers, with nothing imported on the way."""

import argparse
import collections
import gzip
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganviz.errors import GanvizError
from ganviz.importers.inert import Array, Record
from ganviz.importers.reader import read


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Linear(2, 3)))


def same(found: dict[str, Array], wanted: dict[str, torch.Tensor]) -> bool:
    return list(found) == list(wanted) and all(
        np.array_equal(found[name].numpy(), value.numpy()) and found[name].shape == value.shape
        for name, value in wanted.items()
    )


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("whole", [True, False], ids=["module", "state dict"])
def test_both_forms_of_torch_save_read_back(tmp_path: Path, net, zipped: bool, whole: bool) -> None:
    torch.save(net if whole else net.state_dict(), tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    source = read(tmp_path / "a.pth")
    assert source.kind == ("zip" if zipped else "legacy") and source.wants == ()
    assert same(source.network(""), net.state_dict())


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_views_types_and_what_trainings_keep_beside_the_weights(tmp_path: Path, zipped: bool) -> None:
    big = torch.randn(4, 5)
    tree = {
        "turned": torch.randn(3, 4).t(),
        "part": big[1:3, 2:],
        "rest": big,
        "bfloat16": torch.randn(3).bfloat16(),
        "half": torch.randn(3).half(),
        "whole": torch.arange(3),
        "parameter": nn.Parameter(torch.randn(2)),
        "empty": torch.zeros(0, 3),
        "arguments": argparse.Namespace(size=256),
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "type": torch.float32,
        "optimiser": {
            "state": {0: {"exp_avg": torch.randn(2)}},
            "param_groups": [{"betas": (0.9, 0.999), "params": [0]}],
        },
    }
    torch.save(tree, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    source = read(tmp_path / "a.pt")
    assert source.wants == ()
    for name in ("turned", "part", "rest", "half", "whole", "parameter", "empty"):
        assert np.array_equal(source.tree[name].numpy(), tree[name].detach().numpy()), name
    assert np.array_equal(source.tree["bfloat16"].numpy(), tree["bfloat16"].float().numpy())
    assert source.tree["arguments"].fields() == {"size": 256} and source.tree["size"] == (1, 2)
    assert source.tree["optimiser"]["param_groups"][0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    plain = {
        "set": {1},
        "tuple": (1, 2, (3,), 4, 5),
        "numbers": [0, 255, 256, -5, 1 << 40, 10**30, 1.5, True, None],
        "texts": ["ä \n'q\\", "both \" and '", "x" * 300],
        "bytes": b"\x00\xff" * 10,
        "ordered": collections.OrderedDict(a=1),
        "scalar": np.float32(2.5),
    }
    shared: list = [1]
    plain["shared"] = [shared, shared]
    arrays = {
        "rows": np.arange(6.0).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
        "swapped": np.arange(3, dtype=">f4"),
        "long": np.random.RandomState(0).randn(100, 300),
    }
    tensors = {"tensor": torch.randn(3, 3), "parameter": nn.Parameter(torch.randn(2))}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({**plain, **arrays, **tensors}, protocol))
    tree = read(tmp_path / "a.pkl").tree
    assert {name: tree[name] for name in plain} == {**plain, "set": [1]}
    assert tree["shared"][0] is tree["shared"][1]
    for name, value in {**arrays, **tensors}.items():
        found = tree[name].numpy()
        assert np.array_equal(found, np.asarray(value.detach() if name in tensors else value)), name


def test_strings_of_python_2_are_texts_or_bytes(tmp_path: Path) -> None:
    array = np.arange(3, dtype=np.float32)
    parts = [b"\x80\x02}(U\x04nameU\x05G_emaU\x01wcnumpy.core.multiarray\n_reconstruct\n"]
    parts += [b"(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01K\x03\x85cnumpy\ndtype\n(U\x02f4K\x00K\x01tR"]
    parts += [b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x0c", array.tobytes(), b"tbu."]
    (tmp_path / "a.pkl").write_bytes(b"".join(parts))
    tree = read(tmp_path / "a.pkl").tree
    assert tree["name"] == "G_ema" and np.array_equal(tree["w"].numpy(), array)


def test_safetensors_and_gzip(tmp_path: Path, net) -> None:
    weights = {**net.state_dict(), "b": torch.randn(3).bfloat16()}
    save_file(weights, tmp_path / "a.safetensors")
    tree = read(tmp_path / "a.safetensors").tree
    assert set(tree) == set(weights)
    assert np.array_equal(tree["0.weight"].numpy(), weights["0.weight"].numpy())
    assert np.array_equal(tree["b"].numpy(), weights["b"].float().numpy())
    torch.save(net.state_dict(), tmp_path / "a.pth")
    (tmp_path / "a.pth.gz").write_bytes(gzip.compress((tmp_path / "a.pth").read_bytes()))
    assert same(read(tmp_path / "a.pth.gz").network(""), net.state_dict())


def test_a_leading_module_of_dataparallel_is_taken_off(tmp_path: Path, net) -> None:
    torch.save(nn.DataParallel(net).state_dict(), tmp_path / "a.pth")
    assert same(read(tmp_path / "a.pth").network(""), net.state_dict())


def test_modules_of_unknown_classes_read_without_their_source(tmp_path: Path, monkeypatch) -> None:
    home = types.ModuleType("model")
    exec("class Generator(__import__('torch').nn.Module):\n    pass", home.__dict__)
    monkeypatch.setitem(sys.modules, "model", home)
    generator = home.Generator()
    generator.__module__ = "model"
    type(generator).__module__ = "model"
    generator.conv = nn.Conv2d(2, 2, 1)
    generator.register_buffer("kept", torch.ones(2))
    generator.register_buffer("dropped", torch.ones(2), persistent=False)
    torch.save({"g": generator}, tmp_path / "a.pth")
    wanted = generator.state_dict()
    monkeypatch.delitem(sys.modules, "model")
    source = read(tmp_path / "a.pth")
    assert source.wants == ("model.Generator",)
    assert isinstance(source.tree["g"], Record) and source.tree["g"].name == "model.Generator"
    assert same(source.network("g"), wanted)


class Old:
    """A tensor as early versions of torch pickled it: by a call and a state that are no longer used."""

    def __init__(self, kind: str, tensor: torch.Tensor) -> None:
        self.kind, self.tensor = kind, tensor

    def __reduce_ex__(self, protocol: int) -> tuple:
        if self.kind == "variable":  # 0.2 and 0.3
            return nn.Parameter, (self.tensor,), (True, False, None)
        state = (self.tensor.untyped_storage(), 0, tuple(self.tensor.shape), self.tensor.stride())
        state = (torch.storage.TypedStorage(wrap_storage=state[0], dtype=torch.float32, _internal=True), *state[1:])
        return torch.FloatTensor, (), state  # 0.1


@pytest.mark.parametrize("kind", ["variable", "tensor"])
def test_tensors_of_the_first_versions_of_torch(tmp_path: Path, kind: str) -> None:
    tensor = torch.randn(2, 3)
    torch.save({"w": Old(kind, tensor)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    source = read(tmp_path / "a.pth")
    assert np.array_equal(source.tree["w"].numpy(), tensor.numpy()) and source.wants == ()


def test_object_arrays_are_refused_when_their_numbers_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": np.array([{}, []], dtype=object)}))
    with pytest.raises(GanvizError, match="kind 'O8'"):
        read(tmp_path / "a.pkl").tree["w"].numpy()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "LFS"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"hello, this is text", "unknown"),
    ],
)
def test_other_files_are_called_by_their_name(tmp_path: Path, start: bytes, words: str) -> None:
    (tmp_path / "a").write_bytes(start)
    source = read(tmp_path / "a")
    assert source.kind == "other" and words in source.what and source.tree is None


def test_a_file_that_is_not_there_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(GanvizError, match=r"a\.pth: cannot be read"):
        read(tmp_path / "a.pth")
    (tmp_path / "a.pth").touch()
    with pytest.raises(GanvizError, match=r"a\.pth: the file is empty"):
        read(tmp_path / "a.pth")
