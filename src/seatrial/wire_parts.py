"""The programs around a run on real sockets: the proxy before the partners, and the load."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from seatrial.mocks.wire.child import Child, Watcher, ending
from seatrial.mocks.wire.held_ports import HeldPorts
from seatrial.mocks.wire.load_process import LoadOrder, launches, meaning
from seatrial.mocks.wire.proxy_clock import unix_now
from seatrial.mocks.wire.proxy_command import command_of, environment_of
from seatrial.mocks.wire.proxy_desk import ProxyDesk, introduction, pier_of
from seatrial.mocks.wire.undertaker import Undertaker
from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.scenarios.dependencies import Address
from seatrial.sim.channel import Mooring, Pier
from seatrial.sim.decisions import Decided
from seatrial.sim.errors import HarnessError
from seatrial.sim.fault import Rule
from seatrial.sim.rulebook import ArmedRule, Coverage, Rulebook

_PROXY_STARTS: Final = 20.0
"""Real seconds in which the proxy has to be there."""
_DYING: Final = 1.0
"""Real seconds from the end of a process's connections to the news of its end."""
Failed = Callable[[BaseException], None]
"""Told of whatever goes wrong on our side."""


class Switches:
    """Whoever carries out rules: the world's rulebook, and the proxy once there is one."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self.proxy: ProxyDesk | None = None

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        """The rules in force."""
        return self._rulebook.armed

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What became of every rule."""
        return self._rulebook.coverage

    def arm(self, rule: Rule) -> None:
        """Put a rule into force."""
        (self.proxy or self._rulebook).arm(rule)

    def disarm(self, *names: str) -> None:
        """Take rules out of force; without names, all of them."""
        (self.proxy or self._rulebook).disarm(*names)


class Proxy:
    """Mitmproxy before every partner and dependency. States: not started, running, ended."""

    def __init__(
        self, front: Waterfront, folder: Path, undertaker: Undertaker, failed: Failed, held: HeldPorts
    ) -> None:
        self._front = front
        self._held = held
        self._folder = folder
        self._watcher = undertaker
        self._failed = failed
        self._child: Child | None = None
        self._own = Path(mkdtemp(prefix="seatrial-proxy-"))  # mitmproxy keeps certificates, wanted or not
        undertaker.inherit(self._own)
        self.desk: ProxyDesk | None = None

    async def start(
        self, dependencies: dict[str, Address], again: tuple[Decided, ...] | None, *, partners: bool, token: str
    ) -> dict[str, int]:
        """Start it, before the partners if wanted, and before the dependencies; gives the ports of these.

        Their ports are those that were held for it. `again` are the strikes of a replay that are for it.
        """
        front = self._front
        piers = [self._pier(name) for name in front.offices] if partners else []
        moorings = [
            Mooring(name, self._held.numbers[name], each.host, each.port) for name, each in dependencies.items()
        ]
        world = front.world
        introduce = introduction(piers, moorings, world.dice.seed, front.clock, again)
        self.desk = ProxyDesk(world.rulebook, world.evidence, token, introduce, self._lost)
        self.desk.before_rows = front.clock.catch_up
        channel = await self.desk.listen()
        script = find_spec("seatrial._proxy")
        if script is None or script.origin is None or find_spec("mitmproxy") is None:
            raise HarnessError("the proxy needs mitmproxy, which is not installed · pip install 'seatrial[wire]'")
        argv = command_of(piers, moorings, self._own, Path(script.origin))
        self._child = Child("the proxy", argv, self._folder / "proxy.log", self._watcher)
        self._held.let_go(*(each.name for each in piers), *dependencies)
        await self._child.start({**os.environ, **environment_of(channel, token)}, self._over)
        front.fronts.update({pier.name: pier.listen_port for pier in piers})
        await self._until_ready(self.desk)
        return {each.name: each.listen_port for each in moorings}

    async def stop(self) -> None:
        """Let it report what is left, and end it."""
        if self.desk is not None:
            await self.desk.close()
        if self._child is not None:
            await self._child.stop()

    def _pier(self, name: str) -> Pier:
        front = self._front
        assert front.harbour is not None
        return pier_of(front.world.partners[name], self._held.numbers[name], front.harbour.url(name))

    async def _until_ready(self, desk: ProxyDesk) -> None:
        try:
            async with asyncio.timeout(_PROXY_STARTS):
                await desk.ready.wait()
        except TimeoutError:
            raise self._broken(f"was not there within {_PROXY_STARTS:g} s") from None

    def _over(self, code: int) -> None:
        self._failed(self._broken(ending(code)))

    def _lost(self, error: BaseException | None) -> None:
        """Its connection is gone. Where that is because it died, how it died says more, and is known in a moment."""
        wait = 0.0 if error else _DYING
        broken = error or self._broken("closed its connection to the harness")
        asyncio.get_running_loop().call_later(wait, self._failed, broken)

    def _broken(self, what: str) -> HarnessError:
        said = self._child.last_words(4) if self._child else ""
        return HarnessError(f"the proxy {what}" + (f" · its last words: {said}" if said else ""))


class Load:
    """Locust's processes. States: not started, running, done (`done` is set), ended early."""

    def __init__(self, folder: Path, watcher: Watcher, failed: Failed) -> None:
        self.done = asyncio.Event()
        self._folder = folder
        self._watcher = watcher
        self._failed = failed
        self._children: list[Child] = []
        self._running = 0

    async def start(self, order: LoadOrder) -> None:
        """Start all processes."""
        starts: Sequence[tuple[Child, dict[str, str]]] = [
            (Child(each.name, each.argv, self._folder / f"{each.name}.log", self._watcher), each.environment)
            for each in launches(order, os.environ, unix_now())
        ]
        for child, environment in starts:
            self._children.append(child)
            self._running += 1
            await child.start(environment, lambda code, ended=child: self._over(ended, code))  # type: ignore[misc]

    async def stop(self) -> None:
        """End what has not ended."""
        await asyncio.gather(*(child.stop() for child in self._children))

    def _over(self, child: Child, code: int) -> None:
        self._running -= 1
        wrong = meaning(code)
        if wrong:
            said = child.last_words(4) if code > 0 else ""  # one that was killed had no time for words
            self._failed(HarnessError(f"{child.name} {wrong}" + (f" · its last words: {said}" if said else "")))
        if not self._running:
            self.done.set()
