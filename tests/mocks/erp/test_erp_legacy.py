"""The ERP of the old kind: batch windows, a night, and months that are locked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from seatrial.mocks.messages.erp import CloseException, FindSalesOrder, PostCredit
from seatrial.mocks.messages.orders import Units
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.quantities import Seconds

HOUR = 3600.0
DAY = 24 * HOUR
WINDOW = 900.0


def test_what_was_accepted_is_booked_with_the_next_window(legacy: Any) -> None:
    """The reply carries the number of the entry; until the window there is nothing to find, from then on all."""
    reply = legacy.enter(A=2)
    assert (reply.id, reply.queued) == ("Q-1", True)
    legacy.env.run(WINDOW - 1)
    assert legacy.find().ids == ()
    assert legacy.documents() == []
    legacy.env.run(WINDOW + 1)
    assert legacy.find().ids == ("SO-1",)
    (row,) = legacy.rows("commit")
    assert row["time"] == WINDOW * 1e6


def test_a_window_books_in_the_order_of_acceptance(legacy: Any) -> None:
    """A whole order can be handed in at once: each step finds the one before it."""
    legacy.sell(A=2)
    legacy.milestone()
    legacy.env.run(WINDOW + 1)
    assert legacy.state() == "closed"
    assert legacy.events()[-1] == "order.settled"
    assert legacy.rows("event", operation="exception.opened") == []


def test_what_was_accepted_is_booked_exactly_once(legacy: Any) -> None:
    """Window after window nothing is booked again, and the tray is empty."""
    for number in ("O-1", "O-2", "O-3"):
        legacy.enter(number, A=1)
        legacy.env.run(legacy.env.now + 600)
    legacy.env.run(10 * WINDOW)
    assert legacy.documents() == [("sales_order", number) for number in ("O-1", "O-2", "O-3")]
    assert len(legacy.erp.tray) == 0


def test_a_repeat_before_the_window_is_a_duplicate_after_it(legacy: Any) -> None:
    """A look-up cannot see what waits in the tray, so who looks before repeating is deceived."""
    legacy.enter(A=1)
    if not legacy.find().ids:
        legacy.enter(A=1)
    legacy.env.run(WINDOW + 1)
    assert len(legacy.find().ids) == 2


def test_an_entry_that_cannot_be_booked_becomes_a_case_of_finance(legacy: Any) -> None:
    """The reply had been friendly; the reason stands with the order until somebody closes the case."""
    legacy.enter(A=1)
    legacy.ship(A=1)
    legacy.cancel("O-2")
    legacy.env.run(WINDOW + 1)
    assert [case.case_no for case in legacy.erp.exceptions.waiting("finance")] == ["Q-2", "Q-3"]
    (failed,) = legacy.find().failed
    assert failed.startswith("Q-2 wrong_state")
    assert legacy.documents() == [("sales_order", "O-1"), ("exception", "Q-2"), ("exception", "Q-3")]
    legacy.erp.close_exception(CloseException("Q-2", "O-1"))
    assert legacy.find().failed == ()
    assert legacy.find("O-2").failed != ()


def test_returns_and_credits_are_checked_and_priced_at_once(legacy: Any) -> None:
    """Who refunds a shopper must know how much: both know the amount before the window."""
    legacy.sell(A=2)
    legacy.env.run(WINDOW + 1)
    assert legacy.authorise(A=1).id == "RA-1"
    credit = legacy.credit(A=1)
    assert (credit.queued, credit.amount) == (True, 101)
    with pytest.raises(Rejected, match="2 were invoiced"):
        legacy.credit(A=3)


def test_two_credits_in_one_window_cannot_both_take_the_last_unit(legacy: Any) -> None:
    """Both were accepted; the second one is found out when it is booked."""
    legacy.sell(A=1)
    legacy.env.run(WINDOW + 1)
    legacy.credit(rma="RMA-1", A=1)
    legacy.credit(rma="RMA-2", A=1)
    legacy.env.run(2 * WINDOW + 1)
    assert legacy.documents()[-2:] == [("credit_memo", "RMA-1"), ("exception", "Q-6")]
    assert legacy.find().failed[0].startswith("Q-6 over_credited")


def ask_at(office: Any, hour: float) -> Rejected | None:
    """What the door says at an hour of the first day."""
    office.env.run(hour * HOUR)
    door = office.erp.door(FindSalesOrder)
    call = Call("erp", "find_sales_order", REQUEST, "O-1", "O-1", 1)
    try:
        assert door.admit(call, office.env.now) == 0
    except Rejected as error:
        return error
    return None


def test_the_night_is_closed_to_every_call(new_office: Any) -> None:
    """Between closing and opening time all doors answer 503 and say for how many seconds."""
    office = new_office(character="legacy", opens="06:00", closes="22:00")
    assert all(door.gates for door in map(office.erp.door, office.erp.operations))
    early = ask_at(office, 5)
    assert early is not None
    assert (early.code, early.status, early.retry_after) == ("closed_for_the_night", 503, HOUR)
    assert "1 h" in str(early)
    assert ask_at(office, 6) is None
    assert ask_at(office, 21.99) is None
    late = ask_at(office, 22)
    assert late is not None
    assert late.retry_after == 8 * HOUR


def test_the_windows_come_at_night_too(new_office: Any) -> None:
    """What was accepted in the evening is booked while nobody can ask."""
    office = new_office(character="legacy", opens="06:00", closes="22:00")
    office.env.run(22 * HOUR - 1)
    office.enter(A=1)
    office.env.run(23 * HOUR)
    assert office.documents() == [("sales_order", "O-1")]


def test_a_cloud_erp_neither_sleeps_nor_waits(office: Any) -> None:
    """Hours and windows belong to the legacy character."""
    assert all(not door.gates for door in map(office.erp.door, office.erp.operations))
    assert not office.enter(A=1).queued


def test_a_time_of_day_that_is_none_is_bad_input(new_office: Any) -> None:
    """An office cannot open at twenty-five o'clock."""
    with pytest.raises(BadInput):
        new_office(character="legacy", opens="25:00")


