"""Storms that did harm once: what a search has found is never found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.search_storms import known_storms
from seatrial.storms import Storm
from seatrial.strategies import sail

KNOWN = {path.stem: storm for path, storm in known_storms(Path(__file__).parent / "storms")}


@pytest.mark.parametrize("name", KNOWN)
def test_the_resilient_comes_through_every_known_storm(name: str) -> None:
    """It did not, once: each of these was a mistake of its own, and is mended."""
    storm: Storm = KNOWN[name]
    assert sail(storm, "resilient").codes == ()
