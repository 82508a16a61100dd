"""What a picture can be compared with: other snapshots of its run, other models."""

from dataclasses import dataclass

from app.document import name_of
from app.panels.models import find_models
from ganviz import catalog
from ganviz.checkpoint import Header
from ganviz.comparing import Comparison
from ganviz.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry of the list of what A can be compared with."""

    section: str
    text: str
    comparison: Comparison
    header: Header | None = None


def other_models(header: Header) -> list[Offer]:
    """The other snapshots of a model's run, the newest first, and all other models; reads headers only."""
    run = catalog.run_of(header.path)
    snapshots = list(reversed(catalog.snapshots(run))) if run is not None else []
    offers = [_offer("Snapshots of this run", item) for item in snapshots if item.digest != header.digest]
    known = {header.digest, *(item.digest for item in snapshots)}
    listed = [item.header for item in find_models() if item.header.digest not in known]
    return [*offers, *(_offer("The same latent in another model", item) for item in listed)]


def _offer(section: str, header: Header) -> Offer:
    return Offer(section, name_of(header), Comparison(Recipe(header.ref), True), header)


def same(one: Comparison, other: Comparison) -> bool:
    """Whether two say the same; of what follows A only the model counts."""
    if one.follows and other.follows and one.other is not None and other.other is not None:
        return one.other.model.digest == other.other.model.digest
    return one == other
