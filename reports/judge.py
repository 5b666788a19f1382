"""The judge: reads every measure, holds limits against the readings, and says what the run amounts to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from seatrial.reports.chains import last_moments
from seatrial.reports.detection import by_harm, find, with_witnesses
from seatrial.reports.facts import Facts
from seatrial.reports.findings import DIED, Finding
from seatrial.reports.limitcheck import STANDING, check
from seatrial.reports.limits import Limit, parse_limits
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.verdict import Outcome, Verdict
from seatrial.reports.windows import coverage
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import HarnessError

NOTHING_EXPECTED: Mapping[str, object] = {}
_SAID = 8
"""Reasons that a verdict gives at most."""


def measures() -> tuple[Measure, ...]:
    """One of every measure in the catalogue, by name."""
    catalogue = Catalogue("measures")
    kinds = [catalogue.get(name) for name in catalogue.names()]
    stray = next((kind for kind in kinds if not issubclass(kind, Measure)), None)
    if stray is not None:
        raise HarnessError(
            f"{stray.__module__}.{stray.__name__} is no Measure · derive it from seatrial.reports.measure"
        )
    return tuple(kind() for kind in kinds)


def definitions() -> tuple[Definition, ...]:
    """Every reading that any measure can give."""
    return tuple(defined for measure in measures() for defined in measure.defines)


def limits_of(expected: Mapping[str, object]) -> tuple[Limit, ...]:
    """The limits of a scenario, and after them those that stand in every one, unless it names them itself.

    Raises UnknownName for a measure that nobody defines, BadInput for a limit that is none: call it before the run.
    """
    known = definitions()
    standing = [name for name in STANDING if name not in expected]
    own = parse_limits(expected, known)
    return own + tuple(Limit.parse(name, STANDING[name], known, standing=True) for name in standing)


def read_all(log: Logbook, facts: Facts) -> tuple[Reading, ...]:
    """Every reading of every measure, by name."""
    return tuple(sorted(_readings(log, facts), key=lambda reading: reading.name))


def judge(
    evidence: Logbook | pl.DataFrame | pl.LazyFrame, facts: Facts, expected: Mapping[str, object] = NOTHING_EXPECTED
) -> Verdict:
    """The verdict on a run. `expected` are the limits of its scenario as they were written.

    A run that was stopped is inconclusive whatever its readings say: what is missing may still have come, and what
    is wrong may still have been mended.
    """
    limits = limits_of(expected)
    if facts.trouble:
        return Verdict(outcome=Outcome.HARNESS_ERROR, reasons=(facts.trouble,), facts=facts)
    log = evidence if isinstance(evidence, Logbook) else Logbook(evidence)
    readings = read_all(log, facts)
    judged = check(limits, readings)
    rules = coverage(log, facts)
    known = definitions()
    harm = by_harm(find(readings, known, judged, rules))
    findings = with_witnesses((*_ends(log, facts), *harm), known, log, facts)
    return Verdict(
        outcome=outcome_of(findings) if facts.complete and not facts.unjudged else Outcome.INCONCLUSIVE,
        reasons=_reasons(findings),
        facts=facts,
        limits=judged,
        findings=findings,
        coverage=rules,
        readings=readings,
    )


def outcome_of(findings: Sequence[Finding]) -> Outcome:
    """Violated by any violation, else inconclusive by any doubt, else passed."""
    gravities = {finding.gravity for finding in findings}
    if "violation" in gravities:
        return Outcome.VIOLATED
    return Outcome.INCONCLUSIVE if "doubt" in gravities else Outcome.PASSED


def _readings(log: Logbook, facts: Facts) -> Iterator[Reading]:
    for measure in measures():
        yield from measure.read(log, facts)


def _ends(log: Logbook, facts: Facts) -> Iterator[Finding]:
    """What is wrong with how it ended, whatever the evidence says."""
    if facts.died:
        title = f"the integration ended by itself: {facts.died}"
        yield Finding(code=DIED, title=title, gravity="violation", witness=last_moments(log, facts.currency))
    if facts.unjudged:
        title = "partners were up for development by hand: there is no integration to judge"
        yield Finding(code="NOBODY_JUDGED", title=title, gravity="doubt")
    if facts.lost:
        title = f"evidence was lost since the run was made: {facts.lost}"
        yield Finding(code="EVIDENCE_LOST", title=title, gravity="doubt")
    elif not facts.complete:
        title = "the run was stopped before its end: what is missing may still have come"
        yield Finding(code="RUN_INCOMPLETE", title=title, gravity="doubt")


def _reasons(findings: Sequence[Finding]) -> tuple[str, ...]:
    grave = [finding for finding in findings if finding.gravity != "remark"]
    grave.sort(key=lambda finding: finding.gravity != "violation")
    more = (f"and {len(grave) - _SAID} more",) if len(grave) > _SAID else ()
    return (*(_reason(finding) for finding in grave[:_SAID]), *more)


def _reason(finding: Finding) -> str:
    if finding.gravity == "doubt":
        return finding.title
    keys = f", first {finding.keys[0]}" if finding.keys else ""
    return f"{finding.code}: {finding.title} ({finding.count:,.6g}{keys})"
