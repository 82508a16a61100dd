"""Several processes that train one model: `torchrun --nproc-per-node N -m trainers ARCH ...`, on one machine or more.

Every process has the same nets and takes its share of each step's batch. Gradients are averaged by one flattened
all-reduce a step; from equal weights, equal gradients and equal optimisers come equal weights. Nothing wraps the nets:
wrappers count on one forward and one backward pass a step, while penalties on slopes differentiate twice.

The first process alone reads and writes the run folder, prints, and takes orders. What all have to do alike, when to
stop above all, is agreed on. In a run of one process, everything here gives back what it was given.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist

from ganviz.devices import pick_device
from ganviz.errors import GanvizError

PATIENCE = timedelta(minutes=30)
"""How long a process waits in a step for others that are there but silent; one that has ended is noticed at once."""
LONG_PATIENCE = timedelta(days=7)
"""The same where others may be preparing a large data set."""
STATISTICS = ("running_mean", "running_var", "w_avg")
"""Buffers that follow what a process has drawn or seen, by the last part of their names."""

T = TypeVar("T")


class LostTouch(GanvizError):
    """Another process has ended. Whoever notices says so; of other errors that all meet, the first process does."""


def rank() -> int:
    """This process's number; 0 is the first."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def local_rank() -> int:
    """This process's number on its machine."""
    return int(os.environ.get("LOCAL_RANK", rank())) if dist.is_initialized() else 0


def local_size() -> int:
    """How many of the processes are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", size())) if dist.is_initialized() else 1


# --- joining -----------------------------------------------------------------------------------------------------

_patient: dist.ProcessGroup | None = None


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that torchrun started, as it says in the environment, for the length of the block."""
    global _patient
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    # What is on the processor goes through gloo in any case: orders and figures need not wait for a GPU.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    try:
        dist.init_process_group(backend, timeout=PATIENCE)
        _patient = dist.new_group(backend="gloo", timeout=LONG_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise LostTouch(f"the other processes cannot be reached: {_first_line(error)}") from error
    if local_rank() < torch.cuda.device_count():
        torch.cuda.set_device(local_rank())
    try:
        yield
    finally:
        dist.destroy_process_group()


def check_device(asked: str) -> None:
    """Raise GanvizError unless all processes can train on the device asked for: cpu, or cuda with a GPU for each."""
    if size() == 1:
        return
    device = everyone(lambda: pick_device(asked))
    first = first_text(device)

    def check() -> None:
        if device not in ("cpu", "cuda"):
            raise GanvizError(f"--device {device}: several processes train on cpu or cuda only")
        if device == "cuda" and local_size() > torch.cuda.device_count():
            raise GanvizError(
                f"{local_size()} processes on a machine with {torch.cuda.device_count()} GPUs; "
                "start as many as there are GPUs, or add --device cpu"
            )
        if device != first:
            raise GanvizError(f"--device {asked} is {device} here and {first} in process 0; say --device cpu")

    everyone(check)


# --- agreeing ----------------------------------------------------------------------------------------------------


def agree(stopping: bool, paused: bool, seconds: float) -> tuple[bool, bool, float]:
    """Whether any process is asked to stop, whether one is asked to pause, and the first one's seconds of training."""
    if size() == 1:
        return stopping, paused, seconds
    told = torch.tensor([stopping, paused, seconds if rank() == 0 else 0.0], dtype=torch.float64)
    with _touch():
        dist.all_reduce(told, dist.ReduceOp.MAX)
    return bool(told[0]), bool(told[1]), told[2].item()


def everyone(action: Callable[[], T]) -> T:
    """Do something in every process. Where it fails in one, all raise that one's GanvizError."""
    if size() == 1:
        return action()
    result: T | None = None
    failure: GanvizError | None = None
    try:
        result = action()
    except GanvizError as error:
        failure = error
    said = _gather(str(failure or "").encode())
    if failure is not None:
        raise failure
    for number, message in enumerate(said):
        if message:
            raise GanvizError(f"process {number}: {message.decode()}")
    return result  # type: ignore[return-value]


def in_turn(action: Callable[[], T]) -> T:
    """`everyone`, the first process of each machine before its others: what it keeps in a cache, they find there."""
    result = everyone(lambda: action() if local_rank() == 0 else None)
    return everyone(lambda: action() if result is None else result)


def first_text(text: str) -> str:
    """The first process's `text`."""
    return text if size() == 1 else _from_first(text.encode()).decode()


@contextmanager
def first_file(path: Path) -> Iterator[Path]:
    """The first process's file of that path; the others, maybe on machines that lack it, have a copy for the block."""
    if size() == 1:
        yield path
        return
    content = b""
    if rank() == 0 and path.is_file():
        try:
            content = path.read_bytes()
        except OSError:
            pass  # the first process will find out by itself, and the others that there is none
    content = _from_first(content)
    if rank() == 0:
        yield path
        return
    with TemporaryDirectory(prefix="ganviz-") as folder:
        copy = Path(folder, path.name)
        if content:
            copy.write_bytes(content)
        yield copy


# --- training ----------------------------------------------------------------------------------------------------


def average(net: nn.Module, noted: Sequence[Mapping[str, Tensor]], *others: nn.Module) -> dict[str, float]:
    """The mean over all processes, by one all-reduce, of all that a step has to average.

    In place: the gradients of `net`, and the running statistics of it and the `others`. Returned: what the parts
    `noted`, single numbers by name, averaged over parts and processes.
    """
    like = next(iter(noted[0].values())).detach().float()
    rows = [torch.stack([value.detach().to(like) for value in part.values()]) for part in noted]
    values = torch.stack(rows).mean(dim=0)
    if size() > 1:
        tensors = [p.grad for p in net.parameters() if p.grad is not None]
        tensors += [buffer for one in (net, *others) for buffer in statistics(one)]
        tensors.append(values)
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _touch():
            dist.all_reduce(flat)
        flat /= size()
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))
    return dict(zip(noted[0], values.tolist(), strict=True))


