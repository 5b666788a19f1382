"""An office: one ERP, and somebody who has learnt by heart how to take an order through its books."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from simpy import Environment

from seatrial.mocks.books.erp_settings import ErpSettings
from seatrial.mocks.messages import erp as ask
from seatrial.mocks.messages.orders import OrderLine, Units
from seatrial.mocks.partners.erp import Erp
from seatrial.sim.assortment import Assortment, Item
from seatrial.sim.cargo import Road
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.ground import Ground
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tradingday import TradingDay

PRICES = {"A": 100, "B": 250, "C": 1999}


def units(**quantities: int) -> tuple[Units, ...]:
    return tuple(Units(sku, quantity) for sku, quantity in quantities.items())


class Office:
    """One ERP with three goods in two warehouses, at prices that differ from the list prices; carriage is a charge."""

    def __init__(self, start: datetime = datetime(2011, 12, 1, tzinfo=UTC), conduct: Any = None, **settings: Any):
        self.env = env = Environment()
        self.evidence = Evidence(lambda: env.now)
        dice = Dice(7)
        rulebook = Rulebook((), dice, self.evidence, lambda: env.now)
        items = {sku: Item(sku, price, {"north": 100, "south": 50}) for sku, price in PRICES.items()}
        ground = Ground(env, self.evidence, dice, rulebook, TradingDay(start), Road(), Assortment("GBP", items))
        self.erp = Erp("erp", ground, conduct or Conduct(), ErpSettings(**settings))
        self.erp.start()
        self.save()

    def save(self, customer_no: str = "c1") -> str:
        return self.erp.save_customer(ask.SaveCustomer(customer_no, "Ada", "ada@example.com", "EIRE")).id

    def enter(self, number: str = "O-1", charge: int = 0, **quantities: int) -> ask.SalesOrderCreated:
        lines = [OrderLine(sku, quantity, PRICES[sku] + 1) for sku, quantity in quantities.items()]
        lines += [OrderLine("POST", 1, charge)] if charge else []
        return self.erp.create_sales_order(ask.CreateSalesOrder(number, "storefront", "c1", "GBP", tuple(lines)))

    def release(self, number: str = "O-1", release: str = "R1", warehouse: str = "north", **quantities: int) -> str:
        request = ask.RecordRelease(number, f"{number}/{release}", warehouse, units(**quantities))
        return self.erp.record_release(request).id

    def backorder(self, number: str = "O-1", ship_by: float = 9e5, **quantities: int) -> str:
        return self.erp.record_backorder(ask.RecordBackorder(number, units(**quantities), ship_by)).id

    def ship(self, number: str = "O-1", parcel: str = "P1", warehouse: str = "north", **quantities: int) -> str:
        request = ask.PostShipment(number, parcel, warehouse, units(**quantities), self.env.now)
        return self.erp.post_shipment(request).id

    def invoice(self, number: str = "O-1", parcel: str = "P1") -> ask.InvoicePosted:
        return self.erp.post_invoice(ask.PostInvoice(number, parcel, self.env.now))

    def milestone(self, number: str = "O-1", parcel: str = "P1", milestone: str = "delivered") -> str:
        return self.erp.record_milestone(ask.RecordMilestone(number, parcel, milestone)).id

    def authorise(self, number: str = "O-1", rma: str = "RMA-1", **quantities: int) -> ask.ReturnAuthorised:
        return self.erp.authorise_return(ask.AuthoriseReturn(number, rma, units(**quantities)))

    def credit(self, number: str = "O-1", rma: str = "RMA-1", **quantities: int) -> ask.CreditPosted:
        return self.erp.post_credit(ask.PostCredit(number, rma, units(**quantities), self.env.now))

    def cancel(self, number: str = "O-1", order_id: str = "") -> str:
        return self.erp.cancel_sales_order(ask.CancelSalesOrder(number, "shopper", order_id)).id

    def find(self, number: str = "O-1") -> ask.SalesOrderState:
        return self.erp.find_sales_order(ask.FindSalesOrder(number))

    def state(self, number: str = "O-1") -> str:
        return self.find(number).state

    def move(self, reason: str = "received", number: str = "M-1", warehouse: str = "north", **deltas: int) -> str:
        request = ask.PostMovement(number, warehouse, units(**deltas), reason)
        return self.erp.post_movement(request).id

    def count(self, sequence: int = 1, warehouse: str = "north", **levels: int) -> ask.StockCorrected:
        return self.erp.correct_stock(ask.CorrectStock(warehouse, sequence, units(**levels)))

    def sell(self, number: str = "O-1", parcel: str = "P1", **quantities: Any) -> None:
        """An order from its entry to its invoice."""
        self.enter(number, **quantities)
        self.release(number, **quantities)
        self.ship(number, parcel, **quantities)
        self.invoice(number, parcel)

    def level(self, sku: str, warehouse: str = "north") -> int:
        return self.erp.stock.book.level(warehouse, sku)

    def held(self, sku: str, warehouse: str = "north") -> int:
        return self.erp.stock.book.allocated(warehouse, sku)

    def rows(self, kind: str, **cells: Any) -> list[dict[str, Any]]:
        rows = self.evidence.frame().iter_rows(named=True)
        return [row for row in rows if row["kind"] == kind and all(row[name] == cells[name] for name in cells)]

    def events(self, order: str = "") -> list[str]:
        return [row["operation"] for row in self.rows("event") if order in ("", row["correlation"])]

    def documents(self, outcome: str = "created") -> list[tuple[str, str]]:
        return [(row["document"], row["key"]) for row in self.rows("commit", outcome=outcome)]

    def refused(self, act: Any, *args: Any, **more: Any) -> Rejected:
        """What an act was refused with; checks that it left no trace in the books."""
        before = self.books()
        with pytest.raises(Rejected) as caught:
            act(*args, **more)
        assert self.books() == before
        return caught.value

    def books(self) -> object:
        """Everything that the books say, and all that was committed."""
        erp = self.erp
        book_of_orders = erp.orders
        known = {number: book_of_orders._unpack(record) for number, record in book_of_orders._packed.items()}
        orders = {
            number: [(each.id, each.state, repr(each.lines), repr(each.parcels), each.settled) for each in several]
            for number, several in (known | book_of_orders._live).items()
        }
        ledger, book = erp.ledger, erp.stock.book
        return (
            orders,
            (ledger.entries, list(ledger._debits), list(ledger._credits)),
            repr(book._levels),
            {place: {sku: held for sku, held in each.items() if held} for place, each in book._allocated.items()},
            len(self.rows("commit")) + len(self.rows("stock")),
        )


@pytest.fixture(scope="session")
def new_office() -> type[Office]:
    return Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def legacy() -> Office:
    """An ERP of the old kind that never sleeps; its windows come every quarter of an hour."""
    return Office(character="legacy", opens="00:00", closes="00:00")
