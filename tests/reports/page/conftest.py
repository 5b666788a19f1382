"""Two synthetic voyages for the page: the same trade and faults, once with safeguards and once without."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.page import PageRun, page
from seatrial.sim.evidence import Evidence
from seatrial.sim.manifest import Phase

DAY = 86_400.0
LIMITS = {"orders.completed_share": ">= 90 %", "recovery.max": "<= 12 h", "latency.placed_to_shipped.p95": "<= 1 d"}


@dataclass
class Voyage:
    """Orders over some days, with lost ERP replies and a carrier outage; `careful` says whether safeguards work."""

    orders: int
    careful: bool
    days: float = 7.0
    scenario: str = "peak-week"
    rule: str = "lost-erp-replies"
    rows: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    now: float = 0.0

    def sail(self) -> PageRun:
        self.dice = random.Random(7)
        self.log = Evidence(lambda: self.now)
        self.levels = {("north", f"S{sku}"): 4000 for sku in range(9)}
        self.book = dict(self.levels)
        for (place, sku), level in self.levels.items():
            self.at(0, self.log.stock, place, "on_hand", sku, level)
            self.at(0, self.log.stock, "erp", "book", sku, level, place)
            self.at(0, self.log.stock, "marketplace", "listing", sku, level // 4)
        for number in range(self.orders):
            self.order(number, (number + 0.5) / self.orders * self.days * DAY * 0.93)
        for time, _, write in sorted(self.rows, key=lambda row: row[:2]):
            self.now = time
            write()
        return self.run()

    def at(self, time: float, write: Callable[..., None], *cells: object) -> None:
        self.rows.append((time, len(self.rows), lambda: write(*cells)))

    def take(self, shelf: dict[tuple[str, str], int], sku: str, units: int, *book: str) -> None:
        partner, name, location = book
        shelf["north", sku] -= units
        self.log.stock(partner, name, sku, shelf["north", sku], location)

    def during(self, rule: str, time: float) -> bool:
        return next(each.begin <= time < each.end for each in self.rules() if each.name == rule)

    def rules(self) -> tuple[RuleFacts, ...]:
        day = DAY * self.days / 7
        return (
            RuleFacts(name=self.rule, fault="LostReply", at="erp.create_*", begin=1.2 * day, end=2.1 * day),
            RuleFacts(name="falcon-down", fault="Outage", at="falcon", begin=3.3 * day, end=3.9 * day),
            RuleFacts(name="webhooks-twice", fault="WebhookDuplicate", at="*", begin=0, end=6.5 * day, matched=2000),
        )

    def order(self, number: int, placed: float) -> None:
        no, sku, log = f"MP-{number}", f"S{number % 9}", self.log
        units = self.dice.randint(1, 6)
        self.at(placed, log.sale, "marketplace", "placed", sku, no, units)
        self.at(placed, log.event, "order.placed", "marketplace", no, no, units, units * 1250)
        self.at(placed + 40, log.event, "order.acknowledged", "marketplace", no, no)
        entered = self.enter(no, placed + 60)
        released = entered + 30
        release, parcel = f"{no}/R1", f"north-P{number}"
        self.at(released, log.call, "north", "release_order", "fulfilment", release, no, 1, "ok", 200, 0.12, "")
        self.at(released, log.commit, "north", "release_order", "fulfilment", release, no, "created", f"F{number}")
        self.at(released, log.event, "fulfilment.accepted", "north", release, no, units)
        packed = released + self.dice.uniform(0.5, 4) * 3600
        self.at(packed, log.event, "fulfilment.packed", "north", release, no, units, 0, parcel)
        self.commit(packed, "north", "parcel", release, no)
        shipped = self.label(no, parcel, packed) + 600
        self.at(shipped, self.take, self.levels, sku, units, "north", "on_hand", "")
        self.at(shipped, log.sale, "north", "shipped", sku, no, units)
        self.at(shipped, log.event, "shipment.dispatched", "north", parcel, no, units)
        rule = "webhooks-twice" if number % 3 == 0 else ""
        self.at(shipped + 2, log.webhook, "north", "shipment.dispatched", parcel, no, 1, "ok", 200, 0.2, "W1", rule)
        if rule:
            self.at(shipped + 2, log.fault, "north", "shipped", "WebhookDuplicate", parcel, no, 1, "mattered", rule)
        self.book_shipment(no, sku, parcel, units, shipped + 120)
        self.at(shipped + 150, log.event, "shipment.confirmed", "marketplace", parcel, no, units)
        self.commit(shipped + 150, "marketplace", "shipment_confirmation", parcel, no)
        self.commit(shipped + 160, "desk", "notification", f"{no}/shipped/{parcel}", no)

    def enter(self, no: str, time: float) -> float:
        """The ERP does the work and the reply is lost: who is careless makes a second sales order."""
        latency = self.dice.lognormvariate(-2.5, 0.6)
        if self.during(self.rule, time) and self.dice.random() < 0.4:
            rule = self.rule
            self.at(time, self.log.commit, "erp", "create_sales_order", "sales_order", no, no, "created", f"SO-{no}")
            self.at(time, self.log.fault, "erp", "create_sales_order", "LostReply", no, no, 1, "mattered", rule)
            self.ask(time + 10, "erp", "create_sales_order", "sales_order", (no, no), 1, "timed_out", 10.0, rule)
            outcome = "replayed" if self.careful else "created"
            self.at(time + 15, self.log.commit, "erp", "create_sales_order", "sales_order", no, no, outcome, f"S2-{no}")
            self.ask(time + 15, "erp", "create_sales_order", "sales_order", (no, no), 2, "ok", latency, "")
            if not self.careful:
                self.at(time + 20, self.log.note, "exception_opened", f"C-{no}", no, "finance", 0, "two sales orders")
            self.at(time, self.log.event, "order.entered", "erp", no, no)
            return time + 15
        self.commit(time, "erp", "sales_order", no, no)
        self.ask(time, "erp", "create_sales_order", "sales_order", (no, no), 1, "ok", latency, "")
        self.at(time, self.log.event, "order.entered", "erp", no, no)
        return time

    def label(self, no: str, parcel: str, time: float) -> float:
        """While the carrier is down the careful take the other one, and the careless wait for hours."""
        if self.during("falcon-down", time):
            rule = "falcon-down"
            self.at(time, self.log.fault, "falcon", "buy_label", "Outage", parcel, no, 1, "mattered", rule)
            self.ask(time + 1, "falcon", "buy_label", "label", (parcel, no), 1, "refused", 0.01, rule)
            carrier, time = ("heron", time + 5) if self.careful else ("falcon", time + 9 * 3600)
        else:
            carrier = "falcon"
        self.ask(time, carrier, "buy_label", "label", (parcel, no), 1, "ok", self.dice.lognormvariate(-1.2, 0.4), "")
        self.commit(time, carrier, "label", parcel, no, 495)
        return time

    def book_shipment(self, no: str, sku: str, parcel: str, units: int, time: float) -> None:
        """Without safeguards now and then a shipment never reaches the books."""
        forgotten = self.dice.random() < 0.03
        if forgotten and not self.careful:
            self.ask(time, "erp", "post_shipment", "shipment", (parcel, no), 1, "rejected", 0.3, "", 503)
            self.at(time, self.log.note, "dead_letter", f"D-{no}", no, "integration_support", 0, "HTTP 503")
            self.at(time, self.log.note, "exception_opened", f"X-{no}", no, "integration_support")
            return
        self.at(time, self.take, self.book, sku, units, "erp", "book", "north")
        for document, event in (("shipment", "shipment.posted"), ("invoice", "invoice.posted")):
            self.ask(time, "erp", f"post_{document}", document, (parcel, no), 1, "ok", 0.09, "")
            self.commit(time, "erp", document, parcel, no, units * 1250)
            self.at(time, self.log.event, event, "erp", parcel, no, units, units * 1250)

    def ask(
        self, time: float, partner: str, operation: str, document: str, keys: tuple[str, str], *rest: object
    ) -> None:
        attempt, outcome, latency, rule, *status = rest
        shown = status[0] if status else 200 if outcome == "ok" else 0
        cells = (partner, operation, document, *keys, attempt, outcome, shown, latency, rule)
        self.at(time, self.log.call, *cells)

    def commit(self, time: float, partner: str, document: str, key: str, no: str, amount: int = 0) -> None:
        name = f"{document[:2].upper()}-{key}"
        self.at(time, self.log.commit, partner, f"make_{document}", document, key, no, "created", name, 1, amount)

    def run(self) -> PageRun:
        integration = "resilient" if self.careful else "naive"
        seconds = self.days * DAY
        facts = Facts(
            scenario=self.scenario,
            seed=7,
            integration=integration,
            started="2011-12-01T00:00:00+00:00",
            duration=seconds,
            phases=(Phase("chaos", 0.0, seconds * 0.93), Phase("calm", seconds * 0.93, seconds)),
            rules=self.rules()[: 3 if self.orders else 0],
        )
        log = Logbook(self.log.scan())
        return PageRun(
            verdict=judge(log, facts, LIMITS),
            log=log,
            question="Does every order of a real peak week arrive once, on time and in the books?",
            digest=self.log.digest(),
            rows=self.log.rows_written,
            versions={"seatrial": "0.1.0", "python": "3.11"},
        )


@pytest.fixture(scope="session")
def careful() -> PageRun:
    """A run with safeguards."""
    return Voyage(orders=60, careful=True).sail()


@pytest.fixture(scope="session")
def careless() -> PageRun:
    """The same trade without them."""
    return Voyage(orders=60, careful=False).sail()


@pytest.fixture(scope="session")
def side_by_side(careful: PageRun, careless: PageRun) -> str:
    """The page of both."""
    return page([careful, careless])


@pytest.fixture(scope="session")
def sail() -> Callable[..., PageRun]:
    """Another voyage."""
    return lambda **options: Voyage(**options).sail()
