"""`seatrial run`: the verdict, the page, the exit code, and what an interruption leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import seatrial.voyage
from seatrial.cli import main
from seatrial.exit_codes import worst
from seatrial.sim.errors import HarnessError
from seatrial.voyage import Progress, Run, sail

SCENARIO = """\
name: probe
asks: Does one lost reply make a second order?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 2 d
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20, returns: 0, cancellations: 0}
faults:
  - {fault: lost_reply, at: erp.create_sales_order, nth: 1, times: 3}
expect:
  orders.placed: 19
"""
ENTRY = "from seatrial.cli import main; main(prog_name='seatrial')"
HEARS = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); {ENTRY}"
DEAF = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {HEARS}"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A small scenario in which a careless integration is caught."""
    file = tmp_path / "probe.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


def seatrial_run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["run", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result


def command(*arguments: object, hash_seed: int = 0) -> list[str]:
    return [sys.executable, "-c", ENTRY, *map(str, arguments)]


def test_a_run_that_passes_ends_with_0(scenario: Path, tmp_path: Path) -> None:
    """The verdict says the word, why, the digest, the page and what to look at next; the folder holds them."""
    out = tmp_path / "out"
    result = seatrial_run(scenario, "--out", out, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "PASSED  " in result.stdout
    assert "probe.yaml · resilient · seed 3" in result.stdout
    assert "limits held; 3 strikes of faults withstood" in result.stdout
    assert str(out / "report.html") in result.stdout
    assert f"seatrial explain {out} --order" in result.stdout
    assert f"seatrial run {scenario} --seed 3 --integration resilient" in result.stdout
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    assert result.stderr == ""


def test_a_run_that_is_violated_ends_with_1(scenario: Path, tmp_path: Path) -> None:
    """The verdict names the broken limits with their readings, and the findings with their first keys."""
    result = seatrial_run(scenario, "--integration", "naive", "--out", tmp_path / "out")
    assert result.exit_code == 1, result.output
    assert "VIOLATED  " in result.stdout
    assert "limits broken  lost.total  wanted = 0, was " in result.stdout
    assert "UNRELEASED_ORDER" in result.stdout
    assert "it left " in result.stdout


def test_a_rule_that_never_struck_ends_with_4(scenario: Path, tmp_path: Path) -> None:
    """The run is inconclusive, and the rule is named with the calls that it could have struck."""
    result = seatrial_run(scenario, "--out", tmp_path / "out", "--set", "faults.0.nth=50")
    assert result.exit_code == 4, result.output
    assert "INCONCLUSIVE" in result.stdout
    assert "never struck   lost_reply@erp.create_sales_order  armed start to 1 h, 12 calls" in result.stdout


def test_several_runs_stand_side_by_side(scenario: Path, tmp_path: Path) -> None:
    """Each has a folder of its own, one page shows all, and the exit code is that of the worst."""
    out = tmp_path / "out"
    result = seatrial_run(scenario, "--integration", "resilient", "--integration", "naive", "--out", out)
    assert result.exit_code == 1, result.output
    assert sorted(each.name for each in out.iterdir()) == ["probe-naive", "probe-resilient", "report.html"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "naive" in page
    assert "resilient" in page
    assert "2 runs: 1 passed and 1 violated" in result.stdout


def test_without_a_folder_a_run_goes_below_runs(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is named after scenario and integration."""
    monkeypatch.chdir(tmp_path)
    assert seatrial_run(scenario).exit_code == 0
    assert (tmp_path / "runs" / "probe-resilient" / "report.html").is_file()


def test_several_runs_do_not_go_into_the_folder_of_one(scenario: Path, tmp_path: Path) -> None:
    """A page of several beside the evidence of one would belong to neither."""
    out = tmp_path / "out"
    seatrial_run(scenario, "--out", out)
    result = seatrial_run(scenario, "--integration", "naive", "--integration", "retrying", "--out", out)
    assert result.exit_code == 2
    assert "the folder holds a run itself" in result.stderr


def test_a_setting_replaces_a_value_of_the_scenario(scenario: Path, tmp_path: Path) -> None:
    """What was set is in the run folder, in the replay command, and in force."""
    out = tmp_path / "out"
    result = seatrial_run(scenario, "--out", out, "--set", "duration=30 min", "--set", "expect.orders.placed=9")
    assert result.exit_code == 0, result.output
    assert "duration: 30 min" in (out / "scenario.yaml").read_text(encoding="utf-8")
    assert "--set 'duration=30 min' --set expect.orders.placed=9" in result.stdout


def test_the_worst_run_decides() -> None:
    """A harness error is worse than a violation, that is worse than an inconclusive run, that is worse than a pass."""
    assert worst([]) == 0
    for size in (1, 2, 3, 4):
        for codes in permutations((0, 4, 1, 3), size):
            assert worst(codes) == next(code for code in (3, 1, 4, 0) if code in codes)


def test_a_harness_error_of_one_run_does_not_stop_the_others(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is told, the rest is run, and the exit code is 3."""

    def broken(loaded: Any, **options: Any) -> Run:
        if options["integration"] == "naive":
            raise HarnessError("the disk is full")
        return sail(loaded, **options)

    monkeypatch.setattr(seatrial.voyage, "sail", broken)
    result = seatrial_run(scenario, "--integration", "naive", "--integration", "resilient", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "the disk is full" in result.stderr
    assert f"seatrial show {tmp_path / 'out' / 'probe-naive'}" in result.stderr
    assert "PASSED" in result.stdout


@pytest.mark.parametrize("error", [KeyError("nothing"), asyncio.CancelledError("nothing"), SystemExit("nothing")])
def test_what_nobody_foresaw_is_no_traceback(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """It is told in a sentence, with the place and the way to the traceback, which `--debug` prints; exit code 3."""

    def broken(*_: Any, **__: Any) -> Run:
        raise error

    monkeypatch.setattr(seatrial.voyage, "sail", broken)
    arguments = ["run", str(scenario), "--out", str(tmp_path / "out")]
    told, traced = CliRunner().invoke(main, arguments), CliRunner().invoke(main, ["--debug", *arguments])
    assert told.exit_code == traced.exit_code == 3
    assert f"nobody foresaw this: {type(error).__name__}: {error} · at " in told.stderr
    assert "`seatrial --debug ...`" in told.stderr
    assert "Traceback" not in told.output
    assert "Traceback" in traced.stderr


def test_progress_takes_no_part_in_the_run(scenario: Path) -> None:
    """Watched or not, in order or interleaved by the seed: the digest is the same; and progress goes forward."""
    for interleave in ("fifo", "seeded"):
        seen: list[tuple[float, float, int]] = []
        watch: Progress = lambda *told, seen=seen: seen.append(told)  # noqa: E731
        digests = {
            seatrial.run(scenario, settings={"interleave": interleave}, progress=each).digest for each in (None, watch)
        }
        assert len(digests) == 1
        assert [now for now, _, _ in seen] == sorted(now for now, _, _ in seen)
        assert len(seen) > 100
        assert seen[-1][2] == 19


def test_one_seed_gives_one_history_in_every_process(scenario: Path, tmp_path: Path) -> None:
    """Two processes that order their sets and dicts of texts otherwise write the same digest."""
    digests = []
    for hash_seed in (0, 1):
        out = tmp_path / str(hash_seed)
        env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        for arguments in (("run", scenario, "--out", out), ("digest", out)):
            told = subprocess.run(command(*arguments), env=env, capture_output=True, text=True, timeout=60, check=True)
        digests.append(told.stdout)
    assert digests[0] == digests[1]
    assert len(digests[0].strip()) == 64


def stopped(number: signal.Signals, there: Path, *arguments: object, entry: str = HEARS) -> tuple[int, str]:
    """Exit code and last words of a command that is sent a signal once that file is there."""
    argv = [sys.executable, "-c", entry, *map(str, arguments)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not there.is_file():
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_says_so_and_can_be_read(number: signal.Signals, scenario: Path, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM or a terminal that goes away ends the run with 3 and a sentence; what was recorded is shown, told
    and digested, and never green.
    """
    out = tmp_path / "out"
    settings = ("--set", "duration=100 d", "--set", "demand.arrivals.rate=300/h")
    code, said = stopped(number, out / "part-00000.parquet", "run", scenario, "--out", out, *settings)
    assert code == 3
    assert "days into the run" in said
    assert f"seatrial show {out}" in said
    assert "Traceback" not in said
    assert not (out / "manifest.json").exists()
    shown = CliRunner().invoke(main, ["show", str(out)])
    assert shown.exit_code == 0
    assert "INCONCLUSIVE" in shown.stdout
    assert "incomplete     there is no manifest.json: the run was stopped before its end" in shown.stdout


SLOW = """\
import asyncio, pathlib, signal

async def main(_):
    while True:
        await asyncio.sleep(1)
        pathlib.Path("there").touch()
        sum(range(10**6))
"""


@pytest.mark.parametrize("entry", [HEARS, DEAF])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_stopped_in_code_of_yours_has_not_died_of_it(
    number: signal.Signals, entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no KeyboardInterrupt of the integration's own, also where Ctrl-C is not heard: a script's background."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    words = ("run", "fidelity/calm", "--integration", "slow:main", "--set", "duration=10 d", "--out", "out")
    code, said = stopped(number, tmp_path / "there", *words, entry=entry)
    assert (code, "days into the run" in said, "Traceback" in said) == (3, True, False), said


@pytest.mark.parametrize(
    ("step", "words", "begun"),
    [
        ("embark", "stopped before the run began", False),
        ("judge", "stopped after the run, before its verdict · seatrial show", True),
        ("check_same", "stopped after the run, before the proof that it does the same again · seatrial show", True),
    ],
)
def test_who_stops_a_run_is_told_how_far_it_was(
    step: str, words: str, begun: bool, scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it began there is nothing to show, and nobody is sent to a folder that is not there."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(seatrial.voyage, step, stop)
    result = seatrial_run(scenario, "--out", tmp_path / "out", "--twice")
    assert (result.exit_code, words in result.stderr, (tmp_path / "out").exists()) == (3, True, begun)


def test_a_reference_can_be_sailed_twice_too(tmp_path: Path) -> None:
    """`--twice` proves of any integration that it does the same."""
    words = ["run", "fidelity/calm", "--twice", "--set", "duration=5 s", "--out", str(tmp_path / "run")]
    assert CliRunner().invoke(main, words).exit_code == 0


def test_a_seed_below_zero_is_bad_input(tmp_path: Path) -> None:
    """As a suite has it."""
    result = CliRunner().invoke(main, ["run", "fidelity/calm", "--seed", "-1", "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert "a seed is a whole number from 0 up: -1" in result.output
    assert not (tmp_path / "run").exists()


POLLER = """\
import asyncio


async def poller(why):
    await asyncio.sleep(5)
    raise KeyError(why)


async def main(sea):
    for number in range(9):
        asyncio.create_task(poller("x" * 400 if number else "sku"), name=f"poller-{number}")
    await asyncio.sleep(10**6)
"""


def test_what_code_raised_and_nobody_caught_is_kept(tmp_path: Path) -> None:
    """The run tells it, and so do its folder, `explain` and the page: the first of all, and long ones cut; a suite says
    in how many runs.
    """
    (tmp_path / "poller.py").write_text(POLLER, encoding="utf-8")
    out, code = tmp_path / "run", f"{tmp_path / 'poller.py'}:main"
    mine = ("fidelity/calm", "--integration", code, "--set", "duration=10 s", "--set", "calm=1 s")
    first = "background task 'poller-0', seen at "
    runs = CliRunner().invoke(main, ["run", *mine, "--out", str(out), "--no-twice"])
    told = {name: CliRunner().invoke(main, [name, str(out)]).stdout for name in ("show", "explain")}
    assert f"raised         {first}" in runs.stdout
    assert f"raised         {first}" in told["show"]
    assert f"raised        {first}" in told["explain"]
    assert "KeyError('sku')" in told["show"]
    assert "and 1 more" in told["explain"]
    assert "x" * 300 not in runs.stdout + told["show"] + told["explain"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("raised, uncaught") == 1
    assert page.count("background task ") == 5
    suite = CliRunner().invoke(main, ["suite", *mine, "--seeds", "1,2", "--jobs", "1", "--out", str(tmp_path / "s")])
    assert "raised         in 2 of 2 runs, caught by nobody; first fidelity/calm · " in suite.stdout
    again = CliRunner().invoke(main, ["suite", *mine, "--seeds", "1,2", "--jobs", "1", "--out", str(tmp_path / "s")])
    assert "raised         in 2 of 2 runs" in again.stdout
