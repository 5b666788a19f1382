"""Faults in the partner's own server: each fate carried out on the connection itself, without a hop in between."""

from __future__ import annotations

import asyncio

from seatrial.mocks.wire.answers import spoken
from seatrial.mocks.wire.proxy_clock import wall_now
from seatrial.mocks.wire.receiver import Listener
from seatrial.mocks.wire.visit import Visit
from seatrial.sim.envelopes import GARBLED
from seatrial.sim.errors import HarnessError
from seatrial.sim.fate import (
    Answer,
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


async def suffer(visit: Visit, fate: Fate, caller: Listener) -> None:
    """Carry out what a fault decided about a request."""
    exchange = visit.exchange
    match fate:
        case Deliver(before, later):
            exchange.out += before
            exchange.back += later
            await visit.go_through()
        case Twice(gap):
            exchange.gap = gap
            await visit.go_through()
        case Stale(age):
            exchange.age = age
            await visit.go_through()
        case Drip(seconds):
            await visit.there_and_back()
            await visit.drip(seconds)
        case Freeze(lasts):
            caller.freeze(lasts)
            await visit.go_through()
        case Answer():
            await asyncio.sleep(exchange.back)
            call = exchange.call
            await visit.relay(spoken(fate, f"{call.partner}.{call.operation}", wall_now()))
        case Garble("truncated", share):
            await visit.there_and_back()
            await visit.break_off(share)
        case Garble():
            await visit.there_and_back()
            status, _, retry_after = visit.said()
            await visit.answer(status, GARBLED, retry_after=retry_after, readable=False)
        case _:
            await _fail(visit, fate, caller)


async def _fail(visit: Visit, fate: Fate, caller: Listener) -> None:
    """The fates after which the caller has no reply."""
    match fate:
        case Refuse():
            await visit.reset()
            visit.outcome = "refused"
        case Drop():
            await visit.keep_silent()
        case Reset(after_commit=False):
            await asyncio.sleep(visit.exchange.out)
            await visit.reset()
        case LoseReply(how="reset") | Reset():
            await visit.there_and_back()
            await visit.reset()
        case LoseReply():
            await visit.reach()
            await visit.keep_silent()
        case Crash(down_for, after_commit):
            await (visit.reach() if after_commit else asyncio.sleep(visit.exchange.out))
            caller.crash(down_for)
            await visit.reset()
            visit.outcome = "cancelled"
        case _:
            raise HarnessError(f"a request cannot meet the fate {fate!r}")
