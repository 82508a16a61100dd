"""Project a model's own pictures back with the default steps, and say how near each comes.

    python tests/benchmarks/measure_projection.py MODEL [--space z|w|w+] [--psi P] [--seeds 1000-1009]

The seeds are none of those that the search starts from. Prints a line a seed and how many reach 30 dB.
"""

import argparse
import time

from ganviz import Recipe, Renderer, Seed, projection
from ganviz.jobs import run
from ganviz.notation import parse_seeds

ENOUGH_DB = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--space", choices=("z", "w", "w+"))
    parser.add_argument("--psi", type=float, default=1.0)
    parser.add_argument("--seeds", default="1000-1009")
    options = parser.parse_args()
    renderer = Renderer()
    enough = 0
    wanted = parse_seeds(options.seeds)
    for seed in wanted:
        target = renderer.render(Recipe(options.model, seed, psi=options.psi)).pixels
        begun = time.monotonic()
        found = run(projection.project(renderer, Recipe(options.model, Seed(0)), target, options.space))
        enough += found.psnr >= ENOUGH_DB
        print(f"seed {seed.seed}: {found.psnr:.1f} dB, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{enough} of {len(wanted)} reach {ENOUGH_DB:g} dB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
