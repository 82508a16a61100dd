from pathlib import Path

import pytest

from ganviz.errors import GanvizError
from ganviz.files import atomic_folder, atomic_path


def test_a_file_appears_whole_under_its_name(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with atomic_path(target) as temporary:
        assert temporary.suffix == ".txt" and temporary.parent == tmp_path
        temporary.write_text("x")
        assert not target.exists()
    assert target.read_text() == "x" and list(tmp_path.iterdir()) == [target]


def test_a_failure_keeps_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ValueError, match="broken"), atomic_path(target) as temporary:
        temporary.write_text("new")
        raise ValueError("broken")
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_targets_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "missing" / "a.txt", tmp_path / "folder"):
        with pytest.raises(GanvizError, match=str(target)), atomic_path(target):
            pass


def test_a_folder_appears_whole_and_never_over_other_files(tmp_path: Path) -> None:
    target = tmp_path / "frames"
    with atomic_folder(target) as temporary:
        (temporary / "0.txt").write_text("x")
    assert (target / "0.txt").read_text() == "x" and list(tmp_path.iterdir()) == [target]
    with pytest.raises(GanvizError, match="already holds files"), atomic_folder(target):
        pass
    with pytest.raises(ValueError, match="broken"), atomic_folder(tmp_path / "other"):
        raise ValueError("broken")
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with atomic_path(tmp_path / "link.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


def test_names_that_are_long_work_and_too_long_ones_are_one_clear_error(tmp_path: Path) -> None:
    with atomic_path(tmp_path / ("n" * 245 + ".txt")) as temporary:
        temporary.write_text("x")
    with pytest.raises(GanvizError, match="cannot write"), atomic_path(tmp_path / ("n" * 300)) as temporary:
        temporary.write_text("x")
    assert len(list(tmp_path.iterdir())) == 1
