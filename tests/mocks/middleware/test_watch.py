"""Laws of the watch: whoever has been silent for long enough is known, and nobody else is."""

from __future__ import annotations

from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.messages.orders import ChannelOrder, Customer
from seatrial.mocks.middleware.files import OrderFile, ReleaseFile
from seatrial.mocks.middleware.watch import Watch

Stage = Literal["released", "labelled", "shipped", "delivered", "cancelled"]
STAGES: tuple[Stage, ...] = ("released", "labelled", "shipped", "delivered", "cancelled")
NOBODY = Customer("GB-1", "A", "a@customers.example", "1 High Street", "Leeds", "LS1", "GB")


def file_of(number: str, stage: Stage, news_at: float) -> OrderFile:
    order = ChannelOrder(number, "marketplace", 0.0, NOBODY, "GBP", (), 0.0)
    return OrderFile(order, releases=(ReleaseFile(f"{number}/R1", "north", (), stage, news_at=news_at),))


steps = st.lists(st.tuples(st.sampled_from(["MP-1", "MP-2", "MP-3"]), st.sampled_from(STAGES)))


@given(steps, st.integers(0, 40))
def test_the_silent_are_those_without_news_since_then(history: list[tuple[str, Stage]], since: int) -> None:
    """At the warehouse from release to label, on the road from dispatch to delivery; a stage is only left forwards."""
    watch = Watch()
    last: dict[str, tuple[Stage, int]] = {}
    for now, (number, stage) in enumerate(history):
        if STAGES.index(stage) >= STAGES.index(last.get(number, STAGES)[0]):
            last[number] = (stage, now)
            watch.see(file_of(number, *last[number]))
    for stages, silent in (
        (("released", "labelled"), watch.silent_at_warehouse(since)),
        (("shipped",), watch.silent_on_the_road(since)),
    ):
        expected = {(f"{no}/R1", no) for no, (stage, at) in last.items() if stage in stages and at < since}
        assert set(silent) == expected


def test_who_is_asked_about_may_be_seen_again() -> None:
    """News that come while the silent are gone through do not disturb."""
    watch = Watch()
    files = [file_of(f"MP-{number}", "released", 0.0) for number in range(3)]
    for file in files:
        watch.see(file)
    asked: list[str] = []
    for (number, _), file in zip(watch.silent_at_warehouse(1.0), files, strict=True):
        asked.append(number)
        (release,) = file.releases
        watch.see(file.having(msgspec.structs.replace(release, news_at=2.0)))
    assert asked == ["MP-0/R1", "MP-1/R1", "MP-2/R1"]
    assert not list(watch.silent_at_warehouse(1.0))


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(0, 9))
def test_the_order_in_which_files_are_found_does_not_matter(news: list[int], since: int) -> None:
    """After a restart the watch looks at files as the store gives them, and knows the silent all the same."""
    watch = Watch()
    watch.see_all(file_of(f"MP-{place}", "released", news_at) for place, news_at in enumerate(news))
    expected = {f"MP-{place}" for place, news_at in enumerate(news) if news_at < since}
    assert {order_no for _, order_no in watch.silent_at_warehouse(since)} == expected
