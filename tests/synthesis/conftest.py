"""Reference values computed by other software; the README beside them says how."""

import json
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "reference"


@cache
def _read(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def reference():
    """``reference("metafor/pairwise")`` is the content of that file."""
    return _read
