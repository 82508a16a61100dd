"""Which snapshots of a long run to let go of, so that it stays small: the older, the sparser.

The rule: a snapshot goes if those before and after it are then no further apart than an eighth of its age, both counted
in images. So the latest sixteen or so all stay, and of older ones about eight for every time that their age doubles:
40 of 100, 67 of 1,000, 92 of 10,000. The first and the newest always stay. What goes depends on what is there and on
nothing else, so that stopping and going on make no difference.
"""

from collections.abc import Sequence
from itertools import pairwise

DENSITY = 8


def superfluous(seen: Sequence[int]) -> list[int]:
    """Of snapshots after so many images, in order, those that may go."""
    gone: list[int] = []
    before, newest = seen[0], seen[-1]
    for here, after in pairwise(seen[1:]):
        if DENSITY * (after - before) <= newest - here:
            gone.append(here)
        else:
            before = here
    return gone
