"""Who of those ready goes on first may be drawn, to find races; the same draws give the same history."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import after, pause, start, until


def dice(seed: int) -> Callable[[int], int]:
    return random.Random(seed).randrange


async def intake() -> int:
    """Two copies of a webhook, each looked up before it is stored: how many orders that makes."""
    orders: list[str] = []

    async def copy(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        if "O-1" not in orders:
            await asyncio.sleep(0)
            orders.append("O-1")

    await asyncio.gather(copy(0), copy(2))
    return len(orders)


def test_fifo_hides_the_race_and_drawing_finds_it() -> None:
    """In order the second copy always comes after the insert; drawn, some seeds store the order twice."""
    assert run_virtual(intake()) == 1
    assert {run_virtual(intake(), shuffle=dice(seed)) for seed in range(30)} == {1, 2}


async def tide_table(env: simpy.Environment) -> list[str]:
    """Timers, pauses, calls, handlers and awaited events that all come at the same moments."""
    history: list[str] = []

    async def worker(name: str) -> None:
        for moment in range(4):
            await (pause(env, 1) if moment % 2 else asyncio.sleep(1))
            history.append(f"{name}{moment}")

    async def listener(name: str, event: simpy.Event) -> None:
        await until(event)
        history.append(name)

    bell = env.timeout(2)
    tasks = [asyncio.create_task(worker(name)) for name in "abcd"]
    tasks += [asyncio.create_task(listener(f"bell {place}", bell)) for place in range(4)]
    for place in range(4):
        after(env, 3, history.append, f"call {place}")
    await asyncio.gather(*tasks)
    return history


@pytest.mark.parametrize("seed", range(3))
def test_the_same_draws_give_the_same_history(seed: int) -> None:
    """One seed, one interleaving; only the order within a moment changes, never what happens."""
    histories = []
    for shuffle in (dice(seed), dice(seed), dice(seed + 100), None):
        env = simpy.Environment()
        histories.append(run_virtual(tide_table(env), env=env, shuffle=shuffle))
    again, once, other, in_order = histories
    assert again == once
    assert len({tuple(history) for history in histories}) == 3
    assert sorted(other) == sorted(in_order) == sorted(once)


def test_every_kind_of_wait_is_drawn() -> None:
    """Sleeps, pauses, calls and waits for one event that end together end in another order for some seed."""
    kinds = {"a0": "sleep", "a1": "pause", "bell 0": "until", "call 0": "call"}
    orders: dict[str, set[tuple[str, ...]]] = {kind: set() for kind in kinds}
    for seed in range(10):
        env = simpy.Environment()
        history = run_virtual(tide_table(env), env=env, shuffle=dice(seed))
        for kind in kinds:
            alike = [name for name in history if name[1:] == kind[1:] or name[:4] == kind[:4]]
            orders[kind].add(tuple(alike))
    assert all(len(seen) > 1 for seen in orders.values())


def test_drawing_keeps_the_moments() -> None:
    """Nothing is drawn before its time, and SimPy's processes keep their own order."""
    env, history = simpy.Environment(), list[tuple[float, str]]()

    def process(name: str) -> Generator[simpy.Event, Any, None]:
        for _ in range(3):
            yield env.timeout(1)
            history.append((env.now, name))

    async def worker(name: str, delay: float) -> None:
        for _ in range(3):
            await pause(env, delay)
            history.append((env.now, name))

    async def main() -> None:
        for name in ("P", "Q", "R"):
            env.process(process(name))
        await asyncio.gather(worker("slow", 2), worker("fast", 0.5))

    run_virtual(main(), env=env, shuffle=dice(4))
    assert [moment for moment, name in history if name == "fast"] == [0.5, 1, 1.5]
    assert [moment for moment, name in history if name == "slow"] == [2, 4, 6]
    assert [name for _, name in history if name in "PQR"] == ["P", "Q", "R"] * 3


def test_a_drawn_wait_can_still_be_called_off() -> None:
    """A timer or wait that has become ready, but has not been drawn yet, is cancelled as on a real loop."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        history: list[str] = []

        async def wait() -> None:
            await pause(loop.env, 1)
            history.append("waited")

        async def listen(event: simpy.Event) -> None:
            await until(event)
            history.append("heard")

        bell = loop.env.timeout(1)
        waiting = [start(loop, listen(bell)), start(loop, wait())]
        timer = loop.call_later(1, history.append, "timer")

        def ring(_: simpy.Event) -> None:
            loop.call_soon(storm, 0)

        def storm(place: int) -> None:
            waiting[place].cancel()
            timer.cancel()

        assert bell.callbacks is not None
        bell.callbacks.append(ring)
        loop.call_later(1, storm, 1)
        await asyncio.gather(*waiting, return_exceptions=True)
        await pause(loop.env, 2)
        return history

    # The last of those ready is always drawn first: the storm comes before whatever became ready earlier.
    assert run_virtual(main(), shuffle=lambda count: count - 1) == []


def test_errors_end_a_drawn_run_like_any_other() -> None:
    """A callback that fails is reported, a SimPy failure is raised, a stop stops."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        reports: list[str] = []
        loop.set_exception_handler(lambda _, report: reports.append(str(report["exception"])))
        loop.call_soon(lambda: int("soon"))
        loop.call_later(1, lambda: int("later"))
        await asyncio.sleep(2)
        return reports

    reports = run_virtual(main(), shuffle=dice(1))
    assert [report.split(": ")[1] for report in reports] == ["'soon'", "'later'"]

    async def fails(env: simpy.Environment) -> None:
        env.event().fail(ValueError("on the rocks"))
        await asyncio.sleep(1)

    env = simpy.Environment()
    with pytest.raises(ValueError, match="on the rocks"):
        run_virtual(fails(env), env=env, shuffle=dice(1))
