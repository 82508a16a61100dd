"""Whether recipes follow one another as the ticks of a moving control do, and when that control rests."""

import time

MOVING_S = 0.25
"""Recipes that follow one another within this time are one movement."""
GAPS, HOLD_S = 2.0, 0.1
"""Before the last picture of a movement is refined the next one is waited for: so many times as long as it took from
the one before, and at most this long."""


class Movement:
    """When the newest recipe came, and how long after the one before."""

    def __init__(self) -> None:
        self._asked = self._gap = float("-inf")

    def go_on(self) -> None:
        """A recipe has come."""
        now = time.monotonic()
        gap, self._asked = now - self._asked, now
        # One that came quickly, as when the compute thread was held up, does not make the movement a faster one.
        self._gap = max(gap, min(self._gap, MOVING_S) / 2) if gap < MOVING_S else gap

    @property
    def is_on(self) -> bool:
        """Whether the newest recipe is one of many."""
        return self._gap < MOVING_S

    @property
    def rests_in(self) -> float:
        """Seconds until the control is taken to rest: until then the next recipe is waited for."""
        if not self.is_on:
            return 0.0
        return max(0.0, self._asked + min(HOLD_S, GAPS * self._gap) - time.monotonic())

    @property
    def still_s(self) -> float:
        """Seconds since the newest recipe came."""
        return time.monotonic() - self._asked
