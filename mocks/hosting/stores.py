"""Which store a URL names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seatrial.mocks.hosting.sqlite_store import SqliteStore
from seatrial.sim.errors import BadInput
from seatrial.sim.store import Store

_KNOWN = ("sqlite:///FILE", "postgresql://user@host:port/database")


def store_at(url: str, name: str) -> AbstractAsyncContextManager[Store]:
    """The store at a URL, to be opened; `name` is the integration, which gives a table its name. Raises BadInput."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return _sqlite(url)
    if scheme in ("postgresql", "postgres"):
        return _postgres(url, name)
    raise BadInput("unknown kind of store", value=url, known=_KNOWN)


def sqlite_url(path: Path) -> str:
    """The URL of a file."""
    return f"sqlite:///{path}"


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[Store]:
    path = Path(unquote(url.removeprefix("sqlite://").removeprefix("/")))  # three slashes, then the path as it is
    if path in (Path(), Path("/")):
        raise BadInput("the URL of the store names no file", value=url, known=_KNOWN)
    store = SqliteStore(path)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _postgres(url: str, name: str) -> AsyncIterator[Store]:
    try:
        from seatrial.mocks.hosting.postgres_store import PostgresStore
    except ModuleNotFoundError as error:
        raise BadInput("PostgreSQL needs asyncpg", value=url, hint="pip install 'seatrial[backends]'") from error
    store = await PostgresStore.connect(url, name)
    try:
        yield store
    finally:
        await store.close()
