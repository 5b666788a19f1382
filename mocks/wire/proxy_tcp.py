"""Before the integration's database and broker: plain connections that are late, slow, cut, reset or refused.

What a rule strikes here is a *connection*: one that is opened in the rule's window, or is open when the window opens.
It is asked about once, and keeps its fate until the window closes or the rule is taken out of force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from mitmproxy import ctx
from mitmproxy.connection import Client
from mitmproxy.proxy.layers import TCPLayer
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import ReverseMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from seatrial.mocks.wire.proxy_client import reset
from seatrial.mocks.wire.proxy_valve import Valve
from seatrial.sim.call import DEPENDENCY, Call
from seatrial.sim.channel import Mooring, Struck, Welcome
from seatrial.sim.errors import HarnessError
from seatrial.sim.fate import Deliver, Drop, Refuse, Reset, Throttle
from seatrial.sim.fault import Decision
from seatrial.sim.rulebook import ArmedRule, Rulebook

TICK: Final = 0.05
"""Seconds between two looks at the windows of the rules."""
CONNECTION: Final = "connection"
"""What is struck of a dependency, as the evidence calls it."""


class Tether:
    """One connection to a dependency. States: untouched, struck by a rule, closed."""

    def __init__(self, mooring: Mooring, handler: ProxyConnectionHandler, report: Callable[[Struck], None]) -> None:
        self.mooring = mooring
        self.rule: ArmedRule | None = None
        self.asked: list[ArmedRule] = []
        self._handler = handler
        self._report = report
        self._decision: Decision | None = None
        self._told = True
        self._valves: tuple[Valve, Valve] | None = None
        self._opened = asyncio.get_running_loop().time()

    @property
    def call(self) -> Call:
        """The connection, as rules see it."""
        return Call(self.mooring.name, CONNECTION, DEPENDENCY, "", "", 1)

    def connected(self, server: Any) -> None:
        """Both sides are there: put a valve into each direction."""
        held = self._handler.transports
        there = Valve(held[server].writer, self._touched)
        back = Valve(held[self._handler.client].writer, self._touched)
        held[server].writer, held[self._handler.client].writer = there, back  # type: ignore[assignment]
        self._valves = there, back
        self._set()

    def strike(self, rule: ArmedRule, decision: Decision) -> None:
        """Meet a fate, now and for as long as the rule is in force."""
        self.rule, self._decision, self._told = rule, decision, False
        if isinstance(decision.fate, Refuse):  # new connections only: an open one has been accepted
            if self._valves is None:
                self._break("refused")
            return
        self._set()

    def lift(self) -> None:
        """The rule is no longer in force."""
        self._tell(mattered=False)
        self.rule = self._decision = None
        for valve in self._valves or ():
            valve.on_data = None
            valve.open()

    def closed(self) -> None:
        """The connection has ended."""
        self._tell(mattered=False)

    def _set(self) -> None:
        decision = self._decision
        if decision is None or (self._valves is None and not isinstance(decision.fate, Reset)):
            return
        match decision.fate:
            case Reset(after_commit=False):
                self._break("reset")
            case Reset():
                if self._valves is not None:
                    self._valves[1].on_data = lambda: self._break("reset")
            case Deliver() | Throttle() | Drop():
                self._narrow(decision.fate)
            case _:
                raise HarnessError(f"{self.mooring.name}: a connection cannot meet the fate {decision.fate!r}")

    def _narrow(self, fate: Deliver | Throttle | Drop) -> None:
        assert self._valves is not None
        there, back = self._valves
        match fate:
            case Deliver(before, later):
                there.delay, back.delay = before, later
            case Throttle(rate):
                there.rate = back.rate = rate
            case Drop():
                there.shut = back.shut = True

    def _break(self, outcome: str) -> None:
        for held in tuple(self._handler.transports.values()):
            if held.writer is not None:
                reset(held.writer)
        self._tell(mattered=True, outcome=outcome)

    def _touched(self) -> None:
        if not self._told:
            self._tell(mattered=True)

    def _tell(self, *, mattered: bool, outcome: str = "ok") -> None:
        if self._told or self._decision is None:
            return
        self._told = True
        self._report(
            Struck(
                partner=self.mooring.name,
                operation=CONNECTION,
                document="",
                key="",
                order="",
                attempt=1,
                outcome=outcome,
                status=0,
                latency=asyncio.get_running_loop().time() - self._opened,
                rule=self._decision.rule,
                fault=self._decision.fault,
                mattered=mattered,
                reached=outcome != "refused",
                direction=DEPENDENCY,
            )
        )


class TcpAddon:
    """mitmproxy's hooks for plain connections."""

    def __init__(self, report: Callable[[Struck], None]) -> None:
        self._report = report
        self._moorings: dict[int, Mooring] = {}
        self._tethers: dict[str, Tether] = {}
        self._rulebook: Rulebook | None = None
        self._now: Any = None

    def welcome(self, told: Welcome, rulebook: Rulebook, now: Callable[[], float]) -> None:
        """Learn which dependencies are behind the proxy."""
        self._moorings = {each.listen_port: each for each in told.dependencies}
        self._rulebook, self._now = rulebook, now

    def client_connected(self, client: Client) -> None:
        """The integration connects (mitmproxy's hook): nothing is read of what it says, so nothing is kept."""
        mooring = self._moorings.get(client.sockname[1])
        if mooring is None:
            return
        server: Any = ctx.master.addons.get("proxyserver")
        handler = server.connections[client.id]
        context = handler.layer.context
        assert isinstance(client.proxy_mode, ReverseMode)
        context.server.address = client.proxy_mode.address
        handler.layer = TCPLayer(context, ignore=True)  # connects at once: some servers speak first
        tether = self._tethers[client.id] = Tether(mooring, handler, self._report)
        self._look(tether)
        if handler.transports[client].writer.is_closing():
            client.error = "struck"

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """The dependency has accepted (mitmproxy's hook)."""
        tether = self._tethers.get(data.client.id)
        if tether is not None:
            tether.connected(data.server)

    def client_disconnected(self, client: Client) -> None:
        """The connection has ended (mitmproxy's hook)."""
        tether = self._tethers.pop(client.id, None)
        if tether is not None:
            tether.closed()

    def tick(self) -> None:
        """See which windows have opened or closed."""
        for tether in tuple(self._tethers.values()):
            self._look(tether)

    def _look(self, tether: Tether) -> None:
        assert self._rulebook is not None
        now, name = self._now(), tether.mooring.name
        lane = self._rulebook.lane(name, DEPENDENCY, CONNECTION, DEPENDENCY)
        if tether.rule is not None:
            if tether.rule in lane and now < tether.rule.rule.stop:
                return
            tether.lift()
        fresh = [rule for rule in lane if rule not in tether.asked and rule.rule.start <= now < rule.rule.stop]
        if not fresh:
            return
        decision = self._rulebook.decide(fresh, tether.call)
        for rule in fresh:  # the first that strikes decides; those behind it have not been asked
            tether.asked.append(rule)
            if decision is not None and rule.rule.name == decision.rule:
                tether.strike(rule, decision)
                return
