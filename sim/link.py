"""The in-memory link: typed calls that take time, meet their fate and leave evidence."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Generator, Mapping
from contextlib import suppress
from functools import cached_property
from types import coroutine
from typing import Any, NoReturn, TypeVar

from seatrial.sim.call import NO_HEADERS, REQUEST, Call
from seatrial.sim.envelopes import FOREIGN_BODIES, GARBLED, refusal_of
from seatrial.sim.errors import CallError, Disconnected, HarnessError, Refused, Rejected, TimedOut, Unreadable
from seatrial.sim.exchange import Exchange, Lines
from seatrial.sim.fate import (
    Answer,
    Behind,
    Crash,
    Deliver,
    Drip,
    Drop,
    Fate,
    Freeze,
    Garble,
    LoseReply,
    Refuse,
    Reset,
    Stale,
    Twice,
)
from seatrial.sim.fault import Decision
from seatrial.sim.latency import sampler
from seatrial.sim.operation import Request
from seatrial.sim.partner import Partner
from seatrial.sim.process import Incarnation
from seatrial.sim.retryafter import read_retry_after, write_retry_after
from seatrial.sim.session import SignIn
from seatrial.sim.waits import after, pause, set_out

ReplyT = TypeVar("ReplyT")


class Link:
    """What lies between the integration and one partner; shared by all incarnations of the integration."""

    def __init__(self, partner: Partner) -> None:
        ground = partner.ground
        self.partner = partner
        self.env = ground.env
        self.rulebook = ground.rulebook
        self.evidence = ground.evidence
        self.day = ground.day
        self.latency = sampler(partner.conduct.latency, ground.dice, partner.name)
        self.attempts: dict[str, int] = {}  # by operation and business key, of callers that do not count their own
        self.lines = Lines(partner)

    @cached_property
    def slow(self) -> float:
        """Seconds that a round trip takes at most, but for one in a hundred."""
        return self.partner.conduct.latency.quantile(0.99)


class LinkClient:
    """The typed client of one partner for one incarnation of the integration (see `Client`)."""

    def __init__(self, link: Link, incarnation: Incarnation) -> None:
        self.name = link.partner.name
        self.kind = link.partner.kind
        self.link = link
        """What lies between; shared by all lives of the integration."""
        self._env = link.env
        self._lines = link.lines
        self.life = incarnation
        self._since = link.env.now

    def offers(self, request: type[Request[Any]]) -> bool:
        """Whether the partner has this operation."""
        return request in self.link.partner.operations

    async def sign_in(self) -> None:
        """Get a new token or session."""
        self._since = (await self.call(SignIn())).since

    async def call(
        self,
        request: Request[ReplyT],
        *,
        timeout: float = 30.0,
        idempotency_key: str = "",
        attempt: int = 1,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> ReplyT:
        """Ask the partner; `headers` are those of a caller that speaks HTTP.

        Raises the `CallError` that tells what the caller knows.
        """
        if not self.life.alive:
            raise CancelledError
        line = self._lines[type(request)]
        link, env = self.link, self._env
        sent = env._now  # noqa: SLF001 (SimPy's own field: the property costs a call, twenty times an order)
        key, order = line.key_of(request), line.order_of(request)
        if line.lane and idempotency_key and not headers:
            headers = {"Idempotency-Key": idempotency_key}
        call = Call(
            self.name, line.name, REQUEST, key, order, attempt, idempotency_key, self._since, sent, headers=headers
        )
        exchange = Exchange(
            line, call, request, link.latency(f"{line.name}/{key or line.count()}/{attempt}"), sent + timeout
        )
        decision = link.rulebook.decide(line.lane, call) if line.lane else None
        outcome, status, code = "cancelled", 0, ""
        try:
            if decision is None:
                reply = await self._pass(exchange)
            else:
                reply = await self._suffer(exchange, decision.fate)
            outcome, status = "ok", 200
        except CallError as error:
            outcome, status, code = error.outcome, error.status, error.code
            raise
        finally:
            rule = decision.rule if decision else ""
            waited = env._now - sent  # noqa: SLF001
            link.evidence.call(
                self.name, line.name, line.document, key, order, attempt, outcome, status, waited, rule, "", code
            )
            if decision is not None:
                link.rulebook.settle(call, decision, self._mattered(decision, outcome, waited))
        return reply  # type: ignore[no-any-return]

    @coroutine  # it yields the exchange itself: one coroutine less to be woken through, for every call of a run
    def _pass(self, exchange: Exchange) -> Generator[Any, None, Any]:
        """There and back, with the partner's work in between; no faster than the link, no longer than the deadline."""
        if exchange.call.sent_at + exchange.out > exchange.deadline:  # it still arrives, unheard
            after(self._env, exchange.out, exchange.arrive_unheard, self._env)
            yield from self._time_out(exchange).__await__()
        set_out(exchange, self._env, exchange.out)
        yield exchange
        if exchange.late:
            yield from self._time_out(exchange).__await__()
        reply = exchange.reply
        if type(reply) is Rejected:
            raise reply
        return reply

    async def _there(self, exchange: Exchange) -> Any:
        """Travel to the partner and let it work, for those fates that keep its reply back."""
        back, exchange.back = exchange.back, 0.0
        with suppress(Rejected):
            await self._pass(exchange)
        exchange.back = back
        return exchange.reply

    async def _back(self, exchange: Exchange) -> None:
        if self._env.now + exchange.back > exchange.deadline:
            await self._time_out(exchange)
        await pause(self._env, exchange.back)

    async def _time_out(self, exchange: Exchange) -> NoReturn:
        await pause(self._env, max(0.0, exchange.deadline - self._env.now))
        raise TimedOut(f"no reply from {self.name}.{exchange.line.name} in time")

    async def _suffer(self, exchange: Exchange, fate: Fate) -> Any:
        """Carry out what a fault decided."""
        match fate:
            case Deliver(before, later):
                exchange.out += before
                exchange.back += later
                return await self._pass(exchange)
            case Behind(_, at_most):
                exchange.out += at_most
                return await self._pass(exchange)
            case Drip(seconds):
                exchange.back += seconds
                return await self._pass(exchange)
            case Twice(gap):
                exchange.gap = gap
                return await self._pass(exchange)
            case Stale(age):
                exchange.age = age
                return await self._pass(exchange)
            case Freeze(lasts):
                self.life.freeze(lasts)
                return await self._pass(exchange)
            case Answer():
                await self._back(exchange)
                self._answer(exchange, fate)
            case _:
                await self._fail(exchange, fate)
        return None

    async def _fail(self, exchange: Exchange, fate: Fate) -> NoReturn:
        """The fates after which the caller has no reply."""
        place = f"{self.name}.{exchange.line.name}"
        match fate:
            case Refuse():
                await self._back(exchange)
                raise Refused(f"{place}: connection refused")
            case Reset(after_commit=False):
                await self._back(exchange)
                raise Disconnected(f"{place}: connection reset")
            case LoseReply(how="reset") | Reset():
                await self._pass_or_reject(exchange)
                raise Disconnected(f"{place}: connection reset")
            case LoseReply():
                await self._there(exchange)
                await self._time_out(exchange)
            case Garble(how, _):
                await self._pass_or_reject(exchange)
                status = exchange.reply.status if type(exchange.reply) is Rejected else 200
                raise Unreadable(f"{place}: {how} body", status=status, body=GARBLED.decode())
            case Crash(down_for, after_commit):
                await (self._there(exchange) if after_commit else pause(self._env, exchange.out))
                self.life.crash(down_for)
                raise CancelledError
            case Drop():
                await self._time_out(exchange)
            case _:
                raise HarnessError(f"{place}: a request cannot meet the fate {fate!r}")

    async def _pass_or_reject(self, exchange: Exchange) -> None:
        await self._there(exchange)
        await self._back(exchange)

    def _answer(self, exchange: Exchange, answer: Answer) -> NoReturn:
        place, status = f"{self.name}.{exchange.line.name}", answer.status
        now = self.link.day.wall(self._env.now)
        header = write_retry_after(answer.retry_after, answer.retry_date, now)
        wait = read_retry_after(header, now)
        said = Rejected(answer.code or "error", f"{place}: {status}", status=status, retry_after=wait)
        error: CallError = said
        if answer.body != "error" or 200 <= status < 300:
            body = (refusal_of(said) if answer.body == "error" else FOREIGN_BODIES[answer.body]).decode()
            error = Unreadable(f"{place}: {answer.body} body with status {status}", status=status, body=body)
        error.retry_header = header
        raise error

    def _mattered(self, decision: Decision, outcome: str, waited: float) -> bool:
        """Whether anybody saw something that would not have been without the fault."""
        gentle = isinstance(decision.fate, Deliver | Drip | Behind)
        return not gentle or outcome != "ok" or waited > self.link.slow
