"""The timeline: keyframes at frames of their own choosing, each with the speed of the way to the next one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganviz.edits import only
from ganviz.errors import GanvizError
from ganviz.expression import Budget
from ganviz.reading import expect, whole
from ganviz.recipe import Recipe
from ganviz.walk import EASINGS, MAX_FRAMES, Easing, Walk, WalkRecipes

MOST = 4096
"""Keyframes of one timeline."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A recipe at a frame, counted from 0, and the speed on the way to the next keyframe; None: the walk's own."""

    recipe: Recipe
    frame: int
    easing: Easing | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Keyframes in order, no two at one frame; empty where the walk goes evenly through the gallery instead."""

    keyframes: tuple[Keyframe, ...] = ()

    def __post_init__(self) -> None:
        frames = [keyframe.frame for keyframe in self.keyframes]
        if any(not 0 <= frame < MAX_FRAMES for frame in frames) or sorted(set(frames)) != frames:
            raise GanvizError(f"timeline: expected keyframes in order, each at a frame of its own, got {frames!r:.80}")
        if len(frames) > MOST:
            raise GanvizError(f"timeline: expected at most {MOST} keyframes, got {len(frames)}")
        for keyframe in self.keyframes:
            if keyframe.easing is not None and keyframe.easing not in EASINGS:
                raise GanvizError(f"timeline: expected an easing of {', '.join(EASINGS)}, got {keyframe.easing!r:.40}")

    def __len__(self) -> int:
        return len(self.keyframes)

    @classmethod
    def evenly(cls, recipes: "tuple[Recipe, ...]", walk: Walk) -> "Timeline":
        """Keyframes spread evenly over a walk, each at the whole frame nearest to its place."""
        if len(recipes) == 1:
            return cls((Keyframe(recipes[0], 0),))
        places = [round(place) for place in walk.places(len(recipes))] if recipes else []
        for k in range(1, len(places)):
            places[k] = max(places[k], places[k - 1] + 1)
        return cls(tuple(Keyframe(recipe, place) for recipe, place in zip(recipes, places, strict=True)))

    def free(self, frame: int) -> int:
        """The first frame from there on where no keyframe stands, or, at the end of all walks, the last one before."""
        taken = {item.frame for item in self.keyframes}
        onwards, back = range(frame, MAX_FRAMES), range(min(frame, MAX_FRAMES) - 1, -1, -1)
        return next(place for place in (*onwards[: len(taken) + 1], *back[: len(taken) + 1]) if place not in taken)

    def put(self, recipe: Recipe, frame: int) -> "Timeline":
        """With a recipe at a frame; one that stands there already is replaced, its speed kept."""
        easing = next((item.easing for item in self.keyframes if item.frame == frame), None)
        others = [item for item in self.keyframes if item.frame != frame]
        return Timeline(tuple(sorted([*others, Keyframe(recipe, frame, easing)], key=lambda item: item.frame)))

    def move(self, index: int, frame: int) -> "Timeline":
        """With a keyframe at another frame, which may be beyond others; a frame that is taken is passed by.

        Where all frames from there to the end that it is moved to are taken, it stays where it is.
        """
        taken = {item.frame for k, item in enumerate(self.keyframes) if k != index}
        step = 1 if frame >= self.keyframes[index].frame else -1
        frame = min(max(0, frame), MAX_FRAMES - 1)
        while frame in taken:
            frame += step
        if not 0 <= frame < MAX_FRAMES:
            return self
        moved = [replace(item, frame=frame) if k == index else item for k, item in enumerate(self.keyframes)]
        return Timeline(tuple(sorted(moved, key=lambda item: item.frame)))

    def remove(self, index: int) -> "Timeline":
        return Timeline(self.keyframes[:index] + self.keyframes[index + 1 :])

    def ease(self, index: int, easing: Easing | None) -> "Timeline":
        """With another speed on the way from a keyframe to the next one."""
        return Timeline(
            tuple(replace(item, easing=easing) if k == index else item for k, item in enumerate(self.keyframes))
        )

    def map(self, change: Callable[[Recipe], Recipe]) -> "Timeline":
        """With each of its recipes changed."""
        return Timeline(tuple(replace(item, recipe=change(item.recipe)) for item in self.keyframes))

    def stretched(self, old: int, new: int) -> "Timeline":
        """The keyframes of a walk of `old` frames brought to one of `new`, in proportion.

        Raises GanvizError where they are more than `new`.
        """
        if len(self) > new:
            raise GanvizError(f"walk: expected at least a frame for each of {len(self)} keyframes, got {new}")
        places: list[int] = []
        for item in self.keyframes:
            place = round(item.frame * (new - 1) / max(1, old - 1))
            places.append(max(place, places[-1] + 1) if places else place)
        for k in range(len(places)):  # from the end back, where pushing on has led beyond it
            places[-1 - k] = min(places[-1 - k], new - 1 - k)
        return Timeline(tuple(replace(item, frame=place) for item, place in zip(self.keyframes, places, strict=True)))

    def walk_recipes(self, walk: Walk, has_mapping: bool) -> WalkRecipes:
        """One recipe a frame of the walk."""
        frames = tuple(item.frame for item in self.keyframes)
        easings = tuple(item.easing for item in self.keyframes)
        return WalkRecipes(self.recipes, walk, has_mapping, frames, easings)

    # -- in a session ---------------------------------------------------------------------------------------------

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple(item.recipe for item in self.keyframes)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {}

    def to_json(self) -> list[dict[str, Any]]:
        data = []
        for item in self.keyframes:
            entry: dict[str, Any] = {"recipe": item.recipe.to_json(), "frame": item.frame}
            if item.easing is not None:
                entry["easing"] = item.easing
            data.append(entry)
        return data

    @classmethod
    def from_json(
        cls, data: Any, arrays: Mapping[str, np.ndarray] | None = None, budget: Budget | None = None
    ) -> "Timeline":
        """Rebuild a timeline from untrusted JSON."""
        if len(expect(data, list, "timeline")) > MOST:
            raise GanvizError(f"timeline: expected at most {MOST} keyframes, got {len(data)}")
        keyframes = []
        for entry in data:
            only(entry, {"recipe", "frame", "easing"}, "keyframe")
            easing = entry.get("easing")
            if not isinstance(easing, str | None):
                raise GanvizError(f"keyframe's easing: expected text, got {type(easing).__name__}")
            recipe = Recipe.from_json(entry.get("recipe"), arrays, budget)
            keyframes.append(Keyframe(recipe, whole(entry.get("frame"), "keyframe's frame"), easing))  # type: ignore[arg-type]
        return cls(tuple(keyframes))
