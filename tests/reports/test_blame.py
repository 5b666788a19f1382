"""Laws of blame: it falls on what harmed documents have in common and others have not."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from seatrial.reports.blame import Blame, blame

ORDERS = [f"O-{number}" for number in range(20)]


def strikes_of(strikes: dict[str, list[str]]) -> pl.DataFrame:
    rows = [(order, rule) for rule, orders in strikes.items() for order in dict.fromkeys(orders)]
    return pl.DataFrame(rows, {"correlation": pl.String, "rule": pl.String}, orient="row")


def documents(orders: list[str], document: str = "invoice") -> pl.DataFrame:
    rows = [(document, f"{order}/R1", order) for order in orders]
    return pl.DataFrame(rows, ["document", "key", "correlation"], orient="row")


def test_it_falls_on_the_rule_that_tells_them_apart() -> None:
    """One that strikes everybody explains nothing; the keys that are named are of orders that it struck."""
    strikes = strikes_of({"everywhere": ORDERS, "outage": [ORDERS[3], ORDERS[4], ORDERS[9]], "elsewhere": ORDERS[10:]})
    found = blame(strikes, documents([ORDERS[1], ORDERS[3], ORDERS[4]]), documents(ORDERS), keys=1)
    assert found == {"invoice": Blame("outage", 2, 3, ("O-3/R1",))}
    assert str(found["invoice"]) == "2 of them in orders that outage struck"


def test_where_everybody_was_struck_nobody_is_blamed() -> None:
    """Nor where nothing struck, or where nothing is wrong."""
    ill, everything = documents(ORDERS[:3]), documents(ORDERS)
    assert blame(strikes_of({"everywhere": ORDERS}), ill, everything, keys=5) == {}
    assert blame(strikes_of({}), ill, everything, keys=5) == {}
    assert blame(strikes_of({"outage": ORDERS[:3]}), documents([]), everything, keys=5) == {}


@given(st.data())
def test_what_is_said_can_be_counted_again(data: st.DataObject) -> None:
    """The counts are those of the tables, whatever struck whom."""
    ill = data.draw(st.lists(st.sampled_from(ORDERS), min_size=1, unique=True))
    strikes = data.draw(st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from(ORDERS))))
    for document, each in blame(strikes_of(strikes), documents(ill), documents(ORDERS), keys=3).items():
        touched = [order for order in ill if order in strikes[each.rule]]
        assert (document, each.touched, each.harmed) == ("invoice", len(touched), len(ill))
        assert each.keys == tuple(f"{order}/R1" for order in touched[:3])
