"""The test basin: a small world beside real time, in which every call of a test is carried out at once."""

# asyncio names what stands aside for another loop with a leading underscore.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import polars as pl

from seatrial.mocks.berths import Berth, berth_of, environment_of
from seatrial.mocks.http_transport import DOMAIN, PartnersTransport, url_of
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.walkin import WalkIn
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.link import Link
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.process import Incarnation
from seatrial.sim.waits import pause
from seatrial.sim.world import World, clock_of
from seatrial.testing.doorstep import Doorstep

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

T = TypeVar("T")
_GLANCE: Final = 0.01
_HOSTS: Final = f".{DOMAIN}"


class Basin:
    """The partners of a scenario, without its demand and its faults, on a clock that moves only while somebody calls.

    A call takes no real time: whoever makes it waits in virtual time, and so do its timeouts. States: open, closed.
    Raises BadInput for a URL under `.seatrial` at which nobody is found.
    """

    def __init__(self, loaded: Loaded, seed: int) -> None:
        calm = msgspec.structs.replace(loaded.scenario, faults=(), controls={})
        expedition = embark(
            msgspec.structs.replace(loaded, scenario=calm), seed, _nobody, lambda env: Evidence(clock_of(env))
        )
        self.world: World = expedition.world
        self.doorstep = Doorstep(self.world.partners)
        self.walk_in = WalkIn(self.world.ground.assortment, self.world.dice, "TEST")
        self.urls: Mapping[str, str] = {name: url_of(name) for name in self.world.partners}
        self._transport = PartnersTransport(
            [Link(partner) for partner in self.world.partners.values()], Incarnation(lambda _: None)
        )
        self._lock = RLock()
        self._loop = VirtualLoop(self.world.env)
        self.world.open_doors(dict.fromkeys(self.world.partners, self.doorstep))
        self.world.begin_chaos(expedition.voyage)

    @property
    def now(self) -> float:
        """Second of the basin's own clock."""
        return float(self.world.env.now)

    @property
    def evidence(self) -> pl.DataFrame:
        """Every row so far."""
        return self.world.evidence.scan().collect()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that a program on real sockets would be started with."""
        return environment_of((self.berth(name) for name in self.world.partners), self.world.ground, 1.0)

    def berth(self, name: str) -> Berth:
        """Where and how a partner is found."""
        return berth_of(self.world.partners[name], self.urls[name])

    def owns(self, url: str) -> bool:
        """Whether a call to this URL is for partners."""
        host = urlsplit(url).hostname or ""
        return host.endswith(_HOSTS)

    def answer(self, request: Any) -> Any:
        """Answer a request of httpx whose body was read, or raise what its client would raise on a socket."""
        if not self._transport.found(request.url):
            raise BadInput("no partner is found at this URL", value=str(request.url), known=self.urls.values())
        return self.carry(self._transport.handle_async_request(request))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and everything happen that comes due."""
        self.carry(pause(self.world.env, seconds))

    def pass_until(self, done: Callable[[], object], at_most: float) -> bool:
        """Let time pass until something is so, or for so many seconds; tells whether it is."""
        return self.carry(self._until(done, self.now + at_most))

    def carry(self, work: Awaitable[T]) -> T:
        """Do something in virtual time, at once, wherever the caller is: in plain code, or within a loop that runs."""
        with self._lock, _aside():
            return self._loop.run_until_complete(work)

    def close(self) -> None:
        """The end."""
        self.world.evidence.close()
        self._loop.close()

    async def _until(self, done: Callable[[], object], end: float) -> bool:
        env = self.world.env
        while not done() and env.now < end:
            await pause(env, min(_GLANCE, end - env.now))
        return bool(done())


async def _nobody() -> None:
    """The integration of a basin: the test itself."""


@contextmanager
def _aside() -> Iterator[None]:
    """The loop and the task that run in this thread stand aside, as they do for any other synchronous call."""
    loop = asyncio._get_running_loop()
    task = None if loop is None else asyncio.current_task(loop)
    if loop is not None and task is not None:
        _leave_task(loop, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if loop is not None and task is not None:
            _enter_task(loop, task)
