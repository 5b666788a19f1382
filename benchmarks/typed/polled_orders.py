"""An integration with one duty over typed clients, for `search.py`: every order of the marketplace is in the ERP once.

It is the twin of `good` in `tests/known_failures/timeout_without_key.py`, which has the same duty over httpx.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec

from seatrial.mocks.messages.channel import ListChanges
from seatrial.mocks.messages.erp import CreateSalesOrder, SaveCustomer
from seatrial.mocks.messages.orders import ChannelOrder
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError, Rejected
from seatrial.sim.integration import Surroundings
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Request
from seatrial.sim.store import Write

ReplyT = TypeVar("ReplyT")
PATIENCE, BREATH = 2.0, 1.0
"""Seconds that a call waits for its answer, and between two looks at what there is to do."""
_UNCLEAR = (408, 429)
_SIGNED_OUT = (401, 403)


class Cursor(msgspec.Struct, frozen=True):
    """Where the marketplace was read to."""

    place: str


class PolledOrders:
    """Follows the marketplace behind a cursor, which moves once the orders of its page are entered."""

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """It has none."""

    def __init__(self, around: Surroundings, _: Settings) -> None:
        self._around = around
        self._channel, self._erp = around.one("marketplace"), around.one("erp")

    async def run(self) -> None:
        """Ask for changes, for ever."""
        store = self._around.store
        while True:
            kept = await store.read("cursor", "marketplace")
            page = await self._insist(self._channel, ListChanges(kept.place if isinstance(kept, Cursor) else ""))
            for change in page.changes:
                if change.order is not None:
                    await self._enter(change.order)
            if page.changes:
                await store.commit(Write("cursor", "marketplace", Cursor(page.cursor)))
            await asyncio.sleep(BREATH)

    async def receive(self, notice: Notice) -> None:
        """Nobody calls."""

    async def _enter(self, order: ChannelOrder) -> None:
        """Every attempt carries the number of the order, by which the ERP knows it again."""
        who = order.customer
        await self._insist(self._erp, SaveCustomer(who.customer_no, who.name, who.email, who.country))
        entry = CreateSalesOrder(order.order_no, order.channel, who.customer_no, order.currency, order.lines)
        await self._insist(self._erp, entry, order.order_no)

    async def _insist(self, partner: Client, request: Request[ReplyT], key: str = "") -> ReplyT:
        """The same call until it is answered. Raises Rejected where the partner said no."""
        attempt, signed_in = 1, True
        while True:
            try:
                if not signed_in:
                    await partner.sign_in()
                return await partner.call(request, timeout=PATIENCE, idempotency_key=key, attempt=attempt)
            except Rejected as error:
                signed_in = error.status not in _SIGNED_OUT
                if signed_in and error.status < 500 and error.status not in _UNCLEAR:
                    raise
            except CallError:
                pass
            await asyncio.sleep(self._around.chance(f"{request!r}/{attempt}") * min(2.0, 0.2 * 2**attempt))
            attempt += 1
