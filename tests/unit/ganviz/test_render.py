import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import ganviz
from ganviz import batches, catalog, sheets
from ganviz.devices import to_pixels
from ganviz.errors import GanvizError
from ganviz.expression import Offset, Seed, Slerp, Sum, Vector
from ganviz.jobs import run
from ganviz.recipe import ModelRef, Recipe, Sheet
from ganviz.render import BATCH, Renderer, weight_bytes
from ganviz.sheets import BAND, MARGIN, draw


@pytest.fixture
def renderer() -> Renderer:
    return Renderer("cpu")


def test_pixels_are_rounded_and_clamped() -> None:
    image = torch.tensor([-2.0, -1.0, 0.0, 1 / 127.5, 1.0, 3.0])[None, None, None]
    assert to_pixels(image)[0, 0, :, 0].tolist() == [0, 0, 128, 128, 255, 255]


def test_the_same_recipe_draws_the_same_bytes(renderer: Renderer, tiny_checkpoint: Path) -> None:
    recipe = Recipe(str(tiny_checkpoint), Offset(Seed(3), ((1, 0.5),)), psi=0.7)
    first = renderer.render(recipe)
    assert first.pixels.shape == (16, 16, 3) and first.pixels.dtype == np.uint8 and first.exact
    assert first.pixels.std() > 5, "the picture is not one flat colour"
    assert np.array_equal(Renderer("cpu").render(recipe).pixels, first.pixels)


def test_the_public_surface_draws_what_the_renderer_draws(tiny_conditional: Path) -> None:
    G = ganviz.load(tiny_conditional, device="cpu")
    label = torch.eye(3)[[2]]
    w = ganviz.latent.truncate(G.mapping(ganviz.latent.seeds([3], G.spec.z_dim), label), G, psi=0.7)
    frame = ganviz.Renderer().render(
        ganviz.Recipe(model=str(tiny_conditional), latent=ganviz.Seed(3), label=(0.0, 0.0, 1.0), psi=0.7)
    )
    assert np.array_equal(frame.pixels, to_pixels(G.synthesis(w, noise="const"))[0])


def test_a_frame_names_the_model_by_its_weights(renderer: Renderer, tiny_checkpoint: Path) -> None:
    frame = renderer.render(Recipe(str(tiny_checkpoint)))
    assert frame.recipe.model.name == "tiny" and len(frame.recipe.model.digest) == 64
    assert np.array_equal(renderer.render(frame.recipe).pixels, frame.pixels)


def test_batches_agree_with_single_pictures_within_a_level(renderer: Renderer, tiny_checkpoint: Path) -> None:
    recipes = [Recipe(str(tiny_checkpoint), Seed(k)) for k in range(BATCH + 5)]
    for frame, recipe in zip(renderer.render_all(recipes), recipes, strict=True):
        alone = renderer.render(recipe).pixels.astype(int)
        assert np.abs(alone - frame.pixels).max() <= 1


def test_models_mix_within_one_call(renderer: Renderer, tiny_checkpoint: Path, tiny_conditional: Path) -> None:
    recipes = [Recipe(str(path), Seed(1)) for path in (tiny_checkpoint, tiny_conditional, tiny_checkpoint)]
    frames = renderer.render_all(recipes)
    assert [frame.pixels.shape[2] for frame in frames] == [3, 1, 3]
    assert np.array_equal(frames[0].pixels, frames[2].pixels)


def test_a_recipe_that_does_not_fit_is_one_clear_error(renderer: Renderer, tiny_checkpoint: Path) -> None:
    with pytest.raises(GanvizError, match=r"tiny: the recipe does not fit .* label"):
        renderer.render(Recipe(str(tiny_checkpoint), label=(1.0, 0.0)))


def test_a_model_that_is_not_here_is_named(renderer: Renderer) -> None:
    with pytest.raises(GanvizError, match=r"gone .* is not on this machine"):
        renderer.render(Recipe(ModelRef("gone", "ab" * 32)))
    with pytest.raises(GanvizError, match="no such"):
        renderer.render(Recipe("missing.safetensors"))


def test_least_recently_used_models_leave_when_the_budget_is_full(make_checkpoint: Callable[..., Path]) -> None:
    paths = [make_checkpoint(f"m{k}", z_dim=8 + k) for k in range(3)]
    size = weight_bytes(Renderer("cpu").load(paths[0]))
    renderer = Renderer("cpu", budget=int(2.5 * size))
    for path in paths:
        renderer.load(path)
    assert [loaded.generator.ref.name for loaded in renderer._models.values()] == ["m1", "m2"]
    assert renderer.load(paths[0]).ref.name == "m0"
    assert [loaded.generator.ref.name for loaded in renderer._models.values()] == ["m2", "m0"]


def test_a_file_that_was_replaced_is_read_again(
    renderer: Renderer, tmp_path: Path, make_checkpoint: Callable[..., Path]
) -> None:
    path = tmp_path / "newest.safetensors"
    shutil.copyfile(make_checkpoint("old"), path)
    assert renderer.load(path).ref.name == "old"
    shutil.copyfile(make_checkpoint("new", z_dim=9), path)
    assert renderer.load(path).ref.name == "new"


def test_a_sheet_lays_its_cells_edge_to_edge(renderer: Renderer, tiny_checkpoint: Path) -> None:
    cells = [Recipe(str(tiny_checkpoint), Seed(k)) for k in range(5)]
    pixels = run(draw(renderer, Sheet((*cells[:4], None, cells[4]), 3)))
    assert pixels.shape == (32, 48, 3)
    assert (pixels[16:, 16:32] == 255).all(), "the empty cell is paper"
    assert np.abs(pixels[:16, 16:32].astype(int) - renderer.render(cells[1]).pixels).max() <= 1


