from pathlib import Path

import pytest
from PIL import Image

from app import start
from ganviz.video import read_video_metadata


@pytest.fixture
def calls(monkeypatch) -> list[list[str]]:
    """The commands that would have been run; all of them succeed."""
    made: list[list[str]] = []
    monkeypatch.setattr(start.subprocess, "call", lambda command, **_: made.append(list(command)) or 0)
    return made


def test_libraries_that_are_not_there_are_named_by_their_package(monkeypatch) -> None:
    monkeypatch.setattr(start, "LIBRARIES", (("libc.so.6", "libc6"), ("libnowhere.so.1", "libnowhere1")))
    monkeypatch.setattr(start, "has_screen", lambda: False)
    assert "libnowhere1" in start.missing_packages() and "libc6" not in start.missing_packages()


def test_a_machine_without_fonts_is_noticed(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(start, "FONT_FOLDERS", (str(tmp_path),))
    assert start.FONT_PACKAGE in start.missing_packages()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.ttf").touch()
    assert start.FONT_PACKAGE not in start.missing_packages()


def test_as_root_with_apt_they_are_installed_after_saying_so(monkeypatch, capsys, calls) -> None:
    monkeypatch.setattr(start.shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(start.os, "geteuid", lambda: 0, raising=False)
    assert start.install_missing(["libegl1"])
    assert "libegl1" in capsys.readouterr().out
    assert [command[:2] for command in calls] == [["apt-get", "update"], ["apt-get", "install"]]


def test_others_are_told_what_to_do(monkeypatch, capsys, calls) -> None:
    monkeypatch.setattr(start.shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(start.os, "geteuid", lambda: 1000, raising=False)
    assert not start.install_missing(["libegl1"])
    assert "sudo apt-get install" in capsys.readouterr().out
    monkeypatch.setattr(start.shutil, "which", lambda _: None)
    assert not start.install_missing(["libegl1"])
    assert calls == []


def test_without_a_screen_a_picture_and_a_walk_are_left(monkeypatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setattr(start, "OUT", tmp_path / "out")
    monkeypatch.chdir(Path(start.__file__).parents[1])
    assert start.show_without_screen() == 0
    printed = capsys.readouterr().out
    picture, film = tmp_path / "out" / "explorer.png", tmp_path / "out" / "walk.mp4"
    assert "no screen" in printed and str(picture) in printed and str(film) in printed
    with Image.open(picture) as image:
        assert image.size == (1440, 1048)
    assert len(read_video_metadata(film)["keyframes"]) == 3


def test_a_picture_that_cannot_be_drawn_ends_the_run_with_its_code(monkeypatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setattr(start, "OUT", tmp_path)
    monkeypatch.setattr(start.subprocess, "call", lambda *_, **__: 1)
    assert start.show_without_screen() == 1
    assert "the window:" not in capsys.readouterr().out
