"""Goods in: suppliers' deliveries are put away; what comes back is inspected and restocked or scrapped."""

from __future__ import annotations

from seatrial.mocks.books.opening_hours import OpeningHours
from seatrial.mocks.books.stock_ledger import StockLedger
from seatrial.mocks.books.warehouse_settings import WarehouseSettings
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import ReturnReceived
from seatrial.sim.cargo import Delivery, ReturnedGoods
from seatrial.sim.partner import Partner
from seatrial.sim.waits import after


class GoodsIn:
    """Everything that arrives at a warehouse waits for opening hours, then for somebody's time."""

    def __init__(self, partner: Partner, settings: WarehouseSettings, hours: OpeningHours, ledger: StockLedger) -> None:
        self._partner = partner
        self._settings = settings
        self._hours = hours
        self._ledger = ledger
        self._expected: dict[str, str] = {}  # RMA number to order number
        self._receipts = 0
        self._chance = partner.ground.dice.keyed("restockable", partner.name)

    def expect(self, rma_no: str, order_no: str) -> None:
        """Know a return when it comes."""
        self._expected[rma_no] = order_no

    def deliver(self, delivery: Delivery) -> None:
        """Take a supplier's delivery in."""
        after(self._partner.env, self._wait() + self._settings.put_away, self._put_away, delivery)

    def take_back(self, goods: ReturnedGoods) -> None:
        """Take returned goods in; those that nobody announced lie longer until somebody looks at them."""
        partner, settings = self._partner, self._settings
        self._receipts += 1
        order_no = self._expected.pop(goods.rma_no, None) if goods.rma_no else None
        known = ReturnedGoods(goods.rma_no, goods.order_no or order_no or "", goods.goods)
        key = goods.rma_no or f"{partner.name}-R{self._receipts}"
        partner.happened("return.received", key, known.order_no, sum([units for _, units in goods.goods]))
        delay = settings.inspect_blind if order_no is None else settings.inspect
        after(partner.env, self._wait() + delay, self._inspect, known, key)

    def _wait(self) -> float:
        now = self._partner.now
        return self._hours.opening(now) - now

    def _put_away(self, delivery: Delivery) -> None:
        for sku, units in delivery.goods:
            self._ledger.stock.receive(sku, units)
        total = sum([units for _, units in delivery.goods])
        self._partner.happened("inventory.received", delivery.purchase_no, "", total)
        self._ledger.moved(tuple([Units(*each) for each in delivery.goods]), "received")

    def _inspect(self, goods: ReturnedGoods, key: str) -> None:
        partner = self._partner
        lines = tuple([Units(*each) for each in goods.goods])
        looked_at = [Units(line.sku, self._sound(key, line)) for line in lines]
        restocked = tuple([line for line in looked_at if line.quantity])
        for line in restocked:
            self._ledger.stock.receive(line.sku, line.quantity)
        good = sum([line.quantity for line in restocked])
        scrapped = sum([line.quantity for line in lines]) - good
        if good:
            partner.happened("stock.restocked", key, goods.order_no, good)
        if scrapped:
            partner.happened("stock.scrapped", key, goods.order_no, scrapped)
        body = ReturnReceived(goods.rma_no, goods.order_no, partner.name, lines, restocked)
        partner.publish("return.received", key, goods.order_no, body)
        if restocked:
            self._ledger.moved(restocked, "restocked", goods.order_no)

    def _sound(self, key: str, line: Units) -> int:
        """Units that can be sold again: the expected number, rounded up or down by the dice."""
        return min(line.quantity, int(line.quantity * self._settings.restockable + self._chance(f"{key}/{line.sku}")))
