"""Runs of many seeds, made up in memory or written as small folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from seatrial.reports import saved
from seatrial.reports.detection import find
from seatrial.reports.facts import Facts
from seatrial.reports.fleet import FinishedRun
from seatrial.reports.judge import judge, outcome_of
from seatrial.reports.limitcheck import check
from seatrial.reports.limits import parse_limits
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.verdict import RuleCoverage, Verdict
from seatrial.sim.evidence import Evidence
from seatrial.sim.manifest import About, Phase
from seatrial.sim.runfolder import RunFolder

KNOWN = (
    Definition(name="duplicates.total", unit="documents", better="lower", meaning="too many"),
    Definition(name="recovery.max", unit="s", better="lower", meaning="how long"),
    Definition(name="wait.p95", unit="s", better="lower", meaning="how long"),
    Definition(name="orders.placed", unit="orders", meaning="how many"),
    Definition(name="orders.completed_share", unit="share", better="higher", meaning="how many"),
)
Made = Callable[..., FinishedRun]
Written = Callable[..., Path]


def made_run(
    seed: int,
    readings: Mapping[str, float | None],
    limits: Mapping[str, object] | None = None,
    *,
    fired: Sequence[bool] = (),
    samples: int = 100,
    **about: object,
) -> FinishedRun:
    """A judged run with these readings and limits."""
    told = {"scenario": "storm", "integration": "ours", "versions": {"seatrial": "1"}, "scenario_digest": "s", **about}
    known = {each.name: each for each in KNOWN}
    read = [
        Reading(name=name, value=value, unit=known[name].unit, better=known[name].better, samples=samples,
                detail="" if value is not None else "4 of at least 20 samples for p95")
        for name, value in sorted(readings.items())
    ]  # fmt: skip
    judged = check(parse_limits(limits or {}, KNOWN), read)
    rules = tuple(RuleCoverage(rule=f"rule-{n}", fired=int(hit), mattered=int(hit)) for n, hit in enumerate(fired))
    findings = find(read, KNOWN, judged, rules)
    run = About(seed=seed, **told)  # type: ignore[arg-type]
    facts = Facts(scenario=run.scenario, seed=seed, integration=run.integration)
    verdict = Verdict(
        outcome=outcome_of(findings),
        facts=facts,
        limits=judged,
        findings=findings,
        coverage=rules,
        readings=tuple(read),
    )
    name = f"{run.scenario}/{run.integration}/seed-{seed}"
    return FinishedRun(path=name, about=run, digest=f"{name}{readings}", verdict=verdict)


@pytest.fixture(scope="session")
def made() -> Made:
    return made_run


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished and judged run with a handful of rows."""
    path = tmp_path_factory.mktemp("pattern") / "run"
    versions = {"seatrial": "1", "python": "3"}
    begun = RunFolder.create(path, about=About(scenario="storm", seed=0, integration="ours", versions=versions))
    now = 0.0
    log = Evidence(lambda: now, begun.path)
    log.event("order.placed", "marketplace", "MP-1", "MP-1", 1, 100)
    log.event("order.rejected", "marketplace", "MP-1", "MP-1")
    log.close()
    phases = (Phase("chaos", 0.0, 10.0), Phase("calm", 10.0, 20.0))
    folder = begun.finish(rows=log.rows_written, parts=log.parts_written, digest=log.digest(), phases=phases)
    facts = Facts(scenario="storm", integration="ours", grace=0.0, duration=20.0)
    saved.save(judge(folder.scan(), facts, {"recovery.max": "<= 1 h"}), folder)
    return path


@pytest.fixture
def written(pattern: Path, tmp_path: Path) -> Written:
    """Write a run folder: `written("now/seed-3", seed=3)`."""

    def write(place: str, seed: int, **about: object) -> Path:
        path = Path(shutil.copytree(pattern, tmp_path / place))
        for name in ("run.json", "manifest.json"):
            document = msgspec.json.decode((path / name).read_bytes())
            document["about"].update(seed=seed, **about)
            (path / name).write_bytes(msgspec.json.encode(document))
        told = msgspec.json.decode((path / saved.VERDICT).read_bytes())
        told["facts"].update(seed=seed, integration=about.get("integration", "ours"))
        (path / saved.VERDICT).write_bytes(msgspec.json.encode(told))
        return path

    return write
