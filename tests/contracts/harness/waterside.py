"""A partner that counts, on real sockets: its own server, a proxy before that, and clients that call either."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import msgspec
import uvloop
from bound import Bound as BoundOnTheWay
from bound import OnTheWay
from counter import Asking, Counter
from proxy_harness import PLUGIN, SCRIPT, free_ports
from sights import SEED, Bound, Log, Sight, asked_by_httpx, fate_of, log_of, sight_of, storm

import seatrial
from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.mocks.hosting.http_client import HttpClient
from seatrial.mocks.wire.proxy_command import command_of, environment_of
from seatrial.mocks.wire.proxy_desk import ProxyDesk, introduction, pier_of
from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.sim.assortment import Assortment
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import CallError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Answer, Deliver, Fate, Twice
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.latency import Constant
from seatrial.sim.quantities import Seconds
from seatrial.sim.world import World

HERE = Path(__file__).parent
UNIT = 1 / 32
TRIP = 0.05
TIMEOUT = 1.5
PACE = 2.0
"""Business seconds in a real one: what is not scaled where it has to be, or the other way round, shows."""
SLACK = 1.0
"""Late by a second is a machine with other things to do; the caller's patience is longer: both can be told apart."""
GRACE = 0.25
"""Seconds in which what was on its way arrives."""


class Life:
    """The caller's process, as far as it can die."""

    up = True

    def __init__(self) -> None:
        self.down_for = self.frozen_for = 0.0
        self.task: asyncio.Task[Sight] | None = None

    def crash(self, down_for: float) -> None:
        self.down_for = down_for
        if self.task is not None:
            self.task.cancel()

    def freeze(self, lasts: float) -> None:
        self.frozen_for = lasts


class Waterside:
    """One world for all calls, on one loop; it opens with the first call, its proxy with the first call through it."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = count(1)
        self.life = Life()
        self.failures: list[BaseException] = []
        self.desk: ProxyDesk | None = None
        self.waterfront: Waterfront | None = None

    async def open(self) -> None:
        """Have the partner listen."""
        if self.waterfront is not None:
            return
        start, goods = datetime(2011, 12, 1, 8, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(SEED, start, goods, lambda env: Evidence(lambda: env.now), PACE)
        self.erp = Counter("erp", self.world.ground, Conduct(latency=Constant(Seconds(TRIP))))
        self.erp.open()
        self.world.add(self.erp)
        self.waterfront = Waterfront(self.world, self.life, self.failures.append)
        await self.waterfront.open()
        self.waterfront.trade()
        assert self.waterfront.harbour is not None
        self.port = self.front = self.waterfront.harbour.ports["erp"]

    async def open_proxy(self) -> None:
        """Put the proxy before it."""
        await self.open()
        if self._process is not None:
            return
        assert self.waterfront is not None
        clock = self.waterfront.clock
        (self.front,) = free_ports(1)
        pier = pier_of(self.erp, self.front, f"http://127.0.0.1:{self.port}")
        told = introduction((pier,), (), SEED, clock)
        self.desk = ProxyDesk(self.world.rulebook, self.world.evidence, "secret", told, self._lost)
        self.desk.before_rows = clock.catch_up
        channel = await self.desk.listen()
        path = [str(Path(seatrial.__file__).parents[1]), PLUGIN, str(HERE), str(HERE.parent / "plugin")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), **environment_of(channel, "secret")}
        command = command_of((pier,), (), self._folder, SCRIPT)
        self._process = await asyncio.create_subprocess_exec(*command, env=environment)
        await asyncio.wait_for(self.desk.ready.wait(), 60)

    def close(self) -> None:
        """End everything; what went wrong on our side meanwhile fails the test run."""
        with self.runner:
            self.runner.run(self._close())
        assert self.failures == []

    def _lost(self, error: BaseException | None) -> None:
        self.failures.append(error or AssertionError("the proxy died"))

    async def _close(self) -> None:
        if self.desk is not None and self._process is not None:
            await self.desk.close()
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except TimeoutError:
                self._process.kill()
                raise
        if self.waterfront is not None:
            await self.waterfront.close()

    async def arm_partner(self, rule: Rule) -> None:
        """Only this rule is in force, in the partner's own server."""
        self.world.rulebook.disarm()
        self.world.rulebook.arm(rule)

    async def arm_proxy(self, rule: Rule) -> None:
        """Only this rule is in force, and the proxy knows it: it answers a probe that was armed behind the rule."""
        assert self.desk is not None
        probe = f"PROBE-{next(self._numbers)}"
        self.desk.disarm()
        self.desk.arm(rule)
        self.desk.arm(Rule("probe", BoundOnTheWay("Answer", msgspec.structs.asdict(Answer(418))), key=probe))
        async with aiohttp.ClientSession() as session, asyncio.timeout(10):
            while True:
                async with session.get(f"http://127.0.0.1:{self.front}/orders/{probe}") as reply:
                    if reply.status == 418:
                        return


