"""Shared set-up: no screen, no user's files, one thread, tiny models with random weights."""

import gc
import os

os.environ["QT_QPA_PLATFORM"] = os.environ.get("GANVIZ_TEST_PLATFORM", "offscreen")
os.environ["OMP_NUM_THREADS"] = "1"

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE_MS = 120_000
"""How long a condition may take to come true before a test fails."""


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of this test alone; nothing is read from or written to the real one."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GANVIZ_HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    return folder


@pytest.fixture(autouse=True)
def garbage_is_collected_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """Qt objects that are garbage must not be destroyed on another thread, see `app.collector`."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """Qt's hands, but patient: on a machine where others work, five seconds are not long enough for anything.

    A time that a test gives is the least that is waited for; what comes is never waited for longer than it takes.
    """
    for name in ("waitUntil", "wait_until", "waitSignal", "wait_signal", "waitSignals", "wait_signals", "waitExposed"):
        setattr(qtbot, name, _patient(getattr(qtbot, name)))
    return qtbot


def _patient(wait: Callable[..., Any]) -> Callable[..., Any]:
    def waiting(*arguments: Any, timeout: int = 0, **options: Any) -> Any:
        return wait(*arguments, timeout=max(timeout, PATIENCE_MS), **options)

    return waiting


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tests run beside each other: more threads would only wait for one another."""
    import torch

    torch.set_num_threads(1)
    yield


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes a tiny DCGAN with random weights: make_checkpoint(name="tiny", resolution=16, ...)."""

    def make(name: str = "tiny", *, psi: float = 1.0, class_names: tuple[str, ...] = (), **config: int) -> Path:
        import torch

        from ganviz import checkpoint
        from ganviz.models.dcgan import DCGANConfig, Generator
        from ganviz.spec import Card

        torch.manual_seed(7)
        sizes = {"resolution": 16, "channels": 3, "z_dim": 8, "base_channels": 8, **config}
        generator = Generator(DCGANConfig(**sizes))
        with torch.no_grad():
            for parameter in generator.parameters():
                # Fresh weights draw an even grey; these draw pictures that differ by seed.
                parameter.mul_(10 if parameter.ndim > 1 else 1)
        card = Card(name=name, title=name.title(), licence="CC0", psi=psi, class_names=class_names)
        path = tmp_path_factory.mktemp("models") / f"{name}.safetensors"
        checkpoint.save(path, generator, card)
        return path

    return make


@pytest.fixture(scope="session")
def tiny_checkpoint(make_checkpoint: Callable[..., Path]) -> Path:
    """A 16 px colour DCGAN with 8 latent dimensions."""
    return make_checkpoint()


@pytest.fixture(scope="session")
def tiny_conditional(make_checkpoint: Callable[..., Path]) -> Path:
    """A 16 px grey DCGAN with three classes."""
    return make_checkpoint("tiny-classes", channels=1, num_classes=3, class_names=("ant", "bee", "cat"), psi=0.8)


@pytest.fixture(scope="session")
def tiny_stylegan2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 16 px colour StyleGAN2 with 6 style inputs of 8 dimensions and noise in every layer."""
    import torch

    from ganviz import checkpoint
    from ganviz.models.stylegan2 import Generator, StyleGAN2Config
    from ganviz.spec import Card

    torch.manual_seed(3)
    generator = Generator(
        StyleGAN2Config(resolution=16, z_dim=8, w_dim=8, mapping_layers=2, base_channels=4, max_channels=8, noise=True)
    )
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("noise.strength"):
                parameter.fill_(0.3)
    path = tmp_path_factory.mktemp("models") / "tiny-styles.safetensors"
    checkpoint.save(path, generator, Card(name="tiny-styles", title="Tiny styles", licence="CC0", psi=0.7))
    return path


