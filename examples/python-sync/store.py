"""The memory of the integration: one SQLite file with what came in, what was done, and where each release stands."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]
"""A JSON document of a partner, as it came. Its fields stand in the partner's /openapi.json."""

_TABLES = """
create table if not exists message (
    number integer primary key,         -- the order in which they came
    id text unique not null,            -- the sender's number: a second copy is no second message
    lane text not null,                 -- of those with one lane, one is worked off at a time
    kind text not null,
    body text not null,
    due real not null,                  -- not before this moment, Unix time
    failures integer not null default 0,
    done integer not null default 0
);
create index if not exists open_message on message (due) where not done;
create table if not exists step (
    name text primary key,
    result text                         -- null: begun, and nobody knows how it ended
);
create table if not exists fact (name text primary key, value text not null);
create table if not exists fulfilment (
    release_no text primary key,
    order_no text not null,
    warehouse text not null,
    lines text not null,
    stage text not null,                -- accepted, labelled, shipped, stopped, given up
    since real not null
);
"""


@dataclass(frozen=True)
class Message:
    """Something that has to be worked off."""

    id: str
    """The sender's number of it."""
    lane: str
    """Number of the order, mostly."""
    kind: str
    """What it is: an event or a kind of change."""
    body: Document
    """What it says."""
    failures: int = 0
    """How often working it off has failed."""


@dataclass(frozen=True)
class Release:
    """What a warehouse has taken on."""

    release_no: str
    """Our number of it."""
    order_no: str
    """Number of the order."""
    warehouse: str
    """Who ships it."""
    lines: list[Document]
    """What it ships."""
    stage: str
    """Where it stands, as far as we know."""


class Store:
    """One connection, shared by all threads under a lock: at this size simpler, and not slower, than a pool.

    Every commit is on the disk before the call returns, so a webhook may be answered with 2xx.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it."""
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.executescript(_TABLES)

    def take(self, number: str, lane: str, kind: str, body: Document) -> bool:
        """Keep a message; false where it is known already."""
        row = (number, lane, kind, json.dumps(body), time.time())
        sql = "insert or ignore into message (id, lane, kind, body, due) values (?, ?, ?, ?, ?)"
        return self._write(sql, *row) == 1

    def due(self, busy: set[str]) -> Message | None:
        """The oldest message whose moment has come and whose lane is free."""
        sql = "select id, lane, kind, body, failures from message where not done and due <= ? order by number"
        with self._lock:
            for number, lane, kind, body, failures in self._database.execute(sql, (time.time(),)):
                if lane not in busy:
                    return Message(number, lane, kind, json.loads(body), failures)
        return None

    def unfinished(self, kind: str) -> list[Document]:
        """What is not worked off yet of a kind."""
        rows = self._rows("select body from message where not done and kind = ?", kind)
        return [json.loads(body) for (body,) in rows]

    def finish(self, message: Message) -> None:
        """It is worked off."""
        self._write("update message set done = 1 where id = ?", message.id)

    def put_off(self, message: Message, seconds: float) -> None:
        """It failed, and comes again later."""
        sql = "update message set failures = failures + 1, due = ? where id = ?"
        self._write(sql, time.time() + seconds, message.id)

    def begin(self, name: str) -> bool:
        """Note a step before its first attempt; false where it was begun before and may have been done."""
        return self._write("insert or ignore into step (name) values (?)", name) == 1

    def record(self, name: str, result: Document) -> Document:
        """Note what came of a step."""
        self._write("insert or replace into step values (?, ?)", name, json.dumps(result))
        return result

    def result(self, name: str) -> Document | None:
        """What came of a step; none: it has not ended yet."""
        rows = self._rows("select result from step where name = ? and result is not null", name)
        return json.loads(rows[0][0]) if rows else None

    def put(self, name: str, value: Any) -> None:
        """Keep a fact."""
        self._write("insert or replace into fact values (?, ?)", name, json.dumps(value))

    def get(self, name: str, default: Any = None) -> Any:
        """A fact."""
        rows = self._rows("select value from fact where name = ?", name)
        return json.loads(rows[0][0]) if rows else default

    def facts(self, prefix: str) -> dict[str, Any]:
        """All facts whose names begin so, by the rest of the name."""
        rows = self._rows("select substr(name, ?), value from fact where name glob ?", len(prefix) + 1, f"{prefix}*")
        return {name: json.loads(value) for name, value in rows}

    def place(self, release: Release) -> None:
        """Keep where a release stands."""
        row = (release.release_no, release.order_no, release.warehouse, json.dumps(release.lines), release.stage)
        self._write("insert or replace into fulfilment values (?, ?, ?, ?, ?, ?)", *row, time.time())

    def release(self, release_no: str) -> Release | None:
        """A release, if a warehouse has taken it on."""
        found = self._releases("release_no = ?", release_no)
        return found[0] if found else None

    def releases(self, order_no: str) -> list[Release]:
        """All releases of an order."""
        return self._releases("order_no = ?", order_no)

    def silent(self, seconds: float) -> list[Release]:
        """Releases that should move and of which nothing was heard for so long."""
        return self._releases("stage in ('accepted', 'labelled') and since < ?", time.time() - seconds)

    def _releases(self, condition: str, *values: Any) -> list[Release]:
        sql = f"select release_no, order_no, warehouse, lines, stage from fulfilment where {condition}"
        rows = self._rows(f"{sql} order by release_no", *values)
        return [Release(no, order, warehouse, json.loads(lines), stage) for no, order, warehouse, lines, stage in rows]

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._database.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: Any) -> int:
        with self._lock, self._database:
            return self._database.execute(sql, values).rowcount
