"""Memory of a long export over that of the idle process, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

SCRIPT = """
import json, sys, threading
import psutil
from ganviz import video
from ganviz.jobs import run
from ganviz.recipe import Recipe, Seed
from ganviz.render import Renderer
from ganviz.walk import Walk, WalkRecipes

model, target, frames = sys.argv[1], sys.argv[2], int(sys.argv[3])
renderer = Renderer("cpu")
generator = renderer.load(model)
keyframes = [Recipe(generator.ref, Seed(seed)) for seed in range(8)]
recipes = WalkRecipes(keyframes, Walk(frames), generator.spec.has_mapping)
renderer.render(keyframes[0])
me = psutil.Process()
idle, own, encoder, stop = me.memory_info().rss, [0], [0], threading.Event()

def look():
    while not stop.wait(0.02):
        own.append(me.memory_info().rss)
        for child in me.children():
            try:
                encoder.append(child.memory_info().rss)
            except psutil.Error:
                pass

watcher = threading.Thread(target=look)
watcher.start()
run(video.export(renderer, recipes, target))
stop.set()
watcher.join()
print(json.dumps({"idle": idle, "own": max(own), "encoder": max(encoder)}))
"""


@pytest.mark.parametrize(("suffix", "frames"), [(".mp4", 1000), (".mp4", 10_000), (".webm", 10_000), (".gif", 2000)])
@pytest.mark.timeout(1200)
def test_memory_of_a_long_export(report, face_model: Path, tmp_path: Path, clean_environment, suffix: str, frames: int):
    command = [sys.executable, "-c", SCRIPT, str(face_model), str(tmp_path / f"walk{suffix}"), str(frames)]
    said = subprocess.run(command, env=clean_environment, capture_output=True, text=True, check=True).stdout
    bytes_of = json.loads(said)
    own, encoder = bytes_of["own"] - bytes_of["idle"], bytes_of["encoder"]
    name = f"{frames:,} frames at 64 px to {suffix}"
    report(f"{name}: own process over idle", own / 1e6, "MB")
    report(f"{name}: ffmpeg beside it", encoder / 1e6, "MB")
    report(f"{name}: both", (own + encoder) / 1e6, "MB", "under 100")