@pytest.fixture(scope="session")
def tiny_infogan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 16 px grey InfoGAN with a code of three categories and two continuous ones."""
    import torch

    from ganviz import checkpoint
    from ganviz.models.infogan import Generator, InfoGANConfig
    from ganviz.spec import Card

    torch.manual_seed(5)
    generator = Generator(
        InfoGANConfig(
            resolution=16, channels=1, z_dim=6, categorical=(3,), continuous=2, base_channels=4, fc_channels=16
        )
    )
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(10 if parameter.ndim > 1 else 1)
    path = tmp_path_factory.mktemp("models") / "tiny-codes.safetensors"
    checkpoint.save(path, generator, Card(name="tiny-codes", title="Tiny codes", licence="CC0"))
    return path


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Path]:
    """A function that writes a run folder: make_run(folder, (64, 128)) has a snapshot after 64 and 128 images.

    Called again it adds snapshots. Each draws other pictures, all are called like the folder.
    """

    def make(folder: Path, seen: Iterable[int], **config: int) -> Path:
        import torch

        from ganviz import checkpoint
        from ganviz.models.dcgan import DCGANConfig, Generator
        from ganviz.spec import Card

        sizes = {"resolution": 16, "channels": 3, "z_dim": 8, "base_channels": 8, **config}
        (folder / "snapshots").mkdir(parents=True, exist_ok=True)
        for images in seen:
            torch.manual_seed(images)
            generator = Generator(DCGANConfig(**sizes))
            with torch.no_grad():
                for parameter in generator.parameters():
                    parameter.mul_(10 if parameter.ndim > 1 else 1)
            card = Card(name=folder.name, licence="CC0", images_seen=images)
            checkpoint.save(folder / "snapshots" / f"{images:08d}.safetensors", generator, card)
        return folder

    return make


@pytest.fixture
def tiny_wheel(tmp_path: Path) -> Path:
    """A package with an 8 px generator in it, and with code that nobody is to run."""
    import torch

    torch.manual_seed(0)
    weights = {
        "main.0.weight": torch.randn(6, 8, 4, 4),
        "main.1.weight": torch.ones(8),
        "main.1.bias": torch.zeros(8),
        "main.1.running_mean": torch.zeros(8),
        "main.1.running_var": torch.ones(8),
        "main.1.num_batches_tracked": torch.tensor(1),
        "main.3.weight": torch.randn(8, 3, 4, 4),
    }
    torch.save({"netG_state_dict": weights, "epoch": 3}, tmp_path / "weights.tar")
    path = tmp_path / "tiny_faces-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(tmp_path / "weights.tar", "tiny_faces/weights.tar")
        file.writestr("tiny_faces/__init__.py", "raise SystemExit('this ran')")
        file.writestr("../outside.txt", "no")
    return path


@pytest.fixture
def tiny_zoo(tiny_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The only entry of a zoo: tiny-faces, which comes in the tiny wheel."""
    from ganviz import zoo
    from ganviz.spec import Card

    card = Card("tiny-faces", "Tiny faces", "MIT, copyright (c) 2024 Somebody", "A test.", 0.8, data="Faces")
    entry = zoo.Entry(
        name="tiny-faces",
        arch="dcgan",
        resolution=8,
        package="tiny-faces",
        version="1.0",
        sha256=hashlib.sha256(tiny_wheel.read_bytes()).hexdigest(),
        size=2_400_000,
        files=("tiny_faces/weights.tar",),
        citation="Somebody: Tiny faces, 2024",
        card=card,
    )
    monkeypatch.setattr(zoo, "ENTRIES", (entry,))
    monkeypatch.setattr(zoo, "ZOO", {entry.name: entry})
    return entry


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function that puts a script in the place of pip, for programs that are started from here."""

    def become(script: str) -> None:
        (tmp_path / "fake").mkdir(exist_ok=True)
        (tmp_path / "fake" / "pip.py").write_text(script)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))

    return become


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A skip that nobody expected is a failure: tests must not vanish silently."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and not hasattr(report, "wasxfail") and not os.environ.get("GANVIZ_ALLOW_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"unexpected skip: {report.longrepr}"
