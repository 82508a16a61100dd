import pytest
from PySide6.QtWidgets import QWidget

from app.compute import Compute
from app.document import Document, fresh_recipe
from app.panels import PANELS
from app.panels.models import caption_of, find_models
from ganviz import catalog
from ganviz.checkpoint import read_header
from ganviz.recipe import Seed
from ganviz.session import Kept, Session


@pytest.fixture(params=["tiny_checkpoint", "tiny_conditional"])
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
    assert panel.place in ("left", "right", "bottom") and panel.title and panel.tip
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
