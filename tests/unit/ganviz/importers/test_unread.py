"""Formats that are known but not read are called by their names."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from ganviz.errors import GanvizError
from ganviz.importers.conversion import recognise
from ganviz.importers.reader import read

ONE = torch.zeros(4, 4)
CONV = torch.zeros(4, 4, 3, 3)
FORMATS: dict[str, tuple[Any, str]] = {
    "lucidrains": ({"GAN": {"GE.initial_conv.weight": CONV, "SE.net.0.weight": ONE}, "version": "1.8"}, "lucidrains'"),
    "mmgeneration": ({"meta": {}, "state_dict": {"generator_ema.constant_input.const": ONE}}, "mmgeneration"),
    "akanimax": ({"shadow_generator": {"conf": {"depth": 3}, "state_dict": {"a": ONE}}}, "akanimax'"),
    "ajbrock": ({"linear.weight": ONE, "blocks.0.0.conv1.u0": ONE}, "ajbrock's"),
    "r3gan": ({"G_ema": {"Model.MainLayers.0.Layers.0.Basis": ONE}}, "R3GAN"),
    "swagan": (
        {
            "g_ema": {f"{name}.weight": CONV for name in ("conv1.conv.modulation", "to_rgb1.conv", "style.1")}
            | {"iwt.ll": ONE, "input.input": CONV}
        },
        "SWAGAN",
    ),
    "zoo stylegan": ({"avgG": {"mean_w": ONE, "adain00.styleModulator.module.weight": ONE}}, "pytorch_GAN_zoo"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    tree, words = FORMATS[name]
    torch.save(tree, tmp_path / "a.pth")
    with pytest.raises(GanvizError, match=words) as caught:
        recognise(read(tmp_path / "a.pth"))
    assert "which is not read" in str(caught.value) and "a.pth" in str(caught.value)


def test_pickles_of_the_tensorflow_era_are_named(tmp_path: Path, layouts) -> None:
    class Network:
        pass

    networks = tuple(Network() for _ in range(3))
    for network in networks:
        network.__dict__.update(version=4, static_kwargs={}, variables=[("4x4/Const/const", ONE.numpy())])
    with layouts.pretended("dnnlib.tflib.network", Network=Network):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps(networks))
    with pytest.raises(GanvizError, match=r"TensorFlow-era pickle .*legacy\.py"):
        recognise(read(tmp_path / "a.pkl"))
