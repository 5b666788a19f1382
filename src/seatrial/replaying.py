"""Replays at the front door: what a run leaves for one, whether it fits a scenario, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import msgspec

from seatrial.reports.facts import Facts
from seatrial.scenarios.loader import Loaded
from seatrial.sim.decisions import DECISIONS, DecisionLog, Decisions, Origin
from seatrial.sim.errors import BadInput
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.runfolder import RunFolder


class Replayed(msgspec.Struct, frozen=True):
    """What became of a replay."""

    source: Path
    """The decision log."""
    logged: int
    """Decisions in it."""
    left: Mapping[str, int]
    """Decisions that nobody asked for again, by rule."""
    remarks: tuple[str, ...] = ()
    """How the run differs from the one that was logged, in words."""

    @property
    def made(self) -> int:
        """Decisions that were made again."""
        return self.logged - sum(self.left.values())

    @property
    def lines(self) -> list[str]:
        """The same for people."""
        head = f"{self.made:,} of {self.logged:,} decisions made again, from {self.source}"
        left = ", ".join(f"{rule} {count:,}" for rule, count in sorted(self.left.items()))
        never = [f"never asked for again: {left} (such calls did not happen in this run)"] if left else []
        return [head, *never, *self.remarks]


def check_fits(decisions: Decisions, loaded: Loaded, seed: int) -> None:
    """Raise BadInput where the log is of another scenario or seed."""
    origin = decisions.origin
    if origin.scenario != loaded.scenario.name:
        hint = f"replay it with the scenario {origin.scenario}, by its name in the library or its file"
        raise BadInput("the decisions are of another scenario", value=origin.scenario, where="--replay", hint=hint)
    if origin.seed != seed:
        what = f"the decisions are of seed {origin.seed}, and its orders are not those of seed {seed}"
        raise BadInput(what, where="--replay", hint=f"leave --seed out, or give --seed {origin.seed}")


def replaying(facts: Facts, decisions: Decisions) -> Facts:
    """The facts of a run that is a replay: the command that repeats it names the log."""
    return msgspec.structs.replace(facts, replay=f"{facts.replay} --replay {quote(str(decisions.source))}")


def replayed_of(decisions: Decisions, left: Mapping[str, int], loaded: Loaded) -> Replayed:
    """What became of a replay, after the run; `left` are the decisions that nobody asked for again, by rule."""
    origin = decisions.origin
    remarks = []
    if origin.scenario_digest != loaded.digest or dict(origin.settings) != dict(loaded.settings):
        remarks.append("the scenario or its --set values are not those of the run that was logged")
    if decisions.cut:
        remarks.append("the log breaks off: its run was stopped, what struck after that is not known")
    return Replayed(decisions.source, len(decisions.strikes), left, tuple(remarks))


@contextmanager
def recorded(rulebook: Rulebook, folder: RunFolder | None) -> Iterator[DecisionLog | None]:
    """Keep the decisions of a run in its folder; a run in memory keeps none."""
    if folder is None:
        yield None
        return
    log = DecisionLog(folder.keep(DECISIONS, ""), origin_of(folder))
    rulebook.keep(log.write)
    try:
        yield log
    finally:
        log.close()


def origin_of(folder: RunFolder) -> Origin:
    """The first line of the decision log of a run."""
    about = folder.about
    return Origin(about.scenario, about.scenario_digest, about.seed, about.settings)
