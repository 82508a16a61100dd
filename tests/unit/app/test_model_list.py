import pytest
from PySide6.QtCore import Qt

from app.widgets.model_list import ModelList, ModelRow

ROWS = (
    ModelRow("a", "Bundled", "faces-dcgan", "DCGAN · 64 px", "non-commercial", "Faces"),
    ModelRow("b", "Bundled", "fashion-dcgan", "DCGAN · 32 px", "MIT"),
    ModelRow("c", "Recent", "my-cats", "DCGAN · 64 px"),
)


@pytest.fixture
def models(qtbot):
    models = ModelList()
    qtbot.addWidget(models)
    models.resize(226, 500)
    models.set_rows(ROWS)
    models.show()
    qtbot.waitExposed(models)
    return models


def entries(models: ModelList) -> list[str]:
    return [e if isinstance(e, str) else e.name for e in map(models.entry, range(models.list.model().rowCount()))]


def test_rows_stand_under_their_sections(models):
    assert models.objectName() == "model-browser"
    assert entries(models) == ["Bundled", "faces-dcgan", "fashion-dcgan", "Recent", "my-cats"]


def test_a_click_and_enter_open_a_model_but_not_a_heading(models, qtbot, heard):
    ears = heard(key=models.activated)
    view = models.list

    def click(row: int) -> None:
        place = view.visualRect(view.model().index(row, 0)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    click(2)
    click(0)
    assert ears.of("key") == [("b",)]
    view.setCurrentIndex(view.model().index(2, 0))
    qtbot.keyClick(view, Qt.Key.Key_Down)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert ears.of("key") == [("b",), ("c",)]


def test_search_looks_in_names_and_captions(models, qtbot):
    qtbot.keyClicks(models.search, "64 dcgan")
    assert entries(models) == ["Bundled", "faces-dcgan", "Recent", "my-cats"]
    models.search.setText("zebra")
    assert entries(models) == []
    assert "zebra" in models._nothing.text()


def test_the_licence_of_the_open_model_is_shown(models):
    models.set_current("a")
    assert models.info.text() == "Licence: non-commercial" and models.info.isVisible()
    models.set_current("c")
    assert not models.info.isVisible()


def test_missing_thumbnails_are_asked_for_once(models, qtbot, picture):
    with qtbot.waitSignal(models.needed) as asked:
        models.set_rows((*ROWS, ModelRow("d", "Recent", "dogs")))
    assert "d" in asked.args[0]
    models.set_picture("a", picture(1))
    assert models.pictures() == {"a"}
    models.set_rows(ROWS[1:])
    assert models.pictures() == set()
    models.grab()


def test_an_empty_list_says_what_to_do(models):
    models.set_rows(())
    assert "Ctrl+O" in models._nothing.text() and models._nothing.isVisible()
