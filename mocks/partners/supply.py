"""Supply: regular deliveries that replace what is sold, and deliveries on order for what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import inf

import msgspec

from seatrial.mocks.messages.supply import Inbound, InboundUnits, ListInbound, Ordered, OrderSupply
from seatrial.mocks.places import warehouses_of
from seatrial.sim.cargo import Delivery
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.latency import Latency, Uniform, sampler
from seatrial.sim.operation import operation
from seatrial.sim.partner import Ground, Partner
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.waits import after

DAY = 86_400.0


class Supply(Partner):
    """The suppliers of the network. Purchase orders: ordered, delivered.

    Nobody tells it what is in the warehouses. It knows what the stock at the start was and how long that was meant to
    last, and brings as much again in every such time, in deliveries at a fixed time of day. Raises Rejected: 422
    `unknown_item`, `unknown_warehouse` or `invalid_quantity`; BadInput for settings that make no sense.
    """

    kind = "supply"

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """When the suppliers come, and with how much."""

        cover: Seconds = Seconds(10 * DAY)
        """Seconds that the stock at the start was meant to last; the `cover` of the demand."""
        replaces: Share = Share(1)
        """Share of the expected sales that regular deliveries bring."""
        every: Seconds = Seconds(DAY)
        """Seconds between two regular deliveries."""
        arrives_at: Seconds = Seconds(6 * 3600)
        """Time of day of regular deliveries, in seconds since midnight."""
        lead: Latency = Uniform(Seconds(2 * DAY), Seconds(5 * DAY))
        """Seconds from an order to the delivery that is promised for it."""
        late: Share = Share(0)
        """Share of the deliveries on order that come later than promised."""
        late_by: Seconds = Seconds(DAY)
        """Seconds by which these are late."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct)
        if not 0 < settings.every < inf or not 0 < settings.cover < inf or not 0 <= settings.arrives_at < DAY:
            value = f"every {settings.every:g} s, cover {settings.cover:g} s, arrives_at {settings.arrives_at:g} s"
            raise BadInput("deliveries need a time of day, a time between them and a cover", value=value)
        self._settings = settings
        self._per_delivery = Fraction(settings.replaces * settings.every / settings.cover).limit_denominator(10**6)
        self._first = ground.day.next_at(settings.arrives_at, 0.0)
        self._deliveries = 0
        self._warehouses = warehouses_of(ground.assortment)
        self._lead = sampler(settings.lead, ground.dice, f"{name}.lead")
        self._late = ground.dice.keyed("late", name)
        self._on_order: dict[str, list[InboundUnits]] = {}
        self._orders = 0

    def start(self) -> None:
        """Wait for the first regular delivery."""
        if self._per_delivery:
            after(self.env, self._first - self.env.now, self._deliver)

    @operation("GET", "/inbound")
    def list_inbound(self, request: ListInbound) -> Inbound:
        """The next regular delivery of each SKU, and all that is on order."""
        receipts = [units for sku in request.skus for units in (*self._regular(sku), *self._on_order.get(sku, ()))]
        return Inbound(tuple(sorted(receipts, key=lambda units: (units.due_at, units.warehouse, units.sku))))

    @operation("POST", "/purchase-orders", key="purchase_no", document="purchase_order")
    def order_supply(self, request: OrderSupply) -> Ordered:
        """Order units for a warehouse."""
        self._check(request)
        self._orders += 1
        number = f"{self.name}-P{self._orders}"
        due = self.now + self._lead(request.purchase_no)
        coming = tuple(InboundUnits(line.sku, line.quantity, due, request.warehouse) for line in request.lines)
        for units in coming:
            self._on_order.setdefault(units.sku, []).append(units)
        delay = self._settings.late_by if self._late(request.purchase_no) < self._settings.late else 0.0
        after(self.env, due + delay - self.now, self._arrive_on_order, request, coming)
        total = sum(units.quantity for units in coming)
        self.committed("purchase_order", request.purchase_no, request.order_no, number, quantity=total)
        return Ordered(number, due)

    def _check(self, request: OrderSupply) -> None:
        if request.warehouse not in self._warehouses:
            known = ", ".join(self._warehouses)
            raise Rejected("unknown_warehouse", f"no warehouse {request.warehouse!r} · known: {known}")
        for line in request.lines:
            if line.sku not in self.ground.assortment.items:
                raise Rejected("unknown_item", f"no supplier has {line.sku!r}")
            if line.quantity <= 0:
                raise Rejected("invalid_quantity", f"{line.sku}: {line.quantity} units")

    def _arrive_on_order(self, request: OrderSupply, coming: tuple[InboundUnits, ...]) -> None:
        for units in coming:
            self._on_order[units.sku].remove(units)
        goods = tuple((units.sku, units.quantity) for units in coming)
        self.ground.road.send(request.warehouse, Delivery(request.purchase_no, goods))

    def _deliver(self) -> None:
        """Bring every warehouse its regular delivery."""
        self._deliveries += 1
        after(self.env, self._settings.every, self._deliver)
        for place in self._warehouses:
            goods = tuple(self._goods(place))
            if goods:
                self.ground.road.send(place, Delivery(f"{self.name}-R{self._deliveries}-{place}", goods))

    def _goods(self, place: str) -> Iterator[tuple[str, int]]:
        """What the delivery of now brings to a warehouse."""
        number = self._deliveries
        for sku, item in self.ground.assortment.items.items():
            stock = item.stock.get(place, 0)
            units = self._until(stock, number) - self._until(stock, number - 1)
            if units:
                yield sku, units

    def _until(self, stock: int, delivery: int) -> int:
        """Units that all deliveries up to one bring together: whole ones, so that small items come now and then."""
        rate = self._per_delivery
        return stock * delivery * rate.numerator // rate.denominator

    def _regular(self, sku: str) -> Iterator[InboundUnits]:
        item, rate = self.ground.assortment.items.get(sku), self._per_delivery
        for place, stock in item.stock.items() if item and rate else ():
            if stock:
                next_unit = self._until(stock, self._deliveries) + 1
                number = -(-next_unit * rate.denominator // (stock * rate.numerator))
                units = self._until(stock, number) - self._until(stock, number - 1)
                yield InboundUnits(sku, units, self._first + (number - 1) * self._settings.every, place)
