import pytest
import torch

from ganviz.models.dcgan import DCGANConfig, Generator
from trainers.ema import Average, recompute_statistics


def small_generator() -> Generator:
    torch.manual_seed(0)
    return Generator(DCGANConfig(resolution=16, channels=1, z_dim=4, base_channels=4, num_classes=2))


def test_after_one_half_life_an_old_weight_counts_half() -> None:
    generator = small_generator()
    average = Average(generator, half_life=1000, ramp=1.0)
    old = average.net.convs[0].weight.clone()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.zero_()
    for seen in range(10_100, 11_100, 100):
        average.update(generator, 100, seen)
    assert torch.allclose(average.net.convs[0].weight, old / 2, rtol=1e-4)


def test_a_half_life_of_zero_is_a_plain_copy() -> None:
    generator = small_generator()
    average = Average(generator, half_life=0, ramp=0.05)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(1)
    average.update(generator, 10, 10)
    for mine, theirs in zip(average.net.parameters(), generator.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_early_on_the_half_life_is_a_share_of_the_images_seen() -> None:
    generator = small_generator()
    average = Average(generator, half_life=10_000, ramp=0.1)
    old = average.net.convs[0].weight.clone()
    with torch.no_grad():
        generator.convs[0].weight.zero_()
    average.update(generator, 10, 100)
    assert torch.allclose(average.net.convs[0].weight, old / 2, rtol=1e-5)


def test_recomputed_statistics_are_those_of_the_generators_own_activations_and_repeat() -> None:
    generator = small_generator().eval()
    recompute_statistics(generator, batches=4, batch=64)
    first = generator.norms[0].running_mean.clone()
    assert not generator.training and generator.norms[0].momentum == pytest.approx(0.1)
    with torch.no_grad():
        z = torch.randn(2000, 4)
        label = torch.nn.functional.one_hot(torch.arange(2000) % 2, 2).float()
        x = generator.convs[0](generator.start(generator.mapping(z, label)).x)
    assert torch.allclose(x.mean(dim=(0, 2, 3)), first, atol=0.01)
    recompute_statistics(generator, batches=4, batch=64)
    assert torch.equal(generator.norms[0].running_mean, first)
