"""Tiny histories, written by hand: what measures read in these tests."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from seatrial.reports.facts import Facts
from seatrial.reports.judge import measures
from seatrial.reports.logbook import Logbook
from seatrial.reports.reading import Reading
from seatrial.sim.evidence import Evidence

DAY = 86_400.0


class History:
    """An evidence log with a clock that a test sets: `at(60)` is the second minute of the run."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rows = Evidence(lambda: self.now)

    def at(self, second: float) -> History:
        """Go to a second of the run."""
        self.now = second
        return self

    def happened(
        self, event: str, partner: str, key: str, order: str = "", quantity: int = 0, amount: int = 0
    ) -> History:
        """An event; `order` is the key where it is not said."""
        self.rows.event(event, partner, key, order or key, quantity, amount)
        return self

    def placed(self, order: str, units: int = 1, amount: int = 1000, sku: str = "A") -> History:
        """A shopper buys units of one SKU."""
        self.rows.sale("marketplace", "placed", sku, order, units)
        return self.happened("order.placed", "marketplace", order, quantity=units, amount=amount)

    def made(self, document: str, key: str, order: str, number: str, partner: str = "erp", amount: int = 0) -> History:
        """A document is created."""
        self.rows.commit(partner, "", document, key, order, "created", number, 0, amount)
        return self

    def undone(self, document: str, key: str, order: str, number: str, partner: str = "erp") -> History:
        """A document is reversed."""
        self.rows.commit(partner, "", document, key, order, "reversed", number)
        return self

    def asked(self, document: str, key: str, order: str, outcome: str = "ok", attempt: int = 1) -> History:
        """A call that should make a document ends, after one second."""
        status = 200 if outcome == "ok" else 422 if outcome == "rejected" else 0
        operation = f"create_{document}"
        self.rows.call("erp", operation, document, key, order, attempt, outcome, status, 1.0, "")
        return self

    def shipped(self, order: str, parcel: str, units: int = 1, sku: str = "A") -> History:
        """A parcel leaves the north warehouse."""
        self.rows.sale("north", "shipped", sku, order, units)
        return self.happened("shipment.dispatched", "north", parcel, order, quantity=units)

    def level(self, partner: str, book: str, sku: str, units: int, place: str = "") -> History:
        """A book shows a new level."""
        self.rows.stock(partner, book, sku, units, place)
        return self

    def frame(self) -> pl.DataFrame:
        """The evidence so far."""
        return self.rows.frame()

    def log(self) -> Logbook:
        """The evidence so far, as measures read it."""
        return Logbook(self.frame())


Read = Callable[..., dict[str, Reading]]


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture(scope="session")
def read() -> Read:
    """Readings of one measure family, by name."""

    def read(family: str, evidence: History | pl.DataFrame, **known: object) -> dict[str, Reading]:
        frame = evidence if isinstance(evidence, pl.DataFrame) else evidence.frame()
        facts = Facts(**{"grace": 0.0, **known})  # type: ignore[arg-type]
        (measure,) = (each for each in measures() if type(each).__module__.endswith(f".{family}"))
        return {reading.name: reading for reading in measure.read(Logbook(frame), facts)}

    return read
