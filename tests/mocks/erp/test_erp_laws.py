"""Laws of the ERP's books, whatever is asked of it, in whichever order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.mocks.books import sales_orders
from seatrial.mocks.books.general_ledger import Account
from seatrial.sim.errors import Rejected

DAY = 86_400.0
NUMBERS = st.sampled_from(["O-1", "O-2"])
PLACES = st.sampled_from(["north", "south"])
PARCELS = st.sampled_from(["P1", "P2", "P3"])
RMAS = st.sampled_from(["RMA-1", "RMA-2"])
UNITS = st.fixed_dictionaries({}, optional={"A": st.integers(1, 4), "B": st.integers(1, 4)})
LEVELS = st.fixed_dictionaries({}, optional={"A": st.integers(0, 200), "C": st.integers(0, 200)})
DELTAS = st.fixed_dictionaries({}, optional={"A": st.integers(-9, 9), "B": st.integers(-9, 9)})
CHARGES = st.sampled_from([0, 495])
ENTER = st.tuples(st.just("enter"), st.fixed_dictionaries({"number": NUMBERS, "charge": CHARGES}), UNITS)
RELEASE = st.tuples(
    st.just("release"),
    st.fixed_dictionaries({"number": NUMBERS, "release": st.sampled_from(["R1", "R2"]), "warehouse": PLACES}),
    UNITS,
)
SHIP = st.tuples(
    st.just("ship"), st.fixed_dictionaries({"number": NUMBERS, "parcel": PARCELS, "warehouse": PLACES}), UNITS
)
INVOICE = st.tuples(st.just("invoice"), st.fixed_dictionaries({"number": NUMBERS, "parcel": PARCELS}), st.just({}))
CREDIT = st.tuples(st.just("credit"), st.fixed_dictionaries({"number": NUMBERS, "rma": RMAS}), UNITS)
STEP = st.one_of(
    ENTER,
    ENTER,
    RELEASE,
    RELEASE,
    SHIP,
    SHIP,
    INVOICE,
    INVOICE,
    CREDIT,
    st.tuples(st.just("authorise"), st.fixed_dictionaries({"number": NUMBERS, "rma": RMAS}), UNITS),
    st.tuples(st.just("backorder"), st.fixed_dictionaries({"number": NUMBERS}), UNITS),
    st.tuples(
        st.just("cancel"),
        st.fixed_dictionaries({"number": NUMBERS, "order_id": st.sampled_from(["", "SO-1", "SO-2"])}),
        st.just({}),
    ),
    st.tuples(
        st.just("milestone"),
        st.fixed_dictionaries(
            {
                "number": NUMBERS,
                "parcel": PARCELS,
                "milestone": st.sampled_from(["delivered", "in_transit", "return_to_sender"]),
            }
        ),
        st.just({}),
    ),
    st.tuples(st.just("move"), st.fixed_dictionaries({"warehouse": PLACES}), DELTAS),
    st.tuples(st.just("count"), st.fixed_dictionaries({"warehouse": PLACES}), LEVELS),
    st.tuples(st.just("wait"), st.just({}), st.sampled_from([60.0, DAY / 2, 2 * DAY])),
)
PRELUDE: list[Any] = [
    ("enter", {"number": "O-1", "charge": 495}, {"A": 4, "B": 3}),
    ("release", {"number": "O-1"}, {"A": 4, "B": 3}),
    ("ship", {"number": "O-1"}, {"A": 2, "B": 1}),
    ("invoice", {"number": "O-1"}, {}),
]
STORY = st.tuples(st.sampled_from([0, 1, 2, 3, 4]), st.lists(STEP, max_size=20)).map(
    lambda drawn: PRELUDE[: drawn[0]] + drawn[1]
)
LAW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def tell(office: Any, story: list[Any]) -> Iterator[tuple[str, dict[str, Any], Any, bool]]:
    """Let a story happen step by step; tells of each step whether it was accepted."""
    for what, names, more in story:
        accepted = True
        if what == "wait":
            office.env.run(office.env.now + more)
        else:
            try:
                getattr(office, what)(**names, **more)
            except Rejected:
                accepted = False
        yield what, names, more, accepted


def finish(office: Any, story: list[Any]) -> Any:
    """Let a whole story happen."""
    for _ in tell(office, story):
        pass
    return office


def orders_of(office: Any) -> list[Any]:
    return [order for number in ("O-1", "O-2") for order in office.erp.orders.under(number, office.env.now)]


@LAW
@given(STORY)
def test_the_books_balance_after_every_step(new_office: Any, story: list[Any]) -> None:
    """Debits equal credits, and the inventory account is the stock book at standard cost, at every moment."""
    office = new_office()
    erp = office.erp
    for _ in tell(office, story):
        assert erp.ledger.debits == erp.ledger.credits
        places = [(place, sku) for place in ("north", "south") for sku in "ABC"]
        worth = sum(office.level(sku, place) * erp.items.costs[sku] for place, sku in places)
        assert erp.ledger.balance(Account.INVENTORY) == worth


@LAW
@given(STORY)
def test_the_stock_book_is_the_sum_of_what_was_accepted(new_office: Any, story: list[Any]) -> None:
    """Shipments take, movements add, counts set; nothing else, and nothing refused, changes a level."""
    office = new_office()
    levels = {(place, sku): level for place, level in (("north", 100), ("south", 50)) for sku in "ABC"}
    for what, names, more, accepted in tell(office, story):
        place = names.get("warehouse", "north")
        for sku, quantity in more.items() if accepted and what in ("ship", "move", "count") else ():
            before = 0 if what == "count" else levels[place, sku]
            levels[place, sku] = before + (-quantity if what == "ship" else quantity)
        assert {each: office.level(each[1], each[0]) for each in levels} == levels
    told = {(row["document_id"], row["key"]): row["quantity"] for row in office.rows("stock")}
    assert told == levels


@LAW
@given(STORY)
def test_no_line_gives_more_than_it_has(new_office: Any, story: list[Any]) -> None:
    """Shipped and cancelled stay within ordered, credited within invoiced; releases hold no more than is open."""
    office = new_office()
    for _ in tell(office, story):
        held: Counter[tuple[str, str]] = Counter()
        for order in orders_of(office):
            for sku, line in order.lines.items():
                promised = sum(each.units for each in line.held)
                assert 0 <= line.shipped + line.cancelled <= line.ordered
                assert 0 <= line.credited <= line.invoiced
                assert 0 <= promised <= line.open - line.waiting
                for each in line.held:
                    held[each.warehouse, sku] += each.units
        book = office.erp.stock.book
        assert all(book.allocated(place, sku) == held[place, sku] for place in ("north", "south") for sku in "ABC")


@LAW
@given(STORY)
def test_what_customers_owe_is_what_the_documents_say(new_office: Any, story: list[Any]) -> None:
    """Receivables are the invoices less the credit memos of the evidence; the rest stands as revenue and charges."""
    office = finish(new_office(), story)
    documents = office.rows("commit", outcome="created")
    owed = sum(row["amount"] for row in documents if row["document"] == "invoice")
    owed -= sum(row["amount"] for row in documents if row["document"] == "credit_memo")
    ledger = office.erp.ledger
    assert ledger.balance(Account.RECEIVABLES) == owed
    assert -ledger.balance(Account.REVENUE) - ledger.balance(Account.CHARGES) == owed


@LAW
@given(STORY)
def test_what_is_refused_changes_nothing(new_office: Any, story: list[Any]) -> None:
    """A refusal leaves every order, level, allocation, balance and document as it was."""
    office = new_office()
    before = office.books()
    for _, _, _, accepted in tell(office, story):
        after = office.books()
        assert accepted or after == before
        before = after


@LAW
@given(STORY)
def test_live_documents_are_the_live_sales_orders(new_office: Any, story: list[Any]) -> None:
    """Created less reversed sales orders of the evidence are what the ERP finds, number by number."""
    office = finish(new_office(), story)
    live: Counter[str] = Counter()
    for row in office.rows("commit", document="sales_order"):
        live[row["key"]] += {"created": 1, "reversed": -1, "updated": 0}[row["outcome"]]
    for number in ("O-1", "O-2"):
        assert len(office.find(number).ids) == live[number]


@LAW
@given(STORY)
def test_packing_finished_orders_changes_no_history(
    new_office: Any, monkeypatch: pytest.MonkeyPatch, story: list[Any]
) -> None:
    """An ERP that packs every finished order at once writes the same evidence as one that never packs."""
    digests = []
    for at_hand in (0.0, float("inf")):
        monkeypatch.setattr(sales_orders, "AT_HAND", at_hand)
        office = new_office()
        for _ in tell(office, story):
            office.erp.orders._tidy(office.env.now)
        office.evidence.close()
        digests.append(office.evidence.digest())
    assert digests[0] == digests[1]


@LAW
@given(STORY)
def test_one_story_has_one_history(new_office: Any, story: list[Any]) -> None:
    """The same requests at the same times give the same evidence, in both characters."""
    for hours in ({}, {"character": "legacy", "opens": "00:00", "closes": "00:00"}):
        first, second = (finish(new_office(**hours), story) for _ in range(2))
        first.evidence.close()
        second.evidence.close()
        assert first.evidence.digest() == second.evidence.digest()


@LAW
@given(STORY)
def test_a_legacy_erp_books_what_a_cloud_erp_books(new_office: Any, story: list[Any]) -> None:
    """With a window after every paper both hold the same documents in the end; no paper is lost or booked twice."""
    cloud, legacy = new_office(), new_office(character="legacy", opens="00:00", closes="00:00")
    finish(cloud, story)
    for _ in tell(legacy, [step for step in story if step[0] != "wait"]):
        legacy.erp.book_tray()
    assert [each for each in legacy.documents() if each[0] != "exception"] == cloud.documents()
    assert legacy.documents("reversed") == cloud.documents("reversed")


@LAW
@given(STORY, st.lists(st.integers(0, 20), max_size=4))
def test_windows_anywhere_lose_and_double_nothing(new_office: Any, story: list[Any], windows: list[int]) -> None:
    """Every accepted paper is either booked or a case of finance after the last window, and is so once."""
    office = new_office(character="legacy", opens="00:00", closes="00:00")
    tray, booked = office.erp.tray, Counter[str]()
    take = tray.take

    def watched(request: Any, book: Any) -> str:
        number: str = take(request, lambda: (booked.update([number]), book()))
        return number

    tray.take = watched
    for position, _ in enumerate(tell(office, [step for step in story if step[0] != "wait"])):
        if position in windows:
            office.erp.book_tray()
    office.erp.book_tray()
    office.erp.book_tray()
    assert booked == Counter(f"Q-{number}" for number in range(1, booked.total() + 1))
    cases = [case.case_no for case in office.erp.exceptions.waiting("finance")]
    assert len(cases) == len(set(cases))
    assert set(cases) <= set(booked)
