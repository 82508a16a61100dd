"""Walks: a handful of keyframe recipes and how to move between them become one recipe a frame.

No pictures are made here. `WalkRecipes` works each recipe out when it is asked for, so that a walk of any length
takes no more memory than its keyframes.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args, overload

from ganviz.blending import blend
from ganviz.errors import GanvizError
from ganviz.expression import Expression, Lerp, Mapped, Slerp, Space, Sum, space_of
from ganviz.recipe import ModelRef, Recipe

Interpolation = Literal["linear", "slerp", "cubic"]
Easing = Literal["linear", "ease-in", "ease-out", "ease-in-out", "hold"]
MAX_FRAMES = 1_000_000
MAX_FPS = 1000.0

EASINGS: dict[str, Callable[[float], float]] = {
    "linear": lambda t: t,
    "ease-in": lambda t: t * t,
    "ease-out": lambda t: t * (2 - t),
    "ease-in-out": lambda t: 2 * t * t if t < 0.5 else 1 - 2 * (1 - t) ** 2,
    "hold": lambda t: 0.0,
}
"""How the time within one segment, 0 to 1, becomes the way covered; the curved ones are quadratic."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How to move through keyframes.

    frames          length of the whole walk, 2 to 1,000,000; fps: frames a second
    space           "z" or "w"; None is w where there is a mapping network, else z
    interpolation   "linear", "slerp", or "cubic" (Catmull-Rom through all keyframes: straight in w, spherical in z);
                    None is linear in w and slerp in z
    easing          speed within each segment between two keyframes; "hold" jumps at the next one
    loop            the last segment leads back to the first keyframe, which is not repeated at the end

    Without a mapping network w is the noise itself with the conditions behind it: walking "in w" is then walking
    straight in z.
    """

    frames: int = 60
    fps: float = 30.0
    space: Space | None = None
    interpolation: Interpolation | None = None
    easing: Easing = "linear"
    loop: bool = False

    def __post_init__(self) -> None:
        if type(self.frames) is not int or not 2 <= self.frames <= MAX_FRAMES:
            raise GanvizError(f"walk: expected 2 to {MAX_FRAMES} frames, got {self.frames!r:.40}")
        check_fps(self.fps)
        object.__setattr__(self, "fps", float(self.fps))
        for name, known in (
            ("space", (None, *get_args(Space))),
            ("interpolation", (None, *get_args(Interpolation))),
            ("easing", tuple(EASINGS)),
        ):
            if getattr(self, name) not in known:
                wanted = ", ".join(item for item in known if item is not None)
                raise GanvizError(f"walk's {name}: expected one of {wanted}; got {getattr(self, name)!r:.40}")
        if not isinstance(self.loop, bool):
            raise GanvizError(f"walk's loop: expected true or false, got {self.loop!r:.40}")

    @property
    def seconds(self) -> float:
        return self.frames / self.fps

    def places(self, keyframes: int) -> tuple[float, ...]:
        """Where each of so many keyframes falls, in frames from the start; not always a whole number."""
        segments, steps = self._segments(keyframes)
        return tuple(k * steps / segments for k in range(keyframes))

    def place_of(self, frame: int, keyframes: int) -> tuple[int, float]:
        """The keyframe at or before a frame, and the time since, 0 to below 1 of the way to the next one.

        Worked out in whole numbers, so that a frame that falls on a keyframe gets exactly 0.
        """
        segments, steps = self._segments(keyframes)
        segment, rest = divmod(frame * segments, steps)
        return segment, rest / steps

    def _segments(self, keyframes: int) -> tuple[int, int]:
        """How many segments the keyframes make, and how many frame steps these share between them."""
        return (keyframes, self.frames) if self.loop else (keyframes - 1, self.frames - 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> "Walk":
        """Rebuild a walk from untrusted JSON; GanvizError says what in it was not as expected."""
        if not isinstance(data, dict):
            raise GanvizError(f"walk: expected an object, got {type(data).__name__}")
        unknown = set(data) - {item.name for item in fields(cls)}
        if unknown:
            raise GanvizError(f"walk: {min(map(str, unknown))!r} is not known here; a newer ganviz may have written it")
        for name in ("space", "interpolation", "easing"):
            if not isinstance(data.get(name), str | None):
                raise GanvizError(f"walk's {name}: expected text, got {type(data[name]).__name__}")
        return cls(**data)


def check_fps(fps: float) -> None:
    """Raise GanvizError unless `fps` is a number of frames a second that a film can have."""
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0.01 <= fps <= MAX_FPS:
        raise GanvizError(f"fps: expected 0.01 to {MAX_FPS:g} frames a second, got {fps!r:.40}")


class WalkRecipes(Sequence[Recipe]):
    """The recipes of a walk, one a frame, each made when it is asked for.

    The keyframes stand evenly over the frames. Frame i of a walk that does not loop is at i (n - 1) / (frames - 1)
    segments of n keyframes, of one that does at i n / frames. The first frame always is the first keyframe, and
    without `loop` the last frame the last one. A keyframe in between that falls between two frames is passed by at
    even speed rather than moved onto one of them; give (frames - 1), or frames with `loop`, as a multiple of the
    number of segments to see each of them. A frame that falls on a keyframe is that keyframe's recipe, unchanged.

    `frames` puts each keyframe at a whole frame instead, in rising order below the walk's own number; before the first
    and, without `loop`, after the last the picture stands still. `easings` holds the speed on the way from each
    keyframe to the next, None for the walk's own.

    Latents are blended in the walk's space, everything else as `ganviz.blending` does it.
    """

    def __init__(
        self,
        keyframes: Sequence[Recipe],
        walk: Walk,
        has_mapping: bool,
        frames: Sequence[int] | None = None,
        easings: Sequence[Easing | None] | None = None,
    ) -> None:
        self.keyframes = tuple(keyframes)
        self.walk = walk
        self.frames = None if frames is None else tuple(frames)
        self.easings = tuple(easings) if easings is not None else (None,) * len(self.keyframes)
        self.space: Space = walk.space or ("w" if has_mapping else "z")
        self.interpolation: Interpolation = walk.interpolation or ("linear" if self.space == "w" else "slerp")
        if len(self.keyframes) < 2:
            raise GanvizError(f"walk: expected at least two keyframes, got {len(self.keyframes)}; add another one")
        if len(self.easings) != len(self.keyframes) or (frames is not None and len(frames) != len(self.keyframes)):
            raise ValueError(f"expected a frame and an easing for each of {len(self.keyframes)} keyframes")
        if self.frames is not None and self.frames[-1] >= walk.frames:
            raise GanvizError(
                f"walk: the last keyframe is at frame {self.frames[-1]}, beyond the walk's {walk.frames} frames; "
                "make the walk longer or move it"
            )
        for a, b in pairwise(self.keyframes):
            if not _same_model(a.model, b.model):
                two = f"{a.model.name} and {b.model.name}" if a.model.name != b.model.name else f"two of {a.model.name}"
                raise GanvizError(f"walk: expected keyframes of one model, got {two}; take out those of the other")
        _check_conditions(self.keyframes)
        # Each keyframe's latent, moved to where the walk is made.
        self._latents = tuple(self._in_space(k, has_mapping) for k in range(len(self.keyframes)))

    def __len__(self) -> int:
        return self.walk.frames

    @overload
    def __getitem__(self, index: int) -> Recipe: ...
    @overload
    def __getitem__(self, index: slice) -> list[Recipe]: ...
    def __getitem__(self, index: int | slice) -> Recipe | list[Recipe]:
        if isinstance(index, slice):
            return [self._frame(i) for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"walk: expected a frame below {len(self)}, got {index}")
        return self._frame(index % len(self))

    def __iter__(self) -> Iterator[Recipe]:
        return (self._frame(i) for i in range(len(self)))

    def _frame(self, frame: int) -> Recipe:
        segment, time = self._place_of(frame)
        t = EASINGS[self.easings[segment] or self.walk.easing](time)
        a = self.keyframes[segment]
        if t == 0.0:
            return a
        b = self.keyframes[self._neighbour(segment + 1)]
        return blend(a, b, t).edit(latent=self._latent(segment, t))

    def _place_of(self, frame: int) -> tuple[int, float]:
        """The keyframe at or before a frame, and the time since, 0 to below 1 of the way to the next one."""
        if self.frames is None:
            return self.walk.place_of(frame, len(self.keyframes))
        last = len(self.frames) - 1
        segment = bisect_right(self.frames, frame) - 1
        if 0 <= segment < last:
            return segment, (frame - self.frames[segment]) / (self.frames[segment + 1] - self.frames[segment])
        if not self.walk.loop:
            return max(segment, 0), 0.0
        # From the last keyframe over the end of the loop to the first one.
        since = (frame - self.frames[last]) % self.walk.frames
        return last, since / (self.walk.frames - self.frames[last] + self.frames[0])

    def places(self) -> tuple[float, ...]:
        """Where each keyframe falls, in frames from the start; not always a whole number."""
        return self.walk.places(len(self.keyframes)) if self.frames is None else tuple(map(float, self.frames))

    def _latent(self, segment: int, t: float) -> Expression:
        """The latent at t, between 0 and 1, of the way from one keyframe to the next."""
        a, b = self._latents[segment], self._latents[self._neighbour(segment + 1)]
        if self.interpolation == "cubic":
            before, after = self._latents[self._neighbour(segment - 1)], self._latents[self._neighbour(segment + 2)]
            if before == a == b == after:
                return a
            curve = catmull_rom if self.space == "w" else spherical_catmull_rom
            return curve(before, a, b, after, t)
        if a == b:
            return a
        return Lerp(a, b, t) if self.interpolation == "linear" else Slerp(a, b, t)

    def _neighbour(self, index: int) -> int:
        """A keyframe's index, around the end of a loop and held at the ends of an open walk."""
        if self.walk.loop:
            return index % len(self.keyframes)
        return min(max(index, 0), len(self.keyframes) - 1)

    def _in_space(self, index: int, has_mapping: bool) -> Expression:
        latent = self.keyframes[index].latent
        if not has_mapping or space_of(latent, True) == self.space:
            return latent
        if self.space == "z":
            raise GanvizError(f"walk: keyframe {index + 1} lives in w, a walk in z cannot pass through it; walk in w")
        return Mapped(latent)


