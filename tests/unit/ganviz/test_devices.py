import math

import numpy as np
import pytest
import torch

from ganviz import devices
from ganviz.devices import decibels, is_out_of_memory, lowered, pick_device, preview_dtype
from ganviz.errors import GanvizError
from ganviz.models.base import StagedGenerator
from ganviz.models.dcgan import DCGANConfig, Generator


@pytest.fixture
def generator() -> StagedGenerator:
    torch.manual_seed(0)
    made = Generator(DCGANConfig(resolution=16, base_channels=8, z_dim=6))
    for parameter in made.parameters():
        parameter.data.mul_(10 if parameter.ndim > 1 else 1)
    return made.eval().requires_grad_(False)


def test_a_device_that_is_not_there_is_said_in_one_line() -> None:
    with pytest.raises(GanvizError, match=r"device cuda: expected auto, cpu, or a cuda or mps that works here"):
        pick_device("cuda")
    assert pick_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("device", "able", "expected"),
    [
        ("cpu", {"avx512_bf16": True}, torch.bfloat16),
        ("cpu", {"amx_bf16": True}, torch.bfloat16),
        ("cpu", {"avx512_f": True}, torch.float32),
        ("mps", {}, torch.float16),
        ("cuda", {"bf16": True}, torch.bfloat16),
        ("cuda:1", {"bf16": False}, torch.float16),
    ],
)
def test_previews_have_the_precision_that_the_device_is_quick_in(
    device: str, able: dict[str, bool], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: able["bf16"])
    assert preview_dtype(device) == expected


def test_a_twin_stands_for_its_generator(generator: StagedGenerator) -> None:
    twin = lowered(generator, torch.bfloat16)
    z = torch.randn(2, 6)
    assert torch.equal(twin.mapping(z), generator.mapping(z))
    assert twin.spec is generator.spec and twin.device == generator.device
    assert not any(parameter.requires_grad for parameter in twin.parameters())


def test_decibels_tell_a_grey_picture_from_a_right_one(generator: StagedGenerator) -> None:
    image = generator(torch.randn(1, 6))
    assert decibels(image, image) == math.inf
    assert decibels(image + 0.01, image) == pytest.approx(46.02, abs=0.01)
    assert decibels(torch.zeros_like(image), image) < 20
    assert decibels(image * math.nan, image) == -math.inf


def test_what_is_out_of_memory_is_told_from_other_errors() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"))
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_device_is_described_by_what_its_times_depend_on() -> None:
    said = devices.describe("cpu")
    assert said.startswith("cpu: ") and f"{torch.get_num_threads()} threads" in said and torch.__version__ in said


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (2, 3, 300, 201), (1, 1, 520, 520), (1, 3, 1, 400_000)])
def test_pixels_are_the_same_whether_they_are_made_at_once_or_in_parts(shape: tuple[int, ...]) -> None:
    image = torch.linspace(-1.2, 1.2, math.prod(shape)).view(shape)
    levels = np.clip(np.round((image.numpy() + np.float32(1)) * np.float32(127.5)), 0, 255).astype(np.uint8)
    pixels = devices.to_pixels(image)
    assert pixels.flags.c_contiguous and pixels.flags.writeable
    assert np.array_equal(pixels, levels.transpose(0, 2, 3, 1))
