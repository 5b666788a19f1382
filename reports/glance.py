"""A glance at the rows of a short run: what of it bears on the limits that always stand, and how near it came to them.

The judge has the last word: a glance says which limits deserve his look. It passes once over the rows as they lie in
memory, without a table, because a search looks at a hundred runs in the time in which he reads one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from seatrial.reports.documents import FLOW
from seatrial.sim.rows import WIDTH, Cells

_UNITS: Final = ("placed", "cancelled", "shipped")
Doc = tuple[str, str]
"""Class and business key of a document."""
Shelf = tuple[str, str]
"""Partner and SKU."""
STATED: Final = ("shipment_confirmation", "shipment", "invoice")
"""Documents that tell how many units left in a parcel."""


class Happening(NamedTuple):
    """An event, as far as obligations need it."""

    time: float
    """Second of the run."""
    partner: str
    """Who wrote it."""
    key: str
    """Business key."""
    correlation: str
    """Order number."""
    quantity: int
    """Units."""
    amount: int
    """Minor units."""


class Glance:
    """What one pass over the rows of a run has seen. States: empty, then read by `look`."""

    def __init__(self) -> None:
        self.created: dict[Doc, int] = defaultdict(int)
        self.live: dict[Doc, int] = defaultdict(int)
        self.order_of: dict[Doc, str] = {}
        self.attempted: set[Doc] = set()
        self.acknowledged: set[Doc] = set()
        self.refunds: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        self.stated: dict[Doc, int] = defaultdict(int)
        self.dead_letters: set[str] = set()
        self.events: dict[str, list[Happening]] = defaultdict(list)
        self.units: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(_UNITS, 0))
        self.balance: dict[Shelf, int] = defaultdict(int)
        self.below_zero = 0
        self.overallocated = 0
        self.retried: set[tuple[str, str, str]] = set()
        self.repeated: set[Doc] = set()
        self.last_commit = 0.0
        self.drift = 0
        self.on_hand: dict[Shelf, int] = {}
        self.allocated: dict[Shelf, int] = defaultdict(int)
        self.booked: dict[Shelf, int] = {}
        self.listed: dict[Shelf, int] = {}
        self._over: dict[Shelf, float] = {}

    def look(self, cells: Cells) -> Glance:
        """Take in the rows."""
        take = {
            "call": self._call,
            "commit": self._commit,
            "event": self._event,
            "stock": self._stock,
            "sale": self._sale,
            "note": self._note,
        }
        for first, kind in enumerate(cells[1::WIDTH]):
            read = take.get(kind)
            if read is not None:
                read(cells, first * WIDTH)
        self.overallocated += len(self._over)
        return self

    def _call(self, cells: Cells, at: int) -> None:
        document, key = cells[at + 4], cells[at + 5]
        if cells[at + 7] > 1:
            self.retried.add((cells[at + 2], cells[at + 3], key))
        if document and key:
            self.attempted.add((document, key))
            if cells[at + 8] == "ok":
                self.acknowledged.add((document, key))

    def _commit(self, cells: Cells, at: int) -> None:
        what, doc = cells[at + 8], (cells[at + 4], cells[at + 5])
        if what == "created":
            self.created[doc] += 1
            self.live[doc] += 1
            if self.created[doc] > 1:
                self.repeated.add(doc)
            self.order_of.setdefault(doc, cells[at + 6])
            if doc[0] in FLOW:
                self.last_commit = cells[at]
            if doc[0] in STATED:
                self.stated[doc] = max(self.stated[doc], cells[at + 12])
            elif doc[0] == "refund":
                self.refunds[cells[at + 6]][doc[1], cells[at + 11]] = cells[at + 13]
        elif what == "reversed":
            self.live[doc] -= 1
            self.refunds[cells[at + 6]].pop((doc[1], cells[at + 11]), None)
        elif what == "replayed":
            self.repeated.add(doc)

    def _note(self, cells: Cells, at: int) -> None:
        if cells[at + 3] == "dead_letter":
            self.dead_letters.add(cells[at + 6])

    def _event(self, cells: Cells, at: int) -> None:
        happening = Happening(cells[at], cells[at + 2], cells[at + 5], cells[at + 6], cells[at + 12], cells[at + 13])
        self.events[cells[at + 3]].append(happening)
        if cells[at + 3] == "inventory.adjusted":
            self.balance[happening.partner, happening.key] += min(0, happening.quantity)

    def _sale(self, cells: Cells, at: int) -> None:
        kind, units = cells[at + 3], cells[at + 12]
        if kind in _UNITS:
            self.units[cells[at + 6], cells[at + 5]][kind] += units
        if kind == "shipped":
            self.balance[cells[at + 2], cells[at + 5]] -= units

    def _stock(self, cells: Cells, at: int) -> None:
        book, sku, level = cells[at + 3], cells[at + 5], cells[at + 12]
        if book == "book":
            self.booked[cells[at + 11], sku] = level
            return
        self.below_zero += level < 0
        shelf = (cells[at + 2], sku)
        if book == "on_hand":
            self.balance[shelf] += max(0, self.on_hand.get(shelf, level) - level)
            self.on_hand[shelf] = level
        elif book == "allocated":
            self.allocated[shelf] = level
        else:
            if book == "listing":
                self.listed[shelf] = level
            return
        self._weigh(shelf, cells[at])

    def _weigh(self, shelf: Shelf, now: float) -> None:
        """What is promised beyond the shelf counts where an instant ends with it; what the ERP is off by, too."""
        since = self._over.pop(shelf, None)
        if since is not None and since < now:
            self.overallocated += 1
        if self.allocated[shelf] > self.on_hand.get(shelf, 0):
            self._over[shelf] = now
        booked = self.booked.get(shelf)
        if booked is not None:
            self.drift = max(self.drift, abs(booked - self.on_hand.get(shelf, 0)))
