"""What the benchmarks share: the model that they measure with, as many threads as the program has, and the report.

Run by `make bench` alone. Nothing is asserted on time: figures are printed, and written to out/bench.json.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs
import psutil
import pytest

from ganviz import catalog, places

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "out" / "bench.json"
FETCHED = platformdirs.user_cache_path("ganviz") / "models" / "faces-ffhq-1024.safetensors"
collect_ignore = [] if FETCHED.is_file() else ["test_zoo.py"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the benchmarks out unless they were asked for by their marker."""
    if "benchmark" in (config.getoption("markexpr") or ""):
        return
    own = [item for item in items if HERE in item.path.parents]
    if own:
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in own]


@dataclass(frozen=True)
class Figure:
    """One measured number, in a unit, with what it is held against where there is such a thing."""

    what: str
    value: float
    unit: str
    bar: str = ""


Report = Callable[..., None]


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """Note a figure: report("forward, median", 3.2, "ms", bar="under 50")."""
    figures: list[Figure] = []
    yield lambda what, value, unit, bar="": figures.append(Figure(what, round(float(value), 3), unit, bar))
    machine = machine_facts()
    print("\n\n" + " · ".join(f"{key}: {value}" for key, value in machine.items()) + "\n")
    width = max((len(figure.what) for figure in figures), default=0)
    for figure in figures:
        print(f"  {figure.what:<{width}}  {figure.value:>12,.2f} {figure.unit:<10} {figure.bar}".rstrip())
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"machine": machine, "figures": [asdict(figure) for figure in figures]}, indent=1))
    print(f"\n{OUT}")


def machine_facts() -> dict[str, str]:
    """The machine and its load: figures mean nothing without."""
    import torch

    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    name = next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), "")
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none used"
    return {
        "processor": name or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "load average": " ".join(f"{load:.1f}" for load in psutil.getloadavg()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "GPU": gpu,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": f"{torch.__version__} with {torch.get_num_threads()} threads",
    }


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Unlike in the tests: as many threads as the window gives torch."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    yield


@pytest.fixture(scope="session")
def face_model(make_checkpoint: Callable[..., Path]) -> Path:
    """The bundled 64 px colour model; where it is not there, one of the usual size with random weights."""
    bundled = places.resources() / "models" / f"faces-dcgan{catalog.SUFFIX}"
    if bundled.is_file():
        return bundled
    return make_checkpoint("faces-like", resolution=64, z_dim=100, base_channels=64)


@pytest.fixture
def measure() -> Callable[..., dict[str, Any]]:
    """Run a script of this folder in a fresh process, offscreen; the JSON object that it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(HERE.parents[1])}
    environment["OMP_WAIT_POLICY"] = "passive"  # as `app.__main__.main` has it

    def run(script: str, *arguments: Any) -> dict[str, Any]:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        finished = subprocess.run(command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return run
