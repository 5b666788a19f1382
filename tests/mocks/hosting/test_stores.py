"""Laws of the durable store: memory, SQLite and PostgreSQL tell the same story, also after they were closed."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.mocks.hosting.stores import sqlite_url, store_at
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.middleware.files import MARK, Message, Position, ReturnFile
from seatrial.sim.errors import BadInput
from seatrial.sim.store import MemoryStore, Record, Store, Write

TABLES = st.sampled_from(["orders", "inbox"])
KEYS = st.sampled_from(["a", "b", "c", "SF-1/R1", "ü", ""])
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(Position, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5)),
    st.just(MARK),
    st.builds(Message, st.just("1"), st.just("t"), st.just("l"), st.just("s"), st.builds(Units, st.text(
        alphabet="xyz"), st.integers(-5, 5)), st.floats(allow_nan=False)),
)  # fmt: skip
WRITES = st.lists(st.builds(Write, TABLES, KEYS, st.none() | RECORDS), max_size=6)
Opener = Callable[[], AbstractAsyncContextManager[Store]]


class StoreMachine(RuleBasedStateMachine):
    """A store beside the one in memory, which is the model."""

    opener: Opener

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model = MemoryStore()
        self.opened: AbstractAsyncContextManager[Store]
        self.store: Store
        self.open()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def open(self) -> None:
        self.opened = self.opener()
        self.store = self.do(self.opened.__aenter__())  # type: ignore[arg-type]

    @rule(writes=WRITES)
    def commit(self, writes: list[Write]) -> None:
        self.do(self.store.commit(*writes))
        self.do(self.model.commit(*writes))

    @rule(table=TABLES, key=KEYS, record=RECORDS)
    def insert(self, table: str, key: str, record: Record) -> None:
        assert self.do(self.store.insert(table, key, record)) == self.do(self.model.insert(table, key, record))

    @rule(table=TABLES, key=KEYS)
    def read(self, table: str, key: str) -> None:
        assert self.do(self.store.read(table, key)) == self.do(self.model.read(table, key))

    @rule()
    def start_again(self) -> None:
        self.do(self.opened.__aexit__(None, None, None))  # type: ignore[arg-type]
        self.open()

    @invariant()
    def tells_the_same_in_the_same_order(self) -> None:
        for table in ("orders", "inbox"):
            assert self.do(self.store.scan(table)) == self.do(self.model.scan(table))

    def teardown(self) -> None:
        self.do(self.opened.__aexit__(None, None, None))  # type: ignore[arg-type]
        self.runner.close()


def hold_to_the_model(opener: Callable[[], Opener], examples: int) -> None:
    class Machine(StoreMachine):
        def __init__(self) -> None:
            self.opener = opener()
            super().__init__()

    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None))


def test_sqlite_tells_what_memory_tells() -> None:
    """Any sequence of reads, writes, inserts and restarts gives the same answers in the same order."""
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder:

        def opener() -> Opener:
            path = Path(folder) / f"{next(numbers)}.sqlite"
            return lambda: store_at(sqlite_url(path), "resilient")

        hold_to_the_model(opener, 20)


@pytest.mark.wire
@pytest.mark.slow
def test_postgres_tells_what_memory_tells(postgres) -> None:
    """The same law on a real database server."""
    numbers = itertools.count()

    def opener() -> Opener:
        name = f"run{next(numbers)}"
        return lambda: store_at(f"postgresql://seatrial@127.0.0.1:{postgres.port}/postgres", name)

    hold_to_the_model(opener, 10)


def use(url: str, work: Callable[[Store], Coroutine[Any, Any, Any]], name: str = "resilient") -> Any:
    async def once() -> Any:
        async with store_at(url, name) as store:
            return await work(store)

    return asyncio.run(once())


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        link.execute(statement)


async def nothing(store: Store) -> None:
    """Open it and close it."""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mongo://x", "unknown kind of store"),
        ("sqlite:///", "names no file"),
        ("sqlite:////no/such/folder/x.sqlite", "cannot be used"),
        ("postgresql://seatrial@127.0.0.1:port/x", "not the address"),
    ],
)
def test_an_address_that_is_none_says_so(url: str, words: str) -> None:
    """A URL of no store, of no file and of no place is told in one line."""
    with pytest.raises(BadInput, match=words):
        use(url, nothing)


def test_a_broken_file_says_so(tmp_path: Path) -> None:
    """A file that is no database is left alone and named."""
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"not a database, surely" * 100)
    with pytest.raises(BadInput, match="cannot be read") as raised:
        use(sqlite_url(path), nothing)
    assert raised.value.exit_code == 2
    assert path.read_bytes().startswith(b"not a database")


def test_a_store_of_another_version_says_so(tmp_path: Path) -> None:
    """A file in another format, and a database of somebody else, are left alone and named."""
    path, others = tmp_path / "x.sqlite", tmp_path / "theirs.sqlite"
    use(sqlite_url(path), lambda store: store.commit(Write("orders", "a", Position("1"))))
    alter(path, "PRAGMA user_version = 99")
    with pytest.raises(BadInput, match="format 99"):
        use(sqlite_url(path), nothing)
    alter(others, "CREATE TABLE theirs (x)")
    with pytest.raises(BadInput, match="no store"):
        use(sqlite_url(others), nothing)


def test_a_record_that_is_broken_says_so(tmp_path: Path) -> None:
    """What another version wrote into a good file is told, not guessed at."""
    url = sqlite_url(tmp_path / "x.sqlite")
    use(url, lambda store: store.commit(Write("orders", "a", ReturnFile("1", "2", "3"))))
    alter(tmp_path / "x.sqlite", "UPDATE record SET kind = 'files.Forgotten'")
    with pytest.raises(BadInput, match="another version"):
        use(url, lambda store: store.read("orders", "a"))


@pytest.mark.wire
def test_a_table_of_another_format_says_so(postgres) -> None:
    """A table that bears the name and is none of ours is left alone."""
    url = f"postgresql://seatrial@127.0.0.1:{postgres.port}/postgres"

    async def plant() -> None:
        link = await asyncpg.connect(url)
        await link.execute("CREATE TABLE seatrial_theirs (x int)")
        await link.close()

    asyncio.run(plant())
    with pytest.raises(BadInput, match="another one"):
        use(url, nothing, "theirs")


@pytest.mark.wire
def test_a_database_that_is_not_there_says_so(free_port) -> None:
    """Nobody at the address: the address without its password, and exit code 3."""
    with pytest.raises(Unavailable, match="start the server") as raised:
        use(f"postgresql://seatrial:hush@127.0.0.1:{free_port}/postgres", nothing)
    assert raised.value.exit_code == 3
    assert "hush" not in str(raised.value)


KILLED = """
import asyncio, sys
from seatrial.mocks.hosting.stores import store_at
from seatrial.mocks.middleware.files import Position
from seatrial.sim.store import Write

