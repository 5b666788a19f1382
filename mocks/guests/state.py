"""What a guest keeps: a table that survives the crash of its process."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy
from functools import partial
from pickle import HIGHEST_PROTOCOL, dumps, loads
from typing import Any, Final

from simpy import Environment

from seatrial.sim.process import Incarnation
from seatrial.sim.waits import pause

TRIP: Final = 0.001
"""Seconds that a database nearby takes for one statement."""


class State(MutableMapping[str, Any]):
    """Values by key, durable at once, without a wait: a file on the disk of the process.

    Values are copied in and out, as they would be on a disk. What a process wrote before its crash is there in its next
    life; a life that is over raises CancelledError.
    """

    def __init__(self, cells: dict[str, Callable[[], Any]], life: Incarnation) -> None:
        self._cells = cells
        self._life = life

    def __getitem__(self, key: str) -> Any:
        return self._cells[key]()

    def __setitem__(self, key: str, value: Any) -> None:
        self._check()
        self._cells[key] = _kept(value)

    def __delitem__(self, key: str) -> None:
        self._check()
        del self._cells[key]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._cells))

    def __len__(self) -> int:
        return len(self._cells)

    def _check(self) -> None:
        if not self._life.alive:
            raise CancelledError


def _kept(value: Any) -> Callable[[], Any]:
    """Gives copies of a value as it is now: from its bytes, a tenth of the work, where it can be written as such."""
    try:
        return partial(loads, dumps(value, HIGHEST_PROTOCOL))
    except Exception:  # noqa: BLE001 (what pickle cannot write it may refuse in any way: a class within a function, say)
        return partial(deepcopy, deepcopy(value))


class Database:
    """The same table as one asks a database: each statement takes a millisecond, in which others get their turn."""

    def __init__(self, state: State, env: Environment) -> None:
        self._state = state
        self._env = env

    async def get(self, key: str, default: Any = None) -> Any:
        """The value, or `default`."""
        await pause(self._env, TRIP)
        return self._state.get(key, default)

    async def put(self, key: str, value: Any) -> None:
        """Write a value, durably."""
        await pause(self._env, TRIP)
        self._state[key] = value

    async def insert(self, key: str, value: Any) -> bool:
        """Write a value unless the key is taken, like a unique index; tells whether it was written."""
        await pause(self._env, TRIP)
        if key in self._state:
            return False
        self._state[key] = value
        return True

    async def delete(self, key: str) -> None:
        """Forget a value, if there is one."""
        await pause(self._env, TRIP)
        self._state.pop(key, None)

    async def items(self, prefix: str = "") -> list[tuple[str, Any]]:
        """Every key that begins so with its value, in the order of first insertion."""
        await pause(self._env, TRIP)
        return [(key, value) for key, value in self._state.items() if key.startswith(prefix)]