def test_headings_stand_in_bands_of_their_own(renderer: Renderer, tiny_conditional: Path) -> None:
    cells = tuple(Recipe(str(tiny_conditional), Seed(k)) for k in range(4))
    plain = run(draw(renderer, Sheet(cells, 2)))
    above = run(draw(renderer, Sheet(cells, 2, ("0", "1", "2", "3"), labels=True)))
    assert above.shape == (2 * (16 + BAND), 32, 3)
    assert np.array_equal(above[BAND : BAND + 16, :, 0], plain[:16, :, 0])
    sides = run(draw(renderer, Sheet(cells, 2, column_headings=("a", "b"), row_headings=("c", "d"), labels=True)))
    assert sides.shape == (BAND + 32, MARGIN + 32, 3)
    assert np.array_equal(sides[BAND:, MARGIN:, 0], plain[:, :, 0])


def test_long_headings_are_shortened_rather_than_run_over(renderer: Renderer, tiny_checkpoint: Path) -> None:
    sheet = Sheet((Recipe(str(tiny_checkpoint)),) * 2, 2, ("a very long heading indeed", "x"), labels=True)
    assert run(draw(renderer, sheet)).shape == (16 + BAND, 32, 3)


def test_a_bundled_name_is_found_before_anything_else(tiny_checkpoint: Path, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    shutil.copyfile(tiny_checkpoint, tmp_path / "models" / "tiny.safetensors")
    monkeypatch.setattr(catalog.places, "resources", lambda: tmp_path)
    assert Renderer("cpu").load("tiny").ref.name == "tiny"


def test_a_latent_of_very_many_parts_becomes_one_vector_and_draws_the_same(
    renderer: Renderer, tiny_checkpoint: Path
) -> None:
    latent = Seed(0)
    for seed in range(1, 8):
        latent = Slerp(Slerp(latent, Seed(seed), 0.3), Slerp(Seed(seed), latent, 0.3), 0.5)
    recipe = Recipe(str(tiny_checkpoint), latent)
    kept = renderer.collapse(recipe)
    assert isinstance(kept.latent, Vector)
    assert np.array_equal(renderer.render(kept).pixels, renderer.render(recipe).pixels)
    small = Recipe(str(tiny_checkpoint), Slerp(Seed(0), Seed(1), 0.5))
    assert renderer.collapse(small) == small


def test_latents_that_are_not_finite_are_refused(renderer: Renderer, tiny_checkpoint: Path) -> None:
    huge = Sum(((1e11, Sum(((1e11, Sum(((1e11, Sum(((1e11, Seed(0)),))),))),))),))
    with pytest.raises(GanvizError, match="not finite"):
        renderer.render(Recipe(str(tiny_checkpoint), huge))


def test_a_file_written_over_does_not_change_what_is_drawn(
    renderer: Renderer, tmp_path: Path, make_checkpoint: Callable[..., Path]
) -> None:
    path = tmp_path / "model.safetensors"
    shutil.copyfile(make_checkpoint("before"), path)
    frame = renderer.render(Recipe(str(path)))
    path.write_bytes(b"x")
    assert np.array_equal(renderer.render(frame.recipe).pixels, frame.pixels)


def test_a_renamed_copy_of_the_weights_answers_with_the_recipe_that_was_asked_for(
    renderer: Renderer, tmp_path: Path, tiny_checkpoint: Path
) -> None:
    digest = renderer.load(tiny_checkpoint).ref.digest
    recipe = Recipe(ModelRef("another-name", digest))
    assert renderer.render(recipe).recipe == recipe


def test_a_device_that_is_not_here_is_one_clear_error() -> None:
    for device in ("cuda", "mps", "gpu", "meta"):
        with pytest.raises(GanvizError, match=f"device {device}"):
            Renderer(device)


def test_a_sheet_too_large_to_be_read_again_is_refused(renderer: Renderer, tiny_checkpoint: Path, monkeypatch) -> None:
    monkeypatch.setattr(sheets, "MOST_PIXELS", 5 * 256)
    cells = tuple(Recipe(str(tiny_checkpoint), Seed(k)) for k in range(6))
    with pytest.raises(GanvizError, match="draw fewer"):
        run(draw(renderer, Sheet(cells, 3)))


def test_of_large_nets_fewer_pictures_are_drawn_at_once(tiny_checkpoint: Path, monkeypatch) -> None:
    renderer = Renderer("cpu")
    recipes = [Recipe(str(tiny_checkpoint), Seed(k)) for k in range(5)]
    assert renderer.at_once(recipes[0]) == BATCH
    wide = SimpleNamespace(layers=[SimpleNamespace(resolution=256, channels=64)])
    assert (batches.usual(wide), batches.usual(wide, "cuda:0")) == (1, 8)
    expected = renderer.render_all(recipes)
    counts: list[int] = []
    draw = renderer._draw_alike
    monkeypatch.setattr(renderer, "_draw_alike", lambda part: (counts.append(len(part)), draw(part))[1])
    largest = max(layer.resolution**2 * layer.channels for layer in renderer.load(tiny_checkpoint).spec.layers)
    for share, sizes in ((12 * 3, [2, 2, 1]), (1, [1] * 5)):
        counts.clear()
        monkeypatch.setattr(batches, "BATCH_BYTES", share * largest)
        found = renderer.render_all(recipes)
        assert counts == sizes
        assert all(np.abs(a.pixels.astype(int) - b.pixels).max() <= 1 for a, b in zip(found, expected, strict=True))
