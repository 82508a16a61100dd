"""In a process of its own: nearest training images by ganviz and by faiss's flat index, by turns.

    measure_neighbours.py grey|colour FOLDER THREADS  ->  a JSON object, times in ms, memory in bytes

grey     60,000 x 784: Fashion-MNIST where its files are there (of the Debian package), else soft random pictures;
         asked for are its test images
colour   10,000 x 64 x 64 x 3: the bundled faces, mirrored and brightened; asked for are pictures of faces-dcgan
FOLDER holds the cache.
"""

import gzip
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from ganviz import neighbours
from ganviz.datasets import Dataset, open_dataset
from ganviz.jobs import run

FASHION = Path("/usr/share/datasets/fashion-mnist")
QUERIES = 200


def main(kind: str, folder: str, threads: int) -> None:
    os.environ["GANVIZ_HOME"] = folder
    torch.set_num_threads(threads)
    images, queries, name = grey() if kind == "grey" else colour()
    np.save(Path(folder, f"{kind}.npy"), images)
    digest = hashlib.sha256(images).hexdigest()
    count = len(images)
    found: dict[str, object] = {"data": name, "count": count, "numbers": int(np.prod(images.shape[1:]))}
    faiss_times, flat = [], None
    try:
        import faiss

        faiss.omp_set_num_threads(threads)
        flat = faiss.IndexFlatL2(int(np.prod(images.shape[1:])))
        flat.add(images.reshape(count, -1).astype(np.float32))
    except ImportError:
        found["missing"] = "faiss-cpu"
    mapped = np.load(Path(folder, f"{kind}.npy"), mmap_mode="r")
    del images
    data = Dataset(mapped, None, (), (), digest, kind, tuple(map(str, range(count))))
    began = time.perf_counter()
    run(neighbours.build(data))
    found["build"] = time.perf_counter() - began
    before = private_bytes()
    began = time.perf_counter()
    index = run(neighbours.build(data))
    found["open"] = time.perf_counter() - began
    own = []
    for query in queries:
        began = time.perf_counter()
        order, _ = index.nearest(query[None], 5)
        own.append((time.perf_counter() - began) * 1000)
        if flat is not None:
            flattened = query.reshape(1, -1).astype(np.float32)
            began = time.perf_counter()
            _, theirs = flat.search(flattened, 5)
            faiss_times.append((time.perf_counter() - began) * 1000)
            assert order[0, 0] == theirs[0, 0], "the nearest image differs"
    found |= {"own": own[5:], "faiss": faiss_times[5:], "grown": private_bytes() - before}
    noise = np.random.default_rng(0).integers(0, 256, (20, *queries.shape[1:]), dtype=np.uint8)
    unlike = []
    for query in noise:
        began = time.perf_counter()
        index.nearest(query[None], 5)
        unlike.append((time.perf_counter() - began) * 1000)
    found["unlike"] = unlike[2:]
    print(json.dumps(found))


def grey() -> tuple[np.ndarray, np.ndarray, str]:
    if (FASHION / "train-images-idx3-ubyte.gz").is_file():
        return idx("train"), idx("t10k")[:QUERIES], "Fashion-MNIST"
    chance = np.random.default_rng(0)
    parts = chance.normal(size=(40, 784))
    soft = chance.normal(size=(60_000 + QUERIES, 40)) @ parts * 10 + 128
    pictures = soft.clip(0, 255).astype(np.uint8).reshape(-1, 28, 28, 1)
    return pictures[:60_000], pictures[60_000:], "soft random pictures (Fashion-MNIST is not installed)"


def idx(part: str) -> np.ndarray:
    raw = gzip.decompress((FASHION / f"{part}-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28, 1)


def colour() -> tuple[np.ndarray, np.ndarray, str]:
    from ganviz.expression import Seed
    from ganviz.recipe import Recipe
    from ganviz.render import Renderer

    faces = np.asarray(open_dataset("faces", 64, 3).images)
    brighter = np.clip(faces.astype(np.int16) + 12, 0, 255).astype(np.uint8)
    images = np.concatenate([faces, faces[:, :, ::-1], brighter])[:10_000]
    renderer = Renderer("cpu")
    recipes = [Recipe("faces-dcgan", Seed(seed)) for seed in range(QUERIES)]
    return images, np.stack([frame.pixels for frame in renderer.render_all(recipes)]), "the bundled faces, varied"


def private_bytes() -> int:
    """Memory of this process that is backed by no file (Linux; 0 elsewhere)."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("RssAnon"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
