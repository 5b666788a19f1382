"""A small network for the tests of those who sell, buy, supply and notify."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from simpy import Environment

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine
from seatrial.mocks.partners.b2b import B2b
from seatrial.mocks.partners.marketplace import Marketplace
from seatrial.mocks.partners.storefront import Storefront
from seatrial.sim.assortment import Assortment, Item
from seatrial.sim.cargo import Road
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.partner import Ground
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tradingday import TradingDay

KINDS: dict[str, type[Channel]] = {"marketplace": Marketplace, "storefront": Storefront, "b2b": B2b}
ANYBODY = Customer("GB-0001", "Ann Other", "gb-0001@customers.example", "1 High Street", "Leeds", "LS1", "UK")


def new_ground() -> Ground:
    env = Environment()
    evidence = Evidence(lambda: env.now)
    dice = Dice(7)
    items = {sku: Item(sku, 100, {"north": 6, "south": 4}) for sku in ("A", "B", "C")}
    rulebook = Rulebook((), dice, evidence, lambda: env.now)
    day = TradingDay(datetime(2011, 12, 1, 9, tzinfo=UTC))
    return Ground(env, evidence, dice, rulebook, day, Road(), Assortment("GBP", items))


def new_channel(ground: Ground, kind: str, conduct: Conduct | None = None, **settings: object) -> Channel:
    made = KINDS[kind]
    chosen: Any = made.Settings(**settings)
    channel = made(kind, ground, conduct or Conduct(), chosen)
    channel.start()
    return channel


def new_order(number: str, **units: int) -> ChannelOrder:
    lines = tuple(OrderLine(sku, count, 100) for sku, count in units.items())
    return ChannelOrder(number, "any", 0.0, ANYBODY, "GBP", lines, 0.0)


@pytest.fixture
def ground() -> Ground:
    """Common ground with SKUs A, B and C: six units each in north, four in south; the run starts at 09:00."""
    return new_ground()


@pytest.fixture(scope="session")
def fresh() -> Callable[[], Ground]:
    """Makes common ground, for searches that need it again and again."""
    return new_ground


@pytest.fixture(scope="session")
def open_channel() -> Callable[..., Channel]:
    """Makes a channel of a kind and opens it: `open_channel(ground, "b2b", closes_at=0)`."""
    return new_channel


@pytest.fixture(scope="session")
def order() -> Callable[..., ChannelOrder]:
    """Makes an order: `order("SF-1", A=2, B=1)`; a unit costs 100."""
    return new_order


@pytest.fixture
def rows(ground: Ground) -> Callable[..., list[tuple[object, ...]]]:
    """Reads evidence: `rows("sale", "operation", "key", "quantity")`, in the order of the log."""

    def read(kind: str, *columns: str, **equal: object) -> list[tuple[object, ...]]:
        table = ground.evidence.frame().filter(pl.col("kind") == kind)
        for column, value in equal.items():
            table = table.filter(pl.col(column) == value)
        return table.select(columns).rows()

    return read
