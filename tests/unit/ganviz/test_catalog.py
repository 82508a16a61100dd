import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ganviz import catalog, places
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.recipe import ModelRef


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch, tiny_checkpoint: Path, tiny_conditional: Path) -> Path:
    """A resources folder with two models."""
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    for path in (tiny_checkpoint, tiny_conditional):
        shutil.copyfile(path, folder / path.name)
    monkeypatch.setattr(places, "resources", lambda: tmp_path / "resources")
    return folder


def test_models_are_found_by_name_file_and_run_folder(bundle: Path, tmp_path: Path, tiny_checkpoint: Path) -> None:
    assert catalog.find("tiny") == bundle / "tiny.safetensors"
    assert catalog.find(tiny_checkpoint) == tiny_checkpoint
    run = tmp_path / "run" / "snapshots"
    run.mkdir(parents=True)
    for name in ("000900.safetensors", "001000.safetensors", ".001100.ab.part.safetensors"):
        shutil.copyfile(tiny_checkpoint, run / name)
    assert catalog.find(tmp_path / "run").name == "001000.safetensors"


def test_an_unknown_name_suggests_a_known_one(bundle: Path) -> None:
    with pytest.raises(GanvizError, match=r"tinny: no model of that name.*did you mean tiny\?.*tiny, tiny-classes"):
        catalog.find("tinny")
    with pytest.raises(GanvizError, match="no such file or folder"):
        catalog.find("folder/missing.safetensors")


def test_an_empty_run_folder_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(GanvizError, match="expected a run folder with snapshots"):
        catalog.find(tmp_path)


def test_recent_models_are_kept_newest_first_without_bundled_or_lost_ones(
    bundle: Path, tmp_path: Path, make_checkpoint: Callable[..., Path]
) -> None:
    paths = [make_checkpoint(f"r{k}") for k in range(3)]
    for path in (*paths, bundle / "tiny.safetensors", paths[0]):
        catalog.remember(path)
    paths[1].unlink()
    assert [header.ref.name for header in catalog.recent()] == ["r0", "r2"]


def test_a_published_model_that_was_opened_from_elsewhere_is_not_offered_for_download(
    bundle: Path, tiny_zoo, make_checkpoint: Callable[..., Path]
) -> None:
    assert catalog.downloadable() == [tiny_zoo]
    catalog.remember(make_checkpoint("tiny-faces"))
    assert catalog.downloadable() == []


def test_a_damaged_recent_list_is_an_empty_one(home: Path) -> None:
    for text in ("{", "3", json.dumps([1, None])):
        (places.state() / "recent.json").write_text(text)
        assert catalog.recent() == []


def test_damaged_models_in_the_folder_are_passed_over(bundle: Path) -> None:
    (bundle / "broken.safetensors").write_bytes(b"x")
    assert [header.ref.name for header in catalog.bundled()] == ["tiny", "tiny-classes"]


def test_a_reference_is_located_by_its_weights_then_by_its_name(bundle: Path, make_checkpoint) -> None:
    header = read_header(bundle / "tiny.safetensors")
    assert catalog.locate(ModelRef("renamed", header.digest)) == catalog.Located(header.path, True)
    assert catalog.locate(ModelRef("tiny", "00" * 32)) == catalog.Located(header.path, False)
    with pytest.raises(GanvizError, match="is not on this machine"):
        catalog.locate(ModelRef("elsewhere", "00" * 32))


def test_all_user_files_stay_in_the_home_that_was_given(home: Path) -> None:
    assert places.state().is_relative_to(home) and places.cache().is_relative_to(home)


def test_a_picture_cannot_name_a_file(bundle: Path, tiny_checkpoint: Path) -> None:
    with pytest.raises(GanvizError, match="is not on this machine"):
        catalog.locate(ModelRef(str(tiny_checkpoint)))


def test_snapshots_are_compared_as_numbers(tmp_path: Path, tiny_checkpoint: Path) -> None:
    for name in ("99999999", "100000064"):
        shutil.copyfile(tiny_checkpoint, tmp_path / f"{name}.safetensors")
    assert catalog.newest_snapshot(tmp_path).stem == "100000064"


@pytest.mark.parametrize("model", ["n" * 300, "~nobody-of-that-name/x"])
def test_names_that_no_file_can_have_are_one_clear_error(bundle: Path, model: str) -> None:
    with pytest.raises(GanvizError):
        catalog.find(model)


