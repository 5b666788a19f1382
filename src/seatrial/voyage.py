"""The front door: run a scenario in virtual time, judge it, and keep everything in a run folder."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

from seatrial.guest_code import code_under_test
from seatrial.mocks.guests.entry import Under, entry_of, is_entry, name_of
from seatrial.mocks.guests.mishaps import Mishap, Returned, place_of
from seatrial.own_process import refuse_elsewhere
from seatrial.own_thread import apart
from seatrial.replaying import Replayed, check_fits, recorded, replayed_of, replaying
from seatrial.reports.facts import Facts
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.page_run import PageRun
from seatrial.reports.page_words import clipped
from seatrial.reports.reading import Reading
from seatrial.reports.saved import keep_facts, save
from seatrial.reports.verdict import Verdict
from seatrial.run_facts import about_of, check_limits, covered, facts_of
from seatrial.scenarios.embark import Expedition, embark
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.sim.decisions import Decisions, Replay, read_decisions
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.glances import glance
from seatrial.sim.lastwords import said
from seatrial.sim.loop import relaxed_gc
from seatrial.sim.manifest import About
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.world import clock_of
from seatrial.twice import Again, check_same

PAGE = "report.html"
"""Name of the page in a run folder."""
_SAID = 300  # letters that are kept of each mishap
_TICKS = 200  # progress reports in a run
Progress = Callable[[float, float, int], None]
"""Called with the seconds of the run done and in all, and the orders so far."""


class Interrupted(HarnessError):
    """The run was stopped from outside. What was written is kept and can be read."""


@dataclass(frozen=True)
class Run:
    """A finished run: what happened and what it amounts to."""

    loaded: Loaded = field(repr=False)
    """The scenario as it was run."""
    verdict: Verdict = field(repr=False)
    """The judgement."""
    log: Logbook = field(repr=False)
    """The evidence, as the measures read it."""
    digest: str
    """SHA-256 over the evidence: the identity of the run."""
    rows: int
    """Rows of evidence."""
    folder: RunFolder | None = field(default=None, repr=False)
    """The run folder; None: the run was kept in memory."""
    failure: str = ""
    """How the integration under test died by itself; empty: it did not."""
    notes: tuple[str, ...] = ()
    """What was left out of the demand or put right."""
    remarks: tuple[str, ...] = ()
    """What was written out in the demand and did not come about."""
    mishaps: tuple[Mishap, ...] = ()
    """What the integration's own code raised and nobody took care of, where it is code of yours."""
    replayed: Replayed | None = field(default=None, repr=False)
    """What became of the decisions that were to be made again; None: the run was no replay."""

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every reading of every measure, by name."""
        return self.verdict.readings

    @property
    def evidence(self) -> pl.DataFrame:
        """Every row of evidence."""
        return self.log.rows.collect()

    def reading(self, name: str) -> Reading:
        """One reading. Raises BadInput for a name that no measure gave."""
        found = self.verdict.reading(name)
        if found is None:
            raise BadInput("no such reading", value=name, known=[each.name for each in self.readings])
        return found

    @property
    def on_page(self) -> PageRun:
        """The run as the report page takes it."""
        about = self.folder.about if self.folder else About()
        return PageRun(
            verdict=self.verdict,
            log=self.log,
            question=self.loaded.scenario.asks,
            digest=self.digest,
            rows=self.rows,
            versions=about.versions,
        )


def run(  # noqa: PLR0913 (one argument per option of the command)
    scenario: str | Path,
    *,
    seed: int = 1,
    integration: Under = "",
    out: str | Path | None = None,
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    replay: str | Path | None = None,
    twice: bool | None = None,
) -> Run:
    """Run a scenario in virtual time and judge it.

    `scenario` is a name of the library or a file; `integration` is a reference, or code of yours: a function or its
    `package.module:function` (see `docs/your-code.md`), or the scenario's own where it is empty; `out` becomes the run
    folder (none: the run stays in memory); `settings` replace values of the scenario by dotted name.
    `replay` is a run folder whose faults strike the same calls again, in place of dice and windows. The same scenario,
    seed and version give the same digest; with `twice`, which is the default for code of yours, that is proved by a
    second voyage in another process. In a notebook it runs in a thread of its own, for there a loop runs already.
    Raises BadInput, HarnessError, Interrupted; Diverged where the second voyage is another.
    """
    refuse_elsewhere()
    loaded, decisions = load_scenario(scenario, settings), None if replay is None else read_decisions(replay)
    sailing = partial(sail, loaded, seed=seed, integration=integration, out=out, progress=progress)
    return apart(lambda: sailing(replay=decisions, twice=twice))


def sail(  # noqa: PLR0913 (one argument per option of the command)
    loaded: Loaded,
    *,
    seed: int = 1,
    integration: Under = "",
    out: str | Path | None = None,
    progress: Progress | None = None,
    replay: Decisions | None = None,
    twice: bool | None = False,
) -> Run:
    """Run a scenario that is loaded already (see `run`); once, if it is not asked for otherwise."""
    done = _sail(loaded, seed, integration, out, progress, replay)
    under = integration or loaded.scenario.integration
    if replay is None and (is_entry(under) if twice is None else twice):
        again = entry_of(under).again if is_entry(under) else name_of(under)
        asked = Again(loaded.text, loaded.document.source, seed, again)
        with _after_the_run(done.folder, "the proof that it does the same again"):
            check_same(done.evidence, asked, lambda: _sail(loaded, seed, integration, None, None, None).evidence)
    return done


def _sail(
    loaded: Loaded,
    seed: int,
    integration: Under,
    out: str | Path | None,
    progress: Progress | None,
    replay: Decisions | None,
) -> Run:
    under = integration or loaded.scenario.integration
    name = name_of(under)
    check_limits(loaded)
    if replay is not None:
        check_fits(replay, loaded, seed)
    path = None if out is None else Path(out)
    kept_in = path and path.absolute()  # code under test may go to another directory
    expedition = embark(loaded, seed, under, lambda env: Evidence(clock_of(env), kept_in))
    # Nothing is written before the voyage begins: a bad scenario leaves no folder behind, and an earlier run in place.
    folder = (
        None if path is None else RunFolder.create(path, about=about_of(loaded, seed, name, code_under_test(under)))
    )
    facts = facts_of(loaded, expedition, seed, name)
    rulebook, following = expedition.world.rulebook, None if replay is None else Replay(replay)
    if following is not None:
        rulebook.follow(following)
        facts = replaying(facts, following.decisions)
    if folder is not None:
        folder.keep("scenario.yaml", loaded.text)
        keep_facts(facts, folder)
    with kept(expedition, folder), recorded(rulebook, folder):
        failure = _voyage(expedition, progress)
    facts = msgspec.structs.replace(facts, rules=covered(facts, expedition), died=failure)
    with _after_the_run(folder, "its verdict"):
        done = judged(loaded, expedition, facts, folder, failure)
    return (
        done if following is None else replace(done, replayed=replayed_of(following.decisions, following.left, loaded))
    )


def rehearse(loaded: Loaded, *, seed: int = 1, integration: Under = "") -> None:
    """Raise BadInput for whatever a run would refuse at its start; nothing runs and nothing is written."""
    check_limits(loaded)
    embark(loaded, seed, integration or loaded.scenario.integration, lambda env: Evidence(lambda: env.now))


def page_of(runs: Sequence[Run]) -> str:
    """The report page of one run, or of several side by side, as text."""
    from seatrial.reports.page import page  # matplotlib is slow to import

    return page([each.on_page for each in runs])


def write_report(path: str | Path, runs: Sequence[Run]) -> Path:
    """Write the report page of one run, or of several side by side."""
    from seatrial.reports.page import write_page

    return write_page(path, [each.on_page for each in runs])


def _voyage(expedition: Expedition, progress: Progress | None) -> str:
    if progress is not None:
        _watch(expedition, progress)
    with relaxed_gc():
        process = expedition.world.run(expedition.factory, expedition.voyage)
    return died_of(process.failure, expedition)


def died_of(failure: BaseException | None, expedition: Expedition) -> str:
    """How an integration ended by itself, in words; empty: it did not."""
    if failure is None:
        return ""
    if isinstance(failure, Returned):
        return str(failure)
    how = "it was cancelled by its own code, or awaited what was: " if isinstance(failure, CancelledError) else ""
    place = place_of(failure, expedition.habitat.called if expedition.habitat is not None else "")
    return how + said(failure) + (f" at {place}" if place else "")


def _watch(expedition: Expedition, progress: Progress) -> None:
    """Tell how far the run is; by a glance, which takes no part in a seeded interleaving."""
    env, total = expedition.world.env, expedition.voyage.chaos + expedition.voyage.calm

    def tell() -> None:
        progress(env.now, total, expedition.shoppers.bought)
        glance(env, total / _TICKS, tell)

    glance(env, 0.0, tell)


@contextmanager
def kept(expedition: Expedition, folder: RunFolder | None) -> Iterator[None]:
    """Whatever ends the run: what was recorded reaches the disk."""
    try:
        yield
    except KeyboardInterrupt:
        expedition.world.evidence.close()
        at = f"{expedition.world.env.now / 86_400:.2f} days into the run"
        kept = f" · what happened until then is in {folder.path}: seatrial show {folder.path}" if folder else ""
        raise Interrupted(f"stopped {at}{kept}") from None
    except BaseException:
        expedition.world.evidence.close()
        raise
    expedition.world.evidence.close()


@contextmanager
def _after_the_run(folder: RunFolder | None, what: str) -> Iterator[None]:
    """Who stops it now does not stop the run, but what comes after it."""
    try:
        yield
    except KeyboardInterrupt:
        kept = f" · seatrial show {folder.path}" if folder else ""
        raise Interrupted(f"stopped after the run, before {what}{kept}") from None


def judged(loaded: Loaded, expedition: Expedition, facts: Facts, folder: RunFolder | None, failure: str) -> Run:
    """Judge what was recorded and write the last word of the run folder, if there is one."""
    evidence = expedition.world.evidence
    mishaps = expedition.habitat.mishaps if expedition.habitat is not None else ()
    facts = msgspec.structs.replace(facts, mishaps=tuple(clipped(str(each), _SAID) for each in mishaps))
    digest, rows = evidence.digest(), evidence.rows_written
    if folder is not None:
        folder = folder.finish(rows=rows, parts=evidence.parts_written, digest=digest, phases=facts.phases)
    log = Logbook(folder.scan() if folder else evidence.scan())
    verdict = judge(log, facts, loaded.scenario.expect)
    if folder is not None:
        folder = save(verdict, folder)
    notes, remarks = expedition.season.notes, expedition.remarks
    return Run(loaded, verdict, log, digest, rows, folder, failure, notes, remarks, mishaps)
