"""A voyage on real sockets: partners, proxy, integration and load start, sail through chaos and calm, and end."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from seatrial.control import furnish
from seatrial.mocks.books.channel import Channel
from seatrial.mocks.control.room import NAME, ControlRoom
from seatrial.mocks.control.switchboard import ByHand
from seatrial.mocks.wire.crew import Crew
from seatrial.mocks.wire.harbour import LOOPBACK
from seatrial.mocks.wire.load_book import LoadBook
from seatrial.mocks.wire.proxy_clock import unix_now
from seatrial.mocks.wire.readiness import NotReady, Probe, probe_of, until_ready
from seatrial.mocks.wire.receiver import Listener, Stranger
from seatrial.mocks.wire.shop import Shop
from seatrial.mocks.wire.undertaker import Undertaker
from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.scenarios.dependencies import dependencies_of
from seatrial.scenarios.embark import Expedition
from seatrial.scenarios.loader import Loaded
from seatrial.sim.errors import HarnessError
from seatrial.sim.manifest import Phase
from seatrial.sim.world import World
from seatrial.wire_briefing import MAILBOX, Briefing, clear_out, dependency_environment
from seatrial.wire_options import WireOptions
from seatrial.wire_parts import Load, Proxy, Switches
from seatrial.wire_ports import LISTENS, held_for
from seatrial.wire_repeats import Repeats
from seatrial.wire_watch import Watch

_WATCH: Final = 0.1
"""Real seconds between two looks at how far the run is."""
_AHEAD: Final = 0.5
"""Real seconds before second 0 of the run at which the load is told of it."""
_LOAD_JOINS: Final = 90.0
"""Real seconds in which the load has to be ready."""
_LOAD_ENDS: Final = 60.0
"""Real seconds after the last shopper in which it has to have ended."""
Told = Callable[[str], None]
"""Says on the terminal how the run goes on."""
Progress = Callable[[float, float, int], None]
"""Called with the seconds of the run done and in all, and the orders so far."""


class Ending(msgspec.Struct, frozen=True):
    """How a voyage ended."""

    phases: tuple[Phase, ...]
    """Chaos and calm as they were, on the business clock."""
    failure: str = ""
    """How the integration ended by itself; empty: it did not."""


class WireVoyage:
    """One run on real sockets. Raises HarnessError for what goes wrong on our side, NotReady and BadInput before it.

    `sail` leaves nothing running, however it ends: what it started is stopped, and an undertaker ends what is left
    should the harness itself be killed.
    """

    def __init__(
        self,
        loaded: Loaded,
        expedition: Expedition,
        folder: Path,
        options: WireOptions,
        again: Repeats,
        said: Told,
    ) -> None:
        world = expedition.world
        self.book = LoadBook()
        self._loaded, self._expedition, self._options, self._said = loaded, expedition, options, said
        self._folder, self._again = folder, again
        clear_out(folder)
        self._watch = Watch()
        self._phases: list[Phase] = []
        self._held = held_for(loaded, options, world.partners)
        self._listen = options.known_port or self._held.numbers[LISTENS]
        self._undertaker = Undertaker(secrets.token_hex(16))
        self._crew = None if options.attach else self._enlist()
        listener: Listener = self._crew or Stranger()
        self._front = Waterfront(world, listener, self._watch.fail, self._own_ports())
        self._proxy = Proxy(self._front, folder, self._undertaker, self._watch.fail, self._held)
        self._load = Load(folder, self._undertaker, self._watch.fail)
        self._shop = Shop(world.ground, self._channels(), expedition.season.habits)
        self._front.filing.append(again.log.flush)
        self._room = self._furnished()

    @property
    def unasked(self) -> Mapping[str, int]:
        """Decisions of a replay that the proxy was never asked for, by rule."""
        return self._proxy.desk.unasked if self._proxy.desk is not None else {}

    @property
    def by_hand(self) -> Sequence[ByHand]:
        """Rules that somebody armed while it was under way."""
        return self._room.switchboard.by_hand

    @property
    def placed_by_hand(self) -> Sequence[str]:
        """Orders that somebody placed while it was under way."""
        return self._room.placed

    async def sail(self, progress: Progress | None) -> Ending:
        """The whole voyage."""
        watch = self._watch
        with watch.signals():
            telling = asyncio.create_task(self._tell(progress)) if progress is not None else None
            try:
                for part in (self._make_ready, self._chaos, self._calm):
                    await watch.unless_trouble(part())
            finally:
                if telling is not None:
                    telling.cancel()
                await self._clear_up()
        watch.check()
        return Ending(tuple(self._phases), self._last_words(watch.obituary))

    # Parts of the voyage.

    async def _make_ready(self) -> None:
        """Partners, proxy, integration and load are there; business time stands at second 0."""
        front, options = self._front, self._options
        probe = probe_of(options.ready, self._url, self._crew.log if self._crew else None)
        await front.open()
        assert front.harbour is not None
        self._room.begin()
        front.subscribe(options.webhooks or f"{self._url}/webhooks")
        moored = await self._start_proxy()
        base = front.harbour.url(NAME)
        self._said(f"live page  {self._room.address(base)}")
        briefing = Briefing(self._loaded, self._expedition, options, self._folder, front, base, self._room.token)
        front.open_mailboxes(self._folder / MAILBOX)
        if self._crew is not None:
            told = briefing.environment(self._listen)
            self._held.let_go(LISTENS)
            await self._crew.start({**told, **moored})
        await self._until_ready(probe)
        self._said("the integration is ready")
        await self._load.start(briefing.load_order())
        await self._watch.until(lambda: self.book.ready, _LOAD_JOINS)
        if not self.book.ready and self._watch.death is None:
            raise HarnessError(f"the load was not ready within {_LOAD_JOINS:g} s · its logs are in {self._folder}")

    async def _chaos(self) -> None:
        """Demand and faults."""
        front, voyage = self._front, self._expedition.voyage
        self.book.start = begin = unix_now() + _AHEAD
        await asyncio.sleep(max(0.0, begin - unix_now()))
        front.trade()
        self._frozen(still=False)
        self._world.begin_chaos(voyage)
        front.clock.arm()
        await self._watch.until(lambda: front.clock.now() >= voyage.chaos)
        front.clock.catch_up()
        self._switches.disarm()
        if self._proxy.desk is not None:
            await self._proxy.desk.settled()
        self._world.begin_calm()
        self._phases.append(Phase("chaos", 0.0, self._world.env.now))

    async def _calm(self) -> None:
        """No more faults; it ends when everything has settled, or when its time is up."""
        front, begin = self._front, self._phases[0].end
        end = begin + self._expedition.voyage.calm
        settled = self._settled()
        await self._watch.until(lambda: front.clock.now() >= end or settled())
        front.clock.catch_up()
        self._world.evidence.phase("calm", "end")
        self._phases.append(Phase("calm", begin, self._world.env.now))
        await self._watch.until(self._load.done.is_set, _LOAD_ENDS)

    def _settled(self) -> Callable[[], bool]:
        """Whether for some time nothing has been pending anywhere."""
        loop, wanted = asyncio.get_running_loop(), self._options.settle
        since = loop.time()

        def settled() -> bool:
            nonlocal since
            if not self._load.done.is_set() or any(each.pending for each in self._world.partners.values()):
                since = loop.time()
            return wanted > 0 and loop.time() - since >= wanted

        return settled

    async def _clear_up(self) -> None:
        """Stop everything, the load first, so that nobody knocks at closed doors."""
        for step in (self._load.stop, self._stop_crew, self._proxy.stop, self._room.end, self._front.close):
            try:
                await step()
            except Exception as error:  # noqa: BLE001 (the next step has to be tried as well)
                self._watch.fail(error)
        await asyncio.to_thread(self._undertaker.dismiss)
        self._held.let_go()
        if self._watch.trouble is not None:
            self._said("everything is stopped")

    # Who takes part.

    def _enlist(self) -> Crew:
        world, log = self._expedition.world, self._folder / "integration.log"
        return Crew(self._options.command, log, world.evidence, self._undertaker, world.ground.pace, self._watch)

    async def _stop_crew(self) -> None:
        if self._crew is not None:
            await self._crew.stop()

    async def _start_proxy(self) -> dict[str, str]:
        """The proxy, where one is wanted; what the integration has to be told of its dependencies."""
        dependencies = dependencies_of(self._loaded, os.environ)
        in_front = self._options.faults_at == "proxy"
        if not in_front and not dependencies:
            return {}
        again = self._again.of_the_proxy if in_front else None
        moored = await self._proxy.start(dependencies, again, partners=in_front, token=self._room.token)
        desk = self._switches.proxy = self._proxy.desk
        assert desk is not None
        desk.noted = self._again.log.write
        return dependency_environment(moored)

    def _furnished(self) -> ControlRoom:
        for name in self._channels():
            self._front.offices[name].side_doors["shop"] = partial(self._shop.handle, name)
        self._switches = Switches(self._world.rulebook)
        return furnish(
            self._front,
            self._loaded.scenario.name,
            self._watch.fail,
            crashable=self._crew is not None,
            dependencies=self._loaded.scenario.dependencies,
            arms=self._switches,
            load=self.book.take,
            stray=self._shop.stray,
            on_freeze=lambda still: self._frozen(still=still),
        )

    def _frozen(self, *, still: bool) -> None:
        """Business time stands still, or goes on: the proxy has a clock of its own."""
        desk, now = self._proxy.desk, self._front.clock.now()
        if desk is not None:
            (desk.freeze if still else desk.thaw)(now)

    @property
    def _world(self) -> World:
        return self._expedition.world

    @property
    def _url(self) -> str:
        """Base URL of the integration."""
        return self._options.attach.rstrip("/") or f"http://{LOOPBACK}:{self._listen}"

    def _channels(self) -> dict[str, Channel]:
        return {name: each for name, each in self._world.partners.items() if isinstance(each, Channel)}

    def _own_ports(self) -> dict[str, int]:
        """Behind a proxy the partners' own ports are nobody's business."""
        ports = self._options.ports
        return ports if self._options.faults_at == "partner" else {n: p for n, p in ports.items() if n == NAME}

    # What may happen.

    async def _tell(self, progress: Progress) -> None:
        voyage = self._expedition.voyage
        while True:
            progress(self._front.clock.now(), voyage.chaos + voyage.calm, self._shop.bought)
            await asyncio.sleep(_WATCH)

    async def _until_ready(self, probe: Probe) -> None:
        try:
            await until_ready(probe, self._options.ready_within, lambda: self._watch.obituary)
        except NotReady as error:
            raise NotReady(self._last_words(str(error))) from None

    def _last_words(self, why: str) -> str:
        said = self._crew.last_words() if why and self._crew else ""
        return f"{why} · its last words: {said}" if said else why
