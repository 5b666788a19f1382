"""What a bare socket hears of each fate: resets are resets, half a body is half a body, silence is silence.

Clients hide such things behind words of their own; here the kernel's are compared, at the partner and before it.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from counter import Entered
from raw_call import Heard, connected, enter
from sights import Bound, storm
from waterside import PACE, TRIP, AtPartner, BeforePartner, Waterside

from seatrial.sim.fate import Answer, Deliver, Drip, Drop, Fate, Garble, LoseReply, Refuse, Reset, Twice
from seatrial.sim.quantities import Seconds

pytestmark = pytest.mark.wire
WHOLE = msgspec.json.encode(Entered("SO-2"))
"""The reply: the order before it, which kept the connection alive, was the first."""
LISTEN = 2.0
"""Seconds in which a machine with other work to do says what it has to say."""
everywhere = pytest.mark.parametrize("place", [AtPartner, BeforePartner], ids=["at the partner", "before the partner"])


class Place:
    """A place at which faults strike, asked by hand."""

    def __init__(self, interpreter: AtPartner) -> None:
        self.interpreter = interpreter

    def hear(self, fate: Fate, listen: float = LISTEN, *, kept: bool = True) -> tuple[Heard, Heard | None]:
        """What is heard of a call that is struck, and of a harmless one after it on the same connection; `kept` has
        another harmless one go before it.
        """
        return self.interpreter.side.runner.run(self._hear(fate, listen, kept=kept))

    async def _hear(self, fate: Fate, listen: float, *, kept: bool) -> tuple[Heard, Heard | None]:
        with connected(await self.interpreter.prepare(Bound(fate))) as line:
            if kept:
                before = await enter(line, "SF-1", LISTEN)
                assert (before.ended, before.length) == ("open", len(before.body))
            heard = await enter(line, "MP-1", listen)
            is_whole = heard.ended == "open" and heard.said
            return heard, await enter(line, "SF-2", LISTEN) if is_whole else None

    @property
    def worked(self) -> int:
        """How often the partner did the work, for whomever."""
        return len(self.interpreter.side.erp.entered)


@pytest.fixture
def there(place: type[AtPartner], waterside: Waterside) -> Place:
    interpreter = place()
    interpreter.side = waterside
    return Place(interpreter)


@everywhere
@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept alive"])
@pytest.mark.parametrize(
    ("fate", "worked"),
    [(Refuse(), 0), (Reset(), 0), (Reset(after_commit=True), 1), (LoseReply("reset"), 1)],
    ids=repr,
)
def test_a_reset_is_a_reset(there: Place, fate: Fate, worked: int, kept: bool) -> None:
    """The caller's kernel says ECONNRESET and not end of file, without a byte before, whatever the connection's age."""
    heard, _ = there.hear(fate, 5.0, kept=kept)
    assert (heard.said, heard.ended) == (b"", "reset")
    assert there.worked == worked + kept


@everywhere
@pytest.mark.parametrize(("fate", "worked"), [(Drop(), 0), (LoseReply(), 1)], ids=repr)
def test_silence_is_an_open_connection_without_a_byte(there: Place, fate: Fate, worked: int) -> None:
    """Nobody hangs up: only the caller's own patience ends it."""
    heard, _ = there.hear(fate, 1.0)
    assert (heard.said, heard.ended) == (b"", "open")
    assert there.worked == 1 + worked


@everywhere
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_body_cut_short_was_announced_whole_and_ends_in_a_fin(there: Place, share: float) -> None:
    """Content-Length is that of the whole reply, fewer bytes come, then end of file and no reset."""
    heard, _ = there.hear(Garble("truncated", share), 5.0)
    assert b" 200 " in heard.head
    assert heard.length == len(WHOLE)
    assert heard.body == WHOLE[: min(int(len(WHOLE) * share), len(WHOLE) - 1)]
    assert heard.ended == "eof"


@everywhere
def test_drops_fall_one_after_the_other(there: Place) -> None:
    """The head is there at once, the body comes in pieces, and the last of them when the time is over."""
    heard, after = there.hear(Drip(0.8), 0.8 + LISTEN)
    assert heard.times[0] < 0.4
    assert heard.times[-1] >= TRIP + 0.8 - 0.01
    assert len(heard.times) >= 5
    assert (heard.body, heard.length, heard.ended) == (WHOLE, len(WHOLE), "open")
    assert after is not None
    assert (after.ended, after.length) == ("open", len(after.body))


@everywhere
@pytest.mark.parametrize(
    ("fate", "status"),
    [
        (Deliver(before=0.1), 200),
        (Deliver(after=0.1), 200),
        (Twice(), 200),
        (Twice(0.1), 200),
        (Garble(), 200),
        (Answer(500, code="boom"), 500),
        (Answer(502, "html"), 502),
        (Answer(200, "empty"), 200),
        (Answer(200, "malformed"), 200),
    ],
    ids=repr,
)
def test_who_is_answered_keeps_his_connection(there: Place, fate: Fate, status: int) -> None:
    """One reply as long as it says, said once, and the next call on the same connection is served."""
    heard, after = there.hear(fate)
    assert b" %d " % status in heard.head
    assert (heard.ended, heard.length) == ("open", len(heard.body))
    assert after is not None
    assert b" 200 " in after.head
    assert (after.ended, after.length) == ("open", len(after.body))


@everywhere
def test_a_status_without_a_body_has_no_length(there: Place) -> None:
    """204 says that there is nothing, and nothing comes."""
    heard, after = there.hear(Answer(204, "empty"))
    assert b" 204 " in heard.head
    assert b"content-length" not in heard.head
    assert b"transfer-encoding" not in heard.head
    assert heard.body == b""
    assert after is not None
    assert b" 200 " in after.head


def test_who_never_gives_up_is_hung_up_on(waterside: Waterside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence has an end, which the evidence calls what the caller sees: a connection that went without a reply."""
    monkeypatch.setattr("seatrial.mocks.wire.visit.SILENCE", 0.3)
    interpreter = AtPartner()
    interpreter.side = waterside
    heard, _ = Place(interpreter).hear(Drop(), 5.0)
    waterside.runner.run(interpreter.settle(Bound(Drop()), "MP-1"))
    assert (heard.said, heard.ended) == (b"", "eof")
    assert [(row["key"], row["outcome"]) for row in interpreter.log().calls] == [("SF-1", "ok"), ("MP-1", "reset")]


@everywhere
def test_a_window_opens_on_time_where_nothing_else_happens(there: Place) -> None:
    """A rule waits for the clock, not for the next thing that happens in a quiet world."""

    async def wait_and_ask() -> Heard:
        port, side = await there.interpreter.open(), there.interpreter.side
        assert side.waterfront is not None
        start = Seconds(side.waterfront.clock.catch_up() + 0.4 * PACE)
        await there.interpreter.arm_rule(msgspec.structs.replace(storm(Bound(Refuse())), start=start))
        await asyncio.sleep(0.5)
        with connected(port) as line:
            return await enter(line, "MP-1", 5.0)

    assert there.interpreter.side.runner.run(wait_and_ask()).ended == "reset"
