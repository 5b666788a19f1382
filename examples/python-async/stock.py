"""What can be sold: snapshots of the warehouses, kept up with their events, told to the channels."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from partner import Partner
from store import Document

SUBMISSION = 500
"""Listings in one submission."""


class Stock:
    """Units by warehouse and SKU that no release holds. In memory: after a restart it is counted anew."""

    def __init__(self, warehouses: list[Partner], channels: list[Partner]) -> None:
        """Nothing is known before the first count."""
        self.warehouses, self.channels = warehouses, channels
        self._batched = [channel for channel in channels if channel.kind == "b2b"]
        self._levels: dict[str, Counter[str]] = {}
        self._sequence: Counter[str] = Counter()
        self._captured: dict[str, list[Document]] = {}
        self._told: dict[str, dict[str, int]] = {channel.name: {} for channel in channels}
        self._submission = 0

    @property
    def known(self) -> bool:
        """Whether every warehouse has been counted."""
        return len(self._levels) == len(self.warehouses)

    async def count(self, warehouse: Partner) -> None:
        """Count a warehouse anew. Events are hints in between; this is what they are checked against."""
        levels, page = Counter[str](), await warehouse.get("/stock")
        while True:
            levels.update({level["sku"]: level["on_hand"] - level["allocated"] for level in page["levels"]})
            if not page["cursor"]:
                break
            page = await warehouse.get("/stock", cursor=page["cursor"])
        if page["sequence"] >= self._sequence[warehouse.name]:  # otherwise events have overtaken it
            self._levels[warehouse.name], self._sequence[warehouse.name] = levels, page["sequence"]

    def adjust(self, moved: Document) -> None:
        """Take in a movement. What left in a parcel was taken off when it was released."""
        if moved["sequence"] <= self._sequence[moved["warehouse"]]:
            return
        self._sequence[moved["warehouse"]] = moved["sequence"]
        if moved["reason"] != "shipped":
            self._add(moved["warehouse"], moved["moves"], 1)

    def capture(self, need: str, lines: list[Document]) -> None:
        """Somebody needs these units, so they cannot be sold any more, though no release holds them yet."""
        self._captured[need] = lines

    def settle(self, need: str) -> None:
        """They are released, or not wanted."""
        self._captured.pop(need, None)

    def hold(self, warehouse: str, lines: list[Document]) -> None:
        """A release holds these units."""
        self._add(warehouse, lines, -1)

    def free(self, warehouse: str, lines: list[Document]) -> None:
        """A release holds them no more."""
        self._add(warehouse, lines, 1)

    def best(self, lines: list[Document], excluded: Iterable[str] = ()) -> str:
        """The warehouse with the most units left of those that can ship all lines; empty: none can."""
        spare = {
            name: min(levels[line["sku"]] - line["quantity"] for line in lines)
            for name, levels in self._levels.items()
            if name not in excluded
        }
        able = {name: units for name, units in spare.items() if units >= 0}
        return max(able, key=lambda name: able[name], default="")

    async def tell(self, channel: Partner) -> None:
        """Tell a channel what changed. Each may sell its share, so that no unit is sold by two.

        What one with batches has sold shows in its next file; until then it keeps what it was told.
        """
        if self.known:
            told, share = self._told[channel.name], self._share(channel)
            if channel in self._batched:
                share = {sku: units for sku, units in share.items() if sku not in told}
            news = [{"sku": sku, "quantity": units} for sku, units in share.items() if told.get(sku) != units]
            for first in range(0, len(news), SUBMISSION):
                await self._submit(channel, news[first : first + SUBMISSION])

    def read_file(self, channel: Partner) -> None:
        """What a channel with batches has sold is known up to now."""
        self._told[channel.name].clear()

    def _share(self, channel: Partner) -> dict[str, int]:
        """An equal share for each, of which those with batches may still have what they were told before."""
        free: Counter[str] = Counter()
        for levels in self._levels.values():
            free.update(levels)
        for lines in self._captured.values():
            free.subtract({line["sku"]: line["quantity"] for line in lines})
        equal = {sku: max(0, units // len(self.channels)) for sku, units in free.items()}
        if channel in self._batched:
            return equal
        for batched in self._batched:
            free.subtract({sku: self._told[batched.name].get(sku, units) for sku, units in equal.items()})
        others = len(self.channels) - len(self._batched)
        return {sku: max(0, units // others) for sku, units in free.items()}

    async def _submit(self, channel: Partner, updates: list[Document]) -> None:
        # The wall clock rises over restarts as well, which a counter in memory would not.
        self._submission = max(self._submission + 1, time.time_ns() // 1_000_000)
        body = {"sequence": self._submission, "updates": updates}
        await channel.call("POST /listings", body, key=f"listings/{self._submission}")
        # Only now: what failed is told again.
        self._told[channel.name].update({update["sku"]: update["quantity"] for update in updates})

    def _add(self, warehouse: str, lines: list[Document], sign: int) -> None:
        if warehouse in self._levels:
            self._levels[warehouse].update({line["sku"]: sign * line["quantity"] for line in lines})
