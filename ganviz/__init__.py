"""Explore what a trained GAN generator learnt: recipes in, pictures out.

Names resolve on first use, so that `import ganviz` loads neither torch nor anything else that is slow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganviz import latent as latent
    from ganviz.edits import Direction as Direction
    from ganviz.edits import LayerNoise as LayerNoise
    from ganviz.edits import Mix as Mix
    from ganviz.edits import Move as Move
    from ganviz.edits import UnitEdit as UnitEdit
    from ganviz.errors import GanvizError as GanvizError
    from ganviz.expression import Lerp as Lerp
    from ganviz.expression import Mapped as Mapped
    from ganviz.expression import Mean as Mean
    from ganviz.expression import Offset as Offset
    from ganviz.expression import Seed as Seed
    from ganviz.expression import Slerp as Slerp
    from ganviz.expression import Sum as Sum
    from ganviz.expression import Vector as Vector
    from ganviz.recipe import ModelRef as ModelRef
    from ganviz.recipe import Noise as Noise
    from ganviz.recipe import Recipe as Recipe
    from ganviz.recipe import Sheet as Sheet
    from ganviz.render import Frame as Frame
    from ganviz.render import Renderer as Renderer
    from ganviz.render import load as load

__version__ = "0.1.0"

_EDITS = ("Direction", "LayerNoise", "Mix", "Move", "UnitEdit")
_EXPRESSION = ("Lerp", "Mapped", "Mean", "Offset", "Seed", "Slerp", "Sum", "Vector")
_RECIPE = ("ModelRef", "Noise", "Recipe", "Sheet")
_HOMES = {
    "GanvizError": "ganviz.errors",
    "Frame": "ganviz.render",
    "Renderer": "ganviz.render",
    "load": "ganviz.render",
    **dict.fromkeys(_EDITS, "ganviz.edits"),
    **dict.fromkeys(_EXPRESSION, "ganviz.expression"),
    **dict.fromkeys(_RECIPE, "ganviz.recipe"),
}
_MODULES = ("catalog", "checkpoint", "datasets", "latent", "render", "session", "video", "walk")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"ganviz.{name}")
    raise AttributeError(f"module 'ganviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_HOMES, *_MODULES, "__version__"])
