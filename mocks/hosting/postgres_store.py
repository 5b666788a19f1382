"""The durable store in a PostgreSQL table, for integrations that keep their state on a database server."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]

from seatrial.mocks.hosting.codec import read_record, write_record
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.sim.errors import BadInput
from seatrial.sim.store import Record, Write

T = TypeVar("T")
FORMAT: Final = "Seatrial store, format 1"
"""Comment on the table; one with another comment is not touched."""
_CONNECTIONS: Final = 8
_PATIENCE: Final = 5.0  # seconds for a connection
_PAUSE: Final = 0.5  # seconds between attempts to reach a server that went away
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TransactionRollbackError,  # two transactions met: the loser goes again
    OSError,
    TimeoutError,
)


class PostgresStore:
    """One table with a row a record; see `Store`. Open it with `connect`.

    A server that goes away is waited for: whoever reads or writes stands still until it is back, and goes on as if
    nothing had happened. Writes may therefore be sent twice, which changes nothing; an insert knows its own row again.
    """

    def __init__(self, pool: Any, table: str, shown: str) -> None:
        self._pool = pool
        self._shown = shown
        self._read = f"SELECT kind, body FROM {table} WHERE bucket = $1 AND key = $2"
        self._scan = f"SELECT key, kind, body FROM {table} WHERE bucket = $1 ORDER BY place"
        self._delete = f"DELETE FROM {table} WHERE bucket = $1 AND key = $2"
        insert = f"INSERT INTO {table} (bucket, key, kind, body) VALUES ($1, $2, $3, $4) ON CONFLICT (bucket, key) "
        self._put = f"{insert} DO UPDATE SET kind = excluded.kind, body = excluded.body"
        self._insert = f"{insert} DO NOTHING RETURNING place"

    @classmethod
    async def connect(cls, url: str, name: str) -> PostgresStore:
        """Open the table `seatrial_<name>`. Raises Unavailable without a server, BadInput for what is no store."""
        table = f"seatrial_{re.sub('[^a-z0-9]', '_', name.lower())}"
        shown = re.sub(r"//[^/@]*@", "//", url)  # a password is nobody's business
        try:
            pool = await asyncpg.create_pool(url, min_size=1, max_size=_CONNECTIONS, timeout=_PATIENCE)
            await _prepare(pool, table, shown)
        except ValueError as error:
            hint = f"{error}; write postgresql://user@host:port/database"
            raise BadInput("not the address of a database", value=shown, hint=hint) from error
        except (*_LOST, asyncpg.PostgresError) as error:
            hint = f"{error or type(error).__name__}: start the server, or name another store"
            raise Unavailable("the database of the store does not let us in", value=shown, hint=hint) from error
        return cls(pool, table, shown)

    async def read(self, table: str, key: str) -> Record | None:
        """The record, or None."""
        row = await self._until_done(lambda link: link.fetchrow(self._read, table, key))
        return read_record(row["kind"], row["body"]) if row else None

    async def scan(self, table: str) -> Sequence[tuple[str, Record]]:
        """Every record of a table, in the order of first insertion."""
        rows = await self._until_done(lambda link: link.fetch(self._scan, table))
        return [(row["key"], read_record(row["kind"], row["body"])) for row in rows]

    async def commit(self, *writes: Write) -> None:
        """Apply all writes at once, durably."""
        if writes:
            await self._until_done(lambda link: self._commit(link, writes))

    async def insert(self, table: str, key: str, record: Record) -> bool:
        """Write the record unless the key is taken; tells whether it was written."""
        written = write_record(record)
        attempts = 0

        async def put(link: Any) -> bool:
            nonlocal attempts
            attempts += 1
            if await link.fetchval(self._insert, table, key, *written) is not None:
                return True
            if attempts == 1:
                return False
            found = await link.fetchrow(self._read, table, key)  # the first attempt may have come through
            return found is not None and (found["kind"], found["body"]) == written

        return await self._until_done(put)

    async def close(self) -> None:
        """Let go of the server."""
        self._pool.terminate()

    async def _commit(self, link: Any, writes: Iterable[Write]) -> None:
        async with link.transaction():
            for deletes, group in groupby(writes, key=lambda each: each.record is None):
                if deletes:
                    await link.executemany(self._delete, [(each.table, each.key) for each in group])
                else:
                    rows = [(each.table, each.key, *write_record(each.record)) for each in group if each.record]
                    await link.executemany(self._put, rows)

    async def _until_done(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do it with a connection, as often as it takes."""
        lost = False
        while True:
            try:
                async with self._pool.acquire(timeout=_PATIENCE) as link:
                    result = await work(link)
            except _LOST as error:
                if not lost:
                    print(f"seatrial: the store at {self._shown} is waited for: {error!r}", file=sys.stderr)  # noqa: T201
                lost = True
                await asyncio.sleep(_PAUSE)
            else:
                return result


async def _prepare(pool: Any, table: str, shown: str) -> None:
    """Make the table if it is new; refuse one of another format."""
    async with pool.acquire() as link:
        exists = await link.fetchval("SELECT to_regclass($1)", table)
        if exists is not None:
            comment = await link.fetchval("SELECT obj_description($1::regclass, 'pg_class')", table)
            if comment != FORMAT:
                hint = f"this version writes {FORMAT!r}: drop the table, or name another database"
                raise BadInput(f"table {table} of {shown} is another one", value=comment or "", hint=hint)
            return
        async with link.transaction():
            await link.execute(
                f"CREATE TABLE {table} (place bigserial PRIMARY KEY, bucket text NOT NULL, key text NOT NULL, "
                "kind text NOT NULL, body bytea NOT NULL, UNIQUE (bucket, key))"
            )
            await link.execute(f"COMMENT ON TABLE {table} IS '{FORMAT}'")
