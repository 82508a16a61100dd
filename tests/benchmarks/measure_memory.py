"""In a process of its own: draw one picture, export a long film, print how much memory that took over idle.

measure_memory.py MODEL TARGET FRAMES  ->  {"idle", "own", "encoder"} in bytes
"""

import json
import sys
import threading

import psutil

from ganviz import video
from ganviz.expression import Seed
from ganviz.jobs import run
from ganviz.recipe import Recipe
from ganviz.render import Renderer
from ganviz.walk import Walk, WalkRecipes


def main(model: str, target: str, frames: int) -> None:
    renderer = Renderer("cpu")
    generator = renderer.load(model)
    keyframes = [Recipe(generator.ref, Seed(seed)) for seed in range(8)]
    recipes = WalkRecipes(keyframes, Walk(frames), generator.spec.has_mapping)
    renderer.render(keyframes[0])
    me = psutil.Process()
    idle, own, encoder, stop = me.memory_info().rss, [0], [0], threading.Event()

    def look() -> None:
        while not stop.wait(0.02):
            own.append(me.memory_info().rss)
            for child in me.children():
                try:
                    if "ffmpeg" in child.name():  # not this process's own image, before ffmpeg is in its place
                        encoder.append(child.memory_info().rss)
                except psutil.Error:  # it has just ended
                    pass

    watcher = threading.Thread(target=look)
    watcher.start()
    run(video.export(renderer, recipes, target))
    stop.set()
    watcher.join()
    print(json.dumps({"idle": idle, "own": max(own), "encoder": max(encoder)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
