"""Laws of chance on the link: a share of the calls is a share of the calls, and each call has a fate of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import Refused
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Fate, Refuse
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import run_virtual
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.process import Incarnation
from seatrial.sim.quantities import Share
from seatrial.sim.world import World

MANY = 400


class Page(msgspec.Struct, frozen=True):
    """A reply."""


class Poll(Request[Page], frozen=True):
    """A read without a business key."""


class Look(Request[Page], frozen=True):
    """A read of one order."""

    order_no: str


class Shop(Partner):
    """A partner that can be polled."""

    kind = "shop"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    @operation("GET", "/changes")
    def poll(self, request: Poll) -> Page:
        """What is new."""
        return Page()

    @operation("GET", "/orders/{order_no}", key="order_no")
    def look(self, request: Look) -> Page:
        """One order."""
        return Page()


class Closed(Fault, frozen=True):
    """Nobody gets in."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return Refuse()


def refused(*requests: Request[Page], seed: int = 3) -> list[bool]:
    """Which calls, made one after the other, a rule of 50 % strikes."""
    start, goods = datetime(2011, 12, 1, tzinfo=UTC), Assortment("GBP", {})
    world = World(seed, start, goods, lambda env: Evidence(lambda: env.now))
    shop = Shop("shop", world.ground, Conduct())
    world.fear([Rule("half", Closed(), probability=Share(0.5))])
    client = LinkClient(Link(shop), Incarnation(lambda down_for: None))

    async def main() -> list[bool]:
        struck: list[bool] = []
        for request in requests:
            await asyncio.sleep(60)
            try:
                await client.call(request)
                struck.append(False)
            except Refused:
                struck.append(True)
        return struck

    return run_virtual(main(), env=world.env)


def test_a_share_of_the_orders_is_struck() -> None:
    """Half of many calls on different keys meet a rule of 50 %, give or take what chance gives."""
    assert 0.4 * MANY < sum(refused(*(Look(f"MP-{n}") for n in range(MANY)))) < 0.6 * MANY


def test_the_fate_of_an_order_does_not_depend_on_others() -> None:
    """Each key has its fate from the seed alone, whichever calls come before it."""
    keys = [f"MP-{n}" for n in range(40)]
    forwards = dict(zip(keys, refused(*map(Look, keys)), strict=True))
    backwards = dict(zip(keys[::-1], refused(*map(Look, keys[::-1])), strict=True))
    assert forwards == backwards
    assert refused(*map(Look, keys)) != refused(*map(Look, keys), seed=4)


def test_a_share_of_the_polls_is_struck() -> None:
    """Half of many polls meet a rule of 50 %, as half of the orders do: not all of them, and not none."""
    assert 0.4 * MANY < sum(refused(*[Poll()] * MANY)) < 0.6 * MANY