def statistics(net: nn.Module) -> list[Tensor]:
    return [buffer for name, buffer in net.named_buffers() if name.rpartition(".")[2] in STATISTICS]


def spread(*nets: nn.Module) -> None:
    """Give all processes the first one's weights and buffers, in place."""
    if size() == 1:
        return
    tensors = [tensor.detach() for net in nets for tensor in (*net.parameters(), *net.buffers())]
    tensors = [tensor for tensor in tensors if tensor.is_floating_point()]
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    with _touch():
        dist.broadcast(flat, 0)
    for tensor, whole in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(whole.view_as(tensor))


# --- talking -----------------------------------------------------------------------------------------------------


@contextmanager
def _touch() -> Iterator[None]:
    """Turn what torch raises when another process has gone into one line."""
    try:
        yield
    except RuntimeError as error:
        raise LostTouch(
            f"process {rank()} of {size()} lost touch with the others, one has ended or does not answer "
            f"({_first_line(error)}); the run folder is whole, go on with --resume"
        ) from error


def _gather(content: bytes) -> list[bytes]:
    """What each process gives, by number."""
    length = torch.tensor([len(content)])
    lengths = [torch.zeros_like(length) for _ in range(size())]
    with _touch():
        dist.all_gather(lengths, length, group=_patient)
        most = max(int(one) for one in lengths)
        mine = torch.zeros(most, dtype=torch.uint8)
        mine[: len(content)] = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else mine[:0]
        all_of_them = [torch.zeros_like(mine) for _ in lengths]
        if most:
            dist.all_gather(all_of_them, mine, group=_patient)
    return [one[: int(n)].numpy().tobytes() for one, n in zip(all_of_them, lengths, strict=True)]


def _from_first(content: bytes) -> bytes:
    """What the first process gives."""
    length = torch.tensor([len(content)])
    with _touch():
        dist.broadcast(length, 0, group=_patient)
        whole = torch.zeros(int(length), dtype=torch.uint8)
        if rank() == 0 and content:
            whole = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        if len(whole):
            dist.broadcast(whole, 0, group=_patient)
    return whole.numpy().tobytes()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
