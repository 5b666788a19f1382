"""A short run for code of others: a few orders in half a minute, on the quick network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import seatrial
from seatrial.voyage import Run

SHORT = {"duration": "10 s", "calm": "20 s"}


@pytest.fixture
def sail() -> Callable[..., Run]:
    """Run a function as the integration, once, against `fidelity/calm`; settings come on top."""

    def run(integration: Any, settings: dict[str, str] | None = None, **options: Any) -> Run:
        voyage = partial(seatrial.run, "fidelity/calm", settings=SHORT | (settings or {}), twice=False)
        return voyage(integration=integration, **options)

    return run
