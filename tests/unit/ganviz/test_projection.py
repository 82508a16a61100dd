import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganviz import cli
from ganviz.errors import GanvizError
from ganviz.expression import Seed, Vector
from ganviz.jobs import Progress, run
from ganviz.projection import STARTS, Adam, project, psnr, pyramid, read_photo
from ganviz.recipe import Recipe
from ganviz.render import Frame, Renderer
from ganviz.session import read_png


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer("cpu")


@pytest.mark.parametrize(("model", "space"), [("tiny_checkpoint", "z"), ("tiny_stylegan2", "w"), ("tiny_infogan", "z")])
def test_a_picture_of_the_models_own_comes_back(renderer: Renderer, request, model: str, space: str) -> None:
    path = request.getfixturevalue(model)
    target = renderer.render(Recipe(str(path), Seed(9000))).pixels
    found = run(project(renderer, Recipe(str(path)), target, steps=150))
    assert found.psnr > 30
    assert isinstance(found.recipe.latent, Vector)
    assert found.recipe.latent.space == space
    assert psnr(renderer.render(found.recipe).pixels, target) == pytest.approx(found.psnr, abs=0.1)


def test_each_style_input_can_have_a_vector_of_its_own(renderer: Renderer, tiny_stylegan2: Path) -> None:
    target = np.random.RandomState(0).randint(0, 256, (16, 16, 3)).astype(np.uint8)
    base = Recipe(str(tiny_stylegan2))
    shared = run(project(renderer, base, target, "w", steps=60))
    own = run(project(renderer, base, target, "w+", steps=60))
    assert own.recipe.latent.array.shape == (6, 8)
    assert shared.recipe.latent.array.shape == (8,)
    assert own.psnr > shared.psnr


def test_progress_shows_the_picture_on_its_way_and_a_cancel_stops_it(renderer: Renderer, tiny_checkpoint: Path) -> None:
    target = renderer.render(Recipe(str(tiny_checkpoint), Seed(3))).pixels
    seen: list[Progress] = []
    run(project(renderer, Recipe(str(tiny_checkpoint)), target, steps=20, every=5), seen.append)
    frames = [step.value for step in seen if step.value is not None]
    assert len(frames) == 5
    assert all(isinstance(frame, Frame) and not frame.exact for frame in frames)
    assert seen[-1].done == seen[-1].total
    job = project(renderer, Recipe(str(tiny_checkpoint)), target)
    next(job)
    job.close()
    assert torch.is_grad_enabled()


def test_what_does_not_fit_is_one_clear_error(renderer: Renderer, tiny_checkpoint: Path) -> None:
    base = Recipe(str(tiny_checkpoint))
    with pytest.raises(GanvizError, match="no mapping network"):
        run(project(renderer, base, np.zeros((16, 16, 3), np.uint8), "w"))
    with pytest.raises(GanvizError, match="expected pixels"):
        run(project(renderer, base, np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(GanvizError, match="at least one step"):
        run(project(renderer, base, np.zeros((16, 16, 3), np.uint8), steps=0))


def test_photos_of_any_kind_are_cropped_and_converted(tmp_path: Path) -> None:
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, 20:] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert read_photo(tmp_path / "wide.png", 4, 1).shape == (4, 4, 1)
    assert read_photo(tmp_path / "wide.png", 4, 3, (20, 0, 20)).min() == 200
    with pytest.raises(GanvizError, match="crop inside 40 x 20"):
        read_photo(tmp_path / "wide.png", 4, 3, (30, 0, 20))
    with pytest.raises(GanvizError, match="no such file"):
        read_photo(tmp_path / "none.png", 4, 3)
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(GanvizError, match=r"text\.png"):
        read_photo(tmp_path / "text.png", 4, 3)


def test_a_pyramid_keeps_the_mean_and_ends_at_the_smallest_level() -> None:
    levels = pyramid(torch.randn(2, 3, 64, 64))
    assert [level.shape[-1] for level in levels] == [64, 32, 16, 8]
    assert levels[-1].mean().item() == pytest.approx(levels[0].mean().item(), abs=1e-5)
    assert STARTS > 1


def test_the_command_writes_the_picture_with_its_recipe_and_the_way(tiny_checkpoint: Path, tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), (180, 120, 90)).save(tmp_path / "photo.jpg")
    words = ["project", str(tiny_checkpoint), str(tmp_path / "photo.jpg"), "--out", str(tmp_path / "p.png")]
    assert cli.main([*words, "--steps", "12", "--crop", "2,1,16", "--video", str(tmp_path / "p.gif")]) == 0
    recipe = read_png(tmp_path / "p.png")
    assert isinstance(recipe, Recipe)
    assert isinstance(recipe.latent, Vector)
    assert (tmp_path / "p.gif").stat().st_size > 0
    assert cli.main(["render", str(tmp_path / "p.png"), "--out", str(tmp_path / "again.png")]) == 0
    first, again = (np.asarray(Image.open(tmp_path / name)) for name in ("p.png", "again.png"))
    assert np.array_equal(first, again)
    assert cli.main([*words, "--crop", "left"]) == 1


def test_its_steps_are_those_of_torchs_adam() -> None:
    ours = torch.linspace(-2, 2, 12).reshape(3, 4).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    own, other = Adam(ours), torch.optim.Adam([theirs], betas=(0.9, 0.99))
    for step in range(20):
        rate = 0.1 / (step + 1)
        other.param_groups[0]["lr"] = rate
        for variable in (ours, theirs):
            variable.grad = None
            (variable.square() * torch.arange(1, 5)).sin().sum().backward()
        own.step(rate)
        other.step()
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_it_does_not_bring_torchs_compiler_along(tiny_checkpoint: Path) -> None:
    program = f"""
import sys
import numpy as np
from ganviz.jobs import run
from ganviz.projection import project
from ganviz.recipe import Recipe
from ganviz.render import Renderer
run(project(Renderer("cpu"), Recipe({str(tiny_checkpoint)!r}), np.zeros((16, 16, 3), np.uint8), steps=2))
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
