from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import devices, readout, twins
from ganviz.drawing import Loaded
from ganviz.edits import Mix, UnitEdit
from ganviz.expression import Seed
from ganviz.frames import Frame
from ganviz.jobs import run
from ganviz.recipe import ModelRef, Recipe
from ganviz.render import Renderer
from ganviz.twins import EXACT, NEAR, Twin, compare, pays_for_films, try_out


@pytest.fixture
def renderer(monkeypatch: pytest.MonkeyPatch) -> Renderer:
    monkeypatch.setattr(readout, "LEAST", 4)
    return Renderer("cpu")


@pytest.fixture
def recipe(renderer: Renderer, tiny_stylegan2: Path) -> Recipe:
    recipe = Recipe(renderer.load(tiny_stylegan2).ref, Seed(3))
    renderer.render(recipe)
    return recipe


@pytest.fixture
def loaded(renderer: Renderer, recipe: Recipe) -> Loaded:
    """The tiny StyleGAN2 with a twin; it takes a second for each stage, its twin a tenth."""
    loaded = renderer._loaded(recipe.model)
    loaded.twin = Twin(devices.lowered(loaded.generator, torch.float32), "low ", 1000, frozenset({2}))
    parts = (*map(str, range(5)), "picture")
    loaded.pace.seconds = {**dict.fromkeys(parts, 1.0), **{f"low {part}": 0.1 for part in parts}}
    return loaded


def sides(renderer: Renderer, recipe: Recipe, within: float, moving: bool = True) -> list[int]:
    """Pixels a side of each frame of a drawing, the exact one's negative."""
    drawing, frames = renderer.drawing(recipe, within, moving=moving), []
    while not drawing.done:
        frame = drawing.step()
        if isinstance(frame, Frame):
            frames.append(frame)
    return [frame.pixels.shape[0] * (-1 if frame.exact else 1) for frame in frames]


def test_a_twin_draws_the_preview_where_it_shows_more_in_time(
    renderer: Renderer, recipe: Recipe, loaded: Loaded, tiny_stylegan2: Path
) -> None:
    other = recipe.edit(latent=Seed(4))
    assert sides(renderer, other, 1.0) == [16, -16]
    alone = Renderer("cpu").render(other.edit(model=ModelRef(str(tiny_stylegan2))))
    assert np.array_equal(renderer.render(other).pixels, alone.pixels)


def test_a_twin_that_reaches_less_takes_its_own_early_exit(renderer: Renderer, recipe: Recipe, loaded: Loaded) -> None:
    loaded.pace.seconds["low 4"] = 60.0
    assert sides(renderer, recipe.edit(latent=Seed(4)), 0.5)[0] == 8


def test_what_moves_no_more_gets_only_previews_that_the_exact_picture_goes_on_from(
    renderer: Renderer, recipe: Recipe, loaded: Loaded
) -> None:
    assert sides(renderer, recipe.edit(latent=Seed(4)), 1.0, moving=False) == [4, -16]


def test_no_twin_is_asked_where_few_stages_are_left(renderer: Renderer, recipe: Recipe, loaded: Loaded) -> None:
    renderer.render(recipe)
    assert sides(renderer, recipe.edit(mixes=(Mix(Seed(9), (5,)),)), 4.0) == [-16]


def test_a_twin_counts_in_the_budget_and_leaves_with_it(
    renderer: Renderer, recipe: Recipe, loaded: Loaded, make_checkpoint: Callable[..., Path]
) -> None:
    assert loaded.bytes == loaded.weights + loaded.reuse.bytes + 1000
    renderer.budget = 1
    renderer.load(make_checkpoint("another"))
    assert loaded.twin is None


@pytest.mark.parametrize(("worth", "spoilt", "kept"), [(1e9, False, True), (0.0, False, False), (1e9, True, False)])
def test_a_twin_is_kept_where_it_is_faster_and_draws_the_same(
    renderer: Renderer, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, worth: float, spoilt: bool, kept: bool
) -> None:
    monkeypatch.setattr(twins, "WORTH", worth)
    loaded = renderer._loaded(recipe.model)

    def make() -> Twin:
        generator = devices.lowered(loaded.generator, torch.float32)
        if spoilt:
            monkeypatch.setattr(generator, "image", lambda state: torch.zeros(1, 3, 16, 16))
        return Twin(generator, "low ", 0)

    for _ in try_out(loaded, make, "low "):
        pass
    assert (loaded.twin is not None) == kept
    assert loaded.twin is None or loaded.twin.stages == {0, 2}
    assert loaded.seconds(0, prefix="low ") < 60, "measured all the same"


