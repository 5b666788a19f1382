"""What runs leave broken behind, and what one run spares against another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from seatrial.reports.facts import Facts
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import amount_text, effort_text, listed
from seatrial.reports.reading import Reading, Unit
from seatrial.reports.verdict import Verdict

_DAMAGE: Final = (
    ("duplicates.total", "duplicate document", "duplicate documents"),
    ("lost.total", "lost document", "lost documents"),
    ("oversold.units", "unit oversold", "units oversold"),
    ("drift.erp.left", "unit adrift in the ERP", "units adrift in the ERP"),
    ("money.at_risk", "at risk", "at risk"),
)

_WAIVED: Final = "any"


def deck(runs: Sequence[PageRun]) -> str:
    """Several runs in one sentence: what one spares against the other, or what each left; empty for a single run."""
    same = len({(run.facts.scenario, run.facts.seed) for run in runs}) == 1
    if len(runs) < 2:
        return ""
    if len(runs) == 2 and same and all(run.verdict.readings for run in runs):
        return _difference(*sorted(runs, key=lambda run: len(damage(run.verdict))))
    return "; ".join(f"{run.name} {_left(run.verdict)}" for run in runs) + "."


def _difference(better: PageRun, worse: PageRun) -> str:
    gains: list[str] = []
    costs: list[str] = []
    for name, one, many in (*_DAMAGE, ("manual_effort.total", "of manual work", "of manual work")):
        mine, other = better.verdict.reading(name), worse.verdict.reading(name)
        if mine is None or other is None or mine.value is None or other.value is None:
            continue
        gap = other.value - mine.value
        if gap:
            (gains if gap > 0 else costs).append(_damage_text(mine, abs(gap), one, many, better.facts))
    if not gains and not costs:
        return f"With the same trade and the same faults {better.name} and {worse.name} end alike."
    spares = f"{better.name} spares {listed(gains)}" if gains else f"{better.name} spares nothing"
    price = f", and costs {listed(costs)}" if costs else ""
    return f"With the same trade and the same faults {spares} against {worse.name}{price}."


def _left(verdict: Verdict) -> str:
    if not verdict.readings:
        return "could not be judged"
    return f"left {listed(list(damage(verdict))) or 'nothing wrong'} behind"


def damage(verdict: Verdict) -> tuple[str, ...]:
    """What is left broken at the end of a run, in words."""
    known = [(_owed_for(verdict, name), one, many) for name, one, many in _DAMAGE]
    return tuple(
        _damage_text(found, found.value, one, many, verdict.facts)
        for found, one, many in known
        if found and found.value
    )


def _owed_for(verdict: Verdict, name: str) -> Reading | None:
    """A reading; of a sum that the scenario waives (`lost.total: any`) only the parts that break their own limits."""
    found = verdict.reading(name)
    if found is None or not any(limit.measure == name and limit.limit == _WAIVED for limit in verdict.limits):
        return found
    family = name.partition(".")[0] + "."
    parts = [limit for limit in verdict.limits if limit.judgement == "broken" and limit.measure.startswith(family)]
    return msgspec.structs.replace(found, value=float(sum(limit.value or 0.0 for limit in parts)))


def _damage_text(reading: Reading, value: float, one: str, many: str, facts: Facts) -> str:
    number = effort_text(value) if reading.unit == "min" else amount_text(value, _unit(reading), facts.currency)
    return f"{number} {one if value == 1 else many}"


def _unit(reading: Reading) -> Unit:
    return "money" if reading.unit == "money" else ""
