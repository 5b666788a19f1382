"""Laws of how channels tell: by list, by webhook, by batch file; and of how they take listings."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.messages.channel import (
    AcknowledgeBatch,
    FetchBatch,
    GetListings,
    ListChanges,
    ListingUpdate,
    SubmitListings,
)
from seatrial.mocks.messages.orders import Units
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.latency import Uniform
from seatrial.sim.policies.reads import CursorReads, LinkReads
from seatrial.sim.quantities import Seconds

HOUR, DAY = 3600.0, 86_400.0


class Inbox:
    """A receiver that is always up and answers at once."""

    up = True

    frozen = False

    def __init__(self):
        self.notices = []

    def deliver(self, notice, finished):
        self.notices.append(notice)
        finished(None)

    def crash(self, down_for):
        raise AssertionError

    def freeze(self, lasts):
        raise AssertionError


def pages(channel, limit=100, cursor=""):
    """Read until there is no more; gives the numbers of the changes and the last cursor."""
    numbers, more = [], True
    while more:
        page = channel.list_changes(ListChanges(cursor, limit))
        numbers += [change.change_no for change in page.changes]
        cursor, more = page.cursor, page.more
    return numbers, cursor


def submission(sequence, **units):
    return SubmitListings(sequence, tuple(ListingUpdate(sku, count) for sku, count in units.items()))


@settings(max_examples=60)
@given(
    st.sampled_from(["marketplace", "storefront"]),
    st.sampled_from([CursorReads, LinkReads]),
    st.lists(st.tuples(st.sampled_from(["buy", "read", "wait"]), st.integers(1, 7)), max_size=40),
    st.sampled_from([0.0, 30.0]),
)
def test_every_change_is_listed_exactly_once(fresh, open_channel, order, kind, reads, steps, lag):
    """Whoever follows the cursor sees every change once and in order, whatever the size of the pages and the lag."""
    ground = fresh()
    channel = open_channel(ground, kind, Conduct(reads=reads(visibility_lag=Seconds(lag))), listed=1.0)
    channel.submit_listings(submission(1, A=1000))
    ground.env.run(until=HOUR)
    made, seen, cursor = 0, [], ""
    for what, size in steps:
        if what == "buy":
            for _ in range(size):
                made += 1
                channel.place(order(str(made), A=1))
        elif what == "wait":
            ground.env.run(until=ground.env.now + 10 * size)
        else:
            found, cursor = pages(channel, size, cursor)
            seen += found
    ground.env.run(until=ground.env.now + HOUR)
    found, _ = pages(channel, 3, cursor)
    assert seen + found == [f"{number}/placed" for number in range(1, made + 1)]


def test_a_change_is_listed_after_the_lag_and_for_a_while(ground, open_channel, order):
    """A list shows what is older than its lag and younger than the partner keeps it."""
    channel = open_channel(
        ground, "marketplace", Conduct(reads=CursorReads(visibility_lag=Seconds(30))), keep_changes=DAY
    )
    channel.place(order("1", A=1))
    assert pages(channel)[0] == []
    ground.env.run(until=30)
    assert pages(channel)[0] == ["1/placed"]
    ground.env.run(until=DAY + 60)
    channel.place(order("2", A=1))
    assert pages(channel)[0] == []
    ground.env.run(until=DAY + 90)
    assert pages(channel)[0] == ["2/placed"]


def test_a_storefront_calls_for_every_change(ground, open_channel, order):
    """Each change is a webhook with the change itself, under the business key of what it is about."""
    channel, inbox = open_channel(ground, "storefront"), Inbox()
    channel.post.connect(inbox)
    sold = channel.place(order("1", A=2))
    channel.request_cancellation("1")
    rma_no = channel.request_return("1", (Units("A", 1),), "damaged")
    ground.env.run(until=HOUR)
    told = {notice.event: (notice.key, notice.order_no, notice.body.change_no) for notice in inbox.notices}
    assert told == {
        "order.placed": ("1", "1", "1/placed"),
        "cancellation.requested": ("1", "1", "1/cancellation"),
        "return.requested": (rma_no, "1", rma_no),
    }
    assert next(notice.body.order for notice in inbox.notices if notice.event == "order.placed") == sold
    assert set(told) == set(channel.events)
    assert pages(channel)[0] == ["1/placed", "1/cancellation", rma_no]


def test_a_batch_closes_at_its_time_of_day(ground, open_channel, order):
    """What was bought before the close is in the batch, what came later in the next one; no batch is empty."""
    channel = open_channel(ground, "b2b", closes_at=17 * HOUR)
    channel.place(order("1", A=1))
    ground.env.run(until=8 * HOUR - 1)  # the run starts at 09:00
    assert channel.fetch_batch(FetchBatch()).batch_no == ""
    ground.env.run(until=8 * HOUR + 1)
    channel.place(order("2", A=1))
    ground.env.run(until=5 * DAY)
    first = channel.fetch_batch(FetchBatch())
    second = channel.fetch_batch(FetchBatch(first.batch_no))
    assert [[change.order_no for change in batch.changes] for batch in (first, second)] == [["1"], ["2"]]
    assert (first.control_no, second.control_no) == (1, 2)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=25))
def test_every_change_is_in_one_batch(fresh, open_channel, order, steps):
    """Whoever fetches batch after batch and acknowledges each gets every change once."""
    ground = fresh()
    channel = open_channel(ground, "b2b", acknowledge_within=30 * DAY)
    channel.submit_listings(submission(1, A=1000))
    after, seen, made = "", [], 0
    for hours, buys in [*steps, (400, False)]:
        if buys:
            made += 1
            channel.place(order(str(made), A=1))
        ground.env.run(until=ground.env.now + hours * HOUR / 4)
        while (batch := channel.fetch_batch(FetchBatch(after))).batch_no:
            after = batch.batch_no
            channel.acknowledge_batch(AcknowledgeBatch(after))
            seen += [change.order_no for change in batch.changes]
    assert seen == [str(number) for number in range(1, made + 1)]


def test_a_batch_that_nobody_acknowledges_comes_again(ground, open_channel, order, rows):
    """It gets a new batch number and keeps its control number and changes; once acknowledged it stays away."""
    channel = open_channel(ground, "b2b", acknowledge_within=DAY)
    channel.place(order("1", A=1))
    ground.env.run(until=8 * HOUR + DAY + 1)
    first = channel.fetch_batch(FetchBatch())
    again = channel.fetch_batch(FetchBatch(first.batch_no))
    assert (again.control_no, again.changes) == (first.control_no, first.changes)
    assert again.batch_no != first.batch_no
    channel.acknowledge_batch(AcknowledgeBatch(first.batch_no))
    ground.env.run(until=5 * DAY)
    assert channel.fetch_batch(FetchBatch(again.batch_no)).batch_no == ""
    assert rows("commit", "outcome", "key", "document_id", document="batch") == [
        ("created", first.batch_no, first.batch_no),
        ("replayed", first.batch_no, again.batch_no),
    ]


def test_an_acknowledged_batch_comes_once(ground, open_channel, order, rows):
    """A batch that was acknowledged in time is not sent again."""
    channel = open_channel(ground, "b2b", acknowledge_within=DAY)
    channel.place(order("1", A=1))
    ground.env.run(until=9 * HOUR)
    first = channel.fetch_batch(FetchBatch())
    channel.acknowledge_batch(AcknowledgeBatch(first.batch_no))
    ground.env.run(until=4 * DAY)
    assert channel.fetch_batch(FetchBatch(first.batch_no)).batch_no == ""
    assert rows("commit", "key", document="functional_acknowledgement") == [(first.batch_no,)]


def test_old_batches_are_gone(ground, open_channel, order):
    """A batch can be fetched as long as the portal keeps it; a number it never gave is unknown."""
    channel = open_channel(ground, "b2b", keep_batches=2 * DAY)
    channel.place(order("1", A=1))
    ground.env.run(until=DAY)
    number = channel.fetch_batch(FetchBatch()).batch_no
    ground.env.run(until=4 * DAY)
    assert channel.fetch_batch(FetchBatch()).batch_no == ""
    for unknown in (number, "b2b-B77", "nonsense"):
        with pytest.raises(Rejected) as refused:
            channel.acknowledge_batch(AcknowledgeBatch(unknown))
        assert refused.value.code == "unknown_batch"


def test_a_stale_listing_oversells(ground, open_channel, order):
    """What a submission sets overwrites what was sold in the meantime: more is sold than the network has."""
    channel = open_channel(ground, "storefront")
    channel.place(order("1", A=10))
    channel.submit_listings(submission(1, A=10))
    assert channel.place(order("2", A=10)) is not None


def test_a_marketplace_takes_its_time_with_listings(ground, open_channel):
    """Shoppers see a submission only later, each after its own time."""
    channel = open_channel(ground, "marketplace", apply_after=Uniform(Seconds(60), Seconds(600)))
    taken = channel.submit_listings(submission(1, A=3, B=4))
    assert (taken.accepted, channel.listings.level("A")) == (2, 10)
    ground.env.run(until=59)
    assert channel.listings.level("A") == 10
    ground.env.run(until=601)
    assert (channel.listings.level("A"), channel.listings.level("B")) == (3, 4)


@pytest.mark.parametrize(("older", "level"), [("apply", 1), ("ignore", 2), ("refuse", 2)])
def test_an_older_quantity_meets_the_setting(ground, open_channel, older, level):
    """A quantity that was sent earlier overwrites a later one only where the channel guards nothing."""
    channel = open_channel(ground, "storefront", older_listings=older)
    channel.submit_listings(submission(8, A=2))
    with pytest.raises(Rejected, match="7 comes after 8") if older == "refuse" else nullcontext():
        channel.submit_listings(submission(7, A=1))
    assert channel.listings.level("A") == level
    channel.submit_listings(submission(7, B=1))
    assert channel.listings.level("B") == 1  # another SKU has a sequence of its own


def test_overtaking_submissions_end_at_the_newest(ground, open_channel):
    """However long each submission takes, a marketplace that ignores older ones ends where the sender ended."""
    channel = open_channel(ground, "marketplace", apply_after=Uniform(Seconds(1), Seconds(1000)))
    for number in range(1, 30):
        channel.submit_listings(submission(number, A=number))
    ground.env.run(until=2000)
    assert channel.listings.level("A") == 29


def test_a_quantity_below_zero_is_refused(ground, open_channel):
    """Nothing of a submission with a quantity below zero is taken."""
    channel = open_channel(ground, "storefront")
    with pytest.raises(Rejected) as refused:
        channel.submit_listings(submission(1, B=3, A=-1))
    assert (refused.value.status, channel.listings.level("B")) == (422, 10)


@given(st.integers(1, 8))
def test_listings_can_be_read_page_by_page(fresh, open_channel, limit):
    """Whatever the size of the pages, every listing is read once, by SKU."""
    channel = open_channel(fresh(), "storefront", listed=0.5)
    channel.submit_listings(submission(1, Z=1, AA=2))
    seen, cursor, more = [], "", True
    while more:
        page = channel.get_listings(GetListings(cursor, limit))
        seen += [(each.sku, each.quantity) for each in page.listings]
        cursor, more = page.cursor, bool(page.cursor)
    assert seen == [("A", 5), ("AA", 2), ("B", 5), ("C", 5), ("Z", 1)]


@pytest.mark.parametrize("settings", [{"every": 0.0}, {"closes_at": 2 * DAY}])
def test_a_batch_needs_a_time_to_close(ground, open_channel, settings):
    """A portal that closes batches all the time, or at no time of day, is refused before the run."""
    with pytest.raises(BadInput, match="time of day to close"):
        open_channel(ground, "b2b", **settings)
