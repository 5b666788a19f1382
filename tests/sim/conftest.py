"""What the tests of the ground share: the stock asyncio loop on a clock that jumps, as a twin of the virtual one."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

import pytest

from seatrial.sim.handles import NumberedTask
from seatrial.sim.loop import run_virtual

Log = list[tuple[float, object]]
Note = Callable[[object], None]
Main = Coroutine[Any, Any, None]
Program = Callable[[Note], Main]


class Twin(asyncio.SelectorEventLoop):
    """The stock loop of the standard library; time jumps to the next timer when nothing is ready."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_JumpingSelector(self))
        self._clock_resolution = 1e-13  # far below the smallest delay; at 0 the stock loop would never reach a timer
        number = count(1).__next__
        # Stock tasks hash by address, and a task group would cancel its children in another order in every process.
        self.set_task_factory(lambda loop, coro, **options: NumberedTask(number(), coro, loop=loop, **options))

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: Twin) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "the twin would wait for ever"
        if timeout > 0:
            self._loop.now = self._loop._scheduled[0]._when  # type: ignore[attr-defined]
        return super().select(0)


def logged(run: Callable[[Main], None], program: Program) -> Log:
    """What a program notes, each with the loop's time."""
    log: Log = []
    run(program(lambda what: log.append((asyncio.get_running_loop().time(), what))))
    return log


def on_twin(main: Main) -> None:
    with asyncio.Runner(loop_factory=Twin) as runner:
        runner.run(main)


@pytest.fixture(scope="session")
def both_logs() -> Callable[[Program], tuple[Log, Log]]:
    """Plays a program on the virtual loop and on its twin; what it noted there, each with the loop's time."""
    return lambda program: (logged(run_virtual, program), logged(on_twin, program))
