"""Code and libraries that want threads, or a loop of their own: a guest has one thread, and the run's loop."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from _thread import LockType
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextvars import copy_context
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, Final
from weakref import WeakKeyDictionary

from seatrial.mocks.guests import greenlets
from seatrial.mocks.guests.ownloop import bind_loops
from seatrial.mocks.guests.state import TRIP
from seatrial.sim.process import Incarnation
from seatrial.sim.rebinding import Rebinding, SharedRebinding
from seatrial.sim.stillness import LIFE

_CLOCKS: Final = ((queue, "time"), (threading, "_time"))
"""Where the standard library keeps `time.monotonic`, by which waits of synchronous code come to their end."""
Order = tuple[asyncio.Future[Any] | None, Callable[[], Any]]
"""A statement for a database, and who waits for its result."""


def _bind(rebinding: Rebinding) -> None:
    bind_loops(rebinding)
    if not greenlets.has_greenlets():
        return
    for module, name in _CLOCKS:
        rebinding.attribute(module, name, _monotonic)
    seize = greenlets.seize(LockType.acquire)
    for name in ("acquire", "__enter__"):
        rebinding.builtin_method(LockType, name, seize)  # whoever has the type, or a lock, has it already
    for kind, names in ((LockType, ("release", "__exit__")), (queue.SimpleQueue, ("put", "put_nowait"))):
        for name in names:
            rebinding.builtin_method(kind, name, greenlets.yielding(getattr(kind, name)))
    rebinding.builtin_method(queue.SimpleQueue, "get", greenlets.drawing(queue.SimpleQueue.get))
    rebinding.attribute(ThreadPoolExecutor, "submit", _submitted(ThreadPoolExecutor.submit))
    rebinding.attribute(ThreadPoolExecutor, "shutdown", _shut(ThreadPoolExecutor.shutdown))
    if find_spec("anyio") is not None:
        _bind_anyio(rebinding, import_module("anyio._backends._asyncio"))
    if find_spec("aiosqlite") is not None:
        connection = import_module("aiosqlite.core").Connection
        rebinding.attribute(connection, "__init__", _made(connection.__init__))
        if "__del__" in vars(connection):
            rebinding.attribute(connection, "__del__", _forgotten(connection.__del__))


threadless: Final = SharedRebinding(_bind).held
"""Within, thread pools, anyio (so Starlette and FastAPI) and aiosqlite do without threads what a guest asks of them."""


def _monotonic() -> float:
    return time.monotonic()  # noqa: TID251 (the run's, within a run)


# Thread pools: what is submitted runs aside, and no more of it at a time than there are workers.


def _submitted(real: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        if LIFE.get() is None or self._shutdown:
            return real(self, fn, *args, **options)
        future: Future[Any] = Future()
        _pending.setdefault(self, {})[future] = None
        future.add_done_callback(_pending[self].pop)
        work = asyncio.get_running_loop().run_in_executor(self, _work, future, partial(fn, *args, **options))
        work.add_done_callback(partial(_over, future))
        return future

    return submit


def _over(future: Future[Any], work: asyncio.Future[Any]) -> None:
    """What has ended told so itself; what never began is over, or its worker could not begin."""
    error = None if work.cancelled() else work.exception()
    if error is not None and not future.done():
        future.set_exception(error)
    future.cancel()


def _work(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 (it belongs to whoever asks for the result)
        future.set_exception(error)


def _shut(real: Callable[..., None]) -> Callable[..., None]:
    def shutdown(self: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        real(self, wait, cancel_futures=cancel_futures)
        pending = list(_pending.get(self, ()))
        if cancel_futures:
            for future in pending:
                future.cancel()
        if wait and pending:
            wait_for(pending)

    return shutdown


_pending: Final[WeakKeyDictionary[ThreadPoolExecutor, dict[Future[Any], None]]] = WeakKeyDictionary()
"""What was submitted and is not done, in its order."""


# anyio: `to_thread.run_sync`, with its limiter and its scopes, and `from_thread` within what that calls.


def _bind_anyio(rebinding: Rebinding, backend: Any) -> None:
    kind, from_thread = backend.AsyncIOBackend, import_module("anyio.from_thread")
    stand_ins: dict[str, Callable[..., Any]] = {
        "run_sync_in_worker_thread": partial(_aside, backend.CancelScope),
        "run_async_from_thread": _awaited,
        "run_sync_from_thread": _called,
        "check_cancelled": _never_cancelled,
    }
    for name, stand_in in stand_ins.items():
        if name in vars(kind):
            real = vars(kind)[name].__func__
            rebinding.attribute(kind, name, classmethod(_for_guests(stand_in, real)))
    rebinding.attribute(from_thread, "threadlocals", _Worker(kind, from_thread.threadlocals))


def _for_guests(stand_in: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    def method(*args: Any, **options: Any) -> Any:
        return (real if LIFE.get() is None else stand_in)(*args, **options)

    return method


class _Worker:
    """What a worker thread of anyio knows, for code that runs aside; for any other what its own thread knows."""

    def __init__(self, kind: type, local: Any) -> None:
        self._local = local
        self._known = {
            "current_token": SimpleNamespace(backend_class=kind, native_token=None),
            "current_async_backend": kind,  # before 4.11
        }

    def __getattr__(self, name: str) -> Any:
        return self._known[name] if name in self._known and greenlets.is_inside() else getattr(self._local, name)


async def _aside(
    scope: Any, cls: Any, func: Callable[..., Any], args: Any, abandon_on_cancel: bool = False, limiter: Any = None
) -> Any:
    await cls.checkpoint()
    async with limiter or cls.current_default_thread_limiter():
        with scope(shield=not abandon_on_cancel):
            context = copy_context()
            return await asyncio.get_running_loop().run_in_executor(None, partial(context.run, func, *args))


def _awaited(_: Any, func: Callable[..., Any], args: Any, **_options: object) -> Any:
    return greenlets.wait(asyncio.create_task(func(*args)))


def _called(_: Any, func: Callable[..., Any], args: Any, **_options: object) -> Any:
    async def call() -> Any:
        return func(*args)

    return greenlets.wait(call())


def _never_cancelled(_: Any) -> None:
    """What runs aside comes to its end."""


# aiosqlite: a thread for each connection.


class _Lane:
    """Stands where the queue to the thread would: one statement after the other, each as long as `sea.database` takes.

    States: idle, at work.
    """

    def __init__(self, life: Incarnation) -> None:
        self._life = life
        self._orders: deque[Order] = deque()
        self._work: asyncio.Task[None] | None = None  # held here: a loop does not hold tasks

    def put_nowait(self, order: object) -> None:
        """Have it done in its turn; in a life that is over at once, so that a connection can be closed.

        What is no order tells a thread to end, in 0.21.
        """
        if not isinstance(order, tuple):
            return
        self._orders.append(order)
        if not self._life.alive:
            while self._orders:
                _settle(*self._orders.popleft())
        elif self._work is None or self._work.done():
            self._work = asyncio.create_task(self._through(), name="aiosqlite")

    async def _through(self) -> None:
        while self._orders:
            future, ask = self._orders.popleft()
            await asyncio.sleep(TRIP)
            await greenlets.in_greenlet(_settle, future, ask)


def _settle(future: asyncio.Future[Any] | None, ask: Callable[[], Any]) -> None:
    """Do a statement, and tell whoever waits for it."""
    given: Any = None
    wrong: BaseException | None = None
    try:
        given = ask()
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (it belongs to whoever waits)
        wrong = error
    if future is None or future.done():
        return
    if wrong is None:
        future.set_result(given)
    elif isinstance(wrong, asyncio.CancelledError):
        future.cancel()
    else:
        future.set_exception(wrong)


def _made(real: Callable[..., None]) -> Callable[..., None]:
    def made(self: Any, *args: Any, **options: Any) -> None:
        real(self, *args, **options)
        life = LIFE.get()
        if isinstance(life, Incarnation):
            self._tx = _Lane(life)
            self.start = _nothing  # before 0.22 a connection is its thread
            self._thread = SimpleNamespace(start=_nothing, daemon=True)

    return made


def _forgotten(real: Callable[[Any], None]) -> Callable[[Any], None]:
    def forgotten(self: Any) -> None:
        if not isinstance(getattr(self, "_tx", None), _Lane):  # when that is, is chance; its file is closed anyway
            real(self)

    return forgotten


def _nothing() -> None:
    """There is no thread."""
