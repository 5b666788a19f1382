"""Laws of reads: what each way of paging is sure to see, and what it overlooks or sees twice."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable, Sequence
from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.errors import Rejected
from seatrial.sim.policies.reads import CursorReads, Journal, LinkReads, OffsetReads, PageOf, PageReads, Reads
from seatrial.sim.quantities import Seconds, read_quantity

KINDS: Sequence[type[Reads]] = [OffsetReads, PageReads, CursorReads, LinkReads]
COUNTING: Sequence[type[OffsetReads | PageReads]] = [OffsetReads, PageReads]
POINTING: Sequence[type[CursorReads | LinkReads]] = [CursorReads, LinkReads]
by_kind = pytest.mark.parametrize("kind", KINDS)
counting = pytest.mark.parametrize("kind", COUNTING)
pointing = pytest.mark.parametrize("kind", POINTING)


def journal(*times: float) -> Journal[int]:
    """Rows numbered from 0 in the order given."""
    book: Journal[int] = Journal()
    for number, time in enumerate(times):
        book.add(float(time), number)
    return book


class Reader:
    """A caller that keeps its cursor."""

    def __init__(self, policy: Reads, book: Journal[int]) -> None:
        self._pager = policy.pager()
        self._book = book
        self.cursor = ""

    def page(self, limit: int = 3, now: float = 1000.0, visible_until: float = inf) -> PageOf[int]:
        page = self._pager.page(self._book, self.cursor, limit, now, visible_until)
        self.cursor = page.cursor
        return page

    def drain(self, limit: int = 3, now: float = 1000.0) -> list[int]:
        """Pages until the partner says that there is no more."""
        page = self.page(limit, now)
        seen = list(page.items)
        while page.more:
            page = self.page(limit, now)
            seen += page.items
        return seen


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(Rejected) as caught:
        read()
    return f"{caught.value.status} {caught.value.code}"


@by_kind
@given(times=st.lists(st.integers(0, 50)), limit=st.integers(1, 20))
def test_a_list_at_rest_is_read_whole(kind: type[Reads], times: list[int], limit: int) -> None:
    """Page after page, every row is seen once, oldest first, whichever way of paging."""
    book = journal(*times)
    in_order = sorted(range(len(times)), key=lambda number: (times[number], number))
    assert Reader(kind(), book).drain(limit) == in_order


@by_kind
@given(steps=st.lists(st.booleans()), limit=st.integers(1, 4))
def test_rows_that_are_added_behind_are_all_seen(kind: type[Reads], steps: list[bool], limit: int) -> None:
    """Polling a list that only grows at its end misses nothing; only page numbers read a row again."""
    book, seen = journal(), list[int]()
    reader = Reader(kind(), book)
    for number, is_read in enumerate(steps):
        seen += reader.page(limit).items if is_read else ()
        book.add(float(number), number)
    seen += reader.drain(limit)
    assert sorted(set(seen)) == list(range(len(steps)))
    assert kind is PageReads or seen == list(range(len(steps)))


@by_kind
@given(limits=st.lists(st.integers(1, 9), min_size=1))
def test_a_cursor_is_never_empty(kind: type[Reads], limits: list[int]) -> None:
    """Every page names the next, also when there is none yet: an empty cursor would start again from the oldest."""
    reader = Reader(kind(), journal(*range(7)))
    assert all(reader.page(limit).cursor for limit in limits)


@pytest.mark.parametrize(("kind", "seen"), [(OffsetReads, [0, 1, 2, 5, 6, 7]), (PageReads, [0, 1, 2, 5, 6, 7])])
def test_counting_skips_rows_when_others_drop_out_in_front(kind: type[Reads], seen: list[int]) -> None:
    """Two rows pruned in front of the reader are two rows that it never sees."""
    book = journal(*range(8))
    reader = Reader(kind(), book)
    first = reader.page(3).items
    book.prune(2.0)
    assert [*first, *reader.drain(3)] == seen


@counting
def test_counting_skips_rows_when_the_window_moves_on(kind: type[Reads]) -> None:
    """A list that sees back a limited time drops rows by itself between two pages."""
    reader = Reader(kind(max_window=Seconds(10)), journal(*range(9)))
    assert reader.page(3, now=10.0).items == (0, 1, 2)
    assert reader.page(3, now=12.0).items == (5, 6, 7)


@counting
def test_counting_reads_a_row_twice_when_one_comes_in_late(kind: type[Reads]) -> None:
    """A row that takes its place among those already read moves the others on by one, and is itself not seen."""
    book = journal(*range(6))
    reader = Reader(kind(), book)
    first = reader.page(3).items
    book.add(0.5, 99)
    assert [*first, *reader.drain(3)] == [0, 1, 2, 2, 3, 4, 5]


@pointing
def test_pointing_neither_skips_nor_repeats_when_rows_drop_out(kind: type[Reads]) -> None:
    """A cursor goes on behind the last row that was read, wherever that stands by then."""
    book = journal(*range(8))
    reader = Reader(kind(), book)
    first = reader.page(3).items
    book.prune(2.0)
    assert [*first, *reader.drain(3)] == list(range(8))


@pointing
def test_pointing_never_sees_a_row_that_comes_in_behind_the_cursor(kind: type[Reads]) -> None:
    """A row with an older time than the cursor is lost to who reads on; reading from the beginning shows it."""
    book = journal(*range(6))
    reader = Reader(kind(), book)
    first = reader.page(3).items
    book.add(0.5, 99)
    assert [*first, *reader.drain(3)] == [0, 1, 2, 3, 4, 5]
    assert Reader(kind(), book).drain() == [0, 99, 1, 2, 3, 4, 5]


@pointing
def test_rows_of_one_moment_are_told_apart(kind: type[Reads]) -> None:
    """A page may end between rows of the same time: none of them is lost or repeated."""
    assert Reader(kind(), journal(*[5.0] * 10)).drain(3) == list(range(10))


@by_kind
def test_a_row_is_seen_after_its_lag(kind: type[Reads]) -> None:
    """A row becomes visible when the lag has passed, and `more` does not promise it before."""
    reader = Reader(kind(visibility_lag=Seconds(60)), journal(100, 200))
    assert reader.page(now=159.0)[::2] == ((), False)
    assert reader.page(now=160.0)[::2] == ((0,), False)
    assert 1 in reader.page(now=260.0).items


@by_kind
def test_a_stale_read_sees_nothing_later(kind: type[Reads]) -> None:
    """A read that is held back shows the list as it was, and the cursor it gives loses nothing."""
    reader = Reader(kind(), journal(*range(10)))
    assert reader.page(4).items == (0, 1, 2, 3)
    assert reader.page(4, visible_until=2.0)[::2] == ((), False)
    assert reader.page(4, visible_until=5.0)[::2] == ((4, 5), False)
    assert set(reader.drain(4)) >= {6, 7, 8, 9}


@by_kind
def test_rows_older_than_the_window_are_not_listed(kind: type[Reads]) -> None:
    """A list sees back as far as its window: whoever comes too late does not learn what was missed."""
    book = journal(0, 50, 100)
    assert Reader(kind(max_window=Seconds(60)), book).drain(now=105.0) == [1, 2]
    late = Reader(CursorReads(max_window=Seconds(60)), book)
    assert (late.page(1, now=10.0).items, late.page(1, now=150.0).items) == ((0,), (2,))


@by_kind
def test_a_page_has_no_more_rows_than_the_partner_allows(kind: type[Reads]) -> None:
    """The caller may ask for fewer rows than the limit, not for more."""
    reader = Reader(kind(page_limit=4), journal(*range(9)))
    assert len(reader.page(100).items) == 4


@by_kind
@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_of_nothing_is_rejected(kind: type[Reads], limit: int) -> None:
    """A limit below 1 is the caller's mistake."""
    assert refusal(lambda: Reader(kind(), journal(1)).page(limit)) == "400 invalid_limit"


