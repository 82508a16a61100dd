"""The layouts of foreign files, for every test here."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_SPEC = importlib.util.spec_from_file_location("ganviz_layouts", Path(__file__).with_name("layouts.py"))
assert _SPEC is not None and _SPEC.loader is not None
_LAYOUTS = importlib.util.module_from_spec(_SPEC)
sys.modules["ganviz_layouts"] = _LAYOUTS
_SPEC.loader.exec_module(_LAYOUTS)


@pytest.fixture(scope="session")
def layouts() -> ModuleType:
    """layouts.py, which writes tiny files in the layouts of foreign checkpoints."""
    return _LAYOUTS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `layout` is run for every one of them."""
    if "layout" in metafunc.fixturenames:
        names = list(_LAYOUTS.LAYOUTS)
        metafunc.parametrize("layout", [_LAYOUTS.LAYOUTS[name] for name in names], ids=names)
