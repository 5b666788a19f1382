"""Laws of how a wire run ends: with the exit code that is true, its evidence kept, and nothing left running."""

from __future__ import annotations

import math
import os
import re
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest
from under_way import ON_THE_WIRE, SEATRIAL, SERVES, SLEEPS, check_incomplete, python, voyage

from seatrial.reports.saved import load_verdict
from seatrial.sim.decisions import read_decisions
from seatrial.sim.runfolder import RunFolder

pytestmark = ON_THE_WIRE
SLOW_JUDGE = """
import time
from seatrial import wire_run
def judged(*_):
    print("judging", flush=True)
    time.sleep(60)
wire_run.judged = judged
"""
FILES_OFTEN = """
from seatrial.mocks.wire import waterfront
waterfront._FILED = 0.1
"""
FULL = """
import seatrial.sim.parts as parts
from seatrial.mocks.wire import waterfront
waterfront._PART_ROWS = 20
write, count = parts.FileParts.write, []
def full(self, frame):
    count.append(1)
    if len(count) > 2:
        raise parts.HarnessError("cannot write evidence: no space left on device")
    write(self, frame)
parts.FileParts.write = full
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("phase", ["starting", "chaos"])
def test_a_signal_ends_a_run_in_order(phase: str, number: signal.Signals, tmp_path: Path) -> None:
    """Whoever wants it to stop gets exit code 3, readable evidence and no processes; asking twice changes nothing."""
    with voyage(tmp_path, *python(SLEEPS if phase == "starting" else SERVES), duration="60 s") as run:
        run.until(lambda: "live page" in run.said) if phase == "starting" else run.until_chaos()
        run.process.send_signal(number)
        run.process.send_signal(number)
        assert run.end() == 3
        assert f"stopped by {number.name}" in run.said
        check_incomplete(run)
        assert phase == "starting" or RunFolder.open(run.folder).kept.rows


def test_a_signal_while_it_judges_ends_it_too(tmp_path: Path) -> None:
    """The evidence is whole by then; only the verdict is missing."""
    with voyage(tmp_path, *python(SERVES), program=SLOW_JUDGE + SEATRIAL, duration="2 s") as run:
        run.until(lambda: "judging" in run.said)
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == 3
        assert "stopped before the verdict" in run.said
        check_incomplete(run)
        assert RunFolder.open(run.folder).kept.rows


def test_a_killed_harness_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGKILL cannot be answered: an undertaker ends proxy, load, COMMAND and what that started, wherever it went.

    What happened until a moment before can be read, and what it kept for its processes is gone with them.
    """
    family = f"setsid sleep 600 & sleep 601 & {sys.executable} -c '{SERVES}'; true".replace("'GET'", '"GET"')
    with voyage(tmp_path, "--", "sh", "-c", family, program=FILES_OFTEN + SEATRIAL, duration="60 s") as run:
        run.until_chaos()
        run.until((run.folder / "part-00000.parquet").exists)
        assert len(run.running()) >= 6
        run.process.kill()
        assert run.end() == -9
        check_incomplete(run)
        assert RunFolder.open(run.folder).kept.rows
        assert read_decisions(run.folder).origin.scenario == "fidelity/lost-replies"
        assert not list(run.temporary.iterdir())


@pytest.mark.parametrize(("victim", "name"), [("mitmdump", "the proxy"), ("locust", "load")])
def test_a_part_of_ours_that_dies_is_an_error_of_the_harness(victim: str, name: str, tmp_path: Path) -> None:
    """Proxy or load gone in the middle: exit code 3, and the message names who went and how."""
    with voyage(tmp_path, "--", sys.executable, "-c", SERVES, duration="60 s") as run:
        run.until_chaos()
        os.kill(run.of(victim), signal.SIGKILL)
        assert run.end() == 3
        assert f"{name} was killed by signal 9 (SIGKILL)" in run.said
        check_incomplete(run)


def test_what_was_done_by_hand_is_accounted_for(tmp_path: Path) -> None:
    """A rule of the live page is judged and shown like one of the scenario: what it was, where, and from when on. An
    order placed there is an order that somebody placed.
    """
    with voyage(tmp_path, "--", sys.executable, "-c", SERVES, duration="6 s") as run:
        run.until_chaos()
        ((page, token),) = re.findall(r"(http://127\.0\.0\.1:\d+\S*?)/\?token=(\S+)", run.said)
        rule = b'{"fault": "outage", "name": "by-hand", "at": "erp"}'
        headers = {"X-Seatrial-Token": token, "content-type": "application/json"}
        for where, what in (("rules", rule), ("orders", b'{"channel": "storefront"}')):
            urllib.request.urlopen(urllib.request.Request(f"{page}/api/{where}", what, headers)).close()
        assert run.end() in (0, 1, 4)
        assert "1 more placed by hand; all accounted for" in run.said
    (found,) = [each for each in load_verdict(run.folder).facts.rules if each.name == "by-hand"]
    assert (found.fault, found.at, found.matched) == ("outage", "erp", 0)
    assert 0 < found.begin < found.end < math.inf


def test_a_disk_that_fills_is_an_error_of_the_harness(tmp_path: Path) -> None:
    """Exit code 3 with the reason; the parts before can be read, and nothing runs on."""
    with voyage(tmp_path, *python(SERVES), program=FULL + SEATRIAL, duration="60 s") as run:
        assert run.end() == 3
        assert "no space left on device" in run.said
        assert "Traceback" not in run.said
        check_incomplete(run)
        assert len(RunFolder.open(run.folder).kept.parts) == 2


@pytest.mark.parametrize("faults_at", ["partner", "proxy"])
@pytest.mark.parametrize("name", ["erp", "control"])
def test_a_port_in_use_is_told(name: str, faults_at: str, tmp_path: Path) -> None:
    """Exit code 3, the port, whose it was to be, and the option."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = "--port", f"{name}={port}", "--faults-at", faults_at, "--", sys.executable, "-c", SERVES
        with voyage(tmp_path, *words) as run:
            assert run.end() == 3
            assert f"port {port} for {name} cannot be used (Address already in use)" in run.said
            assert f"--port {name}=" in run.said


@pytest.mark.parametrize("option", ["--load-web", "--load-port"])
def test_a_port_of_the_load_in_use_is_told(option: str, tmp_path: Path) -> None:
    """Before anything starts: exit code 3, the port and the option, in our words and not in Locust's."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with voyage(tmp_path, "--load-workers", "1", option, str(port), *python(SERVES)) as run:
            assert run.end() == 3
            assert f"port {port} for the load's" in run.said
            assert f"choose another: {option} NUMBER" in run.said
            assert not run.folder.exists()
