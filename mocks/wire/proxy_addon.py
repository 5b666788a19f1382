"""Our addon in mitmproxy: it stands before each partner and carries out what the rules have in store for a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from mitmproxy import ctx
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

from seatrial.mocks.wire.proxy_client import Caller
from seatrial.mocks.wire.proxy_clock import BusinessClock
from seatrial.mocks.wire.proxy_passage import Passage, Seen
from seatrial.mocks.wire.proxy_upstream import Upstream
from seatrial.mocks.wire.recogniser import Asked, Recogniser
from seatrial.sim.call import Call
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.channel import Pier, Struck, Welcome
from seatrial.sim.dice import Dice
from seatrial.sim.envelopes import ATTEMPT, BUSINESS_TIME, CORRELATION, TRACE
from seatrial.sim.fate import Answer, Deliver, Drip
from seatrial.sim.fault import Decision
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tokens import Tokens


class Quay:
    """One partner as the proxy knows it: where it is, what can be asked of it, who has signed in."""

    def __init__(self, pier: Pier, rulebook: Rulebook, dice: Dice) -> None:
        self.pier = pier
        kind: Any = Catalogue("partners").get(pier.kind)
        self.ours = not kind.open_ended
        self.recogniser = Recogniser(
            pier.name, pier.kind, kind.operations.values(), rulebook, open_ended=kind.open_ended
        )
        self.host = pier.upstream.partition("://")[2]
        self._tokens = Tokens(dice, pier.name)

    def find(self, flow: HTTPFlow) -> Asked | None:
        """The operation that a request asks for."""
        return self.recogniser.find(flow.request.method, flow.request.path)

    def read(self, flow: HTTPFlow, asked: Asked, now: float) -> Call:
        """The call that a request is."""
        request = flow.request
        since = self._tokens.read(request.headers.get("authorization", "")) if self.pier.by_token else 0.0
        return self.recogniser.call(asked, request.headers, request.raw_content or b"", since, now)


class ProxyAddon:
    """Strikes requests; knows nothing, and lets everything pass, before it is made `welcome`."""

    def __init__(self, report: Callable[[Struck], None]) -> None:
        self.rulebook: Rulebook | None = None
        self._report = report
        self._quays: dict[int, Quay] = {}
        self._upstream: Upstream | None = None
        self._errands: dict[asyncio.Task[Any], None] = {}
        self._struck: dict[asyncio.Task[Any], None] = {}
        self._now: Any = None
        self._time = asyncio.get_running_loop().time
        self._afraid = False

    def welcome(self, told: Welcome, rulebook: Rulebook, clock: BusinessClock) -> None:
        """Learn who is behind the proxy, and the rules."""
        self.rulebook = rulebook
        dice = Dice(told.seed)
        self._quays = {each.listen_port: Quay(each, rulebook, dice) for each in told.partners}
        self._upstream = Upstream()
        self._now = clock.now
        self.look_up()

    def look_up(self) -> None:
        """See whether there is anything to fear; to be called whenever rules have come or gone."""
        self._afraid = self.rulebook is not None and bool(self.rulebook.armed)

    def request(self, flow: HTTPFlow) -> Coroutine[Any, Any, None] | None:
        """A request has arrived in full (mitmproxy's hook): strike it, or let it pass as fast as can be."""
        quay = self._quays.get(flow.client_conn.sockname[1])
        if quay is None:
            return None
        if not quay.ours:
            flow.request.host_header = quay.host
        if not self._afraid:
            return None
        asked = quay.find(flow)
        if asked is None or not asked.lane:
            return None
        assert self.rulebook is not None
        call = quay.read(flow, asked, self._now())
        decision = self.rulebook.decide(asked.lane, call)
        if decision is not None:
            return self._strike(flow, quay, asked, call, decision)
        if quay.ours:
            flow.request.headers[ATTEMPT] = str(call.attempt)
        return None

    async def _strike(self, flow: HTTPFlow, quay: Quay, asked: Asked, call: Call, decision: Decision) -> None:
        assert self._upstream is not None
        upstream, request, address = self._upstream, flow.request.copy(), quay.pier.upstream
        sent = self._time()
        passage = Passage(
            Caller(flow, self._handler(flow)),
            lambda: upstream.ask(address, request, decision.rule, call.attempt),
            self._errands,
            ours=quay.ours,
        )
        seen = Seen("cancelled")
        struck = asyncio.current_task()
        assert struck is not None
        self._struck[struck] = None
        try:
            seen = await passage.suffer(decision.fate)
        finally:
            self._struck.pop(struck, None)
            self._tell(quay, asked, call, decision, seen, self._time() - sent)
        if isinstance(decision.fate, Answer) and quay.ours and flow.response is not None:
            flow.response.headers[BUSINESS_TIME] = f"{self._now():.6f}"
        if flow.response is None and flow.killable:
            flow.kill()

    def _tell(self, quay: Quay, asked: Asked, call: Call, decision: Decision, seen: Seen, latency: float) -> None:
        gentle = isinstance(decision.fate, Deliver | Drip) and seen.outcome == "ok"
        self._report(
            Struck(
                partner=call.partner,
                operation=call.operation,
                document=asked.document,
                key=call.key,
                order=call.order,
                attempt=call.attempt,
                outcome=seen.outcome,
                status=seen.status,
                latency=latency,
                rule=decision.rule,
                fault=decision.fault,
                mattered=not gentle or latency > quay.pier.slow,
                reached=seen.reached,
                trace=call.headers.get(TRACE, "") or call.headers.get(CORRELATION, ""),
                code=seen.code,
            )
        )

    def _handler(self, flow: HTTPFlow) -> ProxyConnectionHandler | None:
        server: Any = ctx.master.addons.get("proxyserver")
        found: ProxyConnectionHandler | None = server.connections.get(flow.client_conn.id)
        return found

    async def give_up(self) -> None:
        """End the calls that are held, so that each is told of."""
        await _end(self._struck)

    async def close(self) -> None:
        """End what still goes on."""
        await self.give_up()
        await _end(self._errands)
        server: Any = ctx.master.addons.get("proxyserver")
        for handler in tuple(server.connections.values()):
            for held in tuple(handler.transports.values()):
                if held.handler is not None:
                    held.handler.cancel()
        await asyncio.sleep(0)
        if self._upstream is not None:
            await self._upstream.close()


async def _end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    ending = tuple(tasks)
    for each in ending:
        each.cancel()
    if ending:
        await asyncio.wait(ending, timeout=1.0)
