"""How many pictures are drawn at once, and what happens where memory does not suffice."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import batches, sheets
from ganviz.batches import best, candidates, fitting, settle
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.models.dcgan import Generator
from ganviz.paces import Pace
from ganviz.recipe import Recipe, Sheet
from ganviz.render import Renderer

FULL = "out of memory. Tried to allocate 9 GiB"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def renderer(said: list[str]) -> Renderer:
    return Renderer("cpu", tell=said.append)


@pytest.fixture
def recipes(renderer: Renderer, tiny_checkpoint: Path) -> list[Recipe]:
    return [Recipe(renderer.load(tiny_checkpoint).ref, Seed(k)) for k in range(40)]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, int]]]:
    """A function that lets each device draw so many pictures at once, none for 0; gives what was tried."""

    def limit(**most: int) -> list[tuple[str, int]]:
        tried: list[tuple[str, int]] = []
        step = Generator.step

        def limited(self, k, state, w, *rest):
            device = getattr(self, "pretends", "cpu")
            if k == 0:
                tried.append((device, len(w)))
            if len(w) > most[device]:
                raise torch.OutOfMemoryError(FULL)
            return step(self, k, state, w, *rest)

        monkeypatch.setattr(Generator, "step", limited)
        return tried

    return limit


def pretend_cuda(renderer: Renderer, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the renderer believe that the model is on a GPU."""
    loaded = renderer._loaded(recipe.model)
    loaded.device = loaded.generator.pretends = "cuda"
    to = loaded.generator.to

    def back(device: str):
        loaded.generator.pretends = device
        return to(device)

    monkeypatch.setattr(loaded.generator, "to", back)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)


def test_the_batch_is_the_quickest_that_was_measured(tiny_checkpoint: Path) -> None:
    spec = Renderer("cpu").load(tiny_checkpoint).spec
    assert candidates(spec) == [1, 2, 4, 8, 16, 32, 64]
    assert best(spec, Pace()) == batches.USUAL
    assert best(spec, Pace({"batch 1": 9.0, "batch 2": 5.0, "batch 4": 3.0, "batch 8": 4.0})) == 4
    assert best(spec, Pace({"batch 1": 9.0, "batch 2": 8.9, "batch 4": 8.8})) == 1, "hardly faster is not worth it"


def test_batches_are_measured_once_and_remembered(
    tiny_checkpoint: Path, recipes: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Renderer("cpu")
    first.keep_measurements()
    first.load(tiny_checkpoint)
    run(first.quickest(recipes[:8]))
    assert not batches.is_settled(first._loaded(recipes[0].model).pace), "for few pictures it does not pay"
    found = run(first.quickest(recipes))
    monkeypatch.setattr(batches, "settle", lambda loaded: pytest.fail("it was measured already"))
    assert run(first.quickest(recipes)) == found
    later = Renderer("cpu")
    later.keep_measurements()
    later.load(tiny_checkpoint)
    assert run(later.quickest(recipes)) in (found, found // 2, found * 2)  # times are kept with two digits


def test_measuring_stops_where_a_larger_batch_is_slower(
    renderer: Renderer, recipes: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = renderer._loaded(recipes[0].model)
    now = [0.0]
    cost = {1: 1.0, 2: 1.2, 4: 1.6, 8: 8.0, 16: 9.0}  # milliseconds a batch
    synthesis = loaded.generator.synthesis

    def slow(w):
        now[0] += cost[len(w)] / 1000
        return synthesis(w)

    monkeypatch.setattr(loaded.generator, "synthesis", slow)
    monkeypatch.setattr(batches.time, "perf_counter", lambda: now[0])
    assert len(list(settle(loaded))) == 3 * 4, "with a look at what else there is before each picture"
    assert renderer.at_once(recipes[0]) == 4


def test_a_sheet_keeps_the_batch_that_it_was_drawn_by(
    renderer: Renderer, recipes: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    draw = renderer._draw_alike
    monkeypatch.setattr(renderer, "_draw_alike", lambda part: (counts.append(len(part)), draw(part))[1])
    sheet = replace(run(sheets.planned(renderer, Sheet(tuple(recipes[:10]), 5))), batch=4)
    again = Sheet.from_json(json.loads(json.dumps(sheet.to_json())))
    assert again.batch == 4 and run(sheets.planned(renderer, again)) is again
    assert np.array_equal(run(sheets.draw(renderer, sheet)), run(sheets.draw(renderer, again)))
    assert counts == [4, 4, 2] * 2
    unsaid = {key: value for key, value in sheet.to_json().items() if key != "batch"}
    assert Sheet.from_json(unsaid).batch == 16, "as they were drawn before it was said"
    for wrong in (0, -1, 5000, "4", True):
        with pytest.raises(GanvizError, match="batch"):
            Sheet.from_json({**unsaid, "batch": wrong})


def test_where_memory_does_not_suffice_batches_are_smaller(
    renderer: Renderer, recipes: list[Recipe], memory, said: list[str]
) -> None:
    expected = [frame.pixels for frame in renderer.render_all(recipes)]
    tried = memory(cpu=5)
    found = renderer.render_all(recipes)
    assert all(np.abs(a.astype(int) - b.pixels).max() <= 1 for a, b in zip(expected, found, strict=True))
    assert [count for _, count in tried] == [16, 8, 4, 4, 4, 4] + [4] * 6, "and stay so"
    assert len(said) == 2 and "does not suffice for 16 pictures at once" in said[0]


def test_then_the_processor_draws(
    renderer: Renderer, recipes: list[Recipe], memory, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = renderer.render(recipes[0])
    pretend_cuda(renderer, recipes[0], monkeypatch)
    tried = memory(cuda=0, cpu=99)
    found = renderer.render_all(recipes[:2])
    assert np.abs(found[0].pixels.astype(int) - expected.pixels).max() <= 1
    assert [device for device, _ in tried][-1] == "cpu"
    assert "the memory of cuda does not suffice; the processor draws it" in said[-1]


def test_one_picture_on_its_way_goes_on_on_the_processor(
    renderer: Renderer, recipes: list[Recipe], memory, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = renderer.render(recipes[1])
    pretend_cuda(renderer, recipes[1], monkeypatch)
    memory(cuda=0, cpu=99)
    assert np.array_equal(renderer.render(recipes[1]).pixels, expected.pixels)
    assert len(said) == 1 and "the processor draws it" in said[0]


def test_too_little_memory_for_one_picture_is_one_clear_line(renderer: Renderer, recipes: list[Recipe], memory) -> None:
    memory(cpu=0)
    for draw in (renderer.render, lambda recipe: renderer.render_all([recipe])):
        with pytest.raises(GanvizError, match="tiny: memory does not suffice for one picture of 16 px"):
            draw(recipes[0])


def test_other_errors_are_not_taken_for_full_memory(
    renderer: Renderer, recipes: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(Generator, "step", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        renderer.render_all(recipes[:2])


def test_of_large_pictures_few_fit() -> None:
    from ganviz.spec import Layer, Spec

    layers = (Layer("1024x1024", 1024, 64, rgb=True),)
    spec = Spec("stylegan2", 8, 8, 1, 1024, 3, layers=layers)
    assert fitting(spec) == 1 and fitting(spec, 16) == 1
