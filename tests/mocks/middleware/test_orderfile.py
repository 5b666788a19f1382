"""Laws of an order's file: every unit is released, waits, was refused or is still to be sourced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine, Units
from seatrial.mocks.middleware.files import OrderFile, ReleaseFile

Stage = Literal["released", "labelled", "shipped", "delivered", "cancelled"]
STAGES: tuple[Stage, ...] = ("released", "labelled", "shipped", "delivered", "cancelled")
SKUS = ("A", "B", "C")
NOBODY = Customer("GB-1", "A", "a@customers.example", "1 High Street", "Leeds", "LS1", "GB")


def new_order(lines: Iterable[tuple[str, int]]) -> ChannelOrder:
    return ChannelOrder(
        "MP-1", "marketplace", 0.0, NOBODY, "GBP", tuple(OrderLine(sku, count, 100) for sku, count in lines), 0.0
    )


def new_units(counts: Iterable[tuple[str, int]]) -> tuple[Units, ...]:
    return tuple(Units(sku, count) for sku, count in counts)


counts = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 5)).map(lambda found: list(found.items()))
some_units = counts.map(new_units)
releases = st.lists(st.tuples(some_units, st.sampled_from(STAGES)), max_size=3).map(
    lambda parts: tuple(
        ReleaseFile(f"MP-1/R{number}", "north", lines, stage) for number, (lines, stage) in enumerate(parts, 1)
    )
)
files = st.builds(
    OrderFile,
    counts.filter(bool).map(new_order),
    entered=st.booleans(),
    refused=st.sets(st.sampled_from(SKUS), max_size=2).map(sorted).map(tuple),
    releases=releases,
    waiting=some_units,
    cancelled=st.booleans(),
)


def total(lines: Iterable[Units]) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in lines:
        found[line.sku] += line.quantity
    return found


@given(files)
def test_every_unit_is_somewhere(file: OrderFile) -> None:
    """Unsourced is what was ordered and not refused, less what is with a warehouse, less what waits for stock."""
    ordered = Counter({line.sku: line.quantity for line in file.order.lines if line.sku not in file.refused})
    placed = total(line for each in file.releases if each.stage != "cancelled" for line in each.lines)
    assert total(file.unsourced) == ordered - placed - total(file.waiting)
    assert all(unit.quantity > 0 for unit in file.unsourced)


@given(files)
def test_cancelling_a_release_sets_its_units_free(file: OrderFile) -> None:
    """What a cancelled release had is to be sourced again, and never more than was ordered."""
    for release in file.releases:
        freed = file.having(msgspec.structs.replace(release, stage="cancelled"))
        assert total(freed.unsourced) >= total(file.unsourced)
        assert total(freed.unsourced) <= Counter({line.sku: line.quantity for line in file.order.lines})


@given(files, some_units)
def test_a_release_is_added_or_replaced_by_its_number(file: OrderFile, lines: tuple[Units, ...]) -> None:
    """A number names one release, in its place, and the file before is as it was."""
    before = file.releases
    for number in (*(each.release_no for each in file.releases), "MP-1/R9"):
        changed = ReleaseFile(number, "south", lines)
        after = file.having(changed)
        assert after.release(number) == changed
        assert len(after.releases) == len(before) + (number == "MP-1/R9")
        others = [each for each in after.releases if each.release_no != number]
        assert others == [each for each in before if each.release_no != number]
    assert file.releases == before


@given(files)
def test_a_file_is_finished_when_nothing_can_come(file: OrderFile) -> None:
    """Cancelled; or entered, with releases that are all over, and no unit that waits or is unsourced."""
    over = all(each.stage in ("delivered", "cancelled") for each in file.releases)
    settled = not file.waiting and not file.unsourced
    assert file.finished is (file.cancelled or bool(file.entered and file.releases and over and settled))
