"""Every family keeps the contract; families join by a line in MODELS."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from ganviz import checkpoint
from ganviz.devices import decibels, lowered
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.models import MODELS, build_generator, resolve
from ganviz.models.base import ScaledNoise, check_shape
from ganviz.models.dcgan import DCGANConfig, Discriminator, Generator
from ganviz.recipe import ModelRef, Recipe
from ganviz.render import Renderer
from ganviz.spec import Card

STYLES = {"resolution": 16, "z_dim": 6, "w_dim": 5, "mapping_layers": 2, "base_channels": 4, "max_channels": 8}
SMALL = {
    "dcgan": {"resolution": 16, "base_channels": 8, "z_dim": 6, "num_classes": 3},
    "infogan": {"resolution": 16, "base_channels": 8, "z_dim": 6, "fc_channels": 12, "categorical": (3, 2)},
    "progan": {"resolution": 16, "base_channels": 4, "max_channels": 8, "z_dim": 6, "num_classes": 3},
    "stylegan": {**STYLES, "num_classes": 3},
    "stylegan2": {**STYLES, "num_classes": 3},
    "stylegan3": {
        **{"resolution": 16, "z_dim": 6, "w_dim": 5, "num_classes": 3, "num_layers": 4, "margin": 4},
        **{"channel_base": 64, "channel_max": 8},
    },
    "biggan": {
        **{"widths": (16, 16, 8), "z_dim": 6, "num_classes": 3, "embedding": 4, "attention": 8, "reduction": 2},
        "statistics": 5,
    },
    "mobilestylegan": {"widths": (8, 12, 6), "z_dim": 6, "w_dim": 5, "mapping_layers": 2},
}


@pytest.fixture(params=MODELS)
def generator(request: pytest.FixtureRequest):
    torch.manual_seed(0)
    # Where nothing normalises activations, wild weights draw pictures that are black and white alone.
    amount = 0.1 if request.param in ("mobilestylegan", "biggan") else 0.3
    return shaken(build_generator(request.param, SMALL[request.param]), amount).eval()


def shaken(generator, amount: float = 0.3):
    """Weights that are zero at first, strengths of noise and biases, moved, so that nothing is tested at 0 alone."""
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(amount * torch.randn_like(parameter))
    return generator


def conditions_of(generator, index: int, count: int) -> dict:
    """Class or category `index` as arguments of `mapping`."""
    spec = generator.spec
    arguments: dict = {}
    if spec.num_classes:
        arguments["label"] = torch.eye(spec.num_classes)[[index] * count]
    if spec.codes:
        arguments["codes"] = {
            code.name: torch.eye(code.size)[[index] * count] if code.kind == "categorical" else torch.zeros(count, 1)
            for code in spec.codes
        }
    return arguments


def test_mapping_and_synthesis_have_the_shapes_that_the_spec_says(generator) -> None:
    spec = generator.spec
    w = generator.mapping(torch.randn(2, spec.z_dim))
    assert w.shape == (2, spec.num_ws, spec.w_dim)
    image = generator.synthesis(w)
    assert image.shape == (2, spec.channels, spec.resolution, spec.resolution)
    assert image.dtype == torch.float32 and image.abs().max() <= 1


def test_stages_add_up_to_synthesis_and_describe_themselves(generator) -> None:
    w = generator.mapping(torch.randn(2, generator.spec.z_dim))
    state = generator.start(w)
    for k, layer in enumerate(generator.spec.layers):
        state = generator.step(k, state, w, "const")
        assert state.x.shape == (2, layer.channels, layer.resolution, layer.resolution)
    assert torch.equal(generator.image(state), generator.synthesis(w))


@pytest.mark.parametrize(("dtype", "least"), [(torch.float32, 100), (torch.bfloat16, 36), (torch.float16, 50)], ids=str)
def test_a_lowered_twin_draws_the_same_picture(generator, dtype: torch.dtype, least: float) -> None:
    for module in generator.modules():  # a fresh batch norm's statistics would fold to nothing
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 2)
    w = generator.mapping(torch.randn(2, generator.spec.z_dim))
    twin = lowered(generator, dtype)
    with torch.inference_mode():
        for noise in ("const", "none", 5, ScaledNoise("const", 2.0)):
            image = twin.synthesis(w, noise)
            assert image.dtype == torch.float32
            assert decibels(image, generator.synthesis(w, noise)) >= least
        state = twin.begin(w)
        for k in range(len(twin.spec.layers)):
            state = twin.step(k, state, w, change=lambda x: x)
        assert torch.equal(twin.image(state), twin.synthesis(w))


def test_a_twin_leaves_its_generator_as_it_was(generator) -> None:
    w = generator.mapping(torch.randn(2, generator.spec.z_dim))
    before = generator.synthesis(w)
    kept = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    with torch.inference_mode():
        lowered(generator, torch.bfloat16).synthesis(w)
    assert torch.equal(generator.synthesis(w), before)
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, kept[name]) and tensor.dtype == kept[name].dtype


def test_what_is_left_out_is_class_and_category_zero(generator) -> None:
    z = torch.randn(2, generator.spec.z_dim)
    assert torch.equal(generator.mapping(z), generator.mapping(z, **conditions_of(generator, 0, 2)))
    if generator.spec.num_classes or generator.spec.codes:
        assert not torch.equal(generator(z), generator(z, **conditions_of(generator, 1, 2)))


def test_a_picture_does_not_depend_on_the_batch_that_it_is_drawn_in(generator) -> None:
    w = generator.mapping(torch.randn(3, generator.spec.z_dim))
    for noise in ("const", "none", 7):
        alone, together = generator.synthesis(w[1:2], noise), generator.synthesis(w, noise)[1:2]
        assert torch.allclose(alone, together, atol=1e-5), noise


def test_noise_is_what_the_spec_says(generator) -> None:
    w = generator.mapping(torch.randn(1, generator.spec.z_dim))
    images = [generator.synthesis(w, noise) for noise in ("const", "none", 7, 8)]
    adds = any(layer.noise for layer in generator.spec.layers)
    assert all(torch.equal(a, b) != adds for k, a in enumerate(images) for b in images[:k])
    assert torch.equal(generator.synthesis(w, 7), images[2])


def test_each_layer_reads_the_styles_that_the_spec_says(generator) -> None:
    spec = generator.spec
    w = generator.mapping(torch.randn(1, spec.z_dim)).clone()
    state = generator.start(w)
    for k, layer in enumerate(spec.layers):
        same = generator.step(k, state, w)
        for style in range(spec.num_ws):
            moved = w.clone()
            moved[:, style] += 1
            # What reads no style at any layer but the first takes it from `start`.
            before = generator.start(moved) if k == 0 else state
            other = generator.step(k, before, moved)
            equal = torch.equal(same.x, other.x) and (same.image is None or torch.equal(same.image, other.image))
            assert equal != (style in layer.ws), (layer.name, style)
        state = same


def test_every_family_survives_its_checkpoint_and_renders(generator, tmp_path) -> None:
    spec = generator.spec
    with torch.no_grad():
        for name, buffer in generator.named_buffers():
            if name in ("alpha", "w_avg"):
                buffer.uniform_(0.2, 0.8)
    path = tmp_path / "x.safetensors"
    checkpoint.save(path, generator, Card(name="x"))
    loaded = checkpoint.load(path)
    assert not any(tensor.is_meta for tensor in loaded.state_dict().values())
    z = torch.randn(2, spec.z_dim)
    for noise in ("const", "none", 5):
        assert torch.equal(loaded.synthesis(loaded.mapping(z), noise), generator.synthesis(generator.mapping(z), noise))
    recipe = Recipe(ModelRef(str(path)), Seed(3, 0.25, 0.5), psi=0.5)
    pixels = Renderer("cpu").render(recipe).pixels
    assert pixels.shape == (spec.resolution, spec.resolution, spec.channels)
    assert np.array_equal(Renderer("cpu").render(recipe).pixels, pixels)


@pytest.mark.parametrize("generator", [arch for arch in MODELS if MODELS[arch].discriminator], indirect=True)
def test_discriminators_judge_what_generators_draw(generator) -> None:
    net = resolve(MODELS[generator.spec.arch].discriminator)(generator.config)
    if hasattr(net, "alpha"):
        net.alpha.fill_(0.5)  # so that both ways in are open
    label = conditions_of(generator, 1, 4).get("label")
    image = generator(torch.randn(4, generator.spec.z_dim), label).detach().requires_grad_(True)
    scores = net(image, label)
    assert scores.shape == (4,)
    (gradient,) = torch.autograd.grad(scores.sum(), image, create_graph=True)
    gradient.square().sum().backward()  # as R1 does
    idle = [name for name, p in net.named_parameters() if p.ndim > 1 and (p.grad is None or not p.grad.any())]
    # What only codes or only labels pass through has no part in the slope over images.
    assert all(name.startswith(("q_", "embedding")) for name in idle), idle


def test_wrong_shapes_and_unknown_codes_are_refused_by_name(generator) -> None:
    spec = generator.spec
    with pytest.raises(ValueError, match="z: expected shape"):
        generator.mapping(torch.randn(2, spec.z_dim + 1))
    with pytest.raises(ValueError, match="w: expected shape"):
        generator.synthesis(torch.randn(2, spec.w_dim))
    with pytest.raises(ValueError, match="label: expected shape"):
        generator.mapping(torch.randn(2, spec.z_dim), torch.zeros(2, spec.num_classes + 1))
    with pytest.raises(ValueError, match="unknown code 'wings'"):
        generator.mapping(torch.randn(2, spec.z_dim), codes={"wings": torch.zeros(2, 1)})


def test_the_spec_survives_json(generator) -> None:
    assert type(generator.spec).from_json(generator.spec.to_json()) == generator.spec


def test_loading_does_not_import_the_compiler(tmp_path) -> None:
    paths = []
    for arch, sizes in SMALL.items():
        paths.append(str(tmp_path / f"{arch}.safetensors"))
        checkpoint.save(paths[-1], build_generator(arch, sizes), Card())
    code = "import sys; from ganviz import checkpoint\nfor path in sys.argv[1:]: checkpoint.load(path)\n"
    command = [sys.executable, "-c", f"{code}print('torch._dynamo' in sys.modules)", *paths]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_the_table_resolves_whole() -> None:
    for entry in MODELS.values():
        for name in (entry.config, entry.generator, entry.discriminator):
            assert name is None or callable(resolve(name))


def test_an_unknown_family_names_the_known_ones() -> None:
    with pytest.raises(GanvizError, match="dcgan"):
        build_generator("vae", {})


@pytest.mark.parametrize("resolution", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_dcgan_comes_in_every_size(resolution: int, channels: int) -> None:
    config = DCGANConfig(resolution=resolution, channels=channels, base_channels=4, z_dim=6)
    image = Generator(config)(torch.randn(2, 6))
    assert image.shape == (2, channels, resolution, resolution)
    assert Discriminator(config)(image).shape == (2,)


def test_dcgan_has_the_layers_of_the_paper() -> None:
    generator = Generator(DCGANConfig(resolution=64, base_channels=128, max_channels=1024))
    assert [layer.channels for layer in generator.spec.layers] == [1024, 512, 256, 128, 3]
    assert len(generator.norms) == 4, "batch norm everywhere but at the output"
    discriminator = Discriminator(DCGANConfig(resolution=64, base_channels=128))
    assert isinstance(discriminator.norms[0], torch.nn.Identity), "no batch norm at the input"
    weights = torch.cat([conv.weight.flatten() for conv in generator.convs])
    assert abs(weights.std().item() - 0.02) < 1e-3 and abs(weights.mean().item()) < 1e-3


@pytest.mark.parametrize(
    "change", [{"resolution": 48}, {"channels": 2}, {"z_dim": 0}, {"num_classes": -1}, {"d_norm": "layer"}]
)
def test_a_dcgan_that_cannot_be_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        DCGANConfig(**change)


@pytest.mark.parametrize("arch", ["dcgan", "infogan"])
def test_a_discriminator_may_look_at_its_batch(arch: str) -> None:
    torch.manual_seed(0)
    sizes = {name: value for name, value in SMALL[arch].items() if name != "num_classes"}
    config = resolve(MODELS[arch].config)(**sizes, d_norm="none", d_minibatch_std=True, d_minibatch_kernels=3)
    net = resolve(MODELS[arch].discriminator)(config)
    image = torch.randn(4, config.channels, 16, 16)
    assert not torch.allclose(net(image)[:1], net(image[:1].expand(4, -1, -1, -1))[:1], atol=1e-6)
    with pytest.raises(ValueError, match="d_minibatch_kernels"):
        resolve(MODELS[arch].config)(d_minibatch_kernels=-1)


def test_the_label_reaches_the_discriminator() -> None:
    torch.manual_seed(0)
    net = Discriminator(DCGANConfig(resolution=16, base_channels=8, num_classes=3, d_norm="none"))
    image = torch.randn(2, 3, 16, 16)
    a, b = torch.eye(3)[[0, 0]], torch.eye(3)[[1, 1]]
    assert not torch.equal(net(image, a), net(image, b))
    with pytest.raises(ValueError, match="label"):
        net(image)


def test_check_shape_takes_any_size_where_none_stands() -> None:
    check_shape(torch.zeros(3, 4), (None, 4), "x")
    with pytest.raises(ValueError, match=r"x: expected shape \(any, 5\), got \(3, 4\)"):
        check_shape(torch.zeros(3, 4), (None, 5), "x")
