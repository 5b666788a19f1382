"""Limits as people write them."""

from __future__ import annotations

import math

import pytest

from seatrial.reports.judge import definitions, limits_of
from seatrial.reports.limitcheck import STANDING, check
from seatrial.reports.limits import Limit, parse_limits
from seatrial.reports.reading import Definition, Reading
from seatrial.sim.errors import BadInput, UnknownName


@pytest.fixture(scope="module")
def known():
    return definitions()


@pytest.mark.parametrize(
    ("measure", "text", "kept", "broken"),
    [
        ("duplicates.total", 0, [0.0], [1.0, math.inf]),
        ("duplicates.total", "0", [0.0], [1.0]),
        ("duplicates.sales_order", "<= 3 documents", [0.0, 3.0], [4.0]),
        ("latency.placed_to_acknowledged.p95", "<= 30 min", [1800.0], [1801.0, math.inf]),
        ("latency.placed_to_acknowledged.p95", "< 30 min", [1799.0], [1800.0]),
        ("latency.call.erp.create_sales_order.p99", "< 1.5 s", [1.4], [1.5]),
        ("recovery.max", "<= 2 h", [120.0], [121.0, math.inf]),
        ("recovery.max", "between 1 and 2 h", [60.0, 120.0], [59.0, 121.0]),
        ("failure_rate.calls", "<= 5 %", [0.05], [0.06]),
        ("orders.completed_share", ">= 99 %", [0.99, 1.0], [0.98]),
        ("money.at_risk", "<= 12.50 GBP", [1250.0], [1251.0]),
        ("money.at_risk", 0, [0.0], [1.0]),
        ("drift.erp.unit_hours", "< 40 unit-hours", [39.0], [40.0]),
        ("drift.erp.left", "any", [0.0, 1e9], []),
        ("retry.amplification", "<= 150 %", [1.5], [1.6]),
        ("retry.amplification", "between 1 and 1.5", [1.0, 1.5], [0.9, 1.6]),
        ("recovery.max", "> 1 min", [math.inf], [1.0]),
    ],
)
def test_a_limit_keeps_and_breaks(known, measure: str, text: object, kept: list[float], broken: list[float]) -> None:
    """Values are compared in the unit of the measure, whatever unit the limit was written in."""
    limit = Limit.parse(measure, text, known)
    assert [limit.holds(value) for value in kept] == [True] * len(kept)
    assert [limit.holds(value) for value in broken] == [False] * len(broken)


def test_an_unknown_measure_is_named_with_its_nearest(known) -> None:
    """A typing error in a measure is no limit that is silently kept."""
    with pytest.raises(UnknownName, match=r"did you mean 'duplicates\.sales_order'"):
        Limit.parse("duplicates.sales_ordre", 0, known)


@pytest.mark.parametrize(
    ("measure", "text", "what"),
    [
        ("duplicates.total", "<= 30 min", "this measure counts documents"),
        ("latency.placed_to_acknowledged.p95", "<= 30", "write the unit"),
        ("failure_rate.calls", "<= 7", "between 0 % and 100 %"),
        ("money.at_risk", "<= 12", "not an amount of money"),
        ("money.at_risk", "<= 12 QQQ", "unknown currency"),
        ("duplicates.total", "few", "not a limit"),
        ("duplicates.total", "", "not a limit"),
        ("duplicates.total", True, "not a limit"),
        ("duplicates.total", None, "not a limit"),
        ("duplicates.total", float("nan"), "not a limit"),
        ("recovery.max", "between 3 h and 2 h", "lower bound"),
        ("lost.sales_order", "<= -1", "no value keeps this limit: '<= -1' · lost.sales_order is never below 0"),
        ("lost.*", -1, "no value keeps this limit"),
        ("latency.placed_to_acknowledged.p95", "< 0 s", "no value keeps this limit"),
        ("retry.amplification", "between -2 and -1", "no value keeps this limit"),
        ("*.total", 0, "different units"),
    ],
)
def test_a_limit_that_is_none_is_refused(known, measure: str, text: object, what: str) -> None:
    """The error names the measure, what was written and how to write it."""
    with pytest.raises(BadInput, match=what) as caught:
        Limit.parse(measure, text, known)
    assert "expect" in caught.value.where


def test_a_pattern_covers_what_it_matches(known) -> None:
    """One limit on every class of duplicates is held against each of them."""
    (limit,) = parse_limits({"duplicates.*": 0}, known)
    readings = [_reading(f"duplicates.{name}", value) for name, value in (("label", 0.0), ("invoice", 2.0))]
    assert [each.judgement for each in check([limit], readings)] == ["held", "broken"]


def test_an_unmeasured_reading_leaves_the_limit_open(known) -> None:
    """Too few samples neither keep nor break a limit; `any` asks for nothing."""
    reading = Reading(name="recovery.max", value=None, unit="min", detail="the rule never fired")
    limits = parse_limits({"recovery.max": "<= 1 h"}, known)
    (judged,) = check(limits, [reading])
    assert (judged.judgement, judged.why) == ("open", "the rule never fired")
    assert check(parse_limits({"recovery.max": "any"}, known), [reading])[0].judgement == "held"


def test_a_limit_on_a_reading_that_the_run_lacks_is_open(known) -> None:
    """A partner that was never called has no latency to hold a limit against."""
    limits = parse_limits({"latency.call.erp.nothing.p95": "< 1 s"}, known)
    (judged,) = check(limits, [])
    assert (judged.judgement, judged.measure) == ("open", "latency.call.erp.nothing.p95")


def test_standing_limits_stand_unless_named() -> None:
    """A scenario that sets its own limit under the same name takes the standing one's place."""
    limits = limits_of({"duplicates.total": "<= 5"})
    assert [limit.text for limit in limits if limit.measure == "duplicates.total"] == ["<= 5"]
    assert {limit.measure for limit in limits if limit.standing} == set(STANDING) - {"duplicates.total"}


def _reading(name: str, value: float) -> Reading:
    return Reading(name=name, value=value, unit="documents")


def test_a_measure_without_a_lowest_value_takes_any_limit() -> None:
    """Most measures are never below zero; one that can be says so, and a limit below zero means something there."""
    profit = Definition(name="profit.total", unit="money", meaning="what is left", least=-math.inf)
    assert Limit.parse("profit.total", "< 0", [profit]).holds(-1)
