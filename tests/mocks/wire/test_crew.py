"""Laws of the integration as a process: killed and started again, frozen and thawed, and nothing of it left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import polars as pl
import pytest

from seatrial.mocks.wire.crew import Crew
from seatrial.mocks.wire.undertaker import Undertaker, marked
from seatrial.sim.evidence import Evidence

pytestmark = [pytest.mark.wire, pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks into /proc")]
SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
FAMILY = ("sh", "-c", "setsid sleep 600 & sleep 601 & sleep 602")
PATIENCE = 20.0


class Ship:
    """A crew, and what is heard of it."""

    def __init__(self, folder: Path, command: tuple[str, ...], pace: float) -> None:
        self.codes: list[int] = []
        self.failures: list[BaseException] = []
        self.evidence = Evidence(asyncio.get_running_loop().time)
        self.undertaker = Undertaker(f"test-{os.getpid()}-{folder.name}")
        self.crew = Crew(command, folder / "log", self.evidence, self.undertaker, pace, self)

    def died(self, code: int) -> None:
        self.codes.append(code)

    def fail(self, error: BaseException) -> None:
        self.failures.append(error)

    @property
    def alive(self) -> list[int]:
        """Processes of the crew, by the mark of the run."""
        return sorted(marked(self.undertaker.mark))

    @property
    def states(self) -> set[str]:
        return {Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[0] for each in self.alive}

    def notes(self) -> list[str]:
        return self.evidence.frame().filter(pl.col("kind") == "note")["operation"].to_list()


def sail(
    folder: Path, play: Callable[[Ship], Awaitable[None]], command: tuple[str, ...] = SLEEPER, pace: float = 100.0
) -> Ship:
    async def main() -> Ship:
        ship = Ship(folder, command, pace=100.0)
        try:
            await ship.crew.start({})
            await play(ship)
        finally:
            await ship.crew.stop()
            ship.undertaker.dismiss()
        assert ship.alive == []
        assert ship.failures == []
        return ship

    return asyncio.run(main())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 (a process tells nobody)
            await asyncio.sleep(0.02)


def test_its_log_begins_with_the_run_and_goes_on_after_a_crash(tmp_path: Path) -> None:
    """Lines of an earlier run in this folder are gone: one of them might say that it is ready."""
    log = tmp_path / "log"
    log.write_text("ready\n")

    async def play(ship: Ship) -> None:
        await until(lambda: log.exists() and log.read_text() == "up\n")
        ship.crew.crash(1.0)
        await until(lambda: log.read_text() == "up\nup\n")

    sail(tmp_path, play)


def test_a_crash_kills_and_a_restart_follows(tmp_path: Path) -> None:
    """The process is gone at once, and another is there when its business time has come; nobody takes it for dead."""

    async def play(ship: Ship) -> None:
        await until(lambda: len(ship.alive) == 1)  # its mark can be read once it has become the command
        (before,) = ship.alive
        ship.crew.crash(50.0)  # half a second
        assert not ship.crew.up
        await until(lambda: ship.crew.up)
        await until(lambda: len(ship.alive) == 1)
        assert ship.alive != [before]

    ship = sail(tmp_path, play)
    assert ship.notes() == ["crash", "restart"]
    assert ship.codes == []


def test_a_freeze_stops_and_a_thaw_follows(tmp_path: Path) -> None:
    """A frozen process is up and does nothing; the longer of two freezes counts."""

    async def play(ship: Ship) -> None:
        ship.crew.freeze(100.0)
        ship.crew.freeze(20.0)
        assert ship.crew.up
        await asyncio.sleep(0.5)
        assert ship.states == {"T"}
        await until(lambda: ship.states == {"S"})

    assert sail(tmp_path, play).notes() == ["freeze", "thaw"]


def test_a_frozen_process_can_be_killed_and_stopped(tmp_path: Path) -> None:
    """A crash takes a frozen process, the next life is not frozen; a run that ends leaves no frozen process behind."""

    async def play(ship: Ship) -> None:
        ship.crew.freeze(1e6)
        ship.crew.crash(1.0)
        await until(lambda: ship.crew.up)
        await until(lambda: ship.states == {"S"})
        ship.crew.freeze(1e6)

    assert sail(tmp_path, play).notes() == ["freeze", "crash", "restart", "freeze"]


def test_a_run_that_ends_while_the_process_is_down_starts_nothing(tmp_path: Path) -> None:
    """Nobody comes back after the end."""

    async def play(ship: Ship) -> None:
        ship.crew.crash(1e6)

    assert sail(tmp_path, play).notes() == ["crash"]


def test_who_ends_by_itself_is_reported_once(tmp_path: Path) -> None:
    """Exit code or signal of whatever ended without our asking reach whoever has to know."""

    async def play(ship: Ship) -> None:
        await until(lambda: len(ship.alive) == 1)
        os.kill(ship.alive[0], signal.SIGKILL)
        await until(lambda: ship.codes == [-9])

    ship = sail(tmp_path, play)
    assert ship.evidence.frame()["document_id"].to_list() == ["was killed by signal 9 (SIGKILL)"]


def test_children_that_left_the_group_are_found(tmp_path: Path) -> None:
    """What the command started ends with it, in whatever session it is."""

    async def play(ship: Ship) -> None:
        await until(lambda: len(ship.alive) == 4)

    sail(tmp_path, play, FAMILY)
