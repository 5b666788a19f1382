"""How the integration calls a partner: key, timeout, throttle, breaker, retries, look-up after an unclear end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from seatrial.mocks.middleware.breaker import Breaker
from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.throttle import Throttle
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError, Rejected
from seatrial.sim.integration import Surroundings
from seatrial.sim.operation import Request

ReplyT = TypeVar("ReplyT")
Lookup = Callable[[], Awaitable[ReplyT | None]]
"""Finds the document that an earlier attempt may have left, or None."""
Already = Callable[[Rejected], ReplyT | None]
"""Reads a rejection that means "already done" as the reply it stands for, or None."""
NO_TIMEOUT = 120.0
_OVER = frozenset({"token_expired", "session_expired", "session_ended"})
LONGEST_INLINE = 30.0  # a partner that asks for a longer pause is left to the later delivery


class Caller:
    """One for each integration; keeps a breaker and a throttle for each partner."""

    def __init__(self, around: Surroundings, controls: Controls) -> None:
        self._around = around
        self._clock = around.technical
        self._controls = controls
        self._timeout = float(controls.patience) if controls.timeout else NO_TIMEOUT
        self._attempts = controls.attempts if controls.retry else 1
        self._safeguards = {name: (self._breaker(name), self._throttle()) for name in around.clients}
        bound = around.under_way
        self._places = {name: asyncio.Semaphore(bound) for name in around.clients} if bound else {}
        self._call = self._in_turn if bound else self._once

    async def ask(
        self,
        client: Client,
        request: Request[ReplyT],
        *,
        key: str = "",
        lookup: Lookup[ReplyT] | None = None,
        already: Already[ReplyT] | None = None,
        again: bool = False,
    ) -> ReplyT:
        """Call until it succeeds or the attempts are used up. Raises the last CallError.

        `again` says that an earlier delivery of the same work may have done it: then look first.
        """
        keyed = self._controls.idempotency_key
        if again and keyed and lookup is not None:
            found = await lookup()
            if found is not None:
                return found
        sent_key = key if keyed else ""
        for attempt in range(1, self._attempts + 1):
            try:
                return await self._call(client, request, sent_key, attempt)
            except Rejected as error:
                reply = already(error) if keyed and already is not None else None
                if reply is not None:
                    return reply
                unclear: CallError = error
            except CallError as error:
                unclear = error
            await self._recover(client, unclear, attempt)
            if lookup is not None and keyed and unclear.may_have_committed:
                try:
                    found = await lookup()
                except CallError as error:
                    raise unclear from error  # it is as unclear as before, whatever the look-up ended in
                if found is not None:
                    return found
        raise AssertionError("the last attempt raises")

    async def _in_turn(self, client: Client, request: Request[ReplyT], key: str, attempt: int) -> ReplyT:
        """Wait for a place, as long as that takes: work that piles up waits here, and its patience has not begun."""
        async with self._places[client.name]:
            return await self._once(client, request, key, attempt)

    async def _once(self, client: Client, request: Request[ReplyT], key: str, attempt: int) -> ReplyT:
        name, now = client.name, self._clock()
        breaker, throttle = self._safeguards[name]
        if breaker is not None:
            breaker.check(name, now)
        if throttle is not None:
            wait = throttle.book(now)
            if wait > 0:
                await asyncio.sleep(wait)
        try:
            reply = await client.call(request, timeout=self._timeout, idempotency_key=key, attempt=attempt)
        except CallError as error:
            if breaker is not None and _is_outage(error):
                breaker.failed(self._clock())
            elif breaker is not None:
                breaker.succeeded()
            if not _needs_sign_in(error):
                raise
        else:
            if breaker is not None and breaker.failures:
                breaker.succeeded()
            return reply
        await client.sign_in()  # the token has expired: get a new one and call again, as every client library does
        return await client.call(request, timeout=self._timeout, idempotency_key=key, attempt=attempt)

    async def _recover(self, client: Client, error: CallError, attempt: int) -> None:
        """Wait before the next attempt, or raise where there is none or it would not help."""
        if attempt >= self._attempts or not is_worth_repeating(error):
            raise error
        wait = self._backoff(client, error, attempt)
        if wait > LONGEST_INLINE:
            raise error
        self._around.note("retry", detail=f"{client.name} {error.outcome}")
        await asyncio.sleep(wait)

    def _backoff(self, client: Client, error: CallError, attempt: int) -> float:
        """Full jitter between half and all of an exponential wait; at least what the partner asked for."""
        wait = float(self._controls.backoff) * float(2 ** (attempt - 1))
        wait *= 0.5 + self._around.chance(f"{client.name}/{self._around.now():.6f}") / 2
        asked = error.retry_after if isinstance(error, Rejected) else None
        if asked is not None:
            asked = min(asked, float(self._controls.longest_believed))
            throttle = self._safeguards[client.name][1]
            if throttle is not None:
                throttle.hold(self._clock() + asked)
        return max(wait, asked or 0.0)

    def _throttle(self) -> Throttle | None:
        pace = float(self._controls.pace)
        return Throttle(pace, max(1, int(pace))) if self._controls.throttle else None

    def _breaker(self, name: str) -> Breaker | None:
        controls = self._controls
        if not controls.breaker:
            return None
        return Breaker(
            controls.breaker_after, float(controls.breaker_rest), lambda what: self._around.note(what, detail=name)
        )


def _needs_sign_in(error: CallError) -> bool:
    """Whether token or session are over: 401, or 403 with a word for it, as vendors differ."""
    return error.status == 401 or (isinstance(error, Rejected) and error.status == 403 and error.code in _OVER)


def _is_outage(error: CallError) -> bool:
    return not isinstance(error, Rejected) or error.status >= 500


def is_worth_repeating(error: CallError) -> bool:
    """Whether the same call may be answered otherwise later."""
    return (
        not isinstance(error, Rejected)
        or error.status in (408, 425, 429)
        or error.status >= 500
        or _needs_sign_in(error)
    )
