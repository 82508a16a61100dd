"""Undo as a list of frozen states: no command classes, no inverse operations."""

from collections.abc import Iterable
from typing import Generic, TypeVar

S = TypeVar("S")


class History(Generic[S]):
    """Past, present and future of a value.

    Consecutive edits with the same merge key are one step until `seal` is called: a drag is one undo step.
    `limit` bounds the past; the oldest states leave first.
    """

    def __init__(self, present: S, limit: int = 500) -> None:
        self._past: list[S] = []
        self._present = present
        self._future: list[S] = []
        self._merge_key: object | None = None
        self._saved: S = present
        self._limit = limit

    @property
    def present(self) -> S:
        return self._present

    @property
    def past(self) -> tuple[S, ...]:
        """Earlier states, oldest first."""
        return tuple(self._past)

    @property
    def future(self) -> tuple[S, ...]:
        """Undone states, the next redo first."""
        return tuple(reversed(self._future))

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    @property
    def dirty(self) -> bool:
        """Whether the present differs from what was last saved."""
        return self._present != self._saved

    @property
    def saved(self) -> S:
        """What was last saved, or what the history began with."""
        return self._saved

    def mark_saved(self, state: S | None = None) -> None:
        """A state, the present one by default, is what is saved."""
        self._saved = self._present if state is None else state

    def edit(self, state: S, merge_key: object | None = None) -> bool:
        """Make `state` the present; False when it equals the present already.

        With the same `merge_key` as the edit before, the step in the past stays the one before the first of them;
        a gesture that ends where it began leaves no step.
        """
        merging = merge_key is not None and merge_key == self._merge_key
        if state == self._present:
            return False
        if not merging:
            self._past.append(self._present)
            del self._past[: max(0, len(self._past) - self._limit)]
        elif self._past and self._past[-1] == state:
            self._past.pop()
            merge_key = None
        self._present = state
        self._future.clear()
        self._merge_key = merge_key
        return True

    def seal(self) -> None:
        """End the current gesture: the next edit is a step of its own."""
        self._merge_key = None

    def undo(self) -> S:
        """Step back; the present unchanged when there is nothing to undo."""
        self.seal()
        if self._past:
            self._future.append(self._present)
            self._present = self._past.pop()
        return self._present

    def redo(self) -> S:
        """Step forward again."""
        self.seal()
        if self._future:
            self._past.append(self._present)
            self._present = self._future.pop()
        return self._present

    def jump(self, index: int) -> S:
        """Go to entry `index` of past + present + future by undoing or redoing."""
        if not 0 <= index < len(self._past) + 1 + len(self._future):
            raise IndexError(f"history: expected 0 to {len(self._past) + len(self._future)}, got {index}")
        while index < len(self._past):
            self.undo()
        while index > len(self._past):
            self.redo()
        return self._present

    def restore(self, past: Iterable[S], present: S, future: Iterable[S], saved: S) -> None:
        """Take over the history of another one: what its `past`, `present`, `future` and `saved` were."""
        self._past = list(past)[-self._limit :]
        self._future = list(future)[::-1]
        self._present, self._saved = present, saved
        self._merge_key = None

    def reset(self, present: S) -> None:
        """Start anew from `present`, as after opening a session."""
        self._past.clear()
        self._future.clear()
        self._present = self._saved = present
        self._merge_key = None
