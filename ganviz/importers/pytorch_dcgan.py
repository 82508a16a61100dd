"""DCGAN as the official PyTorch example has it, and its many relatives: `netG_epoch_24.pth`.

A Sequential of ConvTranspose2d, BatchNorm2d and activations, saved as a state dict, alone or beside other networks. Any
number of stages, any names; the activations, which have no weights, are taken for ReLU and a final tanh. z is N(0, 1)
and not normalised; in class-conditional variants the one-hot label stands behind it.
"""

from ganviz.errors import GanvizError
from ganviz.importers import Asked, Converted
from ganviz.importers.reader import Source
from ganviz.importers.stacks import Stack, find_stack, stages_of, take_stack
from ganviz.importers.transfer import Transfer


class PytorchDCGAN:
    label = "DCGAN of the PyTorch examples' kind"
    arch = "dcgan"
    asks = ("classes", "resolution", "statistics")

    def recognises(self, source: Source) -> bool:
        return _find(source) is not None

    def convert(self, source: Source, asked: Asked) -> Converted:
        found = _find(source)
        assert found is not None
        name, stack = found
        return convert_stack(name, stack, asked)


def _find(source: Source) -> tuple[str, Stack] | None:
    for name, weights in source.networks:
        stack = find_stack(weights)
        if stack is not None:
            return name, stack
    return None


def convert_stack(name: str, stack: Stack, asked: Asked) -> Converted:
    """A DCGAN of a stack that stands under `name` in its file."""
    classes = asked.classes or 0
    if not 0 <= classes < stack.inputs:
        raise GanvizError(
            f"--classes: the first layer takes {stack.inputs} numbers, noise and one-hot label together; "
            f"{classes} classes leave no noise"
        )
    stages, side, assumed = stages_of(stack, asked.resolution)
    transfer = Transfer(stack.weights)
    tensors = take_stack(stack, transfer)
    transfer.done()
    config = {
        "resolution": side,
        "channels": stack.channels,
        "z_dim": stack.inputs - classes,
        "num_classes": classes,
        "stages": stages,
    }
    facts = {"mapped": name or "the whole file"}
    notes = ["ReLU and a final tanh, which have no weights"]
    if assumed:
        notes.append(assumed)
    if not classes:
        notes.append(f"all {stack.inputs} inputs are noise; --classes says how many are a one-hot label")
    return Converted("dcgan", config, tensors, facts={**facts, "assumed": "; ".join(notes)})
