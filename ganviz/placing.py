"""Placing the points of a map: principal components or t-SNE, of latents or of pictures; and what colours them."""

import numpy as np

from ganviz.directions import scores
from ganviz.edits import Direction
from ganviz.finding import components
from ganviz.jobs import Job, Offload, Progress
from ganviz.latent import conditions_of_seed
from ganviz.latent_map import PERPLEXITY, LatentMap, MapSettings, own_conditions
from ganviz.models.base import StagedGenerator
from ganviz.recipe import Recipe
from ganviz.render import BATCH, Renderer
from ganviz.sampling import Population, picture_features, sample_latents

BEFORE_TSNE = 50
"""t-SNE starts from so many principal components, as its authors do: the rest is mostly noise, and slow."""


def make_map(renderer: Renderer, base: Recipe, settings: MapSettings) -> Job[LatentMap]:
    """Place `settings.count` seeds on a plane; each is drawn as `base`, whose moves and mixes are left out.

    Images are compared small (16 px a side): by pose, shape and colour. Latents are compared as the network has them,
    before truncation. Equal settings give equal maps on one machine.
    """
    generator = renderer.load(base.model)
    base = base.edit(model=generator.ref, mixes=(), moves=(), units=())
    sizes = own_conditions(generator.spec) if settings.own_classes else ()
    indices = _own_indices(generator, settings) if sizes else None
    bare = LatentMap.of(settings, base, np.zeros((settings.count, 2)), sizes, indices)
    if settings.by == "images":
        features = yield from _draw_features(renderer, bare)
    else:
        features = yield from sample_latents(generator, population_of(bare))
    what = "t-SNE" if settings.method == "tsne" else "principal components"
    yield Progress(settings.count, settings.count, f"placing by {what}")
    points = yield Offload(place, (features, settings.method, settings.seed))
    return LatentMap.of(settings, base, points, sizes, indices)


def direction_scores(generator: StagedGenerator, made: LatentMap, direction: Direction) -> Job[np.ndarray]:
    """How far each point lies along a direction, in sigmas from their mean: (N,)."""
    latents = yield from sample_latents(generator, population_of(made))
    return scores(latents, direction)


def population_of(made: LatentMap) -> Population:
    """The seeds of a map with their conditions."""
    own = made.indices is not None
    return Population(
        made.settings.count,
        made.settings.first,
        None if own else made.base.label,
        tuple((name, value) for name, value in made.base.codes if not own or name not in dict(made.sizes)),
    )


def place(features: np.ndarray, method: str, seed: int) -> np.ndarray:
    """Features (N, F) on a plane: (N, 2) within -1 to 1, both axes to the same measure. Runs on one processor."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # others draw meanwhile
        centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
        if method == "pca":
            units, _ = components(features, 2)
            plane = centred @ units.T
        else:
            from sklearn.manifold import TSNE

            units, _ = components(features, BEFORE_TSNE)
            reduced = centred @ units.T
            model = TSNE(
                2,
                perplexity=min(PERPLEXITY, (len(features) - 1) / 3),
                init="pca",
                learning_rate="auto",
                random_state=seed,
            )
            plane = model.fit_transform(reduced.astype(np.float32)).astype(np.float64)
    if plane.shape[1] < 2:  # all alike but for one direction, or wholly
        plane = np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
    low, high = plane.min(axis=0), plane.max(axis=0)
    return (plane - (low + high) / 2) / max(float((high - low).max()) / 2, 1e-12)


def _draw_features(renderer: Renderer, bare: LatentMap) -> Job[np.ndarray]:
    """The pictures of a map's points as small vectors (N, F)."""
    count = bare.settings.count
    rows = []
    for start in range(0, count, BATCH):
        yield Progress(start, count, "drawing pictures")
        recipes = [bare.recipe(k) for k in range(start, min(start + BATCH, count))]
        rows.append(picture_features(np.stack([frame.pixels for frame in renderer.render_all(recipes)])))
    return np.concatenate(rows)


def _own_indices(generator: StagedGenerator, settings: MapSettings) -> np.ndarray:
    """Class and categories that go with each seed: float32 (N, how many there are)."""
    spec = generator.spec
    rows = []
    for number in Population(settings.count, settings.first).numbers:
        index, categories = conditions_of_seed(number, spec)
        rows.append([*([index] if spec.num_classes else []), *categories.values()])
    return np.array(rows, np.float32)
