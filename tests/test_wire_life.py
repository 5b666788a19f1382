"""Laws of how a wire run ends: with the exit code that is true, its evidence kept, and nothing left running."""

from __future__ import annotations

import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from seatrial.cli import main
from seatrial.reports.saved import load_verdict
from seatrial.sim.decisions import read_decisions
from seatrial.sim.runfolder import RunFolder

pytestmark = [
    pytest.mark.wire,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it looks for processes in /proc"),
]
TAG = "SEATRIAL_TEST_TAG"
SEATRIAL = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); from seatrial.cli import main; main()"
PATIENCE = 120.0
"""Seconds: generous, the machine may have other things to do."""
SERVER = """
import http.server, os, signal, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200 if self.path != "/sick" else 503)
        self.send_header("content-length", "0")
        self.end_headers()
    do_GET = do_POST
    def log_message(self, *_): pass
def tell(text): print(text, flush=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
tell("at your service")
"""
SERVES = SERVER + "server.serve_forever()"
DIES_LATER = SERVER + "threading.Timer(6, lambda: (tell('out of coal'), os._exit(7))).start(); server.serve_forever()"
SENDS_MUCH = (
    SERVER
    + """
import socket, urllib.parse
def send():
    place = urllib.parse.urlsplit(os.environ["SEATRIAL_ERP_URL"])
    with socket.create_connection((place.hostname, place.port)) as line:
        head = ("POST /customers HTTP/1.1", "host: erp", "content-type: application/json", "content-length: 104857600")
        line.sendall("\\r\\n".join((*head, "", "")).encode())
        try:
            for _ in range(1600): line.sendall(bytes(1 << 16))
        except OSError: pass  # it need not listen to the end
        tell(line.makefile("rb").read())
threading.Thread(target=send).start()
server.serve_forever()
"""
)
REMEMBERS = (
    SERVER
    + """
store = os.environ["SEATRIAL_STORE"].removeprefix("sqlite:///")
for path in (store, store + ".journal", os.environ["SEATRIAL_MAILBOX"] + "/b2b/out/old.json"):
    tell(f"{os.path.basename(path)} is {'there' if os.path.exists(path) else 'new'}")
    open(path, "w").close()
server.serve_forever()
"""
)
DIES_AT_ONCE = "import sys; print('no engine', flush=True); sys.exit({code})"
SLEEPS = "import time; print('lazy', flush=True); time.sleep(600)"
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


class Voyage:
    """`seatrial wire` under way in a process of its own, and all that it started."""

    def __init__(self, folder: Path, *words: str, program: str = SEATRIAL, duration: str = "4 s") -> None:
        self.folder = folder / "run"
        self.tag = f"{os.getpid()}-{time.monotonic_ns()}"
        argv = [sys.executable, "-u", "-c", program, "wire", "fidelity/lost-replies", "--out", str(self.folder)]
        sets = ["--set", f"duration={duration}", "--set", "calm=4 s", "--settle", "1"]
        self.log = folder / "said.txt"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        environment = {**os.environ, TAG: self.tag, "TMPDIR": str(self.temporary)}
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(
                [*argv, *sets, *words], env=environment, stdout=said, stderr=subprocess.STDOUT
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def of(self, word: str) -> int:
        """The process of the run whose command line has a word in it, none of the harness's own."""
        (found, *_) = [each for each, line in self.running().items() if word in line and each != self.process.pid]
        return found

    def running(self) -> dict[int, str]:
        """Everything that bears our tag."""
        found: dict[int, str] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if f"{TAG}={self.tag}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def until(self, true: Callable[[], bool], patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while not true():
            assert time.monotonic() < end, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.05)

    def until_chaos(self) -> None:
        ledger = self.folder / "load.jsonl"
        self.until(lambda: ledger.exists() and ledger.stat().st_size > 0)

    def end(self) -> int:
        """The exit code; afterwards nothing of it runs."""
        code = self.process.wait(PATIENCE)
        end = time.monotonic() + 2.0  # for what an undertaker has to do
        while self.running() and time.monotonic() < end:
            time.sleep(0.05)
        assert self.running() == {}
        return code


@contextmanager
def voyage(folder: Path, *words: str, program: str = SEATRIAL, duration: str = "4 s") -> Iterator[Voyage]:
    made = Voyage(folder, *words, program=program, duration=duration)
    try:
        yield made
    finally:
        for each in made.running():
            os.kill(each, signal.SIGKILL)
        made.process.wait()


def python(program: str) -> tuple[str, ...]:
    return "--faults-at", "partner", "--", sys.executable, "-c", program


def check_incomplete(run: Voyage) -> None:
    """What was recorded is there, and says that something is missing."""
    assert RunFolder.open(run.folder).why_incomplete
    shown = CliRunner().invoke(main, ["show", str(run.folder)])
    assert "incomplete" in shown.output
    assert shown.exit_code == 0


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


