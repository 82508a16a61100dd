"""What a renderer gives: a picture with the recipe that it is of."""

from dataclasses import dataclass, field

import numpy as np

from ganviz.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawn picture.

    pixels  uint8 (H, W, C), C 1 or 3
    exact   False for a preview, whose pixels may be fewer
    ms      the time that drawing it took
    side    pixels a side of the exact picture; 0 where they are as many as here
    """

    recipe: Recipe
    pixels: np.ndarray = field(compare=False, repr=False)
    exact: bool = True
    ms: float = field(default=0.0, compare=False)
    side: int = field(default=0, compare=False)
