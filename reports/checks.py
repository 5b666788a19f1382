"""Checks of a gate: each counts over the runs of one trial how often something was as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from seatrial.reports.exacttests import at_least, at_most, enough_runs, share_interval
from seatrial.reports.manytests import holm
from seatrial.reports.reading import Better, Unit

Kind = Literal["limit", "regression", "coverage"]
"""limit: of the scenario · regression: a budget against the baseline · coverage: whether a run says anything."""
EVERY_RUN: Final = "every run"
"""Statistic of a check that a single run can break."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate demands."""

    alarm_rate: float = 0.01
    """Chance of one false alarm or more, over all checks of the gate together."""
    keep: float = 0.5
    """Share of all runs that have to keep each limit: 0.5 is the median run."""

    def share(self, kind: Kind) -> float:
        """Share of runs that have to be as they should; of two equal sides either may be the worse, so half of them."""
        return self.keep if kind == "limit" else 0.5

    def enough(self, kind: Kind) -> int:
        """Runs that are enough to be green, if all are as they should be."""
        return enough_runs(self.share(kind), self.alarm_rate)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at in every run of a trial."""

    scenario: str
    """Name of the scenario."""
    integration: str
    """Name of the integration under test."""
    kind: Kind
    """What it is about."""
    measure: str
    """Name of the reading; of the coverage the rule, or what else has to have happened."""
    wanted: str
    """What is demanded, as people write it."""
    unit: Unit = ""
    """Unit of the values."""
    better: Better = ""
    """Which way is better."""
    kept: int = 0
    """Runs, or pairs of runs, that are as they should be."""
    failed: int = 0
    """Those that are not."""
    unknown: int = 0
    """Those that do not say."""
    fatal: int = 0
    """Those of the failed of which one is enough: a limit of which nothing may be left, or a time that never came."""
    only_doubt: bool = False
    """Whether it can make a gate inconclusive, but not red."""
    statistic: str = ""
    """What `value` is, such as `median`."""
    value: float | None = None
    """The reading over all runs; for a regression how much it is more than in the baseline."""
    low: float | None = None
    """Lower end of its interval; None: too few runs."""
    high: float | None = None
    """Upper end of its interval."""
    seeds: tuple[int, ...] = ()
    """Seeds of the first few runs that are not as they should be."""
    paths: tuple[str, ...] = ()
    """Folders of these runs."""
    detail: str = ""
    """Why it is unknown in some runs, or at all."""
    chance: float | None = None
    """Chance of so few good runs if enough of all runs were good; None: nothing that chance could do."""
    adjusted: float | None = None
    """The same, allowing for all checks of the gate (Holm)."""
    judgement: Literal["held", "broken", "open"] = "open"
    """What it amounts to."""
    why: str = ""
    """The same in words."""

    @property
    def runs(self) -> int:
        """All runs, or pairs, that were looked at."""
        return self.kept + self.failed + self.unknown

    @property
    def more(self) -> str:
        """How many of the failed are not named: ` and 3 more`; empty: all are."""
        unsaid = self.failed - len(self.seeds)
        return f" and {unsaid:,} more" if self.seeds and unsaid > 0 else ""

    @property
    def noun(self) -> str:
        """What is counted."""
        return "pairs" if self.kind == "regression" else "runs"


def judge_checks(checks: Sequence[Check], policy: Policy) -> tuple[Check, ...]:
    """Judge all checks of a gate together."""
    weighed = [msgspec.structs.replace(each, chance=_chance(each, policy)) for each in checks]
    adjusted = iter(holm([each.chance for each in weighed if each.chance is not None]))
    final = [
        each if each.chance is None else msgspec.structs.replace(each, adjusted=next(adjusted)) for each in weighed
    ]
    return tuple(_judged(each, policy) for each in final)


def is_test(check: Check) -> bool:
    """Whether chance alone could make it red; a limit of which nothing may be left needs no test."""
    return not check.only_doubt and check.statistic != EVERY_RUN and check.runs > 0


def _chance(check: Check, policy: Policy) -> float | None:
    """Unknown runs count as good ones here: nobody is accused of what was not seen."""
    return at_most(check.kept + check.unknown, check.runs, policy.share(check.kind)) if is_test(check) else None


def _judged(check: Check, policy: Policy) -> Check:
    judgement, why = _judgement(check, policy)
    return msgspec.structs.replace(check, judgement=judgement, why=why)


def _judgement(check: Check, policy: Policy) -> tuple[Literal["held", "broken", "open"], str]:
    kept = f"as it should be in {check.kept} of {check.runs} {check.noun}"
    if check.fatal:
        return "broken", f"{kept}; one that is not is enough"
    if check.adjusted is not None and check.adjusted <= policy.alarm_rate:
        return "broken", kept
    if not check.runs:
        return "open", check.detail or f"there are no {check.noun}"
    # Unknown runs count as bad ones here: nobody is praised for what was not seen.
    sure = at_least(check.kept, check.runs, policy.share(check.kind)) <= policy.alarm_rate
    if sure and not (check.unknown and check.statistic == EVERY_RUN):
        return "held", kept + _bound(check, policy)
    return "open", f"{kept}; {_missing(check, policy)}"


def _bound(check: Check, policy: Policy) -> str:
    """What `always` is worth: how often it may still be broken."""
    if check.statistic != EVERY_RUN:
        return ""
    share = share_interval(check.failed, check.runs, 1 - 2 * policy.alarm_rate)[1]
    return f": of all runs at most {share:.1%} are not (at {1 - policy.alarm_rate:.1%} confidence)"


def _missing(check: Check, policy: Policy) -> str:
    """Why it is open."""
    if check.runs < policy.enough(check.kind):
        return f"{check.runs} of at least {policy.enough(check.kind)} {check.noun}"
    if check.unknown:
        return f"{check.unknown} do not say" + (f": {check.detail}" if check.detail else "")
    return "it may be chance"
