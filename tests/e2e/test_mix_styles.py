"""Somebody mixes styles, changes noise and truncates layer by layer, on the cards beside the picture."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDropEvent

from app.exporting import Wish
from app.widgets.recipe_mime import to_mime
from ganviz import cli
from ganviz.edits import LayerNoise, Mix
from ganviz.expression import Seed
from ganviz.recipe import Noise, describe
from ganviz.render import Renderer
from ganviz.session import read_png


@pytest.fixture
def styled(begin, tiny_stylegan2):
    """The window on the tiny StyleGAN2 (6 style inputs, 5 layers with noise)."""
    return begin(tiny_stylegan2)


@pytest.fixture(scope="module")
def draw(tiny_stylegan2):
    """A function from a recipe to its pixels, drawn without a window."""
    renderer = Renderer("cpu")
    renderer.load(tiny_stylegan2)
    return lambda recipe: renderer.render(recipe).pixels


def test_a_check_box_a_layer_takes_styles_from_seed_1000(styled, draw):
    first = styled.pixels().copy()
    assert styled.find("mix-seed").value() == 1000 and not styled.find("mix-remove").isEnabled()
    for layer in range(6):
        styled.find(f"mix-layer-{layer}").setChecked(True)
    styled.settle()
    assert styled.recipe.mixes == (Mix(Seed(1000), (0, 1, 2, 3, 4, 5)),)
    assert np.array_equal(styled.pixels(), draw(styled.recipe.edit(latent=Seed(1000), mixes=())))
    assert len(styled.document.history.past) == 6, "a step a check box"
    for _ in range(6):
        styled.click("undo")
    styled.settle()
    assert np.array_equal(styled.pixels(), first)
    assert not styled.find("mix-layer-0").isChecked()
    assert not styled.find("mix-layer-6").isVisible(), "a layer that the model does not have"


def test_group_buttons_blend_and_a_second_source_make_one_recipe(styled, draw):
    styled.click("mix-coarse")
    styled.find("mix-blend").setValue(0.5)
    styled.click("mix-add")
    assert styled.find("mix-seed").value() == 1001 and not styled.find("mix-layer-0").isChecked()
    styled.find("mix-layer-5").setChecked(True)
    styled.find("mix-seed").setValue(7)
    styled.settle()
    assert styled.recipe.mixes == (Mix(Seed(1000), (0, 1), 0.5), Mix(Seed(7), (5,)))
    assert np.array_equal(styled.pixels(), draw(styled.recipe))
    assert "layers 0-1 from 50% of seed 1000" in styled.find("recipe").text()
    strip = styled.find("mix-sources")
    assert [item.caption for item in strip.items()] == ["coarse", "5"]
    styled.wait(lambda: len(strip.pictures()) == 2)
    strip.activated_at.emit(0)
    assert styled.find("mix-blend").value() == 0.5 and styled.find("mix-coarse").isChecked()
    styled.click("mix-coarse")
    assert styled.recipe.mixes[0].layers == ()
    styled.click("mix-remove")
    assert styled.recipe.mixes == (Mix(Seed(7), (5,)),)
    styled.click("mix-reset")
    assert styled.recipe.mixes == () and styled.find("mix-seed").value() == 1000


def test_sources_are_put_in_another_order_by_dragging(styled):
    styled.click("mix-fine")
    styled.click("mix-add")
    styled.find("mix-layer-4").setChecked(True)
    styled.find("mix-sources").moved.emit(1, 0)
    assert [mix.latent for mix in styled.recipe.mixes] == [Seed(1001), Seed(1000)]


def test_a_picture_that_is_dropped_becomes_a_source(styled):
    card = styled.find("mix-card")
    mime = to_mime((styled.recipe.edit(latent=Seed(5), mixes=(Mix(Seed(9), (0,)),)),))
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    card.dropEvent(event)
    assert [mix.latent for mix in styled.recipe.mixes] == [Seed(1000), Seed(5)]
    assert "stays behind" in styled.message
    styled.find("mix-layer-2").setChecked(True)
    assert styled.recipe.mixes[1].layers == (2,)


def test_dragging_the_blend_is_one_step_and_leaves_the_thumbnails_alone(styled):
    styled.click("mix-middle")
    strip, blend = styled.find("mix-sources"), styled.find("mix-blend")
    settling = styled.window.parts.cards["mix"]._settle
    styled.wait(lambda: len(strip.pictures()) == 1 and styled.window.compute.is_idle and not settling.isActive())
    asked = []
    real = styled.window.compute.want_thumbnails
    styled.window.compute.want_thumbnails = lambda channel, recipes: (asked.append(channel), real(channel, recipes))
    steps = len(styled.document.history.past)
    middle = blend.rect().center()
    styled.drag(blend, middle, *(middle.__class__(middle.x() - k, middle.y()) for k in range(1, 20)))
    styled.settle()
    assert len(styled.document.history.past) == steps + 1
    assert "mix-sources" not in asked


def test_noise_is_switched_off_seeded_averaged_and_set_by_layer(styled, draw):
    first = styled.pixels().copy()
    mode = styled.find("noise-mode")
    assert [mode.itemText(k) for k in range(mode.count())] == ["const", "none", "random"]
    assert not styled.find("noise-seed").isEnabled()
    mode.setCurrentText("none")
    styled.settle()
    assert not np.array_equal(styled.pixels(), first)
    mode.setCurrentText("random")
    styled.find("noise-seed").setValue(4)
    styled.find("noise-average").setValue(3)
    styled.click("noise-layers-fold")
    assert [styled.find(f"noise-layer-{k}-on").text() for k in range(3)] == ["4 b", "8 a", "8 b"]
    styled.find("noise-layer-1").setValue(0.5)
    styled.find("noise-layer-3-on").click()
    seed = styled.find("noise-layer-4-seed")
    seed.setText("7")
    seed.editingFinished.emit()
    styled.settle()
    layers = (LayerNoise(1, 0.5), LayerNoise(3, 0.0), LayerNoise(4, 1.0, 7))
    assert styled.recipe.noise == Noise("random", 4, layers, 3)
    assert np.array_equal(styled.pixels(), draw(styled.recipe))
    styled.find("noise-layer-3-on").click()
    assert styled.recipe.noise.layers == (LayerNoise(1, 0.5), LayerNoise(4, 1.0, 7))
    styled.click("noise-reset")
    styled.settle()
    assert styled.recipe.noise == Noise() and np.array_equal(styled.pixels(), first)
    assert seed.text() == "" and styled.find("noise-layer-1").value() == 1.0


def test_cutoff_and_layers_with_a_psi_of_their_own(styled, draw):
    styled.find("psi").setValue(0.2)
    cutoff = styled.find("cutoff")
    assert cutoff.value() == 6
    cutoff.setValue(2)
    styled.click("psi-layers-fold")
    assert styled.find("psi-layer-1").value() == 0.2 and styled.find("psi-layer-2").value() == 1.0
    styled.find("psi-layer-5").setValue(0.0)
    styled.settle()
    assert styled.recipe.cutoff == 2 and styled.recipe.psis == ((5, 0.0),)
    assert np.array_equal(styled.pixels(), draw(styled.recipe))
    styled.find("psi-layer-5").setValue(1.0)
    assert styled.recipe.psis == (), "as the others are"
    cutoff.setValue(6)
    assert styled.recipe.cutoff is None
    styled.find("psi-layer-0").setValue(-1.0)
    styled.click("truncation-reset")
    assert (styled.recipe.psi, styled.recipe.psis) == (0.7, ())


def test_cards_show_only_where_the_model_has_what_they_need(styled, tiny_checkpoint):
    styled.find("psi").setValue(0.5)
    styled.click("mix-coarse")
    styled.find("noise-mode").setCurrentText("none")
    styled.window.open(str(tiny_checkpoint))
    styled.wait(lambda: styled.recipe.model.name == "tiny")
    styled.settle()
    assert not any(styled.find(name).isVisible() for name in ("mix-card", "noise-card", "cutoff", "psi-layers"))
    assert styled.find("psi").value() == 0.5 and styled.recipe.mixes == ()
    assert "style mix" in styled.message and "noise" in styled.message
    styled.click("undo")
    styled.settle()
    assert styled.find("mix-coarse").isChecked() and styled.find("noise-mode").currentText() == "none"


def test_what_was_mixed_is_saved_exported_and_rendered_to_the_same_pixels(styled, begin, tmp_path):
    styled.click("mix-middle")
    styled.find("mix-blend").setValue(0.7)
    styled.find("noise-mode").setCurrentText("random")
    styled.find("cutoff").setValue(3)
    styled.settle()
    recipe, pixels = styled.recipe, styled.pixels().copy()
    styled.save(tmp_path / "a.ganviz")
    styled.window.exporter.write_image(Wish(str(tmp_path / "a.png"), None, "high", True), styled.canvas.frame)
    styled.wait(lambda: (tmp_path / "a.png").exists())
    styled.window.stop()
    assert read_png(tmp_path / "a.png") == recipe
    assert cli.main(["render", str(tmp_path / "a.ganviz"), "--out", str(tmp_path / "b.png")]) == 0
    assert cli.main(["render", str(tmp_path / "a.png"), "--out", str(tmp_path / "c.png")]) == 0
    again = begin(tmp_path / "a.ganviz")
    assert again.recipe == recipe and np.array_equal(again.pixels(), pixels)
    assert again.find("mix-middle").isChecked() and again.find("mix-blend").value() == 0.7
    for name in ("a.png", "b.png", "c.png"):
        assert np.array_equal(np.asarray(Image.open(tmp_path / name)), pixels)


def test_randomise_can_cut_the_normal_distribution_and_remembers_where(styled, begin, tiny_stylegan2):
    styled.find("truncated-normal").setChecked(True)
    styled.find("within").setValue(0.3)
    styled.click("randomise")
    styled.settle()
    latent = styled.recipe.latent
    assert latent == Seed(latent.seed, within=0.3) and styled.recipe.psi == 0.7
    assert "within 0.3" in describe(styled.recipe)
    plane = styled.find("seed-plane")
    styled.wait(plane.complete)
    plane.point_changed.emit(1.0, 0.0)
    assert styled.recipe.latent == Seed(latent.seed + 1, within=0.3), "neighbours are cut alike"
    styled.find("seed").setValue(5)
    assert styled.recipe.latent == Seed(5), "a typed seed is what it is elsewhere"
    styled.window.stop()
    again = begin(tiny_stylegan2)
    assert again.find("truncated-normal").isChecked() and again.find("within").value() == 0.3
    again.find("truncated-normal").setChecked(False)
    again.click("random-seed")
    assert again.recipe.latent.within is None
