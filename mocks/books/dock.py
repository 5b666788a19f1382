"""The dock: parcels with a label wait for their carrier's truck, which takes a door and loads them one by one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from simpy import Environment, Event, Resource

from seatrial.mocks.books.fulfilments import Fulfilment
from seatrial.sim.errors import BadInput
from seatrial.sim.moments import parse_time_of_day
from seatrial.sim.tradingday import TradingDay


class Collections:
    """When carriers collect: at times of day, or at regular intervals.

    Raises BadInput where there is neither.
    """

    __slots__ = ("_day", "_every", "_times")

    def __init__(self, day: TradingDay, times: tuple[str, ...], every: float) -> None:
        if not times and every <= 0:
            raise BadInput("no carrier ever collects", hint="give `collections` times of day or set `collect_every`")
        self._day = day
        self._every = every
        self._times = tuple(map(parse_time_of_day, times))

    def wait(self, now: float) -> float:
        """Seconds until the next one."""
        if self._every > 0:
            return self._every - now % self._every
        return min(self._day.next_at(time, now) for time in self._times) - now


class Dock:
    """Staged parcels by carrier, and the doors that trucks queue for. A truck comes only where something waits."""

    __slots__ = ("_collections", "_doors", "_env", "_leave", "_load", "_staged")

    def __init__(
        self,
        env: Environment,
        doors: int,
        collections: Collections,
        load: float,
        leave: Callable[[Fulfilment], None],
    ) -> None:
        self._env = env
        self._doors = Resource(env, doors)
        self._collections = collections
        self._load = load
        self._leave = leave
        self._staged: dict[str, list[Fulfilment]] = {}

    def stage(self, job: Fulfilment) -> None:
        """Put a parcel down for its carrier."""
        waiting = self._staged.get(job.carrier)
        if waiting is None:
            self._staged[job.carrier] = [job]
            self._env.process(self._collect(job.carrier))
        else:
            waiting.append(job)

    def _collect(self, carrier: str) -> Generator[Event, Any, None]:
        """One truck. What is labelled while it loads waits for the next."""
        env = self._env
        yield env.timeout(self._collections.wait(env.now))
        with self._doors.request() as door:
            yield door
            for job in self._staged.pop(carrier):
                yield env.timeout(self._load)
                self._leave(job)
