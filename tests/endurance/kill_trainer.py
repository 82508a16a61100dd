"""Kill a training at random again and again, go on each time, and compare with one that nobody disturbed.

    python tests/endurance/kill_trainer.py --kills 50 --seed 1

After each kill (SIGKILL, as by a loss of power) the folder has to be whole: every snapshot and preview can be read,
and what can be gone on from is no older than before. At the end the weights of the last snapshot have to be those of
the undisturbed run, bit for bit, on the processor in float32. The children are forks of this process, so that a
start takes no import; that wants a system that can fork.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

OPTIONS = "--resolution 16 --batch 8 --threads 1 --precision float32 --device cpu".split()
TINY = {
    "dcgan": "--z-dim 4 --base-channels 4",
    "infogan": "--z-dim 4 --base-channels 4 --fc-channels 8 --categorical 3,2 --channels 1",
    "progan": "--z-dim 4 --base-channels 2 --max-channels 4 --batches none --stable-images 2000 --fade-images 2000",
    "stylegan": "--z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4 --batches none",
    "stylegan2": "--z-dim 4 --w-dim 4 --mapping-layers 2 --base-channels 2 --max-channels 4 --tail-channels 2",
}


def child(words: list[str], steps: int, messages: Path) -> int:
    """Start a training in a fork of this process that keeps a snapshot every `steps` steps; its process id.

    What it says goes to the file `messages`.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.dup2(os.open(messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        import trainers.journal as journal
        from trainers.__main__ import main

        def due(self: Any) -> str | None:
            return "snapshot" if self.step % steps == 0 else "preview" if self.step % steps == steps // 2 else None

        journal.Journal.due = due
        journal.LOG_STEPS = 7
        code = main(words)
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """Wait for a child; what `waitpid` says of it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def seen_in(run: Path) -> int:
    """How many images the state had seen that could be gone on from; 0 where there is none. Reads all that is there."""
    from PIL import Image
    from safetensors import safe_open

    from ganviz import checkpoint

    for path in (run / "snapshots").glob("*.safetensors"):
        if not path.name.startswith("."):
            checkpoint.load(path)
    for path in (run / "previews").glob("*.png"):
        if not path.name.startswith("."):
            with Image.open(path) as image:
                image.load()
    state = run / "state.safetensors"
    if not state.exists():
        return 0
    with safe_open(state, framework="pt") as file:
        for name in file.keys():
            file.get_tensor(name)
        return int(json.loads(file.metadata()["ganviz-run"])["counters"]["seen"])


def last_weights(run: Path) -> dict[str, Any]:
    from ganviz import checkpoint

    newest = max((run / "snapshots").glob("[0-9]*.safetensors"), key=lambda path: int(path.stem))
    return {"images": int(newest.stem), **checkpoint.load(newest).state_dict()}


def torture(arch: str, kills: int, seed: int, folder: Path, images: int = 0, steps: int = 5) -> dict[str, Any]:
    """Run undisturbed once, then with so many kills; the report, whose "equal" says whether both came to the same."""
    rng = random.Random(seed)
    data = folder / "data.npz"
    np.savez(data, images=np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8))
    images = images or 8 * steps * (2 * kills + 4)
    words = [arch, "--data", str(data), *OPTIONS, *TINY[arch].split(), "--images", str(images)]
    straight, tortured = folder / "straight", folder / "tortured"
    began = time.monotonic()
    if ended(child([*words, "--out", str(straight)], steps, folder / "said.txt")):
        raise SystemExit("the undisturbed run failed")
    took = time.monotonic() - began
    before, killed, resumed, lost = 0, 0, 0, 0
    first = [*words, "--out", str(tortured)]
    again = [arch, "--out", str(tortured), "--resume"]
    while True:
        pid = child(again if before else first, steps, folder / "said.txt")
        if killed < kills:
            _wait_for_state(pid, tortured, before, rng.uniform(0, took / kills))
            os.kill(pid, signal.SIGKILL)
        code = ended(pid)
        resumed += bool(before)
        seen = seen_in(tortured)
        lost += seen < before
        before = seen
        if code == 0:
            break
        if code != -signal.SIGKILL:
            said = (folder / "said.txt").read_text(errors="replace")
            raise SystemExit(f"a training ended with {code} after {killed} kills: {said[-2000:]}")
        killed += 1
    a, b = last_weights(straight), last_weights(tortured)
    equal = a.keys() == b.keys() and all(
        bool((a[key] == b[key]).all()) if key != "images" else a[key] == b[key] for key in a
    )
    return {"arch": arch, "seed": seed, "images": images, "kills": killed, "resumed": resumed, "lost": lost,
            "equal": equal, "seconds": round(time.monotonic() - began)}  # fmt: skip


def _wait_for_state(pid: int, run: Path, before: int, delay: float) -> None:
    """Wait until there is a state to go on from, then for a random while; return early where the child has ended."""
    state = run / "state.safetensors"
    while not before and not state.exists() and not _has_ended(pid):
        time.sleep(0.005)
    end = time.monotonic() + delay
    while time.monotonic() < end and not _has_ended(pid):
        time.sleep(0.001)


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it stays to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill a training at random and go on, again and again.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--arch", choices=TINY, default="dcgan")
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch

    import trainers.__main__  # noqa: F401  children are to find all of it loaded

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        os.environ["GANVIZ_HOME"] = str(Path(name) / "home")
        report = torture(options.arch, options.kills, options.seed, Path(name))
    print(json.dumps(report))
    return 0 if report["equal"] and not report["lost"] and report["kills"] == options.kills else 1


if __name__ == "__main__":
    sys.exit(main())
