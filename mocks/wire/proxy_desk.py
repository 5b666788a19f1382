"""The world's desk for its proxy: it tells the proxy its rules and turns what the proxy reports into evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from seatrial.mocks.wire.proxy_clock import unix_now
from seatrial.sim.call import DEPENDENCY, REQUEST
from seatrial.sim.channel import (
    LONGEST_LINE,
    TOLD_BY_PROXY,
    Arm,
    Ask,
    Disarm,
    Ear,
    Farewell,
    Freeze,
    FromProxy,
    Hello,
    Matched,
    Message,
    Mooring,
    Noted,
    Pier,
    Ready,
    Settled,
    Struck,
    Thaw,
    Unasked,
    Welcome,
    say,
)
from seatrial.sim.decisions import Decided
from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Crash, Fate, Stale
from seatrial.sim.fate import Freeze as Frozen
from seatrial.sim.fault import Rule, fates_of
from seatrial.sim.partner import Partner
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.travelling import RuleOnWire, rule_on_wire

FAREWELL: Final = 5.0
"""Seconds in which the proxy has to report what is left and end."""


def is_for_the_proxy(rule: Rule) -> bool:
    """Whether the proxy carries a rule out: requests, but what happens inside partner or integration; dependencies."""
    direction, fates = rule.direction or rule.fault.direction, fates_of(type(rule.fault))
    if direction == DEPENDENCY:
        return True
    return direction == REQUEST and not any(fate in (Stale, Crash, Frozen, Fate) for fate in fates)


Introduction = Callable[[tuple[RuleOnWire, ...]], Welcome]
"""Makes the world's first word, with the rules that are in force by then."""


class Clock(Protocol):
    """The business clock of the world."""

    @property
    def pace(self) -> float:
        """Seconds of the run in a real second."""
        ...

    @property
    def running(self) -> bool:
        """Whether business time goes on; it stands before the run begins, and while it is frozen."""
        ...

    def now(self) -> float:
        """Second of the run."""
        ...


def introduction(
    piers: Sequence[Pier],
    moorings: Sequence[Mooring],
    seed: int,
    clock: Clock,
    again: tuple[Decided, ...] | None = None,
) -> Introduction:
    """What the proxy will be told when it calls; `again` are the strikes of a replay that are for it."""
    return lambda rules: Welcome(
        partners=tuple(piers),
        rules=rules,
        seed=seed,
        pace=clock.pace,
        business_now=clock.now(),
        at=unix_now(),
        dependencies=tuple(moorings),
        frozen=not clock.running,
        again=again,
    )


def pier_of(partner: Partner, listen_port: int, upstream: str) -> Pier:
    """A partner as the proxy has to know it; `upstream` is where it really is, unless it is not ours."""
    conduct = partner.conduct
    return Pier(
        name=partner.name,
        kind=partner.kind,
        listen_port=listen_port,
        upstream=partner.url or upstream,
        by_token=conduct.auth.by_token,
        slow=conduct.latency.quantile(0.99),
    )


