"""What can be read from a warehouse: releases and snapshots, now, late and of long ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seatrial.mocks.messages.warehouse import (
    GetSnapshot,
)
from seatrial.sim.cargo import Delivery
from seatrial.sim.errors import Rejected
from seatrial.sim.quantities import Seconds

HOUR = 3600.0
DAY = 24 * HOUR


def refusal(action: Callable[[], object]) -> tuple[str, int]:
    """Code and status with which something is refused."""
    with pytest.raises(Rejected) as caught:
        action()
    return caught.value.code, caught.value.status


def test_a_snapshot_is_one_instant_over_all_its_pages(yard: Any) -> None:
    """Pages of a snapshot share instant and sequence, and do not see what moves between them."""
    page = yard.house.get_snapshot(GetSnapshot(limit=2))
    yard.road.send("north", Delivery("PO-1", (("C", 20),)))
    yard.env.run(2.5 * HOUR)
    assert refusal(lambda: yard.house.get_snapshot(GetSnapshot(page.cursor))) == ("invalid_cursor", 400)
    page = yard.house.get_snapshot(GetSnapshot(limit=2))
    yard.release(C=20)
    rest = yard.house.get_snapshot(GetSnapshot(page.cursor, limit=2))
    assert (page.as_of, page.sequence) == (rest.as_of, rest.sequence) == (2.5 * HOUR, 1)
    assert [(level.sku, level.on_hand, level.allocated) for level in (*page.levels, *rest.levels)] == [
        ("A", 100, 0),
        ("B", 50, 0),
        ("C", 20, 0),
    ]
    assert rest.cursor == ""


@pytest.mark.parametrize("cursor", ["x", "1", "1.x", "9.0", "1.²"])
def test_a_cursor_nobody_gave_is_refused(yard: Any, cursor: str) -> None:
    """Cursors are given back unread; anything else is refused."""
    yard.house.get_snapshot(GetSnapshot())
    assert refusal(lambda: yard.house.get_snapshot(GetSnapshot(cursor))) == ("invalid_cursor", 400)
    assert refusal(lambda: yard.house.get_snapshot(GetSnapshot(limit=0))) == ("invalid_limit", 400)


def test_a_stale_read_sees_what_was_known_then(yard: Any) -> None:
    """A read that sees no later change shows the release as it stood, and an older snapshot where one is kept."""
    yard.house.get_snapshot(GetSnapshot())
    yard.env.run(100)
    yard.release(A=1)
    yard.env.run(600)
    yard.label()
    for until, stage, carrier in (
        (50, "unknown", ""),
        (110, "picking", ""),
        (599, "packed", ""),
        (600, "packed", "falcon"),
    ):
        yard.house.visible_until = until
        assert (yard.state().stage, yard.state().carrier) == (stage, carrier)
        assert yard.house.get_snapshot(GetSnapshot()).as_of == (0.0 if until < 600 else 600)


def test_ended_releases_are_forgotten_after_a_while(new_yard: Any) -> None:
    """An ended release can be looked up for `keep` seconds; the book of a long run does not grow."""
    yard = new_yard(keep=Seconds(HOUR))
    for number in range(50):
        yard.release(f"O-{number}/R1", A=1)
        yard.env.run(yard.env.now + 1200)
        yard.cancel(f"O-{number}/R1")
    known = [number for number in range(50) if yard.state(f"O-{number}/R1").stage != "unknown"]
    assert known == [46, 47, 48, 49]
