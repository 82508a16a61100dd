"""The table of generator families. Entries are strings, so that reading the table imports no torch."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ganviz.errors import GanvizError


@dataclass(frozen=True, slots=True)
class Family:
    """Where a family's parts live, each as "module:Name"."""

    label: str
    config: str
    generator: str
    discriminator: str | None = None


MODELS: dict[str, Family] = {
    "dcgan": Family(
        label="DCGAN",
        config="ganviz.models.dcgan:DCGANConfig",
        generator="ganviz.models.dcgan:Generator",
        discriminator="ganviz.models.dcgan:Discriminator",
    ),
}


def resolve(name: str) -> Any:
    """Import what a "module:Name" string of this project's own tables points at."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def family(arch: str) -> Family:
    """The table's entry for `arch`; GanvizError lists the known ones."""
    if arch not in MODELS:
        raise GanvizError(f"unknown architecture {arch!r}; this version knows {', '.join(MODELS)}")
    return MODELS[arch]


def build_generator(arch: str, config: dict[str, Any]) -> Any:
    """Make an untrained generator of the family `arch` from its config as a plain dictionary."""
    entry = family(arch)
    try:
        made = resolve(entry.config)(**config)
    except (TypeError, ValueError) as error:
        raise GanvizError(f"the {entry.label} configuration cannot be used: {error}") from error
    return resolve(entry.generator)(made)
