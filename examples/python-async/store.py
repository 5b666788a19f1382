"""The memory of the shop: documents by table and number, kept in whatever survives the process."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

Document = dict[str, Any]
"""A JSON document of a partner, as it came. Its fields stand in the partner's /openapi.json."""


class Disk(Protocol):
    """Whatever survives the process: `SqliteFile` below, or the mapping that a simulation offers."""

    def __setitem__(self, name: str, body: Any, /) -> None: ...

    def items(self) -> Iterable[tuple[str, Any]]:
        """Everything, in the order in which it was kept first."""
        ...


class Store:
    """Documents in tables. What `put` was given is on the disk when it returns, so a webhook may be answered with 2xx.

    Reads come from memory; what they give is not to be changed.
    """

    def __init__(self, disk: Disk) -> None:
        """Read what an earlier life has kept."""
        self._disk = disk
        self._tables: dict[str, dict[str, Any]] = {}
        for name, document in disk.items():
            table, _, key = name.partition("/")
            self._tables.setdefault(table, {})[key] = document

    def put(self, table: str, key: str, document: Any) -> None:
        """Keep a document, in the place of what was there."""
        self._disk[f"{table}/{key}"] = document
        self._tables.setdefault(table, {})[key] = document

    def get(self, table: str, key: str, default: Any = None) -> Any:
        """A document."""
        return self._tables.get(table, {}).get(key, default)

    def all(self, table: str) -> list[tuple[str, Any]]:
        """A whole table, by key, in the order in which it was begun."""
        return list(self._tables.get(table, {}).items())

    # Steps: pieces of work of which each is to happen once.

    def begin(self, step: str) -> bool:
        """Note a step before its first attempt; false where it was begun before and may have been done."""
        if self.begun(step):
            return False
        self.put("step", step, {"result": None})
        return True

    def begun(self, step: str) -> bool:
        """Whether it was begun, however it ended."""
        return self.get("step", step) is not None

    def record(self, step: str, result: Document) -> Document:
        """Note what came of a step."""
        self.put("step", step, {"result": result})
        return result

    def forget(self, step: str) -> None:
        """What came of a step does not hold any more: it is to be done again."""
        self.put("step", step, {"result": None})

    def result(self, step: str) -> Document | None:
        """What came of a step; none: it has not ended yet."""
        result: Document | None = self.get("step", step, {}).get("result")
        return result


class SqliteFile:
    """A disk in one SQLite file. A commit takes about a millisecond, for which it is not worth leaving the loop."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it."""
        self._database = sqlite3.connect(path, isolation_level=None)  # each statement is a transaction of its own
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.execute("create table if not exists document (name text unique not null, body text not null)")

    def __setitem__(self, name: str, body: Any) -> None:
        keep = "insert into document values (?, ?) on conflict do update set body = excluded.body"
        self._database.execute(keep, (name, json.dumps(body)))

    def items(self) -> list[tuple[str, Any]]:
        """Everything, in the order in which it was kept first."""
        rows = self._database.execute("select name, body from document order by rowid")
        return [(name, json.loads(body)) for name, body in rows]
