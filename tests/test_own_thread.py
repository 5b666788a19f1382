"""Runs that are started where a loop runs already."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import pytest

import seatrial
from seatrial.own_thread import apart

SCENARIO = """\
name: probe
asks: Does it run in a notebook?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
"""


async def within(work):
    """Do it while a loop runs, as a notebook does."""
    return work()


def test_a_run_in_a_notebook_is_the_same_run(tmp_path: Path) -> None:
    """Where a loop runs already, the history is that of any other place."""
    file = tmp_path / "probe.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    here = seatrial.run(file)
    assert asyncio.run(within(lambda: seatrial.run(file))).digest == here.digest


def test_without_a_loop_nothing_is_moved() -> None:
    """The work is done in the thread that asks for it, and elsewhere only where it has to be."""
    assert apart(threading.current_thread) is threading.current_thread()
    assert asyncio.run(within(lambda: apart(threading.current_thread))) is not threading.current_thread()


def test_errors_come_back(tmp_path: Path) -> None:
    """What the work raises is raised where it was asked for."""
    with pytest.raises(ZeroDivisionError):
        asyncio.run(within(lambda: apart(lambda: 1 / 0)))


def test_an_interruption_reaches_the_work() -> None:
    """The stop button stops the work itself, which may still put its things in order."""
    ended = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            ended.append("in order")
            raise

    async def asked() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        apart(work)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(asked())
    assert ended == ["in order"]
