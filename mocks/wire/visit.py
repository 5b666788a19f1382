"""One request at a partner's office: there, through the gates, to the handler, and back."""

from __future__ import annotations

import asyncio
from typing import Final

from seatrial.mocks.wire.answers import Spoken
from seatrial.mocks.wire.asgi import Headers, Send, begin, more, reply
from seatrial.mocks.wire.connection import Connection
from seatrial.sim.envelopes import BUSINESS_TIME, DROPS, SILENCE
from seatrial.sim.errors import Rejected
from seatrial.sim.exchange import Exchange
from seatrial.sim.http_face import JSON, Face, denial_of, reply_headers
from seatrial.sim.paced import PacedClock

_JSON_KIND: Final = (b"content-type", JSON.encode())
_BUSINESS_TIME: Final = BUSINESS_TIME.encode()


class Visit:
    """A request under way. `outcome`, `status` and `code` are what its sender saw, as far as a server can know."""

    __slots__ = ("_clock", "_face", "_send", "code", "connection", "exchange", "outcome", "status")

    def __init__(self, exchange: Exchange, face: Face, clock: PacedClock, connection: Connection, send: Send) -> None:
        self.exchange = exchange
        self.connection = connection
        self.outcome = "cancelled"
        self.status = 0
        self.code = ""
        self._face = face
        self._clock = clock
        self._send = send

    async def go_through(self) -> None:
        """The whole way: the partner works, and its reply is sent."""
        await self.there_and_back()
        status, body, retry_after = self.said()
        await self.answer(status, body, retry_after=retry_after)

    async def there_and_back(self) -> None:
        """The partner works, and its reply has come all the way; nobody has seen it yet."""
        await self.reach()
        if self.exchange.back:
            await asyncio.sleep(self.exchange.back)

    async def reach(self) -> None:
        """Travel to the partner, pass its gates, have it work."""
        exchange = self.exchange
        if exchange.out:
            await asyncio.sleep(exchange.out)
        if exchange.gap >= 0:
            asyncio.get_running_loop().call_later(exchange.gap, self._reach_again)
        wait = self._admitted()
        if wait is None:
            return
        if wait:
            await asyncio.sleep(wait)
            self._clock.catch_up()
        self._work()

    def said(self) -> tuple[int, bytes, str]:
        """Status, body and Retry-After of what the partner answered."""
        answered = self.exchange.reply
        if type(answered) is Rejected:
            denial = denial_of(answered)
            return denial.status, denial.body, denial.retry_after
        return 200, self._face.reply(answered), ""

    async def answer(self, status: int, body: bytes, *, retry_after: str = "", readable: bool = True) -> None:
        """Send the partner's reply, if anybody still listens."""
        if self._left():
            return
        self.status = status
        if readable:
            self._understood(status)
        else:
            self.outcome = "unreadable"
        await reply(self._send, status, body, self._headers(retry_after))

    async def relay(self, said: Spoken) -> None:
        """Send what somebody else says in the partner's place."""
        if self._left():
            return
        self.status, self.outcome, self.code = said.status, said.outcome, said.code
        headers = [(name.encode(), value.encode("latin-1")) for name, value in said.headers]
        await reply(self._send, said.status, said.body, [*headers, self._business_time()])

    async def drip(self, seconds: float) -> None:
        """Send the reply's head, and its body in drops over so many seconds."""
        status, body, retry_after = self.said()
        if self._left():
            return
        await begin(self._send, status, len(body), self._headers(retry_after))
        drops = min(DROPS, len(body))
        for number in range(drops):
            await asyncio.sleep(seconds / drops)
            await more(self._send, body[len(body) * number // drops : len(body) * (number + 1) // drops])
        if not self._left():
            self.status = status
            self._understood(status)
            await self._send({"type": "http.response.body", "body": b""})

    async def break_off(self, share: float) -> None:
        """Send the head of the whole reply, a share of its body that is less than all of it, and close."""
        status, body, retry_after = self.said()
        if self._left():
            return
        self.status, self.outcome = status, "unreadable"
        await begin(self._send, status, len(body), self._headers(retry_after))
        await more(self._send, body[: min(int(len(body) * share), len(body) - 1)])
        await self.connection.close()

    async def keep_silent(self) -> None:
        """Say nothing until the client gives up, or has to be hung up on."""
        self.outcome = "timed_out"
        await self.connection.gone(SILENCE)
        if self.connection.lost_at is None:
            self.outcome = "reset"
            await self.connection.close()

    async def reset(self) -> None:
        """End the connection by a TCP reset, if there still is one."""
        if self._left():
            return
        self.outcome = "reset"
        await self.connection.reset()

    def _admitted(self) -> float | None:
        """Seconds to queue, by the partner's gates, which is now; None where they sent the caller away."""
        line, clock = self.exchange.line, self._clock
        now = clock.catch_up()
        if not line.gated:
            return 0.0
        try:
            return line.door.admit(self.exchange.call, now / clock.pace)
        except Rejected as error:
            self.exchange.reply = error
            return None

    def _work(self) -> None:
        clock = self._clock
        self.exchange.act(clock.env.now)
        clock.arm()

    def _work_late(self) -> None:
        self._clock.catch_up()
        self._work()

    def _reach_again(self) -> None:
        """The second copy: it queues like any other, and nobody hears its reply."""
        first = self.exchange
        second = Exchange(first.line, first.call, first.request, 0.0, first.deadline)
        copy = Visit(second, self._face, self._clock, self.connection, self._send)
        wait = copy._admitted()
        if wait is not None:
            asyncio.get_running_loop().call_later(wait, copy._work_late)

    def _left(self) -> bool:
        """Whether the client gave up before its reply."""
        if self.connection.lost_at is None and not self.connection.transport.is_closing():
            return False
        self.outcome = "timed_out"
        return True

    def _understood(self, status: int) -> None:
        """Its sender can read what the partner said."""
        answered = self.exchange.reply
        self.outcome = "ok" if status < 300 else "rejected"
        self.code = answered.code if type(answered) is Rejected else ""

    def _headers(self, retry_after: str) -> Headers:
        if not retry_after:
            return [_JSON_KIND, self._business_time()]
        now = self._clock.env.now
        return [(name.encode(), value.encode("latin-1")) for name, value in reply_headers(JSON, now, retry_after)]

    def _business_time(self) -> tuple[bytes, bytes]:
        return (_BUSINESS_TIME, b"%.6f" % self._clock.env.now)
