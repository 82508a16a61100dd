"""The renderer of the compute thread, and what stands for it where torch does not start."""

import os
import sys
from typing import TYPE_CHECKING, Any

from ganviz.errors import GanvizError

if TYPE_CHECKING:
    from ganviz.render import Renderer

SWITCH_S = 0.00001
"""A thread that wants Python's lock gets it after this time. A network asks for it again between any two of its
operations, and at the usual 5 ms would wait for the panels to be done with what a slider has changed."""


def make_renderer(device: str) -> "Renderer":
    """Import torch and start the renderer; raises whatever a torch that is missing or broken raises."""
    import torch

    from ganviz.render import Renderer

    sys.setswitchinterval(SWITCH_S)
    # One processor is left to the UI thread: torch's threads wait for one another at every operation, so that one of
    # them sharing a processor with something busy slows all of them down many times over.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
    renderer = Renderer(device)
    renderer.keep_measurements()
    return renderer


class Unavailable:
    """Stands for a renderer that could not be started: it answers every request with the reason."""

    device = ""

    def __init__(self, message: str) -> None:
        self.message = " ".join(message.split())

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise GanvizError(self.message)

    load = render = drawing = render_all = stream = collapse = _refuse

    def save_measurements(self) -> None:
        """There are none."""
