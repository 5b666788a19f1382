"""Every fate of a request, carried out by the proxy on real sockets, as a raw socket sees it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path

import pytest
from proxy_harness import Harness, Sight, bound, observe

from seatrial.sim.fate import (
    Answer,
    Deliver,
    Drip,
    Drop,
    Fate,
    Garble,
    LoseReply,
    Refuse,
    Reset,
    Twice,
)
from seatrial.sim.fault import Rule

pytestmark = pytest.mark.wire
TIMEOUT, LONG, SHORT = 1.5, 0.4, 0.25
ON_ITS_WAY = 2.0  # seconds: the sender is long gone when it arrives
FATES: tuple[Fate, ...] = (
    Deliver(before=LONG),
    Deliver(after=LONG),
    Deliver(before=SHORT, after=SHORT),
    Twice(),
    Twice(gap=LONG),
    Refuse(),
    Drop(),
    LoseReply("silence"),
    LoseReply("reset"),
    Answer(500, code="boom"),
    Answer(503, "html"),
    Answer(200, "html"),
    Answer(200, "empty"),
    Answer(204, "empty"),
    Answer(200, "malformed"),
    Answer(429, retry_after="7"),
    Answer(429, retry_after="in a moment"),
    Garble("malformed"),
    Garble("truncated", 0.0),
    Garble("truncated", 0.5),
    Garble("truncated", 1.0),
    Drip(LONG),
    Reset(),
    Reset(after_commit=True),
)


def expected(fate: Fate) -> tuple[str, int]:
    """The declaration: what the sender of a write sees of each fate, and how often the partner works."""
    match fate:
        case Deliver() | Drip():
            return "ok", 1
        case Twice():
            return "ok", 2
        case Refuse():
            return "reset", 0  # whoever listens for others can only hang up
        case Drop():
            return "timed_out", 0
        case LoseReply(how):
            return "timed_out" if how == "silence" else "reset", 1
        case Reset(after_commit):
            return "reset", int(after_commit)
        case Garble():
            return "unreadable", 1
        case Answer(body="error"):
            return "rejected", 0
        case _:
            return "unreadable", 0


def least_wait(fate: Fate) -> float:
    """Seconds that pass at least until the sender has its answer; a slow machine may take any number more."""
    match fate:
        case Deliver(before, after):
            return before + after
        case Drip(seconds):
            return seconds
        case _:
            return 0.0


NUMBERS = count(1)


async def strike(harness: Harness, fate: Fate, timeout: float = TIMEOUT, **asked: object) -> Sight:
    """What is seen of a first attempt at a message under a rule with this fate."""
    order = f"MP-{next(NUMBERS)}"
    await harness.storm(Rule("storm", bound(fate), at="desk", key=order, first=1))
    harness.upstream.requests.clear()
    sight = await observe(harness.port, order, timeout=timeout, **asked)  # type: ignore[arg-type]
    await asyncio.sleep(LONG + 0.2 if isinstance(fate, Twice) else 0.1)
    sight.worked = len(harness.upstream.requests)
    return sight


@pytest.mark.parametrize("fate", FATES, ids=repr)
def test_every_fate_of_a_call_is_carried_out(harness: Harness, runner: asyncio.Runner, fate: Fate) -> None:
    """Each fate that a call can meet has its own sight on a socket, and its own row in the evidence."""
    before = len(harness.rows("call"))
    sight = runner.run(strike(harness, fate))
    assert (sight.outcome, sight.worked) == expected(fate)
    assert sight.waited >= least_wait(fate) - 0.05
    rows = runner.run(harness.until_told("call", before + 1))
    assert len(rows) == before + 1
    row, fault = rows[-1], harness.rows("fault")[-1]
    told = "refused" if isinstance(fate, Refuse) else sight.outcome
    assert (row["outcome"], row["rule"], row["document"], row["attempt"]) == (told, "storm", "notification", 1)
    assert (fault["document"], fault["rule"], fault["key"]) == ("bound", "storm", row["key"])
    assert row["status"] == sight.status
    assert row["latency"] / 1e6 >= least_wait(fate) - 0.05


async def told_when(harness: Harness, fate: Fate, expected_wait: float) -> tuple[str, list[bytes]]:
    """Ask by hand under a fate; the reply's Retry-After and the raw pieces in which it came."""
    sight = await strike(harness, fate)
    return sight.headers.get("retry-after", ""), [sight.body]


def test_a_date_to_come_back_is_told_by_the_real_clock(harness: Harness, runner: asyncio.Runner) -> None:
    """A program in any language compares an HTTP date with its own clock, so it is a real date."""
    header, _ = runner.run(told_when(harness, Answer(429, retry_date=90.0), 0.0))
    ahead = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    assert 80 < ahead <= 90


