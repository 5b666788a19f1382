"""A comparison as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.reports.comparison import Comparison
from seatrial.reports.comparison_view import TITLES, View, views
from seatrial.reports.interval_words import method_lines
from seatrial.reports.markdown_words import escape, table


def comparison_markdown(comparison: Comparison, *, everything: bool = False) -> str:
    """Tables, one for each scenario: what is worse and better first."""
    return "\n".join(_lines(comparison, everything=everything)) + "\n"


def _lines(comparison: Comparison, *, everything: bool) -> Iterator[str]:
    yield f"## {escape(comparison.b)} against {escape(comparison.a)}"
    for view in views(comparison, everything=everything):
        yield from _of_scenario(view, comparison)
    yield ""
    yield from (f"- {escape(text)}" for text in (*comparison.notes, *method_lines(comparison)))


def _of_scenario(view: View, comparison: Comparison) -> Iterator[str]:
    sides = {"A": f"A: {escape(comparison.a)}", "B": f"B: {escape(comparison.b)}"}
    titles = ("", *(sides.get(title, title) for title in TITLES))
    rows = [
        (judgement, *row.cells(comparison.currency, view.pairs)) for judgement, found in view.groups for row in found
    ]
    yield from ("", f"### {escape(view.scenario)}", "", escape(view.sum), "", *table(titles, rows))
    if view.hidden:
        yield from ("", escape(view.hidden))
