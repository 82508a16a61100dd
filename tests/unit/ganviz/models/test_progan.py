import math

import torch
from torch.nn import functional as F

from ganviz import latent
from ganviz.expression import Lerp, Offset, Seed, Vector
from ganviz.models.layers import pixel_norm
from ganviz.models.progan import Generator, ProGANConfig
from ganviz.recipe import Recipe

SMALL = ProGANConfig(resolution=16, z_dim=6, base_channels=4, max_channels=8, num_classes=2)


def test_the_paper_has_512_maps_at_most_and_16_at_1024() -> None:
    with torch.device("meta"):
        generator = Generator(ProGANConfig(resolution=1024, base_channels=16))
    assert [layer.channels for layer in generator.spec.layers[::2]] == [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert 23.0e6 < sum(parameter.numel() for parameter in generator.parameters()) < 23.2e6  # 23.1 million, table 2


def test_the_first_layer_is_dense_with_a_quarter_of_the_usual_gain() -> None:
    torch.manual_seed(0)
    generator = Generator(SMALL).eval()
    w = generator.mapping(torch.randn(2, 6))
    state = generator.step(0, generator.start(w), w)
    # As a dense layer: sqrt 2 / 4 over the root of the inputs; the kernel is read backwards by a padded convolution.
    weight = generator.convs[0].weight.flip(2, 3) * math.sqrt(2) / (4 * math.sqrt(8))
    dense = torch.einsum("ni,oihw->nohw", w[:, 0], weight) + generator.convs[0].bias[:, None, None]
    assert torch.allclose(state.x, pixel_norm(F.leaky_relu(dense, 0.2)), atol=1e-5)


def test_w_is_the_noise_on_the_sphere_with_the_label_behind_it() -> None:
    generator = Generator(SMALL)
    w = generator.mapping(3 * torch.randn(4, 6), torch.eye(2)[[0, 1, 1, 0]])
    assert torch.allclose(w[:, 0, :6].square().mean(dim=1), torch.ones(4), atol=1e-5)
    assert torch.equal(w[:, 0, 6:], torch.eye(2)[[0, 1, 1, 0]])


def test_the_seed_plane_is_blended_in_w() -> None:
    generator = Generator(SMALL).eval()
    corners = generator.mapping(latent.seeds([7, 8, 107, 108], 6))[:, 0, :6]
    weights = torch.tensor([0.75 * 0.5, 0.25 * 0.5, 0.75 * 0.5, 0.25 * 0.5])
    w = latent.w_of(Recipe("m", Seed(7, 0.25, 0.5), label=(0.0, 1.0)), generator)
    expected = (weights[:, None] * corners).sum(dim=0) / weights.norm()
    assert torch.allclose(w[0, 0, :6], expected, atol=1e-6)
    assert w[0, 0, 6:].tolist() == [0.0, 1.0], "conditions are not blended"


def test_expressions_are_combined_in_w_too_so_that_nothing_jumps() -> None:
    generator = Generator(SMALL).eval()

    def noise(expression):
        return latent.w_of(Recipe("m", expression), generator)[0, 0, :6]

    place = Seed(7, 0.25, 0.5)
    assert torch.allclose(noise(Lerp(place, Seed(1), 1e-6)), noise(place), atol=1e-5)
    assert torch.allclose(noise(Offset(place, ((2, 1e-6),))), noise(place), atol=1e-5)
    assert torch.allclose(noise(Seed(7)), generator.mapping(latent.seeds([7], 6))[0, 0, :6])
    raw = latent.seeds([7], 6)[0].numpy()
    assert torch.allclose(noise(Vector.of(raw)), noise(Seed(7)))
    kept = generator.mapping(latent.seeds([7], 6))[0]
    assert torch.allclose(noise(Vector.of(0.5 * kept.detach().numpy(), "w")), 0.5 * noise(Seed(7)))


def test_truncation_scales_towards_the_mean_latent() -> None:
    generator = Generator(SMALL).eval()
    w = generator.mapping(torch.randn(3, 6))
    half, none = latent.truncate(w, generator, 0.5), latent.truncate(w, generator, 0.0)
    assert torch.equal(half[..., :6], 0.5 * w[..., :6]) and torch.equal(half[..., 6:], w[..., 6:])
    images = generator.synthesis(none)
    assert torch.allclose(images, images[:1].expand_as(images), atol=1e-6)


def test_generators_from_elsewhere_differ_where_they_say_so() -> None:
    torch.manual_seed(0)
    sizes = {"resolution": 8, "z_dim": 6, "widths": [5, 4], "num_classes": 3}
    z, label = torch.randn(2, 6), torch.eye(3)[[0, 2]]
    plain = Generator(ProGANConfig(**sizes)).eval()
    before = Generator(ProGANConfig(**sizes, pixel_norm="before", output="tanh")).eval()
    before.load_state_dict(plain.state_dict())
    x = plain.convs[0](torch.cat([pixel_norm(z), label], dim=1)[:, :, None, None])
    state = before.step(0, before.start(before.mapping(z, label)), before.mapping(z, label))
    assert torch.allclose(state.x, F.leaky_relu(pixel_norm(x), 0.2), atol=1e-6)
    assert torch.allclose(
        before.image(state_of(before, z, label)),
        torch.tanh(before.to_rgb["8"](state_of(before, z, label).x)),
        atol=1e-6,
    )
    whole = Generator(ProGANConfig(**sizes, normalised="all", first_bias="element")).eval()
    w = whole.mapping(z, label)
    assert torch.allclose(w[:, 0], pixel_norm(torch.cat([z, label], dim=1)), atol=1e-6)
    torch.nn.init.normal_(whole.first_bias)
    moved = whole.convs[0](w[:, 0, :, None, None]) + whole.first_bias
    assert torch.allclose(whole.step(0, whole.start(w), w).x, pixel_norm(F.leaky_relu(moved, 0.2)), atol=1e-6)


def state_of(generator: Generator, z: torch.Tensor, label: torch.Tensor):
    w = generator.mapping(z, label)
    state = generator.start(w)
    for k in range(len(generator.spec.layers)):
        state = generator.step(k, state, w)
    return state
