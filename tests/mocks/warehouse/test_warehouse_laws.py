"""Laws of every warehouse, whatever is asked of it and whatever happens to its stock."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import ReleaseOrder, StockMoved
from seatrial.sim.cargo import Delivery, ReturnedGoods
from seatrial.sim.errors import Rejected
from seatrial.sim.quantities import Seconds, Share

HOUR = 3600.0
SKUS = st.sampled_from("ABC")
LINES = st.lists(st.tuples(SKUS, st.integers(1, 40)), min_size=1, max_size=4)
NUMBERS = st.integers(0, 7)
STEP = st.one_of(
    st.tuples(st.just("release"), NUMBERS, LINES),
    st.tuples(st.just("release"), NUMBERS, LINES),
    st.tuples(st.just("cancel"), NUMBERS, st.none()),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 20.0, 100.0, 1000.0, 4000.0]), st.none()),
    st.tuples(st.just("vanish"), SKUS, st.integers(1, 60)),
    st.tuples(st.just("delivery"), SKUS, st.integers(1, 60)),
    st.tuples(st.just("return"), SKUS, st.integers(1, 60)),
)
STORY = st.lists(STEP, max_size=25)
LAW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def tell(yard: Any, story: list[Any]) -> None:
    """Let a story happen, then wait until nothing is left to do."""
    for what, which, more in story:
        with suppress(Rejected):
            act(yard, what, which, more)
    run(yard, 60 * HOUR)


def act(yard: Any, what: str, which: Any, more: Any) -> None:
    if what == "release":
        lines = tuple(Units(sku, units) for sku, units in more)
        yard.house.release_order(ReleaseOrder(f"O-{which}/R1", f"O-{which}", lines, "EIRE", HOUR))
    elif what == "cancel":
        yard.cancel(f"O-{which}/R1")
    elif what == "wait":
        run(yard, which)
    elif what == "vanish":
        yard.house.ledger.vanish(yard.house.stock.find(which), more)
    elif what == "delivery":
        yard.road.send("north", Delivery("PO", ((which, more),)))
    else:
        yard.road.send("north", ReturnedGoods("", "", ((which, more),)))


def run(yard: Any, seconds: float) -> None:
    """Event by event, so that the law of the pickers is looked at in every instant."""
    env, until = yard.env, yard.env.now + seconds
    while env.peek() <= until:
        env.step()
        jobs = [job for number in range(8) for job in yard.house.book.of(f"O-{number}/R1")]
        assert sum(job.state().stage == "picking" for job in jobs) <= yard.house.settings.pickers
        for slot in yard.house.stock:
            assert 0 <= slot.picked <= slot.allocated <= slot.on_hand
            assert 0 <= slot.missing <= slot.on_hand - slot.picked
    if until > env.now:
        env.run(until)


def harbour(new_yard: Any) -> Any:
    return new_yard(labels=True, pickers=2, count_every=Seconds(7 * HOUR), count_share=Share(0.4), keep=Seconds(1e9))


@LAW
@given(story=STORY)
def test_no_level_is_ever_negative_or_promised_twice(new_yard: Any, story: list[Any]) -> None:
    """After every single row of evidence: on hand >= allocated >= 0 for every SKU, and physical <= on hand."""
    yard = harbour(new_yard)
    tell(yard, story)
    levels: Counter[tuple[str, str]] = Counter()
    for row in yard.rows("stock"):
        book, sku = row["operation"], row["key"]
        levels[book, sku] = row["quantity"]
        assert 0 <= levels["allocated", sku] <= levels["on_hand", sku]
        assert book != "physical" or 0 <= row["quantity"] < levels["on_hand", sku]


@LAW
@given(story=STORY)
def test_on_hand_is_the_beginning_and_all_movements(new_yard: Any, story: list[Any]) -> None:
    """Movements are numbered without a gap, and with the stock of the beginning they add up to what is on hand."""
    yard = harbour(new_yard)
    tell(yard, story)
    moves = sorted(yard.bodies(StockMoved), key=lambda body: body.sequence)
    assert [body.sequence for body in moves] == list(range(1, len(moves) + 1))
    total = Counter({"A": 100, "B": 50, "C": 0})
    for body in moves:
        for unit in body.moves:
            total[unit.sku] += unit.quantity
    assert all(yard.levels(sku)[0] == total[sku] for sku in "ABC")


@LAW
@given(story=STORY)
def test_every_release_ends_in_one_way(new_yard: Any, story: list[Any]) -> None:
    """With labels given, every accepted release ends exactly once: shipped, cancelled or rejected; then nothing of it
    is allocated any more.
    """
    yard = harbour(new_yard)
    tell(yard, story)
    commits = yard.rows("commit")
    begun = Counter(row["key"] for row in commits if row["document"] == "fulfilment" and row["outcome"] == "created")
    stopped = Counter(row["key"] for row in commits if row["outcome"] == "reversed")
    shipped = Counter(row["key"] for row in commits if row["document"] == "parcel")
    assert begun == stopped + shipped
    assert len(yard.rows("event", "shipment.dispatched")) == shipped.total() == len(yard.trucks)
    assert all(yard.levels(sku)[1] == 0 for sku in "ABC")


@LAW
@given(story=STORY)
def test_no_more_is_shipped_than_was_released(new_yard: Any, story: list[Any]) -> None:
    """Of each order no more units are shipped than its accepted releases asked for; trucks carry what is booked."""
    yard = harbour(new_yard)
    released: Counter[str] = Counter()
    tell(yard, story)
    for row in yard.rows("event", "fulfilment.accepted"):
        released[row["correlation"]] += row["quantity"]
    shipped: Counter[str] = Counter()
    for row in yard.rows("sale", "shipped"):
        shipped[row["correlation"]] += row["quantity"]
    assert all(units <= released[order] for order, units in shipped.items())
    assert shipped.total() == sum(units for _, parcel in yard.trucks for _, units in parcel.goods)


@settings(max_examples=15)
@given(story=STORY)
def test_one_story_has_one_history(new_yard: Any, story: list[Any]) -> None:
    """The same story, told twice, leaves the same evidence to the last row."""
    first, second = harbour(new_yard), harbour(new_yard)
    tell(first, story)
    tell(second, story)
    assert first.evidence.digest() == second.evidence.digest()
    assert first.evidence.frame().equals(second.evidence.frame())
