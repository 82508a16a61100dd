import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganviz.errors import GanvizError
from ganviz.models.dcgan import DCGANConfig, Generator
from ganviz.spec import Card
from trainers.configs import DCGANTraining
from trainers.preview import preview_pixels
from trainers.run import Clock, Run, data_order, held_out, share_done


def new_run(folder: Path) -> Run:
    return Run.start(folder, "dcgan", DCGANTraining(), "faces.zip", "abc", "ganviz train dcgan")


def test_a_run_folder_is_read_back_as_it_was_started(tmp_path: Path) -> None:
    run = new_run(tmp_path / "deep" / "run")
    assert Run.read(run.folder, DCGANTraining, "dcgan") == run


def test_a_folder_with_a_run_is_not_started_again(tmp_path: Path) -> None:
    new_run(tmp_path)
    with pytest.raises(GanvizError, match="already holds a run"):
        new_run(tmp_path)


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(GanvizError, match="no run to resume"):
        Run.read(tmp_path, DCGANTraining, "dcgan")


def test_a_damaged_config_names_the_file(tmp_path: Path) -> None:
    new_run(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(GanvizError, match=r"config\.json: cannot be read"):
        Run.read(tmp_path, DCGANTraining, "dcgan")


def test_log_lines_are_json_with_the_clock_apart_and_never_nan(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.log({"images": 8, "loss_d": float("nan")}, {"seconds": 1.23456})
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {
        "images": 8,
        "loss_d": None,
        "clock": {"seconds": 1.235},
    }


def test_the_log_is_trimmed_to_the_state_it_goes_on_from(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    for images in (8, 16, 24):
        run.log({"images": images}, {})
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write('{"images": 3')  # cut short
    run.trim_log(16)
    assert [json.loads(line)["images"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [8, 16]


def test_the_state_comes_back_whole(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.save_state({"G.weight": torch.arange(3.0)}, {"seen": 7, "sums": {"loss": 0.1}})
    tensors, counters = run.load_state()
    assert torch.equal(tensors["G.weight"], torch.arange(3.0)) and counters == {"seen": 7, "sums": {"loss": 0.1}}


def test_a_state_cut_short_or_missing_names_the_file(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with pytest.raises(GanvizError, match=r"state\.safetensors: not there"):
        run.load_state()
    run.save_state({"G.weight": torch.arange(300.0)}, {})
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(GanvizError, match=r"state\.safetensors: the resume state is damaged"):
        run.load_state()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_state_can_be_read_by_whom_other_files_can(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.save_state({"G.weight": torch.arange(3.0)}, {})
    assert (tmp_path / "state.safetensors").stat().st_mode == (tmp_path / "config.json").stat().st_mode


def test_a_log_that_cannot_be_written_or_read_names_the_file(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(GanvizError, match=r"log\.jsonl: cannot be written"):
        run.log({"images": 8}, {})
    with pytest.raises(GanvizError, match=r"log\.jsonl: cannot be read"):
        run.trim_log(8)


def test_a_state_that_cannot_be_written_names_the_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    run = new_run(tmp_path)
    run.save_state({"G.weight": torch.arange(3.0)}, {"seen": 1})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        with pytest.raises(GanvizError, match=r"state\.safetensors: cannot be written"):
            run.save_state({"G.weight": torch.zeros(20_000)}, {"seen": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert run.load_state()[1] == {"seen": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json",
        "previews",
        "snapshots",
        "state.safetensors",
    ]


@pytest.mark.parametrize("keep_all", [False, True])
def test_old_snapshots_go_once_the_new_one_is_whole(keep_all: bool, tmp_path: Path) -> None:
    run = Run.start(tmp_path, "dcgan", DCGANTraining(keep_all=keep_all), "faces.zip", "abc", "")
    generator = Generator(DCGANConfig(resolution=16, channels=1, z_dim=4, base_channels=2))
    folder = tmp_path / "snapshots"
    for seen in range(100, 4000, 100):
        (folder / f"{seen:08d}.safetensors").touch()
    mine = folder / "best.safetensors"
    mine.touch()
    run.save_state({"x": torch.zeros(1)}, {})
    before = (tmp_path / "state.safetensors").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganviz.checkpoint.save", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run.snapshot(generator, Card("run", images_seen=4000), half=False)
    assert len(run.snapshots()) == 39
    run.snapshot(generator, Card("run", images_seen=4000), half=False)
    kept = [int(path.stem) for path in run.snapshots()]
    assert kept[0] == 100 and kept[-1] == 4000 and mine.exists()
    assert len(kept) == 40 if keep_all else kept[-16:] == list(range(2500, 4001, 100)) and len(kept) < 30
    assert (tmp_path / "state.safetensors").read_bytes() == before


def test_the_newest_snapshot_is_the_one_after_the_most_images(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    assert run.newest_snapshot() is None
    for name in ("00000500", "99999999", "100000064", "9-best-of-all"):
        (tmp_path / "snapshots" / f"{name}.safetensors").touch()
    assert run.newest_snapshot() == tmp_path / "snapshots" / "100000064.safetensors"


def test_each_round_of_the_data_shows_every_image_once_and_batches_may_cross_rounds() -> None:
    stream = np.concatenate([data_order(10, 3, seen, 4) for seen in range(0, 40, 4)])
    for k in range(4):
        assert sorted(stream[10 * k : 10 * k + 10]) == list(range(10))
    assert not np.array_equal(stream[:10], stream[10:20])
    assert np.array_equal(data_order(10, 3, 8, 4), stream[8:12])


def test_held_out_images_are_spread_evenly_and_never_trained_on() -> None:
    chosen, apart = held_out(100, 10)
    assert len(apart) == 10 and len(chosen) == 90 and not set(chosen) & set(apart)
    assert apart.tolist() == list(range(0, 100, 10))
    assert len(held_out(5, 0)[0]) == 5
    with pytest.raises(GanvizError, match="--hold-out"):
        held_out(5, 5)


@pytest.mark.parametrize(("channels", "classes", "shape"), [(1, 0, (128, 128)), (3, 3, (128, 48, 3))])
def test_previews_show_the_same_seeds_each_time(
    channels: int, classes: int, shape: tuple[int, ...], tmp_path: Path
) -> None:
    config = DCGANConfig(resolution=16, channels=channels, z_dim=4, base_channels=4, num_classes=classes)
    generator = Generator(config).eval()
    pixels = preview_pixels(generator)
    assert pixels.shape == shape and np.array_equal(pixels, preview_pixels(generator))
    run = new_run(tmp_path)
    with Image.open(run.preview(generator, 12)) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_the_budget_is_whichever_is_used_first() -> None:
    config = DCGANTraining(images=100, minutes=1.0)
    assert share_done(config, 25, 30.0) == 0.5 and share_done(config, 75, 30.0) == 0.75
    assert share_done(DCGANTraining(), 10**9, 10.0**9) == 0


def test_the_clock_stands_still_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("trainers.run.time.monotonic", lambda: now[0])
    clock = Clock(before=5.0)
    now[0] = 110.0
    clock.pause()
    now[0] = 150.0
    assert clock.seconds == 15.0
    clock.go_on()
    now[0] = 151.0
    assert clock.seconds == 16.0


def test_a_run_from_before_snapshots_were_thinned_out_keeps_all(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    stored = json.loads((run.folder / "config.json").read_text())
    assert stored["config"].pop("keep_all") is False
    (run.folder / "config.json").write_text(json.dumps(stored))
    assert Run.read(run.folder, DCGANTraining, "dcgan").config.keep_all
