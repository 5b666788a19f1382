"""The disk of a guest: a file that lasts as long as the run, and SQLite as its process would have it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, cast
from weakref import WeakSet

from seatrial.mocks.guests import greenlets
from seatrial.mocks.guests.leftovers import PREFIX, guest_folder
from seatrial.mocks.guests.sqlwords import teach
from seatrial.mocks.hosting.stores import sqlite_url
from seatrial.sim.process import Incarnation
from seatrial.sim.rebinding import Rebinding, SharedRebinding
from seatrial.sim.stillness import LIFE

_FILE: Final = "store.sqlite"
_PATIENCE: Final = 5.0
"""Seconds for which sqlite3 waits for a lock where nobody says otherwise."""
_LOOK: Final = 0.01
"""Seconds until it looks again."""
_ARGUMENTS: Final = (
    *("database", "timeout", "detect_types", "isolation_level", "check_same_thread", "factory"),
    *("cached_statements", "uri"),
)
_BUSY: Final = re.compile(r"\s*PRAGMA\s+busy_timeout\s*[=(]\s*(\d+)", re.IGNORECASE)
_LEGACY: Final = -1
"""`autocommit` of who does not say; before 3.12 there is nothing else."""
_open: Final[WeakSet[sqlite3.Connection]] = WeakSet()
"""What guests have open; only one run at a time has guests."""


class Disk:
    """A folder with room for one SQLite file. States: there (within `mounted`), gone."""

    store: str = ""
    """URL of a file that is not there when the run begins."""

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Have the folder, and take it away at the end."""
        with guest_folder() as folder, connections_bound():
            self.store = sqlite_url(folder / _FILE)
            try:
                yield
            finally:
                hang_up()


def hang_up() -> None:
    """Close every connection of a life that is over: what it had not committed is gone, and its locks are free."""
    for connection in list(_open):
        with suppress(sqlite3.Error):
            connection.close()
    _open.clear()


class _Cursor(sqlite3.Cursor):
    """A cursor that waits for a lock in virtual time."""

    def execute(self, sql: str, *args: Any) -> _Cursor:
        connection = cast(_Connection, self.connection)
        if found := _BUSY.match(sql):  # SQLite itself would wait in real time, while nobody could free the lock
            connection.patience = int(found[1]) / 1000
            sql = "PRAGMA busy_timeout = 0"
        connection.patiently(super().execute, sql, *args)
        return self

    def executemany(self, sql: str, rows: Any, /) -> _Cursor:
        rows = rows if isinstance(rows, Sequence) else tuple(rows)  # they may be asked for again
        cast(_Connection, self.connection).patiently(super().executemany, sql, rows)
        return self

    def executescript(self, script: str, /) -> _Cursor:
        """One statement after the other: what a lock stopped may be asked for again, which a whole script may not."""
        connection = cast(_Connection, self.connection)
        if getattr(connection, "autocommit", _LEGACY) == _LEGACY:
            connection.commit()
        level, connection.isolation_level = connection.isolation_level, None
        try:
            for statement in _statements(script):
                self.execute(statement).fetchall()  # to its end
        finally:
            connection.isolation_level = level
        return self


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, as SQLite tells their ends."""
    begun = ""
    for part in re.split(r"(?<=;)", script):
        begun += part
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""
    if begun.strip():
        yield begun


class _Connection(sqlite3.Connection):
    """A connection of a guest: while it waits for a lock others have their turn, so that they can free it.

    In asynchronous code nobody could, and the lock is refused at once. A life that is over raises CancelledError.
    """

    life: Incarnation
    patience: float
    """Seconds for which to wait for a lock."""

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, *args: Any) -> Any:
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        return self.cursor().executemany(*args)

    def executescript(self, script: str, /) -> Any:
        return self.cursor().executescript(script)

    def commit(self) -> None:
        self.patiently(super().commit)

    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> Any:
        if kind is not None:
            return super().__exit__(kind, error, trace)
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return False

    def patiently(self, ask: Callable[..., Any], *args: Any) -> Any:
        """Ask SQLite, and again while somebody else holds a lock."""
        waited = 0.0
        while True:
            if not self.life.alive:
                raise asyncio.CancelledError
            try:
                return ask(*args)
            except sqlite3.OperationalError as error:
                if (
                    error.sqlite_errorcode != sqlite3.SQLITE_BUSY
                    or waited >= self.patience
                    or not greenlets.is_inside()
                ):
                    raise
            greenlets.sleep(_LOOK)
            waited += _LOOK


def _bind(rebinding: Rebinding) -> None:
    rebinding.by_name("connect", _connect(sqlite3.connect), sqlite3.connect)


connections_bound: Final = SharedRebinding(_bind).held
"""Within, what a guest opens by sqlite3 ends with its life; others open files as ever."""


def _connect(real: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        life = LIFE.get()
        if not isinstance(life, Incarnation):
            return real(*args, **options)
        options = dict(zip(_ARGUMENTS, args, strict=False)) | options
        if "factory" in options:
            connection = real(**options)
        else:
            patience = float(options.get("timeout", _PATIENCE))
            connection = real(**options | {"timeout": 0, "factory": _Connection})
            assert isinstance(connection, _Connection)
            connection.life, connection.patience = life, 0.0
            if PREFIX in str(options["database"]):
                with suppress(sqlite3.Error):  # to open a file asks nothing of it: it may be locked, or no database
                    connection.execute("PRAGMA synchronous = OFF")  # no machine fails, and a real disk takes its time
            connection.patience = patience
        if isinstance(connection, sqlite3.Connection):  # a factory may make what it likes
            teach(connection)
        with suppress(TypeError):  # a class whose objects cannot be referred to weakly
            _open.add(connection)
        return connection

    connect.__doc__ = real.__doc__
    return connect
