"""Values with their intervals in words, for tables of all kinds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from seatrial.reports.checks import EVERY_RUN, Check
from seatrial.reports.comparison import Comparison
from seatrial.reports.estimates import Estimate
from seatrial.reports.page_words import UNMEASURED, amount_text, counted, number_text
from seatrial.reports.reading import Unit


def interval_text(low: float | None, high: float | None, unit: Unit, currency: str) -> str:
    """`[10 min, 14 min]`; a side that too few runs leave open is dots."""
    if low is None and high is None:
        return UNMEASURED
    plain = unit not in ("s", "min", "share", "money")
    first = "…" if low is None else number_text(low) if plain else amount_text(low, unit, currency)
    return f"[{first}, {'…' if high is None else amount_text(high, unit, currency)}]"


def change_text(change: float | None, unit: Unit, currency: str) -> str:
    """By how much something differs: `+12 min`, `-11.7 pp`, `to never`, `from never`.

    A difference of shares is told in percentage points: 12 % more may be more of what there was.
    """
    if change is not None and math.isinf(change):
        return "to never" if change > 0 else "from never"
    plus = "+" if change is not None and change > 0 else ""
    if change is not None and unit == "share":
        return f"{plus}{number_text(change * 100)} pp"
    return plus + amount_text(change, unit, currency)


def change_interval(low: float | None, high: float | None, unit: Unit, currency: str) -> str:
    """The interval of a change: `[-21 min, -7 min]`, `[11, 12.2 pp]`, `[2 h, to never]`."""
    if any(each is not None and math.isinf(each) for each in (low, high)):
        return f"[{change_text(low, unit, currency)}, {change_text(high, unit, currency)}]"
    if unit != "share":
        return interval_text(low, high, unit, currency)
    return interval_text(_points(low), _points(high), "", currency).replace("]", " pp]")


def _points(share: float | None) -> float | None:
    return None if share is None else share * 100


def check_reading(check: Check, currency: str) -> str:
    """What a check saw: `median 12 min [10 min, 14 min]`, `worst 3 documents`."""
    if check.kind == "coverage" or check.value is None:
        return UNMEASURED
    if check.statistic == EVERY_RUN:
        return f"worst {amount_text(check.value, check.unit, currency)}"
    known = check.low is not None or check.high is not None
    said, between = (change_text, change_interval) if check.kind == "regression" else (amount_text, interval_text)
    interval = f" {between(check.low, check.high, check.unit, currency)}" if known else ""
    return f"{check.statistic} {said(check.value, check.unit, currency)}{interval}"


def estimate_row(each: Estimate, currency: str) -> tuple[str, ...]:
    """Reading, value, interval, runs, method."""
    value = amount_text(each.value, each.unit, currency)
    never = f", never in {each.never}" if each.never else ""
    unknown = f", unknown in {each.unknown}" if each.unknown else ""
    interval = interval_text(each.low, each.high, each.unit, currency)
    return each.measure, f"{each.statistic} {value}", interval, f"{each.runs}{never}{unknown}", each.method


def method_lines(comparison: Comparison) -> Iterator[str]:
    """How a comparison came about, in sentences."""
    said = sorted({each.method for each in comparison.differences if each.method})
    yield "A and B are medians over the seeds of both sides, the change is B less A over the pairs of one seed"
    if said:
        yield f"interval ({comparison.confidence:.0%}, each on its own) and test: {' · '.join(said)}"
    if not comparison.tested:
        yield "no reading differs in any pair: nothing was tested"
        return
    tested = counted(comparison.tested, "reading")
    yield (
        f"{tested} that differ in any pair were tested together (Benjamini-Hochberg): of what is called better, "
        f"worse or changed, at most {comparison.risk:.0%} is so by chance"
    )
