"""Searching beside: other processes of this machine, each of which looks at its own part of the storms."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

import msgspec

from seatrial.own_process import obituary, redirect, started
from seatrial.scenarios.loader import parse_scenario
from seatrial.search_explored import Tally
from seatrial.search_quest import Quest
from seatrial.sim.errors import HarnessError, SeatrialError
from seatrial.storms import Storm, calm_water, read_storm
from seatrial.trial import sea

_TELL: Final = 1.0
"""Seconds between two words of how far a process is."""
_PATIENCE: Final = 0.1
"""Seconds between two looks at what others have to say, where there is nothing else to do."""


class Part(msgspec.Struct, frozen=True):
    """What another process is asked to do."""

    scenario: str
    """The orders without a fault, as YAML."""
    source: str
    """Where that came from."""
    integration: str
    """How it finds the integration."""
    quest: Quest
    """What to look for, and which part of it."""


class Harm(msgspec.Struct, frozen=True):
    """A storm that did harm."""

    scenario: str
    """The storm, as YAML."""
    seed: int
    """Its seed."""


class _News:
    """What a process says: what it has counted, what it found, why it cannot go on, and whether it is over."""

    def __init__(self, tally: Tally | None, harm: Harm | None = None, trouble: str = "", *, over: bool = False) -> None:
        self.tally = tally
        self.harm = harm
        self.trouble = trouble
        self.over = over


class Beside:
    """The processes that search beside this one. States: searching, stopped."""

    def __init__(self, parts: list[Part], logs: Path) -> None:
        context = get_context("spawn")
        threads = max(1, (cpu_count() or 1) // (len(parts) + 1))
        self._others = [_Other(context, part, logs / f"{number}.log", threads) for number, part in enumerate(parts)]

    @property
    def tallies(self) -> list[Tally]:
        """What they have counted, as far as they said."""
        return [each.tally for each in self._others if each.tally is not None]

    def found(self) -> Storm | None:
        """A storm that did harm, as soon as one of them has found it.

        Raises HarnessError for one that cannot go on, or has ended without a word.
        """
        for each in self._others:
            harm = each.heard()
            if harm is not None:
                return read_storm(harm.scenario, "a storm that another process found", harm.seed)
        return None

    def wait(self, end: float, tell: Callable[[], bool]) -> None:
        """Until all are over, `tell` says that it is enough, or that moment of the monotonic clock has come."""
        while not tell() and monotonic() < end and (at_it := [each.pipe for each in self._others if not each.over]):
            connection.wait(at_it, _PATIENCE)

    def stop(self) -> None:
        """End them all."""
        for each in self._others:
            each.stop()


class _Other:
    """A process that searches."""

    def __init__(self, context: SpawnContext, part: Part, log: Path, threads: int) -> None:
        self._log = log
        self.pipe, theirs = context.Pipe()
        self._process = started(context, _search, theirs, str(log), part, name="seatrial search", threads=threads)
        theirs.close()
        self.tally: Tally | None = None
        self.over = False

    def heard(self) -> Harm | None:
        """What it found; what it has counted is kept."""
        harm = None
        try:
            while not self.over and self.pipe.poll():
                news: _News = self.pipe.recv()
                self.tally, self.over, harm = news.tally or self.tally, news.over, news.harm or harm
                if news.trouble:
                    raise HarnessError(news.trouble)
        except (EOFError, OSError):
            died = obituary(self._process, self._log)
            raise HarnessError(f"a process that searched beside this one {died}") from None
        return harm

    def stop(self) -> None:
        """End it at once."""
        self.over = True
        self._process.kill()
        self._process.join()
        self.pipe.close()


@contextmanager
def beside(parts: list[Part]) -> Iterator[Beside]:
    """Have others search these parts while the context lasts."""
    with TemporaryDirectory(prefix="seatrial-search-") as logs:
        others = Beside(parts, Path(logs))
        try:
            yield others
        finally:
            others.stop()


def _search(pipe: Connection, log: str, part: Part) -> None:
    """Look at a part, and tell; ends when nobody listens any more."""
    redirect(log)
    faulthandler.enable()
    try:
        from hypothesis.configuration import set_hypothesis_home_dir

        set_hypothesis_home_dir(Path(log).parent)  # which goes with the search; it keeps nothing of ours
        pipe.send(_looked(pipe, part))
    except SeatrialError as error:
        pipe.send(_News(None, trouble=str(error)))
    except OSError:
        return


def _looked(pipe: Connection, part: Part) -> _News:
    from seatrial.search_engine import Hunt  # isort: skip (needs an extra, for which the owner has looked)

    told = monotonic()

    def tell() -> None:
        nonlocal told
        if monotonic() - told > _TELL:
            told = monotonic()
            pipe.send(_News(hunt.tally))

    calm = calm_water(parse_scenario(part.scenario, part.source), part.quest.orders)
    hunt = Hunt(calm, part.integration, part.quest, tell)
    with sea(part.integration):
        hunt.pursue(None)  # who has started this one sails what is known
    found = hunt.found
    harm = None if found is None else Harm(found.storm.text, found.storm.seed)
    return _News(hunt.tally, harm, over=True)
