"""A yard: one warehouse, the road before it, and somebody who reads its webhooks."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from simpy import Environment

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import (
    AttachLabel,
    CancelRelease,
    FulfilmentUpdate,
    GetRelease,
    LabelAttached,
    ReleaseOrder,
    ReleaseState,
)
from seatrial.mocks.partners.warehouse import Warehouse
from seatrial.sim.assortment import Assortment, Item
from seatrial.sim.cargo import Cargo, Road
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.ground import Ground
from seatrial.sim.notice import Notice
from seatrial.sim.quantities import Seconds
from seatrial.sim.receiver import Finished
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tradingday import TradingDay

ALWAYS = {"opens": "00:00", "closes": "00:00", "cut_off": "", "collect_every": Seconds(3600)}


def order_of(release_no: str) -> str:
    return release_no.partition("/")[0]


class Yard:
    """One warehouse with three SKUs, the road in front of it, and somebody who reads its webhooks."""

    up = True

    frozen = False

    def __init__(self, rules: tuple[Rule, ...] = (), labels: bool = False, **settings: object) -> None:
        self.labels = labels
        self.env = env = Environment()
        self.evidence = Evidence(lambda: env.now)
        dice = Dice(7)
        rulebook = Rulebook(rules, dice, self.evidence, lambda: env.now)
        items = {sku: Item(sku, 100, {"north": level}) for sku, level in (("A", 100), ("B", 50), ("C", 0))}
        day = TradingDay(datetime(2011, 12, 1, tzinfo=UTC))
        ground = Ground(env, self.evidence, dice, rulebook, day, Road(), Assortment("GBP", items))
        self.road = ground.road
        self.trucks: list[tuple[float, Cargo]] = []
        for carrier in ("falcon", "heron"):
            ground.road.open(carrier, lambda cargo: self.trucks.append((env.now, cargo)))
        wanted = {"count_every": Seconds(0), **ALWAYS, **settings}
        self.house = Warehouse("north", ground, Conduct(), Warehouse.Settings(**wanted))  # type: ignore[arg-type]
        self.told: list[Notice] = []
        self.house.post.connect(self)
        self.house.start()

    def deliver(self, notice: Notice, finished: Finished) -> None:
        self.told.append(notice)
        if self.labels and notice.event == "fulfilment.packed":
            self._put_label_on(notice.body)
        finished(None)

    def crash(self, down_for: float) -> None:
        raise AssertionError("nobody crashes here")

    def freeze(self, lasts: float) -> None:
        raise AssertionError("nobody crashes here")

    def release(self, number: str = "O-1/R1", **units: int) -> str:
        lines = tuple(Units(sku, quantity) for sku, quantity in units.items())
        order = order_of(number)
        return self.house.release_order(ReleaseOrder(number, order, lines, "United Kingdom", 86_400.0)).id

    def label(self, number: str = "O-1/R1", carrier: str = "falcon", tracking: str = "T-1") -> LabelAttached:
        parcel = self.state(number).parcel_no
        return self.house.attach_label(AttachLabel(number, order_of(number), parcel, carrier, tracking))

    def _put_label_on(self, update: object) -> None:
        """Label a parcel as soon as it is packed, unless it was cancelled on the way."""
        assert isinstance(update, FulfilmentUpdate)
        parcel = update.state.parcel_no
        with contextlib.suppress(Rejected):
            self.house.attach_label(AttachLabel(update.release_no, update.order_no, parcel, "falcon", f"T/{parcel}"))

    def cancel(self, number: str = "O-1/R1") -> None:
        self.house.cancel_release(CancelRelease(number, order_of(number)))

    def state(self, number: str = "O-1/R1") -> ReleaseState:
        return self.house.get_release(GetRelease(number))

    def levels(self, sku: str) -> tuple[int, int]:
        slot = self.house.stock.find(sku)
        assert slot is not None
        return slot.on_hand, slot.allocated

    def bodies(self, kind: type) -> list[Any]:
        return [notice.body for notice in self.told if isinstance(notice.body, kind)]

    def rows(self, kind: str, operation: str = "") -> list[dict[str, Any]]:
        frame = self.evidence.frame()
        return [
            row
            for row in frame.iter_rows(named=True)
            if row["kind"] == kind and (not operation or row["operation"] == operation)
        ]


@pytest.fixture(scope="session")
def new_yard() -> type[Yard]:
    return Yard


@pytest.fixture
def yard() -> Yard:
    return Yard()
