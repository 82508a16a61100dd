"""Foreign checkpoints: what others trained, read as data. One file a source, each recognised by its keys and shapes.

    read(path) -> Source -> the importer that recognises it -> Converted -> a ganviz checkpoint

An importer is an object of the shape of `Importer`: it looks at the inert tree of a `Source` and says which of the
tensors there becomes which of a native generator's. It never runs code from the file, asks only for what the file
cannot say, and fails on whatever is left over. To add one: write the file, add its line to IMPORTERS.

No torch at module level, here or in any importer: what a file is should be known before torch is imported.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ganviz.spec import Card

if TYPE_CHECKING:
    import numpy as np

    from ganviz.importers.reader import Source

IMPORTERS: dict[str, str] = {
    "nvidia-stylegan2": "ganviz.importers.nvidia_stylegan2:NvidiaStyleGAN2",
    "nvidia-stylegan3": "ganviz.importers.nvidia_stylegan3:NvidiaStyleGAN3",
    "rosinality-stylegan2": "ganviz.importers.rosinality_stylegan2:RosinalityStyleGAN2",
    "rosinality-stylegan": "ganviz.importers.rosinality_stylegan:RosinalityStyleGAN",
    "rosinality-progan": "ganviz.importers.rosinality_progan:RosinalityProGAN",
    "gan-zoo-pgan": "ganviz.importers.gan_zoo:ZooPGAN",
    "gan-zoo-dcgan": "ganviz.importers.gan_zoo:ZooDCGAN",
    "natsu-infogan": "ganviz.importers.natsu_infogan:NatsuInfoGAN",
    "hf-biggan": "ganviz.importers.hf_biggan:HuggingFaceBigGAN",
    "pytorch-dcgan": "ganviz.importers.pytorch_dcgan:PytorchDCGAN",
    "openvino-mobilestylegan": "ganviz.importers.openvino:OpenVINO",
}
"""Name of the format to the "module:Name" of its importer, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user says of a file that cannot say it itself; None where nothing was said.

    arch        the family that it is to be read as, a key of MODELS
    resolution  pixels a side, where the file holds more than it has learnt
    classes     how many of the first layer's inputs are a class's one-hot vector
    statistics  "running": batch norm as the file has it; "batch": its means and variances measured anew
    """

    arch: str | None = None
    resolution: int | None = None
    classes: int | None = None
    statistics: str = "running"


NOTHING_SAID = Asked()


@dataclass(frozen=True, slots=True)
class Converted:
    """What an importer made of a file: enough to build the native generator, nothing built yet.

    arch     key of MODELS
    config   arguments of that family's configuration
    tensors  native name to array; every tensor of the generator must be among them, with its shape, but two kinds:
             `w_avg`, which is then estimated, and the planes of constant noise, which are then drawn from seed 0
    card     what is known of title, licence, psi, class names; digest and provenance are added by the caller
    facts    what is worth keeping in the card's facts, ready to print: what was left out and why, what was assumed
    """

    arch: str
    config: dict[str, Any]
    tensors: dict[str, "np.ndarray"]
    card: Card = field(default_factory=Card)
    facts: dict[str, str] = field(default_factory=dict)


class Importer(Protocol):
    """What stands behind an entry of IMPORTERS: a class of this shape, made without arguments."""

    label: str
    """The format as people call it, as in "NVIDIA StyleGAN2-ADA pickle"."""
    arch: str
    """The family that its generators join, a key of MODELS."""
    asks: tuple[str, ...]
    """The fields of `Asked`, besides arch, that make a difference to it."""

    def recognises(self, source: "Source") -> bool:
        """Whether the file is of this format, by its keys and shapes; never by its name. Does not raise."""
        ...

    def convert(self, source: "Source", asked: Asked) -> Converted:
        """Map the file onto a native generator; GanvizError names what does not fit, is missing or left over."""
        ...