async def main():
    async with store_at(sys.argv[1], "killed") as store:
        turn = len(await store.scan("left"))
        while True:
            turn += 1
            key = f"{turn:06}"
            await store.commit(Write("left", key, Position(key)), Write("right", key, Position(key)))
            print(key, flush=True)

asyncio.run(main())
"""


def lives_and_dies(url: str, after: float) -> str:
    """Let a program commit as fast as it can, kill it, and give the last number that it was told to be safe."""
    with subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(after)
        program.kill()
        *_, last = program.stdout.read().split("\n")[:-1]
    return last


async def halves(store: Store) -> tuple[list[str], list[str]]:
    left, right = await store.scan("left"), await store.scan("right")
    return [key for key, _ in left], [key for key, _ in right]


@pytest.mark.wire
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_kill_loses_nothing_and_halves_nothing(kind, request, tmp_path) -> None:
    """A process that is killed at any moment leaves every commit that returned, and each of them whole."""
    url = sqlite_url(tmp_path / "x.sqlite")
    if kind == "postgres":
        url = f"postgresql://seatrial@127.0.0.1:{request.getfixturevalue('postgres').port}/postgres"
    for after in (0.05, 0.11, 0.17):
        last = lives_and_dies(url, after)
        left, right = use(url, halves, "killed")
        assert left == right == [f"{n + 1:06}" for n in range(len(left))]
        assert left[-1] >= last


@pytest.mark.wire
def test_a_database_that_went_away_is_waited_for(own_postgres) -> None:
    """Who writes while the server is down stands still, and goes on when it is back; nothing is lost or doubled."""

    async def work(store: Store) -> None:
        assert await store.insert("inbox", "a", Position("1"))
        own_postgres.stop()
        waiting = asyncio.gather(
            store.insert("inbox", "b", Position("2")),
            store.insert("inbox", "a", Position("3")),
            store.commit(Write("orders", "c", Position("4"))),
        )
        await asyncio.sleep(0.7)
        assert not waiting.done()
        await asyncio.to_thread(own_postgres.start)
        assert await asyncio.wait_for(waiting, 30) == [True, False, None]
        assert [key for key, _ in await store.scan("inbox")] == ["a", "b"]

    use(f"postgresql://seatrial@127.0.0.1:{own_postgres.port}/postgres", work, "waits")
