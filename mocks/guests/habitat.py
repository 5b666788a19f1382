"""What surrounds a guest's code while a run lasts: its clocks, its chance, its network, its environment."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from seatrial.mocks.guests import greenlets
from seatrial.mocks.guests.chance import seeded
from seatrial.mocks.guests.disk import Disk, hang_up
from seatrial.mocks.guests.entry import Entry
from seatrial.mocks.guests.guest import Guest, Lodging
from seatrial.mocks.guests.interrupts import handlers_kept, is_own, listening
from seatrial.mocks.guests.mishaps import Mishap, Mishaps, has_own, place_of
from seatrial.mocks.guests.owncode import written
from seatrial.mocks.guests.routing import routed
from seatrial.mocks.guests.threadless import threadless
from seatrial.mocks.guests.watchdog import PATIENCE, guarded
from seatrial.sim.errors import HarnessError
from seatrial.sim.fences import SLEEPING, WAITING, LeftVirtualTime
from seatrial.sim.integration import Surroundings
from seatrial.sim.lastwords import said
from seatrial.sim.loop import VirtualLoop
from seatrial.sim.wallclock import virtual_wall_clock
from seatrial.sim.world import World

_ALONE: Final = threading.RLock()
"""Chance and environment belong to the whole process: of runs in several threads one waits for the other."""


class Habitat:
    """Makes guests of one function, for one run, and has their code see the run in place of the machine.

    States: made, lived in (`outside` and `inside` hold), left.
    """

    def __init__(self, world: World, entry: Entry, controls: Mapping[str, Any], patience: float = 0.0) -> None:
        self._world = world
        self._mishaps = Mishaps(lambda: world.env.now)
        self._disk = Disk()
        self._lodging = Lodging(entry, {}, controls, self._mishaps, self._disk)
        self._program = _Program(entry.file)
        self._patience = patience or PATIENCE

    def __call__(self, around: Surroundings) -> Guest:
        """A new life of the guest: what the one before had open is closed."""
        hang_up()
        self._program.begin()
        guest = Guest(around, self._lodging)
        os.environ.update(guest.sea.environment)
        return guest

    @property
    def mishaps(self) -> tuple[Mishap, ...]:
        """What went wrong in the guest's code and nobody took care of."""
        return tuple(self._mishaps.kept)

    @property
    def called(self) -> str:
        """The function that is the guest: name, file and line, or what it was asked for by."""
        return written(self._lodging.entry.function) or self._lodging.entry.name

    def note(self, what: str, error: BaseException | str) -> None:
        """Something else went wrong in the guest's code."""
        self._mishaps.add(what, error)

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Around the whole run; environment, arguments, working directory and handlers of signals are put back.

        Raises Blocked for code that keeps its turn, LeftVirtualTime with the line where it left, HarnessError for a
        task of it that would end the process.
        """
        with _ALONE:
            try:
                with (
                    self._program.kept(),
                    handlers_kept(),
                    self._disk.mounted(),
                    guarded(lambda: self._world.env.now, self._patience),
                ):
                    yield
            except LeftVirtualTime as error:
                raise LeftVirtualTime(error.call, error.way_out, place_of(error, self.called)) from error
            except SystemExit as error:
                raise self._ended(f"called sys.exit({error.code!r})", error) from error
            except KeyboardInterrupt as error:
                if not is_own(error) or not has_own(error):  # none of its own: it came before the code, or after it
                    raise
                raise self._ended(f"raised {said(error)}", error) from error

    def _ended(self, how: str, error: BaseException) -> HarnessError:
        """A task of the guest's that would end the process."""
        hint = "return from the integration's function, or raise there"
        return HarnessError(f"a background task {how} at {place_of(error, self.called)} · {hint}")

    @contextmanager
    def inside(self, loop: VirtualLoop) -> Iterator[None]:
        """Within the run's loop."""
        world = self._world
        with ExitStack() as stack:
            stack.enter_context(virtual_wall_clock(loop, world.ground.day.wall(0.0)))
            stack.enter_context(seeded(loop, world.dice.keyed_int(2**63, "guest")("random")))
            stack.enter_context(routed())
            stack.enter_context(threadless())
            stack.enter_context(listening())
            loop.set_exception_handler(self._mishaps.told_by_loop)
            if greenlets.has_greenlets():
                loop.instead = {SLEEPING: greenlets.sleep, WAITING: greenlets.linger}
                loop.aside = greenlets.in_greenlet
            tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
            loop.born = tasks.add
            yield
            self._mishaps.unheard(tasks)


class _Program:
    """What is one for the whole process. States: new, kept.

    Arguments and working directory each life finds as a program in this file would, started anew. Variables stay until
    the end: a module that set some when it was imported is not imported again.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._folder = Path()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Afterwards all is as it was before."""
        environment, arguments, self._folder = dict(os.environ), sys.argv, Path.cwd()
        try:
            self.begin()
            yield
        finally:
            self.begin()
            sys.argv = arguments
            os.environ.clear()
            os.environ.update(environment)

    def begin(self) -> None:
        """A life begins."""
        sys.argv = [self._file]
        with suppress(OSError):  # it may be gone
            os.chdir(self._folder)
