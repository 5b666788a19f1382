"""Words of SQL that ask the machine, as `CURRENT_TIMESTAMP` and `random()` do: for guests they ask the run."""

from __future__ import annotations

import atexit
import datetime as dt
import os
import sqlite3
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

_CALENDARS: Final = {"date": 0, "time": 0, "datetime": 0, "julianday": 0, "unixepoch": 0, "strftime": 1}
"""Functions of moments, and the place of the first; without a moment they mean the present one."""
_PRESENT: Final = {"current_date": "date", "current_time": "time", "current_timestamp": "datetime"}
_FRACTIONS: Final = ("subsec", "subsecond")
"""In the place of a moment it is the present one, to the millisecond."""
_INTEGER: Final = 8
"""Bytes of one of SQLite."""


def teach(connection: sqlite3.Connection) -> None:
    """Have what a connection makes of the present and of chance come from whoever runs: SQLite asks the system in C."""
    for name, place in _CALENDARS.items():
        connection.create_function(name, -1, partial(_told, name, place), deterministic=True)  # an index may hold it
    for name, calendar in _PRESENT.items():
        connection.create_function(name, 0, partial(_told, calendar, 0))
    connection.create_function("random", 0, _random)
    connection.create_function("randomblob", 1, _blob)


def _told(name: str, place: int, *args: Any) -> Any:
    moment = args[place] if len(args) > place else None
    word = moment.lower() if isinstance(moment, str) else ""
    if len(args) == place or word in _FRACTIONS:
        args = (*args[:place], _present(), *args[place:])
    elif word == "now":
        args = (*args[:place], _present(), *args[place + 1 :])
    return _ask()(f"SELECT {name}({', '.join('?' * len(args))})", args).fetchone()[0]


@cache
def _ask() -> Callable[..., sqlite3.Cursor]:
    """SQLite as it is."""
    genuine = sqlite3.Connection(":memory:", check_same_thread=False)
    atexit.register(genuine.close)
    return genuine.execute


def _present() -> str:
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 (the run's, within a run)
    return now.replace(tzinfo=None).isoformat(" ", "milliseconds")


def _random() -> int:
    return int.from_bytes(os.urandom(_INTEGER), signed=True)  # noqa: TID251 (the run's, within a run)


def _blob(size: Any) -> bytes:
    return os.urandom(max(1, int(size or 0)))  # noqa: TID251 (the run's, within a run)