def test_a_home_that_cannot_be_made_costs_only_the_recent_list(bundle: Path, monkeypatch, caplog) -> None:
    monkeypatch.setenv("GANVIZ_HOME", "/dev/null/home")
    assert catalog.recent() == [] and catalog.fetched() == []
    catalog.remember("/somewhere/x.safetensors")
    assert catalog.find("tiny").name == "tiny.safetensors"


def test_a_run_folder_is_remembered_once_as_its_newest_snapshot(bundle: Path, tmp_path: Path, make_checkpoint) -> None:
    run = tmp_path / "run" / "snapshots"
    run.mkdir(parents=True)
    digests = []
    for k in (1, 2):
        shutil.copyfile(make_checkpoint("live", z_dim=8 + k), run / f"{k:08d}.safetensors")
        catalog.remember(run.parent)
        (header,) = catalog.recent()
        assert header.path.stem == f"{k:08d}"
        digests.append(header.digest)
    located = catalog.locate(ModelRef("live", digests[0]))
    assert located == catalog.Located(run / "00000001.safetensors", True), "older snapshots are found by their weights"


@pytest.fixture
def live(tmp_path: Path, make_run) -> Path:
    """A run folder with three snapshots, of names and cards that agree."""
    return make_run(tmp_path / "live", (512, 99_968, 100_032))


def test_snapshots_of_a_run_come_in_the_order_of_images_seen(live: Path, make_checkpoint) -> None:
    shutil.copyfile(live / "snapshots" / "00000512.safetensors", live / "snapshots" / "copy.safetensors")
    shutil.copyfile(make_checkpoint("stranger", z_dim=5), live / "snapshots" / "00000600.safetensors")
    (live / "snapshots" / "00000700.safetensors").write_bytes(b"cut short")
    (live / "snapshots" / ".00000800.part.safetensors").write_bytes(b"being written")
    found = catalog.snapshots(live)
    assert [catalog.images_seen(header) for header in found] == [512, 99_968, 100_032]
    assert catalog.run_of(found[0].path) == live
    assert found[-1].path == catalog.newest_snapshot(live)
    assert catalog.run_of(live / "elsewhere.safetensors") is None
    assert catalog.snapshots(live / "missing") == []


def test_without_a_count_on_the_card_a_snapshot_has_seen_what_its_name_says(tmp_path: Path, tiny_checkpoint) -> None:
    (tmp_path / "snapshots").mkdir()
    for name in ("00000064", "final"):
        shutil.copyfile(tiny_checkpoint, tmp_path / "snapshots" / f"{name}.safetensors")
    assert [catalog.images_seen(header) for header in catalog.snapshots(tmp_path)] == [0, 64]


def test_opening_one_snapshot_makes_all_of_its_run_known(live: Path) -> None:
    headers = catalog.snapshots(live)
    with pytest.raises(GanvizError, match="not on this machine"):
        catalog.locate(headers[0].ref)
    catalog.remember(headers[1].path)
    assert [header.path for header in catalog.recent()] == [headers[-1].path]
    for header in headers:
        assert catalog.locate(header.ref) == catalog.Located(header.path, True)


def test_a_bundled_run_is_a_model_and_all_its_snapshots_are_found(bundle: Path, make_run) -> None:
    run = make_run(bundle.parent / "runs" / "grown", (64, 128))
    assert [header.ref.name for header in catalog.bundled()] == ["tiny", "tiny-classes", "grown"]
    assert catalog.find("grown") == run / "snapshots" / "00000128.safetensors"
    first, last = catalog.snapshots(run)
    assert catalog.locate(first.ref) == catalog.Located(first.path, True)
    catalog.remember(run)
    catalog.remember(last.path)
    assert catalog.recent() == []


def test_headers_are_read_once_until_the_file_is_another(live: Path, monkeypatch, caplog) -> None:
    reads: list[Path] = []

    def counted(path: Path):
        reads.append(path)
        return read_header(path)

    monkeypatch.setattr(catalog, "read_header", counted)
    first = catalog.snapshots(live)
    assert catalog.snapshots(live) == first and len(reads) == 3
    shutil.copyfile(first[0].path, live / "snapshots" / "00000700.safetensors")
    broken = live / "snapshots" / "00000800.safetensors"
    broken.write_bytes(b"cut short")
    for _ in range(3):
        catalog.snapshots(live)
    assert len(reads) == 5 and caplog.text.count("00000800") == 1
