"""The in-memory link: typed calls that take time, meet their fate and leave evidence."""

from __future__ import annotations

from asyncio import CancelledError
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from seatrial.sim.call import NO_HEADERS, REQUEST, Call
from seatrial.sim.errors import CallError, Disconnected, HarnessError, Refused, Rejected, TimedOut, Unreadable
from seatrial.sim.exchange import Exchange, Line
from seatrial.sim.fate import (
    Answer,
    Behind,
    Crash,
    Deliver,
    Drip,
    Drop,
    Fate,
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
from seatrial.sim.waits import after, errand, pause

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
        self.slow = partner.conduct.latency.quantile(0.99)
        self.lines = {
            request: Line(
                partner,
                door.operation,
                door,
                ground.rulebook.lane(partner.name, partner.kind, door.operation.name, REQUEST, door.operation.access),
            )
            for request, door in partner.doors().items()
        }


class LinkClient:
    """The typed client of one partner for one incarnation of the integration (see `Client`)."""

    def __init__(self, link: Link, incarnation: Incarnation) -> None:
        self.name = link.partner.name
        self.kind = link.partner.kind
        self._link = link
        self._env = link.env
        self._lines = link.lines
        self._life = incarnation
        self._since = link.env.now

    def offers(self, request: type[Request[Any]]) -> bool:
        """Whether the partner has this operation."""
        return request in self._lines

    async def sign_in(self) -> None:
        """Get a new token or session."""
        self._since = (await self.call(SignIn())).since

    async def call(
        self, request: Request[ReplyT], *, timeout: float = 30.0, idempotency_key: str = "", attempt: int = 1
    ) -> ReplyT:
        """Ask the partner. Raises the `CallError` that tells what the caller knows."""
        if not self._life.alive:
            raise CancelledError
        line = self._lines.get(type(request)) or self._unknown(request)
        link, env = self._link, self._env
        sent = env._now  # noqa: SLF001 (SimPy's own field: the property costs a call, twenty times an order)
        key, order = line.key_of(request), line.order_of(request)
        headers = {"Idempotency-Key": idempotency_key} if line.lane and idempotency_key else NO_HEADERS
        call = Call(
            self.name, line.name, REQUEST, key, order, attempt, idempotency_key, self._since, sent, headers=headers
        )
        exchange = Exchange(
            line, call, request, link.latency(f"{line.name}/{key or line.count()}/{attempt}"), sent + timeout
        )
        decision = link.rulebook.decide(line.lane, call) if line.lane else None
        outcome, status = "cancelled", 0
        try:
            if decision is None:
                reply = await self._pass(exchange)
            else:
                reply = await self._suffer(exchange, decision.fate)
            outcome, status = "ok", 200
        except CallError as error:
            outcome, status = error.outcome, error.status
            raise
        finally:
            rule = decision.rule if decision else ""
            waited = env._now - sent  # noqa: SLF001
            link.evidence.call(self.name, line.name, line.document, key, order, attempt, outcome, status, waited, rule)
            if decision is not None:
                link.rulebook.settle(call, decision, self._mattered(decision, outcome, waited))
        return reply  # type: ignore[no-any-return]

    async def _pass(self, exchange: Exchange) -> Any:
        """There and back, with the partner's work in between; no faster than the link, no longer than the deadline."""
        if exchange.call.sent_at + exchange.out > exchange.deadline:  # it still arrives, unheard
            after(self._env, exchange.out, exchange.arrive_unheard, self._env)
            await self._time_out(exchange)
        await errand(self._env, exchange.out, exchange.arrive)
        if exchange.late:
            await self._time_out(exchange)
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
                raise Unreadable(f"{place}: {how} body", body="{")
            case Crash(down_for, after_commit):
                await (self._there(exchange) if after_commit else pause(self._env, exchange.out))
                self._life.crash(down_for)
                raise CancelledError
            case Drop():
                await self._time_out(exchange)
            case _:
                raise HarnessError(f"{place}: a request cannot meet the fate {fate!r}")

    async def _pass_or_reject(self, exchange: Exchange) -> None:
        await self._there(exchange)
        await self._back(exchange)

    def _answer(self, exchange: Exchange, answer: Answer) -> NoReturn:
        place = f"{self.name}.{exchange.line.name}"
        if answer.body == "error" and answer.status >= 400:
            now = self._link.day.wall(self._env.now)
            wait = read_retry_after(write_retry_after(answer.retry_after, answer.retry_date, now), now)
            raise Rejected(answer.code or "error", f"{place}: {answer.status}", status=answer.status, retry_after=wait)
        bodies = {"html": "<!DOCTYPE html><html><body>Service unavailable</body></html>", "malformed": '{"id": '}
        body = bodies.get(answer.body, "")
        raise Unreadable(f"{place}: {answer.body} body with status {answer.status}", status=answer.status, body=body)

    def _mattered(self, decision: Decision, outcome: str, waited: float) -> bool:
        """Whether anybody saw something that would not have been without the fault."""
        gentle = isinstance(decision.fate, Deliver | Drip | Behind)
        return not gentle or outcome != "ok" or waited > self._link.slow

    def _unknown(self, request: object) -> NoReturn:
        known = ", ".join(sorted(line.name for line in self._lines.values()))
        raise HarnessError(f"{self.name} ({self.kind}) has no operation for {type(request).__name__} · known: {known}")
