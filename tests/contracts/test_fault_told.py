"""What a fault decides is what a receiver of webhooks sees, and what work inside a partner meets: the contract.

Webhooks are carried out by the post in memory and by the post with a receiver on a real socket. Each is one class here;
what arrives has to be the same. The file is long because the declaration stands next to the laws about it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import pytest
from letterbox import EVENT, Teller, Told, town
from sights import Bound

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import INSIDE, WEBHOOK, Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import (
    Answer,
    Behind,
    Crash,
    Deliver,
    Drop,
    Fate,
    Freeze,
    LoseReply,
    Refuse,
    Reset,
    Shorten,
    Twice,
)
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.quantities import Seconds
from seatrial.sim.receiver import Finished
from seatrial.sim.rulebook import ArmedRule
from seatrial.sim.waits import after
from seatrial.sim.world import World

SEED, START = 11, 1000.0
TECHNICAL, BUSINESS = ("before", "after", "gap"), ("at_most", "down_for", "lasts")


HOOK_FATES: tuple[Fate, ...] = (
    Deliver(before=4.0),
    Deliver(after=4.0),
    Twice(),
    Twice(gap=64.0),
    Behind(2, 512.0),
    Refuse(),
    Drop(),
    LoseReply("silence"),
    Answer(200, "empty"),
    Answer(500),
    Reset(),
    Crash(60.0),
    Crash(60.0, after_commit=False),
    Freeze(60.0),
)


class Arrivals(msgspec.Struct, frozen=True):
    """What became of an event, and of others behind it."""

    received: list[tuple[float, str]]
    """Seconds of business time from the event to each arrival, and whose it was."""
    rows: list[tuple[str, int, str, int, str]]
    """Key, attempt, outcome, status and rule of each delivery, as the evidence has them."""
    coverage: tuple[int, int]
    """How often the rule struck, and how often it mattered."""
    down_for: float
    """Seconds of business time for which the receiver is down."""
    frozen_for: float
    """Seconds of business time for which it stands still."""


class Interpreter(Protocol):
    """Carries out what faults decide about webhooks. One is a class with these, all in business time."""

    unit: float
    """Seconds in one unit of a fate's technical durations."""
    long_unit: float
    """Seconds in one unit of its business durations."""
    pace: float
    """Seconds of business time in one of technical time."""
    trip: float
    """Round trip to the receiver."""
    timeout: float
    """Seconds that the sender waits."""
    retry: float
    """Seconds from a failed attempt to the next."""
    slack: float
    """Seconds by which an arrival may be later than declared: nothing in virtual time."""

    def tell(self, rule: Rule, until: float, others: int = 0) -> Arrivals:
        """An event about MP-1, and others a little apart behind it, and what came of it by then."""
        ...


def rows_of(evidence: Evidence) -> list[tuple[str, int, str, int, str]]:
    """The deliveries in the evidence."""
    rows = evidence.frame().filter(kind="webhook").select("key", "attempt", "outcome", "status", "rule")
    return sorted(rows.rows())


class InMemory:
    """A world in virtual time; the sender's other end as well."""

    unit = long_unit = pace = 1.0
    trip, timeout, retry = 0.25, 32.0, 128.0  # sums of powers of two: what is seen can be compared exactly
    slack = 0.0
    frozen, up = False, True

    def __init__(self) -> None:
        self.down_for = self.frozen_for = 0.0
        self.received: list[tuple[float, str]] = []

    def embark(self, rule: Rule) -> Teller:
        """A world with one partner and one rule."""
        start, goods = datetime(2011, 12, 1, 8, tzinfo=UTC), Assortment("GBP", {})
        self.world = World(SEED, start, goods, lambda env: Evidence(lambda: env.now))
        trip = Constant(Seconds(self.trip))
        post = Webhooks(latency=trip, timeout=Seconds(self.timeout), retries=(Seconds(self.retry),))
        self.world.fear([rule])
        return Teller("erp", self.world.ground, Conduct(latency=trip, webhooks=post))

    def tell(self, rule: Rule, until: float, others: int = 0) -> Arrivals:
        """Publish at second START, and the others a second apart behind it."""
        self.__init__()  # type: ignore[misc] (one interpreter for many tests)
        partner, env = self.embark(rule), self.world.env
        partner.post.connect(self)
        after(env, START, partner.publish, EVENT, "MP-1", "MP-1", Told())
        for number in range(others):
            after(env, START + 1 + number, partner.publish, EVENT, f"SF-{number}", "", Told())
        env.run(until=20_000.0)
        (seen,) = self.world.rulebook.coverage
        received = [(at - START, key) for at, key in self.received]
        counts = seen.fired, seen.mattered
        return Arrivals(received, rows_of(self.world.evidence), counts, self.down_for, self.frozen_for)

    def deliver(self, notice: Notice, finished: Finished) -> None:
        self.received.append((self.world.env.now, notice.key))
        finished(None)

    def crash(self, down_for: float) -> None:
        self.down_for = down_for

    def freeze(self, lasts: float) -> None:
        self.frozen_for = lasts


