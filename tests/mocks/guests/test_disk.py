"""The disk of code of others: a file that outlives a crash and not the run, and SQLite as its process would have it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from seatrial.mocks.guests.sea import Sea
from seatrial.voyage import Run

Sail = Callable[..., Run]
CRASH = {"faults": "[{fault: integration_crash, at: marketplace.list_changes, times: 1, with: {down_for: 2 s}}]"}


def file_of(environment: Any) -> Path:
    return Path(environment["SEATRIAL_STORE"].removeprefix("sqlite:///"))


def crash(sea: Sea) -> None:
    token = {"Authorization": f"Bearer {sea.token('marketplace')}"}
    httpx.get(sea.url("marketplace") + "/changes", headers=token, timeout=5)


def test_a_guest_is_told_what_a_program_is(sail: Sail) -> None:
    """Where to keep its state, and the scenario's controls, by the variables that a program on real sockets gets."""
    told: list[Any] = []

    def main(sea: Sea) -> None:
        told.append((sea.environment["SEATRIAL_CONTROLS"], sea.controls))
        told.append((os.environ["SEATRIAL_STORE"], file_of(sea.environment).exists()))
        time.sleep(1e9)

    run = sail(main, settings={"controls": "{patience: 2 s, batch: 6}"})
    assert run.failure == ""
    (controls, given), (store, is_there) = told
    assert json.loads(controls) == given == {"patience": "2 s", "batch": 6}
    assert store.startswith("sqlite:////")
    assert not is_there


def test_the_store_outlives_a_crash_and_not_the_run(sail: Sail) -> None:
    """Each run has a new one; what was committed is there after a crash, and nothing when the run is over."""
    seen: list[tuple[Path, int]] = []

    def main(sea: Sea) -> None:
        file = file_of(os.environ)
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE IF NOT EXISTS life (number)")
            database.execute("INSERT INTO life VALUES (1)")
        seen.append((file, database.execute("SELECT count(*) FROM life").fetchone()[0]))
        time.sleep(1)
        crash(sea)
        time.sleep(1e9)

    for _ in range(2):
        assert sail(main, settings=CRASH).failure == ""
    assert [lives for _, lives in seen] == [1, 2, 1, 2]
    assert len({file for file, _ in seen}) == 2
    assert not any(file.parent.exists() for file, _ in seen)


def test_a_crash_takes_back_what_was_not_committed(sail: Sail) -> None:
    """Whoever still holds the connection, its lock is free in the next life, and no `finally` commits in its grave."""
    held: list[sqlite3.Connection] = []
    counted: list[int] = []

    def main(sea: Sea) -> None:
        database = sqlite3.connect(file_of(sea.environment))
        held.append(database)
        database.execute("CREATE TABLE IF NOT EXISTS orders (number)")
        database.commit()
        database.execute("INSERT INTO orders VALUES (1)")
        counted.append(database.execute("SELECT count(*) FROM orders").fetchone()[0])
        try:
            crash(sea)
        finally:
            database.commit()
        time.sleep(1e9)

    run = sail(main, settings=CRASH)
    assert (run.failure, run.mishaps) == ("", ())
    assert counted == [1, 1]


@pytest.mark.parametrize("patience", [{"timeout": 10}, {"timeout": 0.1}, {}])
def test_a_lock_is_waited_for_in_virtual_time(sail: Sail, patience: dict[str, float]) -> None:
    """As long as the connection says; who holds it goes on meanwhile, and lets go of it after three seconds."""
    ended: list[Any] = []

    def hold(file: Path) -> None:
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE orders (number)")
            database.execute("INSERT INTO orders VALUES (0)")
            time.sleep(3)

    def enter(file: Path) -> None:
        time.sleep(1)
        database = sqlite3.connect(file, **patience)  # type: ignore[call-overload]
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO orders VALUES (?)", ((number,) for number in range(3)))
            database.commit()
            ended.append(database.execute("SELECT count(*) FROM orders").fetchone()[0])
        except sqlite3.OperationalError as error:
            ended.append(str(error))
        ended.append(round(time.monotonic(), 1))

    async def main(sea: Sea) -> None:
        file = file_of(sea.environment)
        await asyncio.gather(asyncio.to_thread(hold, file), asyncio.to_thread(enter, file))
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert ended == (["database is locked", 1.1] if patience.get("timeout") == 0.1 else [4, 3.0])


def test_the_patience_of_a_pragma_is_virtual_too(sail: Sail) -> None:
    """`PRAGMA busy_timeout` is what many say in the place of `timeout`."""
    ended: list[Any] = []

    def main(sea: Sea) -> None:
        one, other = (sqlite3.connect(file_of(sea.environment)) for _ in range(2))
        one.execute("PRAGMA busy_timeout = 2000")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            one.execute("BEGIN IMMEDIATE")
        ended.append(round(time.monotonic(), 1))
        time.sleep(1e9)

    assert sail(main).failure == ""
    assert ended == [2.0]


