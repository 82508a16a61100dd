"""Change files of every foreign layout at random, ten thousand times, and see that each ends as it should.

    python tests/benchmarks/measure_mutations.py [COUNT] [SEED]

Prints what became of them, and every one that took too long, took too much, did something or ended unclearly.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1] / "unit" / "ganviz" / "importers"
PART = 1000
SECONDS, MEGABYTES = 10.0, 200.0


def main(count: int, seed: int) -> int:
    sys.path.insert(0, str(TESTS))
    import layouts

    chance = random.Random(seed)
    ends: Counter[str] = Counter()
    slowest, largest, complaints = 0.0, 0.0, []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for part in ("warm", "files", "out"):
            (work / part).mkdir()
        whole = {key: layout.make(work / "warm", key) for key, layout in layouts.LAYOUTS.items()}
        raw = {key: path.read_bytes() for key, path in whole.items()}
        for start in range(0, count, PART):
            files = {}
            for k in range(start, min(start + PART, count)):
                key = chance.choice(list(raw))
                path = work / "files" / f"{k}-{key}"
                path.write_bytes(layouts.mutated(raw[key], chance))
                files[path.name] = path
            command = [
                sys.executable,
                str(TESTS / "endure.py"),
                *(str(work / part) for part in ("warm", "files", "out")),
            ]
            done = subprocess.run(command, capture_output=True, text=True, cwd=work)
            if done.returncode:
                print(f"the process ended with {done.returncode}: {done.stderr[-500:]}")
                return 1
            for item, (message, seconds, megabytes, events) in json.loads(done.stdout).items():
                slowest, largest = max(slowest, seconds), max(largest, megabytes)
                ends["a checkpoint" if not message else _kind(message)] += 1
                unclear = (
                    message.startswith("not clear") or (message and item not in message) or not message.isprintable()
                )
                if unclear or seconds > SECONDS or megabytes > MEGABYTES or events:
                    complaints.append(f"{item}: {message[:300]} {seconds:.1f} s {megabytes:.0f} MB {events[:3]}")
            for path in files.values():
                path.unlink()
            print(f"{start + len(files)} of {count}, {len(complaints)} complaints", flush=True)
        if list(work.rglob("ganviz-ran-it")):
            complaints.append("something was run")
    for end, number in ends.most_common(20):
        print(f"{number:6d}  {end}")
    print(f"slowest {slowest:.2f} s of the processor's time, most memory {largest:.0f} MB")
    print("\n".join(complaints) or "nothing to complain of")
    return bool(complaints)


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
