"""Laws of the integration as a program: it trades with partners on real sockets, dies and goes on, and ends plainly."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from seatrial.mocks.wire.receiver import Stranger
from seatrial.mocks.wire.waterfront import Waterfront, wire_evidence
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario

pytestmark = pytest.mark.wire
COMMAND = [sys.executable, "-m", "seatrial.mocks.integrations"]
WITHIN = 30.0
SCALE = 120.0
SCENARIO = """
name: harbour-day
asks: Does the integration trade on real sockets?
start: 2026-03-02 08:00:00
duration: 20 min
calm: 1 h
demand: {kind: synthetic, arrivals: {kind: daily, rate: 120/h}, skus: 20}
"""
ERP = {"name": "erp", "kind": "erp", "role": "erp", "url": "http://127.0.0.1:1"}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {"SEATRIAL_PARTNERS": json.dumps([ERP])} | environment
    command = [*COMMAND, *words]
    return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=WITHIN, check=False)


@pytest.mark.parametrize(
    ("words", "environment", "text"),
    [
        (["resilint"], {}, "did you mean 'resilient'"),
        (["resilient"], {"SEATRIAL_PARTNERS": "[}"}, "SEATRIAL_PARTNERS"),
        (["resilient"], {"SEATRIAL_STORE": "mongo://x"}, "unknown kind of store"),
        (
            ["resilient", "--store", "sqlite:///{tmp}/a.sqlite"],
            {"SEATRIAL_BUS": "kafka://x"},
            "unknown kind of event bus",
        ),
    ],
)
def test_what_it_cannot_use_is_exit_code_2(words, environment, text, tmp_path) -> None:
    """One line on stderr and no traceback."""
    ended = run(*(word.format(tmp=tmp_path) for word in words), **environment)
    assert ended.returncode == 2
    assert text in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--store", "postgresql://x@127.0.0.1:{port}/x"], "start the server"),
        (["--bus", "nats://127.0.0.1:{port}"], "nats-server -js"),
        (["--bus", "redis://127.0.0.1:{port}"], "redis-server"),
        ([], "no partner tells the time"),
    ],
)
def test_what_is_not_there_is_exit_code_3(words, text, tmp_path, free_port) -> None:
    """A store, a bus or partners that are away are told by their address in one line, apart from a crash."""
    store = [] if "--store" in words else ["--store", f"sqlite:///{tmp_path}/a.sqlite"]
    ended = run("resilient", *store, *(word.format(port=free_port) for word in words))
    assert ended.returncode == 3
    assert text in ended.stderr
    assert ended.stderr.count("\n") == 1


class Run:
    """A world on real sockets in this process, and the integration as a program beside it."""

    def __init__(self, folder: Path, port: int, words: list[str], command: list[str] | None = None) -> None:
        self.folder = folder
        self.port = port
        self.command = [*(command or COMMAND), "resilient", "--port", str(port), *words]
        self.program: subprocess.Popen[bytes] | None = None
        self.expedition = embark(
            parse_scenario(SCENARIO), 7, "resilient", lambda env: wire_evidence(env, folder), SCALE
        )
        self.failures: list[BaseException] = []
        self.front = Waterfront(self.expedition.world, Stranger(), self.failures.append)

    def start(self) -> None:
        with (self.folder / "log.txt").open("ab") as log:
            environment = {**os.environ, **self.front.environment()}
            self.program = subprocess.Popen(self.command, env=environment, stdout=log, stderr=log)

    def said(self) -> str:
        return (self.folder / "log.txt").read_text()

    async def open(self) -> None:
        await self.front.open()
        self.start()
        self.expedition.shoppers.start()
        self.expedition.world.begin_chaos(self.expedition.voyage)
        self.front.trade()

    async def until(self, second: float) -> None:
        while self.front.clock.now() < second:
            assert not self.failures
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        assert self.program is not None
        if self.program.poll() is None:
            self.program.kill()
        self.program.wait(WITHIN)
        await self.front.close()
        self.expedition.world.evidence.close()


@pytest.mark.slow
@pytest.mark.parametrize(("bus", "store"), [("embedded", "sqlite"), ("nats", "postgres"), ("redis", "sqlite")])
def test_it_trades_dies_and_goes_on(bus, store, request, tmp_path, free_port) -> None:
    """Killed twice in the middle of trade, it enters every order into the ERP exactly once, and ends with exit code 0
    when it is asked to.
    """
    words = ["--store", f"sqlite:///{tmp_path}/state.sqlite"]
    if store == "postgres":
        port = request.getfixturevalue(store).port
        words = ["--store", f"postgresql://seatrial@127.0.0.1:{port}/postgres#harbour-day"]
    if bus != "embedded":
        words += ["--bus", f"{bus}://127.0.0.1:{request.getfixturevalue(bus).port}"]

    async def main() -> int:
        run = Run(tmp_path, free_port, words)
        await run.open()
        try:
            for second in (300, 700):
                await run.until(second)
                assert run.program is not None
                run.program.kill()
                run.program.wait(WITHIN)
                await run.until(second + 60)
                run.start()
            await run.until(3000)
            run.program.send_signal(signal.SIGTERM)
            return await asyncio.to_thread(run.program.wait, WITHIN)
        finally:
            await run.close()
            assert run.said() == ""

    assert asyncio.run(main()) == 0
    rows = pl.read_parquet(tmp_path / "*.parquet")
    placed = rows.filter((pl.col("kind") == "event") & (pl.col("operation") == "order.placed"))
    placed = placed.filter(pl.col("partner") != "b2b")  # its batch leaves once a day
    entered = rows.filter((pl.col("document") == "sales_order") & (pl.col("outcome") == "created"))
    counts = Counter(entered["key"].to_list())
    assert placed.height > 10
    assert {key: counts[key] for key in placed["key"]} == dict.fromkeys(placed["key"], 1)


BROKEN = """
import os, sys
from seatrial.mocks.middleware.orchestration import Orchestration
from seatrial.mocks.hosting.process import main

async def run(self):
    raise RuntimeError("a bug of its own")

if os.environ["BROKEN"] == "run":
    Orchestration.run = run
else:
    Orchestration.__init__ = lambda self, around, settings: 1 / 0
sys.exit(main(sys.argv[1:], os.environ))
"""


@pytest.mark.parametrize(("where", "words"), [("run", "RuntimeError: a bug of its own"), ("init", "ZeroDivisionError")])
def test_its_own_death_is_exit_code_1(where, words, tmp_path, free_port, monkeypatch) -> None:
    """An integration that raises ends with its traceback, apart from everything that is not its fault."""
    monkeypatch.setenv("BROKEN", where)

    async def main() -> int:
        run = Run(tmp_path, free_port, ["--store", f"sqlite:///{tmp_path}/s.sqlite"], [sys.executable, "-c", BROKEN])
        await run.open()
        try:
            assert run.program is not None
            code = await asyncio.to_thread(run.program.wait, WITHIN)
            assert "Traceback" in run.said()
            assert words in run.said()
            return code
        finally:
            await run.close()

    assert asyncio.run(main()) == 1