def test_a_script_waits_for_a_lock_as_a_statement_does(sail: Sail) -> None:
    """What it did before the lock is not done again, and its own patience and transactions are kept."""
    ended: list[Any] = []
    script = """
        PRAGMA busy_timeout = 4000; -- longer than the other one works; or so it hopes
        CREATE TEMP TABLE once (text);
        INSERT INTO once VALUES ('a;b');
        CREATE TEMP TRIGGER twice AFTER INSERT ON once BEGIN UPDATE once SET text = text; SELECT 1; END;
        BEGIN IMMEDIATE;
        CREATE TABLE orders (number);
        INSERT INTO orders VALUES (1); COMMIT; -- done
    """

    def hold(file: Path) -> None:
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute("BEGIN IMMEDIATE")
            time.sleep(3)

    def enter(file: Path) -> None:
        database = sqlite3.connect(file)
        database.executescript(script)
        ended.extend(database.execute("SELECT (SELECT count(*) FROM once), (SELECT count(*) FROM orders)").fetchone())
        ended.extend((database.in_transaction, database.isolation_level, round(time.monotonic(), 1)))

    async def main(sea: Sea) -> None:
        file = file_of(sea.environment)
        await asyncio.gather(asyncio.to_thread(hold, file), asyncio.to_thread(enter, file))
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert ended == [1, 1, False, "", 3.0]


def test_nobody_waits_for_the_real_disk(sail: Sail, tmp_path: Path) -> None:
    """What is written to the store need not outlive the machine; a file elsewhere is somebody's own."""
    levels: list[int] = []

    def main(sea: Sea) -> None:
        for file in (file_of(sea.environment), tmp_path / "x"):
            with contextlib.closing(sqlite3.connect(file)) as database:
                levels.extend(database.execute("PRAGMA synchronous").fetchone())
        time.sleep(1e9)

    assert sail(main).failure == ""
    assert levels == [0, 2]


def test_a_file_that_is_locked_can_be_opened(sail: Sail) -> None:
    """It is the first statement that is refused, or waits."""
    refused: list[str] = []

    async def main(sea: Sea) -> None:
        one = sqlite3.connect(file_of(sea.environment))
        one.execute("BEGIN EXCLUSIVE")
        other = sqlite3.connect(file_of(sea.environment))
        try:
            other.execute("CREATE TABLE orders (number)")
        except sqlite3.OperationalError as error:
            refused.append(str(error))
        await asyncio.sleep(1e9)

    assert sail(main).failure == ""
    assert refused == ["database is locked"]


def test_the_present_and_the_chance_of_sql_are_the_runs(sail: Sail) -> None:
    """SQLite would ask the system for both: a row that says when it was written says it in the run's time."""
    said: list[tuple[Any, ...]] = []
    table = """CREATE TABLE t
               (number, at DEFAULT CURRENT_TIMESTAMP, id DEFAULT (hex(randomblob(8))), day AS (date(at)));
               CREATE INDEX by_day ON t (date(at))"""

    def tell(sea: Sea) -> None:
        database = sqlite3.connect(":memory:")
        database.executescript(table)
        time.sleep(5.25)
        database.execute("INSERT INTO t (number) VALUES (1)")
        age = "round((julianday() - julianday(?)) * 86400, 2), strftime('%H:%M', 'now', '-1 hour'), time()"
        row = f"SELECT at, day, {age}, date('2020-01-31', '+1 day'), random(), id FROM t"
        said.append(database.execute(row, (str(sea.start.replace(tzinfo=None)),)).fetchone())
        at = sea.start + timedelta(seconds=5)
        assert said[-1][0] == f"{at:%Y-%m-%d %H:%M:%S}"
        assert said[-1][1:6] == (
            f"{at:%Y-%m-%d}",
            5.25,
            f"{at - timedelta(hours=1):%H:%M}",
            f"{at:%H:%M:%S}",
            "2020-02-01",
        )
        time.sleep(1e9)

    for _ in range(2):
        assert sail(tell).failure == ""
    assert said[0] == said[1]


def test_files_of_others_are_opened_as_ever(tmp_path: Path) -> None:
    """Outside of a run nothing is in the place of sqlite3's own."""
    assert type(sqlite3.connect(tmp_path / "x")) is sqlite3.Connection


def test_arguments_by_place_are_what_they_are(sail: Sail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the last of them: how many statements to keep, and that a name is a URI."""
    asked: list[dict[str, Any]] = []

    def main(sea: Sea) -> None:
        sqlite3.connect(":memory:", 5.0, 0, None, True, sqlite3.Connection, 64, True)
        time.sleep(1e9)

    def connect(database: str, **options: Any) -> sqlite3.Connection:
        asked.append(options)
        return sqlite3.Connection(database, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)
    assert sail(main).failure == ""
    assert (asked[0]["cached_statements"], asked[0]["uri"]) == (64, True)
