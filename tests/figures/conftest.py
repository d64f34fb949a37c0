from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


def _module(name: str) -> ModuleType:
    """A file of this folder (tests are imported by path, so helpers are too)."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """The answers made by hand."""
    return _module("made")


@pytest.fixture(scope="session")
def crowded() -> Callable[[str], list[str]]:
    """Which words of an SVG touch each other or leave the picture."""
    found: Callable[[str], list[str]] = _module("crowding").crowded
    return found


@pytest.fixture(scope="session")
def nets() -> ModuleType:
    """Networks to draw."""
    return _module("nets")
