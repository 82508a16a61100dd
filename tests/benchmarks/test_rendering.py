"""What the Renderer costs over the bare network, model by model and batch by batch, and what it saves."""

from pathlib import Path
from statistics import median

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ganviz import devices, latent, sheets
from ganviz.edits import UnitEdit
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.recipe import Recipe, Sheet
from ganviz.render import Renderer

SECTION = "Drawing"
MODELS = {"face_model": 6.0, "stylegan2_256": 8.0, "large_model": 10.0}
"""Fixtures, and seconds for each."""

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]


@pytest.mark.parametrize("model", MODELS)
def test_the_renderer_against_the_bare_network(report, by_turns, request, model: str) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(request.getfixturevalue(model))
    name, recipe = generator.ref.name, Recipe(generator.ref)
    work = operations(generator)
    report(f"{name}, arithmetic of one picture (products and sums)", work / 1e9, "GFLOP")
    for batch in sorted({1, renderer.at_once(recipe)}):
        z = latent.seeds(range(batch), generator.spec.z_dim)
        used = iter(range(1_000_000))

        def bare(_: int, z: torch.Tensor = z) -> None:
            with torch.inference_mode():
                generator(z)

        def whole(_: int, batch: int = batch, used=used) -> None:
            recipes = [recipe.edit(latent=Seed(next(used))) for _ in range(batch)]
            if batch == 1:
                renderer.render(recipes[0])
            else:
                renderer.render_all(recipes)

        forward, drawn = by_turns(bare, whole, seconds=MODELS[model])
        words = "one picture" if batch == 1 else f"batch of {batch}, a picture"
        report(f"{name}, {words}, bare network in eager float32", median(forward) / batch, "ms")
        report(f"{name}, {words}, that is", work * batch / median(forward) / 1e6, "GFLOP/s")
        report(f"{name}, {words}, through the renderer", median(drawn) / batch, "ms")
        ratio = median(d / f for f, d in zip(forward, drawn, strict=True))
        bar = "under 1.1" if batch == 1 and generator.spec.resolution >= 1024 else ""
        report(f"{name}, {words}, renderer over bare network", ratio, "x", bar)


def operations(generator) -> int:
    """Multiplications and additions of one picture's convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        generator(latent.seeds([0], generator.spec.z_dim))
    return counter.get_total_flops()


@pytest.mark.parametrize("model", ["stylegan2_256", "large_model"])
def test_twins_in_other_precisions(report, by_turns, request, model: str) -> None:
    generator = Renderer("cpu").load(request.getfixturevalue(model))
    kinds = list(dict.fromkeys([torch.float32, devices.preview_dtype("cpu")]))
    w = generator.mapping(latent.seeds([0], generator.spec.z_dim))
    twins = [devices.lowered(generator, kind) for kind in kinds]

    def draw(network):
        def once(_: int) -> None:
            with torch.inference_mode():
                network.synthesis(w)

        return once

    eager, *lowered = by_turns(*map(draw, [generator, *twins]), seconds=8)
    name = generator.ref.name
    if len(kinds) == 1:
        report(f"{name}: this processor multiplies no bfloat16; previews are in float32")
    for kind, twin, times in zip(kinds, twins, lowered, strict=True):
        words = str(kind).removeprefix("torch.")
        worst = min(_decibels(generator, twin, seed) for seed in range(4))
        faster = median(e / t for e, t in zip(eager, times, strict=True))
        held = model == "stylegan2_256"
        bar = ("1 or more" if kind is torch.float32 else "2.5 or more") if held else ""
        report(f"{name}, twin in {words}, faster than eager float32", faster, "times", bar)
        if worst == float("inf") and kind is not torch.float32:
            report(f"{name}, twin in {words}: draws the very picture of float32, so this family has no such twin")
        else:
            report(f"{name}, twin in {words}, worst of four pictures", min(worst, 200.0), "dB", "40 or more")


def _decibels(generator, twin, seed: int) -> float:
    with torch.inference_mode():
        w = generator.mapping(latent.seeds([seed], generator.spec.z_dim))
        return devices.decibels(twin.synthesis(w), generator.synthesis(w))


def test_a_change_of_the_last_two_layers(report, by_turns, large_model: Path) -> None:
    changing, anew = Renderer("cpu"), Renderer("cpu")  # two, so that what one goes on from is not what the other drew
    generator = changing.load(large_model)
    anew.load(large_model)
    recipe, layer = Recipe(generator.ref, Seed(0)), len(generator.spec.layers) - 2

    def partly(turn: int) -> None:
        changing.render(recipe.edit(units=(UnitEdit(layer, (0,), gain=1 + turn / 100),)))

    def wholly(turn: int) -> None:
        anew.render(recipe.edit(latent=Seed(turn + 1)))

    changed, full = by_turns(partly, wholly, seconds=10)
    ratio = median(f / c for c, f in zip(changed, full, strict=True))
    report(f"{generator.ref.name}, all drawn anew over a change of the last two layers", ratio, "times", "2 or more")


def test_a_sheet_of_sixty_four(report, by_turns, face_model: Path) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(face_model)
    z = latent.seeds(range(64), generator.spec.z_dim)
    size = renderer.at_once(Recipe(generator.ref))
    sheet = Sheet(tuple(Recipe(generator.ref, Seed(k)) for k in range(64)), 8)

    def bare(_: int) -> None:
        with torch.inference_mode():
            for part in z.split(size):
                generator(part)

    forward, drawn = by_turns(bare, lambda _: run(sheets.draw(renderer, sheet)), seconds=4)
    ratio = median(d / f for f, d in zip(forward, drawn, strict=True))
    report(f"{generator.ref.name}, sheet of 64", median(drawn) / 1000, "s")
    report(f"{generator.ref.name}, sheet of 64 over the bare network in batches of {size}", ratio, "x")
