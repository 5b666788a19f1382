"""A partner that counts: found through its entry point, also by the proxy's process."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from seatrial.sim.errors import Rejected
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner


class Entered(msgspec.Struct, frozen=True):
    id: str


class Enter(Request[Entered], frozen=True):
    order_no: str


class Seen(msgspec.Struct, frozen=True):
    orders: int


class Look(Request[Seen], frozen=True):
    order_no: str


class Counter(Partner):
    """Whatever reaches it is written down."""

    kind = "counter"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def open(self) -> None:
        self.entered: list[float] = []

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def enter(self, request: Enter) -> Entered:
        """Enter an order, again and again; one whose number ends in 0 has no customer."""
        if request.order_no.endswith("-0"):
            raise Rejected("no_such_customer", status=422)
        self.entered.append(self.now)
        return Entered(f"SO-{len(self.entered)}")

    @operation("GET", "/orders/{order_no}", key="order_no")
    def look(self, request: Look) -> Seen:
        """How many orders there are, as far as this read can see."""
        return Seen(sum(at <= self.visible_until for at in self.entered))


Asking = Enter | Look
