"""The durable store of an integration: what survives a crash of its process."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Sequence
from typing import Protocol

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

    async def commit(self, *writes: Write) -> None:
        """Apply all writes at once, durably."""
        ...

    async def insert(self, table: str, key: str, record: Record) -> bool:
        """Write the record unless the key is taken; tells whether it was written. Atomic, like a unique index."""
        ...


class MemoryStore:
    """A store for virtual time: it outlives the integration's tasks, not the run."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Record]] = {}

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
            rows = self._tables.setdefault(write.table, {})
            if write.record is None:
                rows.pop(write.key, None)
            else:
                rows[write.key] = write.record

    async def insert(self, table: str, key: str, record: Record) -> bool:
        """Write the record unless the key is taken."""
        rows = self._tables.setdefault(table, {})
        if key in rows:
            return False
        rows[key] = record
        return True


class LifetimeStore:
    """The store as one incarnation of the integration holds it: after its crash nothing is written any more."""

    def __init__(self, store: Store, alive: Callable[[], bool]) -> None:
        self._store = store
        self._alive = alive
        self.read = store.read
        self.scan = store.scan

    async def commit(self, *writes: Write) -> None:
        """Apply all writes at once."""
        self._check()
        await self._store.commit(*writes)

    async def insert(self, table: str, key: str, record: Record) -> bool:
        """Write the record unless the key is taken."""
        self._check()
        return await self._store.insert(table, key, record)

    def _check(self) -> None:
        if not self._alive():
            raise CancelledError
