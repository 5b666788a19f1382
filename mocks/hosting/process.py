"""A reference integration as a program: it connects to its partners, works until it is told to stop, and ends plainly.

Exit codes: 0: it was told to stop (SIGTERM, SIGINT) and did. 1: the integration itself ended or raised; its traceback
is on stderr. 2: what it was told cannot be used. 3: something that it needs is not there: its store, its event bus, its
port, or every partner. 2 and 3 come with one line on stderr that begins with `seatrial:`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import aiohttp
import msgspec

from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.mocks.hosting.buses import bus_at
from seatrial.mocks.hosting.clock import BusinessClock
from seatrial.mocks.hosting.http_client import HttpClient, open_session
from seatrial.mocks.hosting.letterbox import PATH, Letterbox, Sender
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.mocks.hosting.observer import Observer
from seatrial.mocks.hosting.settings import Settings, read_settings
from seatrial.mocks.hosting.stores import store_at
from seatrial.sim.bus import Bus
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput, CallError
from seatrial.sim.integration import Integration, Surroundings
from seatrial.sim.operation import Operation
from seatrial.sim.session import Subscribe
from seatrial.sim.store import Store

GRACE: Final = 1.8
"""Seconds after SIGTERM at which the process ends, whatever is still under way: what matters is in the store."""
UNDER_WAY: Final = 64
"""Calls to one partner under way at a time: more of them would only have it answer each of them later."""
_CLOCK_WITHIN: Final = 10.0  # seconds in which some partner has to tell the time
_PAUSE: Final = 1.0
_SHORT: Final = aiohttp.ClientTimeout(total=2.0)


class _Partner(Protocol):
    """A kind of partner, as far as its callers know it."""

    operations: Mapping[type, Operation]
    events: Mapping[str, type[msgspec.Struct]]


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run until told to stop; gives the exit code."""
    try:
        settings = read_settings(arguments, environment)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_until_stopped(settings))
    except BadInput as error:
        _say(str(error))
        return error.exit_code


async def _until_stopped(settings: Settings) -> int:
    """Work until the work ends or a signal comes."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    work = asyncio.create_task(_live(settings))
    stop = asyncio.create_task(told.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if work.done():
        return work.result()
    loop.call_later(GRACE, os._exit, 0)
    work.cancel()
    await asyncio.wait({work})
    return 0


async def _live(settings: Settings) -> int:
    """One life: everything is opened, then the integration works in it."""
    async with (
        open_session() as session,
        store_at(settings.store, settings.store_name) as store,
        bus_at(settings.bus, settings.bus_name) as bus,
        _observed(settings, session) as observer,
    ):
        host = _Host(settings, session, observer)
        async with host.letterbox.open(settings.port) as port:
            await host.set_clock()
            return await host.work(store, bus, port)


class _Host:
    """What surrounds the integration in its process."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, observer: Observer) -> None:
        self._settings = settings
        self._session = session
        self._observer = observer
        self._clock = BusinessClock(asyncio.get_running_loop().time, settings.scale)
        kinds = {each.name: _kind(each) for each in settings.partners}
        self.letterbox = Letterbox(
            {each.name: Sender(each.webhook_secret, kinds[each.name].events) for each in settings.partners}
        )
        self._clients = {
            each.name: HttpClient(each, kinds[each.name].operations, session, heard=self._clock.heard)
            for each in settings.partners
        }

    async def set_clock(self) -> None:
        """Have a partner tell the time. Raises Unavailable where none does."""
        loop = asyncio.get_running_loop()
        until, why = loop.time() + _CLOCK_WITHIN, ""
        while loop.time() < until:
            for partner in self._settings.partners:
                sent = loop.time()
                try:
                    self._clock.heard(sent, await self._time_at(partner))
                except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
                    why = f"{partner.url}/clock: {error or type(error).__name__}"
                else:
                    return
            await asyncio.sleep(_PAUSE / 4)
        raise Unavailable("no partner tells the time", value=why, hint="are they up?")

    async def work(self, store: Store, bus: Bus | None, port: int) -> int:
        """Let the integration work until it ends, which is its death."""
        subscribing: list[asyncio.Task[None]] = []
        try:
            integration = self._made(self._surroundings(store, bus))
            running = asyncio.create_task(integration.run(), name="integration")
            tellers = [client for client in self._clients.values() if client.offers(Subscribe)]
            subscribing += [asyncio.create_task(self._subscribe(each, port)) for each in tellers]
            self.letterbox.receive = integration.receive
            await running
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 (whatever it dies of is told, and its exit code says so)
            _raise_known(error)
            traceback.print_exception(error, file=sys.stderr)
        else:
            _say(f"{self._settings.integration} ended by itself")
        finally:
            self.letterbox.receive = None
            for task in subscribing:
                task.cancel()
        return 1

    def _made(self, around: Surroundings) -> Integration:
        kind = Catalogue("integrations").get(self._settings.integration)
        made: Integration = kind(around, self._settings.controls)
        return made

    def _surroundings(self, store: Store, bus: Bus | None) -> Surroundings:
        return Surroundings(
            clients=self._clients,
            store=store,
            note=self._observer.note,
            now=self._clock.now,
            chance=Dice(self._settings.seed).keyed("integration"),
            event=self._observer.event,
            bus=bus,
            pace=self._settings.scale,
            stopwatch=asyncio.get_running_loop().time,
            under_way=UNDER_WAY,
        )

    async def _time_at(self, partner: PartnerAt) -> float:
        async with self._session.get(f"{partner.url.rstrip('/')}/clock", timeout=_SHORT) as reply:
            return msgspec.json.decode(await reply.read(), type=_Time).now

    async def _subscribe(self, client: HttpClient, port: int) -> None:
        """Have a partner send its webhooks here, as often as it takes."""
        while True:
            try:
                await self._subscribe_once(client, port)
            except CallError as error:
                self._observer.note("subscription_failed", client.name, detail=error.outcome)
                await asyncio.sleep(_PAUSE)
            else:
                return

    async def _subscribe_once(self, client: HttpClient, port: int) -> None:
        request = Subscribe(f"http://127.0.0.1:{port}{PATH}{client.name}")
        try:
            await client.call(request)
        except CallError as error:
            if error.status != 401:
                raise
            await client.sign_in()
            await client.call(request)


class _Time(msgspec.Struct, frozen=True):
    """What `/clock` tells."""

    now: float
    """Second of the run."""


@asynccontextmanager
async def _observed(settings: Settings, session: aiohttp.ClientSession) -> AsyncIterator[Observer]:
    observer = Observer(settings.observer, session)
    telling = asyncio.create_task(observer.run())
    try:
        yield observer
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE / 2):
                await observer.flush()


def _kind(partner: PartnerAt) -> _Partner:
    kind: _Partner = Catalogue("partners").get(partner.kind)  # type: ignore[assignment]
    return kind


def _raise_known(error: BaseException) -> None:
    """Raise what is nobody's bug: a store that cannot be read, a partner that the integration needs and nobody has."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            _raise_known(each)
    elif isinstance(error, BadInput):
        raise error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The quicker loop, where it is installed."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _say(text: str) -> None:
    print(f"seatrial: {text}", file=sys.stderr, flush=True)  # noqa: T201 (a program's own words)
