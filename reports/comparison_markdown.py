"""A comparison as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial.reports.comparison import Comparison
from seatrial.reports.differences import Difference
from seatrial.reports.estimates import PASSED
from seatrial.reports.interval_words import difference_row, method_lines
from seatrial.reports.markdown_words import escape, table
from seatrial.reports.page_words import listed
from seatrial.reports.saved import HEADLINES


def comparison_markdown(comparison: Comparison, *, everything: bool = False) -> str:
    """Tables, one for each scenario."""
    return "\n".join(_lines(comparison, everything=everything)) + "\n"


def worth_showing(comparison: Comparison, *, everything: bool = False) -> tuple[Difference, ...]:
    """What is better or worse, and the headlines; or everything."""
    found, names = comparison.differences, (PASSED, *HEADLINES)
    return tuple(each for each in found if everything or each.judgement in ("better", "worse") or each.measure in names)


def hidden(comparison: Comparison, shown: Sequence[Difference]) -> str:
    """What is not shown, in words; empty: nothing."""
    rest = [each.judgement for each in comparison.differences if each not in shown]
    said = [f"{rest.count(word)} {word}" for word in ("changed", "undecided", "equal") if word in rest]
    return f"not shown: {listed(said)}" if said else ""


def _lines(comparison: Comparison, *, everything: bool) -> Iterator[str]:
    shown = worth_showing(comparison, everything=everything)
    yield f"## {escape(comparison.b)} against {escape(comparison.a)}"
    for scenario in dict.fromkeys(each.scenario for each in shown):
        rows = [difference_row(each, comparison.currency) for each in shown if each.scenario == scenario]
        titles = (
            "reading",
            f"A: {escape(comparison.a)}",
            f"B: {escape(comparison.b)}",
            "change",
            "interval",
            "pairs",
            "",
        )
        yield from ("", f"### {escape(scenario)}", "", *table(titles, rows))
    said = [hidden(comparison, shown), *comparison.notes, *method_lines(comparison)]
    yield ""
    yield from (f"- {escape(text)}" for text in said if text)
