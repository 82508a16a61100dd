import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainers import TRAINERS
from trainers.__main__ import command_for, main

ROOT = Path(__file__).resolve().parents[3]


def start(arguments: list[str], cwd: Path, **options: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "trainers", *arguments],
        cwd=cwd,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for_log(run: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the log has a line, which means that the nets are being trained."""
    while not (run / "log.jsonl").exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        threading.Event().wait(0.05)  # leave the processor to the training


@pytest.mark.parametrize("arch", TRAINERS)
def test_every_option_of_the_config_has_a_flag_with_help(arch: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([arch, "--help"]) == 0
    shown = capsys.readouterr().out
    for parameter in command_for(arch).params:
        assert parameter.opts[0] in shown


@pytest.mark.parametrize("said", [None, "active"])
def test_threads_wait_without_spinning_unless_the_user_has_said_otherwise(
    said: str | None, data: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if said:
        monkeypatch.setenv("OMP_WAIT_POLICY", said)
    policies = []
    monkeypatch.setattr("trainers.dcgan.train", lambda *_: policies.append(os.environ["OMP_WAIT_POLICY"]))
    assert main(["dcgan", "--data", str(data), "--out", str(tmp_path / "r"), *small]) == 0
    assert policies == [said or "passive"]


def test_torch_is_not_there_before_the_wait_policy() -> None:
    code = "import sys, trainers.__main__; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_bad_usage_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dcgan", "--out", str(tmp_path / "r")]) == 2
    assert main(["dcgan", "--out", str(tmp_path / "r"), "--resolution", "48"]) == 2
    assert main(["nonsense"]) == 2
    assert main([]) == 2
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "missing-folder"], "missing-folder: no such file or folder"),
        (["--batch", "1"], "--batch: expected 2 to 4096, got 1"),
        (["--device", "toaster"], "device toaster: expected auto, cpu, or a cuda or mps that works here"),
        (["--hold-out", "24"], "--hold-out: the data set has 24 images"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_and_ends_with_1(
    options: list[str], message: str, data: Path, small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["dcgan", "--data", str(data), "--out", str(tmp_path / "r"), *small, "--images", "8", *options]
    assert main(arguments) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith(f"ganviz: {message}")


def test_a_full_disk_is_one_line(
    data: Path, small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))  # less than data and nets
    try:
        code = main(["dcgan", "--data", str(data), "--out", str(tmp_path / "r"), *small, "--images", "8"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    errors = capsys.readouterr().err
    assert code == 1 and "Traceback" not in errors
    assert errors.splitlines()[-1].startswith(f"ganviz: {tmp_path}") and "cannot" in errors


@pytest.mark.parametrize("debug", [False, True])
def test_what_nobody_expected_is_one_line_and_shows_where_with_debug(
    debug: bool,
    data: Path,
    small: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainers.dcgan.train", fail)
    arguments = ["dcgan", "--data", str(data), "--out", str(tmp_path / "r"), *small, *(["--debug"] if debug else [])]
    assert main(arguments) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("ganviz: unexpected OSError: [Errno 28] No space left on device")
    assert ("Traceback" in caplog.text) == debug


def test_conditioning_without_labels_is_one_line(
    small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    np.savez(tmp_path / "plain.npz", images=np.zeros((4, 16, 16), np.uint8))
    arguments = ["--data", str(tmp_path / "plain.npz"), "--out", str(tmp_path / "r"), *small, "--conditional"]
    assert main(["dcgan", *arguments]) == 1
    assert "--conditional needs labels" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_grey_data_make_a_grey_model_unless_colour_is_asked_for(small: list[str], tmp_path: Path) -> None:
    import numpy as np

    from ganviz import checkpoint

    np.savez(tmp_path / "grey.npz", images=np.zeros((8, 16, 16), np.uint8))
    for name, extra, channels in (("a", [], 1), ("b", ["--channels", "3"], 3)):
        run = tmp_path / name
        options = ["--data", str(tmp_path / "grey.npz"), "--out", str(run), *small, "--images", "8", *extra]
        assert main(["dcgan", *options]) == 0
        assert checkpoint.read_header(next((run / "snapshots").iterdir())).spec.channels == channels


def test_the_card_carries_the_command_without_paths_and_what_was_said_of_the_model(
    data: Path, small: list[str], tmp_path: Path
) -> None:
    from ganviz import checkpoint

    run = tmp_path / "my-run"
    said = ["--licence", "CC0", "--title", "Tiny", "--description", "Noise", "--psi", "0.8", "--name", "tiny"]
    assert main(["dcgan", "--data", str(data), "--out", str(run), *small, "--images", "8", "--flip", *said]) == 0
    card = checkpoint.read_header(next((run / "snapshots").iterdir())).card
    assert (card.licence, card.title, card.description, card.psi, card.name) == ("CC0", "Tiny", "Noise", 0.8, "tiny")
    assert card.command.startswith("ganviz train dcgan --data tiny.npz --out my-run --resolution 16")
    assert "--flip" in card.command and str(tmp_path) not in card.command
    assert str(tmp_path) not in json.dumps(card.to_json())
    stored = json.loads((run / "config.json").read_text())
    assert stored["data"]["source"] == str(data), "the run folder itself knows where its data are"


@pytest.mark.parametrize("source", [".", "../photos", "~/photos", "../photos/"])
def test_the_card_names_data_by_the_last_component_however_they_were_given(
    source: str, data: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganviz import checkpoint

    pictures = tmp_path / "photos"
    pictures.mkdir()
    for k in range(8):
        Image.new("RGB", (16, 16), (k, 0, 0)).save(pictures / f"{k}.png")
    monkeypatch.chdir(pictures)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert main(["dcgan", "--data", source, "--out", "../run", *small, "--images", "8"]) == 0
    card = checkpoint.read_header(next((tmp_path / "run" / "snapshots").iterdir())).card
    assert card.command.startswith("ganviz train dcgan --data photos --out run ")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"]["source"] == str(pictures)


def test_options_changed_on_resuming_are_added_to_the_command(data: Path, small: list[str], tmp_path: Path) -> None:
    from ganviz import checkpoint

    run = tmp_path / "run"
    assert main(["dcgan", "--data", str(data), "--out", str(run), *small, "--images", "8"]) == 0
    assert main(["dcgan", "--out", str(run), "--resume", "--images", "16", "--augment-p", "0.25"]) == 0
    command = checkpoint.read_header(run / "snapshots" / "00000016.safetensors").card.command
    assert command.startswith("ganviz train dcgan --data tiny.npz --out run ")
    assert command.endswith("; stopped at 8 images; ganviz train dcgan --out run --resume --images 16 --augment-p 0.25")


def test_other_data_on_resuming_are_refused(
    data: Path, small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    np.savez(tmp_path / "other.npz", images=np.zeros((8, 16, 16, 3), np.uint8))
    run = str(tmp_path / "r")
    assert main(["dcgan", "--data", str(data), "--out", run, *small, "--images", "8"]) == 0
    assert main(["dcgan", "--data", str(tmp_path / "other.npz"), "--out", run, "--resume", "--images", "16"]) == 1
    assert "not the data set that this run began with" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a child")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_leaves_a_whole_snapshot_and_ends_with_0(
    number: signal.Signals, data: Path, small: list[str], tmp_path: Path
) -> None:
    from ganviz import checkpoint

    run = tmp_path / "run"
    process = start(["dcgan", "--data", str(data), "--out", str(run), *small], tmp_path, stdin=subprocess.DEVNULL)
    wait_for_log(run, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    newest = sorted((run / "snapshots").iterdir())[-1]
    assert checkpoint.load(newest).card.images_seen > 0
    assert json.loads((run / "log.jsonl").read_text().splitlines()[-1])["images"] > 0
    assert (run / "state.safetensors").exists()


def test_lines_on_stdin_control_a_run_and_its_end_stops_it(data: Path, small: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = ["dcgan", "--data", str(data), "--out", str(run), *small, "--control", "stdin"]
    process = start(arguments, tmp_path, stdin=subprocess.PIPE)
    wait_for_log(run, process)
    assert process.stdin is not None
    process.stdin.write("pause\n")
    process.stdin.flush()
    _, errors = process.communicate(timeout=300)  # closes stdin
    assert process.returncode == 0, errors
    assert list((run / "snapshots").iterdir())


def test_stdin_is_not_read_unless_asked_for(data: Path, small: list[str], tmp_path: Path) -> None:
    arguments = ["dcgan", "--data", str(data), "--out", str(tmp_path / "run"), *small, "--images", "400"]
    process = start(arguments, tmp_path, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.communicate("stop\n", timeout=300)
    assert process.returncode == 0
    assert (tmp_path / "run" / "snapshots" / "00000400.safetensors").exists()


def test_a_run_that_has_used_its_budget_says_how_it_can_go_on(tmp_path: Path, capsys) -> None:
    np.savez(tmp_path / "data.npz", images=np.random.RandomState(0).randint(0, 256, (16, 16, 16, 3), np.uint8))
    words = ["dcgan", "--out", str(tmp_path / "run")]
    sizes = ["--resolution", "16", "--base-channels", "4", "--z-dim", "4", "--batch", "8", "--images", "16"]
    assert main([*words, "--data", str(tmp_path / "data.npz"), *sizes]) == 0
    printed = "".join(capsys.readouterr())
    assert "explore it with: ganviz" in printed and "used up" not in printed
    assert main([*words, "--resume"]) == 0
    assert "used up its budget" in "".join(capsys.readouterr())
