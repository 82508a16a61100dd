import subprocess
import sys

import pytest

from app import __main__ as entry
from app import start


@pytest.fixture
def called(monkeypatch):
    """What was called with which words, in place of doing it."""
    calls = []
    monkeypatch.setattr(entry, "open_window", lambda words: calls.append(("window", words)) or 0)
    monkeypatch.setattr("ganviz.cli.main", lambda words: calls.append(("cli", words)) or 0)
    monkeypatch.setattr("trainers.__main__.main", lambda words: calls.append(("train", words)) or 0)
    return calls


@pytest.mark.parametrize(
    ("words", "goes"),
    [
        ([], ("window", [])),
        (["faces-dcgan"], ("window", ["faces-dcgan"])),
        (["--theme", "dark", "walk.ganviz"], ("window", ["--theme", "dark", "walk.ganviz"])),
        (["--screenshot", "models.png"], ("window", ["--screenshot", "models.png"])),
        (["models", "--json"], ("cli", ["models", "--json"])),
        (["--debug", "info", "x"], ("cli", ["--debug", "info", "x"])),
        (["--help"], ("cli", ["--help"])),
        (["--version"], ("cli", ["--version"])),
        (["train", "dcgan", "--data", "d"], ("train", ["dcgan", "--data", "d"])),
        (["--debug", "train", "dcgan"], ("train", ["--debug", "dcgan"])),
    ],
)
def test_commands_go_to_the_command_line_and_all_else_opens_the_window(called, words, goes):
    assert entry.main(words) == 0
    assert called == [goes]


def test_options_that_the_window_does_not_know_are_bad_usage(capsys):
    with pytest.raises(SystemExit) as end:
        entry.open_window(["--nonsense"])
    assert end.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


def test_the_entry_point_imports_neither_qt_nor_torch():
    code = "import sys, app.__main__; print([m for m in ('torch', 'PySide6') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_command_line_runs_without_qt():
    code = "import sys; sys.modules['PySide6'] = None\nfrom app.__main__ import main\nsys.exit(main(['models']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_window_without_qt_s_libraries_says_so():
    code = (
        "import sys; sys.modules['PySide6'] = None; sys.modules['PySide6.QtWidgets'] = None\n"
        "from app.__main__ import main\n"
        "sys.exit(main([]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "Qt" in done.stderr and "Traceback" not in done.stderr


def test_where_qt_would_abort_for_want_of_a_library_its_package_is_named_instead(monkeypatch, capsys):
    monkeypatch.setattr(start, "SCREEN_LIBRARIES", (("libnowhere.so.1", "libnowhere1"),))
    monkeypatch.setattr(start.shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(entry.sys, "platform", "linux")

    def load(library: str) -> None:
        raise OSError("libnowhere.so.1: cannot open shared object file")

    monkeypatch.setattr(entry.ctypes, "CDLL", load)
    for platform in ("", "xcb", "xcb:gl"):
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
        assert entry.open_window([]) == 1
        said = capsys.readouterr().err
        assert (
            said.count("\n") == 1 and "libnowhere.so.1" in said and "apt-get install" in said and "libnowhere1" in said
        )
    for platform in ("offscreen", "wayland", "minimal"):
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
        assert entry.what_keeps_qt_from_x11() == ""


def test_a_misspelt_command_is_told_from_too_many_files(capsys):
    for words, said in (
        (["smaple", "faces-dcgan", "--seeds", "0"], "did you mean sample?"),
        (["trian", "dcgan"], "did you mean train?"),
        (["one.png", "two.png"], "expected one thing to open, got also: two.png"),
        (["--nonsense"], "--nonsense"),
    ):
        with pytest.raises(SystemExit) as ended:
            entry.open_window(words)
        assert ended.value.code == 2 and said in capsys.readouterr().err
