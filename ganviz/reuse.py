"""Only what changed: a drawing goes on from the first stage that differs from the drawing before.

States are kept after a few stages of the drawing done last, by model. What a stage reads is compared by value (its
style inputs, its noise, its unit edits), so that whatever in a recipe moved a latent needs no rules of its own.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from ganviz.edits import UnitEdit
from ganviz.models.base import State
from ganviz.recipe import Noise
from ganviz.spec import Spec
from ganviz.synthesis import layer_noise

SHARES = (0.25, 0.5, 0.75)
"""States are kept after the stages that these shares of a picture's time have gone by, and before the last two."""


PARTS = 64
"""Latents that are remembered, at most some tens of kilobytes each."""


class Parts:
    """What parts of recipes came to in the latent space of one model; those used last are kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Tensor] = OrderedDict()

    def remember(self, part: Hashable, make: Callable[[], Tensor]) -> Tensor:
        """What a part came to before, or what `make` gives."""
        found = self._known.get(part)
        if found is None:
            found = self._known[part] = make()
            if len(self._known) > PARTS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(part)
        return found


@dataclass(frozen=True, slots=True)
class Inputs:
    """What synthesis reads for one picture: w (1, num_ws, w_dim), and the recipe's noise, unit edits and psi."""

    w: Tensor
    noise: Noise
    units: tuple[UnitEdit, ...]
    psi: float


class Reuse:
    """The states of one model's drawing done last."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._inputs: Inputs | None = None
        self._states: dict[int, State] = {}  # by the stage that gave them
        self._touched = 0  # the stage that the last edit began at

    def resume(self, inputs: Inputs) -> tuple[int, State | None]:
        """The stage to go on from for these inputs, and the state before it (None at stage 0, which starts).

        What the inputs touch is forgotten; `keep` it anew as it is drawn.
        """
        if self._inputs is not None:
            touched = self._first_touched(self._inputs, inputs)
            for stage in [stage for stage in self._states if stage >= touched]:
                del self._states[stage]
            if touched < len(self.spec.layers):  # the same picture again is no edit
                self._touched = touched
        self._inputs = inputs
        if not self._states:
            return 0, None
        last = max(self._states)
        return last + 1, self._states[last]

    def keep(self, inputs: Inputs, stage: int, state: State, chosen: Sequence[int]) -> None:
        """Take a state of the drawing of these inputs, where that was resumed last and the stage is a chosen one.

        So is the one before the stage at which the last edit began: the next edit will most likely begin there too.
        """
        if inputs is not self._inputs:
            return  # an older drawing that goes on
        if stage in chosen or stage == self._touched - 1:
            self._states[stage] = state
        elif stage == self._touched:  # those that were kept for other edits
            for other in [k for k in self._states if k not in chosen and k != self._touched - 1]:
                del self._states[other]

    def clear(self) -> None:
        """Forget everything."""
        self._inputs = None
        self._states.clear()

    @property
    def bytes(self) -> int:
        """What the states take, shared memory counted once."""
        tensors = [t for state in self._states.values() for t in (state.x, state.image) if t is not None]
        return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())

    def _first_touched(self, old: Inputs, new: Inputs) -> int:
        """The first stage whose result may differ; the number of stages where none does."""
        layers = self.spec.layers
        if old.w.shape != new.w.shape or old.w.device != new.w.device:
            return 0
        if old.psi != new.psi and any(state.psi is not None for state in self._states.values()):
            return 0  # a family that keeps statistics by it
        changed = {k for k, differs in enumerate((old.w != new.w).any(dim=2)[0].tolist()) if differs}
        if changed - {style for layer in layers for style in layer.ws} or 0 in changed:
            return 0  # how a drawing starts may depend on the first style, or on what no layer says it reads
        plain = old.noise == new.noise and old.units == new.units
        for k, layer in enumerate(layers):
            if not changed.isdisjoint(layer.ws):
                return k
            if not plain and (_units(old, k) != _units(new, k) or (layer.noise and _noise(old, k) != _noise(new, k))):
                return k
        return len(layers)


def chosen_stages(spec: Spec, seconds: Mapping[int, float]) -> tuple[int, ...]:
    """Three or four stages after which a state is worth keeping, by the seconds that stages take.

    As long as those are not known, the numbers of activations stand for them.
    """
    count = len(spec.layers)
    if len(seconds) == count:
        costs = [seconds[k] for k in range(count)]
    else:
        costs = [float(layer.resolution**2 * layer.channels) for layer in spec.layers]
    chosen, gone, total = set(), 0.0, sum(costs)
    for k, cost in enumerate(costs):
        if any(gone + cost > share * total >= gone for share in SHARES) and k > 0:
            chosen.add(k - 1)
        gone += cost
    chosen.add(max(0, count - 3))
    return tuple(sorted(chosen))


def _units(inputs: Inputs, layer: int) -> list[UnitEdit]:
    return [edit for edit in inputs.units if edit.layer == layer]


def _noise(inputs: Inputs, layer: int) -> object:
    return layer_noise(inputs.noise, inputs.noise.seed, layer)
