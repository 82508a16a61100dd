import math
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from ganviz import latent
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed, Slerp, Sum, Vector
from ganviz.models import build_generator
from ganviz.models.base import StagedGenerator, State
from ganviz.recipe import Recipe
from ganviz.spec import Code, Layer, Spec


class Mapping(StagedGenerator):
    """A mapping network made small: w = 2 z + 1 for each of three style inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(2.0), requires_grad=False)
        self.spec = Spec("fake", 4, 4, 3, 8, 1, truncation="w", layers=(Layer("8x8", 8, 1, (0, 1, 2)),))

    def mapping(self, z, label=None, codes=None):
        return (self.scale * z + 1)[:, None].expand(-1, 3, -1)

    def start(self, w):
        return State(w.mean((1, 2))[:, None, None, None].expand(-1, 1, 8, 8))

    def step(self, k, state, w, noise="const"):
        return state

    def image(self, state):
        return state.x


@pytest.fixture
def dcgan():
    torch.manual_seed(0)
    return build_generator("dcgan", {"resolution": 16, "base_channels": 8, "z_dim": 6, "num_classes": 2}).eval()


def test_seeds_are_those_of_the_stylegan_tools() -> None:
    z = latent.seeds([0, 4294967295], 5)
    assert z.dtype == torch.float32 and z.shape == (2, 5)
    assert z[0].tolist() == np.random.RandomState(0).randn(5).astype(np.float32).tolist()
    assert z[0, 0].item() == pytest.approx(1.764052, abs=1e-6)
    assert latent.seeds(iter([]), 5).shape == (0, 5)


def test_a_seed_is_the_same_after_any_other() -> None:
    expected = np.random.RandomState(8).randn(5).astype(np.float32).tolist()
    latent.seeds([1, 2], 3)  # an odd number of draws: the stream has another one in hand
    assert latent.seeds([8], 5)[0].tolist() == expected


def test_threads_do_not_draw_from_each_other_s_streams() -> None:
    numbers = range(400)
    expected = [np.random.RandomState(number).randn(7).astype(np.float32).tolist() for number in numbers]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            drawn = list(pool.map(lambda _: latent.seeds(numbers, 7).tolist(), range(8)))
    finally:
        sys.setswitchinterval(before)
    assert all(z == expected for z in drawn)


def test_entries_beyond_the_bound_are_drawn_anew_from_the_same_stream() -> None:
    plain, cut = latent.seeds([3], 64)[0], latent.seeds([3], 64, within=0.8)[0]
    inside = plain.abs() <= 0.8
    assert 0 < inside.sum() < 64
    assert (cut[inside] == plain[inside]).all() and cut.abs().max() <= 0.8
    assert (cut[~inside] != plain[~inside].clamp(-0.8, 0.8)).all(), "drawn anew, not cut off"
    stream = np.random.RandomState(3)
    stream.randn(64)
    first = stream.randn(int((~inside).sum())).astype(np.float32)
    kept = np.abs(first) <= 0.8
    assert (cut[~inside].numpy()[kept] == first[kept]).all()
    assert (latent.seeds([3], 64, within=100)[0] == plain).all()
    assert latent.seeds([3], 512, within=0.01).abs().max() <= 0.01


def test_a_bounded_seed_stays_bounded_on_the_seed_plane() -> None:
    moved = Seed(10, within=1.0).moved(0.5, 0)
    spec = Spec("x", 16, 16, 1, 16, 1)
    a, b = (latent.seeds([seed], 16, within=1.0) for seed in (10, 11))
    assert latent.z_of(moved, spec)[0].tolist() == pytest.approx(((a + b) / 2**0.5)[0].tolist(), abs=1e-5)


def test_class_and_categories_follow_z_in_the_same_stream() -> None:
    codes = (Code("digit", "categorical", 10), Code("slant", "continuous"))
    spec = Spec("x", 7, 7, 1, 16, 1, num_classes=5, codes=codes)
    stream = np.random.RandomState(3)
    stream.randn(7)
    expected = stream.randint(5), {"digit": stream.randint(10)}
    assert latent.conditions_of_seed(3, spec) == expected


@pytest.mark.parametrize("mix", [latent.lerp, latent.slerp])
def test_interpolation_is_exact_at_its_ends(mix) -> None:
    a, b = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mix(a, b, 0), a) and torch.equal(mix(a, b, 1), b)


def test_slerp_turns_evenly_and_keeps_the_length() -> None:
    a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    third = latent.slerp(a, b, 1 / 3)
    length = 2 + 2 / 3
    expected = torch.tensor([[math.cos(math.pi / 6), math.sin(math.pi / 6)]]) * length
    assert torch.allclose(third, expected, atol=1e-5)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_slerp_of_parallel_latents_is_linear_and_finite(factor: float) -> None:
    a = torch.randn(100, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(latent.slerp(a, factor * a, 0.25), (0.75 + 0.25 * factor) * a, atol=1e-4)


def test_truncation_without_a_mapping_moves_the_noise_alone(dcgan) -> None:
    w = dcgan.mapping(torch.randn(2, 6), torch.eye(2))
    moved = latent.truncate(w, dcgan, 0.5)
    assert torch.equal(moved[..., :6], w[..., :6] / 2) and torch.equal(moved[..., 6:], w[..., 6:])
    assert torch.equal(latent.truncate(w, dcgan, 1), w)
    assert torch.equal(latent.truncate(w, dcgan, 0)[0, :, :6], torch.zeros(1, 6))


def test_truncation_pulls_the_first_style_inputs_towards_the_mean() -> None:
    net = Mapping()
    mean, _ = latent.w_statistics(net)
    w = net.mapping(torch.randn(2, 4))
    moved = latent.truncate(w, net, 0.25, cutoff=2)
    assert torch.allclose(moved[:, :2], mean[:2] + 0.25 * (w[:, :2] - mean[:2]))
    assert torch.equal(moved[:, 2], w[:, 2])
    assert torch.allclose(latent.truncate(w, net, 0), mean.expand_as(w), atol=1e-6)


def test_expressions_in_z_are_what_their_names_say(dcgan) -> None:
    spec = dcgan.spec
    a, b = latent.seeds([1, 2], 6)[:, None]
    cases = [
        (Seed(1), a),
        (Mean((Seed(1), Seed(2))), (a + b) / 2),
        (Sum(((1.0, Seed(1)), (-2.0, Seed(2)))), a - 2 * b),
        (Lerp(Seed(1), Seed(2), 0.25), a + 0.25 * (b - a)),
        (Slerp(Seed(1), Seed(2), 0.25), latent.slerp(a, b, 0.25)),
        (Offset(Seed(1), ((2, 1.5),)), a + 1.5 * torch.eye(6)[2]),
        (Vector.of(np.arange(6.0)), torch.arange(6.0)[None]),
        (Mapped(Seed(1)), a),
    ]
    for expression, expected in cases:
        assert torch.allclose(latent.z_of(expression, spec), expected, atol=1e-6), expression


def test_a_point_of_the_plane_is_as_long_as_its_corners(dcgan) -> None:
    corners = latent.seeds([7, 8, 107, 108], 6)
    weights = torch.tensor([0.75 * 0.5, 0.25 * 0.5, 0.75 * 0.5, 0.25 * 0.5])
    expected = (weights[:, None] * corners).sum(0, keepdim=True) / weights.norm()
    assert torch.allclose(latent.z_of(Seed(7, 0.25, 0.5), dcgan.spec), expected, atol=1e-6)


def test_with_a_mapping_the_plane_and_mixed_parts_are_blended_in_w() -> None:
    net = Mapping()
    w1, w2 = (net.mapping(latent.seeds([k], 4)) for k in (1, 2))
    cases = [
        (Seed(1, 0.25, 0.0), 0.75 * w1 + 0.25 * w2),
        (Mean((Mapped(Seed(1)), Seed(2))), (w1 + w2) / 2),
        (Mean((Seed(1), Seed(2))), net.mapping(latent.seeds([1, 2], 4).mean(0, keepdim=True))),
        (Vector.of(np.ones(4), "w"), torch.ones(1, 3, 4)),
        (Vector.of(np.ones((3, 4)), "w"), torch.ones(1, 3, 4)),
        (Vector.of(np.ones(4), "z"), net.mapping(torch.ones(1, 4))),
    ]
    for expression, expected in cases:
        assert torch.allclose(latent.w_of(Recipe("m", expression), net), expected, atol=1e-5), expression


def test_an_offset_in_w_is_in_standard_deviations() -> None:
    net = Mapping()
    moved = latent.w_of(Recipe("m", Offset(Mapped(Seed(1)), ((2, 1.0),))), net) - net.mapping(latent.seeds([1], 4))
    assert torch.allclose(moved[0, :, 2], torch.tensor(2.0), atol=0.1), "w = 2 z + 1 has a deviation of 2"
    assert moved[..., [0, 1, 3]].abs().max() == 0


def test_conditions_that_do_not_fit_are_refused(dcgan) -> None:
    for wrong in (
        Recipe("m", label=(1.0,)),
        Recipe("m", codes=(("x", (1.0,)),)),
        Recipe("m", Offset(Seed(1), ((6, 1.0),))),
    ):
        with pytest.raises(ValueError, match=r"label|code|offset"):
            latent.w_of(wrong, dcgan)
