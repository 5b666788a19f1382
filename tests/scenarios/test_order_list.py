"""Laws of demand order by order: what is written happens, and what makes no sense is told."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

import seatrial
from seatrial.scenarios.embark import embark, season_of
from seatrial.scenarios.loader import load_scenario, parse_scenario
from seatrial.scenarios.order_list import OrderList
from seatrial.scenarios.writing_out import written_out
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.world import clock_of
from seatrial.storms import Storm, calm_water
from seatrial.strategies import sail

FIRST = {"order": "SF-1", "at": "1 s", "channel": "storefront", "lines": {"A": 2, "B": 1}}
LATER = {"order": "MP-1", "at": "2 s", "channel": "marketplace", "lines": {"A": 1}}


def storm_of(*orders: dict[str, Any], **demand: Any) -> Storm:
    """A quick trip with these orders."""
    base = load_scenario("open-water")
    document = {**base.document.plain, "demand": {"kind": "orders", "orders": list(orders), **demand}}
    loaded = parse_scenario(yaml.safe_dump(document), "orders.yaml")
    assert isinstance(loaded.scenario.demand, OrderList)
    return Storm(loaded, loaded.scenario.demand, duration=loaded.scenario.duration, calm=loaded.scenario.calm)


def test_what_is_written_is_bought() -> None:
    """Each order is placed at its moment and channel, with its lines, at the price of its items."""
    trial = sail(storm_of(FIRST, LATER, items={"B": {"price": 2500}}), "resilient")
    placed = trial.glance.events["order.placed"]
    assert [(each.time, each.partner, each.key, each.quantity, each.amount) for each in placed] == [
        (1.0, "storefront", "SF-1", 3, 2 * 1000 + 2500),
        (2.0, "marketplace", "MP-1", 1, 1000),
    ]
    assert trial.codes == ()


def test_second_thoughts_are_written_too() -> None:
    """A wish to cancel comes when it is said; what is sent back is asked for once it is here."""
    trial = sail(storm_of({**FIRST, "cancel_after": "50 ms"}, {**LATER, "back": {"A": 1}}), "resilient")
    events = trial.glance.events
    assert [(each.time, each.key) for each in events["cancellation.requested"]] == [(1.05, "SF-1")]
    assert [each.correlation for each in events["return.requested"]] == ["MP-1"]
    assert events["return.requested"][0].time >= events["shipment.delivered"][0].time
    assert trial.codes == ()


def test_what_comes_too_late_to_be_sent_back_is_told(tmp_path: Path) -> None:
    """Nobody asks for a return after `late_returns`: a return that is written and cannot happen is no silence."""
    orders = {**FIRST, "back": {"A": 1}}, {**LATER, "at": "19 s", "back": {"A": 1}}
    for late, said in (("0 s", ["MP-1: not all"]), ("40 s", [])):
        file = tmp_path / "orders.yaml"
        text = yaml.safe_dump(storm_of(*orders, late_returns=late).loaded.document.plain)
        file.write_text(text, encoding="utf-8")
        assert [remark[:13] for remark in seatrial.run(file).remarks] == said


def test_what_was_sent_back_once_is_no_news() -> None:
    """Of orders and returns that were recorded nobody chose which come too late: nothing is said of them."""
    loaded = load_scenario("peak-week", {"duration": "2 d", "calm": "2 d", "faults": "[]"})
    ready = embark(loaded, 1, "resilient", lambda env: Evidence(clock_of(env)))
    ready.world.run(ready.factory, ready.voyage)
    assert ready.shoppers.kept
    assert ready.remarks == ()


def test_stock_is_what_is_written() -> None:
    """An item has the stock of its entry, warehouse by warehouse, and what is not named there the usual one."""
    storm = storm_of(FIRST, items={"B": {"stock": {"south": 4}}}, stock=7)
    items = season_of(storm.loaded, 1).assortment.items
    assert {sku: dict(item.stock) for sku, item in items.items()} == {"A": {"north": 7, "south": 7}, "B": {"south": 4}}


def test_a_demand_written_out_sells_the_same() -> None:
    """The first orders of a scenario, as a list, are the same orders; times are rounded to milliseconds."""
    base = load_scenario("open-water")
    season, listed = season_of(base, 1), written_out(season_of(base, 1), 10, Dice(1))
    for intent, order in zip(islice(season.intents, 10), listed.orders, strict=True):
        assert intent.at == pytest.approx(order.at, abs=0.001)
        assert intent.order.order_no == order.order  # type: ignore[union-attr]
        assert {line.sku: line.quantity for line in intent.order.lines} == order.lines  # type: ignore[union-attr]
    assert set(listed.items) == {sku for order in listed.orders for sku in order.lines}
    assert calm_water(base, 10).demand == listed


@pytest.mark.parametrize(
    ("orders", "demand", "said"),
    [
        ([{**FIRST, "channel": "storefrnt"}], {}, "did you mean 'storefront'"),
        ([FIRST, FIRST], {}, "two orders have one number"),
        ([LATER, FIRST], {}, "too early or too late"),
        ([{**FIRST, "at": "2 h"}], {}, "too early or too late"),
        ([{**FIRST, "lines": {}}], {}, "needs lines of 1 unit or more"),
        ([{**FIRST, "lines": {"A": 0}}], {}, "needs lines of 1 unit or more"),
        ([{**FIRST, "back": {"C": 1}}], {}, "sends back what it did not buy"),
        ([FIRST], {"items": {"A": {"stock": {"nroth": 1}}}}, "did you mean 'north'"),
        ([{**FIRST, "order": ""}], {}, "an order needs a number"),
        ([{**FIRST, "order": " "}], {}, "an order needs a number"),
        ([{**FIRST, "lines": {"A": 10**20}}], {}, "lies between 0 and 1000000000: 1"),
        ([{**FIRST, "lines": {"A": 10**9}}], {"items": {"A": {"price": 10**9}}}, "more than 1000000000000 minor units"),
        ([{**FIRST, "back": {"A": 3}}], {}, "sends back more of A than it bought: 3 · it bought 2"),
        ([FIRST], {"items": {"A": {"price": -1}}}, "price of A lies between 0"),
        ([FIRST], {"items": {"A": {"price": 10**20}}}, "price of A lies between 0 and 1000000000"),
        ([FIRST], {"items": {"A": {"stock": {"north": -1}}}}, "stock of A lies between 0"),
        ([FIRST], {"stock": 10**20}, "out of its range"),
        ([FIRST], {"stock": -1}, "out of its range"),
        ([FIRST], {"currency": "XXX"}, "unknown currency"),
    ],
)
def test_what_makes_no_sense_is_told(orders: list[dict[str, Any]], demand: dict[str, Any], said: str) -> None:
    """With the order, the value and what is known; and with file and line."""
    with pytest.raises(BadInput, match=said) as told:
        sail(storm_of(*orders, **demand), "resilient")
    assert "orders.yaml" in str(told.value)


def test_what_is_wrong_with_an_order_is_told_with_its_line() -> None:
    """The line of the order or the item, not that of the demand around it."""
    text = yaml.safe_dump(storm_of(FIRST, LATER, items={"B": {"price": 5}}).loaded.document.plain, sort_keys=False)
    lines = text.splitlines()
    orders = [number for number, line in enumerate(lines, 1) if line.startswith("  - ")]
    for good, bad, line in (
        ("order: MP-1", "order: SF-1", orders[1]),
        ("price: 5", "price: -5", lines.index("    B:") + 1),
    ):
        with pytest.raises(BadInput, match=f"^orders.yaml:{line}: "):
            season_of(parse_scenario(text.replace(good, bad), "orders.yaml"), 1)
