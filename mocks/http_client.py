"""The link as a client over HTTP lives through it: pieces of a body, silence without end, half a reply."""

from __future__ import annotations

from typing import Any

from seatrial.sim.envelopes import DROPS, GARBLED, SILENCE
from seatrial.sim.errors import Disconnected, Rejected, TimedOut, Unreadable
from seatrial.sim.exchange import Exchange
from seatrial.sim.fate import Drip, Drop, Fate, Garble, LoseReply
from seatrial.sim.link import Link, LinkClient
from seatrial.sim.process import Incarnation
from seatrial.sim.waits import pause

__tracebackhide__ = True  # a test that fails shows its own lines and the client's


class HungUp(Disconnected):
    """The other side closed the connection after a long silence."""


class Garbled(Unreadable):
    """The partner has done its work, and its reply came through damaged.

    `reply` is what the partner answered, or the Rejected that it raised; `fate` says how that was damaged.
    """

    def __init__(self, place: str, fate: Garble, reply: Any) -> None:
        status = reply.status if isinstance(reply, Rejected) else 200
        super().__init__(f"{place}: {fate.how} body", status=status, body=GARBLED.decode())
        self.reply = reply
        self.fate = fate


class HttpClient(LinkClient):
    """A client of one partner that proves one sign-in; `timeout` is the longest silence that it bears, as in HTTP."""

    def __init__(self, link: Link, life: Incarnation, signed_in_at: float) -> None:
        super().__init__(link, life)
        self._since = signed_in_at

    async def _suffer(self, exchange: Exchange, fate: Fate) -> Any:
        """Carry out what a fault decided."""
        patience = exchange.deadline - exchange.call.sent_at
        match fate:
            case Drip(seconds):
                return await self._drip(exchange, seconds, patience)
            case Garble():
                await self._pass_or_reject(exchange)
                raise Garbled(f"{self.name}.{exchange.line.name}", fate, exchange.reply)
            case Drop() | LoseReply(how="silence") if patience > SILENCE:
                exchange.deadline = exchange.call.sent_at + SILENCE
                try:
                    return await super()._suffer(exchange, fate)
                except TimedOut as error:
                    raise HungUp(str(error)) from None
        return await super()._suffer(exchange, fate)

    async def _drip(self, exchange: Exchange, seconds: float, patience: float) -> Any:
        """A body in drops outlasts any timeout that each single drop does not."""
        await self._pass_or_reject(exchange)
        if seconds / DROPS > patience:
            await pause(self._env, patience)
            raise TimedOut(f"no more of the reply from {self.name}.{exchange.line.name} in time")
        await pause(self._env, seconds)
        if type(exchange.reply) is Rejected:
            raise exchange.reply
        return exchange.reply
