"""Frames a second of exports against the bare network in batches, by turns."""

import os
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from ganviz import latent, video
from ganviz.batches import WORTH_SETTLING
from ganviz.expression import Seed
from ganviz.jobs import Offload, run
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.walk import Walk, WalkRecipes

SECTION = "Exports"

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

CASES = [
    ("face_model", ".mp4", 480, 3),
    ("face_model", ".webm", 240, 3),
    ("face_model", ".gif", 120, 3),
    ("face_model", "", 240, 3),
    ("stylegan2_256", ".mp4", 16, 2),
    ("stylegan2_256", "", 8, 2),
]


@pytest.mark.parametrize(("model", "suffix", "frames", "turns"), CASES)
def test_export_against_the_bare_network_in_batches(
    report, by_turns, request, tmp_path: Path, model: str, suffix: str, frames: int, turns: int
) -> None:
    """With one thread less than there are processors, as in the window; at 256 px also with all, as in a shell."""
    renderer = Renderer("cpu")
    generator = renderer.load(request.getfixturevalue(model))
    recipes = WalkRecipes([Recipe(generator.ref, Seed(seed)) for seed in range(5)], Walk(frames), False)
    z = latent.seeds(range(frames), generator.spec.z_dim)
    batch = run(renderer.quickest_film([recipes[0]] * WORTH_SETTLING))  # as a long film begins
    before, cores = torch.get_num_threads(), os.cpu_count() or 1

    def bare(_: int) -> None:
        with torch.inference_mode():
            for part in z.split(batch):
                generator(part)

    def export(turn: int) -> None:
        run(video.export(renderer, recipes, tmp_path / f"{torch.get_num_threads()}-{turn}{suffix}", batch=batch))

    spec = generator.spec
    for threads in sorted({before, cores} if spec.resolution >= 256 and suffix else {before}):
        torch.set_num_threads(threads)
        try:
            forward, exported = by_turns(bare, export, seconds=0, least=turns)
        finally:
            torch.set_num_threads(before)
        name = f"{generator.ref.name} to {suffix or 'PNG files'}, {threads} of {cores} threads"
        report(f"{name}, bare network in batches of {batch}", frames * 1000 / median(forward), "frames/s")
        report(f"{name}, export", frames * 1000 / median(exported), "frames/s")
        share = median(f / e for f, e in zip(forward, exported, strict=True))
        report(f"{name}, export of the bare rate", share, "of 1", "0.9 or more" if spec.resolution >= 256 else "")


def test_the_longest_step_of_an_export(report, face_model: Path, tmp_path: Path) -> None:
    """What the compute thread is held up by between two looks at its mailbox, once the model is loaded."""
    import time

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
        answer = step() if isinstance(step, Offload) else None
    report("longest step of an mp4 export of 600 frames", max(steps), "ms", "under 100")
    report("95th percentile of its steps", np.percentile(steps, 95), "ms")
