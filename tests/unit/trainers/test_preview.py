import numpy as np

from ganviz import latent
from ganviz.datasets import Dataset
from ganviz.models.dcgan import DCGANConfig, Generator
from trainers.preview import draw, measure


def test_drawn_images_are_those_of_the_seeds() -> None:
    generator = Generator(DCGANConfig(resolution=16, channels=3, z_dim=4, base_channels=4)).eval()
    image = generator(latent.seeds([69], 4))[0].detach()
    pixels = ((image + 1) * 127.5).round().permute(1, 2, 0).numpy()
    assert np.abs(draw(generator, 70)[69].astype(int) - pixels).max() <= 1


def test_figures_compare_drawn_images_and_real_ones_with_held_out_ones() -> None:
    generator = Generator(DCGANConfig(resolution=16, channels=1, z_dim=4, base_channels=4)).eval()
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), dtype=np.uint8)
    data = Dataset(images, None, (), (), "digest", "noise", tuple(map(str, range(40))))
    facts = measure(generator, data, np.arange(30), np.arange(30, 40), 12)
    assert isinstance(facts["SWD ratio, mean"], float) and facts["SWD ratio, mean"] > 1
    assert "real against real" in str(facts["SWD x 1000, 16 px"])
