"""The end of the program where a thread does not come to one: a drive that no longer answers holds whoever reads it."""

import logging
import os
import threading

log = logging.getLogger(__name__)

LONGEST_S = 30.0
"""What a step of an export, an import of torch or a slow disk may take after the window has gone."""


def leave_within(seconds: float = LONGEST_S) -> None:
    """End the process after that time, whatever still runs in it.

    Nothing that stands under its final name is ever half-written, and the work of a session that could not be put in
    order is offered at the next start.
    """
    timer = threading.Timer(seconds, _leave)
    timer.daemon = True  # a process that ends before has no need of it
    timer.start()


def _leave() -> None:
    log.warning(
        "ganviz: something is still being read or written, perhaps on a drive that does not answer; not waiting"
    )
    os._exit(0)