def test_a_link_keeps_the_limit_of_the_first_call() -> None:
    """The query of the first call is in the link; a cursor takes the caller's limit on every page."""
    book = journal(*range(9))
    linked, pointed = Reader(LinkReads(), book), Reader(CursorReads(), book)
    assert [len(linked.page(limit).items) for limit in (2, 5)] == [2, 2]
    assert [len(pointed.page(limit).items) for limit in (2, 5)] == [2, 5]


@by_kind
@given(cursor=st.text(min_size=1))
def test_an_unknown_cursor_is_rejected(kind: type[Reads], cursor: str) -> None:
    """Text that this list never gave is no place to go on from."""
    reader = Reader(kind(), journal(*range(5)))
    reader.cursor = cursor
    assert refusal(reader.page) == "400 invalid_cursor"


@pytest.mark.parametrize("forged", ["offset/inf", "offset/nan", "offset/-1", "offset", "offset/1/2", "page/1"])
def test_a_forged_cursor_is_rejected(forged: str) -> None:
    """Also text of the right shape has to say something that the list can have said."""
    reader = Reader(OffsetReads(), journal(*range(5)))
    reader.cursor = b32encode(forged.encode()).decode()
    assert refusal(reader.page) == "400 invalid_cursor"


def test_a_cursor_of_another_kind_is_rejected() -> None:
    """An offset is no page number."""
    counted = Reader(OffsetReads(), journal(*range(5)))
    counted.page()
    numbered = Reader(PageReads(), journal(*range(5)))
    numbered.cursor = counted.cursor
    assert refusal(numbered.page) == "400 invalid_cursor"


@pointing
@pytest.mark.parametrize(("age", "known"), [(59.9, True), (60.0, False)])
def test_a_token_dies_after_its_life(kind: type[CursorReads | LinkReads], age: float, known: bool) -> None:
    """A token is known for its life, counted from the page that gave it; then the reader has to begin anew."""
    reader = Reader(kind(token_life=Seconds(60)), journal(*range(5)))
    reader.page(2, now=100.0)
    if known:
        assert reader.page(2, now=100.0 + age).items == (2, 3)
    else:
        assert refusal(lambda: reader.page(2, now=100.0 + age)) == "400 invalid_cursor"


@given(times=st.lists(st.integers(0, 30)), before=st.integers(0, 31))
def test_pruning_forgets_what_is_older_and_nothing_else(times: list[int], before: int) -> None:
    """After `prune(t)` the journal has exactly the rows from t on."""
    book = journal(*times)
    book.prune(float(before))
    kept = sorted((time, number) for number, time in enumerate(times) if time >= before)
    assert len(book) == len(kept)
    assert Reader(CursorReads(), book).drain() == [number for _, number in kept]


def test_pruned_rows_leave_memory() -> None:
    """A journal that is pruned as it grows holds what is kept and a bounded rest, however long a run is."""
    book: Journal[int] = Journal()
    for second in range(50_000):
        book.add(float(second), second)
        book.prune(second - 100.0)
    assert len(book) == 101
    assert len(book._items) < 5_000


@by_kind
def test_reads_can_be_written_down(kind: type[Reads]) -> None:
    """What a scenario says about a policy is what it gets."""
    policy = kind(visibility_lag=Seconds(120), page_limit=50)
    plain = msgspec.to_builtins(policy, enc_hook=float)
    assert msgspec.convert(plain, Reads, dec_hook=read_quantity) == policy
