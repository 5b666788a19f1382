"""Laws of the program that a wire run tries: when it is taken to be ready, when it has failed, what it finds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from under_way import ON_THE_WIRE, SERVER, SERVES, SLEEPS, check_incomplete, python, voyage

from seatrial.cli import main
from seatrial.sim.runfolder import RunFolder

pytestmark = ON_THE_WIRE
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


def test_somebody_else_at_the_integrations_port_is_told(tmp_path: Path) -> None:
    """Who listens there already would be taken for the integration: exit code 3 before anything starts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with voyage(tmp_path, "--listen", str(taken.getsockname()[1]), *python(SERVES)) as run:
            assert run.end() == 3
            assert "--listen" in run.said
            assert not run.folder.exists()
