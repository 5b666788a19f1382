"""Coherence: whether what a run folder says of its judgement in four places is the same in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial.reports.judge import outcome_of
from seatrial.reports.limits import Limit
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.saved import READINGS, VERDICT, load_readings, load_verdict, note_of
from seatrial.reports.verdict import JudgedLimit, Outcome, Verdict
from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import MANIFEST
from seatrial.sim.runfolder import RunFolder


def kept_verdict(folder: RunFolder) -> Verdict:
    """The verdict that a run folder keeps. Raises BadInput where it cannot be read, or its files contradict it."""
    verdict = load_verdict(folder.path)
    readings = load_readings(folder.path) if (folder.path / READINGS).is_file() else verdict.readings
    wrong = disagreement(folder, verdict, readings)
    if wrong:
        raise BadInput(wrong, hint="it was edited by hand or damaged: run it again")
    return verdict


def disagreement(folder: RunFolder, verdict: Verdict, readings: Sequence[Reading]) -> str:
    """The first contradiction between the files of a run, in words; empty: there is none."""
    return next(_disagreements(folder, verdict, readings), "")


def limit_of(judged: JudgedLimit) -> Limit:
    """The limit that was held against a reading, with its bounds. Raises BadInput where its text is none."""
    known = Definition(name=judged.measure, unit=judged.unit, meaning="")
    return Limit.parse(judged.measure, judged.limit, (known,), standing=judged.standing)


def _disagreements(folder: RunFolder, verdict: Verdict, readings: Sequence[Reading]) -> Iterator[str]:
    about, facts, manifest = folder.about, verdict.facts, folder.manifest
    if (facts.seed, facts.integration) != (about.seed, about.integration):
        yield f"{VERDICT} speaks of seed {facts.seed} and {facts.integration!r}, the run is another"
    if tuple(readings) != verdict.readings:
        yield f"{READINGS} and the readings in {VERDICT} differ"
    if manifest is not None and manifest.verdict is not None and manifest.verdict != note_of(verdict):
        yield f"{VERDICT} and the verdict in {MANIFEST} differ"
    if verdict.outcome is not _follows(verdict):
        yield f"{VERDICT} says {verdict.outcome.value!r}, which its findings do not bear out"
    yield from _of_limits(verdict)


def _follows(verdict: Verdict) -> Outcome:
    """What the findings amount to."""
    if verdict.facts.trouble:
        return Outcome.HARNESS_ERROR
    return outcome_of(verdict.findings) if verdict.facts.complete else Outcome.INCONCLUSIVE


def _of_limits(verdict: Verdict) -> Iterator[str]:
    values = {reading.name: reading.value for reading in verdict.readings}
    broken = {finding.measure for finding in verdict.findings if finding.gravity == "violation"}
    for judged in verdict.limits:
        if judged.measure in values and values[judged.measure] != judged.value:
            yield f"the limit on {judged.measure} was held against {judged.value}, the reading is another"
        if not _stands(judged):
            yield f"the limit {judged.limit!r} on {judged.measure} is called {judged.judgement} at {judged.value}"
        if judged.judgement == "broken" and not broken:
            yield f"the limit on {judged.measure} is broken, and no finding says so"


def _stands(judged: JudgedLimit) -> bool:
    try:
        limit = limit_of(judged)
    except BadInput:
        return False
    if judged.value is None:
        return judged.judgement == ("held" if limit.everything else "open")
    return judged.judgement == ("held" if limit.holds(judged.value) else "broken")
