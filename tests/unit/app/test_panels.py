from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from app.compute import Compute
from app.document import Document, fresh_recipe
from app.panels import PANELS
from app.panels.latent import LatentPanel
from app.panels.models import ModelsPanel, caption_of, find_models
from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.expression import Seed
from ganviz.session import Kept, Session


@pytest.fixture(params=["tiny_checkpoint", "tiny_conditional", "tiny_stylegan2"])
def document(request):
    """A document on each of the tiny models."""
    document = Document()
    document.open_model(read_header(request.getfixturevalue(request.param)))
    return document


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_every_panel_shows_a_session_edits_nothing_by_itself_and_says_where_it_applies(panel, document, qtbot):
    widget = panel.make(document, Compute())
    qtbot.addWidget(widget)
    assert isinstance(widget, QWidget)
    assert panel.place in ("left", "right", "bottom", "below", "over") and panel.title and panel.tip
    before = document.session
    if widget.applies(document.spec):
        widget.show_session(document.session)
        recipe = document.recipe.edit(latent=Seed(5, 0.2, -0.3), psi=0.5)
        document.open_session(Session(recipe, (Kept(recipe, "a note"),)), None)
        before = document.session
        widget.show_session(document.session)
        widget.show()
    assert document.session == before


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_every_panel_can_be_made_before_there_is_a_model(panel, qtbot):
    widget = panel.make(Document(), Compute())
    qtbot.addWidget(widget)
    widget.show()


def test_only_models_with_classes_have_a_class_card(tiny_checkpoint, tiny_conditional):
    panel = next(panel for panel in PANELS if panel.name == "condition")
    document, compute = Document(), Compute()
    widget = panel.make(document, compute)
    assert not widget.applies(read_header(tiny_checkpoint).spec)
    assert widget.applies(read_header(tiny_conditional).spec)


def test_models_are_listed_once_each_with_a_caption(tiny_checkpoint, tiny_conditional):
    catalog.remember(tiny_checkpoint)
    catalog.remember(tiny_conditional)
    found = find_models()
    recent = [item for item in found if item.section == "Recent"]
    assert [item.header.ref.name for item in recent] == ["tiny-classes", "tiny"]
    assert caption_of(recent[0].header) == "DCGAN · 16 px · 3 classes"
    assert len({item.header.digest for item in found}) == len(found)
    assert fresh_recipe(recent[0].header).psi == 0.8


class AtOnce:
    """A background that is none."""

    @staticmethod
    def run(work, done, failed=None):
        done(work())


@pytest.fixture
def panel(qtbot, tiny_checkpoint, tiny_conditional):
    """The list of models with two recent ones, not shown yet, and its compute thread, not started."""
    for path in (tiny_checkpoint, tiny_conditional):
        catalog.remember(path)
    compute = Compute()
    panel = ModelsPanel(Document(), compute)
    qtbot.addWidget(panel)
    return panel, compute


@pytest.mark.parametrize("odd", [{"title": 7}, {"psi": None}, {"images_seen": "many"}, {"licence": object()}])
def test_a_model_with_an_odd_card_does_not_keep_the_others_from_the_list(panel, monkeypatch, odd, qtbot, caplog):
    panel, _ = panel
    first, *rest = catalog.recent()
    spoilt = replace(first, card=replace(first.card, **odd), digest="0" * 64)
    monkeypatch.setattr(catalog, "recent", lambda: [spoilt, first, *rest])
    with qtbot.waitSignal(panel.listed, timeout=1000):
        panel.refresh(AtOnce())
    names = [row.name for row in panel.list.rows() if row.section == "Recent"]
    assert names[-2:] == ["tiny-classes", "tiny"]


def test_a_section_that_cannot_be_read_does_not_keep_the_others_from_the_list(panel, monkeypatch, qtbot, caplog):
    panel, _ = panel
    monkeypatch.setattr(catalog, "fetched", lambda: 1 / 0)
    with qtbot.waitSignal(panel.listed, timeout=1000):
        panel.refresh(AtOnce())
    assert [row.name for row in panel.list.rows() if row.section == "Recent"] == ["tiny-classes", "tiny"]
    assert "division" in caplog.text


def test_a_model_that_cannot_be_drawn_is_not_waited_for(panel, monkeypatch, qtbot):
    panel, compute = panel
    monkeypatch.setattr(catalog, "bundled", list)
    asked = []
    monkeypatch.setattr(compute, "want_thumbnails", lambda channel, recipes: asked.extend(recipes))
    panel.refresh(AtOnce())
    qtbot.waitUntil(lambda: len(asked) == 2)
    compute.thumbnail_ready.emit(asked[0], np.zeros((8, 8, 3), np.uint8))
    assert not panel.complete()
    compute.thumbnail_failed.emit(asked[1])
    assert panel.complete()


def test_neighbours_that_cannot_be_drawn_are_not_waited_for(qtbot, monkeypatch, tiny_checkpoint):
    document, compute = Document(), Compute()
    asked = []
    monkeypatch.setattr(compute, "want_thumbnails", lambda channel, recipes: asked.extend(recipes))
    panel = LatentPanel(document, compute)
    qtbot.addWidget(panel)
    document.open_model(read_header(tiny_checkpoint))
    panel.show_session(document.session)
    panel.show()
    qtbot.waitUntil(lambda: len(asked) == 15)
    for recipe in asked:
        assert not panel.plane.complete()
        compute.thumbnail_failed.emit(recipe)
    assert panel.plane.complete()
    panel.plane.invalidate()
    assert not panel.plane.complete(), "another psi may well be drawn"
