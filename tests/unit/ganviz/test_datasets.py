import gzip
import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from ganviz import places, sources
from ganviz.datasets import open_dataset, opening
from ganviz.errors import GanvizError
from ganviz.jobs import Offload, Progress, run
from ganviz.projection import read_photo


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def write_folder(folder: Path, names: list[str], size: tuple[int, int] = (16, 16)) -> Path:
    for k, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random_pixels(size[1], size[0], 3, seed=k)).save(path)
    return folder


def write_idx(path: Path, array: np.ndarray, compress: bool) -> None:
    raw = bytes((0, 0, 8, array.ndim)) + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if compress else raw)


def test_a_folder_of_images_becomes_one_array_in_sorted_order(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pictures", ["b.png", "a.png"])
    data = open_dataset(folder, 16, cache=cache)
    assert data.images.shape == (2, 16, 16, 3) and data.images.dtype == np.uint8
    assert data.files == ("a.png", "b.png") and data.labels is None and data.name == "pictures"
    assert np.array_equal(data.images[0], random_pixels(16, 16, 3, seed=1))


def test_folder_names_are_class_names(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pets", ["dog/1.png", "cat/1.png", "cat/2.png"])
    data = open_dataset(folder, 16, cache=cache)
    assert data.class_names == ("cat", "dog")
    assert data.labels is not None and data.labels.tolist() == [0, 0, 1] and data.labels.dtype == np.int64


def test_one_folder_around_everything_is_no_class(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pets", ["all/1.png", "all/2.png"])
    assert open_dataset(folder, 16, cache=cache).labels is None


def test_a_zip_with_dataset_json_is_read_as_the_stylegan_tools_write_it(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "x", ["00000/img0.png", "00000/img1.png", "00000/img2.png"])
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("00000/img0.png", "00000/img1.png", "00000/img2.png"):
            archive.write(folder / name, name)
        archive.writestr("dataset.json", json.dumps({"labels": [["00000/img2.png", 0], ["00000/img0.png", 4]]}))
    data = open_dataset(path, 16, cache=cache)
    assert data.files == ("00000/img0.png", "00000/img2.png")
    assert data.labels is not None and data.labels.tolist() == [4, 0]
    assert data.class_names == ("0", "1", "2", "3", "4")
    assert any("without a label" in line for line in data.report)


def test_a_null_label_list_means_no_labels(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "x", ["a/1.png", "b/1.png"])
    (folder / "dataset.json").write_text('{"labels": null}')
    assert open_dataset(folder, 16, cache=cache).labels is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"labels": [["a/1.png", -1]]}',
        '{"labels": [["other.png", 1]]}',
        '{"labels": [["a/1.png", [1, "a"]]]}',
        '{"labels": [["a/1.png", [[], 1]]]}',
        '{"labels": [["a/1.png", 65536]]}',
        "[" * 200_000,
        '{"labels": ' + "[" * 200_000 + "]" * 200_000 + "}",
    ],
    ids=range(9),
)
def test_a_bad_dataset_json_is_one_clear_line(tmp_path: Path, cache: Path, text: str) -> None:
    folder = write_folder(tmp_path / "x", ["a/1.png"])
    (folder / "dataset.json").write_text(text)
    with pytest.raises(GanvizError, match=r"dataset\.json"):
        open_dataset(folder, 16, cache=cache)


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gz"])
def test_idx_files_give_the_split_that_is_asked_for(tmp_path: Path, cache: Path, compress: bool) -> None:
    end = ".gz" if compress else ""
    for prefix, count in (("train", 12), ("t10k", 5)):
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte{end}", random_pixels(count, 28, 28), compress)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte{end}", np.arange(count, dtype=np.uint8) % 10, compress)
    data = open_dataset(tmp_path, 32, cache=cache)
    assert data.images.shape == (12, 32, 32, 1)
    assert data.labels is not None and data.labels.tolist() == [k % 10 for k in range(12)]
    assert len(open_dataset(tmp_path, 32, split="test", cache=cache)) == 5


