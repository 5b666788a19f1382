"""Warehouses, own or a 3PL's: releases are promised, picked, packed, labelled and collected; goods come in and back."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, ClassVar, NoReturn

import msgspec
from simpy import Event

from seatrial.mocks.books.dock import Collections, Dock
from seatrial.mocks.books.fulfilments import UNKNOWN, Fulfilment, FulfilmentBook, PickLine
from seatrial.mocks.books.goods_in import GoodsIn
from seatrial.mocks.books.opening_hours import OpeningHours
from seatrial.mocks.books.pick_floor import PickFloor
from seatrial.mocks.books.stock_check import CycleCount, Shrinkage
from seatrial.mocks.books.stock_ledger import StockLedger
from seatrial.mocks.books.stock_snapshots import SnapshotShelf
from seatrial.mocks.books.warehouse_settings import WarehouseSettings
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import (
    AttachLabel,
    CancelRelease,
    ExpectReturn,
    FulfilmentUpdate,
    GetRelease,
    GetSnapshot,
    LabelAttached,
    ReleaseAccepted,
    ReleaseCancelled,
    ReleaseOrder,
    ReleaseState,
    ReturnExpected,
    ReturnReceived,
    Snapshot,
    StockMoved,
)
from seatrial.sim.cargo import Cargo, Delivery, Parcel, ReturnedGoods
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import Rejected
from seatrial.sim.ground import Ground
from seatrial.sim.operation import operation
from seatrial.sim.partner import Partner
from seatrial.sim.waits import after


class Warehouse(Partner):
    """Holds stock and ships it.

    A release is *allocated* at once or rejected; it waits for opening hours and a picker, is *picking*, then *packed*,
    gets its label, and is *shipped* with the next collection of its carrier. Until it has its label it can be
    *cancelled*; where nothing at all is found on the shelf it is *rejected*. Raises Rejected with the codes named at
    each operation.
    """

    kind = "warehouse"
    Settings = WarehouseSettings
    events: ClassVar[Mapping[str, type[msgspec.Struct]]] = {
        "fulfilment.packed": FulfilmentUpdate,
        "fulfilment.shorted": FulfilmentUpdate,
        "fulfilment.rejected": FulfilmentUpdate,
        "fulfilment.cancelled": FulfilmentUpdate,
        "shipment.dispatched": FulfilmentUpdate,
        "inventory.adjusted": StockMoved,
        "return.received": ReturnReceived,
    }
    works = ("pick",)
    told_once = frozenset({"return.received"})

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: WarehouseSettings) -> None:
        super().__init__(name, ground, conduct)
        self.settings = settings
        hours = OpeningHours(ground.day, settings.opens, settings.closes, settings.cut_off)
        collections = Collections(ground.day, settings.collections, settings.collect_every)
        self.book = FulfilmentBook(settings.keep)
        self.ledger = StockLedger(self, self.book)
        self.stock = self.ledger.stock
        self.floor = PickFloor(self, settings, hours, self.book, self.ledger)
        self.dock = Dock(self.env, settings.doors, collections, settings.load, self._dispatch)
        self._goods_in = GoodsIn(self, settings, hours, self.ledger)
        self._snapshots = SnapshotShelf(settings.snapshot_life * ground.pace)
        self._accepted = self._counts = 0

    def start(self) -> None:
        """Open the stock book; begin to count, and to lose."""
        settings, env = self.settings, self.env
        self.ledger.open()
        shrinkage = Shrinkage(env, self.ground.dice, self.name, self.stock)
        if settings.shrink_rate > 0:
            env.process(shrinkage.creep(settings.shrink_rate, self.ledger.vanish))
        for loss in settings.losses:
            after(env, max(0.0, loss.at - env.now), shrinkage.strike, loss, self.ledger.vanish)
        if settings.count_every > 0:
            env.process(self._count(CycleCount(self.stock, settings.count_share)))

    def arrive(self, cargo: Cargo) -> None:
        """Take in what a supplier sends, and what comes back."""
        if isinstance(cargo, Delivery):
            self._goods_in.deliver(cargo)
        elif isinstance(cargo, ReturnedGoods):
            self._goods_in.take_back(cargo)
        else:
            super().arrive(cargo)

    @property
    def pending(self) -> int:
        """Webhooks and releases that are not done with."""
        return super().pending + self.book.open

    # what can be asked

    @operation("POST", "/releases", key="release_no", document="fulfilment")
    def release_order(self, request: ReleaseOrder) -> ReleaseAccepted:
        """Take on an order, or a part of one: all of it or nothing.

        Rejected: 422 `insufficient_stock` (the text names the SKUs), `unknown_sku`, `invalid_quantity`.
        """
        lines = self._check(request)
        for line in lines:
            self.stock.allocate(line.slot, line.wanted)
        self._accepted += 1
        number, units = f"{self.name}-F{self._accepted}", sum([line.wanted for line in lines])
        job = Fulfilment(number, request.release_no, request.order_no, lines, units, self.now)
        self.book.add(job)
        self.committed("fulfilment", job.release_no, job.order_no, job.id, quantity=job.units)
        self.happened("fulfilment.accepted", job.release_no, job.order_no, job.units)
        self.happened("fulfilment.allocated", job.release_no, job.order_no, job.units)
        self.floor.begin(job)
        return ReleaseAccepted(job.id)

    @operation("GET", "/releases/{release_no}", key="release_no")
    def get_release(self, request: GetRelease) -> ReleaseState:
        """Where a release stands; of two with one number, the newer."""
        until = self.visible_until
        states = [job.state(until) for job in self.book.of(request.release_no) if job.accepted_at <= until]
        return states[-1] if states else UNKNOWN

    @operation("POST", "/releases/{release_no}/cancel", key="release_no")
    def cancel_release(self, request: CancelRelease) -> ReleaseCancelled:
        """Stop a release, and every double of it; asking again changes nothing.

        Rejected: 409 `too_late` once one of them has its label, 404 `unknown_release`.
        """
        jobs = self.book.of(request.release_no)
        if not jobs:
            raise Rejected("unknown_release", f"no release {request.release_no!r} is known", status=404)
        if any(job.labelled for job in jobs):
            raise Rejected("too_late", f"release {request.release_no} has its label already", status=409)
        for job in jobs:
            if job.open:
                self.floor.stop(job, "cancelled", "fulfilment.cancelled")
        return ReleaseCancelled(request.release_no)

    @operation("POST", "/releases/{release_no}/label", key="parcel_no")
    def attach_label(self, request: AttachLabel) -> LabelAttached:
        """Put a label on a packed parcel; the same label again changes nothing.

        Rejected: 404 `unknown_parcel`, 422 `unknown_carrier`, 409 `cancelled`, 409 `already_labelled`.
        """
        job = self._parcel(request)
        if job.labelled:
            if (job.carrier, job.tracking_no) != (request.carrier, request.tracking_no):
                text = f"parcel {job.parcel_no} carries the label {job.tracking_no} of {job.carrier}"
                raise Rejected("already_labelled", text, status=409, pointer=job.tracking_no)
            return LabelAttached(job.parcel_no)
        if not job.open:
            raise Rejected("cancelled", f"release {job.release_no} was cancelled; void the label", status=409)
        if self.settings.carriers and request.carrier not in self.settings.carriers:
            text = f"{request.carrier!r} does not collect here; known: {', '.join(self.settings.carriers)}"
            raise Rejected("unknown_carrier", text)
        job.carrier, job.tracking_no, job.labelled_at = request.carrier, request.tracking_no, self.now
        self.dock.stage(job)
        return LabelAttached(job.parcel_no)

    @operation("GET", "/stock")
    def get_snapshot(self, request: GetSnapshot) -> Snapshot:
        """The stock at one instant, page by page.

        Rejected: 400 `invalid_cursor`, 400 `invalid_limit`.
        """
        cursor = request.cursor
        if not cursor and self.visible_until < self.now:
            cursor = self._snapshots.before(self.visible_until)
        if not cursor:
            cursor = self._snapshots.take(self.stock, self.ledger.movements, self.now)
        return self._snapshots.page(cursor, request.limit, self.now)

    @operation("POST", "/returns", key="rma_no")
    def expect_return(self, request: ExpectReturn) -> ReturnExpected:
        """Take note of a return that will come; it is then inspected sooner."""
        self._goods_in.expect(request.rma_no, request.order_no)
        return ReturnExpected(request.rma_no)

    def _check(self, request: ReleaseOrder) -> list[PickLine]:
        """The lines of a release, each SKU once; everything that is wrong with them is named."""
        wanted: dict[str, int] = {}
        for line in request.lines:
            if line.quantity < 1:
                raise Rejected("invalid_quantity", f"{line.quantity} units of {line.sku}; at least 1")
            wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
        if not wanted:
            raise Rejected("invalid_quantity", f"release {request.release_no} has no lines")
        find = self.stock.find
        lines = [PickLine(slot, units, units) for sku, units in wanted.items() if (slot := find(sku)) is not None]
        if len(lines) < len(wanted):
            unknown = [sku for sku in wanted if find(sku) is None]
            raise Rejected("unknown_sku", f"{self.name} does not stock {', '.join(unknown)}")
        for each in lines:
            if each.wanted > each.slot.on_hand - each.slot.allocated:
                self._refuse(request, lines)
        return lines

    def _refuse(self, request: ReleaseOrder, lines: list[PickLine]) -> NoReturn:
        short = [line for line in lines if line.wanted > line.slot.available]
        told = ", ".join([f"{line.slot.sku} ({line.slot.available} of {line.wanted})" for line in short])
        self.happened("fulfilment.rejected", request.release_no, request.order_no, sum([line.wanted for line in lines]))
        raise Rejected("insufficient_stock", f"short: {told}")

    def _parcel(self, request: AttachLabel) -> Fulfilment:
        for job in self.book.of(request.release_no):
            if job.parcel_no and job.parcel_no == request.parcel_no:
                return job
        text = f"release {request.release_no!r} has no parcel {request.parcel_no!r}"
        raise Rejected("unknown_parcel", text, status=404)

    def _dispatch(self, job: Fulfilment) -> None:
        """A parcel is on its carrier's truck."""
        name, order, evidence = self.name, job.order_no, self.evidence
        for line in job.lines:
            if line.allocated:
                self.stock.ship(line.slot, line.allocated)
                evidence.sale(name, "shipped", line.slot.sku, order, line.allocated)
        units = job.packed_units
        self.book.end(job, "shipped", self.now)
        self.committed("parcel", job.release_no, order, job.parcel_no, quantity=units)
        self.happened("shipment.dispatched", job.parcel_no, order, units)
        body = FulfilmentUpdate(job.release_no, order, job.state())
        self.publish("shipment.dispatched", job.parcel_no, order, body)
        self.ledger.moved(tuple([Units(each.sku, -each.quantity) for each in job.packed]), "shipped", order)
        goods = tuple([(each.sku, each.quantity) for each in job.packed])
        self.ground.road.send(job.carrier, Parcel(job.parcel_no, order, job.tracking_no, name, goods))

    def _count(self, cycle: CycleCount) -> Generator[Event, Any, None]:
        """Process: cycle counts."""
        while True:
            yield self.env.timeout(self.settings.count_every)
            slots = cycle.turn()
            self._counts += 1
            self.happened("inventory.counted", f"{self.name}-C{self._counts}", "", len(slots))
            self.ledger.compare(slots, "counted")
