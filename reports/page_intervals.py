"""Intervals in words: between what and what a reading lies over the seeds, and whether that crosses a limit."""

from __future__ import annotations

from seatrial.reports.estimates import Estimate
from seatrial.reports.interval_words import interval_text
from seatrial.reports.limits import Limit
from seatrial.reports.page_meanings import known_definitions
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text, counted, share_text
from seatrial.sim.errors import BadInput


def over_seeds(run: PageRun, name: str) -> str:
    """`median 5 documents [3, 12 documents], 95 % interval of 20 seeds`; empty where nothing is known of more seeds."""
    known = run.estimates.get(name)
    if known is None:
        return ""
    value = amount_text(known.value, known.unit, run.facts.currency)
    seeds = counted(known.runs, "seed")
    if known.low is None and known.high is None:
        return f"{known.statistic} {value} of {seeds}: too few for an interval"
    between = interval_text(known.low, known.high, known.unit, run.facts.currency)
    return f"{known.statistic} {value} {between}, {share_text(known.confidence)} interval of {seeds}"


def crosses(known: Estimate | None, measure: str, limit: str) -> bool:
    """Whether one end of an interval keeps a limit and the other does not: then the limit is not decided."""
    if known is None or known.low is None or known.high is None:
        return False
    try:
        bounds = Limit.parse(measure, limit, known_definitions())
    except BadInput:
        return False  # a limit on a measure that is not installed here
    return bounds.holds(known.low) != bounds.holds(known.high)
