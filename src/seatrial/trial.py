"""A trial: one storm, sailed in memory, with a glance at what it left behind and the judge at hand."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import msgspec
import polars as pl
import xxhash

from seatrial.mocks.guests.entry import Under, is_entry, name_of
from seatrial.mocks.guests.extra import check_extra
from seatrial.reports.facts import Facts
from seatrial.reports.glance import Glance
from seatrial.reports.judge import judge
from seatrial.reports.logbook import Logbook
from seatrial.reports.verdict import Verdict
from seatrial.reports.watchlist import watchlist
from seatrial.run_facts import covered, facts_of
from seatrial.scenarios.embark import Expedition, embark
from seatrial.scenarios.loader import Loaded
from seatrial.sim.decisions import Decided
from seatrial.sim.evidence import Evidence
from seatrial.sim.fences import fenced
from seatrial.sim.rows import WIDTH, Cells
from seatrial.sim.wallclock import clocks_bound
from seatrial.sim.world import clock_of
from seatrial.storms import Storm
from seatrial.voyage import died_of

_SWEEP: Final = (500_000, 4, 4)
"""Objects that a run may leave before they are swept up while it goes on."""
_ROWS: Final = 1 << 24
"""Rows that stay in memory as they are: those of a short run are never cut into parts."""


@contextmanager
def sea(integration: Under = "") -> Iterator[None]:
    """Make many trials one after the other: what each would put up and take down stays up meanwhile.

    A world is a knot of cycles that is garbage after its run. To look for garbage in what is not, at every step of it,
    takes a quarter of the time; so what was there before is left alone, and each world is swept up when it is over,
    while the processor still has it at hand.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SWEEP)
    try:
        with fenced(), _around_guests(integration):
            yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _around_guests(integration: Under) -> Iterator[None]:
    """What code of others has around it in every run."""
    if not is_entry(integration):
        yield
        return
    check_extra()
    from seatrial.mocks.guests.chance import bytes_bound
    from seatrial.mocks.guests.routing import routed

    with clocks_bound(), bytes_bound(), routed():
        yield


class Trial:
    """What became of a storm. It is sailed when it is made; the judge reads it when he is asked."""

    def __init__(self, storm: Storm, integration: Under) -> None:
        self.storm = storm
        self.integration = integration
        self.strikes: list[Decided] = []
        self._loaded = storm.loaded
        self._watched = watchlist(storm.base.scenario.expect)
        gc.collect(0)  # the world of the trial before, as a rule
        expedition = embark(self._loaded, storm.seed, integration, _in_memory)
        expedition.world.rulebook.keep(self.strikes.append)
        process = expedition.world.run(expedition.factory, expedition.voyage)
        self._evidence = expedition.world.evidence
        self._facts = _facts(self._loaded, expedition, storm, integration, died_of(process.failure, expedition))
        self.glance = Glance().look(self._evidence.cells)
        self.history = _history(self._evidence)

    @property
    def cells(self) -> Cells:
        """The rows, cell after cell."""
        return self._evidence.cells

    @property
    def facts(self) -> Facts:
        """What the judge knows of it besides the rows."""
        return self._facts

    @cached_property
    def is_suspect(self) -> bool:
        """Whether the judge has to look at it: any other run he would let pass."""
        return self._watched.is_suspect(self.glance, self._facts, lambda: self._log)

    @cached_property
    def verdict(self) -> Verdict:
        """The judgement."""
        return judge(self._log, self._facts, self.storm.base.scenario.expect)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes of what is wrong; only measures with a limit are read, and they only where there is a suspicion."""
        return self._watched.violations(self._log, self._facts) if self.is_suspect else ()

    @cached_property
    def digest(self) -> str:
        """Identity of the run."""
        self._evidence.flush()
        return self._evidence.digest()

    @property
    def near_misses(self) -> Mapping[str, float]:
        """How near it came to what must not happen, by what is measured: a search steers towards more of it.

        What was done again counts once, however often: more of it is more places where it may go wrong, not an
        integration that goes in circles.
        """
        seen = self.glance
        return {
            "units of drift": float(seen.drift),
            "retries": float(len(seen.retried)),
            "near-duplicates": float(len(seen.repeated)),
            "lateness": seen.last_commit,
        }

    @property
    def fired(self) -> tuple[str, ...]:
        """Kinds of faults that struck."""
        return tuple(dict.fromkeys(strike.fault for strike in self.strikes))

    @property
    def evidence(self) -> pl.DataFrame:
        """Every row of evidence."""
        return self._log.rows.collect()

    @cached_property
    def _log(self) -> Logbook:
        return Logbook(self._evidence.scan())


def _in_memory(env: Any) -> Evidence:
    return Evidence(clock_of(env), part_rows=_ROWS)


def _facts(loaded: Loaded, expedition: Expedition, storm: Storm, integration: Under, died: str) -> Facts:
    facts = facts_of(loaded, expedition, storm.seed, name_of(integration))
    return msgspec.structs.replace(facts, rules=covered(facts, expedition), died=died)


def _history(evidence: Evidence) -> int:
    """In which order documents were made and calls ended: two runs with one number went the same way."""
    cells = evidence.cells
    return xxhash.xxh3_64_intdigest("\n".join((*cells[3::WIDTH], *cells[5::WIDTH])).encode())
