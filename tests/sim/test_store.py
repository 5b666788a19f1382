"""Laws of the durable store: all or nothing, unique keys, one order, and no word from the dead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.loop import run_virtual
from seatrial.sim.store import LifetimeStore, MemoryStore, Record, Store, Write


class Row(msgspec.Struct, frozen=True):
    """A record."""

    value: int


tables, keys = st.sampled_from(["orders", "inbox"]), st.sampled_from(["a", "b", "c"])
rows = st.builds(Row, st.integers(0, 9))
writes = st.builds(Write, tables, keys, st.none() | rows)
steps = st.lists(st.tuples(st.booleans(), st.lists(writes, min_size=1, max_size=3)), max_size=20)


def run(main: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    store = MemoryStore()
    run_virtual(main(LifetimeStore(store, lambda: True)))


@given(steps)
def test_the_store_is_a_table_by_key(history: list[tuple[bool, list[Write]]]) -> None:
    """Reads and scans show what a plain dictionary would after the same writes, in the order of first insertion."""

    async def main(store: Store) -> None:
        model: dict[str, dict[str, Record]] = {"orders": {}, "inbox": {}}
        for inserts, changes in history:
            first = changes[0]
            if inserts and first.record is not None:
                is_new = first.key not in model[first.table]
                assert await store.insert(first.table, first.key, first.record) is is_new
                model[first.table].setdefault(first.key, first.record)
            elif not inserts:
                await store.commit(*changes)
                for change in changes:
                    if change.record is None:
                        model[change.table].pop(change.key, None)
                    else:
                        model[change.table][change.key] = change.record
            for table, kept in model.items():
                assert list(await store.scan(table)) == list(kept.items())
                assert [await store.read(table, key) for key in "abc"] == [kept.get(key) for key in "abc"]

    run(main)


def test_a_key_is_taken_once() -> None:
    """Of those who insert the same key at once exactly one is told that it was written, and its record stays."""

    async def main(store: Store) -> None:
        told = await asyncio.gather(*(store.insert("inbox", "m-1", Row(n)) for n in range(5)))
        assert sorted(told) == [False] * 4 + [True]
        assert await store.read("inbox", "m-1") == Row(told.index(True))

    run(main)


def test_a_scan_is_a_picture() -> None:
    """Rows may be written and deleted while somebody goes through a scan of them."""

    async def main(store: Store) -> None:
        await store.commit(*(Write("orders", key, Row(1)) for key in "abc"))
        seen: list[str] = []
        for key, _ in await store.scan("orders"):
            seen.append(key)
            await store.commit(Write("orders", key, None), Write("orders", key * 2, Row(2)))
        assert seen == ["a", "b", "c"]
        assert [key for key, _ in await store.scan("orders")] == ["aa", "bb", "cc"]

    run(main)


def test_the_dead_write_nothing() -> None:
    """After a crash the store of that life raises what ends a task, writes nothing, and still can be read."""
    kept, is_alive = MemoryStore(), True
    store = LifetimeStore(kept, lambda: is_alive)

    async def main() -> None:
        nonlocal is_alive
        await store.commit(Write("orders", "a", Row(1)))
        is_alive = False
        with pytest.raises(asyncio.CancelledError):
            await store.commit(Write("orders", "a", None), Write("orders", "b", Row(2)))
        with pytest.raises(asyncio.CancelledError):
            await store.insert("orders", "c", Row(3))
        assert list(await store.scan("orders")) == [("a", Row(1))]
        assert await store.read("orders", "a") == Row(1)

    run_virtual(main())
