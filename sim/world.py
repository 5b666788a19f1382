"""A world: one clock, one chance, one log, its partners and the integration between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Final, Literal, Protocol

import msgspec
from simpy import Environment

from seatrial.sim.assortment import Assortment
from seatrial.sim.cargo import Road
from seatrial.sim.client import Client
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.farewell import wound_up
from seatrial.sim.fault import Rule
from seatrial.sim.ground import Ground
from seatrial.sim.integration import Integration, IntegrationFactory, Surroundings
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.partner import Partner
from seatrial.sim.process import Incarnation, Process
from seatrial.sim.receiver import Receiver
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.store import LifetimeStore, MemoryStore
from seatrial.sim.tradingday import TradingDay
from seatrial.sim.waits import pause

_FAREWELLS: Final = 3
"""How often what is left is told to end: once, and again what was begun meanwhile."""


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


class Habitat(Protocol):
    """What surrounds an integration that is code of others (see `World.house`)."""

    def outside(self) -> AbstractContextManager[None]:
        """Around the loop of the run."""
        ...

    def inside(self, loop: VirtualLoop) -> AbstractContextManager[None]:
        """Within it, while the integration lives."""
        ...

    def note(self, what: str, error: BaseException | str) -> None:
        """Something went wrong in the code that nobody took care of."""
        ...


class World:
    """Partners on common ground. `add` them, then `sail` an integration through the voyage."""

    def __init__(
        self,
        seed: int,
        start: datetime,
        assortment: Assortment,
        evidence: Callable[[Environment], Evidence],
        pace: float = 1.0,
    ) -> None:
        self.env = Environment(0.0)
        self.evidence = evidence(self.env)
        self.dice = Dice(seed)
        self._clock = clock_of(self.env)
        self.rulebook = Rulebook((), self.dice, self.evidence, self._clock)
        day = TradingDay(start)
        self.ground = Ground(self.env, self.evidence, self.dice, self.rulebook, day, Road(), assortment, pace)
        self.partners: dict[str, Partner] = {}
        self._rules: tuple[Rule, ...] = ()
        self._starters: list[Callable[[], None]] = []
        self._habitat: Habitat | None = None

    def add(self, partner: Partner) -> None:
        """Put a partner into the world."""
        self.partners[partner.name] = partner

    def enliven(self, start: Callable[[], None]) -> None:
        """Have something begin with the voyage that is no partner: the shoppers."""
        self._starters.append(start)

    def house(self, habitat: Habitat) -> None:
        """Have the integration live in surroundings of its own: it is code that knows nothing of us."""
        self._habitat = habitat

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
        with self._habitat.outside() if self._habitat is not None else nullcontext():
            return run_virtual(self._sail_at_home(factory, voyage), env=self.env, shuffle=shuffle)

    async def _sail_at_home(self, factory: IntegrationFactory, voyage: Voyage) -> Process:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert isinstance(loop, VirtualLoop)
        assert task is not None
        loop.hide(task)
        with self._habitat.inside(loop) if self._habitat is not None else nullcontext():
            return await self._sail(loop, factory, voyage)

    async def _sail(self, loop: VirtualLoop, factory: IntegrationFactory, voyage: Voyage) -> Process:
        """Chaos, then calm."""
        process = Process(loop, self.evidence, self._launcher(factory))
        self.open_doors(dict.fromkeys(self.partners, process))
        for start in self._starters:
            start()
        self.begin_chaos(voyage)
        process.start()
        await pause(self.env, voyage.chaos - self.env.now)
        self.begin_calm()
        await pause(self.env, voyage.calm)
        self.evidence.phase("calm", "end")
        process.stop()
        await self._wound_up(loop, process)
        return process

    async def _wound_up(self, loop: VirtualLoop, process: Process) -> None:
        """Let the integration's tasks end, and then its generators; what goes on is a mishap of its code."""
        for _ in range(_FAREWELLS):
            for task in await wound_up(process.survivors):
                self._note(f"task {task.get_name()!r}, cancelled at its end,", "it swallowed that and went on")
            for born in process.survivors:  # while the others ended
                born.cancel()
        if loop.left is not None:  # the code under test may have swallowed it: what it did from then on says nothing
            raise loop.left
        for task in await wound_up(loop.close_generators()):
            self._note(f"async generator {task.get_name()!r}, closed at the end,", "it waits on, and comes to no end")

    def _note(self, what: str, error: str) -> None:
        if self._habitat is not None:
            self._habitat.note(what, error)

    def open_doors(self, receivers: Mapping[str, Receiver]) -> None:
        """Partners begin their business, and know where their webhooks go."""
        for name, partner in self.partners.items():
            partner.post.connect(receivers[name])
            partner.start()

    def begin_chaos(self, voyage: Voyage) -> None:
        """From now on faults strike, each in its window."""
        self.evidence.phase("chaos", "begin")
        self._announce_windows(voyage)

    def begin_calm(self) -> None:
        """No more faults: the system has to converge."""
        self.rulebook.disarm()
        self.evidence.phase("chaos", "end")
        self.evidence.phase("calm", "begin")

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
