"""Directions are found where they were planted."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganviz import finding
from ganviz.directions import scores
from ganviz.errors import GanvizError
from ganviz.expression import Mapped, Seed
from ganviz.jobs import Offload, Progress, run
from ganviz.latent import seeds
from ganviz.models.base import StagedGenerator
from ganviz.recipe import Recipe
from ganviz.render import load
from ganviz.sampling import Population, sample_latents

FEW = Population(300)


@pytest.fixture(scope="module")
def styles(tiny_stylegan2: Path) -> StagedGenerator:
    return load(tiny_stylegan2, "cpu")


@pytest.fixture(scope="module")
def plain(tiny_checkpoint: Path) -> StagedGenerator:
    return load(tiny_checkpoint, "cpu")


def alignment(one: np.ndarray, other: np.ndarray) -> float:
    return abs(float(one @ other) / float(np.linalg.norm(one) * np.linalg.norm(other)))


# -- the mathematics --------------------------------------------------------------------------------------------------


def test_components_are_the_axes_along_which_samples_were_spread() -> None:
    random = np.random.RandomState(0)
    axes = np.linalg.qr(random.randn(6, 6))[0].T
    spread = np.array([8.0, 4.0, 2.0, 1.0, 0.5, 0.0])
    samples = random.randn(5000, 6) * spread @ axes + 3
    units, shares = finding.components(samples, 6)
    assert len(units) == 5  # nothing is spread along the last
    for k in range(4):
        assert alignment(units[k], axes[k]) > 0.99
    assert shares == pytest.approx(spread[:5] ** 2 / (spread**2).sum(), rel=0.1)
    assert np.all(np.diff(shares) < 0)


def test_components_of_activations_lead_back_to_the_latents_that_made_them() -> None:
    random = np.random.RandomState(1)
    latents = random.randn(400, 5).astype(np.float32)
    way = np.linalg.qr(random.randn(40, 5))[0] * np.array([9.0, 5.0, 3.0, 0.0, 0.0])
    states = (latents @ way.T + 7).astype(np.float32)  # the last two dimensions draw nothing
    units, shares = finding.components_of_activations(states, latents, 5)
    assert len(units) == 3 and shares.sum() == pytest.approx(1, abs=1e-3)
    for k in range(3):
        assert alignment(units[k], np.eye(5)[k]) > 0.95


def test_factorise_finds_the_eigenvectors_of_a_known_matrix() -> None:
    axes = np.linalg.qr(np.random.RandomState(2).randn(4, 4))[0].T
    # Rows are brought to unit length, so that how often an axis is asked for decides, not by what.
    rows = np.concatenate([100 * axes[[0]], axes[[1]].repeat(3, 0), axes[[2]].repeat(2, 0), np.zeros((5, 4))])
    units, shares = finding.factorise([rows[:3], rows[3:]], 4)
    assert shares == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    for unit, axis in zip(units, axes[[1, 2, 0]], strict=True):
        assert alignment(unit, axis) == pytest.approx(1)


def test_the_largest_entry_of_a_direction_is_positive() -> None:
    units = finding.signed(np.array([[0.1, -0.9], [-0.5, 0.5], [0.3, 0.2]]))
    assert units.tolist() == [[-0.1, 0.9], [0.5, -0.5], [0.3, 0.2]]


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_a_boundary_between_separable_sets_is_found_and_holds_for_the_held_out(classifier: str) -> None:
    random = np.random.RandomState(3)
    normal = np.array([2.0, -1.0, 0.0, 0.0, 0.0, 0.0]) / np.sqrt(5)
    samples = random.randn(300, 6)
    labels = (samples @ normal > 0).astype(int)
    unit, accuracy, error, folds = finding.fit_boundary(samples, labels, 1.0, classifier, 0)
    assert unit @ normal > 0.97 and np.linalg.norm(unit) == pytest.approx(1)
    assert accuracy > 0.9 and 0 < error < 0.05 and folds == 5


def test_held_out_accuracy_of_sets_without_a_boundary_is_that_of_chance() -> None:
    random = np.random.RandomState(4)
    # So many dimensions that the sets are always separable: only what is held out tells.
    samples, labels = random.randn(40, 100), np.array([1] * 10 + [0] * 30)
    _, accuracy, error, _ = finding.fit_boundary(samples, labels, 1.0, "svm", 0)
    assert abs(accuracy - 0.5) < 3 * error


# -- with models ------------------------------------------------------------------------------------------------------


def test_components_of_w_are_steps_of_one_sigma_in_order_of_their_variance(styles: StagedGenerator) -> None:
    found = run(finding.find_pca(styles, 5, layers=[2, 0, 2], population=FEW))
    w = run(sample_latents(styles, FEW))
    assert [item.direction.name for item in found] == [f"PCA {k} for 0,2" for k in range(1, 6)]
    for item in found:
        direction = item.direction
        assert (direction.space, direction.origin, direction.layers) == ("w", "PCA", (0, 2))
        assert item.model == styles.ref and "300 samples" in item.note
        assert np.linalg.norm(direction.array) == pytest.approx(direction.sigma, rel=1e-5)
        assert scores(w, direction).std() == pytest.approx(1, rel=1e-5)
        assert direction.array[np.abs(direction.array).argmax()] > 0
    sigmas = [item.direction.sigma for item in found]
    assert sigmas == sorted(sigmas, reverse=True)
    assert found[0].direction.score == pytest.approx(sigmas[0] ** 2 / w.var(axis=0).sum(), rel=1e-4)


def test_without_a_mapping_network_components_are_of_the_first_layer(plain: StagedGenerator) -> None:
    found = run(finding.find_pca(plain, 3, population=FEW))
    assert [item.direction.name for item in found] == ["PCA 1", "PCA 2", "PCA 3"]
    for item in found:
        assert item.direction.space == "z" and item.direction.array.shape == (8,)
        assert 0.7 < item.direction.sigma < 1.3  # z is spread by 1 in every direction


def test_components_of_a_chosen_layer_are_carried_back_to_w(styles: StagedGenerator) -> None:
    found = run(finding.find_pca(styles, 2, activations=1, population=Population(64)))
    assert [item.direction.name for item in found] == ["PCA 1 of 8x8 a", "PCA 2 of 8x8 a"]
    assert found[0].direction.space == "w"


def test_sefa_takes_the_matrices_of_the_layers_asked_for(styles: StagedGenerator) -> None:
    found = run(finding.find_sefa(styles, 3, layers=(1, 4), population=FEW))
    rows = np.concatenate([matrix.numpy() for matrix in styles.style_matrices([1, 4])]).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    for k, item in enumerate(found):
        assert item.direction.name == f"SeFa {k + 1} of 1,4" and item.direction.layers == (1, 4)
        assert alignment(item.direction.array, vectors[:, -1 - k]) == pytest.approx(1)
        assert item.direction.score == pytest.approx(values[-1 - k] / values.sum())


def test_equal_settings_find_equal_directions(styles: StagedGenerator) -> None:
    once, again = (run(finding.find_sefa(styles, 4, population=FEW)) for _ in range(2))
    other = run(finding.find_pca(styles, 4, population=Population(300, first=1000)))
    assert once == again
    assert other != run(finding.find_pca(styles, 4, population=FEW))


def test_a_boundary_is_found_from_marked_pictures(plain: StagedGenerator) -> None:
    z = seeds(range(120), 8)
    liked = [Recipe(plain.ref, Seed(k)) for k in range(120) if z[k, 3] > 0.2]
    disliked = [Recipe(plain.ref, Seed(k)) for k in range(120) if z[k, 3] < -0.2]
    made = run(finding.find_boundary(plain, liked, disliked, "third"))
    direction = made.found.direction
    assert (direction.name, direction.origin, direction.space) == ("third", "labelled", "z")
    assert direction.array.argmax() == 3 and alignment(direction.array, np.eye(8)[3]) > 0.9
    assert direction.score == made.accuracy > 0.85
    assert made.summary.startswith("held-out accuracy") and f"{len(liked)} liked" in made.summary
    assert made.found.note == made.summary


def test_the_other_way_round_a_boundary_leads_back(plain: StagedGenerator) -> None:
    sides = [[Recipe(plain.ref, Seed(k)) for k in some] for some in (range(8), range(20, 28))]
    there = run(finding.find_boundary(plain, *sides)).found.direction
    back = run(finding.find_boundary(plain, *reversed(sides))).found.direction
    assert np.allclose(there.array, -back.array, atol=0.01)


def test_a_boundary_counts_pictures_by_the_latent_that_was_drawn(styles: StagedGenerator) -> None:
    liked = [Recipe(styles.ref, Seed(k)) for k in range(6)]
    disliked = [Recipe(styles.ref, Seed(k), psi=0.5) for k in range(6)]
    made = run(finding.find_boundary(styles, liked, disliked, layers=[1, 2], classifier="logistic"))
    assert made.found.direction.space == "w" and made.found.direction.layers == (1, 2)
    in_z = run(
        finding.find_boundary(styles, liked, [r.edit(latent=Seed(50 + k)) for k, r in enumerate(liked)], space="z")
    )
    assert in_z.found.direction.space == "z"


def test_what_a_boundary_cannot_be_found_from_is_said(styles: StagedGenerator, plain: StagedGenerator) -> None:
    many = [Recipe(styles.ref, Seed(k)) for k in range(12)]
    with pytest.raises(GanvizError, match="at least 5 liked and 5 disliked pictures, got 2 and 6; mark more"):
        run(finding.find_boundary(styles, many[:2] + many[:1], many[6:]))
    with pytest.raises(GanvizError, match="both liked and disliked"):
        run(finding.find_boundary(styles, many[:6], many[5:]))
    with pytest.raises(GanvizError, match="live in z"):
        mapped = [recipe.edit(latent=Mapped(recipe.latent)) for recipe in many]
        run(finding.find_boundary(styles, mapped[:6], mapped[6:], space="z"))
    with pytest.raises(GanvizError, match="no w apart from z"):
        run(finding.find_boundary(plain, many[:6], many[6:], space="w"))
    with pytest.raises(GanvizError, match="does not fit this model"):
        labelled = [recipe.edit(label=(1.0, 0.0)) for recipe in many]
        run(finding.find_boundary(plain, labelled[:6], labelled[6:]))


def test_layers_that_are_not_there_are_refused(styles: StagedGenerator, plain: StagedGenerator) -> None:
    with pytest.raises(GanvizError, match="style inputs 0 to 5, got 6"):
        run(finding.find_sefa(styles, layers=[0, 6]))
    with pytest.raises(GanvizError, match="no style inputs"):
        run(finding.find_pca(plain, layers=[1]))
    with pytest.raises(GanvizError, match="expected 0 to 4, got 9"):
        run(finding.find_pca(styles, activations=9))


def test_all_layers_are_the_same_as_none_named(styles: StagedGenerator) -> None:
    assert run(finding.find_sefa(styles, 1, range(6), FEW)) == run(finding.find_sefa(styles, 1, None, FEW))


def test_a_family_without_matrices_says_so(plain: StagedGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(plain), "style_matrices", StagedGenerator.style_matrices)
    with pytest.raises(GanvizError, match="try PCA"):
        run(finding.find_sefa(plain))


def test_directions_of_conditional_models_leave_the_conditions_alone(
    tiny_conditional: Path, tiny_infogan: Path
) -> None:
    for path, size in ((tiny_conditional, 8), (tiny_infogan, 6)):
        generator = load(path, "cpu")
        for job in (finding.find_pca(generator, 2, population=Population(40)), finding.find_sefa(generator, 2)):
            assert {item.direction.array.shape for item in run(job)} == {(size,)}


def test_a_population_has_its_own_class_or_that_of_each_seed(tiny_conditional: Path) -> None:
    generator = load(tiny_conditional, "cpu")
    own = run(finding.find_pca(generator, 1, population=Population(60, label=(0.0, 1.0, 0.0))))
    drawn = run(finding.find_pca(generator, 1, population=Population(60)))
    assert own != drawn


def test_finding_yields_often_and_fits_aside(styles: StagedGenerator) -> None:
    steps = []
    job = finding.find_pca(styles, 2, population=Population(600))
    answer = None
    while True:
        try:
            step = job.send(answer)
        except StopIteration:
            break
        steps.append(step)
        answer = step() if isinstance(step, Offload) else None
    assert [step.done for step in steps if isinstance(step, Progress)] == [0, 256, 512, 600]
    assert sum(isinstance(step, Offload) for step in steps) == 1
    assert not torch.is_inference_mode_enabled()
