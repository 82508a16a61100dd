"""What the game in one dimension may be played with. No torch: the window's choices are made from it."""

from dataclasses import dataclass

from ganviz.errors import GanvizError

REACH = 4.0
"""The line of numbers that is looked at goes from minus this to this."""

DATA: dict[str, tuple[str, tuple[tuple[float, float, float], ...]]] = {
    "one": ("One bump", ((1.0, 1.0, 0.5),)),
    "two": ("Two bumps", ((0.5, -1.5, 0.4), (0.5, 1.5, 0.4))),
    "uneven": ("A large and a small bump", ((0.8, -1.2, 0.5), (0.2, 2.0, 0.25))),
}
"""By name: what it is called, and the weight, mean and standard deviation of each bump."""

OBJECTIVES: dict[str, str] = {
    "minimax": "Minimax",
    "non-saturating": "Non-saturating",
    "least-squares": "Least squares",
    "wgan": "WGAN",
    "wgan-gp": "WGAN-GP",
}
CRITICS = ("wgan", "wgan-gp")
RATES = {"minimax": 0.03, "non-saturating": 0.03, "least-squares": 0.03, "wgan": 0.03, "wgan-gp": 0.003}
"""Learning rates of the generator that make the games about equally quick: slopes differ in size."""
D_STEPS = {"minimax": 2, "non-saturating": 2, "least-squares": 2, "wgan": 5, "wgan-gp": 5}
"""Steps of the discriminator for each of the generator's; critics are to be near their best (Arjovsky et al. 2017)."""


@dataclass(frozen=True, slots=True)
class ToySettings:
    """What to play.

    start        mean of the generator's samples at first
    head_start   steps that the discriminator is ahead by
    d_steps      its steps for each of the generator's
    rate_g, rate_d   learning rates
    steps        of the generator
    """

    objective: str = "non-saturating"
    data: str = "one"
    start: float = -2.0
    head_start: int = 0
    d_steps: int = 2
    rate_g: float = 0.03
    rate_d: float = 5e-3
    steps: int = 600
    seed: int = 0

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise GanvizError(f"objective: expected {', '.join(OBJECTIVES)}, got {self.objective!r}")
        if self.data not in DATA:
            raise GanvizError(f"data: expected {', '.join(DATA)}, got {self.data!r}")

    @property
    def is_critic(self) -> bool:
        """Whether scores are no answers but a height, whose slope is what counts."""
        return self.objective in CRITICS
