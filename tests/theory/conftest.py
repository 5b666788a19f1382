"""A world whose answers are known: one partner with counters, customers who come at random, and faults by the dice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from datetime import UTC, datetime
from math import sqrt
from statistics import fmean, stdev
from typing import Any

import msgspec
import pytest
from scipy.stats import t as student
from simpy import Event, Resource

from seatrial.mocks.faults.refuse import Refuse
from seatrial.reports.facts import Facts
from seatrial.reports.judge import read_all
from seatrial.reports.logbook import Logbook
from seatrial.sim.assortment import Assortment
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import CallError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.ground import Ground
from seatrial.sim.integration import Surroundings
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.policies.limiter import Concurrency
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.world import Voyage, World

CONFIDENCE = 0.999
"""Of the intervals: one seed set in a thousand would lie outside although the theory holds."""


class Served(msgspec.Struct, frozen=True):
    """A reply."""


class Serve(Request[Served], frozen=True):
    """A request."""

    order_no: str


class Counter(Partner):
    """A shop with `counters` people: customers queue for them, and are served for an exponential time."""

    kind = "counter"

    class Settings(msgspec.Struct, frozen=True):
        """How busy it is."""

        arrivals: float = 0.0
        """Customers per second; 0: nobody comes by himself."""
        service: float = 1.0
        """Customers that one person serves per second."""
        counters: int = 1
        """People."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct)
        self._settings = settings
        self._people = Resource(ground.env, settings.counters)
        self._gaps, self._work = ground.dice.stream("gaps"), ground.dice.stream("work")

    def start(self) -> None:
        """Open the doors."""
        if self._settings.arrivals:
            self.env.process(self._street())

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def serve(self, request: Serve) -> Served:
        """Serve at once."""
        self.committed("sales_order", request.order_no, request.order_no, request.order_no)
        return Served()

    def _street(self) -> Generator[Event, Any, None]:
        number = 0
        while True:
            yield self.env.timeout(self._gaps.expovariate(self._settings.arrivals))
            number += 1
            self.env.process(self._customer(f"MP-{number}"))

    def _customer(self, order: str) -> Generator[Event, Any, None]:
        self.happened("order.placed", order, order, 1, 100)
        with self._people.request() as turn:
            yield turn
            self.happened("fulfilment.accepted", f"{order}/R1", order, 1)
            yield self.env.timeout(self._work.expovariate(self._settings.service))
        self.happened("shipment.dispatched", f"{order}/P1", order, 1)


class Idle:
    """An integration that does what it is told, and then nothing."""

    def __init__(self, around: Surroundings, work: Callable[[Surroundings], Awaitable[None]]) -> None:
        self._around, self._work = around, work

    async def run(self) -> None:
        await self._work(self._around)

    async def receive(self, notice: Notice) -> None:
        """Nobody writes."""


class Theory:
    """Makes runs of the little world, and holds numbers of several seeds against a formula."""

    @staticmethod
    def queue(seed: int, arrivals: float, service: float, counters: int, seconds: float) -> Logbook:
        """Customers who come and go."""
        settings = Counter.Settings(arrivals, service, counters)

        async def nothing(around: Surroundings) -> None:
            await asyncio.Event().wait()

        return _sail(seed, settings, Conduct(latency=Constant(Seconds(0.0))), nothing, seconds)

    @staticmethod
    def calls(seed: int, rate: float, service: float, seconds: float) -> Logbook:
        """Calls at random moments to a partner that takes one at a time, each for the same time."""

        async def knock(around: Surroundings) -> None:
            client, number = around.one("counter"), 0
            gap = Dice(seed).stream("knocks").expovariate
            async with asyncio.TaskGroup() as together:
                while True:
                    await asyncio.sleep(gap(rate))
                    number += 1
                    together.create_task(client.call(Serve(f"MP-{number}"), timeout=1e6))

        limits = {"serve": Concurrency(slots=1, queue=10**6, service=Seconds(service))}
        conduct = Conduct(latency=Constant(Seconds(0.0)), limits=limits)
        return _sail(seed, Counter.Settings(), conduct, knock, seconds)

    @staticmethod
    def retries(seed: int, failing: float, attempts: int, orders: int) -> Logbook:
        """So many orders, each tried until it succeeds or the attempts are used up."""

        async def insist(around: Surroundings) -> None:
            client = around.one("counter")
            for number in range(orders):
                for attempt in range(1, attempts + 1):
                    with contextlib.suppress(CallError):
                        await client.call(Serve(f"MP-{number}"), attempt=attempt)
                        break
            await asyncio.Event().wait()

        rule = Rule(name="closed", at="counter", fault=Refuse(), probability=Share(failing))
        conduct = Conduct(latency=Constant(Seconds(0.001)))
        return _sail(seed, Counter.Settings(), conduct, insist, orders * attempts * 0.01, rule)

    @staticmethod
    def read(log: Logbook) -> dict[str, float | None]:
        """All readings by name."""
        return {each.name: each.value for each in read_all(log, Facts(grace=0.0))}

    @staticmethod
    def agrees(numbers: Sequence[float], theory: float) -> bool:
        """Whether Student's interval for the mean of independent runs holds what theory says."""
        half = float(student.ppf((1 + CONFIDENCE) / 2, len(numbers) - 1)) * stdev(numbers) / sqrt(len(numbers))
        return abs(fmean(numbers) - theory) <= half


def _sail(
    seed: int,
    settings: Counter.Settings,
    conduct: Conduct,
    work: Callable[[Surroundings], Awaitable[None]],
    seconds: float,
    *rules: Rule,
) -> Logbook:
    start, goods = datetime(2026, 3, 2, tzinfo=UTC), Assortment("GBP", {})
    world = World(seed, start, goods, lambda env: Evidence(lambda: env.now))
    world.add(Counter("counter", world.ground, conduct, settings))
    world.fear(rules)
    world.run(lambda around: Idle(around, work), Voyage(chaos=seconds, calm=0.0))
    return Logbook(world.evidence.frame())


@pytest.fixture(scope="session")
def theory() -> Theory:
    return Theory()
