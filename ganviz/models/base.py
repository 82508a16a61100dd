"""The contract that every generator meets: mapping, then synthesis in stages.

Stages are why early exits, partial reuse, unit edits and activation views need no hooks: whoever drives a
generator calls `start`, then `step` for each layer of the spec, then `image`, and may stop or look in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganviz.recipe import ModelRef
from ganviz.spec import Card, Spec

NoiseMode = str | int
"""Noise of the layers that add some: "const" (the model's own maps), "none", or an int seed."""


@dataclass(frozen=True, slots=True)
class State:
    """What flows between stages: activations x (N, C, H, W) and, where the family adds images up, the image so far."""

    x: Tensor
    image: Tensor | None = None


def check_shape(tensor: Tensor, expected: Sequence[int | None], name: str) -> None:
    """Raise ValueError unless `tensor` has the `expected` shape, None standing for any size."""
    fits = tensor.ndim == len(expected) and all(
        want is None or have == want for have, want in zip(tensor.shape, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in expected)
        raise ValueError(f"{name}: expected shape ({wanted}), got {tuple(tensor.shape)}")


class StagedGenerator(nn.Module):
    """A generator given by `mapping`, `start`, `step` and `image`; synthesis is written once, here.

    Subclasses set `spec` and define

        mapping(z, label=None, codes=None) -> w (N, num_ws, w_dim)
        start(w) -> State
        step(k, state, w, noise) -> State     for k in range(len(spec.layers))
        image(state) -> (N, C, H, W) in [-1, 1]
    """

    spec: Spec
    w_statistics: tuple[Tensor, Tensor] | None = None
    """Mean and deviation of w once `latent.w_statistics` has found them."""
    config: Any
    """The frozen dataclass that the network was built from."""
    card: Card
    ref: ModelRef
    """Set by `checkpoint.load`: what is known of the weights, and the reference that recipes name them by."""

    def mapping(self, z: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None) -> Tensor:
        raise NotImplementedError

    def start(self, w: Tensor) -> State:
        raise NotImplementedError

    def step(self, k: int, state: State, w: Tensor, noise: NoiseMode = "const") -> State:
        raise NotImplementedError

    def image(self, state: State) -> Tensor:
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def synthesis(self, w: Tensor, noise: NoiseMode = "const", psi: float = 1.0) -> Tensor:
        """Draw w (N, num_ws, w_dim) as images (N, C, H, W) in [-1, 1].

        noise   "const", "none" or an int seed, for families that add noise
        psi     only read by families that keep statistics per truncation level (BigGAN)
        """
        check_shape(w, (None, self.spec.num_ws, self.spec.w_dim), "w")
        w = w.to(self.device)
        state = self.start(w)
        for k in range(len(self.spec.layers)):
            state = self.step(k, state, w, noise)
        return self.image(state)

    def forward(self, z: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None) -> Tensor:
        """mapping and synthesis in one: z (N, z_dim) to images (N, C, H, W) in [-1, 1]."""
        return self.synthesis(self.mapping(z, label, codes))

    def concatenate_conditions(
        self, noise: Tensor, label: Tensor | None = None, codes: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """w (N, 1, w_dim) of a family without a mapping network: noise, then label, then codes in the spec's order.

        What is not given is fixed, never random: class 0, category 0, continuous 0.
        """
        parts = [noise]
        count = len(noise)
        if self.spec.num_classes:
            if label is None:
                label = _first_entry(count, self.spec.num_classes, noise)
            check_shape(label, (count, self.spec.num_classes), "label")
            parts.append(label.to(noise))
        given = dict(codes or {})
        for code in self.spec.codes:
            value = given.pop(code.name, None)
            if value is None:
                value = (
                    _first_entry(count, code.size, noise)
                    if code.kind == "categorical"
                    else noise.new_zeros(count, code.size)
                )
            check_shape(value, (count, code.size), f"code {code.name!r}")
            parts.append(value.to(noise))
        if given:
            known = ", ".join(code.name for code in self.spec.codes) or "none"
            raise ValueError(f"unknown code {next(iter(given))!r}; this model's codes: {known}")
        return torch.cat(parts, dim=1).unsqueeze(1)  # (N, 1, w_dim)


def _first_entry(count: int, size: int, like: Tensor) -> Tensor:
    """One-hot rows (count, size) with the first entry set."""
    rows = like.new_zeros(count, size)
    rows[:, 0] = 1
    return rows