@pytest.mark.parametrize("killed", [False, True])
def test_an_integration_that_ends_by_itself_has_failed(killed: bool, tmp_path: Path) -> None:
    """The run ends soon, is judged, and says how the integration ended, with its last words; exit code 1."""
    with voyage(tmp_path, *python(SERVES if killed else DIES_LATER), duration="120 s") as run:
        run.until_chaos()
        if killed:
            os.kill(run.of("at your service"), signal.SIGKILL)
        assert run.end() == 1
        how = "was killed by signal 9 (SIGKILL)" if killed else "ended with exit code 7"
        assert f"the integration ended by itself: {how}" in run.said
        assert ("at your service" if killed else "out of coal") in run.said
        assert "✗ VIOLATED" in run.said
        assert RunFolder.open(run.folder).complete
        shown, gate = (CliRunner().invoke(main, [name, str(run.folder)]).output for name in ("show", "gate"))
        assert f"the integration ended by itself: {how}" in shown
        for told in (shown, gate):
            assert "✗ VIOLATED" in told
            assert "INTEGRATION_DIED" in told


@pytest.mark.parametrize("code", [0, 5])
def test_an_integration_that_never_lives_has_failed(code: int, tmp_path: Path) -> None:
    """One that ends before it is ready: exit code 1, its exit code and its last words."""
    with voyage(tmp_path, *python(DIES_AT_ONCE.format(code=code))) as run:
        assert run.end() == 1
        assert (
            f"the integration ended with exit code {code} before it was ready · its last words: no engine" in run.said
        )
        check_incomplete(run)
        shown = CliRunner().invoke(main, ["show", str(run.folder)]).output
        assert f"ended with exit code {code} before it was ready" in shown


def test_an_integration_that_never_becomes_ready_has_failed(tmp_path: Path) -> None:
    """Exit code 1 once its time is over, and the message says what to set, and what it said last."""
    with voyage(tmp_path, "--ready-within", "3", *python(SLEEPS)) as run:
        assert run.end() == 1
        asks = "was not ready within 3 s · --ready says how to tell, --ready-within how long"
        assert f"{asks} · its last words: lazy" in run.said


@pytest.mark.parametrize("sign", ["port", "http:/health", "log:at your .ervice"])
def test_every_sign_of_readiness_is_seen(sign: str, tmp_path: Path) -> None:
    """A port, a page or a line in the log: the run goes on from there."""
    with voyage(tmp_path, "--ready", sign, *python(SERVES), duration="60 s") as run:
        run.until(lambda: "the integration is ready" in run.said)
        run.process.terminate()
        assert run.end() == 3


def test_a_sick_page_is_no_sign(tmp_path: Path) -> None:
    """An answer that is no 2xx does not count."""
    with voyage(tmp_path, "--ready", "http:/sick", "--ready-within", "2", *python(SERVES)) as run:
        assert run.end() == 1


def test_an_integration_that_runs_already_is_left_alone(tmp_path: Path) -> None:
    """Attached to, it is tried like any other, and still runs afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", SERVES], env={**os.environ, "PORT": str(port)}) as own:
        try:
            words = "--faults-at", "partner", "--attach", f"http://127.0.0.1:{port}"
            with voyage(tmp_path, *words, duration="2 s") as run:
                assert run.end() == 1  # it does nothing for its orders
                assert "limits broken" in run.said
            assert own.poll() is None
        finally:
            own.kill()


def test_every_run_in_a_folder_begins_with_nothing(tmp_path: Path) -> None:
    """What an integration kept beside its store, and files of the mailbox, would look like work that is done.

    The same goes for the books of a load of several generators, which a load of one does not write.
    """
    (tmp_path / "run").mkdir()
    RunFolder.create(tmp_path / "run")
    stale = tmp_path / "run" / "load-1.jsonl"
    stale.write_text("what an earlier run placed")
    for _ in range(2):
        with voyage(tmp_path, *python(REMEMBERS), duration="60 s") as run:
            run.until(lambda: "the integration is ready" in run.said)
            run.process.terminate()
            assert run.end() == 3
            log = (run.folder / "integration.log").read_text()
            assert (log.count("is new"), log.count("is there")) == (3, 0)
            assert not stale.exists()


def test_a_body_without_measure_is_refused_by_the_partner(tmp_path: Path) -> None:
    """100 MB pass the proxy piece by piece, and the words are those that the partner has for everybody."""
    with voyage(tmp_path, "--", sys.executable, "-c", SENDS_MUCH, duration="60 s") as run:
        log = run.folder / "integration.log"
        run.until(lambda: log.exists() and "too_large" in log.read_text())
        assert "413" in log.read_text()
        run.process.terminate()
        assert run.end() == 3


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


def test_somebody_else_at_the_integrations_port_is_told(tmp_path: Path) -> None:
    """Who listens there already would be taken for the integration: exit code 3 before anything starts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with voyage(tmp_path, "--listen", str(taken.getsockname()[1]), *python(SERVES)) as run:
            assert run.end() == 3
            assert "--listen" in run.said
            assert not run.folder.exists()
