"""The durable store in one SQLite file: the default of the reference integrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from seatrial.mocks.hosting.codec import read_record, write_record
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.sim.errors import BadInput
from seatrial.sim.store import Record, Write

FORMAT: Final = 1
"""Number of this layout; a file with another one is not touched."""
_OURS: Final = 0x5EA712A1  # application_id: a file of ours, not any database that somebody has
_WAIT: Final = 5.0  # seconds for which a predecessor that is just being killed may still hold the file
_LAYOUT: Final = """
CREATE TABLE IF NOT EXISTS record (
    place INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (bucket, key)
) STRICT
"""
_PUT: Final = (
    "INSERT INTO record (bucket, key, kind, body) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (bucket, key) DO UPDATE SET kind = excluded.kind, body = excluded.body"
)
_INSERT: Final = "INSERT INTO record (bucket, key, kind, body) VALUES (?, ?, ?, ?) ON CONFLICT (bucket, key) DO NOTHING"


class SqliteStore:
    """One connection to one file, for this process alone; see `Store`.

    Write-ahead log with `synchronous=NORMAL`: a commit is in the hands of the operating system when it returns, so a
    process that is killed at any moment loses nothing that was committed. Only a machine that loses power may lose the
    last commits, never a part of one; the full mode would pay a disk flush for each commit to keep these too.

    Raises BadInput where the file is no store of this version, Unavailable where it cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            self._link = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._link.close()
                raise

    async def read(self, table: str, key: str) -> Record | None:
        """The record, or None."""
        with self._explained():
            row = self._link.execute(
                "SELECT kind, body FROM record WHERE bucket = ? AND key = ?", (table, key)
            ).fetchone()
        return read_record(*row) if row else None

    async def scan(self, table: str) -> Sequence[tuple[str, Record]]:
        """Every record of a table, in the order of first insertion."""
        with self._explained():
            rows = self._link.execute(
                "SELECT key, kind, body FROM record WHERE bucket = ? ORDER BY place", (table,)
            ).fetchall()
        return [(key, read_record(kind, body)) for key, kind, body in rows]

    async def commit(self, *writes: Write) -> None:
        """Apply all writes at once, durably."""
        if not writes:
            return
        rows = [(each, write_record(each.record)) if each.record is not None else (each, None) for each in writes]
        with self._explained(), self._transaction(len(rows) > 1):
            for each, written in rows:
                if written is None:
                    self._link.execute("DELETE FROM record WHERE bucket = ? AND key = ?", (each.table, each.key))
                else:
                    self._link.execute(_PUT, (each.table, each.key, *written))

    async def insert(self, table: str, key: str, record: Record) -> bool:
        """Write the record unless the key is taken; tells whether it was written."""
        with self._explained():
            return self._link.execute(_INSERT, (table, key, *write_record(record))).rowcount == 1

    async def close(self) -> None:
        """Let go of the file."""
        self._link.close()

    def _prepare(self) -> None:
        """Take the file for this process; make it a store if it is new."""
        ask = self._link.execute
        ask("PRAGMA locking_mode = EXCLUSIVE")  # two incarnations at once would not know of each other
        ask("PRAGMA journal_mode = WAL")
        ask("PRAGMA synchronous = NORMAL")
        ask("BEGIN IMMEDIATE")
        (owner,), (written,) = ask("PRAGMA application_id").fetchone(), ask("PRAGMA user_version").fetchone()
        (tables,) = ask("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and owner != _OURS:
            raise BadInput("this database is no store of an integration", value=str(self._path), hint="name another")
        if tables and written != FORMAT:
            hint = f"this version writes format {FORMAT}: name another file, or delete this one"
            raise BadInput(f"a store in format {written}", value=str(self._path), hint=hint)
        ask(_LAYOUT)
        ask(f"PRAGMA application_id = {_OURS}")
        ask(f"PRAGMA user_version = {FORMAT}")
        ask("COMMIT")

    @contextmanager
    def _transaction(self, needed: bool) -> Iterator[None]:
        """Several statements as one; a single one is a transaction by itself."""
        if not needed:
            yield
            return
        self._link.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._link.in_transaction:
                self._link.execute("ROLLBACK")
            raise
        self._link.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors in words that say what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = f"{error}: is it a file that may be written, with room on its disk, and of no other process?"
            raise Unavailable("the store cannot be used", value=str(self._path), hint=hint) from error
        except sqlite3.DatabaseError as error:
            hint = f"{error}: it is broken or no database; name another file, or delete this one"
            raise BadInput("the store cannot be read", value=str(self._path), hint=hint) from error
