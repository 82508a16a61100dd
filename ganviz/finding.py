"""Finding directions: principal components, the weights' own directions, a boundary between liked and disliked.

pca        Harkonen et al. 2020 (GANSpace): components of w; or of a layer's activations, carried back to the latent
sefa       Shen and Zhou 2020 (SeFa): eigenvectors of A^T A, A being the weights that meet the latent first
boundary   Shen et al. 2019 (InterFaceGAN): the normal of a linear boundary between two sets of pictures

A direction's array is a step of one sigma: a unit vector times the standard deviation of samples along it. Its sign is
fixed so that the entry of the largest magnitude is positive (of a boundary: so that it leads to what is liked), and
directions come in the order of their scores, so that equal settings give equal directions with equal names.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F

from ganviz.directions import FEWEST, Found
from ganviz.edits import Direction, Origin
from ganviz.errors import GanvizError
from ganviz.expression import Space, space_of
from ganviz.jobs import Job, Offload, Progress
from ganviz.latent import seeds, w_of, z_of
from ganviz.mixing import format_layers
from ganviz.models.base import StagedGenerator
from ganviz.recipe import Noise, Recipe
from ganviz.sampling import Population, full_latents, latent_part, sample_latents
from ganviz.spec import Spec
from ganviz.synthesis import run_to

COUNT = 20
W_SAMPLES = 10_000
"""Latents that components of w come from; the paper takes a million, and says that fewer do."""
ACTIVATION_SAMPLES = 2_000
SPREAD_SAMPLES = 2_000
"""Latents that the spread along a direction is measured with, where nothing else needs them."""
POOLED = 8
"""Activations are averaged to at most so many pixels a side before their components are looked for ..."""
MOST_NUMBERS = 1 << 26
"""... and to fewer where all samples together would hold more numbers than this (256 MiB)."""
FOLDS = 5


def find_pca(
    generator: StagedGenerator,
    count: int = COUNT,
    layers: Sequence[int] | None = None,
    activations: int | None = None,
    population: Population | None = None,
) -> Job[tuple[Found, ...]]:
    """The first `count` principal components (GANSpace, sections 2.1 and 2.2); the score is the explained variance.

    With a mapping network they are components of w. For `activations`, an index into the spec's layers, and in
    families without a mapping network (there of the first layer, since z itself is alike in all directions), they
    are components of that layer's activations y: with x = V^T (y - mean), a latent direction u minimises the sum of
    |x u - latent|^2 over the samples. Components are orthogonal, so each is regressed by itself.

    layers   style inputs that the directions are for, None for all; needs a mapping network
    """
    spec = generator.spec
    chosen = _chosen(layers, spec)
    if activations is not None and not 0 <= activations < len(spec.layers):
        raise GanvizError(f"layer: expected 0 to {len(spec.layers) - 1}, got {activations}")
    of = "" if activations is None else f" of {spec.layers[activations].name}"
    if activations is None and not spec.has_mapping:
        activations = 0
    if activations is None:
        drawn = population or Population(W_SAMPLES)
        latents = yield from sample_latents(generator, drawn)
        yield Progress(drawn.count, drawn.count, "principal components")
        units, shares = yield Offload(components, (latents, count))
    else:
        drawn = population or Population(ACTIVATION_SAMPLES)
        latents, states = yield from _sample_activations(generator, activations, drawn)
        yield Progress(drawn.count, drawn.count, "principal components")
        units, shares = yield Offload(components_of_activations, (states, latents, count))
    if chosen is not None:
        of += f" for {format_layers(chosen, spec)}"
    note = f"{drawn.count:,} samples"
    return _found(generator, "PCA", of, units, shares, latents, chosen, note)


def find_sefa(
    generator: StagedGenerator,
    count: int = COUNT,
    layers: Sequence[int] | None = None,
    population: Population | None = None,
) -> Job[tuple[Found, ...]]:
    """The `count` directions that move the first weights' output most (SeFa, equations 4 to 6); needs no pictures.

    They are the eigenvectors of A^T A with the largest eigenvalues, the rows of A brought to unit length, as the
    authors do. With a mapping network, A holds the matrices that make styles of w, of the style inputs `layers`
    (None for all) below one another; without one it is what acts on the noise. The score is the eigenvalue's share
    of their sum. Samples only measure the spread along each.
    """
    spec = generator.spec
    chosen = _chosen(layers, spec)
    try:
        matrices = generator.style_matrices(range(spec.num_ws) if chosen is None else chosen)
    except NotImplementedError as error:
        raise GanvizError(f"the family {spec.arch} does not say which weights meet its latent; try PCA") from error
    latents = yield from sample_latents(generator, population or Population(SPREAD_SAMPLES))
    units, shares = yield Offload(factorise, ([matrix.detach().cpu().numpy() for matrix in matrices], count))
    of = "" if chosen is None else f" of {format_layers(chosen, spec)}"
    return _found(generator, "SeFa", of, units, shares, latents, chosen, "closed form")


@dataclass(frozen=True, slots=True)
class Boundary:
    """A boundary between liked and disliked pictures, and how good it is on pictures that it was not fitted to.

    accuracy, error   mean share of liked and of disliked pictures told right when held out, 0.5 being chance, and its
                      standard error
    """

    found: Found
    accuracy: float
    error: float
    folds: int
    liked: int
    disliked: int

    @property
    def summary(self) -> str:
        """One line for people."""
        verdict = "" if self.accuracy - 2 * self.error > 0.5 else "; no better than chance, mark more pictures"
        return (
            f"held-out accuracy {self.accuracy:.0%} ± {self.error:.0%} ({self.liked} liked and {self.disliked} "
            f"disliked pictures in {self.folds} folds; chance is 50%){verdict}"
        )


def find_boundary(
    generator: StagedGenerator,
    liked: Sequence[Recipe],
    disliked: Sequence[Recipe],
    name: str = "liked",
    layers: Sequence[int] | None = None,
    classifier: str = "svm",
    space: Space | None = None,
    seed: int = 0,
) -> Job[Boundary]:
    """The normal of the linear boundary between two sets of pictures, towards the liked (InterFaceGAN, section 3.2).

    classifier   "svm" (a linear support vector machine, as in the paper) or "logistic"; both sides weigh the same
    space        "w" where there is a mapping network, else "z", unless given
    seed         of the shuffle that deals pictures to folds, and first seed of those that measure the spread

    Each picture counts by the latent that it was drawn from, with truncation, mixes and moves, the mean over the
    style inputs `layers` (None for all). The score is the held-out accuracy, see `Boundary`.
    """
    spec = generator.spec
    chosen = _chosen(layers, spec)
    space = space or ("w" if spec.has_mapping else "z")
    liked, disliked = tuple(dict.fromkeys(liked)), tuple(dict.fromkeys(disliked))
    _check_sides(liked, disliked)
    rows: list[np.ndarray] = []
    for k, recipe in enumerate((*liked, *disliked)):
        if k % 16 == 0:
            yield Progress(k, len(liked) + len(disliked), "latents of the marked pictures")
        rows.append(_judged(recipe, generator, space, chosen))
    spread = Population(SPREAD_SAMPLES, seed)
    sample = _sample_z if space == "z" and spec.has_mapping else sample_latents
    latents = yield from sample(generator, spread)
    labels = np.array([1] * len(liked) + [0] * len(disliked))
    fitted: tuple[np.ndarray, float, float, int]
    fitted = yield Offload(fit_boundary, (np.stack(rows), labels, latents.std(axis=0).mean(), classifier, seed))
    unit, accuracy, error, folds = fitted
    sigma = float((latents.astype(np.float64) @ unit).std())
    direction = Direction.of(
        unit * sigma, space, name=name, origin="labelled", sigma=sigma, layers=chosen, score=accuracy
    )
    made = Boundary(Found(direction, generator.ref), accuracy, error, folds, len(liked), len(disliked))
    return replace(made, found=Found(direction, generator.ref, made.summary))


# -- the mathematics, plain numpy: run aside, on arrays alone ---------------------------------------------------------


def components(samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of samples (N, D): unit rows (count, D), and their shares of the variance."""
    centred = samples.astype(np.float64) - samples.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return _largest(values, vectors, count)


