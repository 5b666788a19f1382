"""Each law holds for every pair; pairs and cases import each other as programs of one folder do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))
if TYPE_CHECKING:
    pass


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A law that takes `case` holds for every pair."""
    if "case" in metafunc.fixturenames:
        from cases import CASES

        metafunc.parametrize("case", CASES, ids=[each.name for each in CASES])
