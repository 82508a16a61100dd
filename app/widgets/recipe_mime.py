"""Recipes that are dragged from one widget to another, within this window."""

import uuid
from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QMimeData

from ganviz.recipe import Recipe

MIME = "application/x-ganviz-recipe"
KEPT = 16
_dragged: OrderedDict[str, tuple[Recipe, ...]] = OrderedDict()


def to_mime(recipes: Sequence[Recipe], mime: QMimeData | None = None) -> QMimeData:
    """Mime data that stands for these recipes; what travels is a token, the recipes stay here."""
    token = uuid.uuid4().hex
    _dragged[token] = tuple(recipes)
    while len(_dragged) > KEPT:
        _dragged.popitem(last=False)
    mime = mime or QMimeData()
    mime.setData(MIME, token.encode())
    return mime


def from_mime(mime: QMimeData) -> tuple[Recipe, ...]:
    """The recipes that are dragged; empty where it is something else, or comes from another window."""
    if not mime.hasFormat(MIME):
        return ()
    return _dragged.get(bytes(mime.data(MIME).data()).decode("ascii", "replace"), ())
