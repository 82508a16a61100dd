"""How often the rule of copies errs: `python tests/benchmarks/measure_rule.py [digits|faces|fashion-mnist]`.

Half of the data are taken as training images, 1,000 of the others as samples, none of which is a copy: it prints what
the rule calls them, and what it calls them where some are put in place that are copies with a little noise.
"""

import sys

import numpy as np

from ganviz.copying import is_more, open_rule
from ganviz.datasets import Dataset, open_dataset
from ganviz.jobs import run

MOST, SAMPLES = 12_000, 1000
NOISE = 6.0
"""Grey levels of noise on each copy."""
PLANTS = (5, 10, 30, 100)


def main(name: str = "digits") -> int:
    whole = open_dataset(name, 64 if name == "faces" else 32)
    chance = np.random.RandomState(0)
    order = chance.permutation(len(whole))[:MOST]
    known, apart = np.sort(order[: len(order) // 2]), order[len(order) // 2 :][:SAMPLES]
    files = tuple(whole.files[k] for k in known)
    data = Dataset(whole.images[known], None, (), (), f"half-of-{whole.digest}"[:40], f"half of {name}", files)
    rule = run(open_rule(data))
    real = rule.reals
    print(f"{name}: of {len(real)} training images left out, {real.copies} called copies, {real.near} near")
    verdicts = [rule.judge(np.asarray(whole.images[k])).verdict for k in apart]
    near, copies = len(verdicts) - verdicts.count("new"), verdicts.count("copy")
    print(f"of {len(apart)} held-out images, {copies} called copies, {near} near")
    wrong = is_more(copies, len(apart), real.copies, len(real)) or is_more(near, len(apart), real.near, len(real))
    found = []
    for k in chance.permutation(len(data))[: max(PLANTS)]:
        image = np.asarray(data.images[k])
        noisy = np.clip(np.rint(image + NOISE * chance.standard_normal(image.shape)), 0, 255).astype(np.uint8)
        found.append(rule.judge(noisy).verdict == "copy")
    print(f"of {max(PLANTS)} noisy copies {sum(found)} are found")
    for count in PLANTS:
        noticed = is_more(copies + sum(found[:count]), len(apart), real.copies, len(real))
        print(f"{count} of them among {len(apart)}: {'noticed' if noticed else 'not told from chance'}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