class AtPartner:
    """The partner's own server with the rule in it, called by our typed client.

    What is in the nature of sockets: whoever listens for all callers has accepted a connection before he could refuse
    it, so a refusal is a reset. Our client calls half a document what it calls one that does not parse.
    """

    unit, trip, timeout, slack = UNIT, TRIP, TIMEOUT, SLACK
    bears_drops = speaks_http = refuses = False
    cannot: tuple[type, ...] = ()
    side: Waterside
    """Set for all interpreters on sockets by the fixture."""

    def sight(self, fault: Fault, request: Asking, history: Sequence[float] = ()) -> Sight:
        return self.side.runner.run(self._sight(fault, request, history))

    async def open(self) -> int:
        """Have somebody listen; gives the port to call."""
        await self.side.open()
        return self.side.port

    async def arm_rule(self, rule: Rule) -> None:
        """Only this rule is in force."""
        await self.side.arm_partner(rule)

    async def ask(self, port: int, request: Asking) -> Sight:
        """What the client sees of a call that has `began`, once there is a client."""
        there = PartnerAt("erp", "counter", f"http://127.0.0.1:{port}")
        async with aiohttp.ClientSession() as session:
            client = HttpClient(there, Counter.operations, session)
            self.began = asyncio.get_running_loop().time()
            try:
                reply: object = await client.call(request, timeout=self.timeout)  # type: ignore[arg-type]
            except CallError as error:
                if isinstance(error.__cause__, aiohttp.ClientPayloadError):
                    return Sight("unreadable", status=error.status, body="malformed")
                return sight_of(error)
        return Sight("ok", reply, 200, "document")

    async def prepare(self, fault: Fault, history: Sequence[float] = ()) -> int:
        """The rule is in force and the partner has its history; gives the port to call."""
        port, side = await self.open(), self.side
        await self.arm_rule(storm(fault))
        assert side.waterfront is not None
        now = side.waterfront.clock.catch_up()
        side.erp.entered = [now - ago for ago in history]
        side.life.down_for = side.life.frozen_for = 0.0
        self._before = self._counts()
        self._rows = side.world.evidence.frame().height
        return port

    async def _sight(self, fault: Fault, request: Asking, history: Sequence[float]) -> Sight:
        port, side, loop = await self.prepare(fault, history), self.side, asyncio.get_running_loop()
        side.life.task = asyncio.create_task(self.ask(port, request))
        try:
            seen = await side.life.task
        except asyncio.CancelledError:
            seen = Sight("cancelled")
        waited = loop.time() - self.began
        await self.settle(fault, request.order_no)
        worked = len(side.erp.entered) - len(history)
        return msgspec.structs.replace(
            seen, waited=waited, worked=worked, down_for=side.life.down_for, frozen_for=side.life.frozen_for
        )

    async def settle(self, fault: Fault, order: str) -> None:
        """Let arrive what is on its way: copies, what the caller did not wait for, rows of evidence."""
        await asyncio.sleep(lingers(fate_of(fault)))
        for _ in range(500):
            if self._new_rows().filter(kind="call", key=order).height:
                break
            await asyncio.sleep(0.02)

    def log(self) -> Log:
        fired, mattered = self._counts()
        rows = self._new_rows()
        ours = rows.filter(~rows["key"].str.starts_with("PROBE"))
        return log_of(ours, fired - self._before[0], mattered - self._before[1])

    def _new_rows(self) -> Any:
        return self.side.world.evidence.frame()[self._rows :]

    def _counts(self) -> tuple[int, int]:
        storms = [each for each in self.side.world.rulebook.coverage if each.rule == "storm"]
        return sum(each.fired for each in storms), sum(each.mattered for each in storms)


class AtPartnerByHttpx(AtPartner):
    """The same, called by httpx."""

    bears_drops = speaks_http = True

    async def ask(self, port: int, request: Asking) -> Sight:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=self.timeout, trust_env=False, verify=False) as client:
            self.began = asyncio.get_running_loop().time()
            return await asked_by_httpx(client, request, lambda: datetime.now(UTC))


class BeforePartner(AtPartner):
    """The proxy before the partner's server, with the rule in it; what is the partner's or the process's own (stale
    reads, crashes) stays behind the proxy.

    What is in the nature of sockets is the same as at the partner.
    """

    async def open(self) -> int:
        await self.side.open_proxy()
        return self.side.front

    async def arm_rule(self, rule: Rule) -> None:
        if isinstance(rule.fault, Bound) and isinstance(rule.fault.fate, OnTheWay):
            fate = rule.fault.fate
            rule = msgspec.structs.replace(rule, fault=BoundOnTheWay(type(fate).__name__, msgspec.structs.asdict(fate)))
        await self.side.arm_proxy(rule)


class BeforePartnerByHttpx(AtPartnerByHttpx, BeforePartner):
    """The same, called by httpx."""


def lingers(fate: Fate | None) -> float:
    """Seconds after which nothing of a call is under way any more, once its caller has seen its end."""
    match fate:
        case Twice(gap):
            return gap + GRACE
        case Deliver(before, after) if before + after > TIMEOUT:
            return before + after - TIMEOUT + GRACE
        case _:
            return 0.02
