import io
import sys

import pytest

from trainers.control import Control, Display


def controlled(text: str, monkeypatch: pytest.MonkeyPatch) -> Control:
    """A Control that has read all of `text` from stdin."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    control = Control(stdin=True)
    assert control.reader is not None
    control.reader.join(timeout=10)
    control.poll()
    return control


def test_without_stdin_nothing_is_read() -> None:
    control = Control()
    control.poll()
    assert not control.stopping and control.reader is None


@pytest.mark.parametrize(
    ("text", "stopping", "paused"),
    [
        ("detach\n", False, False),
        ("detach\npause\n", False, True),
        ("detach\npause\nresume\n", False, False),
        ("detach\nSTOP\n", True, False),
        ("", True, False),
        ("detach\nsing\n", False, False),
    ],
    ids=["detach", "pause", "resume", "stop", "end of file", "unknown word"],
)
def test_words_on_stdin(text: str, stopping: bool, paused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    control = controlled(text, monkeypatch)
    assert (control.stopping, control.paused) == (stopping, paused)


def test_in_a_pipe_the_display_prints_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(every=0.0, live=False)
    display.show(0.25, 1000, 10.0, "D 1.0 G 1.0")
    display.show(0.5, 3000, 20.0, "D 1.0 G 1.0")
    display.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "3,000 images, 200 images/s, 0:20 left, D 1.0 G 1.0"


def test_on_a_terminal_the_display_is_one_bar(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(live=True)
    display._next = 0.0  # due at once
    display.show(0.5, 3000, 20.0, "D 1.0 G 1.0")
    display.close()
    shown = capsys.readouterr().err
    assert "\r" in shown and "50%" in shown and "3,000 images" in shown


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_display_that_nobody_reads_any_more_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Gone())
    display = Display(every=0.0, live=False)
    display.line("24 images")
    display.loading(1, 2)
    display.show(0.5, 100, 10.0, "D 1.0 G 1.0")
    display.close()
