"""What the run's clock costs: waits and task switches against bare SimPy and the stock asyncio loop.

Rounds are interleaved and the medians compared, because absolute figures move from minute to minute.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import simpy

from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import after, pause, until

ROUNDS = 7
TASKS, WAITS = 1_000, 100
NODES, LAPS = 100, 200
TIMEOUTS = 20_000

Wait = Callable[[simpy.Environment, float], Awaitable[object]]


class Figure(NamedTuple):
    """One measured ratio and the limit it has to keep."""

    name: str
    ratio: float
    limit: float
    at_least: bool

    @property
    def kept(self) -> bool:
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit


def timed(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def bare_simpy() -> float:
    env, draw = simpy.Environment(), random.Random(1).random

    def process() -> Generator[simpy.Event, Any, None]:
        for _ in range(WAITS):
            yield env.timeout(draw())

    for _ in range(TASKS):
        env.process(process())
    return timed(env.run)


def bare_callbacks() -> float:
    """The cheapest call at a delay that SimPy itself offers: a timeout with a callback."""
    env, draw = simpy.Environment(), random.Random(1).random

    def again(event: simpy.Event) -> None:
        if event.value:
            env.timeout(draw(), event.value - 1).callbacks.append(again)

    for _ in range(TASKS):
        env.timeout(draw(), WAITS - 1).callbacks.append(again)
    return timed(env.run)


def calls() -> float:
    env, draw = simpy.Environment(), random.Random(1).random

    def again(left: int) -> None:
        if left:
            after(env, draw(), again, left - 1)

    for _ in range(TASKS):
        after(env, draw(), again, WAITS - 1)
    return timed(env.run)


def tasks_that(wait: Wait) -> Callable[[], float]:
    def measure() -> float:
        draw = random.Random(1).random

        async def work(env: simpy.Environment) -> None:
            for _ in range(WAITS):
                await wait(env, draw())

        async def main() -> float:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            waiting = [loop.create_task(work(loop.env)) for _ in range(TASKS)]
            begin = perf_counter()
            await asyncio.gather(*waiting)
            return perf_counter() - begin

        return run_virtual(main())

    return measure


def sleep(_: simpy.Environment, delay: float) -> Awaitable[None]:
    return asyncio.sleep(delay)


def event(env: simpy.Environment, delay: float) -> Awaitable[object]:
    return until(env.timeout(delay))


async def ring() -> float:
    """A token goes round a ring of tasks that wait for each other."""
    queues: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in range(NODES)]

    async def node(place: int) -> None:
        mine, following = queues[place], queues[(place + 1) % NODES]
        for _ in range(LAPS):
            following.put_nowait(await mine.get())

    tasks = [asyncio.ensure_future(node(place)) for place in range(NODES)]
    begin = perf_counter()
    queues[0].put_nowait(1)
    await asyncio.gather(*tasks)
    return perf_counter() - begin


async def timeouts() -> float:
    """Deadlines that are never met: each leaves a cancelled timer behind."""
    begin = perf_counter()
    for _ in range(TIMEOUTS):
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
    return perf_counter() - begin


def heap_left() -> int:
    """Entries on SimPy's heap after many cancelled timers."""

    async def main() -> int:
        await timeouts()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return len(loop.env._queue)

    return run_virtual(main())


def virtually(main: Callable[[], Coroutine[Any, Any, float]]) -> Callable[[], float]:
    return lambda: run_virtual(main())


def really(main: Callable[[], Coroutine[Any, Any, float]]) -> Callable[[], float]:
    return lambda: asyncio.run(main())


MEASURED: dict[str, Callable[[], float]] = {
    "bare SimPy": bare_simpy,
    "pause": tasks_that(pause),
    "until": tasks_that(event),
    "sleep": tasks_that(sleep),
    "bare callback": bare_callbacks,
    "after": calls,
    "ring, stock": really(ring),
    "ring, virtual": virtually(ring),
    "timeouts, stock": really(timeouts),
    "timeouts, virtual": virtually(timeouts),
}


def measure() -> list[Figure]:
    """Play every item round by round; each figure is the median of its per-round ratios."""
    rounds = [{name: work() for name, work in MEASURED.items()} for _ in range(ROUNDS)]

    def ratio(above: str, below: str) -> float:
        return median(taken[above] / taken[below] for taken in rounds)

    for name in MEASURED:
        print(f"  {name:<18} {median(taken[name] for taken in rounds) * 1e3:8.1f} ms")
    return [
        Figure("native pause / bare SimPy, timeouts per second", ratio("bare SimPy", "pause"), 0.7, True),
        Figure("asyncio.sleep / bare SimPy, timeouts per second", ratio("bare SimPy", "sleep"), 0.35, True),
        Figure("until(timeout) / bare SimPy, timeouts per second", ratio("bare SimPy", "until"), 0.4, True),
        Figure("after / SimPy timeout with callback, calls per second", ratio("bare callback", "after"), 1.0, True),
        Figure("token ring, virtual / stock loop, time", ratio("ring, virtual", "ring, stock"), 1.0, False),
        Figure("unmet timeout, virtual / stock loop, time", ratio("timeouts, virtual", "timeouts, stock"), 1.0, False),
        Figure("heap entries left per 1000 cancelled timers", heap_left() / TIMEOUTS * 1e3, 30.0, False),
    ]  # fmt: skip


def main() -> int:
    """Print the figures; 1 if one of them misses its limit."""
    print(f"the loop, Python {sys.version.split()[0]}, {TASKS} tasks, medians of {ROUNDS} rounds")
    figures = measure()
    for figure in figures:
        sign = ">=" if figure.at_least else "<="
        print(f"  {'ok  ' if figure.kept else 'MISS'} {figure.ratio:6.2f} {sign} {figure.limit:<5} {figure.name}")
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
