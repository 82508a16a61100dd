"""Beginning a training with nets that another training left, instead of random ones.

For more of the same pictures, for other pictures (Karras et al. 2020, arXiv:2006.06676, section 4.1: transfer
learning), or for a net that differs in a few layers: what has the same name and shape is taken over, the rest begins
as it always does. Optimisers, counters and random numbers begin anew.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ganviz import catalog, checkpoint
from ganviz.errors import GanvizError
from ganviz.models import resolve
from trainers import TRAINERS, distributed
from trainers.run import Run


def begin_with(source: str, arch: str, nets: Mapping[str, nn.Module]) -> str:
    """Take over what fits of the nets of `source`; the sentence that says how much it was.

    source  a run folder, whose generator, discriminator and average are taken; or a checkpoint or the name of a
            bundled model, which hold the average alone: it is then the generator as well
    nets    "G", "D" and "average", changed in place

    Raises GanvizError when there is no such model, when it is of another family, or when nothing fits.
    """
    found = distributed.everyone(lambda: _tensors(source, arch))
    counts = []
    for name, net in nets.items():
        mine = net.state_dict()
        theirs = found.get(name, {})
        fitting = {key: theirs[key] for key in mine if key in theirs and theirs[key].shape == mine[key].shape}
        if name != "D" and not fitting:
            raise GanvizError(
                f"--pretrained {source}: not one layer has the shape that this training's generator has; "
                "give the options that it was trained with, or leave --pretrained out"
            )
        net.load_state_dict({**mine, **fitting})
        counts.append(f"{name} {len(fitting)} of {len(mine)}" if theirs else f"{name} anew")
    return f"begins with {source}: tensors taken over: {', '.join(counts)}"


def _tensors(source: str, arch: str) -> dict[str, dict[str, Tensor]]:
    """The tensors of each net that `source` holds."""
    state = Path(source).expanduser() / "state.safetensors"
    if state.is_file():
        return _of_state(state, arch)
    header = checkpoint.read_header(catalog.find(source))
    if header.spec.arch != arch:
        raise GanvizError(f"--pretrained {source}: expected a checkpoint of {arch}, got one of {header.spec.arch}")
    generator = checkpoint.load(header.path).state_dict()
    return {"G": generator, "average": generator}


def _of_state(state: Path, arch: str) -> dict[str, dict[str, Tensor]]:
    """A run folder holds all three, as they were at its last snapshot."""
    Run.read(state.parent, resolve(TRAINERS[arch].config), arch)  # refuses another family's
    found: dict[str, dict[str, Tensor]] = {"G": {}, "D": {}, "average": {}}
    try:
        with safe_open(state, framework="pt") as file:
            for name in file.keys():
                net, _, rest = name.partition(".")
                if net in found:
                    found[net][rest] = file.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise GanvizError(f"{state}: the resume state is damaged ({error}); give one of the run's snapshots") from error
    return found
