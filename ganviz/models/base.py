"""The contract that every generator meets: mapping, then synthesis in stages.

Stages are why early exits, partial reuse, unit edits and activation views need no hooks: whoever drives a
generator calls `start`, then `step` for each layer of the spec, then `image`, and may stop or look in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from ganviz.recipe import ModelRef
from ganviz.spec import Card, Spec


@dataclass(frozen=True, slots=True)
class ScaledNoise:
    """Noise of a mode at a strength: 1 as learnt, 0 off."""

    mode: str | int | torch.Generator
    strength: float


NoiseMode = str | int | torch.Generator | ScaledNoise
"""Noise of the layers that add some: "const" (the model's own maps), "none", or an int seed; in training a
torch.Generator, from which each image gets noise of its own. A ScaledNoise is one of these, stronger or weaker."""

Change = Callable[[Tensor], Tensor]
"""What is done to a layer's activations (N, C, H, W) before anything reads them."""


@dataclass(frozen=True, slots=True)
class State:
    """What flows between stages: activations x (N, C, H, W) and, where the family adds images up, the image so far.

    `psi` (N,) is the truncation, where the family keeps statistics by it.
    """

    x: Tensor
    image: Tensor | None = None
    psi: Tensor | None = None


def check_shape(tensor: Tensor, expected: Sequence[int | None], name: str) -> None:
    """Raise ValueError unless `tensor` has the `expected` shape, None standing for any size."""
    fits = tensor.ndim == len(expected) and all(
        want is None or have == want for have, want in zip(tensor.shape, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in expected)
        raise ValueError(f"{name}: expected shape ({wanted}), got {tuple(tensor.shape)}")


def check_whole(value: object, low: int, high: int, name: str) -> None:
    """Raise ValueError unless `value` is an int from `low` to `high`."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name}: expected a whole number from {low} to {high}, got {value!r}")


def check_choice(value: object, choices: Sequence[object], name: str) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        known = ", ".join(map(repr, choices[:-1]))
        raise ValueError(f"{name}: expected {known} or {choices[-1]!r}, got {value!r}")


class StagedGenerator(nn.Module):
    """A generator given by `mapping`, `start`, `step` and `image`; synthesis is written once, here.

    Subclasses set `spec` and define

        start(w) -> State
        step(k, state, w, noise, change=None) -> State   for k in range(len(layers))
        image(state) -> (N, C, H, W) in [-1, 1]

    and, where they have a mapping network,

        mapping(z, label=None, codes=None) -> w (N, num_ws, w_dim)

    or else, where they do something to the noise first, `normalise(z)`.
    """

    spec: Spec
    w_statistics: tuple[Tensor, Tensor] | None = None
    """Mean and deviation of w once `latent.w_statistics` has found them."""
    config: Any
    """The frozen dataclass that the network was built from."""
    card: Card
    ref: ModelRef
    """Set by `checkpoint.load`: what is known of the weights, and the reference that recipes name them by."""

    def normalise(self, z: Tensor) -> Tensor:
        """What a family without a mapping network makes of the noise z (N, z_dim) before anything else."""
        return z

    def mapping(self, z: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None) -> Tensor:
        """z (N, z_dim), label (N, num_classes) and codes (N, size), one-hot or soft: w (N, num_ws, w_dim).

        Without a mapping network they stand side by side; what is not given is class 0, category 0, continuous 0.
        """
        check_shape(z, (None, self.spec.z_dim), "z")
        return self.concatenate_conditions(self.normalise(z.to(self.device)), label, codes)

    def start(self, w: Tensor) -> State:
        raise NotImplementedError

    def begin(self, w: Tensor, psi: float | Tensor = 1.0) -> State:
        """`start`, told psi, one or one an image (N,), for families that keep statistics by it (BigGAN)."""
        return self.start(w)

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const", change: Change | None = None) -> State:
        """Run layer k of the spec; `change` is done to its activations before anything reads them."""
        raise NotImplementedError

    def image(self, state: State) -> Tensor:
        raise NotImplementedError

    def style_matrices(self, inputs: Sequence[int]) -> list[Tensor]:
        """The weights that meet a latent first, as SeFa wants them (Shen and Zhou 2020), one row an output.

        With a mapping network: (outputs, w_dim), what makes a style of w, one for each of these style inputs.
        Without one: a single (outputs, z_dim), what acts on the noise; the columns of label and codes left out.
        """
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        return next(chain(self.parameters(), self.buffers())).device

    def synthesis(self, w: Tensor, noise: NoiseMode = "const", psi: float | Tensor = 1.0) -> Tensor:
        """Draw w (N, num_ws, w_dim) as images (N, C, H, W) in [-1, 1].

        noise   "const", "none" or an int seed, for families that add noise
        psi     only read by families that keep statistics per truncation level (BigGAN); one, or one an image (N,)
        """
        check_shape(w, (None, self.spec.num_ws, self.spec.w_dim), "w")
        w = w.to(self.device)
        state = self.begin(w, psi)
        for k in range(len(self.spec.layers)):
            state = self.step(k, state, w, noise)
        return self.image(state)

    def forward(self, z: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None) -> Tensor:
        """mapping and synthesis in one: z (N, z_dim) to images (N, C, H, W) in [-1, 1]."""
        return self.synthesis(self.mapping(z, label, codes))

    def within_range(self, image: Tensor) -> Tensor:
        """A linear output as an image, cut off at [-1, 1]; while training it stays as it is, for the gradient."""
        image = image.float()
        return image if self.training else image.clamp(-1, 1)

    def label_or_first(self, label: Tensor | None, like: Tensor) -> Tensor:
        """The label (N, num_classes) on `like`'s device and in its type; class 0 where none is given."""
        if label is None:
            return _first_entry(len(like), self.spec.num_classes, like)
        check_shape(label, (len(like), self.spec.num_classes), "label")
        return label.to(like)

    def codes_or_first(self, codes: Mapping[str, Tensor] | None, like: Tensor) -> list[Tensor]:
        """The codes (N, size) in the spec's order; category 0 and continuous 0 where none is given."""
        given = dict(codes or {})
        values = []
        for code in self.spec.codes:
            value = given.pop(code.name, None)
            if value is None:
                categorical = code.kind == "categorical"
                value = (
                    _first_entry(len(like), code.size, like) if categorical else like.new_zeros(len(like), code.size)
                )
            check_shape(value, (len(like), code.size), f"code {code.name!r}")
            values.append(value.to(like))
        if given:
            known = ", ".join(code.name for code in self.spec.codes) or "none"
            raise ValueError(f"unknown code {next(iter(given))!r}; this model's codes: {known}")
        return values

    def concatenate_conditions(
        self, noise: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """w (N, 1, w_dim) of a family without a mapping network: noise, then label, then codes in the spec's order."""
        parts = [noise]
        if self.spec.num_classes or label is not None:
            parts.append(self.label_or_first(label, noise))
        parts += self.codes_or_first(codes, noise)
        return torch.cat(parts, dim=1).unsqueeze(1)  # (N, 1, w_dim)


def _first_entry(count: int, size: int, like: Tensor) -> Tensor:
    """One-hot rows (count, size) with the first entry set."""
    rows = like.new_zeros(count, size)
    rows[:, :1] = 1
    return rows
