"""The durable store of an integration: what survives a crash of its process."""

from __future__ import annotations

from asyncio import CancelledError
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import msgspec

Record = msgspec.Struct
"""A stored record: a frozen struct, so that nobody can change it behind the store's back."""


class Write(msgspec.Struct, frozen=True, gc=False):
    """One change of a transaction."""

    table: str
    """Table."""
    key: str
    """Primary key."""
    record: Record | None
    """New record; None deletes."""


class Store(Protocol):
    """Tables of records by key. `commit` is atomic: all of its writes or none."""

    async def read(self, table: str, key: str) -> Record | None:
        """The record, or None."""
        ...

    async def scan(self, table: str) -> Sequence[tuple[str, Record]]:
        """Every record of a table, in the order of first insertion."""
        ...

    def commit(self, *writes: Write) -> Coroutine[Any, Any, None]:
        """Apply all writes at once, durably."""
        ...

    def insert(self, table: str, key: str, record: Record) -> Coroutine[Any, Any, bool]:
        """Write the record unless the key is taken; tells whether it was written. Atomic, like a unique index."""
        ...


class MemoryStore:
    """A store for virtual time: it outlives the integration's tasks, not the run."""

    def __init__(self) -> None:
        self._tables: defaultdict[str, dict[str, Record]] = defaultdict(dict)

    async def read(self, table: str, key: str) -> Record | None:
        """The record, or None."""
        rows = self._tables.get(table)
        return rows.get(key) if rows else None

    async def scan(self, table: str) -> Sequence[tuple[str, Record]]:
        """Every record of a table, in the order of first insertion."""
        return list(self._tables.get(table, {}).items())

    async def commit(self, *writes: Write) -> None:
        """Apply all writes at once."""
        for write in writes:
            key, record = write.key, write.record
            if record is None:
                self._tables[write.table].pop(key, None)
            else:
                self._tables[write.table][key] = record

    async def insert(self, table: str, key: str, record: Record) -> bool:
        """Write the record unless the key is taken."""
        rows = self._tables[table]
        if key in rows:
            return False
        rows[key] = record
        return True


class LifetimeStore:
    """The store as one incarnation of the integration holds it: after its crash nothing is written any more.

    `commit` and `insert` hand on what the store itself gives to await: no coroutine around each write.
    """

    def __init__(self, store: Store, alive: Callable[[], bool]) -> None:
        self._store = store
        self._alive = alive
        self.read = store.read
        self.scan = store.scan

    def commit(self, *writes: Write) -> Coroutine[Any, Any, None]:
        """Apply all writes at once."""
        if not self._alive():
            raise CancelledError
        return self._store.commit(*writes)

    def insert(self, table: str, key: str, record: Record) -> Coroutine[Any, Any, bool]:
        """Write the record unless the key is taken."""
        if not self._alive():
            raise CancelledError
        return self._store.insert(table, key, record)
