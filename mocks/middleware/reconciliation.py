"""Reconciliation: ask the partners what the webhooks may not have told, and make the books agree."""

from __future__ import annotations

import asyncio

from seatrial.mocks.messages.carrier import Milestone, TrackParcel
from seatrial.mocks.messages.channel import GetListings
from seatrial.mocks.messages.erp import CorrectStock, ListStock
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import FulfilmentUpdate, GetRelease, GetSnapshot
from seatrial.mocks.middleware.arrivals import Arrivals
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import CURSORS, ORDERS, Message, OrderFile, Position, ReleaseFile
from seatrial.mocks.middleware.inventory import BATCH_CHANNEL, Inventory
from seatrial.mocks.middleware.mailroom import Mailroom
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError
from seatrial.sim.session import GetSubscription, Subscribe
from seatrial.sim.store import Write

_NEWS = {"packed": "fulfilment.packed", "shipped": "shipment.dispatched", "rejected": "fulfilment.rejected"}


class Reconciliation:
    """Runs every `reconcile_every`. What it finds goes through the mailroom like a webhook would."""

    def __init__(self, deck: Deck, mailroom: Mailroom, arrivals: Arrivals, inventory: Inventory) -> None:
        self._deck = deck
        self._mailroom = mailroom
        self._arrivals = arrivals
        self._inventory = inventory
        self._stock_locks = {name: asyncio.Lock() for name in deck.warehouses}

    async def keep(self) -> None:
        """Reconcile, for ever."""
        while True:
            await asyncio.sleep(self._deck.controls.reconcile_every)
            for step in (self._subscriptions, self._changes, self._releases, self._stock, self._listings):
                try:
                    await step()
                except CallError as error:
                    self._deck.around.note("reconciliation_failed", detail=f"{step.__name__} {error.outcome}")
            await self._mailroom.forget()
            self._deck.around.event("reconciliation.completed", "", "")

    async def _subscriptions(self) -> None:
        """A partner that gave up on us is asked to begin again."""
        for client in self._deck.around.clients.values():
            state = await self._deck.ask(client, GetSubscription())
            if not state.active:
                await self._deck.ask(client, Subscribe())

    async def _changes(self) -> None:
        """Changes whose webhook never came."""
        for channel in self._deck.channels.values():
            if channel.kind == "storefront":
                await self._arrivals.catch_up(channel)

    async def _releases(self) -> None:
        """Releases and parcels that have been silent for long."""
        limit = self._deck.around.now() - self._deck.controls.quiet_after
        for _, file in await self._deck.store.scan(ORDERS):
            assert isinstance(file, OrderFile)
            if file.unsourced and file.entered and not file.cancelled:
                await self._deck.send_myself(
                    "stock_arrived", file.order.order_no, f"{file.order.order_no}/{limit:.0f}/unsourced"
                )
            for release in file.releases:
                if release.news_at < limit and release.stage in ("released", "labelled"):
                    await self._ask_warehouse(file, release)
                elif release.news_at < limit and release.stage == "shipped":
                    await self._ask_carrier(file, release)

    async def _ask_warehouse(self, file: OrderFile, release: ReleaseFile) -> None:
        deck, order_no = self._deck, file.order.order_no
        state = await deck.ask(deck.warehouses[release.warehouse], GetRelease(release.release_no, order_no))
        topic = _NEWS.get(state.stage)
        if topic is None or (state.stage == "packed" and release.stage == "labelled"):
            return
        number = f"{release.release_no}/{state.stage}/{state.at:.0f}"
        await self._news(number, topic, order_no, FulfilmentUpdate(release.release_no, order_no, state))

    async def _ask_carrier(self, file: OrderFile, release: ReleaseFile) -> None:
        deck, order_no = self._deck, file.order.order_no
        carrier = deck.carriers[release.carrier]
        found = await deck.ask(carrier, TrackParcel(order_no, release.tracking_no))
        topics = {"delivered": "shipment.delivered", "return_to_sender": "shipment.returned_to_sender"}
        topic = topics.get(found.stage)
        if topic is None:
            return
        body = Milestone(order_no, release.parcel_no, release.tracking_no, found.stage)
        await self._news(f"{release.parcel_no}/{found.stage}", topic, order_no, body)

    async def _news(self, number: str, topic: str, order_no: str, body: FulfilmentUpdate | Milestone) -> None:
        await self._mailroom.take(Message(number, topic, order_no, "", body))

    async def _stock(self) -> None:
        """Set the ERP's book to what the warehouses count, and the stock view with it."""
        for name, warehouse in self._deck.warehouses.items():
            async with self._stock_locks[name]:
                await self._reconcile_stock(name, warehouse)

    async def _reconcile_stock(self, name: str, warehouse: Client) -> None:
        deck = self._deck
        counted: dict[str, int] = {}
        cursor, sequence = "", 0
        while True:
            page = await deck.ask(warehouse, GetSnapshot(cursor))
            deck.stock.set_levels(name, page.levels)
            counted.update((level.sku, level.on_hand) for level in page.levels)
            cursor, sequence = page.cursor, page.sequence
            if not cursor:
                break
        booked = await self._booked(name)
        wrong = tuple(Units(sku, units) for sku, units in sorted(counted.items()) if booked.get(sku, 0) != units)
        if wrong and sequence > await self._inventory.floor(name):
            await deck.store.commit(Write(CURSORS, f"floor/{name}", Position(str(sequence))))
            await deck.ask(deck.erp, CorrectStock(name, sequence, wrong), key=f"{name}/{sequence}/corrected")

    async def _booked(self, warehouse: str) -> dict[str, int]:
        levels: dict[str, int] = {}
        cursor = ""
        while True:
            page = await self._deck.ask(self._deck.erp, ListStock(warehouse, cursor))
            levels.update((level.sku, level.quantity) for level in page.levels)
            cursor = page.cursor
            if not cursor:
                return levels

    async def _listings(self) -> None:
        """Listings that do not show what they should are submitted again."""
        stock = self._deck.stock
        for channel in self._deck.channels.values():
            if channel.kind == BATCH_CHANNEL:
                continue
            cursor = ""
            while True:
                page = await self._deck.ask(channel, GetListings(cursor))
                for listing in page.listings:
                    if listing.quantity > stock.promise(listing.sku, self._deck.controls.reservation):
                        stock.dirty[listing.sku] = None
                cursor = page.cursor
                if not cursor:
                    break
