import pytest

from app.panels.training_form import OPEN_GROUPS, TrainingForm
from trainers.watch import TRAINERS


@pytest.fixture
def form(qtbot):
    made = TrainingForm()
    qtbot.addWidget(made)
    qtbot.waitUntil(made.complete, timeout=10_000)
    return made


def choose(form: TrainingForm, arch: str) -> None:
    row = form.arch.findData(arch)
    form.arch.setCurrentIndex(row)
    form.arch.activated.emit(row)


def opened(form: TrainingForm) -> set[str]:
    return {group for group, fold in form._folds.items() if not fold.folded}


def test_groups_open_one_after_the_other(form, qtbot):
    counts = []
    choose(form, "stylegan2")
    assert not form.complete() and not opened(form)
    for fold in form._folds.values():
        fold.opened.connect(lambda: counts.append(len(opened(form))))
    qtbot.waitUntil(form.complete, timeout=10_000)
    assert opened(form) == set(OPEN_GROUPS)
    assert counts == list(range(1, len(OPEN_GROUPS) + 1))


def test_another_family_chosen_before_all_groups_are_open_has_its_own_opened(form, qtbot):
    for arch in TRAINERS:
        choose(form, arch)
    qtbot.waitUntil(lambda: bool(opened(form)), timeout=10_000)
    choose(form, "dcgan")
    qtbot.waitUntil(form.complete, timeout=10_000)
    assert opened(form) == set(OPEN_GROUPS)
    assert form.rows.keys() <= set(form._items)
    assert all(row.isVisibleTo(form) for row in form.rows.values())