class OverHttp:
    """The HTTP receiver of a partner and a small server that listens, which a crash truly ends for a while."""

    pace = 64.0
    unit, long_unit = pace / 32, 0.125
    trip, timeout, retry = 0.05 * pace, 1.0 * pace, 0.5 * pace
    slack = 0.6 * pace

    def tell(self, rule: Rule, until: float, others: int = 0) -> Arrivals:
        return asyncio.run(self._tell(rule, until, others))

    async def _tell(self, rule: Rule, until: float, others: int) -> Arrivals:
        trip, timeout = Constant(Seconds(self.trip / self.pace)), Seconds(self.timeout / self.pace)
        policy = Webhooks(latency=trip, timeout=timeout, retries=(Seconds(self.retry),))
        async with town(policy, [rule], self.pace) as made:
            began = made.tell()
            for number in range(others):
                await asyncio.sleep(0.2)
                made.tell(f"SF-{number}")
            await asyncio.sleep(max(0.0, until - made.waterfront.clock.now() + began) / self.pace + 0.3)
            await made.quiet()
            (seen,) = made.world.rulebook.coverage
            received = [(letter.at - began, letter.notice["key"]) for letter in made.box.letters]
            counts = seen.fired, seen.mattered
            return Arrivals(received, rows_of(made.world.evidence), counts, made.box.down_for, made.box.frozen_for)


everywhere = pytest.mark.parametrize(
    "interpreter",
    [
        pytest.param(InMemory(), id="in memory"),
        pytest.param(OverHttp(), id="over http", marks=pytest.mark.wire),
    ],
)


def storm(fault: Fault) -> Rule:
    """The rule: it strikes first attempts on MP-1."""
    return Rule("storm", fault, direction=WEBHOOK, key="MP-1", first=1)


def fate_of(fault: Fault) -> Fate | None:
    """What the rule has in store: a second one of the same seed decides the same."""
    asked = Call("erp", EVENT, WEBHOOK, "MP-1", "MP-1", 1, sent_at=START, quantity=10)
    decision = ArmedRule(storm(fault), Dice(SEED)).decide(asked, START)
    return None if decision is None else decision.fate


def scaled(fate: Fate, by: Interpreter) -> Fate:
    """A fate with its durations on the clocks of an interpreter: real seconds where they are technical."""
    technical = {name: getattr(fate, name) * by.unit / by.pace for name in TECHNICAL if hasattr(fate, name)}
    business = {name: getattr(fate, name) * by.long_unit for name in BUSINESS if hasattr(fate, name)}
    return msgspec.structs.replace(fate, **technical, **business)


def expected_arrivals(fate: Fate | None, by: Interpreter) -> list[float]:
    """The declaration: when a webhook reaches a receiver that answers at once, in seconds after it was sent."""
    way = by.trip / 2
    match fate:
        case Deliver(before, _):
            return [way + before * by.pace]
        case Twice(gap):
            return [way, way + gap * by.pace]
        case Behind(_, at_most):
            return [way + at_most]
        case Drop():
            return [by.timeout + by.retry + way]
        case Refuse() | Reset() | Crash(after_commit=False):
            return [by.trip + by.retry + way]
        case LoseReply():
            return [way, by.timeout + by.retry + way]
        case Answer(status):
            return [] if status < 300 else [by.trip + by.retry + way]
        case _:
            return [way]


