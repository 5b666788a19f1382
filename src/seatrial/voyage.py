"""The front door: run a scenario in virtual time, judge it, and keep everything in a run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from shlex import quote

import msgspec
import polars as pl

from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge, limits_of
from seatrial.reports.logbook import Logbook
from seatrial.reports.page_run import PageRun
from seatrial.reports.reading import Reading
from seatrial.reports.saved import keep_facts, save
from seatrial.reports.verdict import Verdict
from seatrial.scenarios.embark import Expedition, embark
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.loop import relaxed_gc
from seatrial.sim.manifest import About, Phase
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.waits import after
from seatrial.sim.world import clock_of

PAGE = "report.html"
"""Name of the page in a run folder."""
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


def run(
    scenario: str | Path,
    *,
    seed: int = 1,
    integration: str = "",
    out: str | Path | None = None,
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a scenario in virtual time and judge it.

    `scenario` is a name of the library or a file; `integration` is the scenario's own where it is empty; `out` becomes
    the run folder (none: the run stays in memory); `settings` replace values of the scenario by dotted name.
    The same scenario, seed and version give the same digest. Raises BadInput, HarnessError, Interrupted.
    """
    return sail(load_scenario(scenario, settings), seed=seed, integration=integration, out=out, progress=progress)


def sail(
    loaded: Loaded,
    *,
    seed: int = 1,
    integration: str = "",
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a scenario that is loaded already (see `run`)."""
    name = integration or loaded.scenario.integration
    _check_limits(loaded)
    path = None if out is None else Path(out)
    expedition = embark(loaded, seed, name, lambda env: Evidence(clock_of(env), path))
    # Nothing is written before the voyage begins: a bad scenario leaves no folder behind, and an earlier run in place.
    folder = None if path is None else RunFolder.create(path, about=_about(loaded, seed, name))
    facts = _facts(loaded, expedition, seed, name)
    if folder is not None:
        folder.keep("scenario.yaml", loaded.text)
        keep_facts(facts, folder)
    with _kept(expedition, folder):
        failure = _voyage(expedition, progress)
    return _judged(
        loaded, expedition, msgspec.structs.replace(facts, rules=_covered(facts, expedition)), folder, failure
    )


def rehearse(loaded: Loaded, *, seed: int = 1, integration: str = "") -> None:
    """Raise BadInput for whatever a run would refuse at its start; nothing runs and nothing is written."""
    _check_limits(loaded)
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
    return repr(process.failure) if process.failure else ""


def _watch(expedition: Expedition, progress: Progress) -> None:
    """Tell how far the run is; by a timer, not by a task that would take part in a seeded interleaving."""
    env, total = expedition.world.env, expedition.voyage.chaos + expedition.voyage.calm

    def tell() -> None:
        progress(env.now, total, expedition.shoppers.bought)
        after(env, total / _TICKS, tell)

    after(env, 0.0, tell)


@contextmanager
def _kept(expedition: Expedition, folder: RunFolder | None) -> Iterator[None]:
    """Whatever ends the run: what was recorded reaches the disk."""
    try:
        yield
    except KeyboardInterrupt:
        expedition.world.evidence.close()
        at = f"{expedition.world.env.now / 86_400:.2f} days into the run"
        kept = f" · what happened until then is in {folder.path}: seatrial show {folder.path}" if folder else ""
        raise Interrupted(f"stopped {at}{kept}") from None
    except Exception:
        expedition.world.evidence.close()
        raise
    expedition.world.evidence.close()


def _judged(loaded: Loaded, expedition: Expedition, facts: Facts, folder: RunFolder | None, failure: str) -> Run:
    evidence = expedition.world.evidence
    digest, rows = evidence.digest(), evidence.rows_written
    if folder is not None:
        folder = folder.finish(rows=rows, parts=evidence.parts_written, digest=digest, phases=facts.phases)
    log = Logbook(folder.scan() if folder else evidence.scan())
    verdict = judge(log, facts, loaded.scenario.expect)
    if folder is not None:
        folder = save(verdict, folder)
    return Run(loaded, verdict, log, digest, rows, folder, failure, expedition.season.notes)


def _check_limits(loaded: Loaded) -> None:
    """Limits are checked before the run, one by one, so that an error names its line."""
    for name, text in loaded.scenario.expect.items():
        try:
            limits_of({name: text})
        except BadInput as error:
            place = loaded.document.where(f"$.expect.{name}")
            where = f"{place}: {error.where}" if error.where else place
            raise type(error)(error.what, value=error.value, known=error.known, hint=error.hint, where=where) from error


def _about(loaded: Loaded, seed: int, integration: str) -> About:
    return About(
        scenario=loaded.scenario.name,
        scenario_digest=loaded.digest,
        seed=seed,
        integration=integration,
        started=_started(loaded),
        settings=dict(loaded.settings),
    )


def _facts(loaded: Loaded, expedition: Expedition, seed: int, integration: str) -> Facts:
    scenario, voyage = loaded.scenario, expedition.voyage
    rules = tuple(
        RuleFacts(name=rule.name, fault=fault, at=rule.at, begin=float(rule.start), end=float(rule.stop))
        for rule, fault in zip(expedition.rules, (spec.fault for spec in scenario.faults), strict=True)
    )
    changes = "".join(f" --set {quote(f'{name}={value}')}" for name, value in loaded.settings.items())
    source = loaded.document.source
    written = scenario.name if "seatrial/scenarios/library" in source.replace("\\", "/") else source
    return Facts(
        scenario=written,
        seed=seed,
        integration=integration,
        started=_started(loaded),
        duration=voyage.chaos + voyage.calm,
        phases=(Phase("chaos", 0.0, voyage.chaos), Phase("calm", voyage.chaos, voyage.chaos + voyage.calm)),
        rules=rules,
        currency=expedition.season.assortment.currency,
        grace=float(scenario.grace),
        minutes=scenario.minutes_per_exception,
        replay="seatrial run {scenario} --seed {seed} --integration {integration}" + changes,
    )


def _covered(facts: Facts, expedition: Expedition) -> tuple[RuleFacts, ...]:
    matched = {each.rule: each.matched for each in expedition.world.rulebook.coverage}
    return tuple(msgspec.structs.replace(rule, matched=matched.get(rule.name, 0)) for rule in facts.rules)


def _started(loaded: Loaded) -> str:
    start = loaded.scenario.start
    return start.replace(tzinfo=start.tzinfo or UTC).isoformat()
