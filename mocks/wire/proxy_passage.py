"""The passage of a struck call: every fate of a request carried out on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from mitmproxy.http import Response

from seatrial.mocks.wire.answers import spoken
from seatrial.mocks.wire.proxy_client import Caller, wire_form
from seatrial.mocks.wire.proxy_clock import wall_now
from seatrial.sim.envelopes import GARBLED, SILENCE, failure_of
from seatrial.sim.errors import HarnessError
from seatrial.sim.fate import Answer, Deliver, Drip, Drop, Fate, Garble, LoseReply, Refuse, Reset, Twice
from seatrial.sim.http_face import JSON

Ask = Callable[[], Coroutine[Any, Any, Response]]
"""Has the partner do its work."""
Errand = asyncio.Task[Response]


class Seen(msgspec.Struct, frozen=True):
    """How a struck call ended for its caller."""

    outcome: str
    """In the words of the evidence: ok, rejected, unreadable, timed_out, reset, refused."""
    status: int = 0
    """HTTP status; 0: none was seen."""
    reached: bool = True
    """Whether the partner got the call, or will get it."""
    code: str = ""
    """Why it was refused, in the partner's own word."""


class Passage:
    """One struck call. `errands` holds what goes on after its end: requests on their way that nobody waits for."""

    def __init__(self, caller: Caller, ask: Ask, errands: dict[asyncio.Task[Any], None], *, ours: bool) -> None:
        self._caller = caller
        self._ask = ask
        self._errands = errands
        self._ours = ours

    async def suffer(self, fate: Fate) -> Seen:
        """Carry out a fate; what mitmproxy has to send to the caller afterwards stands in the flow."""
        match fate:
            case Deliver(before, later):
                return await self._late(before, later)
            case Drip(seconds):
                return await self._drip(seconds)
            case Twice(gap):
                return await self._twice(gap)
            case Answer():
                return self._answer(fate)
            case Refuse():
                self._caller.reset()
                return Seen("refused", reached=False)
            case Reset(after_commit=False):
                self._caller.reset()
                return Seen("reset", reached=False)
            case Drop():
                return Seen(await self._silence(), reached=False)
            case LoseReply() | Reset() | Garble():
                return await self._lose(fate)
            case _:
                raise HarnessError(f"the proxy cannot carry out {fate!r}: it stays with the partner")

    async def _late(self, before: float, later: float) -> Seen:
        reply = await self._reply(before)
        if reply is None or not await self._caller.stays(later):
            return Seen("timed_out")
        return self._give(reply)

    async def _drip(self, seconds: float) -> Seen:
        reply = await self._reply()
        if reply is None or not await self._caller.drip(reply, seconds):
            return Seen("timed_out")
        return self._give(reply)

    async def _twice(self, gap: float) -> Seen:
        first = self._errand()
        copy = self._errand(gap)
        reply: Errand = first if gap else asyncio.ensure_future(_first_of(first, copy))
        return self._give(reply.result()) if await self._caller.stays_for(reply) else Seen("timed_out")

    async def _lose(self, fate: LoseReply | Reset | Garble) -> Seen:
        """The fates after which the work is done and nobody can read what came of it."""
        reply = await self._reply()
        if reply is None:
            return Seen("timed_out")
        match fate:
            case LoseReply("silence"):
                return Seen(await self._silence())
            case Garble("malformed"):
                reply.headers.pop("content-encoding", None)
                reply.headers["content-type"] = JSON
                reply.content = GARBLED
                self._caller.flow.response = reply
                return Seen("unreadable", reply.status_code)
            case Garble("truncated", share):
                await self._truncate(reply, share)
                return Seen("unreadable", reply.status_code)
        self._caller.reset()
        return Seen("reset")

    async def _silence(self) -> str:
        """How it ends for him: he gives up, or has to be hung up on."""
        return "reset" if await self._caller.stays(SILENCE) else "timed_out"

    async def _truncate(self, reply: Response, share: float) -> None:
        """The length of the whole, and less than the whole of it."""
        if not reply.raw_content:
            reply.headers["content-length"] = "2"
        head, body = wire_form(reply)
        await self._caller.say_part(head + body[: min(int(len(body) * share), len(body) - 1)] if body else head)

    def _answer(self, answer: Answer) -> Seen:
        request = self._caller.flow.request
        said = spoken(answer, f"{request.method} {request.path}", wall_now())
        response = Response.make(said.status, said.body, dict(said.headers))
        if said.status == 204:
            response.headers.pop("content-length", None)
        self._caller.flow.response = response
        return Seen(said.outcome, said.status, reached=False, code=said.code)

    def _give(self, reply: Response) -> Seen:
        self._caller.flow.response = reply
        status = reply.status_code
        if not self._ours:
            return Seen("ok" if status < 400 else "rejected", status)
        if 200 <= status < 300:
            return Seen("ok", status)
        failure = failure_of(status, reply.raw_content or b"", "", wall_now())
        return Seen(failure.outcome, status, code=failure.code)

    async def _reply(self, before: float = 0.0) -> Response | None:
        """The partner's reply; None where the caller has gone meanwhile: the call arrives all the same, unheard."""
        errand = self._errand(before)
        return errand.result() if await self._caller.stays_for(errand) else None

    def _errand(self, delay: float = 0.0) -> Errand:
        errand: Errand = asyncio.ensure_future(_later(delay, self._ask))
        self._errands[errand] = None
        errand.add_done_callback(lambda _: self._errands.pop(errand, None))
        return errand


async def _later(delay: float, ask: Ask) -> Response:
    if delay:
        await asyncio.sleep(delay)
    return await ask()


async def _first_of(*errands: Errand) -> Response:
    done, _ = await asyncio.wait(errands, return_when=asyncio.FIRST_COMPLETED)
    return next(each for each in errands if each in done).result()