def expected_rows(fate: Fate | None) -> list[tuple[str, int, str, int, str]]:
    """The declaration: what the evidence says of each delivery."""
    outcome, status, rule = "ok", 200, "storm" if fate else ""
    match fate:
        case Twice():
            return [("MP-1", 1, "again", 0, rule), ("MP-1", 1, outcome, status, rule)]
        case Answer(said) if said < 300:
            outcome, status = "dropped", said
        case Refuse() | Reset() | Drop() | LoseReply() | Answer() | Crash(after_commit=False):
            outcome, status = "failed", fate.status if isinstance(fate, Answer) else 0
    again = [("MP-1", 2, "ok", 200, "")] if outcome == "failed" else []
    return [("MP-1", 1, outcome, status, rule), *again]


def check_hook(interpreter: Interpreter, fault: Fault) -> None:
    """The webhook arrives when and as often as declared for its fate."""
    fate = fate_of(fault)
    due = expected_arrivals(fate, interpreter)
    told = interpreter.tell(storm(fault), max(due, default=interpreter.timeout))
    early = 0.01 * interpreter.pace if interpreter.slack else 0.0
    assert [key for _, key in told.received] == ["MP-1"] * len(due)
    assert all(
        0 <= at - when + early <= early + interpreter.slack for when, (at, _) in zip(due, told.received, strict=True)
    )
    assert told.rows == expected_rows(fate)
    assert told.coverage == ((0, 0) if fate is None else (1, int(not is_gentle(fate))))
    assert told.frozen_for == (fate.lasts if isinstance(fate, Freeze) else 0.0)
    assert told.down_for == (fate.down_for if isinstance(fate, Crash) else 0.0)


def is_gentle(fate: Fate) -> bool:
    """A webhook that is only late, and in time all the same, does not matter."""
    return isinstance(fate, Deliver)


@everywhere
def test_the_receiver_sees_what_the_fault_decided(interpreter: Interpreter, webhook_fault: Fault) -> None:
    """What a receiver sees depends on the fate alone, whichever fault chose it and whoever carries it out."""
    fate = fate_of(webhook_fault)
    as_long = None if fate is None else scaled(fate, interpreter)
    check_hook(interpreter, webhook_fault if as_long in (None, fate) else Bound(as_long))


@everywhere
@pytest.mark.parametrize("fate", HOOK_FATES, ids=repr)
def test_every_fate_of_a_webhook_is_carried_out(interpreter: Interpreter, fate: Fate) -> None:
    """Each fate that a webhook can meet has its own arrivals, and the same by every way."""
    check_hook(interpreter, Bound(scaled(fate, interpreter)))


@everywhere
def test_a_webhook_held_back_arrives_once_behind_the_others(interpreter: Interpreter) -> None:
    """It goes when enough later ones have gone, and its sender does not take the waiting for a failure."""
    told = interpreter.tell(storm(Bound(Behind(2, 512.0))), 0.0, others=3)
    keys = [key for _, key in told.received]
    if interpreter.slack and keys[1] == "MP-1":  # it leaves at one instant with the one that lets it go
        keys[1], keys[2] = keys[2], keys[1]
    assert keys == ["SF-0", "SF-1", "MP-1", "SF-2"]
    assert {outcome for _, _, outcome, _, _ in told.rows} == {"ok"}


def test_work_inside_meets_its_fate(inside_fault: Fault) -> None:
    """A partner that asks whether a fault strikes its work is told the fate, and the strike is logged."""
    sea, rule = InMemory(), Rule("storm", inside_fault, direction=INSIDE, key="MP-1", first=1)
    met = sea.embark(rule).strikes("pick", "MP-1", "MP-1", 10)
    asked = Call("erp", "pick", INSIDE, "MP-1", "MP-1", 1, quantity=10)
    decision = ArmedRule(rule, Dice(SEED)).decide(asked, 0.0)
    assert decision is not None
    assert met == decision.fate
    assert isinstance(met, Shorten)
    assert 0 < met.share <= 1
    (coverage,) = sea.world.rulebook.coverage
    assert (coverage.fired, coverage.mattered) == (1, 1)
