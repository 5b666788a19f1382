"""Suites on this machine: the same runs as one by one, and a run that dies costs nobody else anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import seatrial
from seatrial.sim.runfolder import RunFolder
from seatrial.suite_log import load_suite

Suite = Callable[..., Result]


def files_of(out: Path) -> dict[str, bytes]:
    """What the runs of a suite wrote, manifests and evidence aside: those are compared by digest."""
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("readings.json"))}


def test_a_suite_makes_the_runs_that_one_would_make_alone(scenario: Path, tmp_path: Path) -> None:
    """Two processes or this one: for each seed and integration the same digest and the same readings."""
    done = seatrial.suite(scenario, integrations=["resilient", "naive"], seeds=2, jobs=2, out=tmp_path / "out")
    alone = {
        (name, seed): seatrial.run(scenario, integration=name, seed=seed, out=tmp_path / "alone" / f"{name}-{seed}")
        for name in ("resilient", "naive")
        for seed in (1, 2)
    }
    assert {(run.integration, run.seed): run.digest for run in done.runs} == {
        key: run.digest for key, run in alone.items()
    }
    for run in done.runs:
        folder = RunFolder.open(tmp_path / "out" / run.folder)
        assert folder.complete
        assert folder.digest() == run.digest
        again = tmp_path / "alone" / f"{run.integration}-{run.seed}" / "readings.json"
        assert (folder.path / "readings.json").read_bytes() == again.read_bytes()
    assert [run.folder for run in done.runs[:2]] == ["set-probe/resilient/seed-1", "set-probe/naive/seed-1"]


def test_a_run_that_ends_its_process_costs_no_other(
    rough: Path, scenario: Path, tmp_path: Path, seatrial_suite: Suite
) -> None:
    """An exit, a kill and an error of the harness are told for their runs; all others are made; the exit code is 3."""
    out = tmp_path / "out"
    names = [word for name in ("exits", "killed", "sleeps", "idle") for word in ("--integration", name)]
    result = seatrial_suite(scenario, *names, "--seeds", 4, "--jobs", 2, "--out", out)
    assert result.exit_code == 3, result.output
    runs = {(run.integration, run.seed): run for run in load_suite(out).runs}
    assert len(runs) == 16
    ends = {name: [runs[name, seed].outcome for seed in (1, 2, 3, 4)] for name in ("exits", "killed", "sleeps", "idle")}
    assert ends["exits"] == ends["sleeps"] == ["harness error"] * 4
    assert ends["idle"] == ["violated"] * 4
    assert set(ends["killed"]) == {"violated", "harness error"}
    assert "ended with exit code 7 · it said last: nobody saw me go" in runs["exits", 1].why
    assert "time.sleep leaves virtual time" in runs["sleeps", 1].why
    killed = next(run for run in runs.values() if run.integration == "killed" and run.outcome == "harness error")
    assert "was killed by signal 9 (SIGKILL)" in killed.why
    told = json.loads((out / killed.folder / "suite-error.json").read_text(encoding="utf-8"))
    assert told == {"scenario": "set/probe", "integration": "killed", "seed": killed.seed, "error": killed.why}
    assert not (out / killed.folder / "manifest.json").exists()
    assert "harness error" in result.stdout


def test_a_crash_leaves_no_result_of_an_earlier_run(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """Where a finished run was made anew and crashed, its folder has no last word; the next suite makes it again."""
    out = tmp_path / "out"
    (tmp_path / "once").touch()
    first = seatrial.suite(scenario, integrations=["once"], seeds="1", jobs=1, out=out)
    assert first.exit_code == 1
    (tmp_path / "once").unlink()
    crashed = seatrial.suite(scenario, integrations=["once"], seeds="1", jobs=1, out=out, again=True)
    assert crashed.exit_code == 3
    assert not (out / crashed.runs[0].folder / "manifest.json").exists()
    healed = seatrial.suite(scenario, integrations=["once"], seeds="1", jobs=1, out=out)
    assert healed.exit_code == 1
    assert healed.runs[0].digest == first.runs[0].digest
    assert not (out / healed.runs[0].folder / "suite-error.json").exists()


def test_without_evidence_judgement_and_readings_are_kept(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """Nothing of the rows is left, the run is complete and has the digest of one that keeps them; a page can be had."""
    lean = seatrial.suite(
        scenario, integrations=["idle"], seeds="1", jobs=1, out=tmp_path / "lean", evidence=False, pages=True
    )
    full = seatrial.suite(scenario, integrations=["idle"], seeds="1", jobs=1, out=tmp_path / "full")
    assert lean.runs[0].digest == full.runs[0].digest
    folder = RunFolder.open(tmp_path / "lean" / lean.runs[0].folder)
    assert folder.complete
    assert list(folder.path.glob("*.parquet")) == []
    assert "<html" in (folder.path / "report.html").read_text(encoding="utf-8")
    assert files_of(tmp_path / "lean") == files_of(tmp_path / "full")


def test_progress_hears_of_every_run(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """The function is called once for each run that is over, with what became of it."""
    seen: list[tuple[int, str]] = []
    seatrial.suite(
        scenario,
        integrations=["idle"],
        seeds="3,5",
        jobs=1,
        out=tmp_path / "out",
        progress=lambda run: seen.append((run.seed, run.outcome)),
    )
    assert seen == [(3, "violated"), (5, "violated")]


def test_a_program_without_a_guard_is_told_so(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """Processes that import a program which starts a suite when it is imported would start suites without end."""
    import subprocess
    import sys

    program = tmp_path / "program.py"
    program.write_text(
        f"import seatrial\nseatrial.suite({str(scenario)!r}, integrations=['idle'], seeds=2, out='out')\n",
        encoding="utf-8",
    )
    told = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode != 0
    assert "if __name__ == '__main__':" in told.stderr


@pytest.mark.parametrize("integrations", [["idle"], ["idle", "sleeps"]])
def test_runs_stand_in_the_file_of_the_suite(
    integrations: list[str], rough: Path, scenario: Path, tmp_path: Path
) -> None:
    """`suite.json` names scenario, digests, seeds, versions and durations, and keeps what earlier suites made here."""
    out = tmp_path / "out"
    seatrial.suite(scenario, integrations=integrations, seeds="1", jobs=1, out=out)
    seatrial.suite(scenario, integrations=["idle"], seeds="2-2", jobs=1, out=out)
    told = load_suite(out)
    assert [(run.integration, run.seed) for run in told.runs] == [("idle", 2)]
    assert [(run.integration, run.seed) for run in told.others] == [(name, 1) for name in integrations]
    assert told.versions["seatrial"] == seatrial.__version__
    assert told.ended
    assert told.runs[0].seconds > 0
    assert told.runs[0].scenario_digest == seatrial.load_scenario(scenario).digest
    assert not list(out.glob("*.unfinished"))


@pytest.mark.slow
def test_a_run_that_hangs_is_given_up_and_costs_no_other(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """After its time it is a harness error that says so; its process is replaced, and all others are made."""
    out = tmp_path / "out"
    done = seatrial.suite(scenario, integrations=["hangs"], seeds="2-3", jobs=1, out=out, timeout="4 s")
    hung, other = done.runs
    assert (done.exit_code, hung.outcome, other.outcome) == (3, "harness error", "violated")
    assert hung.why.startswith("the run was not over after 4 s and was given up")
    assert hung.seconds == 4
    assert (out / hung.folder / "suite-error.json").is_file()
    assert not (out / hung.folder / "manifest.json").exists()


@pytest.mark.parametrize("timeout", ["soon", "-1 s", "30"])
def test_a_time_limit_is_a_duration(scenario: Path, tmp_path: Path, seatrial_suite: Suite, timeout: str) -> None:
    """Anything else is bad input, found before the first run."""
    result = seatrial_suite(scenario, "--timeout", timeout, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "--timeout: " in result.stderr
    assert not (tmp_path / "out").exists()
