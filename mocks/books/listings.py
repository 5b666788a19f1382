"""The listings of a sales channel: how many units of each SKU it offers, whatever the warehouses hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Literal

from seatrial.mocks.messages.channel import ListingPage, ListingUpdate
from seatrial.sim.errors import Rejected
from seatrial.sim.evidence import Evidence

Older = Literal["apply", "ignore", "refuse"]
"""What becomes of a quantity that was sent before the one that is listed: it overwrites it, it is dropped without a
word, or the submission is refused (409 `stale_sequence`)."""


class Listings:
    """Quantities by SKU, never below zero. What a submission sets overwrites what was sold in the meantime."""

    def __init__(self, channel: str, evidence: Evidence, older: Older) -> None:
        self._channel = channel
        self._evidence = evidence
        self._older = older
        self._levels: dict[str, int] = {}
        self._sequences: dict[str, int] = {}
        self._skus: list[str] = []

    def open(self, levels: Mapping[str, int]) -> None:
        """List the first quantities."""
        for sku, quantity in levels.items():
            self._set(sku, quantity)

    def level(self, sku: str) -> int:
        """Units on offer; 0 for a SKU that is not listed."""
        return self._levels.get(sku, 0)

    def sell(self, sku: str, wanted: int) -> int:
        """Take up to so many units off the listing; gives how many there were."""
        level = self._levels.get(sku, 0)
        sold = wanted if wanted < level else level
        if sold:
            self._levels[sku] = level - sold
            self._evidence.stock(self._channel, "listing", sku, level - sold)
        return sold

    def check(self, sequence: int, updates: Sequence[ListingUpdate]) -> None:
        """Raises Rejected for a quantity below zero (422) and, where older ones are refused, for those (409)."""
        guarded, sequences = self._older == "refuse", self._sequences
        for update in updates:
            if update.quantity < 0:
                raise Rejected("invalid_quantity", f"{update.sku}: {update.quantity} units", status=422)
            if guarded and sequence < sequences.get(update.sku, sequence):
                newest = sequences[update.sku]
                raise Rejected("stale_sequence", f"{update.sku}: {sequence} comes after {newest}", status=409)

    def apply(self, sequence: int, updates: Sequence[ListingUpdate]) -> int:
        """Set quantities; gives how many SKUs were set. Older ones are dropped, unless they are to be applied."""
        guarded, sequences, count = self._older != "apply", self._sequences, 0
        for update in updates:
            if guarded:
                if sequence < sequences.get(update.sku, sequence):
                    continue
                sequences[update.sku] = sequence
            count += 1
            self._set(update.sku, update.quantity)
        return count

    def page(self, cursor: str, limit: int) -> ListingPage:
        """Listings by SKU, behind a cursor. Raises Rejected (400 `invalid_limit`)."""
        if limit < 1:
            raise Rejected("invalid_limit", f"a page of {limit} listings", status=400)
        if len(self._skus) != len(self._levels):
            self._skus = sorted(self._levels)
        first = bisect_right(self._skus, cursor) if cursor else 0
        skus = self._skus[first : first + limit]
        more = first + limit < len(self._skus)
        return ListingPage(tuple(ListingUpdate(sku, self._levels[sku]) for sku in skus), skus[-1] if more else "")

    def _set(self, sku: str, quantity: int) -> None:
        if self._levels.get(sku) != quantity:
            self._levels[sku] = quantity
            self._evidence.stock(self._channel, "listing", sku, quantity)
