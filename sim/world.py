"""A world: one clock, one chance, one log, its partners and the integration between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Literal

import msgspec
from simpy import Environment

from seatrial.sim.assortment import Assortment
from seatrial.sim.cargo import Road
from seatrial.sim.client import Client
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.ground import Ground
from seatrial.sim.integration import Integration, IntegrationFactory, Surroundings
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.partner import Partner
from seatrial.sim.process import Incarnation, Process
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.store import LifetimeStore, MemoryStore
from seatrial.sim.tradingday import TradingDay
from seatrial.sim.waits import pause


def clock_of(env: Environment) -> Callable[[], float]:
    """Reads the second of the run; the field behind `env.now`, without a call in between."""
    return partial(attrgetter("_now"), env)


class Voyage(msgspec.Struct, frozen=True):
    """How long a run lasts."""

    chaos: float
    """Seconds of demand and faults."""
    calm: float
    """Seconds after it, without demand or faults, within which the system has to converge."""
    interleave: Literal["fifo", "seeded"] = "fifo"
    """In which order tasks that are ready run: as they came, or drawn by the seed."""


class World:
    """Partners on common ground. `add` them, then `sail` an integration through the voyage."""

    def __init__(
        self, seed: int, start: datetime, assortment: Assortment, evidence: Callable[[Environment], Evidence]
    ) -> None:
        self.env = Environment()
        self.evidence = evidence(self.env)
        self.dice = Dice(seed)
        self._clock = clock_of(self.env)
        self.rulebook = Rulebook((), self.dice, self.evidence, self._clock)
        day = TradingDay(start)
        self.ground = Ground(self.env, self.evidence, self.dice, self.rulebook, day, Road(), assortment)
        self.partners: dict[str, Partner] = {}
        self._rules: tuple[Rule, ...] = ()
        self._starters: list[Callable[[], None]] = []

    def add(self, partner: Partner) -> None:
        """Put a partner into the world."""
        self.partners[partner.name] = partner

    def enliven(self, start: Callable[[], None]) -> None:
        """Have something begin with the voyage that is no partner: the shoppers."""
        self._starters.append(start)

    def fear(self, rules: Iterable[Rule]) -> None:
        """Arm the faults of the voyage."""
        self._rules = tuple(rules)
        for rule in self._rules:
            self.rulebook.arm(rule)

    def run(self, factory: IntegrationFactory, voyage: Voyage) -> Process:
        """Run the whole voyage in virtual time.

        Raises LeftVirtualTime where the integration called what only real time can finish, whatever it made of that.
        """
        draw = self.dice.stream("interleave").random
        shuffle = (lambda n: int(draw() * n)) if voyage.interleave == "seeded" else None
        return run_virtual(self._sail(factory, voyage), env=self.env, shuffle=shuffle)

    async def _sail(self, factory: IntegrationFactory, voyage: Voyage) -> Process:
        """Chaos, then calm."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        process = Process(loop, self.evidence, self._launcher(factory))
        for partner in self.partners.values():
            partner.post.connect(process)
            partner.start()
        for start in self._starters:
            start()
        self.evidence.phase("chaos", "begin")
        self._announce_windows(voyage)
        process.start()
        await pause(self.env, voyage.chaos - self.env.now)
        self.rulebook.disarm()
        self.evidence.phase("chaos", "end")
        self.evidence.phase("calm", "begin")
        await pause(self.env, voyage.calm)
        self.evidence.phase("calm", "end")
        process.stop()
        await asyncio.sleep(0)
        if loop.left is not None:  # the code under test may have swallowed it: what it did from then on says nothing
            raise loop.left
        return process

    def _launcher(self, factory: IntegrationFactory) -> Callable[[Incarnation], Integration]:
        links = [Link(partner) for partner in self.partners.values()]
        store = MemoryStore()
        chance = self.dice.keyed("integration")

        def launch(life: Incarnation) -> Integration:
            clients: Mapping[str, Client] = {link.partner.name: LinkClient(link, life) for link in links}
            return factory(
                Surroundings(
                    clients=clients,
                    store=LifetimeStore(store, lambda: life.alive),
                    note=self.evidence.note,
                    now=self._clock,
                    chance=chance,
                    event=lambda name, key, order: self.evidence.event(name, "integration", key, order),
                )
            )

        return launch

    def _announce_windows(self, voyage: Voyage) -> None:
        """Write when each fault window opens and closes, so that recovery can be measured from its end."""
        for rule in self._rules:
            stop = min(rule.stop, voyage.chaos)
            if rule.start < stop:
                self._at(rule.start, rule.name, "begin")
                self._at(stop, rule.name, "end")

    def _at(self, when: float, rule: str, outcome: str) -> None:
        timer = self.env.timeout(max(0.0, when - self.env.now))
        assert timer.callbacks is not None
        timer.callbacks.append(lambda _: self.evidence.phase("window", outcome, rule))
