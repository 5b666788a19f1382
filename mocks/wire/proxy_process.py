"""The proxy's process: it calls the world, learns its rules, reports what it strikes, and ends when the world does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, Final

from mitmproxy import ctx

from seatrial.mocks.wire.proxy_addon import ProxyAddon
from seatrial.mocks.wire.proxy_clock import BusinessClock
from seatrial.mocks.wire.proxy_tcp import TICK, TcpAddon
from seatrial.sim.channel import (
    LONGEST_LINE,
    TOLD_BY_WORLD,
    Arm,
    Ask,
    Disarm,
    Ear,
    Farewell,
    Freeze,
    FromWorld,
    Hello,
    Matched,
    Message,
    Noted,
    Ready,
    Settled,
    Thaw,
    Unasked,
    Welcome,
    say,
)
from seatrial.sim.decisions import Decisions, Origin, Replay
from seatrial.sim.dice import Dice
from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.travelling import rule_of

PATIENCE: Final = 10.0
"""Seconds in which the world has to answer."""
_EVERY: Final = 1.0  # seconds between two reports of coverage
_NEEDED: Final = frozenset(("core", "proxyserver", "nextlayer", "scriptloader", "tlsconfig", "errorcheck", "termlog"))
"""mitmproxy's own addons that do something here; three dozen more would look at every message for nothing."""


class ProxyProcess:
    """Our one entry in mitmproxy's list of addons."""

    def __init__(self, address: str, token: str) -> None:
        self.http = ProxyAddon(self._report)
        self.tcp = TcpAddon(self._report)
        self._address = address
        self._token = token
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._told: dict[str, int] = {}

    @property
    def addons(self) -> Sequence[Any]:
        """Those that take part in what passes."""
        return [self.http, self.tcp]

    def running(self) -> None:
        """Everything listens (mitmproxy's hook)."""
        logging.getLogger().setLevel(logging.WARNING)  # mitmproxy makes several records of every connection
        _dismiss_idle()
        self._task = asyncio.create_task(self._serve())

    async def done(self) -> None:
        """The process ends (mitmproxy's hook)."""
        await self.http.close()

    async def _serve(self) -> None:
        try:
            await self._converse()
        except (OSError, TimeoutError, HarnessError) as error:
            logging.getLogger(__name__).error("the proxy cannot work with the world at %s: %s", self._address, error)
        finally:
            ctx.master.shutdown()

    async def _converse(self) -> None:
        host, _, port = self._address.rpartition(":")
        reader, self._writer = await asyncio.open_connection(host, int(port), limit=LONGEST_LINE)
        say(self._writer, Hello(self._token))
        ear = Ear(reader, TOLD_BY_WORLD)
        told = await asyncio.wait_for(ear.next(), PATIENCE)
        if not isinstance(told, Welcome):
            raise HarnessError(f"it said {type(told).__name__} instead of welcome")
        clock = BusinessClock(told.pace)
        _set(clock, told)
        rulebook = Rulebook((), Dice(told.seed), Evidence(clock.now), clock.now)
        for rule in told.rules:
            rulebook.arm(rule_of(rule))
        replay = _replay(told)
        if replay is not None:
            rulebook.follow(replay)
        rulebook.keep(lambda strike: self._report(Noted(strike)))
        self.http.welcome(told, rulebook, clock)
        self.tcp.welcome(told, rulebook, clock.now)
        say(self._writer, Ready())
        beat = asyncio.create_task(self._beat(rulebook, watch=bool(told.dependencies)))
        try:
            async for message in ear:
                self._hear(message, rulebook, clock)
                if isinstance(message, Farewell):
                    break
        finally:
            beat.cancel()
        await self.http.give_up()
        self._cover(rulebook)
        if replay is not None:
            say(self._writer, Unasked(replay.left))
        self._writer.close()

    def _hear(self, message: FromWorld, rulebook: Rulebook, clock: BusinessClock) -> None:
        match message:
            case Arm(rule):
                rulebook.arm(rule_of(rule))
            case Disarm(names):
                rulebook.disarm(*names)
                self._cover(rulebook)
            case Ask(number):
                self._cover(rulebook)
                self._report(Settled(number))
            case Freeze(business_now):
                clock.stop(business_now)
            case Thaw(business_now, at):
                clock.run(business_now, at)
            case _:
                return
        self.http.look_up()
        self.tcp.tick()

    async def _beat(self, rulebook: Rulebook, *, watch: bool) -> None:
        """Report coverage now and then; look at the windows of dependencies, where there are any."""
        loop = asyncio.get_running_loop()
        due = loop.time() + _EVERY
        while True:
            await asyncio.sleep(TICK if watch else _EVERY)
            self.tcp.tick()
            if loop.time() >= due:
                due = loop.time() + _EVERY
                self._cover(rulebook)

    def _cover(self, rulebook: Rulebook) -> None:
        counts: dict[str, int] = {}
        for each in rulebook.coverage:
            counts[each.rule] = counts.get(each.rule, 0) + each.matched
        if counts != self._told:
            self._told = counts
            self._report(Matched(counts))

    def _report(self, message: Message) -> None:
        if self._writer is not None:
            say(self._writer, message)


def _set(clock: BusinessClock, told: Welcome) -> None:
    if told.frozen:
        clock.stop(told.business_now)
    else:
        clock.run(told.business_now, told.at)


def _dismiss_idle() -> None:
    manager: Any = ctx.master.addons
    named = {name: addon for name, addon in manager.lookup.items() if addon in manager.chain}
    for name, addon in named.items():
        if name not in _NEEDED and not iscoroutinefunction(getattr(addon, "done", None)):  # who ends slowly stays
            manager.remove(addon)


def _replay(told: Welcome) -> Replay | None:
    return None if told.again is None else Replay(Decisions(Path(), Origin(), told.again))
