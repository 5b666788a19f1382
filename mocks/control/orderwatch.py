"""Orders under watch: how far each has come, which wait, and what lives twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from seatrial.mocks.control.picture import Flow, Waiting
from seatrial.sim.rows import Cells

_STAGES: Final = {
    "order.acknowledged": ("acknowledged", 1),
    "order.entered": ("entered", 2),
    "fulfilment.allocated": ("allocated", 4),
    "shipment.dispatched": ("shipped", 8),
    "shipment.confirmed": ("confirmed", 16),
    "invoice.posted": ("invoiced", 32),
}
_DONE: Final = 63
_BACKORDERED: Final = 128
_ENDS: Final = ("order.cancelled", "cancellation.accepted", "order.rejected")
_MOST_KEYS: Final = 20_000
"""Business keys that are remembered of each class of document; the oldest are forgotten first."""
WATCHED: Final = (
    "sales_order",
    "fulfilment",
    "parcel",
    "label",
    "shipment_confirmation",
    "shipment",
    "invoice",
    "credit_memo",
    "refund",
    "notification",
)
"""Classes of documents of which one business key has one."""


class OrderWatch:
    """Counts orders by stage; an order is forgotten once it is through the flow, or cancelled."""

    def __init__(self) -> None:
        self.flow = Flow()
        self.duplicates: dict[str, int] = {}
        self._orders: dict[str, int] = {}
        self._waiting: dict[str, float] = {}
        self._backordered = 0
        self._keys: dict[str, dict[str, int]] = {}
        self.handlers: dict[str, Callable[[Cells, int], None]] = {
            "order.placed": self._placed,
            "order.backordered": self._put_on_backorder,
            **dict.fromkeys(_STAGES, self._reached),
            **dict.fromkeys(_ENDS, self._ended),
        }

    def waiting(self, now: float) -> Waiting:
        """Orders that wait for allocation."""
        since = next(iter(self._waiting.values()), now)
        return Waiting(len(self._waiting), max(0.0, now - since), self._backordered)

    def commit(self, cells: Cells, at: int) -> None:
        """A document came to life, or its end."""
        document, key, outcome = cells[at + 4], cells[at + 5], cells[at + 8]
        if document not in WATCHED or outcome not in ("created", "reversed"):
            return
        keys = self._keys.setdefault(document, {})
        before = keys.get(key, 0)
        after = keys[key] = before + (1 if outcome == "created" else -1)
        extra = max(0, after - 1) - max(0, before - 1)
        if extra:
            self.duplicates[document] = self.duplicates.get(document, 0) + extra
        if len(keys) > _MOST_KEYS:
            del keys[next(iter(keys))]

    def _placed(self, cells: Cells, at: int) -> None:
        number = cells[at + 6]
        self.flow.placed += 1
        self._orders[number] = 0
        self._waiting[number] = cells[at]

    def _reached(self, cells: Cells, at: int) -> None:
        number = cells[at + 6]
        state = self._orders.get(number)
        name, bit = _STAGES[cells[at + 3]]
        if state is None or state & bit:
            return
        setattr(self.flow, name, getattr(self.flow, name) + 1)
        if bit == _STAGES["fulfilment.allocated"][1]:
            self._stop_waiting(number, state)
            state &= ~_BACKORDERED
        state |= bit
        if state & _DONE == _DONE:
            del self._orders[number]
        else:
            self._orders[number] = state

    def _put_on_backorder(self, cells: Cells, at: int) -> None:
        number = cells[at + 6]
        state = self._orders.get(number)
        if state is not None and number in self._waiting:
            del self._waiting[number]
            self._orders[number] = state | _BACKORDERED
            self._backordered += 1

    def _ended(self, cells: Cells, at: int) -> None:
        number = cells[at + 6]
        state = self._orders.pop(number, None)
        if state is not None:
            self.flow.cancelled += 1
            self._stop_waiting(number, state)

    def _stop_waiting(self, number: str, state: int) -> None:
        self._waiting.pop(number, None)
        if state & _BACKORDERED:
            self._backordered -= 1
