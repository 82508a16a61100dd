"""Somebody uses the window without a mouse."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from app.panels import WORKSPACES


def tabbed(story, first: str) -> list[QWidget]:
    """What Tab leads to, from the widget of that name until it comes round."""
    start = story.find(first)
    start.setFocus()
    found = [start]
    while len(found) < 400:
        story.qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is start:
            return found
        found.append(QApplication.focusWidget())
    raise AssertionError([widget.objectName() for widget in found[-40:]])


def one_of_several(widget: QWidget) -> bool:
    """Whether arrow keys lead to it from its like, as to radio buttons."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group is not None and group.exclusive()


@pytest.mark.parametrize(("model", "codes"), [("tiny_stylegan2", False), ("tiny_infogan", True)])
def test_tab_goes_through_every_workspace_as_it_is_read(begin, model, codes, request):
    story = begin(request.getfixturevalue(model))
    window, areas = story.window, story.window.parts.areas
    window.parts.cards["dimensions"].set_folded(True)
    for workspace in [item for item in WORKSPACES if (item.name == "codes") == codes]:
        window.show_workspace(workspace.name)
        page = window.parts.centre.page
        if page is not None and page.inner is not None:
            story.wait(page.inner.complete)
        found = tabbed(story, "open")
        places = [next(k for k, area in enumerate(areas) if area.isAncestorOf(widget)) for widget in found]
        assert places == sorted(places), [widget.objectName() for widget in found]
        reached = {widget.objectName() for widget in found}
        for area in areas:
            for widget in area.findChildren(QWidget):
                if (
                    widget.isVisible()
                    and widget.isEnabled()
                    and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
                    and widget.focusProxy() is None
                    and not one_of_several(widget)
                ):
                    assert widget.objectName() in reached, f"{workspace.name}: {widget.objectName()}"


def test_keys_lead_from_part_to_part_and_from_workspace_to_workspace(story):
    window = story.window
    story.canvas.setFocus()
    for key, area in (("area-next", 3), ("area-next", 4), ("area-next", 0), ("area-previous", 4), ("area-previous", 3)):
        window.actions_by_id[key].trigger()
        assert window.parts.areas[area].isAncestorOf(QApplication.focusWidget())
    names = [workspace.name for workspace in WORKSPACES]
    window.actions_by_id["workspace-next"].trigger()
    assert window.parts.centre.name == names[1] and story.find("workspaces").currentIndex() == 1
    window.actions_by_id["workspace-previous"].trigger()
    window.actions_by_id["workspace-previous"].trigger()
    assert window.parts.centre.name == names[-1]


def test_the_order_of_tab_is_not_looked_for_where_a_workspace_with_the_focus_is_left(story, monkeypatch):
    looked = []
    monkeypatch.setattr("app.window.arrange", lambda whole, known: looked.append(whole) or known)
    story.canvas.setFocus()
    for name in ("mix", "explore"):
        story.window.show_workspace(name)
        assert story.window.parts.centre.currentWidget() is QApplication.focusWidget()
    assert not looked
