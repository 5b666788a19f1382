"""Middleware-led orchestration: the whole order-to-cash flow, with every safeguard that its controls leave on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from seatrial.mocks.middleware.arrivals import Arrivals
from seatrial.mocks.middleware.cancelling import Cancelling
from seatrial.mocks.middleware.capture import Capture
from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.doubts import Doubts
from seatrial.mocks.middleware.files import ORDERS, Message, OrderFile
from seatrial.mocks.middleware.inventory import Inventory
from seatrial.mocks.middleware.labels import Labels
from seatrial.mocks.middleware.mailroom import Handler, Mailroom
from seatrial.mocks.middleware.reconciliation import Reconciliation
from seatrial.mocks.middleware.returning import Returning
from seatrial.mocks.middleware.shipping import Shipping
from seatrial.mocks.middleware.sourcing import Sourcing
from seatrial.sim.errors import CallError, Rejected
from seatrial.sim.integration import Surroundings
from seatrial.sim.notice import Notice

_START_AGAIN = 15.0  # seconds between attempts to read the stock at the start


class Orchestration:
    """The integration: `run` until cancelled, `receive` webhooks. State that matters lies in the store."""

    Settings: ClassVar[type[Controls]] = Controls
    """Its controls and their settings."""
    answers_at_once: ClassVar[bool] = True
    """`receive` stores the message and returns, without waiting for anybody: it needs no task of its own."""

    def __init__(self, around: Surroundings, settings: Controls) -> None:
        self._deck = deck = Deck(around, settings)
        self._controls = settings
        self._sourcing = Sourcing(deck)
        self._inventory = Inventory(deck)
        self._doubts = Doubts(deck)
        self._arrivals: Arrivals | None = None

    async def receive(self, notice: Notice) -> None:
        """Take a webhook in."""
        if self._arrivals is None:
            raise Rejected("starting", status=503)
        await self._arrivals.receive(notice)

    async def run(self) -> None:
        """Start with what is durable, then work for ever."""
        deck = self._deck
        async with asyncio.TaskGroup() as tasks:
            mailroom = Mailroom(deck.around, self._controls, tasks, self._handlers())
            deck.mailroom = mailroom
            mailroom.on_dead = self._dead
            arrivals = self._arrivals = Arrivals(deck, mailroom, self._inventory)
            await self._recover(mailroom)
            if deck.around.bus is not None:
                tasks.create_task(mailroom.collect(deck.around.bus))
            for channel in deck.channels.values():
                if channel.kind == "marketplace":
                    tasks.create_task(arrivals.poll(channel))
                elif channel.kind == "b2b":
                    tasks.create_task(arrivals.fetch(channel))
            tasks.create_task(self._inventory.keep_listings())
            if self._controls.reconciliation:
                tasks.create_task(Reconciliation(deck, mailroom, arrivals, self._doubts).keep())

    async def _recover(self, mailroom: Mailroom) -> None:
        """Read the warehouses' stock and the open orders, then take up unfinished messages."""
        for warehouse in self._deck.warehouses:
            while True:
                try:
                    await self._sourcing.refresh(warehouse)
                    break
                except CallError:
                    await asyncio.sleep(_START_AGAIN)
        files = [file for _, file in await self._deck.store.scan(ORDERS) if isinstance(file, OrderFile)]
        for file in files:
            self._deck.stock.expect((*file.unsourced, *file.waiting))
            self._sourcing.wait(file)
        self._deck.watch.see_all(files)
        await mailroom.recover()

    def _handlers(self) -> Mapping[str, Handler]:
        deck, sourcing = self._deck, self._sourcing
        labels = Labels(deck, self._doubts)
        capture, shipping = Capture(deck, sourcing), Shipping(deck, labels, self._doubts)
        cancelling, returning = Cancelling(deck), Returning(deck)
        return {
            "placed": capture.placed,
            "cancellation_requested": cancelling.requested,
            "return_requested": returning.requested,
            "stock_arrived": sourcing.restocked,
            "fulfilment.packed": shipping.packed,
            "fulfilment.rejected": shipping.rejected,
            "fulfilment.shorted": shipping.rejected,
            "shipment.dispatched": shipping.dispatched,
            "shipment.delivered": shipping.delivered,
            "shipment.excepted": shipping.excepted,
            "shipment.returned_to_sender": shipping.returned_to_sender,
            "return.received": returning.received,
            "inventory.adjusted": self._inventory.moved,
        }

    async def _dead(self, message: Message) -> None:
        order_no = message.lane if "/" not in message.lane else ""
        await self._deck.open_case(f"dead/{message.message_no}", order_no, "integration_support", message.topic)
