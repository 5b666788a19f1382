"""What can be sold: snapshots of the warehouses, kept up with their events, told to the channels."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable

from partner import Partner
from store import Document


class Stock:
    """Units by warehouse and SKU that no release holds. In memory: after a restart it is counted anew."""

    def __init__(self, warehouses: list[Partner], channels: list[Partner]) -> None:
        """Nothing is known before the first count."""
        self.warehouses, self.channels = warehouses, channels
        self.known = threading.Event()
        """Set once every warehouse has been counted."""
        self._lock = threading.Lock()
        self._levels: dict[str, Counter[str]] = {}
        self._sequence: Counter[str] = Counter()
        self._captured: dict[str, list[Document]] = {}
        self._told: dict[str, dict[str, int]] = {channel.name: {} for channel in channels}
        self._submission = 0

    def count(self) -> None:
        """Count every warehouse anew. Events are hints in between; this is what they are checked against."""
        for warehouse in self.warehouses:
            levels, page = Counter[str](), warehouse.get("/stock")
            while True:
                levels.update({level["sku"]: level["on_hand"] - level["allocated"] for level in page["levels"]})
                if not page["cursor"]:
                    break
                page = warehouse.get("/stock", cursor=page["cursor"])
            with self._lock:
                if page["sequence"] >= self._sequence[warehouse.name]:  # otherwise events have overtaken it
                    self._levels[warehouse.name], self._sequence[warehouse.name] = levels, page["sequence"]
        self.known.set()

    def adjust(self, moved: Document) -> None:
        """Take in a movement. What left in a parcel was taken off when it was released."""
        with self._lock:
            if moved["sequence"] <= self._sequence[moved["warehouse"]]:
                return
            self._sequence[moved["warehouse"]] = moved["sequence"]
            if moved["reason"] != "shipped":
                self._add(moved["warehouse"], moved["moves"], 1)

    def capture(self, order_no: str, lines: list[Document]) -> None:
        """An order came in: its units cannot be sold any more, though no release holds them yet."""
        with self._lock:
            self._captured[order_no] = lines

    def settle(self, order_no: str) -> None:
        """Its units are released, promised or not wanted."""
        with self._lock:
            self._captured.pop(order_no, None)

    def hold(self, warehouse: str, lines: list[Document]) -> None:
        """A release holds these units."""
        with self._lock:
            self._add(warehouse, lines, -1)

    def free(self, warehouse: str, lines: list[Document]) -> None:
        """A release holds them no more."""
        with self._lock:
            self._add(warehouse, lines, 1)

    def best(self, lines: list[Document], excluded: Iterable[str] = ()) -> str:
        """The warehouse with the most units left of those that can ship all lines; empty: none can."""
        with self._lock:
            spare = {
                name: min(levels[line["sku"]] - line["quantity"] for line in lines)
                for name, levels in self._levels.items()
                if name not in excluded
            }
        able = {name: units for name, units in spare.items() if units >= 0}
        return max(able, key=lambda name: able[name], default="")

    def tell(self) -> None:
        """Tell every channel what changed. Each may sell an equal share, so that no unit is sold by two."""
        with self._lock:
            free: Counter[str] = Counter()
            for levels in self._levels.values():
                free.update(levels)
            for lines in self._captured.values():
                free.subtract({line["sku"]: line["quantity"] for line in lines})
        share = {sku: max(0, units // len(self.channels)) for sku, units in free.items()}
        for channel in self.channels:
            self._submit(channel, share)

    def _submit(self, channel: Partner, share: dict[str, int]) -> None:
        told = self._told[channel.name]
        news: list[Document] = [
            {"sku": sku, "quantity": units} for sku, units in share.items() if told.get(sku) != units
        ]
        for first in range(0, len(news), 500):
            updates = news[first : first + 500]
            # The wall clock rises over restarts as well, which a counter in memory would not.
            self._submission = max(self._submission + 1, time.time_ns() // 1_000_000)
            body = {"sequence": self._submission, "updates": updates}
            channel.call("POST /listings", body, key=f"listings/{self._submission}")
            told.update({update["sku"]: update["quantity"] for update in updates})  # a failed one is told again

    def _add(self, warehouse: str, lines: list[Document], sign: int) -> None:
        if warehouse in self._levels:
            self._levels[warehouse].update({line["sku"]: sign * line["quantity"] for line in lines})
