"""Reconciliation: ask the partners what the webhooks may not have told, and make the books agree."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.carrier import Milestone, TrackParcel
from seatrial.mocks.messages.channel import GetListings
from seatrial.mocks.messages.erp import CorrectStock, ListStock
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import FulfilmentUpdate, GetRelease, GetSnapshot
from seatrial.mocks.middleware.arrivals import Arrivals
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.doubts import Doubts
from seatrial.mocks.middleware.files import ORDERS, Message, OrderFile, ReleaseFile
from seatrial.mocks.middleware.inventory import BATCH_CHANNEL
from seatrial.mocks.middleware.mailroom import Mailroom
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError
from seatrial.sim.session import GetSubscription, Subscribe

_NEWS = {"packed": "fulfilment.packed", "shipped": "shipment.dispatched", "rejected": "fulfilment.rejected"}


class Reconciliation:
    """Runs every `reconcile_every`. What it finds goes through the mailroom like a webhook would."""

    def __init__(self, deck: Deck, mailroom: Mailroom, arrivals: Arrivals, doubts: Doubts) -> None:
        self._deck = deck
        self._mailroom = mailroom
        self._arrivals = arrivals
        self._doubts = doubts
        self._gaps: dict[str, dict[str, int]] = {}

    async def keep(self) -> None:
        """Reconcile, for ever."""
        while True:
            await self._deck.around.rest(self._deck.controls.reconcile_every)
            for step in (self._subscriptions, self._changes, self._releases, self._labels, self._stock, self._listings):
                try:
                    await step()
                except CallError as error:
                    self._deck.around.note("reconciliation_failed", detail=f"{step.__name__} {error.outcome}")
            await self._mailroom.forget()
            self._deck.around.event("reconciliation.completed", "", "")

    async def _subscriptions(self) -> None:
        """A partner that gave up on us is asked to begin again."""
        for client in self._deck.around.clients.values():
            if not client.offers(GetSubscription):
                continue
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
        now, controls = self._deck.around.now(), self._deck.controls
        limit, lost = now - controls.quiet_after, now - controls.lost_after
        for number, order_no in self._deck.watch.silent_at_warehouse(limit):
            file, release = await self._find(order_no, number)
            if file is not None and release is not None:
                await self._ask_warehouse(file, release)
        for number, order_no in self._deck.watch.silent_on_the_road(lost):
            file, release = await self._find(order_no, number)
            if file is not None and release is not None:
                await self._ask_carrier(file, release)

    async def _find(self, order_no: str, number: str) -> tuple[OrderFile | None, ReleaseFile | None]:
        file = await self._deck.store.read(ORDERS, order_no)
        return (file, file.release(number)) if isinstance(file, OrderFile) else (None, None)

    async def _ask_warehouse(self, file: OrderFile, release: ReleaseFile) -> None:
        deck, order_no = self._deck, file.order.order_no
        state = await deck.ask(deck.warehouses[release.warehouse], GetRelease(release.release_no, order_no))
        await self._asked(order_no, release)
        topic = _NEWS.get(state.stage)
        if topic is None or (state.stage == "packed" and release.stage == "labelled"):
            return
        number = f"{release.release_no}/{state.stage}/{state.at:.0f}"
        await self._news(number, topic, order_no, FulfilmentUpdate(release.release_no, order_no, state))

    async def _ask_carrier(self, file: OrderFile, release: ReleaseFile) -> None:
        deck, order_no = self._deck, file.order.order_no
        carrier = deck.carriers.get(release.carrier)
        if carrier is None:
            return  # the warehouse has not told who took it
        found = await deck.ask(carrier, TrackParcel(order_no, release.tracking_no))
        await self._asked(order_no, release)
        topics = {"delivered": "shipment.delivered", "return_to_sender": "shipment.returned_to_sender"}
        topic = topics.get(found.stage)
        if topic is None:
            return
        body = Milestone(order_no, release.parcel_no, release.tracking_no, found.stage)
        await self._news(f"{release.parcel_no}/{found.stage}", topic, order_no, body)

    async def _asked(self, order_no: str, release: ReleaseFile) -> None:
        """Do not ask about it again before it has been silent for as long again."""
        file, kept = await self._find(order_no, release.release_no)
        if file is not None and kept is not None:
            await self._deck.save(file.having(msgspec.structs.replace(kept, news_at=self._deck.around.now())))

    async def _news(self, number: str, topic: str, order_no: str, body: FulfilmentUpdate | Milestone) -> None:
        """What a webhook may have told before: it comes as a message that was worked on already, in vain."""
        await self._mailroom.take(Message(number, topic, order_no, "", body, self._deck.around.now(), deliveries=1))

    async def _labels(self) -> None:
        """Labels that a carrier may have sold without our hearing of it."""
        await self._doubts.settle()

    async def _stock(self) -> None:
        """Set the ERP's book to what the warehouses count, and the stock view with it."""
        for name, warehouse in self._deck.warehouses.items():
            await self._reconcile_stock(name, warehouse)

    async def _reconcile_stock(self, name: str, warehouse: Client) -> None:
        """Correct what differs by as much as the last time: the rest may be movements that are still on their way."""
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
        gaps = {sku: units - booked.get(sku, 0) for sku, units in counted.items() if units != booked.get(sku, 0)}
        before, self._gaps[name] = self._gaps.get(name, {}), gaps
        wrong = tuple(Units(sku, counted[sku]) for sku in sorted(gaps) if before.get(sku) == gaps[sku])
        if wrong:
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
