import base64
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganviz import cli, places
from ganviz.expression import Seed
from ganviz.html_report import log_charts, picture
from ganviz.recipe import Recipe
from ganviz.render import Renderer


@pytest.fixture(autouse=True)
def few(monkeypatch) -> None:
    monkeypatch.setattr("ganviz.metrics.path_length.PAIRS", 20)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        given = dict(attrs)
        if tag == "img":
            self.images.append(given["src"] or "")
        self.links += [
            value for name, value in attrs if name in ("href", "src") and not (value or "").startswith("data:")
        ]

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)
            self.open.append("")


def page_of(words: list[str], tmp_path: Path) -> tuple[Page, str]:
    assert cli.main(["report", *words, "--out", str(tmp_path / "r.html")]) == 0
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy\" content=\"default-src 'none';" in text, (
        "the browser keeps it from loading anything"
    )
    assert set(re.findall(r"https?://[^\"]*", text)) <= {"http://www.w3.org/2000/svg"}
    page = Page(text)
    assert page.links == [], "nothing is loaded from elsewhere"
    assert "<script" not in text
    for source in page.images:
        Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).load()
    return page, text


def test_a_model_stands_on_one_page(tiny_checkpoint: Path, tmp_path: Path) -> None:
    recipes = [Recipe(str(tiny_checkpoint), Seed(seed)) for seed in range(5, 85)]
    np.savez(tmp_path / "own.npz", images=np.stack([f.pixels for f in Renderer("cpu").render_all(recipes)]))
    words = [str(tiny_checkpoint), "--data", str(tmp_path / "own.npz"), "--samples", "40", "--metric", "fid,modes"]
    page, text = page_of(words, tmp_path)
    assert page.titles == ["Samples", "Truncation", "Neighbours", "Metrics"]
    assert len(page.images) == 2 + 2 * 10, "two sheets; ten samples, each with its neighbours"
    assert '<p class="verdict">Memorised</p><p>87.5% of 40 samples are likely copies' in text
    assert text.count('<figure class="match">') == 10 and text.count("<figcaption>seed ") == 10
    assert "Fréchet distance of other features; not comparable with any FID" in text
    tiny_checkpoint.with_suffix(".metrics.json").unlink()
    page, _ = page_of([*words, "--k", "0"], tmp_path)
    assert page.titles == ["Samples", "Truncation", "Metrics"]
    tiny_checkpoint.with_suffix(".metrics.json").unlink()


def test_styles_classes_and_codes_have_their_figures(
    tiny_stylegan2: Path, tiny_conditional: Path, tiny_infogan: Path, tmp_path: Path, capsys
) -> None:
    page, _ = page_of([str(tiny_stylegan2)], tmp_path)
    assert {"Samples", "Truncation", "Mixing: coarse", "Neighbours and metrics"} <= set(page.titles)
    assert "not known here" in capsys.readouterr().err
    assert "Classes" in page_of([str(tiny_conditional)], tmp_path)[0].titles
    titles = page_of([str(tiny_infogan)], tmp_path)[0].titles
    assert len([title for title in titles if title.startswith("Code ")]) == 2
    assert cli.main(["report", str(tiny_infogan), "--out", str(tmp_path / "r.png")]) == 2


def test_a_run_has_the_curves_of_its_log(make_run, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", (64, 128))
    shutil.copy(places.resources() / "runs" / "digits-dcgan" / "log.jsonl", run / "log.jsonl")
    assert "Training" in page_of([str(run)], tmp_path)[0].titles
    assert len(log_charts(run / "log.jsonl")) == 2
    (run / "log.jsonl").write_text("no json")
    assert log_charts(run / "log.jsonl") == []


def test_large_sheets_are_reduced_and_words_are_escaped() -> None:
    text = picture(np.zeros((10, 3200, 3), np.uint8), 'a "b" <c>')
    assert 'alt="a &quot;b&quot; &lt;c&gt;"' in text
    assert re.search(r'width="1600"', text)
