"""Programs that begin a loop: a synchronous `main` that does has the run's, which is there already and goes on."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextvars import Context
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from seatrial.mocks.guests import greenlets
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.rebinding import Rebinding
from seatrial.sim.stillness import LIFE

ENDS: Final = "it would end the run as well: return from main, or cancel the tasks that are to end"


def bind_loops(rebinding: Rebinding) -> None:
    """What is run by `asyncio.run`, a Runner, a loop's own methods or `anyio.run` goes on in the run's loop."""
    rebinding.by_name("run", _begun(asyncio.run, _given), asyncio.run)
    if find_spec("anyio") is not None:
        begin = import_module("anyio").run
        rebinding.by_name("run", _begun(begin, _made_by), begin)
    rebinding.attribute(asyncio.Runner, "run", _begun(asyncio.Runner.run, _given_to, _context_of))
    new_loop = asyncio.new_event_loop
    rebinding.by_name("new_event_loop", _in_place_of(new_loop, asyncio.get_running_loop), new_loop)
    rebinding.attribute(asyncio.events, "new_event_loop", new_loop)  # a Runner cancels everything in its loop
    set_loop = asyncio.set_event_loop
    rebinding.by_name("set_event_loop", _in_place_of(set_loop, _goes_on), set_loop)
    for kind in (VirtualLoop, asyncio.BaseEventLoop):
        rebinding.attribute(kind, "run_until_complete", _begun(kind.run_until_complete, _awaited))
    rebinding.attribute(VirtualLoop, "run_forever", _in_place_of(VirtualLoop.run_forever, _wait_for_ever))
    rebinding.attribute(VirtualLoop, "close", _in_place_of(VirtualLoop.close, _goes_on))
    rebinding.attribute(VirtualLoop, "stop", _stopped(VirtualLoop.stop))


def _is_program() -> bool:
    return LIFE.get() is not None and greenlets.is_inside()


def _begun(
    real: Callable[..., Any], main_of: Callable[..., Any], context_of: Callable[..., Context | None] | None = None
) -> Callable[..., Any]:
    """Wait for what is to run; what cannot be waited for is for the real function to refuse."""

    def run(*args: Any, **options: Any) -> Any:
        main = main_of(*args, **options) if _is_program() else None
        if main is None:
            return real(*args, **options)
        context = None if context_of is None else context_of(*args, **options)
        ended: tuple[Any, BaseException | None] = greenlets.wait(asyncio.create_task(_ended(main), context=context))
        given, error = ended
        if error is not None:
            raise error
        return given

    return run


def _given(main: Any, **_options: object) -> Any:
    """What `asyncio.run` is to run."""
    return main if asyncio.iscoroutine(main) else None


def _given_to(_: asyncio.Runner, main: Any, **_options: object) -> Any:
    """What a Runner is to run."""
    return _given(main)


def _context_of(runner: Any, _: object, *, context: Context | None = None) -> Context | None:
    """All that a Runner runs has one context."""
    return runner._context if context is None else context  # noqa: SLF001 (None, before it is entered)


def _made_by(function: Any, *args: Any, **_options: object) -> Any:
    """What `anyio.run` is to run."""
    return function(*args) if inspect.iscoroutinefunction(function) else None


def _awaited(_: asyncio.AbstractEventLoop, future: Any) -> Any:
    """What `run_until_complete` is to run."""
    return future if inspect.isawaitable(future) else None


async def _ended(main: Any) -> tuple[Any, BaseException | None]:
    """Run it in the loop that is there and in the context of whoever calls; it may end its program, not the loop."""
    try:
        return await main, None
    except (SystemExit, KeyboardInterrupt) as error:
        return None, error


def _in_place_of(real: Callable[..., Any], stand_in: Callable[[], Any]) -> Callable[..., Any]:
    def method(*args: Any) -> Any:
        return stand_in() if _is_program() else real(*args)

    return method


def _wait_for_ever() -> None:
    greenlets.wait(asyncio.get_running_loop().create_future())


def _goes_on() -> None:
    """The run's loop is there, before and after."""


def _stopped(real: Callable[[VirtualLoop], None]) -> Callable[[VirtualLoop], None]:
    def stop(loop: VirtualLoop) -> None:
        if LIFE.get() is not None:
            raise loop.fence_hit("loop.stop", ENDS)
        return real(loop)

    return stop
