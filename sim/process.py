"""The integration as an operating system sees it: it starts, runs, crashes and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.integration import Integration
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.notice import Notice
from seatrial.sim.post import Finished
from seatrial.sim.waits import after, start


class Incarnation:
    """One life of the process, from a start to a crash or the end of the run."""

    __slots__ = ("_kill", "alive")

    def __init__(self, kill: Callable[[float], None]) -> None:
        self.alive = True
        self._kill = kill

    def crash(self, down_for: float) -> None:
        """The process dies; it starts again after `down_for` seconds."""
        if self.alive:
            self._kill(down_for)


class Process:
    """Runs an integration on the virtual loop.

    A crash cancels every task that is not the harness's and silences the clients and stores of this life: nothing that
    a cancelled task still does can reach a partner or the durable store. Receives webhooks while it is up.
    """

    def __init__(self, loop: VirtualLoop, evidence: Evidence, launch: Callable[[Incarnation], Integration]) -> None:
        self._loop = loop
        self._evidence = evidence
        self._launch = launch
        self._life: Incarnation | None = None
        self._integration: Integration | None = None
        self._at_once = False
        self._main: asyncio.Task[None] | None = None
        self._harness: frozenset[asyncio.Task[object]] = frozenset()
        self.failure: BaseException | None = None

    @property
    def up(self) -> bool:
        """Whether anybody listens."""
        return self._life is not None and self._life.alive

    def start(self) -> None:
        """Start a new life with what is durable."""
        if self._life is None:
            self._harness = frozenset(asyncio.all_tasks(self._loop))
        else:
            self._evidence.note("restart")
        self._life = Incarnation(self.crash)
        self._integration = self._launch(self._life)
        self._at_once = getattr(self._integration, "answers_at_once", False)
        self._main = start(self._loop, self._integration.run(), name="integration")
        self._main.add_done_callback(self._ended)

    def crash(self, down_for: float) -> None:
        """Kill the process; start it again after `down_for` seconds."""
        self.stop()
        self._evidence.note("crash")
        after(self._loop.env, down_for, self.start)

    def stop(self) -> None:
        """Kill the process."""
        if self._life is None or not self._life.alive:
            return
        self._life.alive = False
        for task in sorted(asyncio.all_tasks(self._loop) - self._harness, key=_age):
            task.cancel()

    def deliver(self, notice: Notice, finished: Finished) -> None:
        """Hand a webhook over; `finished` is called once the handler has answered."""
        assert self._integration is not None
        handler = self._integration.receive(notice)
        if self._at_once:
            finished(_run_through(handler))
            return
        task = start(self._loop, handler)
        if task.done():
            finished(_error(task))
        else:
            task.add_done_callback(lambda done: finished(_error(done)))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """An integration that returns or raises by itself is dead: a finding, not an error of the harness."""
        if self._life is None or not self._life.alive or task.cancelled():
            return
        self.failure = task.exception()
        self.stop()
        self._evidence.note("crash", detail=repr(self.failure or "returned")[:80])


def _run_through(handler: Coroutine[object, object, None]) -> BaseException | None:
    """Run a handler that promised not to wait, without the cost of a task; gives what it raised."""
    try:
        handler.send(None)
    except StopIteration:
        return None
    except Exception as error:  # noqa: BLE001 (whatever it is, its sender gets a 500)
        return error
    handler.close()
    raise HarnessError(f"{handler!r} waits, though its integration says `answers_at_once`")


def _age(task: asyncio.Task[object]) -> tuple[int, str]:
    """Tasks in the order of their birth: default names count up."""
    name = task.get_name()
    return (len(name), name)


def _error(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()
