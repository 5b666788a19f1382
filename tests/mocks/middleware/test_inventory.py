"""Laws of listings that have to reach their channels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from seatrial.mocks.messages.channel import ListingsTaken, SubmitListings
from seatrial.mocks.messages.warehouse import StockLevel
from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.inventory import Inventory
from seatrial.mocks.middleware.stockview import StockView
from seatrial.sim.errors import CallError, TimedOut
from seatrial.sim.store import MemoryStore


def test_a_batch_channel_that_did_not_take_its_listings_is_told_again() -> None:
    """Its share may be set until it has been: a submission that fails does not close it before the next file.

    A level is synchronised once all have it, not before.
    """
    ends: Iterable[CallError | None] = iter([TimedOut("no"), None, None])
    told: list[str] = []
    carried: list[tuple[str, str]] = []

    async def ask(client: Any, request: SubmitListings, *, key: str) -> ListingsTaken:
        end = next(iter(ends))
        if end is not None:
            raise end
        told.append(client.name)
        return ListingsTaken("1", len(request.updates))

    stock = StockView(["north"])
    stock.set_levels("north", [StockLevel("A", 10, 0)])
    portal = SimpleNamespace(name="b2b", kind="b2b")
    around = SimpleNamespace(now=lambda: 0.0, event=lambda name, sku, _: carried.append((name, sku)))
    deck = SimpleNamespace(
        controls=Controls(), stock=stock, channels={"b2b": portal}, ask=ask, store=MemoryStore(), around=around
    )
    inventory = Inventory(cast(Any, deck))
    for _ in range(3):
        asyncio.run(inventory.synchronise())
    assert told == ["b2b"]
    assert carried == [("inventory.synchronised", "A")]
