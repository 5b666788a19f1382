"""A whole suite: scenarios against integrations, by many seeds, on all cores or on a cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path
from time import perf_counter

from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.manifest import store
from seatrial.suite_crew import LOCAL, Crew, Further
from seatrial.suite_job import Done, Job, failed
from seatrial.suite_log import NOT_RUN, STOPPED, SUITE, Entry, Suite, begun, earlier_runs, entry, made, over, resumed
from seatrial.suite_place import Found, look, make_room, mark_crashed, version_here
from seatrial.suite_plan import TIMEOUT, Passage, Plan, check_out, passages, store_first, timeout_of
from seatrial.suite_seeds import seeds_of
from seatrial.suite_watch import Unwatched
from seatrial.voyage import Interrupted

PATIENCE = 0.2
"""Seconds between two looks at the crew when nothing happens."""


def suite(  # noqa: PLR0913 (one argument per option of the command)
    scenarios: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    integrations: Sequence[str] = (),
    seeds: str | int | Iterable[int] = 20,
    jobs: int | None = None,
    settings: Mapping[str, str] | None = None,
    evidence: bool = True,
    pages: bool = False,
    again: bool = False,
    dask: str = "",
    timeout: str = TIMEOUT,
    progress: Callable[[Entry], None] | None = None,
) -> Suite:
    """Run scenarios against integrations by many seeds, each run in a folder `out/<scenario>/<integration>/seed-<n>`.

    `seeds` says how many, from 1, or names them. `jobs` processes make them (None: one for each core), or the workers
    of the Dask cluster at the address `dask` (`local`: one on this machine). A run that takes longer than `timeout` is
    given up as a harness error; `0 s`: none is. Runs that are there already are not made again, unless `again`. Without
    `evidence` only judgement and readings are kept; with `pages` each run has its report page. `progress` is called
    with each run that is over. A program that calls this guards the call with `if __name__ == "__main__":`, since the
    processes import it. Raises BadInput before anything runs, HarnessError where nobody can make the runs, Interrupted.
    """
    names = [scenarios] if isinstance(scenarios, (str, Path)) else list(scenarios)
    workers = jobs_of(jobs, dask)
    chosen = passages(names, integrations, seeds_of(seeds), settings)
    plan = Plan(Path(out), chosen, evidence=evidence, pages=pages, timeout=timeout_of(timeout))
    found = survey(plan)
    watch = Unwatched() if progress is None else _Told(progress)
    done = carry_on(plan, found, lambda runs: crew_of(dask, min(workers, runs)), watch, again=again)
    if done.trouble:
        kept = f"{len(done.runs) - done.counted(NOT_RUN)} of {len(done.runs)} runs are in {out}: call it again to go on"
        raise (Interrupted if done.trouble == STOPPED else HarnessError)(f"{done.trouble} · {kept}")
    return done


def jobs_of(jobs: int | None, dask: str = "") -> int:
    """How many processes to start; raises BadInput for less than one, and where a cluster has its own."""
    if jobs is None:
        return cpu_count() or 1
    if jobs < 1:
        raise BadInput("a suite needs at least one process", value=jobs, where="--jobs", hint="leave it out: all cores")
    if dask not in ("", LOCAL):
        hint = "leave one of them out"
        raise BadInput("a cluster has workers of its own, --jobs counts those of this machine", value=dask, hint=hint)
    return jobs


def crew_of(dask: str, jobs: int) -> Crew:
    """Those who make the runs."""
    if dask:
        from seatrial.suite_dask import DaskCrew  # distributed is slow to import, and need not be installed

        return DaskCrew(dask, jobs)
    from seatrial.suite_local import LocalCrew

    return LocalCrew(jobs)


def survey(plan: Plan) -> list[Found]:
    """What is at the place of each run. Raises BadInput where something is that no suite may touch."""
    check_out(plan.out)
    return [look(plan, each) for each in plan.passages]


def carry_on(
    plan: Plan, found: Sequence[Found], muster: Callable[[int], Crew], watch: Unwatched, *, again: bool = False
) -> Suite:
    """Make what has not been made; whatever ends the suite, its file says how far it came.

    Trouble and an interruption do not raise here: they are in the result, beside the runs that were made before.
    """
    began = perf_counter()
    blank, earlier = [entry(each) for each in plan.passages], earlier_runs(plan.out)
    runs = blank if again else [resumed(*each, earlier) for each in zip(blank, found, strict=True)]
    waiting = deque(number for number, run in enumerate(runs) if not run.resumed)
    with _manned(muster(len(waiting)) if waiting else None) as crew:
        log = begun(plan.out, runs, crew.about if crew else "every run was there already", earlier)
        store_first(log, plan.out / SUITE)
        watch.begin(log)
        book = _Book(plan, runs, watch)
        trouble = "" if crew is None else _trouble(crew, book, waiting)
    book.salvage()
    log = over(log, runs, perf_counter() - began, trouble)
    store(log, plan.out / SUITE)
    watch.end(log)
    return log


@contextmanager
def _manned(crew: Crew | None) -> Iterator[Crew | None]:
    """However it ends: nobody goes on working."""
    try:
        yield crew
    finally:
        if crew is not None:
            crew.stop()


class _Book:
    """Who is under way, and what became of whom."""

    def __init__(self, plan: Plan, runs: list[Entry], watch: Unwatched) -> None:
        self.under_way: set[int] = set()
        self._plan = plan
        self._runs = runs
        self._watch = watch

    def begin(self, number: int) -> tuple[Job, Path]:
        """A run is handed out."""
        passage = self._plan.passages[number]
        folder = self._plan.out / passage.place
        make_room(folder)
        self.under_way.add(number)
        self._watch.started(number, self._runs[number])
        return _job(self._plan, passage), folder

    def further(self, number: int, share: float) -> None:
        """A run has come further."""
        self._watch.further(number, share)

    def end(self, number: int, done: Done) -> None:
        """A run is over."""
        passage = self._plan.passages[number]
        self.under_way.discard(number)
        if not done.digest:
            mark_crashed(self._plan.out / passage.place, passage, done.why)
        self._runs[number] = made(self._runs[number], done)
        self._watch.ended(number, self._runs[number])

    def beat(self) -> None:
        """Time goes by."""
        self._watch.beat()

    def stopping(self) -> None:
        """Somebody wants it to stop."""
        self._watch.stopping()

    def salvage(self) -> None:
        """A run that was at its end when its crew was stopped is there."""
        for number in sorted(self.under_way):
            self._runs[number] = resumed(self._runs[number], look(self._plan, self._plan.passages[number]))


def _trouble(crew: Crew, book: _Book, waiting: deque[int]) -> str:
    """Have all runs made; what ended it before its time, or nothing."""
    try:
        _sail(crew, book, waiting)
    except KeyboardInterrupt:
        book.stopping()
        return STOPPED
    except HarnessError as error:
        for number in sorted(book.under_way):
            book.end(number, failed(str(error)))
        return str(error)
    return ""


def _sail(crew: Crew, book: _Book, waiting: deque[int]) -> None:
    """Hand out runs as long as there are any, and hear what becomes of them."""
    while waiting or book.under_way:
        for _ in range(min(crew.free(), len(waiting))):
            number = waiting.popleft()
            crew.take(number, *book.begin(number))
        for told in crew.news(PATIENCE):
            if isinstance(told, Further):
                book.further(told.number, told.share)
            else:
                book.end(told.number, told.done)
        book.beat()


def _job(plan: Plan, passage: Passage) -> Job:
    return Job(
        loaded=passage.loaded,
        integration=passage.integration,
        seed=passage.seed,
        evidence=plan.evidence,
        pages=plan.pages,
        version=version_here(),
        timeout=plan.timeout,
    )


class _Told(Unwatched):
    """Tells a function of each run that is over."""

    def __init__(self, tell: Callable[[Entry], None]) -> None:
        self._tell = tell

    def ended(self, number: int, run: Entry) -> None:
        """A run is over."""
        self._tell(run)