@pytest.mark.parametrize("character", ["cloud", "legacy"])
def test_a_locked_month_takes_no_postings(new_office: Any, character: str) -> None:
    """Some time after its end a month is closed; the refusal says which period is open."""
    start = datetime(2011, 11, 29, 12, tzinfo=UTC)
    office = new_office(start, character=character, opens="00:00", closes="00:00", period_locks=Seconds(2 * DAY))
    office.sell(A=2)
    in_november, in_december = DAY, 2 * DAY
    office.env.run(3.4 * DAY)  # the second of December, some hours before the lock
    office.erp.accept(credit_of(in_november))
    office.env.run(3.6 * DAY)
    with pytest.raises(Rejected, match="open from 2011-12-01") as caught:
        office.erp.post_credit(credit_of(in_november))
    assert (caught.value.code, caught.value.status) == ("period_closed", 422)
    assert "2011-11-30" in str(caught.value)
    office.erp.post_credit(credit_of(in_december))


def credit_of(posted_at: float) -> PostCredit:
    return PostCredit("O-1", "RMA-1", (Units("A", 1),), posted_at)


def test_month_after_month_is_locked(new_office: Any) -> None:
    """The lock moves on with the calendar, over the turn of the year."""
    office = new_office(datetime(2011, 11, 30, tzinfo=UTC), period_locks=Seconds(0))
    office.env.run(DAY + 1)
    office.enter(A=1)
    office.release(A=1)
    office.ship(A=1)
    december = office.env.now
    office.env.run(33 * DAY)
    with pytest.raises(Rejected, match="open from 2012-01-01"):
        office.erp._periods.check(december, office.env.now)
    office.invoice()


def test_without_a_lock_any_date_will_do(office: Any) -> None:
    """By default no month is ever closed."""
    office.sell(A=1)
    office.env.run(400 * DAY)
    office.erp._periods.check(0.0, office.env.now)
