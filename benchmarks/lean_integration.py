"""A lean integration for `wire_flow.py`: every call of the whole flow over bare asyncio protocols, and no safeguard.

It costs its processor so little that what is measured is the partners. It keeps nothing on disk and repeats a call only
after silence, a lost connection or a 5xx, under the same key. Told to stop, it writes what it saw to `--seen`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.mocks.messages.carrier import BuyLabel, Label, Milestone, Rates
from seatrial.mocks.messages.channel import (
    AnswerCancellation,
    Batch,
    ChangePage,
    ConfirmShipment,
    ListingUpdate,
    RefundOrder,
    SubmitListings,
)
from seatrial.mocks.messages.desk import Notify
from seatrial.mocks.messages.erp import (
    CancelSalesOrder,
    CheckLines,
    CreateSalesOrder,
    PostInvoice,
    PostMovement,
    PostShipment,
    RecordMilestone,
    RecordRelease,
    SaveCustomer,
)
from seatrial.mocks.messages.orders import Change, ChannelOrder, OrderLine, Units
from seatrial.mocks.messages.warehouse import AttachLabel, FulfilmentUpdate, ReleaseOrder, Snapshot, StockMoved

PATIENCE: Final = 5.0
"""Seconds without a reply after which a connection is given up."""
UNDER_WAY: Final = 100
"""Calls to one partner at a time; more wait for their turn."""
ATTEMPTS: Final = 6
POLL, BATCH, LISTINGS, LATER = 0.5, 2.0, 5.0, 1.0
Step = Callable[[], Awaitable[None]]
_encode: Final = msgspec.json.Encoder().encode


class Letter(msgspec.Struct, gc=False):
    """A webhook, its document unread."""

    notice_no: str
    event: str
    partner: str
    order_no: str
    body: msgspec.Raw


class Seen(msgspec.Struct):
    """What it saw."""

    orders: int = 0
    calls: int = 0
    webhooks: int = 0
    repeats: dict[str, int] = {}
    """Attempts beyond the first, by partner and reason."""
    refused: dict[str, int] = {}
    """Refusals that it knew no answer to, by call and status."""
    latencies: dict[str, list[float]] = {}
    """Seconds of each call that was answered at its first attempt, by partner."""
    connections: int = 0
    """Connections that were opened."""
    shipped: int = 0
    delivered: int = 0
    cancelled: int = 0
    open: int = 0
    """Steps that were not done at the end."""
    lags: list[float] = []
    """Seconds by which it was late itself, ten times a second."""


class Line(asyncio.Protocol):
    """A kept-alive connection to a partner: one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.asked = 0.0
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.lost = False
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def ask(self, loop: asyncio.AbstractEventLoop, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self.asked = loop.time()
        self.answer = answer = loop.create_future()
        self.transport.write(request)
        return answer

    def data_received(self, data: bytes) -> None:
        heard = self._heard = self._heard + data if self._heard else data
        head = heard.find(b"\r\n\r\n")
        if head < 0:
            return
        at = heard.find(b"content-length: ", 0, head)
        length = int(heard[at + 16 : heard.find(b"\r", at)]) if at > 0 else 0
        if len(heard) < head + 4 + length:
            return
        answer, self.answer, self._heard = self.answer, None, b""
        if answer is not None and not answer.done():
            answer.set_result((int(heard[9:12]), heard[head + 4 :]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionResetError("closed"))


class Partner:
    """One partner and the connections to it."""

    def __init__(self, at: PartnerAt, seen: Seen) -> None:
        place = urlsplit(at.url)
        self.name, self.kind = at.name, at.kind
        self.busy: dict[Line, None] = {}
        self._port = place.port
        token = f"authorization: Bearer {at.token}\r\n" if at.token else ""
        self._head = f" HTTP/1.1\r\nhost: {place.netloc}\r\n{token}"
        self._idle: list[Line] = []
        self._places = asyncio.Semaphore(UNDER_WAY)
        self._seen = seen
        self._latencies = seen.latencies.setdefault(at.name, [])
        self._loop = asyncio.get_running_loop()

    async def get(self, path: str) -> bytes:
        """Read; what is no 200 is an error here."""
        status, body = await self._call("reads", f"GET {path}{self._head}\r\n".encode())
        if status != 200:
            raise Refusal(f"GET {self.name}", status)
        return body

    async def write(self, path: str, body: Any, key: str, method: str = "POST") -> tuple[int, bytes]:
        """Write, under a key."""
        said = _encode(body)
        head = f"{method} {path}{self._head}content-type: application/json\r\nidempotency-key: {key}\r\n"
        return await self._call(type(body).__name__, f"{head}content-length: {len(said)}\r\n\r\n".encode() + said)

    async def must(self, path: str, body: Any, key: str, method: str = "POST") -> bytes:
        """Write what has to be taken."""
        status, reply = await self.write(path, body, key, method)
        if status != 200:
            raise Refusal(f"{self.name} {type(body).__name__}", status)
        return reply

    async def _call(self, name: str, request: bytes) -> tuple[int, bytes]:
        seen, loop = self._seen, self._loop
        for attempt in range(ATTEMPTS):
            try:
                async with self._places:
                    line = await self._line()
                    self.busy[line] = None
                    try:
                        status, body = await line.ask(loop, request)
                    finally:
                        del self.busy[line]
                    self._idle.append(line)
            except OSError as error:
                self._repeat(type(error).__name__)
                continue
            seen.calls += 1
            if not attempt:
                self._latencies.append(loop.time() - line.asked)
            if status < 500 and status != 429:
                return status, body
            self._repeat(str(status))
        raise Refusal(f"{self.name} {name} after {ATTEMPTS} attempts", 0)

    async def _line(self) -> Line:
        while self._idle:
            line = self._idle.pop()
            if not line.lost:
                return line
        _, made = await self._loop.create_connection(Line, "127.0.0.1", self._port)
        self._seen.connections += 1
        return made

    def _repeat(self, why: str) -> None:
        name = f"{self.name} {why}"
        self._seen.repeats[name] = self._seen.repeats.get(name, 0) + 1

    def sweep(self, now: float) -> None:
        """Give up whoever keeps silent."""
        for line in [line for line in self.busy if now - line.asked > PATIENCE]:
            if line.answer is not None and not line.answer.done():
                line.answer.set_exception(TimeoutError())
            line.transport.abort()


class Refusal(Exception):
    """A partner said no to what it should have taken."""

    def __init__(self, call: str, status: int) -> None:
        super().__init__(f"{call} {status}")
        self.status = status


class Doorbell(asyncio.Protocol):
    """A connection on which webhooks arrive."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        heard = self._heard + data if self._heard else data
        while True:
            head = heard.find(b"\r\n\r\n")
            if head < 0:
                break
            lower = heard[:head].lower()
            length = int(lower.partition(b"content-length:")[2].partition(b"\r")[0] or 0)
            end = head + 4 + length
            if len(heard) < end:
                break
            if length:
                self._take(heard[head + 4 : end])
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            heard = heard[end:]
        self._heard = heard


class Order:
    """An order under way."""

    __slots__ = ("cancelled", "entered", "order", "releases", "shipped")

    def __init__(self, order: ChannelOrder) -> None:
        self.order = order
        self.releases: dict[str, str] = {}
        self.entered = self.cancelled = False
        self.shipped = 0


class Integration:
    """The flow: orders in lanes of their own, one step at a time."""

    def __init__(self, seen: Seen) -> None:
        told = msgspec.json.decode(os.environ["SEATRIAL_PARTNERS"], type=list[PartnerAt])
        self.partners = {each.name: Partner(each, seen) for each in told}
        self.seen = seen
        self._by_kind = {each.kind: each for each in self.partners.values()}
        self._erp, self._desk = self._by_kind["erp"], self._by_kind["desk"]
        self._channels = {n: p for n, p in self.partners.items() if p.kind in ("marketplace", "storefront", "b2b")}
        self._warehouses = {n: p for n, p in self.partners.items() if p.kind == "warehouse"}
        self._carriers = [p for p in self.partners.values() if p.kind == "carrier"]
        self._stock: dict[str, dict[str, int]] = {}
        self._dirty: dict[str, None] = {}
        self._sequence = 0
        self._orders: dict[str, Order] = {}
        self._known: set[str] = set()
        self._lanes: dict[str, deque[Step]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._letter = msgspec.json.Decoder(Letter).decode
        self._events: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], Awaitable[None]]]] = {
            "fulfilment.packed": (msgspec.json.Decoder(FulfilmentUpdate).decode, self._packed),
            "fulfilment.shorted": (msgspec.json.Decoder(FulfilmentUpdate).decode, self._shorted),
            "shipment.dispatched": (msgspec.json.Decoder(FulfilmentUpdate).decode, self._dispatched),
            "shipment.delivered": (msgspec.json.Decoder(Milestone).decode, self._milestone),
            "shipment.excepted": (msgspec.json.Decoder(Milestone).decode, self._milestone),
            "shipment.returned_to_sender": (msgspec.json.Decoder(Milestone).decode, self._milestone),
            "inventory.adjusted": (msgspec.json.Decoder(StockMoved).decode, self._moved),
        }
        self._change = msgspec.json.Decoder(Change).decode

    @property
    def open(self) -> int:
        """Steps that are not done."""
        return sum(len(lane) + 1 for lane in self._lanes.values())

    # What comes in.

    def take(self, body: bytes) -> None:
        """A webhook."""
        letter = self._letter(body)
        self.seen.webhooks += 1
        if letter.notice_no in self._known:
            return
        self._known.add(letter.notice_no)
        if letter.partner in self._channels:
            self._changed(self._change(letter.body))
            return
        found = self._events.get(letter.event)
        if found is None:
            return
        decode, handle = found
        document = decode(letter.body)
        self._line_up(letter.order_no or letter.notice_no, lambda: handle(document))

    def _changed(self, change: Change) -> None:
        number = change.order_no
        if change.change_no in self._known:
            return
        self._known.add(change.change_no)
        if change.kind == "placed" and change.order is not None:
            self.seen.orders += 1
            order = self._orders[number] = Order(change.order)
            self._line_up(number, lambda: self._enter(order))
        elif change.kind == "cancellation_requested":
            self._line_up(number, lambda: self._cancel(number))

    def _line_up(self, lane: str, step: Step) -> None:
        waiting = self._lanes.get(lane)
        if waiting is not None:
            waiting.append(step)
            return
        waiting = self._lanes[lane] = deque((step,))
        self._begin(self._drain(lane, waiting))

    async def _drain(self, name: str, lane: deque[Step]) -> None:
        while lane:
            step = lane.popleft()
            try:
                await step()
            except Refusal as error:
                if error.status in (404, 409):
                    asyncio.get_running_loop().call_later(LATER, self._line_up, name, step)
                said = str(error)
                self.seen.refused[said] = self.seen.refused.get(said, 0) + 1
        del self._lanes[name]

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What is done about it.

    async def _enter(self, kept: Order) -> None:
        order, erp = kept.order, self._erp
        number, who = order.order_no, order.customer
        await self._channels[order.channel].must(f"/orders/{number}/acknowledgement", {}, f"{number}/acknowledged")
        customer = SaveCustomer(who.customer_no, who.name, who.email, who.country)
        await erp.must("/customers", customer, f"{number}/customer")
        await erp.must("/order-checks", CheckLines(number, order.lines), f"{number}/check")
        entry = CreateSalesOrder(number, order.channel, who.customer_no, order.currency, order.lines)
        await erp.must("/sales-orders", entry, number)
        kept.entered = True
        await self._source(kept, order.lines)

    async def _source(self, kept: Order, wanted: tuple[OrderLine, ...] | tuple[Units, ...]) -> None:
        """Release it to the first warehouse that has all of it, else line by line to the one that has most."""
        order, stock = kept.order, self._stock
        plan: dict[str, list[Units]] = {}
        lines = [Units(line.sku, line.quantity) for line in wanted]
        whole = [n for n, levels in stock.items() if all(levels.get(each.sku, 0) >= each.quantity for each in lines)]
        for each in lines:
            where = whole[0] if whole else max(stock, key=lambda name: stock[name].get(each.sku, 0))
            plan.setdefault(where, []).append(each)
            stock[where][each.sku] = stock[where].get(each.sku, 0) - each.quantity
            self._dirty[each.sku] = None
        for warehouse, units in plan.items():
            number, path = f"{order.order_no}/R{len(kept.releases) + 1}", f"/sales-orders/{order.order_no}/releases"
            kept.releases[number] = warehouse
            release = ReleaseOrder(number, order.order_no, tuple(units), order.customer.country, order.ship_by)
            await self._warehouses[warehouse].must("/releases", release, number)
            booking = RecordRelease(order.order_no, number, warehouse, tuple(units))
            await self._erp.must(path, booking, f"{number}/booked")

    async def _packed(self, update: FulfilmentUpdate) -> None:
        kept, state = self._orders[update.order_no], update.state
        if state.packed:
            number, parcel = update.order_no, state.parcel_no
            units, country = sum(unit.quantity for unit in state.packed), quote(kept.order.customer.country)
            path = f"/rates?order_no={number}&parcel_no={quote(parcel, safe='')}&units={units}&country={country}"
            offers = [(rates_of(await each.get(path))[0], each) for each in self._carriers]
            rate, carrier = min(offers, key=lambda offer: offer[0].price)
            label = label_of(await carrier.must("/labels", BuyLabel(number, parcel, rate.rate_id), parcel))
            request = AttachLabel(update.release_no, number, parcel, carrier.name, label.tracking_no)
            warehouse = self._warehouses[kept.releases[update.release_no]]
            await warehouse.write(f"/releases/{quote(update.release_no, safe='')}/label", request, f"{parcel}/label")
        if state.short:
            await self._source(kept, state.short)

    async def _shorted(self, update: FulfilmentUpdate) -> None:
        await self._source(self._orders[update.order_no], update.state.short)

    async def _dispatched(self, update: FulfilmentUpdate) -> None:
        kept, state, number = self._orders[update.order_no], update.state, update.order_no
        parcel, erp = state.parcel_no, self._erp
        confirmation = ConfirmShipment(number, parcel, state.carrier, state.tracking_no, state.packed)
        await self._channels[kept.order.channel].must(f"/orders/{number}/shipments", confirmation, parcel)
        shipment = PostShipment(number, parcel, kept.releases[update.release_no], state.packed, state.at)
        await erp.must("/shipments", shipment, f"{parcel}/shipment")
        await erp.must("/invoices", PostInvoice(number, parcel, state.at), f"{parcel}/invoice")
        message = Notify(f"{number}/shipped/{parcel}", number, "customer", "shipped")
        await self._desk.must("/messages", message, message.message_no)
        kept.shipped += 1
        self.seen.shipped += 1

    async def _milestone(self, milestone: Milestone) -> None:
        number, parcel = milestone.order_no, milestone.parcel_no
        request = RecordMilestone(number, parcel, milestone.stage)
        path = f"/parcels/{quote(parcel, safe='')}/milestones"
        await self._erp.must(path, request, f"{parcel}/{milestone.stage}")
        self.seen.delivered += milestone.stage == "delivered"

    async def _moved(self, move: StockMoved) -> None:
        if move.reason == "shipped":
            return
        request = PostMovement(move.movement_no, move.warehouse, move.moves, move.reason, move.order_no)
        await self._erp.must("/stock-movements", request, move.movement_no)
        for unit in move.moves:
            levels = self._stock[move.warehouse]
            levels[unit.sku] = levels.get(unit.sku, 0) + unit.quantity
            self._dirty[unit.sku] = None

    async def _cancel(self, number: str) -> None:
        kept = self._orders[number]
        channel, order = self._channels[kept.order.channel], kept.order
        stopped = not kept.shipped
        for release, warehouse in kept.releases.items() if stopped else ():
            path, body = f"/releases/{quote(release, safe='')}/cancel", {"order_no": number}
            status, _ = await self._warehouses[warehouse].write(path, body, f"{release}/cancel")
            stopped = stopped and status == 200
        if stopped:
            cancelling = CancelSalesOrder(number, "shopper")
            await self._erp.must(f"/sales-orders/{number}/cancellation", cancelling, f"{number}/cancelled")
        answer = AnswerCancellation(number, stopped, "shopper" if stopped else "too_late")
        await channel.must(f"/orders/{number}/cancellation", answer, f"{number}/answer", "PUT")
        if stopped:
            refund = RefundOrder(number, f"{number}/cancel", order.total, "cancelled")
            await channel.must(f"/orders/{number}/refunds", refund, refund.refund_no)
            self.seen.cancelled += 1

    # What is done from time to time.

    async def run(self) -> None:
        """Read the stock, then poll, fetch, list, and give up what is silent, for ever."""
        for name, warehouse in self._warehouses.items():
            self._stock[name] = await read_stock(warehouse)
        for each in self._channels.values():
            if each.kind == "marketplace":
                self._begin(self._poll(each))
            elif each.kind == "b2b":
                self._begin(self._fetch(each))
        self._begin(self._list())
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.1
            await asyncio.sleep(0.1)
            self.seen.lags.append(loop.time() - due)
            for partner in self.partners.values():
                partner.sweep(due)

    async def _poll(self, channel: Partner) -> None:
        cursor, decode = "", msgspec.json.Decoder(ChangePage).decode
        while True:
            with suppress(Refusal):
                page = decode(await channel.get(f"/changes?cursor={quote(cursor)}" if cursor else "/changes"))
                for change in page.changes:
                    self._changed(change)
                cursor = page.cursor
                if page.more:
                    continue
            await asyncio.sleep(POLL)

    async def _fetch(self, channel: Partner) -> None:
        last, decode = "", msgspec.json.Decoder(Batch).decode
        while True:
            with suppress(Refusal):
                batch = decode(await channel.get(f"/batches/next?after={last}"))
                if batch.batch_no:
                    for change in batch.changes:
                        self._changed(change)
                    last = batch.batch_no
                    await channel.must(f"/batches/{last}/acknowledgement", {}, f"{last}/997")
                    continue
            await asyncio.sleep(BATCH)

    async def _list(self) -> None:
        while True:
            await asyncio.sleep(LISTINGS)
            skus, self._dirty = sorted(self._dirty), {}
            share = len(self._channels)
            updates = tuple(
                ListingUpdate(sku, max(0, sum(levels.get(sku, 0) for levels in self._stock.values())) // share)
                for sku in skus
            )
            self._sequence += 1
            for channel in self._channels.values():
                with suppress(Refusal):
                    listings = SubmitListings(self._sequence, updates)
                    await channel.must("/listings", listings, f"{channel.name}/{self._sequence}")


def rates_of(body: bytes) -> tuple[Any, ...]:
    """Offers, cheapest first."""
    return msgspec.json.decode(body, type=Rates).rates


def label_of(body: bytes) -> Label:
    """A label that was bought."""
    return msgspec.json.decode(body, type=Label)


async def read_stock(warehouse: Partner) -> dict[str, int]:
    """What can be sold, by SKU."""
    levels: dict[str, int] = {}
    cursor = ""
    while True:
        body = await warehouse.get(f"/stock?cursor={quote(cursor)}" if cursor else "/stock")
        page = msgspec.json.decode(body, type=Snapshot)
        levels.update({each.sku: each.on_hand - each.allocated for each in page.levels})
        cursor = page.cursor
        if not cursor:
            return levels


async def main() -> Seen:
    """Work until told to stop; gives what was seen."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    seen = Seen()
    integration = Integration(seen)
    work = loop.create_task(integration.run())
    port = int(os.environ["SEATRIAL_LISTEN_PORT"])
    await loop.create_server(lambda: Doorbell(integration.take), "127.0.0.1", port, backlog=1024)
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    stopping = loop.create_task(stop.wait())
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    seen.open = integration.open
    if work.done():
        work.result()
    return seen


if __name__ == "__main__":
    import uvloop

    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seen", type=Path, default=Path("seen.json"), help="file for what it saw")
    options = given.parse_args()
    if "SEATRIAL_PARTNERS" not in os.environ:
        print("a part of wire_flow.py, which starts it")
        sys.exit(0)
    options.seen.write_bytes(_encode(uvloop.run(main())))