def test_the_lesson_of_a_slow_model_tries_its_twin_once(renderer: Renderer, recipe: Recipe) -> None:
    lesson = renderer.learning(recipe, within=0.0)
    assert lesson is not None
    for _ in lesson:
        pass
    assert renderer.learning(recipe, within=0.0) is None
    name = str(devices.preview_dtype("cpu")).removeprefix("torch.")
    assert renderer._loaded(recipe.model).seconds(0, prefix=f"{name} ") < 60


def frames_of(renderer: Renderer, recipe: Recipe, count: int) -> list[Recipe]:
    units = (UnitEdit(1, (0, 2), gain=0.5),)
    return [recipe.edit(latent=Seed(k), psi=0.7, units=units) for k in range(count)]


def test_films_are_drawn_by_a_twin_where_that_pays(renderer: Renderer, recipe: Recipe) -> None:
    recipes = frames_of(renderer, recipe, 8)
    loaded = renderer._loaded(recipe.model)
    exact = [frame.pixels for frame in renderer.render_all(recipes)]
    for seconds, pays in ((0.9, False), (0.5, True)):
        loaded.pace.seconds.update({EXACT: 0.9, NEAR: seconds})
        found = [frame.pixels.astype(int) for frame in renderer.render_nearly(recipes)]
        assert (loaded.near is not None) == pays
        assert max(np.abs(a - b).max() for a, b in zip(exact, found, strict=True)) <= pays
    assert loaded.near is not None and loaded.bytes == loaded.weights + loaded.reuse.bytes + loaded.near.weights
    after = [frame.pixels for frame in renderer.render_all(recipes)]
    assert np.array_equal(exact, after), "of what is drawn again to the byte the generator draws all"


def test_a_twin_for_films_leaves_where_others_need_the_memory(
    renderer: Renderer, recipe: Recipe, make_checkpoint: Callable[..., Path]
) -> None:
    loaded = renderer._loaded(recipe.model)
    loaded.pace.seconds.update({EXACT: 1.0, NEAR: 0.1})
    renderer.render_nearly([recipe])
    assert loaded.near is not None
    renderer.budget = 1
    renderer.load(make_checkpoint("another"))
    assert loaded.near is None


def test_whether_a_twin_pays_is_found_out_once_where_the_film_is_long_enough(
    recipe: Recipe, tiny_stylegan2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer = Renderer("cpu")
    renderer.keep_measurements()
    renderer.load(tiny_stylegan2)
    recipes = frames_of(renderer, recipe, 32)
    pace = renderer._loaded(recipe.model).pace
    run(renderer.quickest_film(recipes[:8]))
    assert NEAR not in pace.seconds, "of a few frames it does not pay to find out"
    run(renderer.quickest_film(recipes))
    assert {EXACT, NEAR} <= pace.seconds.keys()
    monkeypatch.setattr("ganviz.render.compare", lambda *_: pytest.fail("it was measured already"))
    later = Renderer("cpu")
    later.keep_measurements()
    later.load(tiny_stylegan2)
    run(later.quickest_film(recipes))


@pytest.mark.parametrize(("spoilt", "pays"), [(False, True), (True, False)])
def test_a_twin_that_draws_something_else_does_not_pay(
    renderer: Renderer, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, spoilt: bool, pays: bool
) -> None:
    now = [0.0]
    monkeypatch.setattr(twins.time, "perf_counter", lambda: now[0])
    loaded = renderer._loaded(recipe.model)
    twin = devices.lowered(loaded.generator)

    def drawn(draw, seconds: float, more: float):
        def timed(w: torch.Tensor) -> torch.Tensor:
            now[0] += seconds
            return draw(w) + more

        return timed

    monkeypatch.setattr(loaded.generator, "synthesis", drawn(loaded.generator.synthesis, 1.0, 0.0))
    monkeypatch.setattr(twin, "synthesis", drawn(twin.synthesis, 0.5, 0.1 if spoilt else 0.0))
    monkeypatch.setattr(twins, "lowered", lambda generator: twin)
    assert len(list(compare(loaded, 2))) == 1 + 2 * (1 + twins.TURNS), "with a look at what else there is in between"
    assert pays_for_films(loaded.pace) == pays
