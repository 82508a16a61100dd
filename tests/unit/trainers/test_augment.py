import pytest
import torch

from trainers.augment import POLICIES, Strength, augment, lead


def images(count: int = 8, channels: int = 3) -> torch.Tensor:
    return torch.rand(count, channels, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_changes_images_lets_gradients_through_and_repeats(policy: str, channels: int) -> None:
    image = images(channels=channels).requires_grad_(True)
    changed = augment(image, (policy,), 1.0, seeded())
    assert changed.shape == image.shape and not torch.equal(changed, image)
    changed.square().sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert torch.equal(changed, augment(image, (policy,), 1.0, seeded()))


@pytest.mark.parametrize("policy", POLICIES)
def test_with_probability_zero_nothing_changes(policy: str) -> None:
    image = images()
    assert torch.allclose(augment(image, (policy,), 0.0, seeded()), image, atol=1e-6)


def test_with_probability_one_half_about_half_of_the_images_change() -> None:
    image = images(400)
    same = (augment(image, ("cutout",), 0.5, seeded()) == image).flatten(1).all(dim=1)
    assert 150 < same.sum() < 250


def test_colour_is_brightness_then_saturation_then_contrast() -> None:
    image = images(4)
    random = seeded(3)
    torch.rand(4, 1, 1, 1, generator=random)
    b, s, c = (torch.rand(4, 1, 1, 1, generator=random) for _ in range(3))
    step = image + b - 0.5
    grey = step.mean(dim=1, keepdim=True)
    step = (step - grey) * (2 * s) + grey
    mean = step.mean(dim=(1, 2, 3), keepdim=True)
    step = (step - mean) * (c + 0.5) + mean
    assert torch.allclose(POLICIES["color"](image, 1.0, seeded(3)), step, atol=1e-5)


def test_translation_moves_by_at_most_an_eighth_and_fills_with_grey() -> None:
    image = torch.zeros(64, 1, 16, 16)
    image[:, :, 8, 8] = 1
    moved = POLICIES["translation"](image, 1.0, seeded())
    places = moved.flatten(1).argmax(dim=1)
    assert (moved.flatten(1).sum(dim=1) == 1).all()
    assert (places // 16 - 8).abs().max() == 2 and (places % 16 - 8).abs().max() == 2


def test_cutout_removes_at_most_a_quarter_of_the_area() -> None:
    holes = (POLICIES["cutout"](torch.ones(64, 1, 16, 16), 1.0, seeded()) == 0).flatten(1).sum(dim=1)
    assert holes.max() == 64 and holes.min() >= 16


def test_the_strength_rises_where_d_is_sure_of_reals_and_falls_where_not() -> None:
    strength = Strength(0.5, target=0.6, images=320)
    assert strength.p == 0, "an adaptive strength begins at nothing"
    for step in range(1, 9):
        strength.watch(1.0, 8)
        assert strength.p == pytest.approx(0.1 * (step // 4))
    for _ in range(3):
        strength.watch(0.0, 8)
    again = Strength(0.5, target=0.6, images=320)
    again.restore(strength.counters())
    for one in (strength, again):
        one.watch(0.0, 8)
        assert one.p == pytest.approx(0.1)
    for _ in range(8):
        strength.watch(0.0, 8)
    assert strength.p == 0, "and never leaves 0 to 1"


def test_d_leads_where_reals_score_above_zero_or_in_pairs_above_fakes() -> None:
    real, fake = torch.tensor([-3.0, -3.0, 1.0, 2.0]), torch.tensor([-5.0, -5.0, -5.0, 3.0])
    assert lead(real, fake, paired=False).item() == 0
    assert lead(real, fake, paired=True).item() == 0.5


def test_a_fixed_strength_stays() -> None:
    strength = Strength(0.5, target=0.0, images=1)
    strength.watch(1.0, 8)
    assert strength.p == 0.5