def catmull_rom(p0: Expression, p1: Expression, p2: Expression, p3: Expression, t: float) -> Expression:
    """The uniform Catmull-Rom spline (Catmull & Rom 1974) from p1 (t = 0) to p2 (t = 1), as a weighted sum."""
    weights = (
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    )
    merged: dict[Expression, float] = {}
    for weight, point in zip(weights, (p0, p1, p2, p3), strict=True):
        merged[point] = merged.get(point, 0.0) + weight
    return Sum(tuple((weight, point) for point, weight in merged.items()))


def spherical_catmull_rom(p0: Expression, p1: Expression, p2: Expression, p3: Expression, t: float) -> Expression:
    """The same spline on a sphere, by Schlag's construction (Graphics Gems II, 1991): slerps in place of lerps.

    A plain weighted sum of independent draws from the prior is shorter than any of them, where no training point
    lies; this keeps the length.
    """
    middle = Slerp(p1, p2, t)
    left = Slerp(Slerp(p0, p1, t + 1), middle, (t + 1) / 2)
    right = Slerp(middle, Slerp(p2, p3, t - 1), t / 2)
    return Slerp(left, right, t)


def _same_model(a: ModelRef, b: ModelRef) -> bool:
    return a.digest == b.digest if a.digest and b.digest else a.name == b.name


def _check_conditions(keyframes: Sequence[Recipe]) -> None:
    """Raise GanvizError where labels or codes have different numbers of entries, so that nothing blends them."""
    classes = sorted({len(recipe.label) for recipe in keyframes if recipe.label is not None})
    if len(classes) > 1:
        raise GanvizError(f"walk: expected labels of one length, got {classes[0]} and {classes[1]} classes")
    sizes: dict[str, int] = {}
    for recipe in keyframes:
        for name, value in recipe.codes:
            if sizes.setdefault(name, len(value)) != len(value):
                raise GanvizError(f"walk: expected code {name} of one size, got {sizes[name]} and {len(value)}")