def components_of_activations(states: np.ndarray, latents: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent directions (count, d) of unit length that go with the principal components of states (N, D).

    `latents` (N, d) are what the states came of. Shares are of the states' variance. The products of samples with one
    another have the same eigenvalues as those of the D numbers, and are fewer where D is large.
    """
    centred = states - states.mean(axis=0)
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    most = min(count, latents.shape[1])
    order = np.argsort(values, kind="stable")[::-1][:most]
    order = order[values[order] > max(values.max(), 0) * 1e-6]  # below that float32 has no digits left
    coordinates = vectors[:, order]  # (N, count), those of the samples along the components, orthogonal
    directions = coordinates.T @ (latents - latents.mean(axis=0, dtype=np.float64))
    lengths = np.linalg.norm(directions, axis=1)
    kept = lengths > 1e-12
    units = directions[kept] / lengths[kept, None]
    return signed(units), values[order][kept] / max(values.clip(0).sum(), 1e-300)


def factorise(matrices: Sequence[np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvectors of A^T A with the largest eigenvalues: unit rows (count, inputs), and their shares of the sum.

    A is the `matrices`, (outputs, inputs) each, below one another, every row of unit length but those of zeros.
    """
    rows = np.concatenate(matrices).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
    values, vectors = np.linalg.eigh(rows.T @ rows)
    return _largest(values, vectors, count)


def fit_boundary(
    samples: np.ndarray, labels: np.ndarray, unit: float, classifier: str, seed: int
) -> tuple[np.ndarray, float, float, int]:
    """Unit normal (D,) of the boundary between samples (N, D) of labels 1 and 0, towards 1; and how good it is.

    `unit` is the samples' usual deviation, which they are divided by so that the penalty of the fit means the same in
    every model. Returns normal, held-out balanced accuracy, its standard error, and the number of folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    if classifier == "svm":
        model = SVC(kernel="linear", C=1.0, class_weight="balanced")
    elif classifier == "logistic":
        model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000)
    else:
        raise ValueError(f"classifier: expected 'svm' or 'logistic', got {classifier!r}")
    scaled = (samples - samples.mean(axis=0)) / max(float(unit), 1e-12)
    folds = min(FOLDS, int(min(labels.sum(), (1 - labels).sum())))
    deal = StratifiedKFold(folds, shuffle=True, random_state=seed)
    right = cross_val_predict(model, scaled, labels, cv=deal) == labels
    sides = [right[labels == side] for side in (0, 1)]
    accuracy = float(np.mean([side.mean() for side in sides]))
    # Laplace's rule keeps the error of a perfect score above nothing.
    shares = [(side.sum() + 1) / (len(side) + 2) for side in sides]
    error = math.sqrt(sum(p * (1 - p) / len(side) for p, side in zip(shares, sides, strict=True))) / 2
    normal = model.fit(scaled, labels).coef_[0].astype(np.float64)
    return normal / max(float(np.linalg.norm(normal)), 1e-300), accuracy, error, folds


def signed(units: np.ndarray) -> np.ndarray:
    """Rows with the sign at which the entry of the largest magnitude, the first of equals, is positive."""
    largest = units[np.arange(len(units)), np.abs(units).argmax(axis=1)]
    return units * np.where(largest < 0, -1.0, 1.0)[:, None]


def _largest(values: np.ndarray, vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvectors (columns) of the largest eigenvalues as signed rows; those of none to speak of are left out."""
    order = np.argsort(values, kind="stable")[::-1][:count]
    order = order[values[order] > max(values.max(), 0) * 1e-9]
    return signed(vectors[:, order].T), values[order] / max(values.clip(0).sum(), 1e-300)


# -- samples ----------------------------------------------------------------------------------------------------------


def _sample_activations(
    generator: StagedGenerator, layer: int, population: Population
) -> Job[tuple[np.ndarray, np.ndarray]]:
    """Latents (N, d) and, of the same samples, the activations of a layer (N, D), averaged to few pixels."""
    place = generator.spec.layers[layer]
    side = min(place.resolution, POOLED)
    while side > 1 and population.count * place.channels * side**2 > MOST_NUMBERS:
        side //= 2
    numbers = population.numbers
    latents, states = [], []
    for start in range(0, len(numbers), 16):
        yield Progress(start, len(numbers), f"activations of {place.name}")
        some = numbers[start : start + 16]
        with torch.inference_mode():
            w = full_latents(generator, some, population)
            x = run_to(generator, w, layer, Noise()).x.float()
            if x.ndim == 4 and x.shape[-1] > side:
                x = F.adaptive_avg_pool2d(x, side)
            states.append(x.flatten(1).cpu().numpy())
            latents.append(latent_part(w, generator.spec).cpu().numpy())
    return np.concatenate(latents), np.concatenate(states)


def _sample_z(generator: StagedGenerator, population: Population) -> Job[np.ndarray]:
    """z (N, z_dim) of a model with a mapping network."""
    yield Progress(0, population.count, "sampling latents")
    return seeds(population.numbers, generator.spec.z_dim).numpy()


def _judged(recipe: Recipe, generator: StagedGenerator, space: Space, chosen: tuple[int, ...] | None) -> np.ndarray:
    """The latent (D,) that a marked picture counts by."""
    spec = generator.spec
    try:
        with torch.inference_mode():
            if space == "z" and spec.has_mapping:
                if space_of(recipe.latent, True) != "z":
                    raise GanvizError("a boundary in z needs pictures whose latents live in z, as those of seeds do")
                return z_of(recipe.latent, spec)[0].cpu().numpy()
            if space == "w" and not spec.has_mapping:
                raise GanvizError("this model has no w apart from z; look for the boundary in z")
            w = w_of(recipe, generator)
            if spec.has_mapping and chosen is not None:
                w = w[:, list(chosen)]
            return latent_part(w, spec)[0].cpu().numpy()
    except ValueError as error:
        raise GanvizError(f"{generator.ref.name}: a marked picture does not fit this model: {error}") from error


def _check_sides(liked: Sequence[Recipe], disliked: Sequence[Recipe]) -> None:
    """Raise GanvizError unless there are enough pictures on both sides, and none on both."""
    both = len(set(liked) & set(disliked))
    if both:
        raise GanvizError(f"{both} of the pictures are both liked and disliked; take them off one side")
    if min(len(liked), len(disliked)) < FEWEST:
        raise GanvizError(
            f"expected at least {FEWEST} liked and {FEWEST} disliked pictures, got {len(liked)} and {len(disliked)}; "
            "mark more (several dozen make a good direction)"
        )


def _chosen(layers: Sequence[int] | None, spec: Spec) -> tuple[int, ...] | None:
    """The style inputs as a recipe names them; GanvizError where the model does not have them."""
    if layers is None or set(layers) == set(range(spec.num_ws)):
        return None
    if not spec.has_mapping:
        raise GanvizError("this model has no style inputs, a range of layers means nothing to it; leave it out")
    wrong = [k for k in layers if not 0 <= k < spec.num_ws]
    if wrong or not layers:
        raise GanvizError(f"layers: expected style inputs 0 to {spec.num_ws - 1}, got {wrong[0] if wrong else 'none'}")
    return tuple(sorted(set(layers)))


def _found(
    generator: StagedGenerator,
    origin: Origin,
    of: str,
    units: np.ndarray,
    shares: np.ndarray,
    latents: np.ndarray,
    layers: tuple[int, ...] | None,
    note: str,
) -> tuple[Found, ...]:
    """Unit vectors (count, D) as directions with their spread, called after how they were found, counted from 1."""
    space: Space = "w" if generator.spec.has_mapping else "z"
    spreads = (latents.astype(np.float64) @ units.T).std(axis=0)
    made = []
    for k, (unit, share, sigma) in enumerate(zip(units, shares, spreads, strict=True), 1):
        if sigma == 0:  # a part of the latent that never moves
            continue
        direction = Direction.of(
            unit * sigma,
            space,
            name=f"{origin} {k}{of}",
            origin=origin,
            sigma=float(sigma),
            layers=layers,
            score=float(share),
        )
        made.append(Found(direction, generator.ref, note))
    return tuple(made)
