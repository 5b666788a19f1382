"""`seatrial suite`: the table, the exit code, bad input before anything runs, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from seatrial.suite_log import NOT_RUN, load_suite

Command = Callable[..., Result]
ENTRY = "import sys; from seatrial.cli import main; main(prog_name='seatrial')"


def test_the_table_says_what_became_of_whom(
    rough: Path, scenario: Path, tmp_path: Path, seatrial_suite: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs and verdicts by scenario and integration, the worst finding, the file, and what to look at next."""
    monkeypatch.delenv("COLUMNS", raising=False)
    out = tmp_path / "out"
    names = ("--integration", "resilient", "--integration", "idle")
    result = seatrial_suite(scenario, *names, "--seeds", "4,6", "--out", out, "--jobs", 2, "--set", "calm=12 h")
    assert result.exit_code == 1, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0][:4] == ["scenario", "integration", "runs", "passed"]
    assert lines[1][:7] == ["set/probe", "idle", "2", "-", "2", "-", "-"]
    assert lines[1][-4:] == ["in", "2", "of", "2"]
    assert lines[2] == ["set/probe", "resilient", "2", "2", "-", "-", "-"]
    assert "4 runs: 2 passed and 2 violated" in result.stdout
    assert str(out / "suite.json") in result.stdout
    assert f"seatrial show {out}/set-probe/idle/seed-4" in result.stdout
    assert "4 of 4 runs to make · 2 processes" in result.stderr
    assert "4/4  " in result.stderr
    assert "set/probe · resilient · seed 6" in result.stderr


BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unknown scenario": (("clam-day",), ("unknown scenario", "did you mean 'calm-day'")),
    "unknown integration": (("calm-day", "--integration", "resilent"), ("did you mean 'resilient'",)),
    "unknown measure": (("calm-day", "--set", "expect.lots.total=0"), ("unknown measure",)),
    "unknown setting": (("calm-day", "--set", "duratoin=1 d"), ("did you mean 'duration'",)),
    "no value": (("calm-day", "--set", "duration"), ("write key=value",)),
    "half a range": (("calm-day", "--seeds", "0-"), ("--seeds: not a list of seeds: '0-'",)),
    "no number": (("calm-day", "--seeds", "a"), ("--seeds: not a list of seeds: 'a'",)),
    "a negative seed": (("calm-day", "--seeds", "-1"), ("--seeds: not a list of seeds: '-1'",)),
    "no processes": (("calm-day", "--jobs", "0"), ("--jobs: a suite needs at least one process: 0",)),
    "negative processes": (("calm-day", "--jobs", "-2"), ("at least one process",)),
    "a scenario twice": (("calm-day", "calm-day"), ("two runs would share one folder", "'calm-day/resilient'")),
    "jobs of a cluster": (("calm-day", "--jobs", "2", "--dask", "tcp://x:1"), ("a cluster has workers of its own",)),
    "nothing": ((), ("Missing argument",)),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_before_anything_runs(
    arguments: tuple[str, ...],
    words: tuple[str, ...],
    tmp_path: Path,
    seatrial_suite: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the value, the limit or what is known; the exit code is 2, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    result = seatrial_suite(*arguments)
    assert result.exit_code == 2, result.output
    assert [word for word in words if word not in result.stderr] == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_refused(
    rough: Path, scenario: Path, tmp_path: Path, seatrial_suite: Command
) -> None:
    """A file, a place where nothing can be made, and a folder that is a run itself."""
    file, run = tmp_path / "file", tmp_path / "run"
    file.write_text("mine", encoding="utf-8")
    seatrial_suite(scenario, "--integration", "idle", "--seeds", "1", "--out", tmp_path / "suite")
    (tmp_path / "suite" / "set-probe" / "idle" / "seed-1").rename(run)
    for out, words in (
        (file, "a suite is a folder, this is a file"),
        (file / "below", "cannot write a suite here"),
        (Path("/proc/seatrial"), "cannot write a suite here"),
        (run, "the folder holds a run itself"),
    ):
        result = seatrial_suite(scenario, "--integration", "idle", "--seeds", "1", "--out", out)
        assert result.exit_code == 2, result.output
        assert words in result.stderr
        assert f"{out}" in result.stderr
    assert file.read_text(encoding="utf-8") == "mine"


def begun(scenario: Path, out: Path, seeds: int) -> subprocess.Popen[str]:
    """A suite of slow and quick runs, stopped by nobody yet, with quick ones over and slow ones under way."""
    names = ("--integration", "idle", "--integration", "dozes")
    command = [sys.executable, "-c", ENTRY, "suite", str(scenario), *names, "--seeds", str(seeds), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--jobs", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    folder = out / "set-probe"
    while process.poll() is None and not (
        any('"verdict": "violated"' in told.read_text() for told in folder.glob("idle/*/manifest.json"))
        and list(folder.glob("dozes/*/run.json"))
    ):
        time.sleep(0.05)
    return process


def group(process: subprocess.Popen[str]) -> list[int]:
    """Processes that belong to it and live."""
    found = subprocess.run(["ps", "-eo", "pid,pgid,stat"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in found.splitlines()[1:]]
    return [int(pid) for pid, pgid, state in rows if int(pgid) == process.pid and not state.startswith("Z")]


def left_of(process: subprocess.Popen[str]) -> list[int]:
    """Processes that still live some time after it ended: the last ones are given a moment to go."""
    for _ in range(200):
        if not group(process):
            return []
        time.sleep(0.05)
    return group(process)


@pytest.mark.parametrize(
    ("number", "send"), [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.killpg), (signal.SIGTERM, os.kill)]
)
def test_who_stops_it_keeps_what_is_finished_and_is_told_the_rest(
    number: signal.Signals, send: Callable[[int, int], None], rough: Path, scenario: Path, tmp_path: Path
) -> None:
    """The exit code is 3, nothing is left running, and the same command makes only what was not made: by Ctrl-C and by
    SIGTERM, whether its processes are sent that as well or not.
    """
    out = tmp_path / "out"
    process = begun(scenario, out, 3)
    send(process.pid, number)
    told, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert left_of(process) == []
    assert "Traceback" not in said
    assert "stopping: what is under way is given up" in said
    assert "of 6 runs are over: the same command makes the other" in told
    runs = load_suite(out).runs
    finished = [run.folder for run in runs if run.outcome == "violated"]
    assert finished
    assert all((out / folder / "manifest.json").is_file() for folder in finished)
    assert {run.outcome for run in runs} == {"violated", NOT_RUN}
    assert {run.integration for run in runs if run.outcome == NOT_RUN} >= {"dozes"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(number: signal.Signals, rough: Path, scenario: Path, tmp_path: Path) -> None:
    """However the suite is wound up: nothing is left running, nothing claims success, and there is no traceback."""
    process = begun(scenario, tmp_path / "out", 2)
    for _ in range(2):
        if process.poll() is None:
            os.killpg(process.pid, number)
            time.sleep(0.02)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (3, -number), said  # the latter where it was over and already going
    assert left_of(process) == []
    assert "Traceback" not in said
    assert not list((tmp_path / "out" / "set-probe" / "dozes").glob("*/manifest.json"))


def test_a_suite_that_is_killed_leaves_nobody_running(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """Its processes notice within a two-hundredth of the run under way, and end."""
    process = begun(scenario, tmp_path / "out", 2)
    process.kill()
    process.communicate(timeout=60)
    for _ in range(600):
        if not group(process):
            break
        time.sleep(0.05)
    assert group(process) == []
