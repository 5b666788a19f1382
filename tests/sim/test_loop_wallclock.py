"""Code of others reads the run's time from the clocks of the standard library."""

# Code of others asks clocks without naming a zone; that has to work too.
# ruff: noqa: DTZ001, DTZ002, DTZ003, DTZ005, DTZ006, DTZ011

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import pickle
import sys
import threading
import time
import types
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.wallclock import virtual_wall_clock

START = datetime(2011, 12, 1, 8, tzinfo=UTC)


def on_the_wall(program: Callable[[], Awaitable[Any]], start: datetime = START) -> Any:
    """Run a program whose wall clock starts at `start`."""

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        with virtual_wall_clock(loop, start):
            return await program()

    return run_virtual(main())


def test_every_clock_shows_the_same_virtual_moment() -> None:
    """Seconds, nanoseconds, monotonic clocks, calendars and datetimes agree on the run's time."""

    async def program() -> dict[str, object]:
        await asyncio.sleep(90.25)
        return {
            "time": time.time() - START.timestamp(),
            "time_ns": time.time_ns() - int(START.timestamp()) * 10**9,
            "monotonic": time.monotonic(),
            "monotonic_ns": time.monotonic_ns(),
            "perf_counter": time.perf_counter(),
            "perf_counter_ns": time.perf_counter_ns(),
            "gmtime": time.gmtime()[:6],
            "localtime": time.mktime(time.localtime()) - START.timestamp(),
            "ctime": time.ctime() == time.ctime(time.time()),
            "asctime": time.asctime() == time.ctime(time.time()),
            "strftime": time.strftime("%Y-%m %M:%S"),
            "now": datetime.now(UTC),
            "now in a zone": datetime.now(dt.timezone(dt.timedelta(hours=1))).isoformat(),
            "naive now": datetime.now().timestamp() - START.timestamp(),
            "utcnow": datetime.utcnow(),
            "today": datetime.today().timestamp() - START.timestamp(),
            "date": date.today(),
        }

    assert on_the_wall(program) == {
        "time": 90.25,
        "time_ns": 90_250_000_000,
        "monotonic": 90.25,
        "monotonic_ns": 90_250_000_000,
        "perf_counter": 90.25,
        "perf_counter_ns": 90_250_000_000,
        "gmtime": (2011, 12, 1, 8, 1, 30),
        "localtime": 90,
        "ctime": True,
        "asctime": True,
        "strftime": "2011-12 01:30",
        "now": datetime(2011, 12, 1, 8, 1, 30, 250_000, tzinfo=UTC),
        "now in a zone": "2011-12-01T09:01:30.250000+01:00",
        "naive now": 90.25,
        "utcnow": datetime(2011, 12, 1, 8, 1, 30, 250_000),
        "today": 90.25,
        "date": datetime.fromtimestamp(START.timestamp()).date(),
    }


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_start_without_a_zone_is_in_utc_and_naive_times_are_local() -> None:
    """A naive start does not depend on the machine; what reads local time gets the machine's, as always."""

    async def program() -> tuple[datetime, datetime, int, date]:
        await asyncio.sleep(7 * 3600)
        return datetime.now(UTC), datetime.now(), time.localtime().tm_hour, date.today()

    midnight = datetime(2011, 12, 2)
    expected = (datetime(2011, 12, 1, 15, tzinfo=UTC), midnight, 0, midnight.date())
    assert on_the_wall(program, datetime(2011, 12, 1, 8)) == expected


def test_the_clock_ends_with_its_block() -> None:
    """The same loop reads the real clocks before and after."""

    async def main() -> list[bool]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        real = time.time()
        with virtual_wall_clock(VirtualLoop(), START):  # somebody else's, so that the stand-ins stay in place
            with virtual_wall_clock(loop, START):
                inside = time.time()
            return [inside < real, time.time() >= real]

    assert run_virtual(main()) == [True, True]


def test_names_imported_before_the_run_are_covered_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from time import monotonic` and `from datetime import datetime` in code of others read virtual time too."""
    vendor = types.ModuleType("acme_client")
    source = (
        "from time import monotonic, time as now\nfrom datetime import datetime, date\n"
        "def clocks(): return monotonic(), now(), datetime.now().timestamp(), date.today()"
    )
    exec(source, vars(vendor))  # a stranger's module
    monkeypatch.setitem(sys.modules, "acme_client", vendor)

    async def program() -> object:
        await asyncio.sleep(5)
        return vendor.clocks()

    monotonic, now, moment, day = on_the_wall(program)
    assert (monotonic, now, moment) == (5, START.timestamp() + 5, START.timestamp() + 5)
    assert day == datetime.fromtimestamp(now).date()
    assert vendor.monotonic is time.monotonic
    assert vendor.datetime is datetime
    assert vendor.clocks()[1] > START.timestamp() + 10 * 365 * 86_400


def test_datetimes_stay_datetimes() -> None:
    """No stand-in type: what the clock hands out pickles, copies and compares as always, and subclasses keep theirs."""

    class Moment(datetime):
        pass

    async def program() -> None:
        now = datetime.now(UTC)
        assert type(now) is datetime
        assert dt.datetime is datetime
        assert pickle.loads(pickle.dumps(now)) == copy.deepcopy(now) == now == START
        assert type(Moment.now(UTC)) is type(Moment.utcnow()) is Moment

    on_the_wall(program)


def test_other_threads_and_loops_read_the_real_clocks() -> None:
    """The wall clock is virtual inside its loop only."""
    before = time.time()
    real: list[float] = []
    go, done = threading.Event(), threading.Event()

    async def elsewhere() -> None:
        begin = time.monotonic()
        await asyncio.sleep(0.002)
        real.extend((time.time(), datetime.now().timestamp(), float(time.monotonic() > begin)))

    def thread() -> None:
        go.wait()
        asyncio.run(elsewhere())
        done.set()

    async def program() -> None:
        go.set()
        while not done.is_set():  # noqa: ASYNC110 - the event is a thread's
            await asyncio.sleep(1)

    threading.Thread(target=thread, daemon=True).start()
    on_the_wall(program)
    assert real[0] >= before
    assert real[1] >= before
    assert real[2]


def test_two_runs_have_two_wall_clocks() -> None:
    """Each loop has its own start; a run without one reads the real clocks."""

    async def now() -> float:
        return time.time()

    other = datetime(1999, 12, 31, tzinfo=UTC)
    before = time.time()
    assert [on_the_wall(now), on_the_wall(now, other)] == [START.timestamp(), other.timestamp()]
    assert run_virtual(now()) >= before


def test_every_clock_is_given_back() -> None:
    """After the run each name is what it was, also when the run failed."""
    names = ("time", "time_ns", "monotonic", "perf_counter", "gmtime", "localtime", "ctime", "strftime")
    before = [getattr(time, name) for name in names] + [vars(datetime)["now"], vars(datetime)["utcnow"]]

    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        on_the_wall(fails)
    assert [getattr(time, name) for name in names] + [vars(datetime)["now"], vars(datetime)["utcnow"]] == before


def test_the_run_itself_is_not_touched() -> None:
    """asyncio, SimPy and threading keep their own names; a stock loop next to the run keeps real time."""

    async def program() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            await asyncio.sleep(3)
        other = asyncio.SelectorEventLoop()
        try:
            return loop.time(), threading._time()  # type: ignore[attr-defined]
        finally:
            other.close()

    virtual, of_threading = on_the_wall(program)
    assert virtual == 3
    assert of_threading == pytest.approx(time.monotonic(), abs=60)
