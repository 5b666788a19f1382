"""What every test shares: where the checkout is, the harness of wire runs, and how Hypothesis searches."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hypothesis
import matplotlib as mpl
import pytest

pytest_plugins = ["pytester"]

mpl.use("Agg")  # no test opens a window
sys.path.insert(0, str(Path(__file__).parent / "mocks" / "wire" / "harness"))

hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the checkout."""
    return Path(__file__).resolve().parent.parent
