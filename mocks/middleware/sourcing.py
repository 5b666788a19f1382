"""Step 4: source an order, release it to warehouses, and put into back-order what nobody has."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from seatrial.mocks.messages.channel import ChangePromise
from seatrial.mocks.messages.erp import RecordBackorder, RecordRelease
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.supply import OrderedUnits, OrderSupply
from seatrial.mocks.messages.warehouse import GetSnapshot, ReleaseAccepted, ReleaseOrder
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import Message, OrderFile, ReleaseFile
from seatrial.sim.errors import CallError, Rejected

HANDLING = 12 * 3600.0  # from the arrival of goods to their dispatch, for a new promise date
DAY = 86_400.0
_ROUNDS = 3


class Sourcing:
    """Plans by the stock view; a warehouse that rejects is left out and the rest planned again."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def source(self, file: OrderFile, again: bool = False) -> OrderFile:
        """Find a warehouse for everything that is not sourced yet; the rest becomes a back-order."""
        for release in file.unbooked:
            file = await self._book(file, release, again)
        wanted, skip = file.unsourced, frozenset[str]()
        for _ in range(_ROUNDS if self._deck.controls.alternate_sourcing else 1):
            plan, rest = self._deck.stock.plan(wanted, skip)
            refused: list[str] = []
            for warehouse, lines in plan:
                file, accepted = await self._release(file, warehouse, lines)
                if not accepted:
                    refused.append(warehouse)
            wanted, skip = (file.unsourced if refused else rest), skip.union(refused)
            if not refused:
                break
        return await self._backorder(file, wanted) if wanted else file

    async def restocked(self, message: Message) -> None:
        """Stock came in that this order waits for."""
        file = await self._deck.file(message.lane)
        if file.stopped:
            return
        plan, _ = self._deck.stock.plan(file.waiting)
        covered = _sum(plan_lines for _, plan_lines in plan)
        if covered:
            file = msgspec.structs.replace(file, waiting=tuple(_less(file.waiting, covered)))
            await self._deck.save(file)
        self.wait(file)
        if not file.unsourced and not file.unbooked:
            return
        file = await self.source(file, message.again)
        if not file.waiting:
            await self._deck.close_case(f"{file.order.order_no}/backorder", file.order.order_no)

    def wait(self, file: OrderFile) -> None:
        """Have the order woken up when stock that it waits for comes in."""
        for unit in file.waiting:
            self._deck.waiting.setdefault(unit.sku, {})[file.order.order_no] = None

    async def refresh(self, warehouse: str) -> int:
        """Read a warehouse's stock anew; gives the number of the last movement in it."""
        deck, cursor = self._deck, ""
        while True:
            page = await deck.ask(deck.warehouses[warehouse], GetSnapshot(cursor))
            deck.stock.set_levels(warehouse, page.levels)
            cursor = page.cursor
            if not cursor:
                return page.sequence

    async def _release(self, file: OrderFile, warehouse: str, lines: tuple[Units, ...]) -> tuple[OrderFile, bool]:
        deck = self._deck
        number = f"{file.order.order_no}/R{len(file.releases) + 1}"
        release = ReleaseFile(number, warehouse, lines, news_at=deck.around.now())
        file = file.having(release)
        deck.stock.expect(lines, -1)
        deck.stock.change(warehouse, lines, -1)
        await deck.save(file)
        file = await self._book(file, release, again=False)
        kept = file.release(number)
        return file, kept is not None and kept.stage != "cancelled"

    async def _book(self, file: OrderFile, release: ReleaseFile, again: bool) -> OrderFile:
        """Tell the warehouse, then the ERP. A rejection cancels the release."""
        deck, order = self._deck, file.order
        warehouse = deck.warehouses[release.warehouse]
        request = ReleaseOrder(release.release_no, order.order_no, release.lines, order.customer.country, order.ship_by)
        try:
            await deck.ask(warehouse, request, key=release.release_no, already=_already, again=again)
        except Rejected as error:
            if error.code != "insufficient_stock":
                raise
            return await self._rejected(file, release)
        booking = RecordRelease(order.order_no, release.release_no, release.warehouse, release.lines)
        await deck.ask(deck.erp, booking, key=f"{release.release_no}/booked")
        deck.around.event("order.released", release.release_no, order.order_no)
        file = file.having(msgspec.structs.replace(release, booked=True))
        await deck.save(file)
        return file

    async def _rejected(self, file: OrderFile, release: ReleaseFile) -> OrderFile:
        """The stock view was wrong: give the units back, believe the warehouse."""
        deck = self._deck
        deck.stock.expect(release.lines)
        deck.stock.change(release.warehouse, release.lines)
        file = file.having(msgspec.structs.replace(release, stage="cancelled", booked=True))
        await deck.save(file)
        if deck.controls.alternate_sourcing:
            try:
                await self.refresh(release.warehouse)
            except CallError:
                deck.stock.nothing_left(release.warehouse, (line.sku for line in release.lines))
        return file

    async def _backorder(self, file: OrderFile, units: tuple[Units, ...]) -> OrderFile:
        """Nobody has it: buy it, promise a new date, tell everybody; it is kept once all of that is done."""
        deck, order = self._deck, file.order
        number, turn = order.order_no, len(file.releases)
        file = msgspec.structs.replace(file, waiting=_merge((*file.waiting, *units)))
        self.wait(file)
        purchase = f"{number}/S{deck.around.now() // DAY:.0f}"  # however often it is tried: one purchase a day
        wanted = tuple(OrderedUnits(unit.sku, unit.quantity) for unit in units)
        ordered = await deck.ask(deck.supply, OrderSupply(number, purchase, min(deck.warehouses), wanted), key=purchase)
        ship_by = ordered.due_at + HANDLING
        record = RecordBackorder(number, units, ship_by)
        await deck.ask(deck.erp, record, key=f"{number}/B{turn}")
        promise = ChangePromise(number, ship_by)
        await deck.ask(deck.channels[order.channel], promise, key=f"{number}/promise{turn}")
        await deck.tell(number, "back_ordered", str(turn))
        await deck.tell(number, "back_ordered", str(turn), service=True)
        await deck.open_case(f"{number}/backorder", number, "logistics", "back_ordered")
        await deck.save(file)
        return file


def _already(error: Rejected) -> ReleaseAccepted | None:
    """The warehouse knows this release number: an earlier attempt came through."""
    return ReleaseAccepted(error.pointer) if error.code in ("already_exists", "already_done") else None


def _sum(parts: Iterable[Iterable[Units]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for lines in parts:
        for unit in lines:
            total[unit.sku] = total.get(unit.sku, 0) + unit.quantity
    return total


def _less(units: Iterable[Units], covered: dict[str, int]) -> list[Units]:
    rest = (Units(unit.sku, unit.quantity - covered.get(unit.sku, 0)) for unit in units)
    return [unit for unit in rest if unit.quantity > 0]


def _merge(units: Iterable[Units]) -> tuple[Units, ...]:
    return tuple(Units(sku, quantity) for sku, quantity in _sum([units]).items())
