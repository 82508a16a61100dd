"""Hostile files, and files of every foreign layout cut short and changed at random: each has to end as it should.

    python tests/benchmarks/measure_mutations.py [COUNT] [SEED]      COUNT changed files, 10,000 unless said otherwise

Prints what became of them, what the slowest and the largest took, and every one that took too long, took too much, did
something or ended unclearly.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1] / "unit" / "ganviz" / "importers"
PART = 1000
SECONDS, MEGABYTES = 10.0, 200.0
PIECE = 1024


def main(count: int, seed: int) -> int:
    sys.path.insert(0, str(TESTS))
    import hostile
    import layouts

    complaints: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for part in ("warm", "files", "out"):
            (work / part).mkdir()
        raw = {key: layout.make(work / "warm", key).read_bytes() for key, layout in layouts.LAYOUTS.items()}
        chance = random.Random(seed)

        def changed() -> Iterator[tuple[str, bytes]]:
            for k in range(count):
                key = chance.choice(list(raw))
                yield f"{k}-{key}", layouts.mutated(raw[key], chance)

        def cut() -> Iterator[tuple[str, bytes]]:
            for key, data in raw.items():
                for length in (1, 2, 9, *range(PIECE, len(data), PIECE), len(data) - 1):
                    yield f"{key}-{length}", data[:length]

        for what, files in (("hostile", hostile.corpus()), ("cut short", cut()), ("changed at random", changed())):
            complaints += _endure(work, what, files)
        if list(work.rglob("ganviz-ran-it")):
            complaints.append("something was run")
        if {path.name for path in (work / "out").iterdir()} - {"out.safetensors"}:
            complaints.append("something was written elsewhere")
    print("\n".join(complaints) or "nothing to complain of")
    return bool(complaints)


def _endure(work: Path, what: str, files: Iterator[tuple[str, bytes]]) -> list[str]:
    """Put the files through a process of their own, some at a time; what there is to complain of."""
    ends: Counter[str] = Counter()
    complaints: list[str] = []
    slowest, largest, closest = (0.0, ""), (0.0, ""), (0.0, "")
    total = 0
    while True:
        sizes = {}
        for name, data in files:
            (work / "files" / name).write_bytes(data)
            sizes[name] = len(data) / 1e6
            if len(sizes) == PART:
                break
        if not sizes:
            break
        command = [sys.executable, str(TESTS / "endure.py"), *(str(work / part) for part in ("warm", "files", "out"))]
        done = subprocess.run(command, capture_output=True, text=True, cwd=work)
        if done.returncode:
            return [f"{what}: the process ended with {done.returncode}: {done.stderr[-500:]}"]
        for item, (message, seconds, megabytes, events) in json.loads(done.stdout).items():
            allowed = 2 * sizes[item] + MEGABYTES
            slowest, largest = max(slowest, (seconds, item)), max(largest, (megabytes, item))
            closest = max(closest, (megabytes / allowed, item))
            ends["a checkpoint" if not message else _kind(message)] += 1
            unclear = message.startswith("not clear") or (message and item not in message) or not message.isprintable()
            if unclear or seconds > SECONDS or megabytes > allowed or events:
                complaints.append(f"{item}: {message[:300]} {seconds:.1f} s {megabytes:.0f} MB {events[:3]}")
        for name in sizes:
            (work / "files" / name).unlink()
        total += len(sizes)
        print(f"{what}: {total}, {len(complaints)} complaints", flush=True)
    for end, number in ends.most_common(20):
        print(f"{number:6d}  {end}")
    print(f"        slowest {slowest[0]:.2f} s of the processor's time ({slowest[1]})")
    print(f"        most memory {largest[0]:.0f} MB ({largest[1]})")
    print(f"        at most {100 * closest[0]:.0f} % of the memory allowed ({closest[1]})", flush=True)
    return complaints


def _kind(message: str) -> str:
    words = (
        "cut short",
        "damaged",
        "refused",
        "expected shape",
        "not finite",
        "missing",
        "no rule takes",
        "known formats",
    )
    return next((word for word in words if word in message), "another clear message")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [10_000, 1][len(given) :])))
