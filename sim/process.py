"""The integration as an operating system sees it: it starts, runs, crashes and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial

from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.integration import Integration
from seatrial.sim.lastwords import said
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.notice import Notice
from seatrial.sim.receiver import Finished
from seatrial.sim.stillness import LIFE, Stillness, at_last
from seatrial.sim.waits import after, start


class Incarnation:
    """One life of the process, from a start to a crash or the end of the run."""

    __slots__ = ("_kill", "_stop", "alive")

    def __init__(self, kill: Callable[[float], None], stop: Callable[[float], None] = lambda _: None) -> None:
        self.alive = True
        self._kill = kill
        self._stop = stop

    def crash(self, down_for: float) -> None:
        """The process dies; it starts again after `down_for` seconds."""
        if self.alive:
            self._kill(down_for)

    def freeze(self, lasts: float) -> None:
        """The process stands still for `lasts` seconds."""
        if self.alive:
            self._stop(lasts)


class Process:
    """Runs an integration on the virtual loop.

    A crash cancels every task that is not the harness's and silences the clients and stores of this life: nothing that
    a cancelled task still does can reach a partner or the durable store. Receives webhooks while it is up.

    A freeze takes effect once everything else of its moment has happened: from then until the thaw no task takes a
    step. Timers that come due, replies and webhooks that arrive wait until then, in their order.
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
        self._voyage: asyncio.Task[object] | None = None  # whoever started the first life
        self.failure: BaseException | None = None
        self._context = Context()  # of everything that belongs to the present life
        self._still: Stillness | None = None
        self._thaws_at = 0.0
        self._knocking: list[tuple[Notice, Finished]] = []

    @property
    def up(self) -> bool:
        """Whether anybody listens."""
        return self._life is not None and self._life.alive

    @property
    def frozen(self) -> bool:
        """Whether it stands still: what is handed to it is taken, and answered later."""
        return self._still is not None

    @property
    def survivors(self) -> list[asyncio.Task[object]]:
        """Tasks of the integration that are not done, the oldest first."""
        return sorted(asyncio.all_tasks(self._loop) - self._harness, key=_age)

    def start(self) -> None:
        """Start a new life with what is durable."""
        if self._life is None:
            self._harness = frozenset(asyncio.all_tasks(self._loop))
            self._voyage = asyncio.current_task(self._loop)
        else:
            self._evidence.note("restart")
        self._life = Incarnation(self.crash, self.freeze)
        self._context = copy_context()
        self._context.run(LIFE.set, self._life)
        self._integration = self._launch(self._life)
        self._at_once = getattr(self._integration, "answers_at_once", False)
        self._main = self._context.run(start, self._loop, self._integration.run(), name="integration")
        self._main.add_done_callback(partial(self._ended, self._life))

    def crash(self, down_for: float) -> None:
        """Kill the process; start it again after `down_for` seconds. One that is down comes back when that was said."""
        if not self.up:
            return
        self.stop()
        self._evidence.note("crash")
        after(self._loop.env, down_for, self.start)

    def freeze(self, lasts: float) -> None:
        """Stop the process where it stands, at the end of this moment; it goes on after `lasts` seconds.

        One that stands still already goes on when the longer of the two is over.
        """
        if self.up:
            at_last(self._loop.env, self._stand_still, self._life, self._loop.env.now + lasts)

    def stop(self) -> None:
        """Kill the process."""
        if self._life is None or not self._life.alive:
            return
        self._go_on(asyncio.CancelledError())
        self._life.alive = False
        for task in self.survivors:
            task.cancel()

    def deliver(self, notice: Notice, finished: Finished) -> None:
        """Hand a webhook over; `finished` is called once the handler has answered."""
        assert self._integration is not None
        if self._still is not None:
            self._knocking.append((notice, finished))
            return
        handler = self._integration.receive(notice)
        if self._at_once:
            finished(self._context.run(_run_through, handler))
            return
        task = self._context.run(start, self._loop, handler)
        if task.done():
            finished(_error(task))
        else:
            task.add_done_callback(lambda done: finished(_error(done)))

    def _stand_still(self, life: Incarnation, until: float) -> None:
        env = self._loop.env
        if not life.alive or until <= env.now:
            return
        if self._still is None:
            self._still = Stillness(self._loop, life)
            self._evidence.note("freeze")
        elif until <= self._thaws_at:
            return
        self._thaws_at = until
        after(env, until - env.now, self._thaw, life, until)

    def _thaw(self, life: Incarnation, until: float) -> None:
        if life.alive and until == self._thaws_at:
            self._evidence.note("thaw")
            self._go_on(None)

    def _go_on(self, death: BaseException | None) -> None:
        """Let happen what had to wait; whoever knocks at a process that died is told so."""
        if self._still is None:
            return
        self._still.end()
        self._still = None
        knocking, self._knocking = self._knocking, []
        for notice, finished in knocking:
            if death is None:
                self.deliver(notice, finished)
            else:
                finished(death)

    def _ended(self, life: Incarnation, task: asyncio.Task[None]) -> None:
        """An integration that returns, raises or is cancelled by itself is dead: a finding, no error of the harness.

        What an earlier life ends in is nobody's death: it was killed before. Nor is what ends with the whole voyage.
        """
        if not life.alive or (task.cancelled() and self._is_over()):
            return
        self.failure = _error(task)
        self.stop()
        self._evidence.note("crash", detail=(repr("returned") if self.failure is None else said(self.failure))[:80])

    def _is_over(self) -> bool:
        """Whether the voyage has ended, or is being cut short."""
        return self._voyage is not None and (self._voyage.done() or self._voyage.cancelling() > 0)


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
    """What a task ended with; of one that was cancelled the error that says where."""
    try:
        return task.exception()
    except asyncio.CancelledError as error:
        return error
