"""A process that trains beside others, for tests: one JSON request a line on stdin, one JSON answer a line on stdout.

A request is {"arguments": [...], "environment": {...}, "folder": where to run} and may hold "stop": after so many polls
for orders this process is asked to stop, "nan": from that step on its losses are no numbers, or "fail": it cannot open
its data. The answer is {"code", "said", "steps"}: the exit code, what was printed, and a digest of all weights, buffers
and averages after each step.
"""

import hashlib
import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

import torch

from ganviz import datasets
from ganviz.errors import GanvizError
from trainers import distributed, journal, losses
from trainers.__main__ import main
from trainers.control import Control
from trainers.ema import Average

PLAIN = {
    "poll": Control.poll,
    "average": distributed.average,
    "update": Average.update,
    "discriminator_loss": losses.discriminator_loss,
    "open_dataset": datasets.open_dataset,
}


def prepare(request: dict) -> list[str]:
    """Put the request's disturbances in place; returns the list that each step's digest will be added to."""
    steps: list[str] = []
    nets: list[torch.nn.Module] = []
    polls = iter(range(1, 1_000_000))

    def poll(self, wait=0.0):
        if next(polls) >= request.get("stop", 1_000_000):
            self.stopping = True

    def average(net, noted, *others):
        nets[:] = [net, *others]
        return PLAIN["average"](net, noted, *others)

    def update(self, *words):
        PLAIN["update"](self, *words)
        digest = hashlib.sha256()
        for net in (*nets, self.net):
            for tensor in net.state_dict().values():
                digest.update(tensor.contiguous().numpy().tobytes())
        steps.append(digest.hexdigest())

    def discriminator_loss(*words):
        broken = len(steps) >= request.get("nan", 1_000_000)
        return PLAIN["discriminator_loss"](*words) * (float("nan") if broken else 1)

    def open_dataset(*words, **rest):
        if request.get("fail"):
            raise GanvizError("no such data here")
        return PLAIN["open_dataset"](*words, **rest)

    journal.LOG_STEPS = 3
    Control.poll, distributed.average, Average.update = poll, average, update
    losses.discriminator_loss, datasets.open_dataset = discriminator_loss, open_dataset
    return steps


def serve() -> None:
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        steps = prepare(request)
        said = io.StringIO()
        with redirect_stderr(said), redirect_stdout(said):
            code = main(request["arguments"])
        print(json.dumps({"code": code, "said": said.getvalue(), "steps": steps}), flush=True)


if __name__ == "__main__":
    serve()
