"""A watchlist: the limits of a scenario, and what to read to tell whether a run keeps them; made once for many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from seatrial.reports.detection import find
from seatrial.reports.facts import Facts
from seatrial.reports.findings import DIED
from seatrial.reports.glance import Glance
from seatrial.reports.judge import definitions, limits_of
from seatrial.reports.limitcheck import STANDING, check
from seatrial.reports.limits import Limit
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition
from seatrial.reports.suspects import KNOWN, suspects
from seatrial.sim.catalogue import Catalogue

_ZERO = "0"
_ANY = "any"


class Watchlist:
    """The limits that runs are held to. Of some a glance tells whether they may be broken, any other has to be read."""

    def __init__(self, expected: Mapping[str, object]) -> None:
        """Raises UnknownName for a measure that nobody defines, BadInput for a limit that is none."""
        written = {**dict.fromkeys(STANDING, _ZERO), **{name: str(text) for name, text in expected.items()}}
        self._limits = limits_of(expected)
        self._known = definitions()
        self._glanced = tuple(name for name, limit in written.items() if limit == _ZERO and name in KNOWN)
        beyond = {name for name, limit in written.items() if limit != _ANY} - set(self._glanced)
        self._beyond = tuple(each for each in self._limits if each.measure in beyond)
        catalogue = Catalogue("measures")
        self._measures: tuple[type[Measure], ...] = tuple(catalogue.get(name) for name in catalogue.names())
        self._of_all, self._of_beyond = self._meeting(self._limits), self._meeting(self._beyond)

    def is_suspect(self, glance: Glance, facts: Facts, log: Callable[[], Logbook]) -> bool:
        """Whether the judge has to look at a run: any other he would let pass."""
        if facts.died or suspects(glance, facts.duration - facts.grace, self._glanced):
            return True
        return bool(self._beyond) and bool(self._codes(log(), facts, self._beyond, self._of_beyond))

    def violations(self, log: Logbook, facts: Facts) -> tuple[str, ...]:
        """Codes of the findings that break a limit, as the judge would find them."""
        ends = (DIED,) if facts.died else ()
        return tuple(dict.fromkeys((*ends, *self._codes(log, facts, self._limits, self._of_all))))

    def _codes(
        self, log: Logbook, facts: Facts, limits: Sequence[Limit], measures: Sequence[type[Measure]]
    ) -> tuple[str, ...]:
        readings = sorted((each for kind in measures for each in kind().read(log, facts)), key=attrgetter("name"))
        found = find(readings, self._known, check(limits, readings), ())
        return tuple(dict.fromkeys(each.code for each in found if each.gravity == "violation"))

    def _meeting(self, limits: Sequence[Limit]) -> tuple[type[Measure], ...]:
        """The measures that a limit is held against."""
        return tuple(
            kind for kind in self._measures if any(meets(limit, each) for each in kind.defines for limit in limits)
        )


def watchlist(expected: Mapping[str, object]) -> Watchlist:
    """The watchlist of these limits: the same one again, as long as no measure is added."""
    return _made(tuple(expected.items()), Catalogue("measures").names())


@lru_cache(maxsize=8)
def _made(expected: tuple[tuple[str, object], ...], _measures: tuple[str, ...]) -> Watchlist:
    return Watchlist(dict(expected))


def meets(limit: Limit, defined: Definition) -> bool:
    """Whether a limit is held against this reading, or against a sum of it."""
    return limit.covers(defined.name) or defined.covers(limit.measure)
