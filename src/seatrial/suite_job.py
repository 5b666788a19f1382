"""One run of a suite, as whoever makes it gets it and tells of it: in this process, in another, on another machine."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import msgspec

from seatrial.reports.verdict import Outcome
from seatrial.scenarios.loader import Loaded
from seatrial.sim.errors import HarnessError, SeatrialError
from seatrial.sim.units import short_duration
from seatrial.suite_place import version_here
from seatrial.voyage import PAGE, Progress, Run, page_of, sail


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run to make; everything that it needs travels with it."""

    loaded: Loaded
    """The scenario."""
    integration: str
    """Name of the integration under test."""
    seed: int
    """Seed of all chance."""
    evidence: bool = True
    """Whether the rows are kept after the judgement."""
    pages: bool = False
    """Whether it gets a report page."""
    version: str = ""
    """Version of Seatrial that has to make it; empty: any."""
    timeout: float = 0.0
    """Real seconds after which it is given up; 0: never."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run."""

    outcome: Outcome
    """The word of its verdict; harness error: it says nothing about the integration under test."""
    digest: str = ""
    """Identity of the run."""
    rows: int = 0
    """Rows of evidence."""
    findings: tuple[str, ...] = ()
    """Codes of what is wrong, the gravest first."""
    why: str = ""
    """The first reason of the verdict, or what went wrong in the harness."""
    raised: str = ""
    """The first that its code raised and nobody took care of; empty: nothing."""
    seconds: float = 0.0
    """Real seconds that it took."""


def carry_out(job: Job, folder: Path, progress: Progress | None = None) -> Done:
    """Make the run. Whatever goes wrong is a harness error of this run and of no other."""
    began = perf_counter()
    try:
        run = _made(job, folder, progress)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (the suite goes on, whatever it was)
        return failed(_told(error), perf_counter() - began)
    verdict = run.verdict
    return Done(
        outcome=verdict.outcome,
        digest=run.digest,
        rows=run.rows,
        findings=tuple(each.code for each in verdict.findings if each.gravity != "remark"),
        why=next(iter(verdict.reasons), ""),
        raised=next(iter(verdict.facts.mishaps), ""),
        seconds=perf_counter() - began,
    )


def overdue(job: Job) -> Done:
    """A run that was given up because it did not come to its end."""
    limit = short_duration(job.timeout)
    what = f"the run was not over after {limit} and was given up"
    return failed(f"{what} · does it hang, or is it long? --timeout allows more", job.timeout)


def failed(why: str, seconds: float = 0.0) -> Done:
    """A run that could not be made."""
    return Done(outcome=Outcome.HARNESS_ERROR, why=why, seconds=seconds)


def _made(job: Job, folder: Path, progress: Progress | None) -> Run:
    if job.version and job.version != version_here():
        what = f"the suite is of Seatrial {job.version}, this worker has {version_here()}"
        raise HarnessError(f"{what} · install the same version on every worker")
    run = sail(job.loaded, seed=job.seed, integration=job.integration, out=folder, progress=progress)
    if run.folder is not None:
        if job.pages:
            run.folder.keep(PAGE, page_of([run]))
        if not job.evidence:
            run.folder.drop_evidence()
    return run


def _told(error: BaseException) -> str:
    if isinstance(error, SeatrialError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
