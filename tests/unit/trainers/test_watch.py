"""Following a run by what it leaves in its folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from ganviz.errors import GanvizError
from trainers import watch
from trainers.__main__ import main
from trainers.watch import Watcher, thinned


def test_a_run_is_seen_as_it_is(data: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.journal.LOG_STEPS", 2)
    run = tmp_path / "run"
    watcher = Watcher(run)
    nothing = watcher.look()
    assert nothing.plan is None and nothing.status.state == "none" and nothing.curves == {} and nothing.whole
    assert main(["dcgan", "--data", str(data), "--out", str(run), *small, "--images", "64"]) == 0
    view = watcher.look()
    assert view.plan is not None and view.plan.arch == "dcgan" and view.plan.config.batch == 8
    assert view.seen == 64 and view.share == 1 and view.left == 0 and view.status.state == "finished"
    assert view.snapshots == (64,) and [path.name for path in view.previews] == ["00000064.png"]
    assert view.memory_mb > 20 and view.seconds > 0
    assert set(watch.CURVES) <= set(view.curves)
    for images, values in view.curves.values():
        assert list(images) == [16, 32, 48, 64] and np.isfinite(values).all()
    assert (view.curves["gradient_g"][1] > 0).all() and (view.curves["variety"][1] > 0).all()
    assert [finding.kind for finding in view.findings] == ["data"]
    assert main(["dcgan", "--out", str(run), "--resume", "--images", "96"]) == 0
    assert list(watcher.look().curves["loss_d"][0]) == [16, 32, 48, 64, 80, 96]


def line(images: int) -> str:
    return json.dumps({"images": images, "loss_d": 1.0, "clock": {"seconds": images / 10}}) + "\n"


def test_the_log_is_read_on_where_the_last_look_ended(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    watcher = Watcher(tmp_path)
    log.write_text(line(1) + line(2) + line(3)[:10])
    assert watcher.look().seen == 2
    log.write_text(line(1) + line(2) + line(3) + "\xff not json\n[1]\n" + line(4), encoding="latin-1")
    view = watcher.look()
    assert list(view.curves["loss_d"][0]) == [1, 2, 3, 4] and view.seconds == 0.4


def test_a_log_that_was_cut_back_is_read_anew(tmp_path: Path) -> None:
    log, other = tmp_path / "log.jsonl", tmp_path / "other"
    watcher = Watcher(tmp_path)
    log.write_text("".join(map(line, range(1, 9))))
    assert watcher.look().seen == 8
    other.write_text("".join(map(line, (1, 2, 3))))
    other.replace(log)  # as resuming does it
    assert list(watcher.look().curves["loss_d"][0]) == [1, 2, 3]
    log.unlink()
    assert watcher.look().curves == {}


def test_a_long_log_is_read_in_small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CHUNK", 100)
    (tmp_path / "log.jsonl").write_text("".join(map(line, range(1, 21))))
    watcher = Watcher(tmp_path)
    looks = [watcher.look()]
    while not looks[-1].whole:
        looks.append(watcher.look())
    assert len(looks) > 5 and looks[-1].seen == 20
    assert list(looks[-1].curves["loss_d"][0]) == list(range(1, 21))


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"arch": "dcgan"}', '{"arch": "chess", "config": {}, "data": {}}', "[" * 100_000],
    ids=["cut", "list", "part", "unknown", "deep"],
)
def test_a_config_that_is_none_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(GanvizError, match=r"config\.json: expected the config of a training run"):
        Watcher(tmp_path).look()


def test_what_is_nested_too_deep_in_a_log_or_a_status_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(line(1) + "[" * 100_000 + "\n" + line(2))
    (tmp_path / "status.json").write_text("[" * 100_000)
    assert Watcher(tmp_path).look().seen == 2


def test_thinned_curves_are_means_of_neighbours() -> None:
    assert list(thinned(np.arange(6.0), 3)) == [0.5, 2.5, 4.5]
    assert list(thinned(np.array([1.0, np.nan, 3.0, 5.0, 7.0]), 3)) == [1, 4, 7]
    assert np.isnan(thinned(np.array([np.nan, np.nan, 1.0, 1.0]), 2)[0])
    assert len(thinned(np.arange(100_001.0))) <= watch.POINTS and len(thinned(np.empty(0))) == 0
