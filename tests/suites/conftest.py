"""What tests of suites share: a short scenario, and integrations of another package that end their process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import seatrial.suite_voyage
from seatrial.cli import main
from seatrial.suite_crew import Ended
from seatrial.suite_job import Job, carry_out

SCENARIO = """\
name: set/probe
asks: Does one lost reply make a second order?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 2 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 3/h}, skus: 5, returns: 0, cancellations: 0}
"""
ROUGH = '''\
"""Integrations that end in all the ways in which a process can end."""

import asyncio
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import msgspec


class Idle:
    """Does nothing at all."""

    class Settings(msgspec.Struct, frozen=True):
        """None."""

    def __init__(self, around, settings):
        self.around = around

    async def run(self):
        self.act()
        await asyncio.Event().wait()

    async def receive(self, notice):
        return

    def act(self):
        return


class Exits(Idle):
    """Ends the process, as a C library can: beneath the fences."""

    def act(self):
        print("nobody saw me go")
        sys.stdout.flush()
        ctypes.CDLL(None)._exit(7)


class Killed(Idle):
    """Is killed, as by the kernel where memory runs out, under some seeds: beneath the fences."""

    def act(self):
        if self.around.chance("fate") < 0.5:
            getattr(ctypes.CDLL(None), "raise")(signal.SIGKILL)


class Sleeps(Idle):
    """Leaves virtual time: an error of the harness."""

    def act(self):
        time.sleep(1)


class Dozes(Idle):
    """Takes its real time, a tenth of a second after each tenth of the run."""

    async def run(self):
        for _ in range(100):
            end = os.times().elapsed + 0.1
            while os.times().elapsed < end:
                pass
            await asyncio.sleep(100)


class Hangs(Idle):
    """Never comes back, under some seeds."""

    def act(self):
        while self.around.chance("fate") < 0.5:
            pass


class Once(Idle):
    """Ends the process the first time that it is run."""

    def act(self):
        try:
            Path(os.environ["ROUGH_ONCE"]).touch(exist_ok=False)
        except FileExistsError:
            return
        ctypes.CDLL(None)._exit(7)
'''
POINTS = "[seatrial.integrations]\n" + "".join(
    f"{name} = rough_hands:{name.capitalize()}\n"
    for name in ("idle", "exits", "killed", "sleeps", "dozes", "hangs", "once")
)


@pytest.fixture(scope="session")
def rough_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of such integrations, as an installer would leave it."""
    place = tmp_path_factory.mktemp("packages")
    (place / "rough_hands.py").write_text(ROUGH, encoding="utf-8")
    told = place / "rough_hands-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: rough-hands\nVersion: 1.0\n", encoding="utf-8")
    (told / "entry_points.txt").write_text(POINTS, encoding="utf-8")
    return place


@pytest.fixture
def rough(rough_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package is installed, here and in every process that is started."""
    monkeypatch.syspath_prepend(str(rough_package))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(rough_package), *filter(None, sys.path)]))
    monkeypatch.setenv("ROUGH_ONCE", str(tmp_path / "once"))
    invalidate_caches()
    yield rough_package
    invalidate_caches()


class Alone:
    """A crew of one, in this process: where a test is about what a suite makes of runs, not about who makes them."""

    about = "this process"

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def free(self) -> int:
        return 1 - len(self._ended)

    def take(self, number: int, job: Job, folder: Path) -> None:
        self._ended.append(Ended(number, carry_out(job, folder)))

    def news(self, patience: float) -> list[Ended]:
        told, self._ended = self._ended, []
        return told

    def stop(self) -> None:
        return


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suites start no processes."""
    monkeypatch.setattr(seatrial.suite_voyage, "crew_of", lambda dask, jobs: Alone())


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A scenario that takes a tenth of a second."""
    file = tmp_path / "probe.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


@pytest.fixture
def seatrial_suite() -> Callable[..., Result]:
    """The command, in this process."""

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(main, ["suite", *map(str, arguments)])
        assert "Traceback" not in result.output
        return result

    return call
