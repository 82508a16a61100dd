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
    "infogan": Family(
        label="InfoGAN",
        config="ganviz.models.infogan:InfoGANConfig",
        generator="ganviz.models.infogan:Generator",
        discriminator="ganviz.models.infogan:Discriminator",
    ),
    "progan": Family(
        label="ProGAN",
        config="ganviz.models.progan:ProGANConfig",
        generator="ganviz.models.progan:Generator",
        discriminator="ganviz.models.progan:Discriminator",
    ),
    "stylegan": Family(
        label="StyleGAN",
        config="ganviz.models.stylegan:StyleGANConfig",
        generator="ganviz.models.stylegan:Generator",
        discriminator="ganviz.models.stylegan:Discriminator",
    ),
    "stylegan2": Family(
        label="StyleGAN2",
        config="ganviz.models.stylegan2:StyleGAN2Config",
        generator="ganviz.models.stylegan2:Generator",
        discriminator="ganviz.models.stylegan2:Discriminator",
    ),
    "stylegan3": Family(
        label="StyleGAN3",
        config="ganviz.models.stylegan3:StyleGAN3Config",
        generator="ganviz.models.stylegan3:Generator",
    ),
    "biggan": Family(
        label="BigGAN",
        config="ganviz.models.biggan:BigGANConfig",
        generator="ganviz.models.biggan:Generator",
    ),
    "mobilestylegan": Family(
        label="MobileStyleGAN",
        config="ganviz.models.mobilestylegan:MobileStyleGANConfig",
        generator="ganviz.models.mobilestylegan:Generator",
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
