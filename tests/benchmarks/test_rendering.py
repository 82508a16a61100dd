"""What the Renderer and the export cost over the bare network, in one run, by turns."""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from ganviz import latent, video
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.recipe import Recipe
from ganviz.render import BATCH, Renderer
from ganviz.walk import Walk, WalkRecipes

pytestmark = pytest.mark.benchmark


def milliseconds(function, *arguments) -> float:
    began = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - began) * 1000


def test_one_picture_through_the_renderer_against_the_bare_network(report, face_model: Path):
    renderer = Renderer("cpu")
    generator = renderer.load(face_model)
    z = latent.seeds(range(200), generator.spec.z_dim)

    def forward(k: int) -> None:
        with torch.inference_mode():
            generator(z[k : k + 1])

    bare, whole = [], []
    for k in range(200):
        bare.append(milliseconds(forward, k))
        whole.append(milliseconds(renderer.render, Recipe(generator.ref, Seed(k))))
    report("bare forward of one picture, median", median(bare[20:]), "ms")
    report("Renderer.render of one recipe, median", median(whole[20:]), "ms")
    ratio = median(b / a for a, b in zip(bare[20:], whole[20:], strict=True))
    report("Renderer.render over bare forward, median ratio", ratio, "x")


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ""])
def test_export_against_the_bare_network_in_batches(report, face_model: Path, tmp_path: Path, suffix: str):
    renderer = Renderer("cpu")
    generator = renderer.load(face_model)
    keyframes = [Recipe(generator.ref, Seed(seed)) for seed in range(5)]
    frames = 240
    recipes = WalkRecipes(keyframes, Walk(frames), generator.spec.has_mapping)
    z = latent.seeds(range(frames), generator.spec.z_dim)

    def bare() -> None:
        with torch.inference_mode():
            for start in range(0, frames, BATCH):
                generator(z[start : start + BATCH])

    bare_ms, export_ms = [], []
    for turn in range(4):
        bare_ms.append(milliseconds(bare))
        export_ms.append(
            milliseconds(lambda turn=turn: run(video.export(renderer, recipes, tmp_path / f"{turn}{suffix}")))
        )
    kind = suffix or "PNG folder"
    report(
        f"bare network in batches of {BATCH}, while measuring {kind}",
        frames * 1000 / np.median(bare_ms[1:]),
        "frames/s",
    )
    report(f"export to {kind}", frames * 1000 / np.median(export_ms[1:]), "frames/s")
    report(f"export to {kind} over bare network, time", np.median(export_ms[1:]) / np.median(bare_ms[1:]), "x")


def test_the_longest_step_of_an_export(report, face_model: Path, tmp_path: Path):
    """What the compute thread is held up by between two looks at its mailbox, once the model is loaded."""
    renderer = Renderer("cpu")
    generator = renderer.load(face_model)
    recipes = WalkRecipes([Recipe(generator.ref, Seed(seed)) for seed in range(5)], Walk(600), False)
    renderer.render_all(recipes[:16])
    steps = []
    job = video.export(renderer, recipes, tmp_path / "walk.mp4")
    answer = None
    while True:
        began = time.perf_counter()
        try:
            step = job.send(answer)
        except StopIteration:
            break
        steps.append((time.perf_counter() - began) * 1000)
        answer = step() if isinstance(step, video.Offload) else None
    report("longest step of an mp4 export of 600 frames", max(steps), "ms", "under 100")
    report("95th percentile of its steps", np.percentile(steps, 95), "ms")
