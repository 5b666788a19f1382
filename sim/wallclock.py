"""The wall clock that code of others sees: it shows the run's time.

Not by time-machine (it leaves `time.monotonic` real and shows a fixed moment, so it would have to be moved at every
step) nor by freezegun (it scans all modules at every start and hands out datetimes of a type of its own).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import simpy

from seatrial.sim.loop import VirtualLoop
from seatrial.sim.rebinding import Rebinding, SharedRebinding

_NANO: Final = 1_000_000_000


class _Wall:
    """What the clocks on the wall show during one run."""

    def __init__(self, env: simpy.Environment, start: dt.datetime) -> None:
        aware = start if start.tzinfo else start.replace(tzinfo=dt.UTC)
        self._env = env
        self._start = aware.timestamp()

    def seconds(self) -> float:
        """Seconds since 1970."""
        return self._start + self._env.now

    def nanoseconds(self) -> int:
        """Nanoseconds since 1970."""
        return round(self._start * _NANO) + self.elapsed_nanoseconds()

    def elapsed(self) -> float:
        """Seconds since the start of the run."""
        return float(self._env.now)

    def elapsed_nanoseconds(self) -> int:
        """Nanoseconds since the start of the run."""
        return round(self._env.now * _NANO)


_walls: dict[asyncio.AbstractEventLoop, _Wall] = {}

_CLOCKS: Final[dict[str, Callable[[_Wall], object]]] = {
    "time": _Wall.seconds,
    "time_ns": _Wall.nanoseconds,
    "monotonic": _Wall.elapsed,
    "monotonic_ns": _Wall.elapsed_nanoseconds,
    "perf_counter": _Wall.elapsed,
    "perf_counter_ns": _Wall.elapsed_nanoseconds,
}
_CALENDARS: Final = ("gmtime", "localtime", "ctime")
"""Functions of `time` that read the clock themselves when they are given no seconds."""
_WRITERS: Final = {"asctime": 0, "strftime": 1}
"""Those that do so when they are given no calendar, and its place among their arguments."""


@contextmanager
def virtual_wall_clock(loop: VirtualLoop, start: dt.datetime) -> Iterator[None]:
    """Let code that runs inside `loop` read the run's time; `start` is its beginning, in UTC if it names no zone.

    Covered: time.time, monotonic, perf_counter and their _ns forms, gmtime, localtime, ctime, asctime and strftime
    without a moment, datetime.now, utcnow and today, date.today; however a module of others imported them before. Naive
    local times are in the zone of this machine, as always. Not covered: a function of `time` that was kept elsewhere
    than in a module's names (a default argument, an attribute), clocks read in C, and the packages that drive the run
    (the standard library's own `from time import ...`, pytest, hypothesis, anyio, rich, SimPy). Code outside the loop,
    and other threads, go on reading the real clocks.
    """
    with _shown.held():
        _walls[loop] = _Wall(loop.env, start)
        try:
            yield
        finally:
            del _walls[loop]


def _wall() -> _Wall | None:
    """The wall clock of the loop that runs in this thread, if any."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - unlike get_running_loop it is quiet where there is none
    return None if loop is None else _walls.get(loop)


def _bind(rebinding: Rebinding) -> None:
    real = {name: getattr(time, name) for name in (*_CLOCKS, *_CALENDARS, *_WRITERS)}
    stand_ins = {name: _clock(real[name], read) for name, read in _CLOCKS.items()}
    stand_ins |= {name: _calendar(real[name]) for name in _CALENDARS}
    stand_ins |= {name: _writer(real[name], real["localtime"], place) for name, place in _WRITERS.items()}
    for name, stand_in in stand_ins.items():
        rebinding.attribute(time, name, stand_in)
    rebinding.everywhere({real[name]: stand_in for name, stand_in in stand_ins.items()})
    # datetime.today and date.today ask time.time, which is bound already.
    for name, read in (("now", _now), ("utcnow", _utcnow)):
        genuine = vars(dt.datetime)[name]
        rebinding.builtin_method(dt.datetime, name, classmethod(_moment(genuine, read)))


_shown: Final = SharedRebinding(_bind)
clocks_bound: Final = _shown.held
"""Keep what shows the clocks in place between runs, where many follow each other: outside of them they show real time.
"""


def _clock(real: Callable[[], Any], read: Callable[[_Wall], object]) -> Callable[[], Any]:
    def stand_in() -> Any:
        wall = _wall()
        return real() if wall is None else read(wall)

    return _named_like(real, stand_in)


def _calendar(real: Callable[..., Any]) -> Callable[..., Any]:
    def stand_in(seconds: float | None = None) -> Any:
        wall = _wall()
        return real(wall.seconds() if seconds is None and wall is not None else seconds)

    return _named_like(real, stand_in)


def _writer(real: Callable[..., str], calendar: Callable[..., object], place: int) -> Callable[..., str]:
    def stand_in(*args: Any) -> str:
        wall = _wall() if len(args) == place else None
        return real(*args) if wall is None else real(*args, calendar(wall.seconds()))

    return _named_like(real, stand_in)


def _named_like(real: Callable[..., Any], stand_in: Callable[..., Any]) -> Callable[..., Any]:
    stand_in.__name__ = stand_in.__qualname__ = real.__name__
    stand_in.__doc__ = real.__doc__
    return stand_in


def _moment(genuine: Any, read: Callable[..., Any]) -> Callable[..., Any]:
    """A class method of datetime: the genuine one outside a run, `read` inside."""

    def stand_in(cls: type[dt.datetime], *args: Any, **options: Any) -> dt.datetime:
        wall = _wall()
        moment = genuine.__get__(None, cls)(*args, **options) if wall is None else read(cls, wall, *args, **options)
        assert isinstance(moment, dt.datetime)
        return moment

    return stand_in


def _now(cls: type[dt.datetime], wall: _Wall, tz: dt.tzinfo | None = None) -> dt.datetime:
    return cls.fromtimestamp(wall.seconds(), tz)


def _utcnow(cls: type[dt.datetime], wall: _Wall) -> dt.datetime:
    return cls.fromtimestamp(wall.seconds(), dt.UTC).replace(tzinfo=None)