def test_a_cut_idx_file_says_what_is_missing(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    write_idx(path, random_pixels(3, 28, 28), False)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(GanvizError, match=r"train-images-idx3-ubyte: expected 2352 bytes .* got 2345"):
        open_dataset(tmp_path, 32, cache=cache)


def test_an_npz_may_hold_grey_images_and_labels(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, images=random_pixels(4, 28, 28), labels=np.array([3, 1, 0, 2], dtype=np.uint8))
    data = open_dataset(path, 32, cache=cache)
    assert data.images.shape == (4, 32, 32, 1) and data.class_names == sources.DIGIT_CLASSES
    assert open_dataset(path, 32, 3, cache=cache).images.shape == (4, 32, 32, 3)


def test_an_npz_in_the_order_of_fortran_holds_the_same_images(tmp_path: Path, cache: Path) -> None:
    images = random_pixels(3, 16, 16)
    np.savez(tmp_path / "columns.npz", images=np.asfortranarray(images))
    assert np.array_equal(open_dataset(tmp_path / "columns.npz", 16, cache=cache).images[..., 0], images)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
def test_of_an_npz_one_image_at_a_time_is_in_memory(save: Callable, tmp_path: Path, cache: Path) -> None:
    images = np.zeros((160, 256, 256, 3), np.uint8)
    images[:, 7] = np.arange(160)[:, None, None]
    save(tmp_path / "large.npz", images=images)
    del images
    tracemalloc.start()
    try:
        for _ in range(2):  # once prepared, once from the cache
            data = open_dataset(tmp_path / "large.npz", 256, cache=cache)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20, "of 30 MB"
    finally:
        tracemalloc.stop()
    assert data.images[:, 7, 0, 0].tolist() == list(range(160))


def test_an_npz_of_objects_or_floats_is_refused(tmp_path: Path, cache: Path) -> None:
    np.savez(tmp_path / "floats.npz", images=np.zeros((2, 8, 8)))
    np.savez(tmp_path / "objects.npz", images=np.array([{}, {}], dtype=object))
    for name in ("floats.npz", "objects.npz"):
        with pytest.raises(GanvizError, match=name):
            open_dataset(tmp_path / name, 16, cache=cache)


def test_mixed_files_are_converted_and_reported_and_corrupt_ones_skipped(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    Image.fromarray(random_pixels(20, 16, 3)).save(folder / "rgb.png")
    Image.fromarray(random_pixels(16, 16)).save(folder / "grey.png")
    Image.fromarray(random_pixels(16, 16, 4)).save(folder / "rgba.png")
    Image.fromarray(random_pixels(16, 16, 3)).quantize(8).save(folder / "palette.png")
    (folder / "broken.png").write_bytes((folder / "rgb.png").read_bytes()[:100])
    (folder / "notes.txt").write_text("not an image")
    data = open_dataset(folder, 16, cache=cache)
    assert data.images.shape == (4, 16, 16, 3) and "broken.png" not in data.files
    report = "\n".join(data.report)
    for word in ("grey to RGB", "transparency", "palette", "broken.png", "files that are not images"):
        assert word in report
    reopened = open_dataset(folder, 16, cache=cache)
    assert reopened.report == data.report and reopened.digest == data.digest


def test_grey_files_alone_stay_grey(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    Image.fromarray(random_pixels(16, 16)).save(folder / "1.png")
    assert open_dataset(folder, 16, cache=cache).images.shape == (1, 16, 16, 1)


@pytest.mark.parametrize("content", [[], ["readme.md"]], ids=["empty", "no images"])
def test_a_folder_without_images_is_one_clear_line(tmp_path: Path, cache: Path, content: list[str]) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    for name in content:
        (folder / name).write_text("text")
    with pytest.raises(GanvizError, match="nothing: no images in it"):
        open_dataset(folder, 16, cache=cache)


def test_a_folder_of_broken_images_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"not a png")
    with pytest.raises(GanvizError, match="none of its 1 images can be read"):
        open_dataset(tmp_path, 16, cache=cache)


def test_a_format_that_would_start_another_program_is_no_picture_whatever_its_name(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "drawing.eps")
    (tmp_path / "drawing.eps").rename(tmp_path / "drawing.png")
    started: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **named: started.append(given))
    with pytest.raises(GanvizError, match="none of its 1 images can be read"):
        open_dataset(tmp_path, 16, cache=cache)
    with pytest.raises(GanvizError, match="expected a picture"):
        read_photo(tmp_path / "drawing.png", 16, 3)
    assert not started


def test_an_unknown_name_lists_the_known_ones(cache: Path) -> None:
    with pytest.raises(GanvizError, match=r"no-such-set: no such file or folder.*digits, faces, fashion-mnist"):
        open_dataset("no-such-set", 16, cache=cache)


def test_fashion_mnist_says_what_to_install(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "FASHION_FOLDER", tmp_path / "missing")
    monkeypatch.setattr(sources.places, "resources", lambda: tmp_path)
    with pytest.raises(GanvizError, match="dataset-fashion-mnist"):
        open_dataset("fashion-mnist", 32, cache=cache)


def test_a_file_of_another_kind_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(GanvizError, match=r"clip\.mp4: expected a folder or zip"):
        open_dataset(path, 16, cache=cache)


def test_the_prepared_array_is_memory_mapped_and_reused(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pictures", [f"{k}.png" for k in range(70)])
    calls: list[tuple[int, int]] = []
    first = open_dataset(folder, 16, cache=cache, on_progress=lambda done, total: calls.append((done, total)))
    assert isinstance(first.images, np.memmap) and not first.images.flags.writeable
    assert calls == [(16, 70), (32, 70), (48, 70), (64, 70), (70, 70)]
    calls.clear()
    second = open_dataset(folder, 16, cache=cache, on_progress=lambda done, total: calls.append((done, total)))
    assert not calls and np.array_equal(first.images, second.images)


def test_preparing_ends_soon_after_nobody_waits_for_it_and_leaves_nothing(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pictures", [f"{k}.png" for k in range(70)])
    job = opening(str(folder), 16)
    assert isinstance(next(job), Progress)
    call = next(job)
    assert isinstance(call, Offload) and call.stop is not None
    call.stop()
    with pytest.raises(GanvizError, match="no longer wanted"):
        call()
    job.close()
    assert list((places.cache() / "datasets").glob("*")) == []
    assert len(run(opening(str(folder), 16))) == 70


def test_saying_the_channels_that_are_there_anyway_prepares_nothing_again(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pictures", ["1.png"])
    open_dataset(folder, 16, cache=cache)
    assert open_dataset(folder, 16, 3, cache=cache).images.shape[3] == 3
    assert len(list((cache / "datasets").glob("*.npy"))) == 1
    assert open_dataset(folder, 16, 1, cache=cache).images.shape[3] == 1


def test_a_changed_folder_is_prepared_again(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pictures", ["1.png"])
    before = open_dataset(folder, 16, cache=cache)
    write_folder(folder, ["1.png", "2.png"])
    after = open_dataset(folder, 16, cache=cache)
    assert len(after) == 2 and after.digest != before.digest


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pictures", ["1.png"])
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(GanvizError, match="GANVIZ_HOME"):
        open_dataset(folder, 16, cache=tmp_path / "file")


def test_an_array_cut_short_in_the_cache_is_prepared_again(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pictures", ["1.png", "2.png"])
    before = open_dataset(folder, 16, cache=cache).images.copy()
    (array,) = (cache / "datasets").glob("*.npy")
    array.write_bytes(array.read_bytes()[:200])
    assert np.array_equal(open_dataset(folder, 16, cache=cache).images, before)


def write_zip(path: Path, names: list[str], size: tuple[int, int] = (16, 16)) -> Path:
    """A zip of bitmaps, which unlike PNGs are deflated inside it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for k, name in enumerate(names):
            file = io.BytesIO()
            Image.fromarray(random_pixels(size[1], size[0], 3, seed=k)).save(file, "BMP")
            archive.writestr(name, file.getvalue())
    return path


def spoil(path: Path, member: str) -> None:
    """Overwrite the compressed data of one member of a zip."""
    with zipfile.ZipFile(path) as archive:
        item = archive.getinfo(member)
    raw = bytearray(path.read_bytes())
    start = item.header_offset + 30 + len(item.filename)
    raw[start : start + 40] = b"\xff" * 40
    path.write_bytes(raw)


def test_a_damaged_member_of_a_zip_is_skipped_and_reported(tmp_path: Path, cache: Path) -> None:
    path = write_zip(tmp_path / "pictures.zip", ["a.bmp", "b.bmp", "c.bmp"])
    whole = path.read_bytes()
    spoil(path, "b.bmp")
    data = open_dataset(path, 16, cache=cache)
    assert data.files == ("a.bmp", "c.bmp")
    assert any(line.startswith("b.bmp: not a readable image") for line in data.report)
    path.write_bytes(whole)
    os.utime(path, ns=(0, 0))
    assert len(open_dataset(path, 16, cache=cache)) == 3, "the repaired zip has the same table of contents"


@pytest.mark.parametrize("cut", [50, 2000, -60])
def test_a_zip_without_its_head_is_one_clear_line_or_what_can_be_read_of_it(
    cut: int, tmp_path: Path, cache: Path
) -> None:
    path = write_zip(tmp_path / "pictures.zip", ["a.bmp", "b.bmp", "c.bmp"])
    path.write_bytes(path.read_bytes()[cut:])
    try:
        data = open_dataset(path, 16, cache=cache)
    except GanvizError as error:
        assert "pictures" in str(error)
    else:
        assert any("a.bmp: not a readable image" in line for line in data.report)


def test_an_unreadable_dataset_json_in_a_zip_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    path = write_zip(tmp_path / "pictures.zip", ["a.bmp"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dataset.json", json.dumps({"labels": [[f"{k * 7919}.bmp", k] for k in range(90)]}))
    spoil(path, "dataset.json")
    with pytest.raises(GanvizError, match=r"pictures\.zip: dataset\.json"):
        open_dataset(path, 16, cache=cache)


def test_links_to_nothing_and_pipes_in_a_folder_are_passed_over_and_reported(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "pictures", ["1.png", "2.png"])
    (folder / "gone.png").symlink_to(tmp_path / "gone.png")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")
        os.mkfifo(folder / "train-images-idx3-ubyte")
    data = open_dataset(folder, 16, cache=cache)
    assert data.files == ("1.png", "2.png")
    (line,) = [line for line in data.report if "not regular files" in line]
    assert "gone.png" in line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.npz"])
def test_a_pipe_is_no_data_set(name: str, tmp_path: Path, cache: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(GanvizError, match="expected a folder or zip of images"):
        open_dataset(tmp_path / name, 16, cache=cache)


def test_an_array_under_the_name_of_an_archive_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "images.npz"
    with path.open("wb") as file:
        np.save(file, random_pixels(2, 16, 16, 3))
    with pytest.raises(GanvizError, match=r"images\.npz: .* a single array"):
        open_dataset(path, 16, cache=cache)


def test_a_damaged_npz_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "damaged.npz"
    np.savez_compressed(path, images=random_pixels(2, 16, 16, 3))
    spoil(path, "images.npy")
    with pytest.raises(GanvizError, match=r"damaged\.npz: not a readable \.npz"):
        open_dataset(path, 16, cache=cache)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images", b"not an array")
    with pytest.raises(GanvizError, match=r"damaged\.npz: expected `images` and `labels` as arrays"):
        open_dataset(path, 16, cache=cache)


@pytest.mark.parametrize("shape", [(3, 0, 5), (3, 5, 0), (3, 0, 0, 3)])
def test_images_without_pixels_are_one_clear_line(shape: tuple[int, ...], tmp_path: Path, cache: Path) -> None:
    np.savez(tmp_path / "empty.npz", images=np.zeros(shape, np.uint8))
    with pytest.raises(GanvizError, match=r"empty\.npz: expected images of at least 1 x 1 pixel"):
        open_dataset(tmp_path / "empty.npz", 16, cache=cache)


def test_an_absurd_label_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    np.savez(tmp_path / "large.npz", images=random_pixels(2, 16, 16), labels=np.array([0, 2**33]))
    with pytest.raises(GanvizError, match=r"large\.npz: expected labels from 0 to 65535, got 8589934592"):
        open_dataset(tmp_path / "large.npz", 16, cache=cache)


def test_a_damaged_idx_file_is_one_clear_line(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(path, random_pixels(3, 28, 28), True)
    raw = bytearray(path.read_bytes())
    raw[10:60] = b"\xff" * 50
    path.write_bytes(raw)
    with pytest.raises(GanvizError, match=r"train-images-idx3-ubyte\.gz: cannot be read"):
        open_dataset(tmp_path, 32, cache=cache)


@pytest.mark.parametrize("first", ["copy", "fashion-mnist"])
def test_known_names_of_classes_do_not_depend_on_what_was_opened_before(
    first: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tmp_path / "known"
    copy = tmp_path / "copy"
    for folder in (known, copy):
        folder.mkdir()
        write_idx(folder / "train-images-idx3-ubyte", random_pixels(12, 28, 28), False)
        write_idx(folder / "train-labels-idx1-ubyte", np.arange(12, dtype=np.uint8) % 10, False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "FASHION_FOLDER", known)
    monkeypatch.setattr(sources.places, "resources", lambda: tmp_path)
    open_dataset(first, 32, cache=cache)
    assert open_dataset("fashion-mnist", 32, cache=cache).class_names == sources.FASHION_CLASSES
    assert open_dataset("copy", 32, cache=cache).class_names == sources.DIGIT_CLASSES
    assert len(list((cache / "datasets").glob("*.npy"))) == 1


@pytest.mark.parametrize("shape", [(10**12, 28, 28), (-5, 28, 28), (10**7, 1, 1)])
def test_an_npz_whose_header_lies_about_its_size_is_one_clear_error(tmp_path: Path, shape) -> None:
    import io
    import zipfile

    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "lies.npz", "w") as file:
        file.writestr("images.npy", header.getvalue() + bytes(100))
    with pytest.raises(GanvizError, match=r"lies\.npz"):
        open_dataset(tmp_path / "lies.npz", 28)
