"""Finding directions for the window: the one way for card and workspace to begin a search and to take what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.compute import Compute
from app.document import Document
from ganviz.directions import Directions, Found
from ganviz.jobs import Job
from ganviz.recipe import ModelRef, Recipe
from ganviz.spec import Spec

if TYPE_CHECKING:
    from ganviz.render import Renderer

Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for.

    method        "pca", "sefa" or "labelled"
    layers        style inputs, None for all
    activations   of pca: the layer whose activations are looked at, None for the usual way
    classifier    of labelled: "svm" or "logistic"
    """

    method: str = "pca"
    count: int = 20
    layers: tuple[int, ...] | None = None
    activations: int | None = None
    classifier: str = "svm"


def own_marked(directions: Directions, model: ModelRef) -> tuple[list[Recipe], list[Recipe]]:
    """The liked and the disliked pictures that are of a model; those of others say nothing of its latents."""
    liked = [recipe for recipe in directions.liked if recipe.model.digest == model.digest]
    disliked = [recipe for recipe in directions.disliked if recipe.model.digest == model.digest]
    return liked, disliked


def begin(document: Document, compute: Compute, search: Search, say: Say, ended: Callable[[], None]) -> bool:
    """Look for directions of the present picture's model; what is found joins the list, in one step of undo.

    `say(text, kind)` tells how it went, `ended()` follows in any case. False where other work is going on.
    """
    session, spec = document.session, document.spec

    def done(found: Any) -> None:
        before = len(document.session.directions.found)
        listed = document.session.directions.with_found(found.found if isinstance(found, Outcome) else found)
        new = len(listed.found) - before
        if new:
            document.seal()
            document.edit(directions=listed)
        summary = found.summary if isinstance(found, Outcome) else ""
        if summary or not new:
            say(summary or "These directions are in the list already", "info")
        ended()

    def failed(message: str) -> None:
        say(message, "error")
        ended()

    return compute.start_job(
        lambda renderer: _job(renderer, session, spec, search),
        "Finding directions",
        done=done,
        failed=failed,
        cancelled=ended,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search by labels found, and a line on how good it is."""

    found: tuple[Found, ...]
    summary: str


def _job(renderer: "Renderer", session: Any, spec: Spec, search: Search) -> Job[Any]:
    from ganviz.finding import ACTIVATION_SAMPLES, SPREAD_SAMPLES, W_SAMPLES, find_boundary, find_pca, find_sefa
    from ganviz.sampling import Population

    recipe = session.recipe
    generator = renderer.load(recipe.model)
    if search.method == "labelled":
        liked, disliked = own_marked(session.directions, recipe.model)
        boundary = yield from find_boundary(generator, liked, disliked, "Liked", search.layers, search.classifier)
        return Outcome((boundary.found,), f"{boundary.found.direction.name}: {boundary.summary}")
    of_w = search.activations is None and spec.has_mapping
    count = {"pca": W_SAMPLES if of_w else ACTIVATION_SAMPLES, "sefa": SPREAD_SAMPLES}[search.method]
    population = Population(count, 0, recipe.label, recipe.codes)
    if search.method == "sefa":
        return (yield from find_sefa(generator, search.count, search.layers, population))
    return (yield from find_pca(generator, search.count, search.layers, search.activations, population))
