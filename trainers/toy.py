"""The game of the two nets in one dimension, after the first figure of Goodfellow et al. 2014.

Data are numbers, drawn from a density that is known. So everything that can only be guessed at with pictures can be
drawn: the generator's density, what the best discriminator would answer to it, and which way each sample is pushed.
Small nets learn it in seconds, with the very losses of the trainers.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ganviz.jobs import Job, Progress
from trainers import losses
from trainers.toy_settings import DATA, REACH, ToySettings

GRID = np.linspace(-REACH, REACH, 241)
BATCH = 256
LATENTS = 2048
"""Latents, evenly spread over their distribution, that the generator's density is taken from."""
ARROWS = 17
EVERY = 10
"""Steps from one moment to the next."""
BREADTH = 0.08
"""Standard deviation of the smoothing of the generator's density."""
YIELD_S = 0.04
CLIP = 0.1
"""Limit of the critic's weights (wgan); for nets this small, 0.01 would leave hardly any slope."""
GP_WEIGHT = 0.1
"""As in the toys of Gulrajani et al. 2017: with more, critics this small hardly follow the generator."""


@dataclass(frozen=True)
class Moment:
    """The game after so many steps; arrays float64 over GRID unless said otherwise.

    data, model      densities
    answer, best     what the discriminator says and what the best one would: the chance of being real (minimax,
                     non-saturating), 1 for real and 0 for not (least squares), or a height with slopes up to 1 (WGANs)
    z, x             (ARROWS,) latents, and where the generator takes them
    push             (ARROWS,) which way and how strongly each x is pushed: minus the slope of the generator's loss
    value            E[log D(x)] + E[log(1 - D(G(z)))], or the critic's difference; nan for least squares
    loss_d, loss_g   as they are minimised, without penalties
    gradient         length of the gradient of the generator's weights
    wasserstein      distance of the two densities, in the numbers' own unit
    jensen_shannon   their divergence, 0 to log 2
    """

    step: int
    data: np.ndarray
    model: np.ndarray
    answer: np.ndarray
    best: np.ndarray
    z: np.ndarray
    x: np.ndarray
    push: np.ndarray
    value: float
    loss_d: float
    loss_g: float
    gradient: float
    wasserstein: float
    jensen_shannon: float


