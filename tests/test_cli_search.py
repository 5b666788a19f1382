"""Laws of `seatrial search`: what it prints, what it leaves, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seatrial.cli import main


def searched(*options: str) -> Result:
    return CliRunner().invoke(main, ["search", "open-water", *options])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A folder in which a first search has left what it found, and what that said."""
    folder = tmp_path_factory.mktemp("storms")
    return folder, searched("--integration", "retrying", "--out", str(folder))


def test_a_failure_ends_with_one_and_says_all_that_is_known(found: tuple[Path, Result]) -> None:
    """The finding with its witness, what was explored, how far it was shrunk, and a command that runs."""
    folder, result = found
    assert result.exit_code == 1
    for word in ("✗ FOUND", "explored", "kinds of faults struck", "interleavings", "shrunk", "witness", "digest"):
        assert word in result.output
    (storm,) = folder.glob("*.yaml")
    command = next(line for line in result.output.splitlines() if line.strip().startswith("replay")).split("seatrial ")[
        1
    ]
    replayed = CliRunner().invoke(main, [*command.split(), "--out", str(folder / "run")])
    assert replayed.exit_code == 1
    digest = next(line.split()[-1] for line in result.output.splitlines() if line.strip().startswith("digest"))
    assert digest in replayed.output
    assert str(storm) in command


def test_what_is_known_is_told_as_such(found: tuple[Path, Result]) -> None:
    """The second search stops at the storm of the first."""
    result = searched("--integration", "retrying", "--out", str(found[0]))
    assert result.exit_code == 1
    assert "was known before" in result.output


def test_known_storms_that_did_no_harm_are_counted(found: tuple[Path, Result]) -> None:
    """Whoever reads `NOTHING FOUND` reads that they were tried, too."""
    result = searched("--integration", "resilient", "--budget", "1 ms", "--out", str(found[0]))
    assert result.exit_code == 0
    assert "known          1 storm, withstood" in result.output


def test_time_without_a_failure_ends_with_nought(tmp_path: Path) -> None:
    """What was explored is told all the same."""
    result = searched("--integration", "resilient", "--budget", "1 s", "--orders", "3", "--out", str(tmp_path))
    assert result.exit_code == 0
    assert "NOTHING FOUND" in result.output
    assert "runs in" in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--budget", "0 s"), "--budget: a search needs time"),
        (("--budget", "-5"), "--budget: a duration cannot be negative: '-5'"),
        (("--orders", "0"), "--orders: a search needs orders"),
        (("--jobs", "0"), "--jobs: a search needs a process: 0"),
        (("--seed", "-1"), "--seed: a seed is a whole number from 0 up: -1"),
        (("--without", "outtage"), "--without: no fault that is tried here: 'outtage' · did you mean 'outage'"),
        (("--finding", "NOPE"), "--finding: unknown finding: 'NOPE' · known: CREDITED_NOT_REFUNDED, "),
        (("--finding", "LIMIT_LOST_TOTL"), "did you mean 'LIMIT_LOST_TOTAL'"),
        (("--integration", "resilent"), "did you mean 'resilient'"),
        (("--finding", "DUPLICATE_LABLE"), "did you mean 'DUPLICATE_LABEL'"),
        (("--set", "calm=soon"), "--set calm=soon"),
    ],
)
def test_bad_input_ends_with_two(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """In one sentence, before anything was sailed."""
    result = searched(*options, "--out", str(tmp_path))
    assert result.exit_code == 2
    assert said in result.output


def test_a_known_storm_that_is_no_text_is_told(tmp_path: Path) -> None:
    """As a scenario is: with the line and what stands there, and what to do about it."""
    (tmp_path / "old.yaml").write_bytes(b"name: old\nasks: \x81")
    result = searched("--integration", "resilient", "--budget", "1 ms", "--jobs", "1", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert f"{tmp_path / 'old.yaml'}:2: not UTF-8: 'byte 0x81' · mend it or take it out" in result.output


@pytest.mark.parametrize("send", [os.killpg, os.kill])
def test_who_stops_it_is_told_what_was_explored(send: Callable[[int, int], None], tmp_path: Path) -> None:
    """By SIGTERM as by Ctrl-C, whether the process beside it is sent that as well or not; nothing is left running."""
    (tmp_path / "sync.py").write_text(UNDER_WAY, encoding="utf-8")
    words = ["search", "open-water", "--integration", "sync:main", "--budget", "10 min", "--jobs", "2", "--no-twice"]
    command = [sys.executable, "-m", "seatrial", *words, "--finding", "NEGATIVE_STOCK"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while process.poll() is None and len(list(tmp_path.glob("sailing-*"))) < 2:
        time.sleep(0.05)
    send(process.pid, signal.SIGTERM)
    told, said = process.communicate(timeout=60)  # which comes to no end while somebody has its pipes
    assert (process.returncode, "explored" in told, said) == (3, True, ""), told + said


TALKS = """\
import asyncio, logging

async def main(_):
    logging.getLogger("sync").warning("here I am")
    asyncio.get_running_loop().call_exception_handler({"message": "so what"})
    await asyncio.sleep(1e9)
"""


UNDER_WAY = """\
import asyncio, os, pathlib

async def main(_):
    pathlib.Path(f"sailing-{os.getpid()}").touch()
    await asyncio.sleep(1e9)
"""


def test_it_is_quiet_and_leaves_its_storms_alone(tmp_path: Path) -> None:
    """What your code logs is not heard a hundred times; hypothesis keeps nothing in the folder that one is in."""
    (tmp_path / "sync.py").write_text(TALKS, encoding="utf-8")
    words = ["search", "open-water", "--integration", "sync:main", "--finding", "NEGATIVE_STOCK", "--budget", "2 s"]
    command = [sys.executable, "-m", "seatrial", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert {each.name for each in tmp_path.iterdir()} <= {"sync.py", "__pycache__", ".seatrial"}
