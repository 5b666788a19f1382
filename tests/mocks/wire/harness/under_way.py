"""`seatrial wire` under way in a process of its own, and programs that it can be given as the integration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from seatrial.cli import main
from seatrial.sim.runfolder import RunFolder

ON_THE_WIRE = [
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
SLEEPS = "import time; print('lazy', flush=True); time.sleep(600)"


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
        end = time.monotonic() + PATIENCE  # for what an undertaker has to do
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