def test_a_dripping_reply_trickles_in(harness: Harness, runner: asyncio.Runner) -> None:
    """Its bytes arrive one after the other over the whole time, not at its end."""
    sight = runner.run(strike(harness, Drip(0.6)))
    gaps = [later - earlier for earlier, later in zip(sight.bytes_at, sight.bytes_at[1:], strict=False)]
    assert len(sight.bytes_at) >= 5
    assert max(gaps) < 0.4


async def truncated(harness: Harness) -> tuple[bytes, bool]:
    """All that arrives of a truncated reply, and whether its end was a FIN while our side could still send."""
    await harness.storm(Rule("storm", bound(Garble("truncated", 0.5)), at="desk"))
    reader, writer = await asyncio.open_connection("127.0.0.1", harness.port)
    writer.write(b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    said = await asyncio.wait_for(reader.read(), 3)  # a reset would raise
    writer.write(b"more")
    await writer.drain()
    writer.close()
    return said, reader.at_eof()


def test_a_truncated_reply_claims_its_whole_length_and_ends_in_a_half_close(
    harness: Harness, runner: asyncio.Runner
) -> None:
    """Content-Length is that of the whole, half of it arrives, then FIN and no reset."""
    said, ended = runner.run(truncated(harness))
    head, _, body = said.partition(b"\r\n\r\n")
    whole = len(harness.upstream.body)
    assert ended
    assert b"content-length: %d" % whole in head.lower()
    assert len(body) == whole // 2


async def several_calls(harness: Harness, fate: Fate) -> tuple[int, list[int]]:
    """Calls one after the other on one connection: connections at the partner, and the statuses seen."""
    await harness.storm(Rule("storm", bound(fate), at="desk", every=2))
    harness.upstream.connections = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", harness.port)
    statuses = []
    for _ in range(6):
        writer.write(b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        await asyncio.wait_for(reader.readexactly(length), 3)
        statuses.append(int(head.split(b" ")[1]))
    with pytest.raises(TimeoutError):  # every reply was said once
        await asyncio.wait_for(reader.read(1), 0.2)
    writer.close()
    return harness.upstream.connections, statuses


@pytest.mark.parametrize(
    ("fate", "status"),
    [(Deliver(before=0.05), 200), (Twice(), 200), (Drip(0.1), 200), (Answer(503, "html"), 503), (Garble(), 200)],
    ids=repr,
)
def test_a_connection_outlives_every_fate_that_does_not_break_it(
    harness: Harness, runner: asyncio.Runner, fate: Fate, status: int
) -> None:
    """Keep-alive holds on both sides: six calls of which every second is struck need one connection each way or two."""
    connections, statuses = runner.run(several_calls(harness, fate))
    assert sorted(statuses) == sorted([200, status] * 3)
    assert connections <= 3  # mitmproxy's own, and ours for the struck ones, two at once where it is asked twice


async def leave(harness: Harness, fate: Fate, after: float) -> int:
    """Ask, and hang up before the reply."""
    sight = await strike(harness, fate, timeout=after)
    assert sight.outcome == "timed_out"
    await asyncio.sleep(ON_ITS_WAY + 0.3)
    return len(harness.upstream.requests)


@pytest.mark.parametrize(
    ("fate", "worked"),
    [(Deliver(before=ON_ITS_WAY), 1), (Deliver(after=ON_ITS_WAY), 1), (Drip(ON_ITS_WAY), 1), (Drop(), 0)],
    ids=repr,
)
def test_who_does_not_wait_long_enough_times_out_on_work_that_is_done(
    harness: Harness, runner: asyncio.Runner, fate: Fate, worked: int
) -> None:
    """A caller who hangs up is seen to have timed out by then; what was on its way arrives all the same."""
    before = len(harness.rows("call"))
    assert runner.run(leave(harness, fate, 0.2)) == worked
    row = runner.run(harness.until_told("call", before + 1))[-1]
    assert row["outcome"] == "timed_out"
    assert row["latency"] / 1e6 < ON_ITS_WAY


async def hold_many(harness: Harness, count: int) -> tuple[int, int]:
    """Open files of the proxy before and after so many callers were left without a reply and hung up."""
    await harness.storm(Rule("storm", bound(LoseReply()), at="desk"))
    await observe(harness.port, timeout=0.3)
    await asyncio.sleep(3.0)  # idle connections to partners are closed by then
    before = harness.open_files()
    seen = await asyncio.gather(*(observe(harness.port, f"H-{number}", timeout=1.5) for number in range(count)))
    assert {sight.outcome for sight in seen} == {"timed_out"}
    for _ in range(100):  # connections to partners are closed some seconds later
        await asyncio.sleep(0.1)
        if harness.open_files() <= before + 2:
            break
    return before, harness.open_files()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_callers_left_in_silence_leave_nothing_behind(harness: Harness, runner: asyncio.Runner) -> None:
    """Two hundred held calls are two hundred rows, and not one socket that stays open."""
    calls = len(harness.rows("call"))
    before, after = runner.run(hold_many(harness, 200))
    assert after <= before + 2
    assert len(runner.run(harness.until_told("call", calls + 201))) == calls + 201