def density(name: str, x: np.ndarray = GRID) -> np.ndarray:
    """The density of the data at x."""
    return sum(
        (
            weight * np.exp(-0.5 * ((x - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
            for weight, mean, spread in DATA[name][1]
        ),
        start=np.zeros_like(x),
    )


def density_of(samples: np.ndarray) -> np.ndarray:
    """The density of samples (n,) over GRID, smoothed over BREADTH; those outside are left out."""
    step = GRID[1] - GRID[0]
    edges = np.append(GRID - step / 2, GRID[-1] + step / 2)
    counts = np.histogram(samples, edges)[0] / (len(samples) * step)
    reach = np.arange(-round(4 * BREADTH / step), round(4 * BREADTH / step) + 1) * step
    weights = np.exp(-0.5 * (reach / BREADTH) ** 2)
    return np.convolve(counts, weights / weights.sum(), "same")


def best_answer(data: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Goodfellow et al. 2014, proposition 1: p_data / (p_data + p_g). A half where there is neither."""
    return (data + 1e-9) / (data + model + 2e-9)


def best_critic(data: np.ndarray, model: np.ndarray) -> np.ndarray:
    """The height with slopes up to 1 that tells two densities apart best (Villani 2009, theorem 5.10, on a line).

    E_data[f] - E_g[f] is the integral of f' (F_g - F_data), so f rises by 1 where F_g is above F_data, and falls by 1
    where below. Its mean over both densities is 0.
    """
    step = GRID[1] - GRID[0]
    ahead = np.cumsum(model - data) * step
    slope = np.clip(ahead / 1e-3, -1, 1)
    return centred(np.cumsum(slope) * step, data + model)


def centred(height: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Minus its mean by those weights."""
    return height - float(np.average(height, weights=weights + 1e-12))


def wasserstein(data: np.ndarray, model: np.ndarray) -> float:
    """The distance that has to be gone to make one density of the other: the area between their sums."""
    step = GRID[1] - GRID[0]
    return float(np.abs(np.cumsum(model - data) * step).sum() * step)


def jensen_shannon(data: np.ndarray, model: np.ndarray) -> float:
    """Their divergence, 0 to log 2; Goodfellow et al. 2014, equation 6."""
    step = GRID[1] - GRID[0]
    middle = (data + model) / 2

    def to(p: np.ndarray) -> float:
        there = p > 1e-12
        return float((p[there] * np.log(p[there] / middle[there])).sum() * step)

    return 0.5 * (to(data) + to(model))


# --- the nets ----------------------------------------------------------------------------------------------------


def make_net(width: int, random: torch.Generator) -> nn.Sequential:
    """Number (N, 1) to number (N, 1), through two layers."""
    net = nn.Sequential(
        nn.Linear(1, width), nn.LeakyReLU(0.1), nn.Linear(width, width), nn.LeakyReLU(0.1), nn.Linear(width, 1)
    )
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.Linear):
                bound = math.sqrt(3 / layer.in_features)
                layer.weight.uniform_(-bound, bound, generator=random)
                layer.bias.uniform_(-1, 1, generator=random)
    return net


class Flat(nn.Module):
    """A net for numbers that takes them as pictures of one pixel, (N, 1, 1, 1), as the trainers' penalties do."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.net(x.reshape(-1, 1)).squeeze(1)


class Game:
    """Both nets and their optimisers, in the state of some step."""

    def __init__(self, settings: ToySettings) -> None:
        self.settings = settings
        self.step = 0
        self._objective = losses.OBJECTIVES[settings.objective]
        self._random = torch.Generator().manual_seed(settings.seed)
        self.G, self.D = make_net(24, self._random), Flat(make_net(48, self._random))
        with torch.no_grad():  # at first a narrow bump, away from the data
            last = self.G[-1]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(0.2)
            last.bias.zero_()
            last.bias.fill_(settings.start - float(self.G(self._latents()).mean()))
        # Plain descent for the generator: Adam would make steps of one size whatever the gradient, and hide the very
        # thing that objectives differ by.
        self._optimiser_g: torch.optim.Optimizer = torch.optim.SGD(self.G.parameters(), lr=settings.rate_g)
        self._optimiser_d: torch.optim.Optimizer = torch.optim.Adam(
            self.D.parameters(), lr=settings.rate_d, betas=(0.0 if settings.objective == "wgan-gp" else 0.5, 0.9)
        )
        if settings.objective == "wgan":
            self._optimiser_d = torch.optim.RMSprop(self.D.parameters(), lr=settings.rate_d)
        self.loss_d = self.loss_g = self.gradient = self.value = float("nan")

    @staticmethod
    def _latents() -> Tensor:
        """Latents (LATENTS, 1) evenly spread over the normal distribution."""
        places = (torch.arange(LATENTS, dtype=torch.float64) + 0.5) / LATENTS
        return torch.special.ndtri(places).float()[:, None]

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Numbers of the data and latents, (BATCH, 1) each."""
        bumps = torch.tensor(DATA[self.settings.data][1])
        chosen = bumps[torch.multinomial(bumps[:, 0], BATCH, replacement=True, generator=self._random)]
        noise = torch.randn(2, BATCH, generator=self._random)
        return (chosen[:, 1] + chosen[:, 2] * noise[0])[:, None], noise[1][:, None]

    def learn_d(self) -> None:
        """A step of the discriminator."""
        objective = self.settings.objective
        real, z = self._draw()
        fake = self.G(z).detach()
        score_real, score_fake = self.D(real), self.D(fake)
        loss = self._objective.discriminator(score_real, score_fake)
        self.loss_d = loss.item()
        self.value = float("nan") if objective == "least-squares" else -self.loss_d
        if objective == "wgan-gp":
            mix = torch.rand(BATCH, generator=self._random)
            images = [numbers.reshape(-1, 1, 1, 1) for numbers in (real, fake)]
            loss = loss + GP_WEIGHT * losses.gradient_penalty(self.D, images[0], images[1], None, mix)
        self._optimiser_d.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser_d.step()
        if objective == "wgan":
            losses.clip_weights(self.D, CLIP)

    def learn_g(self) -> None:
        """A step of the generator."""
        _, z = self._draw()
        loss = self._objective.generator(self.D(self.G(z)))
        self.loss_g = loss.item()
        self._optimiser_g.zero_grad(set_to_none=True)
        loss.backward()
        self.gradient = nn.utils.get_total_norm([p.grad for p in self.G.parameters() if p.grad is not None]).item()
        self._optimiser_g.step()
        self.step += 1

    def moment(self) -> Moment:
        """The game as it stands."""
        latents = self._latents()
        with torch.no_grad():
            samples = self.G(latents)[:, 0].double().numpy()
            scores = self.D(torch.from_numpy(GRID).float()[:, None])
        data, model = density(self.settings.data), density_of(samples)
        few = torch.from_numpy(np.linspace(-2.0, 2.0, ARROWS)).float()[:, None]
        with torch.no_grad():
            x = self.G(few)
        x.requires_grad_(True)
        (slope,) = torch.autograd.grad(self._objective.generator(self.D(x)) * len(x), x)
        if self.settings.is_critic:
            height = scores.double().numpy()
            steepest = float(np.abs(np.diff(height)).max() / (GRID[1] - GRID[0]))
            answer = centred(height / max(steepest, 1e-9), data + model)
            best = best_critic(data, model)
        else:
            answer = (torch.sigmoid(scores) if self._objective.probability else scores).double().numpy()
            best = best_answer(data, model)
        return Moment(
            step=self.step,
            data=data,
            model=model,
            answer=answer,
            best=best,
            z=few[:, 0].double().numpy(),
            x=x.detach()[:, 0].double().numpy(),
            push=-slope[:, 0].double().numpy(),
            value=self.value,
            loss_d=self.loss_d,
            loss_g=self.loss_g,
            gradient=self.gradient,
            wasserstein=wasserstein(data, model),
            jensen_shannon=jensen_shannon(data, model),
        )


def play(settings: ToySettings) -> Job[Moment]:
    """Play the game to its end; the progress carries a Moment every few steps, and the last is the result."""
    game = Game(settings)
    began = time.perf_counter()
    for _ in range(settings.head_start):
        game.learn_d()
        if time.perf_counter() - began > YIELD_S:
            yield Progress(0, settings.steps)
            began = time.perf_counter()
    yield Progress(0, settings.steps, "", game.moment())
    while game.step < settings.steps:
        for _ in range(settings.d_steps):
            game.learn_d()
        game.learn_g()
        if game.step % EVERY == 0:
            yield Progress(game.step, settings.steps, "", game.moment())
            began = time.perf_counter()
        elif time.perf_counter() - began > YIELD_S:
            yield Progress(game.step, settings.steps)
            began = time.perf_counter()
    return game.moment()
