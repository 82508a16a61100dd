"""Workspaces are made before they are visited, and a first look makes next to nothing more."""

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.tab_order import arrange
from app.workspaces import Page

MOST_A_STEP = 130
"""Widgets that one turn may make while nobody waits. A hundred take 10 to 30 ms."""
MOST_AT_FIRST_SIGHT = 4


@pytest.fixture
def ready(story, monkeypatch):
    """A window whose workspaces were made ahead, and how many widgets each step made."""
    made: list[int] = []
    plain = Page.make_ahead

    def counted(page):
        before = len(page.findChildren(QWidget))
        for _ in plain(page):
            inner = page.inner
            placed = inner is None or page.isAncestorOf(inner)
            now = len(page.findChildren(QWidget)) + (0 if placed else len(inner.findChildren(QWidget)) + 1)
            made.append(now - before)
            before = now
            yield

    monkeypatch.setattr(Page, "make_ahead", counted)
    asked: list[object] = []
    for name in ("ask", "start_job"):
        monkeypatch.setattr(story.window.compute, name, lambda *args, **more: asked.append(args))
    story.wait(lambda: story.window.ahead.is_done and made)
    monkeypatch.undo()
    story.made, story.asked = made, asked
    return story


def test_every_workspace_of_use_is_there_before_it_is_visited(ready):
    pages = ready.window.parts.centre.pages
    unmade = [name for name, page in pages.items() if not page.is_made]
    assert all(not page.isVisible() for page in pages.values())
    assert unmade == ["codes"], "the tiny model has none"
    assert max(ready.made) <= MOST_A_STEP, ready.made


def test_making_them_asks_for_nothing(ready):
    assert not ready.asked
    trainings = ready.window.parts.centre.pages["train"].inner.trainings
    assert trainings.is_idle and trainings.folder is None
    assert ready.window.parts.centre.name == "explore" and ready.canvas.hasFocus()


def test_the_first_look_makes_next_to_nothing(ready):
    for name, page in ready.window.parts.centre.pages.items():
        if page.is_made:
            before = len(page.findChildren(QWidget))
            ready.window.show_workspace(name)
            assert page.inner.isVisible()
            assert len(page.findChildren(QWidget)) - before <= MOST_AT_FIRST_SIGHT, name


def test_another_model_brings_the_workspaces_that_it_has_a_use_for(ready, tiny_infogan):
    codes = ready.window.parts.centre.pages["codes"]
    assert not codes.is_made
    ready.window.open(str(tiny_infogan))
    ready.wait(lambda: codes.is_made and ready.window.ahead.is_done)
    assert ready.window.parts.centre.name == "explore"


def test_what_comes_ahead_of_a_workspace_that_is_there_leaves_its_order_of_tab(begin, tiny_infogan):
    story = begin(tiny_infogan)
    window, whole = story.window, story.window.parts.whole
    window.ahead.stop()
    window.show_workspace("codes")
    arrange(whole)
    for page in window.parts.centre.pages.values():
        for _ in page.make_ahead():
            pass
        order, chain = arrange(whole), [whole]
        while (following := chain[-1].nextInFocusChain()) is not whole:
            chain.append(following)
        place = {widget: k for k, widget in enumerate(chain)}
        assert [place[widget] for widget in order] == sorted(place[widget] for widget in order), page.workspace.name


class Counted(QLabel):
    """Text that counts how often it is asked for its height."""

    asked = 0

    def heightForWidth(self, width: int) -> int:
        Counted.asked += 1
        return super().heightForWidth(width)


def test_the_texts_of_a_page_are_laid_out_a_few_times_when_it_comes_to_the_front(ready):
    window = ready.window
    text = Counted("A long text. " * 50)
    text.setWordWrap(True)
    window.parts.centre.pages["layers"].layout().insertWidget(0, text)
    Counted.asked = 0
    for name in ("layers", "compare", "layers"):
        window.show_workspace(name)
        ready.settle()
        QApplication.processEvents()
    assert Counted.asked <= 10, "they were once asked 114 times"
