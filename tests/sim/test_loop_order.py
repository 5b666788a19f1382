"""One order: random programs end as on the stock loop, and alike in every process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

Log = list[tuple[float, object]]
Note = Callable[[object], None]
Main = Coroutine[Any, Any, None]
Program = Callable[[Note], Main]

# Random programs. Every delay carries a bit of its own, so that no two moments coincide by chance: at one and the
# same moment the stock loop runs timers in batches, the virtual loop one by one, and both are right.


@dataclass(frozen=True)
class Step:
    """One thing a worker does."""

    what: str
    queue: int = 0
    delay: float = 0.0


def own_moments(workers: list[list[Step]]) -> list[list[Step]]:
    sizes = [sum(len(steps) for steps in workers[:place]) for place in range(len(workers))]
    return [
        [Step(step.what, step.queue, step.delay + 2.0 ** -(first + place + 1)) for place, step in enumerate(steps)]
        for first, steps in zip(sizes, workers, strict=True)
    ]


STEPS = st.builds(
    Step,
    what=st.sampled_from(["sleep", "put", "get", "spawn", "give_way", "hold", "cancel"]),
    queue=st.integers(0, 1),
    delay=st.integers(0, 3).map(float),
)


class Crew:
    """Workers that share two queues and a lock, and note whatever they get done."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self.queues: list[asyncio.Queue[int]] = [asyncio.Queue(maxsize=1), asyncio.Queue()]
        self.lock = asyncio.Lock()
        self.tasks: list[asyncio.Task[None]] = []

    async def sleep(self, step: Step) -> None:
        await asyncio.sleep(step.delay)

    async def put(self, step: Step) -> None:
        async with asyncio.timeout(5 + step.delay):
            await self.queues[step.queue].put(step.queue)

    async def get(self, step: Step) -> None:
        await asyncio.wait_for(self.queues[step.queue].get(), 5 + step.delay)

    async def spawn(self, step: Step) -> None:
        self.hire(f"child {len(self.tasks)}", [Step("sleep", 0, step.delay)])

    async def give_way(self, step: Step) -> None:
        await asyncio.sleep(0)

    async def hold(self, step: Step) -> None:
        async with self.lock:
            await asyncio.sleep(step.delay)

    async def cancel(self, step: Step) -> None:
        self.tasks[step.queue % len(self.tasks)].cancel()

    async def work(self, name: str, steps: list[Step]) -> None:
        for place, step in enumerate(steps):
            try:
                await getattr(self, step.what)(step)
                self.note((name, place, step.what))
            except TimeoutError:
                self.note((name, place, "timeout"))

    def hire(self, name: str, steps: list[Step]) -> None:
        self.tasks.append(asyncio.create_task(self.work(name, steps)))

    async def play(self, workers: list[list[Step]]) -> None:
        for place, steps in enumerate(workers):
            self.hire(f"worker {place}", steps)
        while open_ := [task for task in self.tasks if not task.done()]:
            await asyncio.wait(open_)
        self.note([task.cancelled() for task in self.tasks])


@given(workers=st.lists(st.lists(STEPS, max_size=6), max_size=6).map(own_moments))
def test_random_programs_end_in_the_same_order_on_both_loops(
    both_logs: Callable[[Program], tuple[Log, Log]], workers: list[list[Step]]
) -> None:
    """Whatever tasks sleep, exchange, lock, spawn and cancel, both loops see the same history."""

    virtual, stock = both_logs(lambda note: Crew(note).play(workers))
    assert virtual == stock


CANCELLED_IN_ORDER = """
import asyncio
from seatrial.sim.loop import run_virtual
order = []
async def child(number):
    try:
        await asyncio.sleep(1000)
    finally:
        order.append(number)
async def main():
    try:
        async with asyncio.TaskGroup() as group:
            junk = [bytearray(number * 37) for number in range(1000)]
            for number in range(300):
                group.create_task(child(number))
            await asyncio.sleep(1)
            raise ValueError
    except* ValueError:
        pass
    done, _ = await asyncio.wait({asyncio.ensure_future(asyncio.sleep(0, number)) for number in range(300)})
    order.extend(task.result() for task in done)
run_virtual(main())
print(order)
"""


def test_sets_of_tasks_iterate_alike_in_every_process() -> None:
    """What asyncio keeps in sets - the children of a group, the done of a wait - comes in the order of one history."""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", CANCELLED_IN_ORDER],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(",") == 599
