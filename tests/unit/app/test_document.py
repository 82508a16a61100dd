from pathlib import Path

import numpy as np
import pytest

from app.document import Document, fresh_recipe
from ganviz.checkpoint import read_header
from ganviz.edits import LayerNoise, UnitEdit
from ganviz.expression import Seed, Vector
from ganviz.recipe import ModelRef, Noise
from ganviz.session import load_session, save_session
from ganviz.timeline import Timeline
from ganviz.walk import Walk


@pytest.fixture
def document(qapp, tiny_checkpoint: Path) -> Document:
    document = Document()
    document.open_model(read_header(tiny_checkpoint))
    return document


def test_the_first_model_begins_the_history_at_its_card_s_psi(qapp, tiny_conditional: Path) -> None:
    document = Document()
    assert not document.is_open and not document.dirty
    document.open_model(read_header(tiny_conditional))
    assert document.recipe.psi == 0.8 and document.recipe.label == (1.0, 0.0, 0.0)
    assert not document.history.can_undo and not document.dirty


def test_a_drag_is_one_undo_step_and_says_what_changed(document: Document, qtbot) -> None:
    changes = []
    document.changed.connect(lambda old, new: changes.append((old.recipe.psi, new.recipe.psi)))
    for tick in range(20):
        document.edit_recipe("psi", psi=0.5 + tick / 100)
    document.seal()
    assert len(changes) == 20 and len(document.history.past) == 1
    document.undo()
    assert document.recipe.psi == 1.0 and changes[-1] == (0.69, 1.0)
    document.redo()
    assert document.recipe.psi == 0.69


def test_an_edit_meant_for_another_model_does_nothing(document: Document) -> None:
    for wrong in (
        {"codes": (("continuous-1", (1.0,)),)},
        {"label": (1.0, 0.0)},
        {"psis": ((99, 0.5),)},
        {"noise": Noise(layers=(LayerNoise(99, 2.0),))},
        {"units": (UnitEdit(0, (9999,)),)},
    ):
        document.edit_recipe(**wrong)
    assert not document.history.can_undo
    document.open_recipe(document.recipe.edit(codes=(("continuous-1", (1.0,)),)))  # as a foreign file may have it
    document.edit_recipe(codes=())
    assert document.recipe.codes == (), "what does not fit can be mended"


def test_keeping_the_same_picture_twice_keeps_it_once(document: Document) -> None:
    document.keep()
    document.keep()
    assert len(document.session.gallery) == 1
    document.undo()
    assert document.session.gallery == ()


def test_another_model_keeps_the_seed_and_can_be_undone(document: Document, tiny_conditional: Path) -> None:
    document.edit_recipe(latent=Seed(42))
    document.open_model(read_header(tiny_conditional))
    assert document.recipe.latent == Seed(42) and document.spec.num_classes == 3
    document.undo()
    assert document.spec.num_classes == 0


def test_what_does_not_apply_to_another_model_is_dropped(document: Document, tiny_conditional: Path) -> None:
    document.edit_recipe(latent=Vector.of(np.ones(8)), units=(UnitEdit(0, (1,)),))
    header = read_header(tiny_conditional)
    said: list[list[str]] = []
    document.dropped.connect(said.append)
    document.open_model(header)
    assert document.recipe == fresh_recipe(header)
    assert said == [["the latent", "edits of units"]]


def test_opening_the_model_on_screen_changes_nothing(document: Document) -> None:
    document.edit_recipe(psi=0.3)
    document.open_model(document.header)
    assert document.recipe.psi == 0.3 and len(document.history.past) == 1


def test_saving_and_opening_bring_back_everything(document: Document, tmp_path: Path) -> None:
    document.keep()
    document.edit_recipe(latent=Seed(9))
    save_session(tmp_path / "a.ganviz", document.session)
    document.was_saved(tmp_path / "a.ganviz", document.session)
    assert not document.dirty and document.path == tmp_path / "a.ganviz"
    saved = document.session
    document.edit_recipe(latent=Seed(10))
    assert document.dirty
    document.open_session(load_session(tmp_path / "a.ganviz"), tmp_path / "a.ganviz")
    assert document.session == saved and not document.dirty and not document.history.can_undo


def test_what_is_kept_while_something_plays_stays_when_the_way_is_undone(document: Document) -> None:
    document.hold("wander")
    for step in range(1, 31):
        document.edit_recipe("plane", latent=Seed(0, step / 100))
        if step % 10 == 0:
            document.keep()
    document.edit_recipe("plane", latent=Seed(0, 0.31))
    document.edit_recipe("plane", latent=Seed(0, 0.32))
    document.release("wander")
    gallery = document.session.gallery
    assert len(gallery) == 3
    document.undo()
    assert document.session.gallery == gallery and document.recipe.latent == Seed(0, 0.3)
    document.undo()
    assert document.session.gallery == gallery[:2] and document.recipe.latent == Seed(0, 0.3)
    document.undo()
    assert document.session.gallery == gallery[:2] and document.recipe.latent == Seed(0, 0.2)


def test_going_through_snapshots_is_movement_and_opening_a_model_is_not(
    document: Document, tiny_conditional: Path
) -> None:
    other = document.recipe.model
    document.hold("training")
    for name in "abc":
        document.edit_recipe("training", model=ModelRef(name, other.digest))
        document.edit_recipe("psi", psi=document.recipe.psi / 2)
    document.release("something that played before")
    document.edit_recipe("training", model=ModelRef("d", other.digest))
    document.open_model(read_header(tiny_conditional))
    document.undo()
    assert document.recipe.model.name == "d" and document.recipe.psi == 0.125
    document.undo()
    assert document.recipe.model == other and document.recipe.psi == 1.0


def test_a_walk_takes_the_gallery_s_place_in_one_step(document: Document) -> None:
    document.keep()
    before = document.session
    recipes = [document.recipe.edit(latent=Seed(k)) for k in (3, 4)]
    document.edit(timeline=Timeline().put(document.recipe, 50))
    before = document.session
    document.open_walk(recipes, Walk(frames=7))
    assert document.session.keyframes == tuple(recipes), "not those that had been timed before"
    assert [kept.recipe for kept in document.session.gallery] == recipes and document.recipe == recipes[0]
    assert document.session.walk.frames == 7
    document.undo()
    assert document.session == before
