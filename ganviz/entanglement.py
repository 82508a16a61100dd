"""How far directions are entangled: what else moves when one goes along one of them.

Three readings, since none of them alone is honest:

cosine     in the latent. Exact, and all there is to say of the latent itself; but directions that are orthogonal
           there may still draw the same thing, and others that are not may draw different ones.
moved      through the pictures. A linear reader (ridge regression) learns to tell each direction's score from small
           pictures of random samples; then, going +1 sigma along a direction, by how many sigmas does it say that
           each score has moved? 1 on the diagonal and 0 elsewhere would be free of entanglement. What the reader cannot
           see it cannot tell: `readable` is its held-out R^2 for each score, and a column of low R^2 means little.
overlap    where in the picture. Correlation of the maps of absolute difference: 1 where two directions change the
           same places, about 0 where they have nothing to do with one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ganviz.directions import flat_step, misfit, with_amount
from ganviz.edits import Direction
from ganviz.errors import GanvizError
from ganviz.expression import SEED_LIMIT, Seed
from ganviz.jobs import Job, Offload, Progress
from ganviz.latent import w_of
from ganviz.recipe import Recipe
from ganviz.render import BATCH, Renderer
from ganviz.sampling import latent_part, picture_features
from ganviz.spec import Spec

SAMPLES = 512
"""Pictures that the reader learns from; the last quarter is held out."""
PROBES = 16
"""Pictures that are moved along each direction."""
MOST = 64


@dataclass(frozen=True, slots=True)
class Entanglement:
    """Readings of K directions, float64; a row is the direction gone along, a column the one looked at.

    cosine, moved, overlap (K, K)    see above
    readable (K,)                    held-out R^2 of reading a score from a picture, 1 at best, 0 or below: not at all
    strength (K,)                    mean absolute change of a picture going +1 sigma, in grey levels (0 to 255)
    """

    directions: tuple[Direction, ...]
    cosine: np.ndarray
    moved: np.ndarray
    overlap: np.ndarray
    readable: np.ndarray
    strength: np.ndarray

    def to_json(self) -> dict[str, Any]:
        """For people and scripts: rounded, matrices as lists of rows."""

        def listed(array: np.ndarray) -> list[Any]:
            return np.round(array, 4).tolist()

        about = [
            {
                "name": direction.name,
                "origin": direction.origin,
                "score": direction.score,
                "sigma": direction.sigma,
                "layers": direction.layers,
                "readable": round(float(readable), 4),
                "strength": round(float(strength), 4),
            }
            for direction, readable, strength in zip(self.directions, self.readable, self.strength, strict=True)
        ]
        matrices = {"cosine": listed(self.cosine), "moved": listed(self.moved), "overlap": listed(self.overlap)}
        return {"directions": about, **matrices}


def measure_entanglement(
    renderer: Renderer,
    recipe: Recipe,
    directions: Sequence[Direction],
    samples: int = SAMPLES,
    probes: int = PROBES,
    first: int = 0,
) -> Job[Entanglement]:
    """Measure directions of one model with pictures of seeds from `first` on, drawn as `recipe` says otherwise.

    Its class, codes, psi and noise are kept; its latent, mixes, moves and unit edits are not.
    """
    generator = renderer.load(recipe.model)
    spec = generator.spec
    if not 2 <= len(directions) <= MOST:
        raise GanvizError(f"expected 2 to {MOST} directions to compare, got {len(directions)}")
    for direction in directions:
        if misfit(direction, spec):
            raise GanvizError(f"{direction.name}: {misfit(direction, spec)}")
    plain = recipe.edit(mixes=(), moves=(), units=())
    base = [plain.edit(latent=Seed((first + k) % SEED_LIMIT)) for k in range(samples + probes)]
    total = samples + probes * (1 + len(directions))
    features, scores = [], []
    steps = np.stack([flat_step(direction).astype(np.float64) for direction in directions])  # (K, D)
    for start in range(0, samples, BATCH):
        yield Progress(start, total, "learning to read scores")
        some = base[start : min(start + BATCH, samples)]
        features.append(picture_features(np.stack([frame.pixels for frame in renderer.render_all(some)])))
        with torch.inference_mode():
            latents = torch.cat([latent_part(w_of(item, generator), spec) for item in some]).cpu().numpy()
        scores.append(latents.astype(np.float64) @ steps.T / np.square(steps).sum(axis=1))
    weights, readable = yield Offload(learn_to_read, (np.concatenate(features), np.concatenate(scores)))
    moved = np.zeros((len(directions), len(directions)))
    overlap, strength = np.zeros_like(moved), np.zeros(len(directions))
    for k, item in enumerate(base[samples:]):
        yield Progress(samples + k * (1 + len(directions)), total, "going along each")
        trials = [item, *(with_amount(item, direction, 1.0) for direction in directions)]
        pixels = np.stack([frame.pixels for frame in renderer.render_all(trials)])
        read = picture_features(pixels) @ weights  # (1 + K, K)
        moved += (read[1:] - read[0]) / probes
        change = np.abs(pixels[1:].astype(np.float64) - pixels[0]).mean(axis=-1).reshape(len(directions), -1)
        overlap += correlations(change) / probes
        strength += change.mean(axis=1) / probes
    return Entanglement(tuple(directions), cosines(directions, spec), moved, overlap, readable, strength)


def cosines(directions: Sequence[Direction], spec: Spec) -> np.ndarray:
    """Cosines (K, K) of directions as they move w (num_ws, w_dim), each on the style inputs that it is for.

    Directions for different style inputs, and one in z beside one in w, do not meet: 0.
    """
    whole = np.zeros((len(directions), spec.num_ws * max(spec.w_dim, spec.z_dim)))
    for k, direction in enumerate(directions):
        assert direction.array is not None
        place = np.zeros((spec.num_ws, max(spec.w_dim, spec.z_dim)))
        if direction.space == "z":
            place[0, : spec.z_dim] = direction.array
        else:
            chosen = slice(None) if direction.layers is None else list(direction.layers)
            place[chosen, : spec.w_dim] = direction.array if direction.array.ndim == 1 else direction.array[chosen]
        whole[k] = place.ravel()
    lengths = np.linalg.norm(whole, axis=1).clip(1e-300)
    found = (whole @ whole.T) / np.outer(lengths, lengths)
    spaces = np.array([direction.space for direction in directions])
    return np.where(spaces[:, None] == spaces, found, 0.0)


def correlations(maps: np.ndarray) -> np.ndarray:
    """Correlations (K, K) of maps (K, P); that of a map without any variation is 0."""
    centred = maps - maps.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1)
    units = centred / np.where(lengths > 0, lengths, 1.0)[:, None]
    return units @ units.T


def learn_to_read(features: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (F, K) of a linear reader of scores (N, K) from features (N, F), and its R^2 (K,) on a held-out quarter.

    Ridge regression, its penalty chosen for each score by leaving out one sample at a time. Only differences of what
    it reads are of interest, so it has no constant.
    """
    from sklearn.linear_model import RidgeCV

    held = max(1, len(features) // 4)
    mean, means = features[:-held].mean(axis=0), scores[:-held].mean(axis=0)
    model = RidgeCV(alphas=np.logspace(-2, 4, 13), fit_intercept=False, alpha_per_target=True)
    model.fit(features[:-held] - mean, scores[:-held] - means)
    weights = np.atleast_2d(model.coef_).T
    wrong = scores[-held:] - means - (features[-held:] - mean) @ weights
    readable = 1 - np.square(wrong).sum(axis=0) / np.square(scores[-held:] - means).sum(axis=0).clip(1e-300)
    return weights, readable
