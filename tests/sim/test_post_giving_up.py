"""Laws of giving up: when a partner stops telling a receiver that keeps failing, and what it takes to begin again."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from seatrial.sim.assortment import Assortment
from seatrial.sim.cargo import Road
from seatrial.sim.dice import Dice
from seatrial.sim.errors import Refused
from seatrial.sim.evidence import Evidence
from seatrial.sim.ground import Ground
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.post import Post
from seatrial.sim.quantities import Seconds
from seatrial.sim.receiver import Finished
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.session import Subscription
from seatrial.sim.tradingday import TradingDay

ONE_RETRY = Webhooks(latency=Constant(Seconds(0.5)), timeout=Seconds(8), retries=(Seconds(16),))
SPACED = 32.0  # an event is through, or given up, before the next one


class Told(msgspec.Struct, frozen=True):
    """A body."""


class Quay:
    """A post and a receiver that is well or not."""

    frozen = False

    def __init__(self, **policy: object) -> None:
        self.env = env = Environment()
        evidence, dice = Evidence(lambda: env.now), Dice(5)
        day, goods = TradingDay(datetime(2011, 12, 1, tzinfo=UTC)), Assortment("GBP", {})
        rulebook = Rulebook((), dice, evidence, lambda: env.now)
        ground = Ground(env, evidence, dice, rulebook, day, Road(), goods)
        self.post = Post("shop", "storefront", msgspec.structs.replace(ONE_RETRY, **policy), ground)
        self.post.connect(self)
        self.up = self.well = True
        self.received: list[int] = []

    def deliver(self, notice: Notice, finished: Finished) -> None:
        self.received.append(notice.sequence)
        finished(None if self.well else Refused("not now"))

    def crash(self, down_for: float) -> None:
        raise AssertionError("no fault here kills the receiver")

    def freeze(self, lasts: float) -> None:
        raise AssertionError("no fault here kills the receiver")

    def tell(self, *wells: bool, spaced: float = SPACED) -> None:
        """One event for each, taken or not."""
        for self.well in wells:
            self.post.send("order.placed", "SF-1", "SF-1", Told())
            self.env.run(until=self.env.now + spaced)


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 4))
def test_a_subscription_is_disabled_after_so_many_in_a_row(wells: list[bool], limit: int) -> None:
    """Events are sent until `disable_after` in a row were given up; one that is taken starts the count anew."""
    quay = Quay(disable_after=limit)
    quay.tell(*wells)
    in_a_row, sent, lost = 0, list[int](), 0
    for number, well in enumerate(wells, 1):
        if in_a_row < limit:
            sent += [number] if well else [number, number]
            in_a_row = 0 if well else in_a_row + 1
        lost += not well or number not in sent
    assert quay.received == sent
    assert quay.post.subscription() == Subscription(active=in_a_row < limit, lost=lost)


def test_without_a_limit_it_goes_on_for_ever() -> None:
    """A policy that never disables tries every event, however many were given up."""
    quay = Quay()
    quay.tell(*[False] * 20)
    assert quay.post.subscription() == Subscription(active=True, lost=20)
    assert len(quay.received) == 40


def test_who_subscribes_again_is_told_how_much_was_lost() -> None:
    """Subscribing again reports what was given up or not sent since the last time, and delivery goes on."""
    quay = Quay(disable_after=2)
    quay.tell(False, False, True, True)
    assert quay.post.subscribe() == Subscription(active=True, lost=4)
    quay.tell(True)
    assert quay.received[-1] == 5
    assert quay.post.subscription() == Subscription(active=True, lost=0)


def test_a_subscription_begun_again_has_its_whole_patience() -> None:
    """Failures of before do not count against it."""
    quay = Quay(disable_after=2)
    quay.tell(False, False)
    quay.post.subscribe()
    quay.tell(False)
    assert quay.post.subscription().active
    quay.tell(False)
    assert not quay.post.subscription().active


def test_a_disabled_subscription_still_tries_what_it_has_begun() -> None:
    """What waits for its retry when the subscription is disabled is tried again."""
    quay = Quay(disable_after=1)
    quay.tell(False, spaced=1.0)
    quay.tell(False, spaced=15.75)
    assert not quay.post.subscription().active
    quay.well = True
    quay.env.run()
    assert quay.received == [1, 2, 1, 2]


def test_a_deleted_subscription_takes_its_retries_with_it() -> None:
    """What waits for its retry when the subscription is deleted is lost, at once."""
    quay = Quay(delete_after=1)
    quay.tell(False, spaced=1.0)
    quay.tell(False, spaced=15.75)
    assert quay.post.subscription() == Subscription(active=False, lost=2)
    quay.well = True
    quay.env.run()
    assert quay.received == [1, 2, 1]


def test_a_new_subscription_does_not_answer_for_a_deleted_one() -> None:
    """An event of the deleted subscription that fails later is lost, and is no failure of the new one."""
    quay = Quay(delete_after=1)
    quay.tell(False, spaced=16.3)
    quay.post.send("order.placed", "SF-2", "SF-2", Told())
    quay.env.run(until=quay.env.now + 0.21)
    assert not quay.post.subscription().active
    quay.post.subscribe()
    quay.env.run()
    assert quay.post.subscription() == Subscription(active=True, lost=1)
