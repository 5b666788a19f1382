"""The search: known storms first, then each kind of fault alone, then storms by chance, steered to near misses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final

import msgspec
from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import seed as seeded
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.strategies import SearchStrategy

from seatrial.mocks.guests.entry import Under
from seatrial.scenarios.schema import RuleSpec
from seatrial.search_explored import Tally
from seatrial.search_quest import Quest
from seatrial.search_storms import known_storms
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import HarnessError
from seatrial.storm_targets import Chart
from seatrial.storm_values import bearable, forced
from seatrial.storms import Storm
from seatrial.strategies import chart_of, storms
from seatrial.trial import Trial

_TELL: Final = 0.2
"""Real seconds between two reports of progress."""
_ROUND: Final = 900
"""Storms that hypothesis is asked for at once: in the middle of each round it climbs from the nearest misses, by some
250 storms that differ little and cost more than others. (From 1,000 on it would climb in half of the round.)
"""
_SEEDS: Final = 1_000_003
"""Distance between the seeds of two searches: no round of one is a round of the other."""
_HEALTH: Final[tuple[HealthCheck, ...]] = tuple(HealthCheck)  # pyright: ignore[reportAssignmentType]


class _Over(BaseException):
    """The search has come to its end; no `Exception`, so that hypothesis lets it through at once."""


class Hunt:
    """Sails storms until one does harm or the time is over; `tell` is called now and then. States: hunting, over.

    `found` is the storm that did harm, with its code; `known_as` its file where it was known before. `withstood` counts
    the known storms that did none, of `known_storms`.
    """

    def __init__(self, calm: Storm, integration: Under, quest: Quest, tell: Callable[[], object]) -> None:
        self._calm = calm
        self._integration = integration
        self._quest = quest
        self._tell = tell
        self._chart = chart_of(calm.base)
        self._kinds = [kind for kind in self._chart.kinds if kind not in quest.without]
        self._told = self._begin = monotonic()
        self.end = self._begin + quest.seconds
        self.tally = Tally(len(self._kinds))
        self.found: Trial | None = None
        self.code = ""
        self.known_as: Path | None = None
        self.known_storms = self.withstood = 0
        self._trouble: Exception | None = None

    @property
    def seconds(self) -> float:
        """Real seconds since it began."""
        return monotonic() - self._begin

    def pursue(self, folder: Path | None) -> None:
        """Sail the storms that are known in a folder, then what belongs to this part: each kind of fault alone, then
        storms by chance.

        Returns when one has done harm, or the known ones are done and the time is over, another process has found
        something, or as many were sailed as were asked for.
        """
        known = [] if folder is None else list(known_storms(folder))
        self.known_storms = len(known)
        alone = each_kind(self._calm, self._chart, self._kinds)
        with suppress(_Over):
            for path, storm in known:
                self._sail(storm, path)
                self.withstood += 1
            self._through(self._quest.mine(alone))
            self._by_chance(
                storms(self._calm.base, orders=self._quest.orders, kinds=self._kinds, integration=self._integration)
            )
        if self._trouble is not None:
            raise self._trouble

    def take(self, storm: Storm) -> None:
        """This storm did harm in another process. Raises HarnessError where it does none here."""
        trial = Trial(storm, self._integration)
        if not self._harm_of(trial):
            raise HarnessError(
                f"a storm of seed {storm.seed} did harm in another process and does none in this one: the integration "
                "does not do the same twice · prove it: --twice"
            )

    def _through(self, storms: Iterable[Storm]) -> None:
        """Sail one after the other. Raises _Over when one did harm."""
        for storm in storms:
            if self.tally.runs:  # something is sailed in any case
                self._check_time()
            self._sail(storm)

    def _by_chance(self, storms: SearchStrategy[Storm]) -> None:
        """Sail storms that are drawn. Raises _Over when one did harm."""
        steering = InMemoryExampleDatabase()  # what came near to harm in one round is where the next one begins
        some = settings(
            phases=(Phase.reuse, Phase.generate, Phase.target), database=steering, deadline=None, max_examples=_ROUND,
            report_multiple_bugs=False, suppress_health_check=_HEALTH, print_blob=False,
        )  # fmt: skip

        @some
        @given(storms)
        def sailed(storm: Storm) -> None:
            try:
                self._check_time()
                trial = self._sail(storm)
            except Exception as error:  # hypothesis would try it again, to see whether it is always so
                self._trouble = error
                raise _Over from error
            for label, value in trial.near_misses.items():  # more of it is more interesting
                target(value, label=label)

        for number in self._quest.rounds:
            seeded(self._quest.seed * _SEEDS + number)(sailed)()

    def _check_time(self) -> None:
        """Raises _Over when the time is."""
        if monotonic() > self.end:
            raise _Over

    def _sail(self, storm: Storm, path: Path | None = None) -> Trial:
        """Raises _Over when it does harm; one that is not known also when another did elsewhere, or as many were sailed
        as were asked for.
        """
        if path is None and self.tally.runs >= self._quest.most:
            raise _Over
        now = monotonic()
        if now - self._told > _TELL:
            self._told = now
            self._tell()
        if path is None and self.found is not None:  # another process has told of it
            raise _Over
        trial = Trial(storm, self._integration)
        self.tally.count(trial)
        if self._harm_of(trial, path):
            raise _Over
        return trial

    def _harm_of(self, trial: Trial, path: Path | None = None) -> bool:
        """Whether it did harm of the kind that is looked for; then it is what was found."""
        wanted = self._quest.wanted
        code = next((each for each in trial.codes if not wanted or each in wanted), "")
        if code:
            self.found, self.code, self.known_as = trial, code, path
        return bool(code)


def each_kind(calm: Storm, chart: Chart, kinds: Sequence[str]) -> Iterator[Storm]:
    """The orders without a fault, then each of these kinds of faults alone, as it is written most simply: at what is
    asked for the first time, then all through the chaos. (What has no business key is asked for the first time once.)
    """
    yield calm
    for first in (1, 0):
        for kind in kinds:
            rule = next(filter(chart.is_fair, _alone(kind, chart, first, float(calm.calm))), None)
            if rule is not None:
                yield msgspec.structs.replace(calm, rules=(rule,), interleave="seeded")


def _alone(kind: str, chart: Chart, first: int, calm: float) -> Iterator[RuleSpec]:
    """One kind of fault, in each of its places; a delay that is longer than the calm bears is shorter."""
    written = forced(Catalogue("faults").get(kind), bearable(calm))
    for place in chart.places(kind):
        direction: Any = place.direction
        yield RuleSpec(fault=kind, at=place.at, direction=direction, first=first, params=written)
