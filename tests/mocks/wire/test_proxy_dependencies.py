"""Faults before the integration's own database and broker: a real Redis and a real PostgreSQL behind the proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import asyncpg
import pytest
import redis.asyncio as redis
from private_servers import listens, postgres_server, redis_server
from proxy_harness import Harness, free_ports
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from seatrial.mocks.faults.bandwidth import Bandwidth
from seatrial.mocks.faults.cut import Cut
from seatrial.mocks.faults.latency import Latency
from seatrial.mocks.faults.refuse import Refuse
from seatrial.mocks.faults.reset import Reset
from seatrial.sim.call import DEPENDENCY
from seatrial.sim.channel import Mooring
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.quantities import PerSecond, Seconds, Share

pytestmark = [pytest.mark.wire, pytest.mark.slow]
GUARD = 20.0  # seconds after which a use has hung; a delay of `FOREVER` is beyond it
FOREVER = Seconds(3600)
REDIS, POSTGRES, REDIS_THERE, POSTGRES_THERE = free_ports(4)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def harness(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    moorings = (
        Mooring("broker", REDIS, "127.0.0.1", REDIS_THERE),
        Mooring("database", POSTGRES, "127.0.0.1", POSTGRES_THERE),
    )
    made = Harness(tmp_path_factory.mktemp("proxy"), moorings)
    runner.run(made.start())
    yield made
    runner.run(made.stop())


@pytest.fixture(scope="module")
def broker() -> Iterator[None]:
    with redis_server(REDIS_THERE):
        asyncio.run(listens(REDIS_THERE))
        yield


@pytest.fixture(scope="module")
def database() -> Iterator[None]:
    with postgres_server(POSTGRES_THERE):
        asyncio.run(listens(POSTGRES_THERE))
        yield


async def timed(work: Awaitable[object], at_most: float = GUARD) -> tuple[str, float]:
    """How a use of a dependency ended, and how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        await asyncio.wait_for(work, at_most)
    except TimeoutError:
        return "timed_out", loop.time() - began
    except (ConnectionError, redis.ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return "broken", loop.time() - began
    return "ok", loop.time() - began


Use = Callable[[], Awaitable[object]]


async def with_redis(play: Callable[[Use], Awaitable[list[tuple[str, float]]]]) -> list[tuple[str, float]]:
    """Play with one connection to the broker, which is open before any rule is armed."""
    client = redis.Redis(port=REDIS, retry=Retry(NoBackoff(), 0), single_connection_client=True)
    await client.set("k", b"x" * 4000)
    try:
        return await play(lambda: client.get("k"))
    finally:
        with suppress(redis.RedisError, OSError):
            await asyncio.wait_for(client.aclose(), 2)


async def with_postgres(play: Callable[[Use], Awaitable[list[tuple[str, float]]]]) -> list[tuple[str, float]]:
    """Play with one connection to the database, which is open before any rule is armed."""
    client = await asyncpg.connect(host="127.0.0.1", port=POSTGRES, user="postgres", database="postgres")
    try:
        return await play(lambda: client.fetchval("select repeat('x', 4000)"))
    finally:
        client.terminate()


def struck_by(harness: Harness, fault: Fault, at: str, **more: object) -> Rule:
    return Rule("sea", fault, at=at, direction=DEPENDENCY, **more)  # type: ignore[arg-type]


def script(harness: Harness, rule: Rule, worse: Rule) -> Callable[[Use], Awaitable[list[tuple[str, float]]]]:
    """Use it in calm water, under a rule, and after a worse one under which nobody would have an answer."""

    async def play(use: Use) -> list[tuple[str, float]]:
        harness.desk.disarm()
        seen = [await timed(use())]
        await harness.storm(rule)
        seen.append(await timed(use()))
        await harness.storm(worse)
        harness.desk.disarm()
        await harness.desk.settled()
        seen.append(await timed(use()))
        return seen

    return play


PLACES = [("broker", with_redis), ("database", with_postgres)]


@pytest.mark.parametrize(("name", "connect"), PLACES, ids=["redis", "postgres"])
def test_a_slow_dependency_answers_later(
    harness: Harness, runner: asyncio.Runner, name: str, connect: Callable, request: pytest.FixtureRequest
) -> None:
    """Latency is added to each exchange on a connection that was open before, and is gone after the rule."""
    request.getfixturevalue(name)
    rule, worse = (struck_by(harness, Latency(delay), name) for delay in (Seconds(0.3), FOREVER))
    seen = runner.run(connect(script(harness, rule, worse)))
    assert [outcome for outcome, _ in seen] == ["ok", "ok", "ok"]
    assert seen[1][1] >= 0.28


@pytest.mark.parametrize(("name", "connect"), PLACES, ids=["redis", "postgres"])
def test_a_narrow_dependency_passes_so_many_bytes_a_second(
    harness: Harness, runner: asyncio.Runner, name: str, connect: Callable, request: pytest.FixtureRequest
) -> None:
    """Four thousand bytes at ten thousand a second take the better part of half a second, and after it no longer."""
    request.getfixturevalue(name)
    rule, worse = (struck_by(harness, Bandwidth(PerSecond(rate)), name) for rate in (10_000, 1))
    seen = runner.run(connect(script(harness, rule, worse)))
    assert [outcome for outcome, _ in seen] == ["ok", "ok", "ok"]
    assert seen[1][1] >= 0.3


def test_a_cut_holds_everything_and_closes_nothing(harness: Harness, runner: asyncio.Runner, broker: None) -> None:
    """A query hangs while the cut lasts, and its answer comes when it is healed, on the same connection."""

    async def play(use: Use) -> list[tuple[str, float]]:
        await harness.storm(struck_by(harness, Cut(), "broker"))
        query = asyncio.create_task(timed(use()))
        await asyncio.sleep(0.6)
        assert not query.done()
        harness.desk.disarm()
        return [await query]

    ((outcome, _),) = runner.run(with_redis(play))
    assert outcome == "ok"


def test_a_cut_database_does_not_answer_new_connections_either(
    harness: Harness, runner: asyncio.Runner, database: None
) -> None:
    """The connection is accepted and nothing comes of it."""

    async def play() -> tuple[str, float]:
        await harness.storm(struck_by(harness, Cut(), "*"))
        seen = await timed(asyncpg.connect(host="127.0.0.1", port=POSTGRES, user="postgres"), 0.6)
        harness.desk.disarm()
        return seen

    assert runner.run(play())[0] == "timed_out"


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize(("name", "connect"), PLACES, ids=["redis", "postgres"])
def test_a_reset_breaks_open_connections(
    harness: Harness,
    runner: asyncio.Runner,
    name: str,
    connect: Callable,
    after_commit: bool,
    request: pytest.FixtureRequest,
) -> None:
    """At once, or when the answer to the next statement comes back."""
    request.getfixturevalue(name)
    rule = struck_by(harness, Reset(after_commit), name)
    calm, broken, _ = runner.run(connect(script(harness, rule, rule)))
    assert (calm[0], broken[0]) == ("ok", "broken")


def test_a_refusal_strikes_new_connections_only(harness: Harness, runner: asyncio.Runner, broker: None) -> None:
    """Who is connected goes on, who comes is sent away by a reset."""

    async def play(use: Use) -> list[tuple[str, float]]:
        await harness.storm(struck_by(harness, Refuse(), "broker"))
        fresh = redis.Redis(port=REDIS, retry=Retry(NoBackoff(), 0))
        seen = [await timed(use()), await timed(fresh.ping())]
        await fresh.aclose()
        harness.desk.disarm()
        return seen

    old, new = runner.run(with_redis(play))
    assert (old[0], new[0]) == ("ok", "broken")


def test_a_window_opens_and_closes_on_the_business_clock(
    harness: Harness, runner: asyncio.Runner, broker: None
) -> None:
    """A connection that was open before the window is struck when it opens, and free when it closes: what is asked
    within is answered afterwards.
    """
    closed = answered = 0.0

    async def play(use: Use) -> list[tuple[str, float]]:
        nonlocal closed, answered
        await harness.storm(struck_by(harness, Latency(FOREVER), "broker", start=FOREVER))
        seen = [await timed(use())]
        now = harness.now()
        closed = now + 1.4
        window = {"start": Seconds(now + 0.4), "stop": Seconds(closed)}
        await harness.storm(struck_by(harness, Latency(FOREVER), "broker", **window))
        await asyncio.sleep(0.6)
        seen.append(await timed(use()))
        answered = harness.now()
        return [*seen, await timed(use())]

    seen = runner.run(with_redis(play))
    assert [outcome for outcome, _ in seen] == ["ok", "ok", "ok"]
    assert answered >= closed - 0.05


def test_coverage_counts_connections(harness: Harness, runner: asyncio.Runner, broker: None) -> None:
    """Matched is every connection that met the window, fired those that were struck, and each has a row."""

    async def play() -> None:
        rule = Rule("half", Latency(Seconds(0.02)), at="broker", direction=DEPENDENCY, probability=Share(0.5))
        await harness.storm(rule)
        for _ in range(12):
            client = redis.Redis(port=REDIS)
            await client.ping()
            await client.aclose()
        harness.desk.disarm()
        await harness.desk.settled()

    before = len(harness.rows("fault"))
    runner.run(play())
    rows = harness.rows("fault")[before:]
    (seen,) = [each for each in harness.rulebook.coverage if each.rule == "half"]
    assert seen.matched == 12
    assert 0 < seen.fired < 12
    assert seen.mattered == seen.fired == len(rows)
    assert {(row["partner"], row["operation"], row["document"]) for row in rows} == {
        ("broker", "connection", "latency")
    }
    assert not [row for row in harness.rows("call") if row["partner"] == "broker"]
