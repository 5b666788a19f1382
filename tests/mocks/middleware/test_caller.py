"""Laws of the caller: what is repeated, under which key, after which wait, and what is looked up first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from simpy import Environment

from seatrial.mocks.middleware.breaker import BreakerOpen
from seatrial.mocks.middleware.caller import LONGEST_INLINE, NO_TIMEOUT, Caller
from seatrial.mocks.middleware.controls import Controls
from seatrial.sim.errors import CallError, Disconnected, Refused, Rejected, TimedOut, Unreadable
from seatrial.sim.integration import Surroundings
from seatrial.sim.loop import run_virtual
from seatrial.sim.operation import Request
from seatrial.sim.quantities import PerSecond, Seconds
from seatrial.sim.store import MemoryStore


class Entered(msgspec.Struct, frozen=True):
    """A reply."""

    id: str = "SO-1"


class Enter(Request[Entered], frozen=True):
    """A write."""

    order_no: str = "MP-1"


DONE = Entered("done before")


class Partner:
    """A client that ends its calls as it was told, and then well."""

    name, kind = "erp", "erp"
    takes = 0.0

    def __init__(self, env: Environment, *ends: CallError) -> None:
        self._env = env
        self._ends: Iterator[CallError] = iter(ends)
        self.calls: list[tuple[float, int, str, float]] = []
        self.sign_ins = 0

    def offers(self, request: type[Request[Any]]) -> bool:
        return True

    async def call(
        self, request: Request[Any], *, timeout: float = 30.0, idempotency_key: str = "", attempt: int = 1
    ) -> Any:
        self.calls.append((self._env.now, attempt, idempotency_key, timeout))
        end = next(self._ends, None)
        if self.takes:
            await asyncio.sleep(self.takes)
        if end is not None:
            raise end
        return Entered()

    async def sign_in(self) -> None:
        self.sign_ins += 1


class Desk:
    """A caller in front of one partner; jitter is always at its most, so that waits are the written ones."""

    def __init__(self, *ends: CallError, under_way: int = 0, takes: float = 0.0, **switches: object) -> None:
        self.env = Environment()
        self.partner = Partner(self.env, *ends)
        self.partner.takes = takes
        self.notes: list[str] = []
        self.lookups = 0
        self.found: Entered | None = None
        around = Surroundings(
            {"erp": self.partner},
            MemoryStore(),
            self._note,
            lambda: self.env.now,
            lambda key: 1.0,
            lambda *_: None,
            under_way=under_way,
        )
        self.caller = Caller(around, msgspec.structs.replace(Controls(), **switches))

    def _note(
        self, name: str, key: str = "", correlation: str = "", team: str = "", quantity: int = 0, detail: str = ""
    ) -> None:
        self.notes.append(name)

    async def lookup(self) -> Entered | None:
        self.lookups += 1
        return self.found

    def ask(self, times: int = 1, **options: Any) -> Entered | str:
        """Ask so often, one after the other; the last reply, or the name of the last error."""

        async def main() -> Entered | str:
            end: Entered | str = ""
            for _ in range(times):
                try:
                    end = await self.caller.ask(self.partner, Enter(), key="MP-1", **options)
                except CallError as error:
                    end = type(error).__name__
            return end

        return run_virtual(main(), env=self.env)

    @property
    def waits(self) -> list[float]:
        times = [at for at, *_ in self.partner.calls]
        return [after - before for before, after in pairwise(times)]


WORTH_IT: list[Callable[[], CallError]] = [
    lambda: Refused("no"),
    lambda: TimedOut("no"),
    lambda: Disconnected("no"),
    lambda: Unreadable("no"),
    lambda: Rejected("busy", status=429),
    lambda: Rejected("broken", status=503),
]
POINTLESS: list[Callable[[], CallError]] = [
    lambda: Rejected("wrong", status=422),
    lambda: Rejected("unknown", status=404),
    lambda: Rejected("taken", status=409),
    lambda: Rejected("forbidden", status=403),
]


@pytest.mark.parametrize("error", WORTH_IT, ids=lambda make: repr(make()))
def test_what_may_pass_is_repeated_under_the_same_key(error: Callable[[], CallError]) -> None:
    """Attempts are numbered, wait twice as long each time, and carry one key."""
    desk = Desk(error(), error(), error())
    assert desk.ask() == Entered()
    assert [(attempt, key) for _, attempt, key, _ in desk.partner.calls] == [(n, "MP-1") for n in (1, 2, 3, 4)]
    assert desk.waits == [0.5, 1.0, 2.0]
    assert desk.notes == ["retry"] * 3


@pytest.mark.parametrize("error", POINTLESS, ids=lambda make: repr(make()))
def test_what_will_not_pass_is_not_repeated(error: Callable[[], CallError]) -> None:
    """A partner that says no will say so again."""
    desk = Desk(error())
    assert desk.ask() == "Rejected"
    assert len(desk.partner.calls) == 1


def test_attempts_come_to_an_end() -> None:
    """The last error is raised after as many attempts as were allowed."""
    desk = Desk(*[TimedOut("no")] * 9, attempts=3)
    assert desk.ask() == "TimedOut"
    assert len(desk.partner.calls) == 3


def test_without_retry_there_is_one_attempt() -> None:
    """The control is what repeats."""
    desk = Desk(TimedOut("no"), retry=False)
    assert desk.ask() == "TimedOut"
    assert len(desk.partner.calls) == 1


def test_a_partner_that_says_how_long_is_believed() -> None:
    """Its wait is kept where it is longer than ours, and everybody else waits as well; a long one is left for later."""
    desk = Desk(Rejected("busy", status=429, retry_after=7.0))
    assert desk.ask(times=2) == Entered()
    assert desk.waits[0] == 7.0
    late = Desk(Rejected("busy", status=429, retry_after=LONGEST_INLINE + 1))
    assert late.ask() == "Rejected"
    assert len(late.partner.calls) == 1


def test_nobody_is_believed_for_hours() -> None:
    """A partner that asks for a wait of many hours is asked again within one: its figure may be nonsense."""
    desk = Desk(Rejected("busy", status=429, retry_after=30_000.0))
    assert desk.ask(times=2) == Entered()
    assert desk.env.now <= 3600


def test_an_unclear_end_is_looked_up_before_it_is_repeated() -> None:
    """What an attempt may have left behind is looked for, and found is as good as done."""
    desk = Desk(TimedOut("no"), TimedOut("no"))
    desk.found = DONE
    assert desk.ask(lookup=desk.lookup) == DONE
    assert (len(desk.partner.calls), desk.lookups) == (1, 1)


def test_a_clear_end_needs_no_looking_up() -> None:
    """A refused connection has left nothing."""
    desk = Desk(Refused("no"))
    desk.found = DONE
    assert desk.ask(lookup=desk.lookup) == Entered()
    assert desk.lookups == 0


def test_a_later_delivery_looks_first() -> None:
    """Work that an earlier delivery may have done is looked for before any call."""
    desk = Desk()
    desk.found = DONE
    assert desk.ask(lookup=desk.lookup, again=True) == DONE
    assert desk.partner.calls == []


def test_without_keys_nothing_is_looked_up() -> None:
    """The control is what knows its own work again: no key is sent, no document looked for, no rejection understood."""
    desk = Desk(TimedOut("no"), Rejected("already_exists", status=422), idempotency_key=False)
    desk.found = DONE
    assert desk.ask(lookup=desk.lookup, already=lambda error: DONE, again=True) == "Rejected"
    assert desk.lookups == 0
    assert {key for _, _, key, _ in desk.partner.calls} == {""}


def test_already_done_is_done() -> None:
    """A rejection that means so is read as the reply it stands for."""
    desk = Desk(TimedOut("no"), Rejected("already_exists", status=422, pointer="SO-7"))
    assert desk.ask(already=lambda error: Entered(error.pointer)) == Entered("SO-7")


def test_an_expired_token_costs_one_sign_in() -> None:
    """A 401 is answered by signing in and calling again, within the same attempt."""
    desk = Desk(Rejected("token_expired", status=401))
    assert desk.ask() == Entered()
    assert desk.partner.sign_ins == 1
    assert [attempt for _, attempt, _, _ in desk.partner.calls] == [1, 1]
    assert desk.waits == [0.0]


@pytest.mark.parametrize(("timeout", "seconds"), [(True, 4.0), (False, NO_TIMEOUT)])
def test_a_call_waits_as_long_as_its_patience(timeout: bool, seconds: float) -> None:
    """With the control, `patience`; without, two minutes."""
    desk = Desk(timeout=timeout, patience=Seconds(4))
    desk.ask()
    assert desk.partner.calls[0][3] == seconds


def test_a_partner_that_keeps_failing_is_left_alone() -> None:
    """After so many outages in a row calls end at once, without a call, and opening is noted once."""
    desk = Desk(*[TimedOut("no")] * 9, breaker_after=2, attempts=1, breaker_rest=Seconds(60))
    assert desk.ask(times=5) == BreakerOpen.__name__
    assert len(desk.partner.calls) == 2
    assert desk.notes == ["breaker_opened"]


def test_errors_of_our_own_making_open_no_breaker() -> None:
    """A partner that rejects is there."""
    desk = Desk(*[Rejected("wrong", status=422)] * 9, breaker_after=2)
    desk.ask(times=9)
    assert len(desk.partner.calls) == 9


def test_calls_keep_the_pace() -> None:
    """Calls beyond the pace wait for their turn."""
    desk = Desk(pace=PerSecond(2))

    async def main() -> None:
        await asyncio.gather(*(desk.caller.ask(desk.partner, Enter()) for _ in range(6)))

    run_virtual(main(), env=desk.env)
    assert desk.waits == [0.5] * 5


def test_calls_beyond_what_may_be_under_way_wait_for_a_place() -> None:
    """Where calls are bounded, the others are made as soon as one of them has ended; without a bound all at once."""
    for under_way, starts in ((2, [0.0, 0.0, 1.0, 1.0, 2.0]), (0, [0.0] * 5)):
        desk = Desk(under_way=under_way, takes=1.0, throttle=False)
        run_virtual(asyncio.wait_for(_five(desk), 60), env=desk.env)
        assert [at for at, *_ in desk.partner.calls] == starts


def test_whoever_waited_for_a_place_is_not_sent_into_an_outage() -> None:
    """A breaker that opens meanwhile also stops the calls that wait for their place."""
    failures = [TimedOut("no")] * 9
    desk = Desk(*failures, under_way=1, takes=1.0, breaker_after=2, attempts=1, breaker_rest=Seconds(60))
    ends = run_virtual(_five(desk), env=desk.env)
    assert [type(end).__name__ for end in ends] == ["TimedOut"] * 2 + [BreakerOpen.__name__] * 3


async def _five(desk: Desk) -> list[Entered | BaseException]:
    """Five calls at once."""
    asked = [desk.caller.ask(desk.partner, Enter()) for _ in range(5)]
    return await asyncio.gather(*asked, return_exceptions=True)
