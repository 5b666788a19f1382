"""A thread of its own for a run that is started where an event loop runs already, as in a notebook."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from seatrial.mocks.guests.interrupts import Stopped

T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """Do the work here, or in another thread while this one waits, where a loop runs in this one.

    An interruption of this thread (the stop button of a notebook) interrupts the work, which ends in its own way.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    done: Future[T] = Future()
    thread = Thread(target=_carry_out, args=(work, done), name="seatrial", daemon=True)
    try:
        thread.start()
        return done.result()
    except KeyboardInterrupt:
        if done.done():
            raise
        interrupt = ctypes.py_object(Stopped)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), interrupt)
        return done.result()


def _carry_out(work: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 (it is raised again where the work was asked for)
        done.set_exception(error)
