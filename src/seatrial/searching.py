"""Search at the front door: look for the storm that an integration does not survive, and make it as small as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from seatrial.mocks.guests.entry import Under, entry_of, is_entry, name_of
from seatrial.own_process import refuse_elsewhere
from seatrial.own_thread import apart
from seatrial.reports.findings import DIED, Finding
from seatrial.reports.judge import definitions, limits_of
from seatrial.reports.verdict import Verdict
from seatrial.reports.watchlist import meets
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.search_beside import Beside, Part, beside
from seatrial.search_explored import Explored, Tally
from seatrial.search_quest import Quest
from seatrial.search_shrink import Shrinker, Shrunk
from seatrial.search_storms import check_folder, command, keep
from seatrial.sim.dice import check_seed
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.units import format_duration, parse_duration
from seatrial.storms import Storm, calm_water
from seatrial.trial import Trial, sea
from seatrial.twice import Again, check_same

if TYPE_CHECKING:
    from seatrial.search_engine import Hunt

BUDGET = "60 s"
"""Time that a search has, if nobody says otherwise; shrinking what it found is not counted."""
ORDERS = 20
"""Orders of a storm, at most, if nobody says otherwise."""


class SearchResult(msgspec.Struct, frozen=True):
    """What a search came to."""

    explored: Explored
    """What was explored."""
    found: Storm | None = None
    """The storm that did harm, as small as could be; None: none was found."""
    finding: Finding | None = None
    """The harm, with its witness; None: none."""
    verdict: Verdict | None = None
    """The judgement on that storm."""
    digest: str = ""
    """Identity of its run."""
    path: Path | None = None
    """The scenario that replays it."""
    replay: str = ""
    """The command that replays it."""
    was: Storm | None = None
    """The storm as it was found, before it was made smaller."""
    shrink_runs: int = 0
    """Runs that it took to make it smaller."""
    known: bool = False
    """Whether it was known before."""
    known_storms: int = 0
    """Storms that were known before: each is sailed, until one does harm."""
    withstood: int = 0
    """Those of them that did none."""
    settled: bool = True
    """Whether nothing smaller does the same; otherwise making it smaller was interrupted."""
    interrupted: bool = False
    """Whether the search was stopped before its time was over."""


class Watcher(msgspec.Struct, frozen=True):
    """Who is told how a search goes on."""

    exploring: Callable[[Explored], None] | None = None
    """Told what was explored so far."""
    shrinking: Callable[[int, Storm], None] | None = None
    """Told how many runs it took so far to make a storm smaller, and how it is now."""


NOBODY = Watcher()
"""Nobody is told."""


def search(  # noqa: PLR0913 (one argument per option of the command)
    scenario: str | Path | Loaded,
    *,
    integration: Under = "",
    budget: str | float = BUDGET,
    orders: int = ORDERS,
    out: str | Path | None = None,
    seed: int = 1,
    findings: Sequence[str] = (),
    without: Sequence[str] = (),
    runs: int = 0,
    twice: bool | None = None,
    jobs: int | None = 1,
    watcher: Watcher = NOBODY,
) -> SearchResult:
    """Look for a storm over a scenario's first `orders` orders that an integration does not survive.

    `budget` is a duration such as '60 s', or seconds. `out` is a folder: storms that are known there are tried first,
    and what is found is written there (none: nothing is kept). `findings` are the codes to look for; empty: any.
    `without` are kinds of faults that are not tried: those that the integration is known not to survive. `runs` ends
    the search after so many storms, however much time is left; 0: it goes on. With `twice`, which is the default for
    code of yours, the orders without a fault are sailed in another process as well, and have to go the same way. The
    same seed looks at the same storms in the same order; with `jobs`, so many processes (None: one for each core), each
    has its own part, which one finds something first depends on the machine, and `seatrial.extend` reaches this process
    only. Raises BadInput, HarnessError, Diverged.
    """
    refuse_elsewhere()
    loaded = scenario if isinstance(scenario, Loaded) else load_scenario(scenario)
    under_test = integration or loaded.scenario.integration
    check_seed(seed)
    seconds = _seconds(budget)
    if orders < 1:
        raise BadInput("a search needs orders", value=orders, where="--orders", hint="give 1 or more, such as 20")
    if runs < 0:
        raise BadInput("a search cannot make less than no run", value=runs, where="runs", hint="0: as time allows")
    _check_findings(findings, loaded.scenario.expect)
    if is_entry(under_test):
        entry_of(under_test)  # bad input leaves no folder behind
    folder = None if out is None else Path(out)
    if folder is not None:
        check_folder(folder)
    is_twice = is_entry(under_test) if twice is None else twice
    quest = Quest(seconds, orders, seed, tuple(findings), tuple(without), runs, is_twice)
    processes = _jobs(jobs)
    return apart(lambda: _search(loaded, under_test, quest, folder, watcher, processes))


def _search(
    loaded: Loaded, integration: Under, quest: Quest, folder: Path | None, watcher: Watcher, jobs: int
) -> SearchResult:
    from seatrial.strategies import chart_of  # says how to get hypothesis, before anything that needs it

    _check_kinds(chart_of(loaded).kinds, quest.without)
    calm = calm_water(loaded, quest.orders)
    parts = _parts(calm, integration, msgspec.structs.replace(quest, parts=jobs))
    with sea(integration):
        if quest.twice:
            check_repeats(calm, integration)
        with beside(parts[1:]) as others:
            hunt, result = _hunt(calm, integration, parts[0].quest, folder, others, watcher.exploring)
        if hunt.found is None:
            return result
        shrunk = (
            Shrunk(hunt.found, 0)
            if hunt.known_as is not None
            else Shrinker(integration, hunt.code, watcher.shrinking).shrink(hunt.found)
        )
        if quest.twice:
            check_repeats(shrunk.trial.storm, integration)
    return _told(result, hunt.found.storm, shrunk, hunt.code, folder, hunt.known_as, name_of(integration))


def _hunt(
    calm: Storm,
    integration: Under,
    quest: Quest,
    folder: Path | None,
    others: Beside,
    exploring: Callable[[Explored], None] | None,
) -> tuple[Hunt, SearchResult]:
    """Search here and have others search, until one has found something or the time is over; what it came to so far."""
    from seatrial.search_engine import Hunt  # needs hypothesis

    def tell() -> bool:
        found = others.found()
        if found is not None:
            hunt.take(found)
        if exploring is not None:
            exploring(explored())
        return found is not None

    def explored() -> Explored:
        of_all = Tally(hunt.tally.kinds_known)
        for each in (hunt.tally, *others.tallies):
            of_all.add(each)
        return of_all.explored(hunt.seconds)

    hunt = Hunt(calm, integration, quest, tell)
    interrupted = False
    try:
        hunt.pursue(folder)
        if hunt.found is None:
            others.wait(hunt.end, tell)
    except KeyboardInterrupt:
        interrupted = True
    return hunt, SearchResult(
        explored(), interrupted=interrupted, known_storms=hunt.known_storms, withstood=hunt.withstood
    )


def _parts(calm: Storm, integration: Under, quest: Quest) -> list[Part]:
    """What each process does, this one first. Raises BadInput where the others would not find the code."""
    found = entry_of(integration).again if is_entry(integration) else name_of(integration)
    if not found and quest.parts > 1:
        hint = "name it as package.module:function, or search in one process: jobs=1"
        raise BadInput("other processes cannot find the integration", value=name_of(integration), hint=hint)
    return [
        Part(calm.text, calm.base.document.source, found, msgspec.structs.replace(quest, part=number))
        for number in range(quest.parts)
    ]


def check_repeats(storm: Storm, integration: Under) -> None:
    """Raises Diverged for an integration that does not do the same twice, in this process or in another one.

    Nothing that is found with it could be replayed.
    """
    again = entry_of(integration).again if is_entry(integration) else name_of(integration)
    asked = Again(storm.text, storm.base.document.source, storm.seed, again)
    first = Trial(storm, integration).evidence
    check_same(first, msgspec.structs.replace(asked, integration=""), lambda: Trial(storm, integration).evidence)
    if again:
        check_same(first, asked, lambda: first)


def _told(  # noqa: PLR0913
    so_far: SearchResult, was: Storm, shrunk: Shrunk, code: str, folder: Path | None, known_as: Path | None, name: str
) -> SearchResult:
    storm = shrunk.trial.storm
    path = known_as or (None if folder is None else keep(storm, folder, code, name))
    verdict = shrunk.trial.verdict  # which takes its time: what was found is safe by now
    replay = "" if path is None else command(path, storm.seed, name)
    finding = next(each for each in verdict.findings if each.code == code)
    return msgspec.structs.replace(
        so_far,
        found=storm,
        finding=msgspec.structs.replace(finding, replay=replay) if replay else finding,
        verdict=verdict,
        digest=shrunk.trial.digest,
        path=path,
        replay=replay,
        was=was,
        shrink_runs=shrunk.runs,
        known=known_as is not None,
        settled=shrunk.settled,
        interrupted=False,
    )


def _seconds(budget: str | float) -> float:
    try:
        seconds = float(budget) if isinstance(budget, (int, float)) else parse_duration(budget)
    except BadInput as error:
        raise error.at("--budget") from None
    if not 0 < seconds < float("inf"):
        value = budget if isinstance(budget, str) else format_duration(seconds)
        raise BadInput("a search needs time", value=value, where="--budget", hint="give it some, such as '60 s'")
    return seconds


def _check_kinds(known: Sequence[str], without: Sequence[str]) -> None:
    """Raises UnknownName for a kind that is not tried anyway, and BadInput where none is left."""
    for name in without:
        if name not in known:
            raise UnknownName("no fault that is tried here", value=name, known=known, where="--without")
    if set(known) <= set(without):
        hint = "leave some of them"
        raise BadInput("a search without faults", value=", ".join(without), where="--without", hint=hint)


def _jobs(jobs: int | None) -> int:
    if jobs is None:
        return cpu_count() or 1
    if jobs < 1:
        raise BadInput("a search needs a process", value=jobs, where="--jobs", hint="leave it out: one for each core")
    return jobs


def _check_findings(codes: Sequence[str], expected: Mapping[str, object]) -> None:
    """Raises UnknownName for a code that nobody knows, BadInput for one that no limit of the scenario brings about."""
    held = [limit for limit in limits_of(expected) if not limit.everything]
    found = {each.code: each for each in definitions() if each.code}
    bare = {f"LIMIT_{each.name.replace('.', '_').upper()}": each for each in definitions()}
    for code in codes:
        defined = found.get(code) or next((each for limit, each in bare.items() if fnmatchcase(code, limit)), None)
        if code == DIED:
            continue
        if defined is None:
            known = bare if code.startswith("LIMIT_") else {DIED, *found}
            hint = "or LIMIT_ and a measure, such as LIMIT_LOST_TOTAL: `seatrial list measures`"
            raise UnknownName("unknown finding", value=code, known=sorted(known), where="--finding", hint=hint)
        if not any(meets(limit, defined) or limit.covers(defined.part_of) for limit in held):
            hint = f"give it one, such as --set expect.{defined.name}=0"
            raise BadInput("no limit of the scenario forbids this", value=code, where="--finding", hint=hint)
