"""Detection: from readings, limits and rules to findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

import msgspec

from seatrial.reports.chains import Question, chains
from seatrial.reports.documents import FLOW
from seatrial.reports.facts import Facts
from seatrial.reports.findings import FIRST_KEYS, Finding, Gravity
from seatrial.reports.logbook import Logbook
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.verdict import JudgedLimit, RuleCoverage

Known = Sequence[Definition]
_PLACES = {document: place for place, document in enumerate(FLOW)}
_GRAVEST = ("violation", "doubt", "remark")


def find(
    readings: Sequence[Reading], known: Known, limits: Sequence[JudgedLimit], rules: Sequence[RuleCoverage]
) -> tuple[Finding, ...]:
    """All findings, still without witnesses, the gravest first."""
    broken = {limit.measure for limit in limits if limit.judgement == "broken"}
    shown = [finding for reading in readings for finding in _of_reading(reading, known, broken)]
    explained = _explained(shown, known)
    bare = (_of_limit(limit, readings) for limit in limits if limit.measure not in explained)
    doubts = [*(finding for finding in bare if finding is not None), *_of_rules(rules), *_of_silence(readings)]
    return tuple(sorted([*shown, *doubts], key=lambda finding: _GRAVEST.index(finding.gravity)))


def by_harm(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, and of these what did the most harm, of equal harm what is earlier in the flow and brings
    about the others; what only says that a limit is broken comes last.
    """
    return sorted(
        findings,
        key=lambda each: (
            _GRAVEST.index(each.gravity), each.code.startswith("LIMIT_"), not isfinite(each.count), -each.count,
            _PLACES.get(each.measure.rpartition(".")[2], len(_PLACES)),
        ),
    )  # fmt: skip


def with_witnesses(findings: Iterable[Finding], known: Known, log: Logbook, facts: Facts) -> tuple[Finding, ...]:
    """The same findings, each with the chain that shows its first key, if it has none yet, and the command that replays
    the run.
    """
    found = tuple(findings)
    questions = [_question(finding, known) for finding in found]
    shown = chains(log, (question for question in questions if question is not None), facts)
    replay = facts.command()
    chain = [shown.get(question, ()) if question else () for question in questions]
    return tuple(
        msgspec.structs.replace(finding, witness=finding.witness or rows, replay=replay)
        for finding, rows in zip(found, chain, strict=True)
    )


def definition_of(name: str, known: Known) -> Definition | None:
    """The definition of a reading: its own name before a pattern."""
    exact = next((each for each in known if each.name == name), None)
    return exact or next((each for each in known if each.covers(name)), None)


def _of_reading(reading: Reading, known: Known, broken: set[str]) -> Iterator[Finding]:
    defined = definition_of(reading.name, known)
    if defined is None or not defined.code or reading.value is None or reading.value <= defined.above:
        return
    gravity: Gravity = "violation" if broken & {reading.name, defined.part_of} else "remark"
    keys = reading.keys or ((defined.part(reading.name),) if defined.subject == "rule" else ())
    yield Finding(
        code=defined.code,
        title=defined.title,
        gravity=gravity,
        measure=reading.name,
        count=reading.value,
        keys=keys[:FIRST_KEYS],
    )


def _explained(findings: Sequence[Finding], known: Known) -> set[str]:
    """Readings that a violation stands for: its own, and the sum that it is part of."""
    violations = [finding.measure for finding in findings if finding.gravity == "violation"]
    sums = (definition_of(name, known) for name in violations)
    return {*violations, *(defined.part_of for defined in sums if defined is not None)}


def _of_limit(limit: JudgedLimit, readings: Sequence[Reading]) -> Finding | None:
    if limit.judgement == "held":
        return None
    reading = next((each for each in readings if each.name == limit.measure), None)
    keys = reading.keys if reading else ()
    if limit.judgement == "open":
        title = f"{limit.measure} could not be held against '{limit.limit}': {limit.why}"
        return Finding(code="NOT_MEASURED", title=title, gravity="doubt", measure=limit.measure, keys=keys)
    return Finding(
        code="LIMIT_" + limit.measure.replace(".", "_").upper(),
        title=f"{limit.measure} is outside its limit '{limit.limit}'",
        gravity="violation",
        measure=limit.measure,
        count=limit.value or 0.0,
        keys=keys,
    )


def _of_rules(rules: Sequence[RuleCoverage]) -> Iterator[Finding]:
    for rule in rules:
        if not rule.fired:
            seen = "no call came its way" if rule.matched == 0 else "its turn never came"
            title = f"fault rule {rule.rule!r} never fired: {seen}"
            yield Finding(code="RULE_NEVER_FIRED", title=title, gravity="doubt", keys=(rule.rule,))
        elif not rule.mattered:
            title = f"fault rule {rule.rule!r} fired {rule.fired} times and nobody noticed"
            yield Finding(code="RULE_NEVER_MATTERED", title=title, gravity="remark", keys=(rule.rule,))


def _of_silence(readings: Sequence[Reading]) -> Iterator[Finding]:
    placed = next((reading for reading in readings if reading.name == "orders.placed"), None)
    if placed is not None and not placed.value:
        title = "no order was placed: the run says nothing about the integration"
        yield Finding(code="NOTHING_HAPPENED", title=title, gravity="doubt", measure=placed.name, count=0.0)


def _question(finding: Finding, known: Known) -> Question | None:
    if not finding.keys:
        return None
    if finding.code.startswith("RULE_"):
        return Question("rule", "", finding.keys[0])
    defined = definition_of(finding.measure, known)
    if defined is None or finding.code == "NOT_MEASURED":
        return None
    return Question(defined.subject, defined.document, finding.keys[0])
