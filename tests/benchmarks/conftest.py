"""What the benchmarks share: the models that they measure with, as many threads as the window has, and the report.

Run by `make bench` alone, in well under ten minutes; `make bench-long` has those that take longer. Nothing is asserted
on time: figures are printed as tables, and written to out/bench.json and out/bench.md. What is compared is measured by
turns, so that whatever else the machine does falls on both.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs
import psutil
import pytest

from ganviz import catalog, places
from ganviz.memory import KEPT

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "out"
FETCHED = platformdirs.user_cache_path("ganviz") / "models" / "faces-ffhq-1024.safetensors"


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
    """One measured number, in a unit, with the bar that it is held against ("under 15", "0.9 or more") if any.

    `value` is None where nothing could be measured; `what` then says why.
    """

    section: str
    what: str
    value: float | None
    unit: str = ""
    bar: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        number = re.search(r"[\d.]+", self.bar)
        if number is None or self.value is None:
            return None
        bar = float(number[0])
        return self.value >= bar if self.bar.endswith("or more") else self.value <= bar


Report = Callable[..., None]


@pytest.fixture(scope="session")
def figures() -> Iterator[list[Figure]]:
    """All that was measured; printed and written at the end."""
    found: list[Figure] = []
    began = time.monotonic()
    yield found
    machine = machine_facts()
    machine["benchmarks took"] = f"{(time.monotonic() - began) / 60:.1f} minutes"
    text = as_markdown(machine, found)
    print(f"\n\n{text}")
    OUT.mkdir(exist_ok=True)
    told = [asdict(figure) | {"met": figure.met} for figure in found]
    (OUT / "bench.json").write_text(json.dumps({"machine": machine, "figures": told}, indent=1), encoding="utf-8")
    (OUT / "bench.md").write_text(text, encoding="utf-8")
    print(f"{OUT / 'bench.json'}\n{OUT / 'bench.md'}")


@pytest.fixture
def report(figures: list[Figure], request: pytest.FixtureRequest) -> Report:
    """Note a figure in the section of its module: report("forward, median", 3.2, "ms", bar="under 50").

    report("no such package: not measured") notes that alone.
    """
    section = request.module.SECTION

    def note(what: str, value: float | None = None, unit: str = "", bar: str = "") -> None:
        figures.append(Figure(section, what, None if value is None else round(float(value), 3), unit, bar))

    return note


@pytest.fixture
def by_turns() -> Callable[..., list[list[float]]]:
    """Run functions by turns: by_turns(a, b, seconds=5) gives the milliseconds of each one's calls, alike many.

    The first turn, in which memory is fetched and kernels are chosen, is left out.
    """

    def run(
        *functions: Callable[[int], Any], seconds: float = 5.0, least: int = 5, most: int = 200
    ) -> list[list[float]]:
        taken: list[list[float]] = [[] for _ in functions]
        began = time.perf_counter()
        turn = 0
        while turn <= least or (turn <= most and time.perf_counter() - began < seconds):
            for function, times in zip(functions, taken, strict=True):
                before = time.perf_counter()
                function(turn)
                times.append((time.perf_counter() - before) * 1000)
            turn += 1
        return [times[1:] for times in taken]

    return run


def as_markdown(machine: dict[str, str], found: Sequence[Figure]) -> str:
    """The machine and a table for each section, ready for docs/performance.md."""
    lines = ["**The machine**: " + "; ".join(f"{key} {value}" for key, value in machine.items()) + ".", ""]
    for section in dict.fromkeys(figure.section for figure in found):
        lines += [f"### {section}", "", "| | measured | bar |", "|---|---|---|"]
        for figure in found:
            if figure.section == section:
                value = "not measured" if figure.value is None else f"{plain(figure.value)} {figure.unit}".strip()
                met = {None: "", True: " (met)", False: " (missed)"}[figure.met]
                lines.append(f"| {figure.what} | {value} | {figure.bar}{met} |")
        lines.append("")
    return "\n".join(lines)


def plain(value: float) -> str:
    """A number with about three digits, and no more than two behind the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


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


@pytest.fixture(scope="session")
def stylegan2_256(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StyleGAN2 of 256 px as trained ones are (channel base 16384, at most 512), with random weights."""
    from ganviz.models.stylegan2 import Generator, StyleGAN2Config

    return _random(tmp_path_factory, Generator(StyleGAN2Config(resolution=256, base_channels=64)), "stylegan2-256")


@pytest.fixture(scope="session")
def large_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """faces-ffhq-1024 where it was fetched; else a net of just its size with random weights, which is as fast."""
    if FETCHED.is_file():
        return FETCHED
    from ganviz.models.mobilestylegan import Generator, MobileStyleGANConfig

    return _random(tmp_path_factory, Generator(MobileStyleGANConfig()), "mobilestylegan-1024-random")


def _random(tmp_path_factory: pytest.TempPathFactory, generator: Any, name: str) -> Path:
    from ganviz import checkpoint
    from ganviz.spec import Card

    path = tmp_path_factory.mktemp("models") / f"{name}.safetensors"
    checkpoint.save(path, generator.eval(), Card(name=name, licence="CC0"))
    return path


@pytest.fixture
def measure() -> Callable[..., dict[str, Any]]:
    """Run a script of this folder in a fresh process, offscreen; the JSON object that it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(HERE.parents[1])}
    # As `app.__main__.main` has it: see there, and `ganviz.memory.keep_freed`.
    environment |= {"OMP_WAIT_POLICY": "passive", "THP_MEM_ALLOC_ENABLE": "1", "MALLOC_ARENA_MAX": "1"}
    environment |= {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(KEPT)}

    def run(script: str, *arguments: Any) -> dict[str, Any]:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        finished = subprocess.run(command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return run
