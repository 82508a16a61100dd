import json
from pathlib import Path

import numpy as np
import pytest

from ganviz.errors import GanvizError
from trainers.curves import HEIGHT, POINTS, WIDTH, draw_curves, read_log, thinned, thousands


def lines(count: int = 20, **more: float) -> list[dict]:
    return [{"images": 100 * k, "loss_d": 1.0 + k, "loss_g": 2.0, **more} for k in range(1, count + 1)]


def test_there_is_a_panel_for_what_the_log_has() -> None:
    assert draw_curves(lines()).size == (WIDTH, HEIGHT)
    page = draw_curves(lines(score_real=1.0, score_fake=-1.0, categorical=0.1, continuous=0.2))
    assert page.size == (3 * WIDTH, HEIGHT)
    assert len(page.getcolors(1 << 20) or []) > 10


def test_gaps_and_numbers_that_are_not_finite_are_left_out() -> None:
    log = lines()
    log[3]["loss_d"] = float("nan")
    del log[4]["loss_g"]
    assert draw_curves(log).size == (WIDTH, HEIGHT)


def test_long_logs_become_means() -> None:
    values = np.arange(3 * POINTS, dtype=float)
    assert len(thinned(values)) == POINTS and thinned(values)[0] == 1
    assert thinned(values[:7]).tolist() == values[:7].tolist()


def test_numbers_of_images_are_short() -> None:
    assert [thousands(count) for count in (0, 800, 40_000, 1_200_000)] == ["0", "800", "40k", "1.2M"]


def test_what_is_no_log_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for text in ("", "not json\n\n", json.dumps({"step": 1}) + "\n" + json.dumps({"step": 2})):
        path.write_text(text)
        with pytest.raises(GanvizError, match=r"log\.jsonl: expected"):
            read_log(path)
    path.write_text("\n".join(json.dumps(line) for line in lines(3)))
    assert len(read_log(path)) == 3
