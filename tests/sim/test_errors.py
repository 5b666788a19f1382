"""Laws of what an error tells about a name that is none."""

from __future__ import annotations

import pytest

from seatrial.sim.errors import BadInput


@pytest.mark.parametrize(
    ("value", "count", "told"),
    [
        ("name-7", 60, "did you mean 'name-7"),
        ("zebra", 60, "known: name-0, name-1, "),
        ("zebra", 61, "61 are known, such as name-0, name-1, name-2, name-3"),
        ("nam-60", 61, "did you mean 'name-60' or "),
    ],
)
def test_known_names_are_told_all_or_some(value: str, count: int, told: str) -> None:
    """All while they are few; of many those that are near, and where none is, a few to show what they look like."""
    assert told in str(BadInput("unknown name", value=value, known=[f"name-{number}" for number in range(count)]))
