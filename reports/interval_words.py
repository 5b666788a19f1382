"""Values with their intervals in words, for tables of all kinds."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.reports.checks import EVERY_RUN, Check
from seatrial.reports.comparison import Comparison
from seatrial.reports.differences import Difference
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


def check_reading(check: Check, currency: str) -> str:
    """What a check saw: `median 12 min [10 min, 14 min]`, `worst 3 documents`."""
    if check.kind == "coverage" or check.value is None:
        return UNMEASURED
    value = amount_text(check.value, check.unit, currency)
    if check.statistic == EVERY_RUN:
        return f"worst {value}"
    plus = "+" if check.kind == "regression" and check.value > 0 else ""
    known = check.low is not None or check.high is not None
    interval = f" {interval_text(check.low, check.high, check.unit, currency)}" if known else ""
    return f"{check.statistic} {plus}{value}{interval}"


def estimate_row(each: Estimate, currency: str) -> tuple[str, ...]:
    """Reading, value, interval, runs, method."""
    value = amount_text(each.value, each.unit, currency)
    never = f", never in {each.never}" if each.never else ""
    unknown = f", unknown in {each.unknown}" if each.unknown else ""
    interval = interval_text(each.low, each.high, each.unit, currency)
    return each.measure, f"{each.statistic} {value}", interval, f"{each.runs}{never}{unknown}", each.method


def difference_row(each: Difference, currency: str) -> tuple[str, ...]:
    """Reading, A, B, change, interval, pairs, judgement."""
    a, b = (amount_text(value, each.unit, currency) for value in (each.a, each.b))
    plus = "+" if each.change is not None and each.change > 0 else ""
    interval = interval_text(each.low, each.high, each.unit, currency)
    said = f"{each.judgement}{f': {each.why}' if each.why else ''}"
    change = plus + amount_text(each.change, each.unit, currency)
    return each.measure, a, b, change, interval, str(each.pairs), said


def method_lines(comparison: Comparison) -> Iterator[str]:
    """How a comparison came about, in sentences."""
    said = sorted({each.method for each in comparison.differences if each.method})
    yield "A and B are medians over the seeds of both sides, the change is B less A over the pairs of one seed"
    if said:
        yield f"interval ({comparison.confidence:.0%}, each on its own) and test: {' · '.join(said)}"
    tested = counted(comparison.tested, "reading")
    yield (
        f"{tested} that differ in any pair were tested together (Benjamini-Hochberg): of what is called better, "
        f"worse or changed, at most {comparison.risk:.0%} is so by chance"
    )
