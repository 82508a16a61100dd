import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from torch.nn import functional as F

from ganviz import checkpoint, drawing, places, readout
from ganviz.edits import Direction, LayerNoise, Mix, Move, UnitEdit
from ganviz.errors import GanvizError
from ganviz.expression import Lerp, Mapped, Mean, Offset, Seed
from ganviz.frames import Frame
from ganviz.models.base import State
from ganviz.models.stylegan2 import Generator, StyleGAN2Config
from ganviz.recipe import Noise, Recipe, class_weights
from ganviz.render import Renderer
from ganviz.spec import Card


@pytest.fixture(autouse=True)
def previews_of_tiny_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """At every stage that has one, however fast this machine is."""
    monkeypatch.setattr(readout, "LEAST", 4)
    monkeypatch.setattr(drawing, "BETTER_S", 0.0)
    monkeypatch.setattr(drawing, "FINER", 2)


@pytest.fixture
def renderer() -> Renderer:
    return Renderer("cpu")


@pytest.fixture
def stages(renderer: Renderer, tiny_stylegan2: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The stages of the tiny StyleGAN2 that were run since it was emptied."""
    generator = renderer.load(tiny_stylegan2)
    step, ran = generator.step, []
    monkeypatch.setattr(generator, "step", lambda k, *arguments: (ran.append(k), step(k, *arguments))[1])
    return ran


def frames_of(renderer: Renderer, recipe: Recipe, within: float | None = 0.0) -> list[Frame]:
    """All frames of a drawing."""
    begun, frames = renderer.drawing(recipe, within), []
    while not begun.done:
        frame = begun.step()
        if frame is not None:
            frames.append(frame)
    return frames


def learnt(renderer: Renderer, path: Path) -> Renderer:
    """The renderer, which has learnt to draw previews of a model."""
    recipe = Recipe(renderer.load(path).ref)
    renderer.render(recipe)
    lesson = renderer.learning(recipe, within=0.0)
    assert lesson is not None
    for _ in lesson:
        pass
    return renderer


def test_a_preview_comes_first_and_then_the_very_picture_that_is_drawn_in_one_go(
    renderer: Renderer, tiny_stylegan2: Path
) -> None:
    recipe = Recipe(renderer.load(tiny_stylegan2).ref, Seed(3), psi=0.7)
    first, *others, last = frames_of(renderer, recipe)
    assert first.pixels.shape == (4, 4, 3) and not first.exact and first.side == 16
    assert [frame.pixels.shape[0] for frame in others] == [8] and not others[0].exact
    assert last.exact and last.recipe == recipe
    assert np.array_equal(last.pixels, Renderer("cpu").render(Recipe(str(tiny_stylegan2), Seed(3), psi=0.7)).pixels)


def test_with_time_enough_there_is_no_preview(renderer: Renderer, tiny_stylegan2: Path) -> None:
    recipe = Recipe(str(tiny_stylegan2))
    renderer.render(recipe)  # how long it takes is known
    for within in (None, 60.0):
        assert [frame.exact for frame in frames_of(renderer, recipe.edit(psi=0.5), within)] == [True]


def test_the_last_preview_that_comes_in_time_is_taken(renderer: Renderer, tiny_stylegan2: Path) -> None:
    recipe = Recipe(str(tiny_stylegan2))
    renderer.render(recipe)
    pace = renderer._loaded(recipe.model).pace
    pace.seconds = {**dict.fromkeys("0123", 1.0), "4": 600.0, "picture": 1.0}
    assert [frame.pixels.shape[0] for frame in frames_of(renderer, recipe.edit(psi=0.5), 30.0)] == [8, 16]
    pace.seconds = {**dict.fromkeys("0123", 1.0), "1": 50.0, "4": 600.0, "picture": 1.0}
    assert frames_of(renderer, recipe.edit(psi=0.6), 30.0)[0].pixels.shape[0] == 4


def ref_of(path: Path) -> Recipe:
    return Recipe(str(path), Seed(1), psi=0.8)


DIRECTION = Direction.of(np.ones(8, np.float32), "w", name="up")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"psis": ((5, 0.2),)}, [4]),
        ({"mixes": (Mix(Seed(9), (3,)),)}, [2, 3, 4]),  # the head of the layer before reads it too
        ({"moves": (Move(DIRECTION, 2.0, (4, 5)),)}, [4]),
        ({"noise": Noise(layers=(LayerNoise(4, 0.5),))}, [4]),
        ({"units": (UnitEdit(3, (0,), 0.0),)}, [3, 4]),
        ({"noise": Noise("none")}, [0, 1, 2, 3, 4]),
        ({"latent": Seed(2)}, [0, 1, 2, 3, 4]),
        ({"psi": 0.3}, [0, 1, 2, 3, 4]),
    ],
)
def test_only_the_stages_that_an_edit_touches_are_run_and_the_picture_is_the_same(
    renderer: Renderer, tiny_stylegan2: Path, stages: list[int], changes: dict, expected: list[int]
) -> None:
    recipe = ref_of(tiny_stylegan2)
    renderer.render(recipe)
    renderer.render(recipe.edit(**changes))  # where the edit begins is known from now on
    renderer.render(recipe)
    stages.clear()
    again = renderer.render(recipe.edit(**changes))
    assert stages == expected
    assert np.array_equal(again.pixels, Renderer("cpu").render(recipe.edit(**changes)).pixels)


def test_the_first_edit_of_the_last_two_layers_reuses_what_is_before_them(
    renderer: Renderer, tiny_stylegan2: Path, stages: list[int]
) -> None:
    recipe = ref_of(tiny_stylegan2)
    renderer.render(recipe)
    stages.clear()
    renderer.render(recipe.edit(mixes=(Mix(Seed(9), (4, 5)),)))
    assert min(stages) >= 3


def test_pictures_are_right_whatever_was_drawn_or_given_up_before(
    renderer: Renderer, tiny_stylegan2: Path, stages: list[int]
) -> None:
    chance = random.Random(1)
    recipe, begun = ref_of(tiny_stylegan2), []
    choices = [
        lambda k: {"psis": ((k % 6, chance.random()),)},
        lambda k: {"mixes": (Mix(Seed(k), (k % 6,), chance.random()),)},
        lambda k: {"moves": (Move(DIRECTION, chance.random(), (k % 6,)),)},
        lambda k: {"noise": Noise("random", k % 3, (LayerNoise(k % 5, chance.random()),))},
        lambda k: {"noise": Noise("random", k, average=2)},
        lambda k: {"units": (UnitEdit(k % 5, (0, 1), chance.random()),)},
        lambda k: {"latent": Offset(Seed(k), ((1, 0.5),))},
        lambda k: {"psi": chance.random()},
    ]
    for k in range(60):
        recipe = recipe.edit(**chance.choice(choices)(k))
        begun.append(renderer.drawing(recipe, 0.0))
        for _ in range(chance.randrange(8)):
            chance.choice(begun).step()  # some of them older ones that go on
        if k % 4 == 0:
            assert np.array_equal(begun[-1].finish().pixels, Renderer("cpu").render(recipe).pixels), recipe
    assert stages.count(0) < stages.count(4) * 2, "something was reused"


def test_families_without_pictures_on_the_way_learn_to_read_some(renderer: Renderer, tiny_checkpoint: Path) -> None:
    recipe = Recipe(renderer.load(tiny_checkpoint).ref, Seed(100))
    assert [frame.exact for frame in frames_of(renderer, recipe)] == [True]
    learnt(renderer, tiny_checkpoint)
    assert renderer.learning(recipe, within=0.0) is None, "there is nothing left to learn"
    frames = frames_of(renderer, recipe.edit(latent=Seed(101)))
    assert [(frame.pixels.shape[0], frame.exact) for frame in frames] == [(4, False), (8, False), (16, True)]


def test_previews_of_the_bundled_faces_are_near_what_they_become(renderer: Renderer) -> None:
    path = places.resources() / "models" / "faces-dcgan.safetensors"
    frames = frames_of(learnt(renderer, path), Recipe(renderer.load(path).ref, Seed(100)))
    exact = frames[-1].pixels
    for frame in frames[-3:-1]:
        side = frame.pixels.shape[0]
        own = exact.reshape(side, 64 // side, side, 64 // side, 3).mean((1, 3))
        assert np.square(frame.pixels - own).mean() < 0.5 * own.var((0, 1)).mean()


def test_a_readout_finds_what_is_in_the_activations(renderer: Renderer, tiny_checkpoint: Path) -> None:
    generator = renderer.load(tiny_checkpoint)
    readouts = readout.Readouts(generator.spec)
    torch.manual_seed(0)
    mixing = 0.05 * torch.randn(3, generator.spec.layers[1].channels)

    def example() -> tuple[State, torch.Tensor]:
        x = torch.randn(1, mixing.shape[1], 8, 8)
        return State(x), torch.einsum("dc,nchw->ndhw", mixing, x) + 0.1

    for _ in range(4):
        state, image = example()
        readouts.learn(1, state, F.interpolate(image, 16))
        readouts.fit()
    state, image = example()
    assert (readouts.image(1, state, generator) - image).abs().max() < 0.02


def test_what_was_learnt_is_kept_between_runs_and_made_again_where_it_is_damaged(tiny_checkpoint: Path) -> None:
    def fresh() -> tuple[Renderer, readout.Readouts]:
        renderer = Renderer("cpu")
        renderer.keep_measurements()
        return renderer, renderer._loaded(str(tiny_checkpoint)).readouts

    renderer, _ = fresh()
    learnt(renderer, tiny_checkpoint)
    _, kept = fresh()
    assert kept.is_learnt and kept.available
    path = kept.path
    assert path is not None
    whole = path.read_bytes()
    np.savez(path, stage_0=np.zeros((3, 3), np.float32), stage_1=np.zeros((3, 3), np.float32))
    for damaged in (path.read_bytes(), whole[: len(whole) // 2], b"", b"PK\x03\x04nonsense"):
        path.write_bytes(damaged)
        _, found = fresh()
        assert not found.is_learnt and not found.available
    assert path.read_bytes() == b"PK\x03\x04nonsense"


def test_colours_of_previews_follow_the_exact_picture_nearby(renderer: Renderer, tiny_stylegan2: Path) -> None:
    recipe = Recipe(str(tiny_stylegan2), Seed(5))
    before, *_, exact = frames_of(renderer, recipe)
    after, *_ = frames_of(renderer, recipe)
    mean = exact.pixels.mean((0, 1))
    assert np.abs(after.pixels.mean((0, 1)) - mean).sum() < np.abs(before.pixels.mean((0, 1)) - mean).sum()


def test_states_are_counted_in_the_memory_budget(tiny_stylegan2: Path, make_checkpoint: Callable[..., Path]) -> None:
    generous = Renderer("cpu")
    recipe = ref_of(tiny_stylegan2)
    generous.render(recipe)
    loaded = generous._loaded(recipe.model)
    assert loaded.reuse.bytes > 0 and loaded.bytes == loaded.weights + loaded.reuse.bytes
    tight = Renderer("cpu", budget=loaded.weights)
    tight.render(recipe)
    assert tight._loaded(recipe.model).reuse.bytes == 0
    other = make_checkpoint("other")
    size = generous.load(other) and generous._loaded(str(other)).weights
    both = Renderer("cpu", budget=loaded.weights + size)
    both.render(recipe)
    both.load(other)
    assert len(both._models) == 2 and both._models[loaded.generator.ref.digest].reuse.bytes == 0


def test_one_aside_leaves_the_states_alone(renderer: Renderer, tiny_stylegan2: Path, stages: list[int]) -> None:
    recipe = ref_of(tiny_stylegan2)
    renderer.render(recipe)
    aside = renderer.drawing(recipe.edit(latent=Seed(7)), aside=True).finish()
    assert np.array_equal(aside.pixels, Renderer("cpu").render(recipe.edit(latent=Seed(7))).pixels)
    stages.clear()
    renderer.render(recipe.edit(psis=((5, 0.0),)))
    assert min(stages) >= 3


def test_a_recipe_that_does_not_fit_is_told_at_its_first_step(renderer: Renderer, tiny_checkpoint: Path) -> None:
    with pytest.raises(GanvizError, match="does not fit"):
        renderer.drawing(Recipe(str(tiny_checkpoint), label=(1.0,))).step()


def test_mapping_and_sums_of_directions_are_worked_out_once(
    renderer: Renderer, tiny_stylegan2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = renderer.load(tiny_stylegan2)
    mapping, mapped = generator.mapping, []
    monkeypatch.setattr(generator, "mapping", lambda *arguments: (mapped.append(1), mapping(*arguments))[1])
    recipe = ref_of(tiny_stylegan2).edit(mixes=(Mix(Seed(9), (1,)),))
    for k in range(10):
        changed = recipe.edit(psi=0.1 * k, moves=(Move(DIRECTION, 0.1 * k),))
        assert np.array_equal(renderer.render(changed).pixels, Renderer("cpu").render(changed).pixels)
    assert len(mapped) == 2


def test_what_a_latent_is_made_of_is_worked_out_once(
    renderer: Renderer, tiny_stylegan2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = renderer.load(tiny_stylegan2)
    renderer.render(ref_of(tiny_stylegan2).edit(latent=Offset(Mapped(Seed(0)), ((1, 1.0),))))  # the deviation of w
    mapping, mapped = generator.mapping, []
    monkeypatch.setattr(generator, "mapping", lambda *arguments: (mapped.append(1), mapping(*arguments))[1])
    ends = Mapped(Seed(1)), Mapped(Seed(2))
    for k in range(10):
        renderer.render(ref_of(tiny_stylegan2).edit(latent=Offset(Lerp(*ends, 0.1 * k), ((1, 0.1 * k),))))
    assert len(mapped) == 2


@pytest.fixture
def conditional_stylegan2(tmp_path: Path) -> Path:
    config = StyleGAN2Config(
        resolution=8, z_dim=6, w_dim=6, mapping_layers=2, base_channels=4, max_channels=8, num_classes=3
    )
    torch.manual_seed(1)
    path = tmp_path / "classes.safetensors"
    checkpoint.save(path, Generator(config), Card(name="classes", title="Classes", licence="CC0"))
    return path


@pytest.mark.parametrize("model", ["tiny_conditional", "conditional_stylegan2"])
def test_parts_that_are_remembered_go_with_their_class_and_moves(
    renderer: Renderer, model: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(model)
    spec = renderer.load(path).spec
    step = Direction.of(np.linspace(-1, 1, spec.z_dim, dtype=np.float32), "z")
    plain = ref_of(path).edit(latent=Mean((Seed(1), Seed(2))))
    latents = [plain.latent, Lerp(Seed(1), Seed(3), 0.5), Offset(Mean((Seed(1), Seed(3))), ((0, 1.0),))]
    if spec.has_mapping:
        latents += [Mean((Mapped(Seed(1)), Mapped(Seed(2)))), Offset(Mapped(Seed(1)), ((0, 1.0),))]
    labels = [class_weights(k, spec.num_classes) for k in range(2)]
    recipes = [
        plain.edit(latent=latent, label=label, moves=moves)
        for latent in latents
        for label in labels
        for moves in ((), (Move(step, 1.5),), (Move(step, -1.0),))
    ]
    for recipe in random.Random(2).sample(recipes * 2, 2 * len(recipes)):
        assert np.array_equal(renderer.render(recipe).pixels, Renderer("cpu").render(recipe).pixels), recipe


@pytest.mark.timeout(600)
def test_memory_after_ten_thousand_renders_is_that_after_a_hundred(
    renderer: Renderer, make_checkpoint: Callable[..., Path]
) -> None:
    path = make_checkpoint("smallest", base_channels=4)
    recipe = Recipe(learnt(renderer, path).load(path).ref)
    process = psutil.Process()
    for k in range(10_000):
        edited = recipe.edit(latent=Seed(k // 20), units=(UnitEdit(2, (0,), k / 10_000),))
        renderer.drawing(edited, None if k % 10 else 0.0).finish()
        if k == 100:
            before = process.memory_info().rss
    assert process.memory_info().rss - before < 3e6
