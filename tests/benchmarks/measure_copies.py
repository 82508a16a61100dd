"""How many planted copies the neighbour search finds: `python tests/benchmarks/measure_copies.py [faces|digits]`.

1,000 of 5,000 pictures, each as it is, mirrored, moved by up to 2 px, or both; all have to be found at distance 0.
"""

import sys
import time

import numpy as np

from ganviz.datasets import Dataset, open_dataset
from ganviz.jobs import run
from ganviz.nearness import QUERIES, SHIFT, prepare

PLANTS, AMONG = 1000, 5000


def main(name: str = "faces") -> int:
    whole = open_dataset(name, 64 if name == "faces" else 32)
    data = Dataset(whole.images[:AMONG], None, (), (), whole.digest, whole.name, whole.files[:AMONG])
    began = time.perf_counter()
    search = run(prepare(data))
    random = np.random.RandomState(0)
    chosen = random.permutation(len(data))[:PLANTS]
    plants = []
    for k in chosen:
        image = np.asarray(data.images[k])
        image = image[:, ::-1] if random.randint(2) else image
        x, y = random.randint(-SHIFT, SHIFT + 1, 2)
        padded = np.pad(image, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
        side = image.shape[0]
        plants.append(padded[SHIFT - y : SHIFT - y + side, SHIFT - x : SHIFT - x + side])
    found = []
    for start in range(0, PLANTS, QUERIES):
        found += [near[0] for near in search.look_up(np.stack(plants[start : start + QUERIES]), 1)]
    right = sum(near.index == k or near.distance == 0 for near, k in zip(found, chosen, strict=True))
    same = sum(near.index == k for near, k in zip(found, chosen, strict=True))
    seconds = time.perf_counter() - began
    print(f"{name}: {right} of {PLANTS} found ({same} the very image), {seconds:.0f} s")
    return 0 if right == PLANTS else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
