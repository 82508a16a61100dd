"""A device whose pictures are wrong is not used; that one is right is found out once."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ganviz import render, trust
from ganviz.models.dcgan import Generator
from ganviz.render import Renderer
from ganviz.trust import KEPT, Trust, key_of

Draws = Callable[[torch.Tensor], torch.Tensor]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def on_mps(tiny_checkpoint: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[Draws], Renderer]:
    """A function that gives a renderer of another start, on a device that draws what `draws` makes of a picture."""
    right = Renderer("cpu").load(tiny_checkpoint)
    load = render.checkpoint.load

    def start(draws: Draws) -> Renderer:
        class Elsewhere(Generator):
            """A generator that is on another device, as far as it says."""

            device = torch.device("mps")

            def forward(self, z, *conditions):
                looks.append("device")
                return draws(right(z))

        def pretended(path, device):
            made = load(path, "cpu")
            if device == "mps":
                made.__class__ = Elsewhere
            return made

        monkeypatch.setattr(render.checkpoint, "load", pretended)
        renderer = Renderer("cpu", tell=said.append)
        renderer.device = "mps"
        renderer.keep_measurements()
        return renderer

    looks: list[str] = []
    start.looks = looks  # type: ignore[attr-defined]
    return start


def same(image: torch.Tensor) -> torch.Tensor:
    return image


def full(image: torch.Tensor) -> torch.Tensor:
    raise torch.OutOfMemoryError("out of memory")


def broken(image: torch.Tensor) -> torch.Tensor:
    raise NotImplementedError("not implemented for 'MPS'")


@pytest.mark.parametrize(
    ("draws", "words"),
    [
        (same, ""),
        (lambda image: image + 1e-4, ""),
        (full, ""),
        (torch.zeros_like, "its picture is another one"),
        (lambda image: image * float("nan"), "its picture is another one"),
        (broken, "not implemented for 'MPS'"),
    ],
    ids=["right", "nearly right", "memory is full", "grey", "not a number", "cannot"],
)
def test_a_device_whose_pictures_are_wrong_is_not_used(on_mps, draws: Draws, words: str, tiny_checkpoint, said) -> None:
    generator = on_mps(draws).load(tiny_checkpoint)
    assert (generator.device.type == "cpu") == bool(words)
    assert len(said) == bool(words) and all(words in line and "mps cannot be trusted" in line for line in said)


def test_that_a_device_is_right_is_found_out_once(on_mps, tiny_checkpoint: Path) -> None:
    on_mps(same).load(tiny_checkpoint)
    again = on_mps(same)
    assert again.load(tiny_checkpoint).device.type == "mps"
    assert on_mps.looks == ["device"]


def test_within_a_run_it_is_remembered_where_no_file_can_be(on_mps, tiny_checkpoint: Path, home: Path) -> None:
    (home / "cache" / "trust.json").mkdir(parents=True)
    renderer = on_mps(same)
    for _ in range(2):
        renderer.load(tiny_checkpoint)
        renderer._models.clear()  # as where others need the memory
    assert on_mps.looks == ["device"]


@pytest.mark.parametrize("draws", [torch.zeros_like, full, broken])
def test_a_device_that_was_not_right_is_looked_at_again(on_mps, draws: Draws, tiny_checkpoint: Path) -> None:
    on_mps(draws).load(tiny_checkpoint)
    assert on_mps(same).load(tiny_checkpoint).device.type == "mps"
    assert on_mps.looks == ["device"] * 2


def test_another_network_or_driver_is_looked_at(
    on_mps, tiny_checkpoint: Path, tiny_conditional: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_mps(same).load(tiny_checkpoint)
    on_mps(same).load(tiny_conditional)
    assert len(on_mps.looks) == 2
    monkeypatch.setattr(trust.platform, "platform", lambda: "macOS-99")  # which MPS comes with
    on_mps(same).load(tiny_checkpoint)
    assert len(on_mps.looks) == 3


def test_a_gpu_is_known_by_its_name_its_libraries_and_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "version"
    monkeypatch.setattr(trust, "DRIVERS", (str(driver), str(tmp_path / "none")))
    keys = [key_of("ab", "mps")]
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    name = "Card 1"
    keys.append(key_of("ab", "cuda"))
    name = "Card 2"
    keys.append(key_of("ab", "cuda"))
    driver.write_text("NVRM version: 550.1\nGCC version: 12\n")
    keys.append(key_of("ab", "cuda"))
    monkeypatch.setattr(torch.version, "cuda", "99.1")
    keys.append(key_of("ab", "cuda"))
    monkeypatch.setattr(torch, "__version__", "99.2")
    keys.append(key_of("ab", "cuda"))
    keys.append(key_of("cd", "cuda"))
    assert len(set(keys)) == len(keys)
    assert "Card 2" in keys[-1] and "550.1" in keys[-1]


@pytest.mark.parametrize("damaged", [b"", b"[1]", b'{"right": 3}', b'{"right": null}', b"\xff", b"[" * 100_000])
def test_a_damaged_file_remembers_nothing(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(damaged)
    known = Trust(path)
    assert not known.holds("3")
    known.note("a model on a device")
    assert Trust(path).holds("a model on a device")


def test_those_looked_at_last_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    known = Trust(path)
    for k in range(KEPT + 1):
        known.note(str(k))
    again = Trust(path)
    assert again.holds(str(KEPT)) and again.holds("1") and not again.holds("0")
