"""The run folders that ship with the program."""

import pytest

from ganviz import catalog, places

RUNS = catalog.bundled_runs()


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_bundled_run_is_small_and_whole_and_names_nobody_s_folders(run):
    headers = catalog.snapshots(run)
    assert len(headers) == len(list((run / "snapshots").iterdir())) >= 8
    assert {header.ref.name for header in headers} == {run.name}
    assert all(f"{catalog.images_seen(header):08d}" == header.path.stem for header in headers)
    assert sum(path.stat().st_size for path in run.rglob("*")) <= 6 << 20
    assert not (run / "state.safetensors").exists()
    for path in run.rglob("*"):
        if path.is_file():
            words = path.read_bytes()
            assert not any(
                f"{mark}{root}".encode() in words for mark in "\"' " for root in ("/home/", "/tmp/", "/root/")
            )
    assert f"`runs/{run.name}/`" in (places.resources() / "LICENSES.md").read_text(encoding="utf-8")


def test_there_is_a_training_to_watch_at_once():
    assert [run.name for run in RUNS] == ["digits-dcgan"]