class ProxyDesk:
    """Listens for the proxy on a loopback port. States: waiting, open (`ready` is set), lost, closed.

    Rules that the proxy carries out are entrusted to it: the world's own rulebook leaves them alone and records what is
    reported. `lost` is called once if the proxy goes before it was told to, with what went wrong on our side, if
    anything did.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        evidence: Evidence,
        token: str,
        introduce: Introduction,
        lost: Callable[[BaseException | None], None],
    ) -> None:
        self.ready = asyncio.Event()
        self._rulebook = rulebook
        self._evidence = evidence
        self._token = token
        self._introduce = introduce
        self._lost = lost
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._gone = asyncio.Event()
        self._questions: list[asyncio.Future[None]] = []
        self._closing = False
        self.before_rows: Callable[[], object] = lambda: None
        """Called before rows are written: the world's clock catches up."""
        self.noted: Callable[[Decided], None] = _not_kept
        """Told of every decision, for the log of the run."""
        self.unasked: Mapping[str, int] = {}
        """Decisions of a replay that no call has asked for, by rule; known at the end."""

    async def listen(self) -> str:
        """Listen for the proxy; gives the address that it has to be told."""
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0, limit=LONGEST_LINE)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def arm(self, rule: Rule) -> None:
        """Put a rule in force: with the proxy where it carries it out, else in the world alone."""
        self._rulebook.arm(rule)
        if is_for_the_proxy(rule):
            self._rulebook.entrust(rule.name)
            self._say(Arm(rule_on_wire(rule)))

    def disarm(self, *names: str) -> None:
        """Take rules out of force, with the proxy and in the world; without names, all of them."""
        self._rulebook.disarm(*names)
        self._say(Disarm(names))

    def freeze(self, business_now: float) -> None:
        """Business time stands still."""
        self._say(Freeze(business_now))

    def thaw(self, business_now: float) -> None:
        """Business time goes on, or begins."""
        self._say(Thaw(business_now, unix_now()))

    async def settled(self) -> None:
        """Wait until all that the proxy was told is in force, and all that it has struck is in the evidence."""
        if self._writer is None or self._gone.is_set():
            return
        self._questions.append(asyncio.get_running_loop().create_future())
        self._say(Ask(len(self._questions) - 1))
        await self._questions[-1]

    async def close(self) -> None:
        """Let the proxy report what is left, and end; whoever does not end in time is left to who started it."""
        self._closing = True
        if self._writer is not None:
            self._say(Farewell())
            try:
                await asyncio.wait_for(self._gone.wait(), FAREWELL)
            except TimeoutError:
                self._writer.close()
        if self._server is not None:
            self._server.close()

    def _say(self, message: Message) -> None:
        if self._writer is not None:
            say(self._writer, message)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear = Ear(reader, TOLD_BY_PROXY)
        hello = await self._first(ear)
        if self._writer is not None or not isinstance(hello, Hello) or hello.token != self._token:
            writer.close()  # a stranger, or a second proxy
            return
        self._writer = writer
        rules = [each.rule for each in self._rulebook.armed if is_for_the_proxy(each.rule)]
        self._rulebook.entrust(*(rule.name for rule in rules))
        say(writer, self._introduce(tuple(rule_on_wire(rule) for rule in rules)))
        trouble: Exception | None = None
        try:
            async for message in ear:
                self._hear(message)
        except Exception as error:  # noqa: BLE001 (a task nobody waits for: whoever started the proxy has to know)
            trouble = error
        writer.close()
        self._gone.set()
        for question in self._questions:
            if not question.done():
                question.set_result(None)
        if trouble is not None or not self._closing:
            self._lost(trouble)

    async def _first(self, ear: Ear[FromProxy]) -> FromProxy | None:
        try:
            return await asyncio.wait_for(ear.next(), FAREWELL)
        except (TimeoutError, HarnessError):
            return None

    def _hear(self, message: FromProxy) -> None:
        match message:
            case Ready():
                self.ready.set()
            case Struck():
                self.before_rows()
                self._record(message)
            case Matched(matched):
                self._rulebook.record_matched(matched)
            case Settled(number):
                self._questions[number].set_result(None)
            case Noted(strike):
                self.noted(strike)
            case Unasked(left):
                self.unasked = left
            case _:
                raise HarnessError(f"the proxy says {message!r} in the middle of a run")

    def _record(self, struck: Struck) -> None:
        call = struck.call
        if struck.direction == REQUEST:
            self._evidence.call(
                struck.partner, struck.operation, struck.document, struck.key, struck.order, struck.attempt,
                struck.outcome, struck.status, struck.latency, struck.rule, struck.trace, struck.code,
            )  # fmt: skip
        self._rulebook.record(call, struck.rule, struck.fault, struck.mattered)


def is_strike_of_the_proxy(strike: Decided) -> bool:
    """Whether a strike of a replay is made by the proxy again, where there is one before the partners."""
    return strike.direction == DEPENDENCY or (
        strike.direction == REQUEST and not isinstance(strike.fate, Stale | Crash)
    )


def _not_kept(strike: Decided) -> None:
    """Where there is no log, decisions are not kept."""
