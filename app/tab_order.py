"""The order in which Tab goes through a window: as it is read, wherever and whenever a widget was made.

Qt appends a widget to the order when it is made, so that pages, trays and sliders that come later would follow
everything that was there before. Here the layouts say what is read after what.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGridLayout,
    QLayout,
    QScrollArea,
    QSplitter,
    QWidget,
)


def reading_order(whole: QWidget) -> list[QWidget]:
    """The widgets inside `whole` that can have the focus, hidden ones too, in the order of its layouts.

    Widgets that stand in no layout keep the order that they have.
    """
    chain: dict[QWidget, int] = {}
    widget = whole.nextInFocusChain()
    while widget is not None and widget is not whole:
        chain[widget] = len(chain)
        widget = widget.nextInFocusChain()
    return [widget for widget in _inside(whole, chain) if _taker(widget).focusPolicy() != Qt.FocusPolicy.NoFocus]


def arrange(whole: QWidget, known: Sequence[QWidget] = ()) -> list[QWidget]:
    """Let Tab go through `whole` in reading order, and return that; nothing is done where it is `known`."""
    order = reading_order(whole)
    if order != known:
        # Qt would leave a widget where it is that takes no focus but hands it on to one inside it, and what comes
        # after that would come after the wrong place. So for the moment these are ones that take it.
        handing_on = [
            (widget, proxy)
            for widget in order
            if (proxy := widget.focusProxy()) is not None and widget.focusPolicy() == Qt.FocusPolicy.NoFocus
        ]
        for widget, _ in handing_on:
            widget.setFocusProxy(None)  # type: ignore[arg-type]
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)
        for widget, proxy in handing_on:
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            widget.setFocusProxy(proxy)
    return order


def next_area(areas: Sequence[QWidget], step: int) -> None:
    """Give the focus to the first widget of the next area that has one which can take it, or, for -1, the one before.

    Areas are gone through in a circle, from the one that has the focus.
    """
    focused = QApplication.focusWidget()
    here = next((k for k, area in enumerate(areas) if focused is not None and area.isAncestorOf(focused)), -step)
    for distance in range(1, len(areas) + 1):
        for widget in reading_order(areas[(here + distance * step) % len(areas)]):
            if _taker(widget).focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
                widget.setFocus(Qt.FocusReason.TabFocusReason)
                return


def _taker(widget: QWidget) -> QWidget:
    proxy = widget.focusProxy()
    return proxy if proxy is not None and widget.isAncestorOf(proxy) else widget


def _inside(widget: QWidget, chain: dict[QWidget, int]) -> Iterator[QWidget]:
    layout = widget.layout()
    if isinstance(widget, QAbstractSpinBox | QComboBox):
        return  # Qt keeps what is inside with the whole
    children: list[QWidget | None]
    if isinstance(widget, QScrollArea):
        children = [widget.widget()]
    elif isinstance(widget, QSplitter):
        children = [widget.widget(k) for k in range(widget.count())]
    elif layout is not None:
        children = list(_of_layout(layout))
    else:
        loose = widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        children = [*sorted((child for child in loose if child in chain), key=chain.__getitem__)]
    for child in children:
        if child is not None:
            yield child
            yield from _inside(child, chain)


def _of_layout(layout: QLayout) -> Iterator[QWidget]:
    """The widgets of a layout and of those inside it, in their order.

    Never by `itemAt`: Python is not told when Qt deletes a layout item, and the next object at its address would be
    taken for it, which ends the program.
    """
    owner = layout.parentWidget()
    widgets = [child for child in owner.children() if isinstance(child, QWidget)] if owner is not None else []
    layouts = [child for child in layout.children() if isinstance(child, QLayout)]
    placed: list[tuple[int, QWidget | QLayout]] = [
        *((layout.indexOf(child), child) for child in widgets),
        *((layout.indexOf(child), child) for child in layouts),
    ]
    found = {place: child for place, child in placed if place >= 0}
    order = sorted(found)
    if isinstance(layout, QGridLayout):
        order.sort(key=lambda place: tuple(layout.getItemPosition(place))[:2])  # type: ignore[arg-type]
    for place in order:
        child = found[place]
        if isinstance(child, QLayout):
            yield from _of_layout(child)
        else:
            yield child
