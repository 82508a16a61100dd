from pathlib import Path

import pytest

from ganviz import catalog
from ganviz.errors import GanvizError
from ganviz.over_time import sheet_over_time, spread
from ganviz.recipe import Recipe


def test_snapshots_are_spread_evenly_in_their_order_with_both_ends(make_run, tmp_path: Path) -> None:
    headers = catalog.snapshots(make_run(tmp_path / "run", (64, 128, 256, 512, 1_024)))
    seen = {count: [catalog.images_seen(header) for header in spread(headers, count)] for count in (1, 2, 3, 5, 9)}
    assert seen[1] == [1_024] and seen[2] == [64, 1_024] and seen[3] == [64, 256, 1_024]
    assert seen[5] == seen[9] == [64, 128, 256, 512, 1_024]
    with pytest.raises(GanvizError, match="at least two snapshots, got 1"):
        spread(headers[:1], 3)


def test_headings_name_the_unit_where_there_is_room(make_run, tmp_path: Path) -> None:
    small = catalog.snapshots(make_run(tmp_path / "small", (640, 25_000)))
    large = catalog.snapshots(make_run(tmp_path / "large", (640, 25_000), resolution=64, base_channels=2))
    assert sheet_over_time([Recipe(small[0].ref)], small).column_headings == ("0.64k", "25.0k")
    assert sheet_over_time([Recipe(large[0].ref)], large).column_headings == ("0.64 kimg", "25.0 kimg")
