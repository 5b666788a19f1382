"""Business time on a real clock: a SimPy environment that keeps pace with an asyncio loop."""

# SimPy names its clock and its heap with a leading underscore; the properties cost a call, thrice a request.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf

from simpy import Environment


class PacedClock:
    """Lets an environment's events happen when their real time has come: `pace` seconds of the run in a real second.

    Whoever touches the partners from outside calls `catch_up` first and `arm` afterwards. States: idle, running, frozen
    (business time stands still, real time does not), stopped. What an event raises stops the clock: `failed` is called
    with it, once.
    """

    def __init__(self, env: Environment, pace: float, failed: Callable[[BaseException], None]) -> None:
        self.env = env
        self.pace = pace
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._origin = 0.0
        self._frozen_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = inf

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let time run from where the environment stands."""
        self._loop = loop
        self._origin = loop.time() - self.env.now / self.pace
        self.arm()

    @property
    def frozen(self) -> bool:
        """Whether business time stands still."""
        return self._frozen_at is not None

    @property
    def running(self) -> bool:
        """Whether business time goes on."""
        return self._loop is not None and self._frozen_at is None

    def now(self) -> float:
        """Second of the run, on the real clock."""
        if self._loop is None:
            return self.env.now
        real = self._loop.time() if self._frozen_at is None else self._frozen_at
        return (real - self._origin) * self.pace

    def catch_up(self) -> float:
        """Let happen what is due; gives the second of the run, which is the environment's `now` by then."""
        env = self.env
        if self._loop is None:
            return env._now
        now = self.now()
        heap = env._queue
        if heap and heap[0][0] <= now:
            self._happen(now)
        if now > env._now:
            env._now = now  # SimPy has no other way to let time pass between events
        return env._now

    def arm(self) -> None:
        """Wake up for the next event; to be called when events may have been added."""
        heap = self.env._queue
        due = heap[0][0] if heap else inf
        if due >= self._due and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = due
        if self.running and due < inf:
            assert self._loop is not None
            self._timer = self._loop.call_at(self._origin + due / self.pace, self._wake)

    def freeze(self) -> None:
        """Stop business time."""
        if self.running:
            assert self._loop is not None
            self.catch_up()
            self._frozen_at = self._loop.time()
            self._disarm()

    def thaw(self) -> None:
        """Let business time go on from where it stopped."""
        if self._frozen_at is not None and self._loop is not None:
            self._origin += self._loop.time() - self._frozen_at
            self._frozen_at = None
            self.arm()

    def stop(self) -> None:
        """Stop for good; the environment keeps its time."""
        self._disarm()
        self._loop = None

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = inf

    def _happen(self, now: float) -> None:
        env, heap = self.env, self.env._queue
        try:
            while heap and heap[0][0] <= now:
                env.step()
        except Exception as error:
            self.stop()
            self._failed(error)
            raise

    def _wake(self) -> None:
        self._timer, self._due = None, inf
        with suppress(Exception):  # told to `failed` already
            self.catch_up()
        self.arm()
