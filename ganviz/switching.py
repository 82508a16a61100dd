"""Taking a recipe from one model to another: what still applies goes along, what does not is named."""

from ganviz.checkpoint import Header
from ganviz.expression import Expression, Offset, Seed, Vector, walk_nodes
from ganviz.recipe import Noise, Recipe, class_weights
from ganviz.spec import Spec


def fresh_recipe(header: Header, seed: int = 0) -> Recipe:
    """What a model is first shown with: its card's psi, class 0 said outright where it has classes."""
    spec = header.spec
    label = class_weights(0, spec.num_classes) if spec.num_classes else None
    return Recipe(header.ref, Seed(seed), label=label, psi=header.card.psi)


def at_same_latent(recipe: Recipe, old: Header, new: Header) -> tuple[Recipe, list[str]]:
    """The recipe, which is of the model `old`, for the model `new`, and what of it does not apply there."""
    if old.digest == new.digest:
        return recipe.edit(model=new.ref), []
    return carry_over(recipe, fresh_recipe(old), old.spec, fresh_recipe(new), new.spec)


def carry_over(recipe: Recipe, old_default: Recipe, old: Spec, default: Recipe, new: Spec) -> tuple[Recipe, list[str]]:
    """The recipe for another model, and in words what of the old one does not apply there.

    old_default, default    what the two models are first shown with: their own psi, class 0
    old, new                their specs

    Latents made of seeds go to any model. Vectors, directions and unit edits belong to one network's space: they go
    along only to one of the same form, such as another snapshot of the same training.
    """
    alike = _form(old) == _form(new)
    carried = default
    dropped: list[str] = []
    if _latent_fits(recipe.latent, new, alike):
        carried = carried.edit(latent=recipe.latent)
    else:
        dropped.append("the latent")
    if recipe.label is not None:
        if len(recipe.label) == new.num_classes:
            carried = carried.edit(label=recipe.label)
        elif recipe.label != old_default.label:
            dropped.append("the class")
    sizes = {code.name: code.size for code in new.codes}
    codes = tuple((name, value) for name, value in recipe.codes if sizes.get(name) == len(value))
    if codes:
        carried = carried.edit(codes=codes)
    if len(codes) < len(recipe.codes):
        dropped.append("the codes")
    if recipe.psi != old_default.psi:
        if new.truncation is not None:
            carried = carried.edit(psi=recipe.psi)
        else:
            dropped.append("psi")
    if recipe.cutoff is not None or recipe.psis:
        if old.num_ws == new.num_ws:
            carried = carried.edit(cutoff=recipe.cutoff, psis=recipe.psis)
        else:
            dropped.append("psi by layer")
    if recipe.noise != Noise():
        if any(layer.noise for layer in new.layers):
            layers = recipe.noise.layers if alike else ()
            carried = carried.edit(noise=Noise(recipe.noise.mode, recipe.noise.seed, layers, recipe.noise.average))
        if not any(layer.noise for layer in new.layers) or (recipe.noise.layers and not alike):
            dropped.append("the noise")
    if recipe.mixes:
        if old.num_ws == new.num_ws and all(_latent_fits(mix.latent, new, alike) for mix in recipe.mixes):
            carried = carried.edit(mixes=recipe.mixes)
        else:
            dropped.append("the style mix")
    for name, said in (("moves", "directions"), ("units", "edits of units")):
        if getattr(recipe, name):
            if alike:
                carried = carried.edit(**{name: getattr(recipe, name)})
            else:
                dropped.append(said)
    return carried, dropped


def fits(recipe: Recipe, spec: Spec) -> bool:
    """Whether the model has the classes, codes, style inputs, layers and units that a recipe sets."""
    sizes = {code.name: code.size for code in spec.codes}
    inputs = [index for index, _ in recipe.psis] + [index for mix in recipe.mixes for index in mix.layers]
    inputs += [index for move in recipe.moves for index in move.reach or ()]
    layers = [item.layer for item in recipe.noise.layers] + [edit.layer for edit in recipe.units]
    return (
        (recipe.label is None or len(recipe.label) == spec.num_classes)
        and all(sizes.get(name) == len(value) for name, value in recipe.codes)
        and all(index < spec.num_ws for index in inputs)
        and all(layer < len(spec.layers) for layer in layers)
        and all(not edit.units or edit.units[-1] < spec.layers[edit.layer].channels for edit in recipe.units)
    )


def _form(spec: Spec) -> tuple[object, ...]:
    return spec.arch, spec.z_dim, spec.w_dim, spec.num_ws, spec.layers


def _latent_fits(latent: Expression, spec: Spec, alike: bool) -> bool:
    """Whether a latent is made of seeds alone, or of what means something in a network of this form too."""
    for node in walk_nodes(latent):
        if isinstance(node, Vector) and not alike:
            return False
        if isinstance(node, Offset) and not alike:
            dims = spec.w_dim if spec.has_mapping else spec.z_dim
            if any(dimension >= min(dims, spec.z_dim) for dimension, _ in node.values):
                return False
    return True
