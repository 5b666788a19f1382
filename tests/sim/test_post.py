"""Laws of the post: how long a partner goes on telling, what it takes for an answer, and what it says each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate

import msgspec
import polars as pl
import pytest
from simpy import Environment

from seatrial.sim.assortment import Assortment
from seatrial.sim.cargo import Road
from seatrial.sim.dice import Dice
from seatrial.sim.errors import Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.ground import Ground
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.post import Body, Post
from seatrial.sim.quantities import Seconds
from seatrial.sim.receiver import Finished
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tradingday import TradingDay
from seatrial.sim.waits import after

WAY = 0.25  # half a trip; all times are sums of powers of two, so that moments can be compared exactly
POLICY = Webhooks(latency=Constant(Seconds(2 * WAY)), timeout=Seconds(8), retries=(Seconds(16), Seconds(64)))
FAILED = "failed"


class Stage(msgspec.Struct, frozen=True):
    """A document as a webhook shows it."""

    stage: str


class Quay:
    """A partner's post, and the receiver at its other end; `answer` is what the receiver does with a webhook."""

    frozen = False

    def __init__(self, policy: Webhooks = POLICY) -> None:
        self.env = env = Environment()
        self.evidence = Evidence(lambda: env.now)
        dice, day = Dice(5), TradingDay(datetime(2011, 12, 1, tzinfo=UTC))
        rulebook = Rulebook((), dice, self.evidence, lambda: env.now)
        goods = Assortment("GBP", {})
        self.post = Post("shop", "storefront", policy, Ground(env, self.evidence, dice, rulebook, day, Road(), goods))
        self.post.connect(self)
        self.up = True
        self.answer: Callable[[Finished], None] = lambda finished: finished(None)
        self.received: list[tuple[float, Notice]] = []

    def deliver(self, notice: Notice, finished: Finished) -> None:
        self.received.append((self.env.now, notice))
        self.answer(finished)

    def crash(self, down_for: float) -> None:
        raise AssertionError("no fault here kills the receiver")

    def freeze(self, lasts: float) -> None:
        raise AssertionError("no fault here kills the receiver")

    def refuse(self) -> None:
        """From now on the receiver answers with an error."""
        self.answer = lambda finished: finished(Rejected("boom", status=503))

    def dawdle(self, seconds: float) -> None:
        """From now on the receiver answers late."""
        self.answer = lambda finished: after(self.env, seconds, finished, None) and None

    def tell(self, *bodies: Body) -> None:
        """Send an event with each body, and see it through."""
        for number, body in enumerate(bodies, 1):
            self.post.send("order.placed", f"SF-{number}", f"SF-{number}", body)
        self.env.run()

    def times(self) -> list[float]:
        return [at for at, _ in self.received]

    def said(self) -> list[str]:
        return [body.stage for _, notice in self.received for body in [notice.body] if isinstance(body, Stage)]

    def log(self, *columns: str) -> list[tuple[object, ...]]:
        return self.evidence.frame().filter(pl.col("kind") == "webhook").select(columns).rows()


PLACED = Stage("placed")


def test_an_answer_in_time_ends_it() -> None:
    """A webhook that is taken is delivered once, and logged with the time it took."""
    quay = Quay()
    quay.tell(PLACED)
    assert quay.times() == [WAY]
    assert quay.log("outcome", "attempt", "latency") == [("ok", 1, int(2 * WAY * 1e6))]


def test_retries_follow_the_schedule() -> None:
    """Each retry comes its delay after the failure before it, with the same number, and then no more."""
    quay = Quay()
    quay.refuse()
    quay.tell(PLACED)
    failures = list(accumulate((WAY, 16 + WAY, 64 + WAY)))
    assert quay.times() == failures
    assert {notice.notice_no for _, notice in quay.received} == {"shop-E1"}
    assert quay.log("outcome", "attempt", "status") == [(FAILED, 1, 503), (FAILED, 2, 503), ("gave_up", 3, 503)]


def test_nobody_at_home_is_a_failure() -> None:
    """While the receiver is down nothing arrives; the first retry after its return does."""
    quay = Quay()
    quay.up = False
    after(quay.env, 10.0, setattr, quay, "up", True)
    quay.tell(PLACED)
    assert quay.times() == [WAY + 16 + WAY]
    assert quay.log("outcome", "attempt") == [(FAILED, 1), ("ok", 2)]


def test_a_late_answer_is_a_failure_to_its_sender_only() -> None:
    """Who answers after the timeout has the webhook and gets it again: a duplicate that nobody sent on purpose."""
    quay = Quay()
    quay.dawdle(9.0)
    after(quay.env, 10.0, quay.dawdle, 0.0)
    quay.tell(PLACED)
    assert len(quay.received) == 2
    assert quay.log("outcome", "attempt") == [(FAILED, 1), ("ok", 2)]


@pytest.mark.parametrize(("seconds", "outcome"), [(8 - 2 * WAY, "ok"), (8.0, FAILED)])
def test_the_timeout_counts_the_way_there_and_back(seconds: float, outcome: str) -> None:
    """The sender waits `timeout` from sending to hearing the answer, not from the arrival."""
    quay = Quay()
    quay.dawdle(seconds)
    quay.tell(PLACED)
    assert quay.log("outcome")[0] == (outcome,)


def test_events_are_numbered_in_the_order_they_happened() -> None:
    """Numbers and sequence count up from one; time and key are those of the event."""
    quay = Quay()
    quay.tell(PLACED, PLACED, PLACED)
    seen = [(notice.notice_no, notice.sequence, notice.key, notice.at) for _, notice in quay.received]
    assert seen == [(f"shop-E{n}", n, f"SF-{n}", 0.0) for n in (1, 2, 3)]


def test_an_original_payload_never_changes() -> None:
    """By the original policy every attempt says what was true at the event."""
    stages = iter(("placed", "cancelled", "closed"))
    quay = Quay()
    quay.refuse()
    quay.tell(lambda: Stage(next(stages)))
    assert quay.said() == ["placed", "placed", "placed"]


def test_a_fresh_payload_is_the_document_by_then() -> None:
    """By the fresh policy a retry shows the document as it is when it goes, under the number of the event."""
    quay = Quay(msgspec.structs.replace(POLICY, payload="fresh"))
    quay.refuse()
    document = ["placed"]
    after(quay.env, 10.0, document.__setitem__, 0, "cancelled")
    quay.tell(lambda: Stage(document[0]))
    assert quay.said() == ["placed", "cancelled", "cancelled"]
    assert {notice.notice_no for _, notice in quay.received} == {"shop-E1"}


def test_a_fact_stays_a_fact() -> None:
    """What is no document but something that happened is told unchanged by either policy."""
    quay = Quay(msgspec.structs.replace(POLICY, payload="fresh"))
    quay.refuse()
    quay.tell(PLACED)
    assert quay.said() == ["placed"] * 3
